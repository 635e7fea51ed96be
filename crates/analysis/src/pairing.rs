//! Pairs the operations of two versions of a policy.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use scopegate_policy::{Method, ResolvedOperation, anonymous_template};

type Operations<'t> = &'t [ResolvedOperation];

/// The operations of two tables, each with its partner.
///
/// Third-party documents may have several operations that differ only in the names of parameters.
/// So operations with the same text are paired first, at any position. The rest is paired by shape,
/// in order.
pub(super) struct Pairing<'t> {
    old: Operations<'t>,
    /// The templates of the old operations, converted to the new version.
    templates: Vec<Cow<'t, str>>,
    /// For each operation of the new table, its partner in the old table.
    partners: Vec<Option<usize>>,
    /// For each operation of the old table, whether it has a partner.
    is_paired: Vec<bool>,
}

impl<'t> Pairing<'t> {
    /// `moved` contains the prefixes of old templates with those of the new version.
    pub(super) fn new(old: Operations<'t>, new: Operations<'t>, moved: &[(String, String)]) -> Self {
        let mut pairing = Self {
            old,
            templates: old.iter().map(|operation| moved_template(operation, moved)).collect(),
            partners: Vec::with_capacity(new.len()),
            is_paired: vec![false; old.len()],
        };
        pairing.pair_by_text(new);
        if pairing.partners.contains(&None) && pairing.is_paired.contains(&false) {
            pairing.pair_by_shape(new);
        }
        pairing
    }

    /// Returns the old operation for the new operation of this number.
    pub(super) fn partner(&self, new: usize) -> Option<&'t ResolvedOperation> {
        self.old.get((*self.partners.get(new)?)?)
    }

    /// The old operations without a partner.
    pub(super) fn left(&self) -> impl Iterator<Item = &'t ResolvedOperation> {
        let pairs = self.old.iter().zip(&self.is_paired);
        pairs
            .filter(|(_, is_paired)| !**is_paired)
            .map(|(operation, _)| operation)
    }

    /// Versions differ little: if the previous operation has its partner, this one usually has the
    /// next one. All are looked up only from the first one without such a partner.
    fn pair_by_text(&mut self, new: Operations<'t>) {
        let mut places = None;
        let mut next = 0;
        for operation in new {
            let name = name_of(operation);
            let place = match self.name_of_old(next) {
                Some(old) if old == name => Some(next),
                _ => places
                    .get_or_insert_with(|| {
                        let names = (0..self.old.len()).filter_map(|place| Some((self.name_of_old(place)?, place)));
                        names
                            .map(|((method, template), place)| ((method, template.to_owned()), place))
                            .collect::<HashMap<_, usize>>()
                    })
                    .get(&(name.0, name.1.to_owned()))
                    .copied(),
            };
            if let Some(place) = place {
                self.take(place);
                next = place + 1;
            }
            self.partners.push(place);
        }
    }

    fn pair_by_shape(&mut self, new: Operations<'t>) {
        let shape = |operation: &ResolvedOperation| (operation.method(), anonymous_template(operation.template()));
        let mut left: HashMap<_, VecDeque<usize>> = HashMap::new();
        for (place, (operation, template)) in self.old.iter().zip(&self.templates).enumerate() {
            if self.is_paired.get(place) == Some(&false) {
                let shape = (operation.method(), anonymous_template(template));
                left.entry(shape).or_default().push_back(place);
            }
        }
        for (number, operation) in new.iter().enumerate() {
            let Some(partner @ None) = self.partners.get_mut(number) else {
                continue;
            };
            *partner = left.get_mut(&shape(operation)).and_then(VecDeque::pop_front);
            if let Some(place) = *partner {
                self.take(place);
            }
        }
    }

    fn name_of_old(&self, place: usize) -> Option<(Method, &str)> {
        Some((self.old.get(place)?.method(), self.templates.get(place)?))
    }

    fn take(&mut self, place: usize) {
        if let Some(is_paired) = self.is_paired.get_mut(place) {
            *is_paired = true;
        }
    }
}

fn name_of(operation: &ResolvedOperation) -> (Method, &str) {
    (operation.method(), operation.template())
}

fn moved_template<'t>(operation: &'t ResolvedOperation, moved: &[(String, String)]) -> Cow<'t, str> {
    let template = operation.template();
    let below = moved
        .iter()
        .filter_map(|(from, to)| Some((from.len(), to, rest_below(template, from)?)));
    match below.max_by_key(|(length, _, _)| *length) {
        Some((_, to, rest)) => Cow::Owned(format!("{}{rest}", to.trim_end_matches('/'))),
        None => Cow::Borrowed(template),
    }
}

/// Returns the rest of a template below a prefix, whose parameters may have other names.
fn rest_below<'t>(template: &'t str, prefix: &str) -> Option<&'t str> {
    let prefix = prefix.trim_end_matches('/');
    let mut place = 0;
    for segment in prefix.split('/').skip(1) {
        let rest = template.get(place..)?.strip_prefix('/')?;
        let here = rest.split('/').next()?;
        if anonymous_template(here) != anonymous_template(segment) {
            return None;
        }
        place += here.len() + 1;
    }
    template.get(place..)
}

/// Whether a template is below a prefix, whose parameters may have other names.
#[must_use]
pub fn is_below(template: &str, prefix: &str) -> bool {
    rest_below(template, prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_a_slash() {
        for (template, prefix, rest) in [
            ("/v1/items", "/v1", Some("/items")),
            ("/v1/items", "/v1/", Some("/items")),
            ("/v1", "/v1", Some("")),
            ("/v10/items", "/v1", None),
            ("/items", "/", Some("/items")),
            ("/users/{id}/items", "/users/{user}", Some("/items")),
            ("/users/me/items", "/users/{user}", None),
            ("/v1", "/v1/items", None),
        ] {
            assert_eq!(rest_below(template, prefix), rest, "{template} {prefix}");
            assert_eq!(is_below(template, prefix), rest.is_some());
        }
    }
}
