//! Which operation of one version is which of another.

use std::collections::{HashMap, VecDeque};

use crate::table::without_names;
use crate::{Method, ResolvedOperation};

type Operations<'t> = &'t [ResolvedOperation];

/// The operations of two tables, each with its partner.
///
/// Documents of others may have several operations that differ in the names of parameters alone, so one that is spelled alike
/// goes first, wherever it stands; what is left is paired by shape, in order.
pub(super) struct Pairing<'t> {
    old: Operations<'t>,
    /// For each operation of the new table.
    partners: Vec<Option<usize>>,
    /// For each operation of the old one.
    is_paired: Vec<bool>,
}

impl<'t> Pairing<'t> {
    pub(super) fn new(old: Operations<'t>, new: Operations<'t>) -> Self {
        let mut pairing = Self {
            old,
            partners: Vec::with_capacity(new.len()),
            is_paired: vec![false; old.len()],
        };
        pairing.pair_by_text(new);
        if pairing.partners.contains(&None) && pairing.is_paired.contains(&false) {
            pairing.pair_by_shape(new);
        }
        pairing
    }

    /// The old operation that is the new one of this number.
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

    /// Versions differ little: where the last one had its partner, this one has it next to it. All are looked up only from the
    /// first one on that has not.
    fn pair_by_text(&mut self, new: Operations<'t>) {
        let mut places = None;
        let mut next = 0;
        for operation in new {
            let name = name_of(operation);
            let place = match self.old.get(next) {
                Some(old) if name_of(old) == name => Some(next),
                _ => places
                    .get_or_insert_with(|| self.old.iter().map(name_of).zip(0..).collect::<HashMap<_, usize>>())
                    .get(&name)
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
        let shape = |operation: &ResolvedOperation| (operation.method(), without_names(operation.template()));
        let mut left: HashMap<_, VecDeque<usize>> = HashMap::new();
        for (place, operation) in self.old.iter().enumerate() {
            if self.is_paired.get(place) == Some(&false) {
                left.entry(shape(operation)).or_default().push_back(place);
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

    fn take(&mut self, place: usize) {
        if let Some(is_paired) = self.is_paired.get_mut(place) {
            *is_paired = true;
        }
    }
}

fn name_of(operation: &ResolvedOperation) -> (Method, &str) {
    (operation.method(), operation.template())
}
