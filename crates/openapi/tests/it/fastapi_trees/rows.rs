//! The intended differences from FastAPI, and our answer for each.
//!
//! Each row changes what FastAPI answered. The result must equal our answer, so a row explains only
//! what it states.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use scopegate_policy::MAX_DEPTH;

use crate::fastapi_trees::fastapi::{Walk, once_each};
use crate::fastapi_trees::format::{Call, Document, Edge, Tree, once};

/// The reason for a difference between our answer and that of FastAPI.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    /// Scopes above no scheme are required.
    Enforced,
    /// Each scope occurs once in a list.
    EachOnce,
    /// One object contains all that is required together.
    Together,
    /// Each place has its own scopes.
    OwnScopes,
    /// A scheme that has scopes provides the scopes.
    HasScopes,
    /// A tree that exceeds a limit is refused.
    Limited,
}

impl Row {
    pub(crate) const ALL: [Self; 6] = [
        Self::Enforced,
        Self::EachOnce,
        Self::Together,
        Self::OwnScopes,
        Self::HasScopes,
        Self::Limited,
    ];

    pub(crate) const fn letter(self) -> char {
        match self {
            Self::Enforced => 'A',
            Self::EachOnce => 'B',
            Self::Together => 'C',
            Self::OwnScopes => 'D',
            Self::HasScopes => 'E',
            Self::Limited => 'F',
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enforced => "scopes above no scheme are absent from the document: enforced, documented",
            Self::EachOnce => "a list repeats a scope that stands twice on a path: each once, order kept",
            Self::Together => "two schemes both required become two objects: AND inside one object",
            Self::OwnScopes => {
                "a cached dependency with its scopes in another order: siblings never see each other's scopes"
            }
            Self::HasScopes => {
                "scope on a scheme that has none: asked for by one that has scopes, refused where there is none"
            }
            Self::Limited => "nested more than 64 levels deep: an error that names the operation",
        })
    }
}

/// The reason why a tree is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No scheme has scopes, but the tree requires some.
    NoScopes,
    /// There are too many guards on one path.
    TooDeep,
}

/// FastAPI's answer after the rows.
pub(crate) struct Expected {
    /// The functions, each with the scopes that it sees, each place once.
    pub(crate) places: Vec<Call>,
    pub(crate) security: Document,
    /// Every scope, once, dependants first.
    pub(crate) scopes: Vec<String>,
    /// The reason why there is no table.
    pub(crate) refusal: Option<Refusal>,
    /// The rows that were needed.
    pub(crate) rows: BTreeSet<Row>,
}

impl Expected {
    /// Fails if FastAPI did not follow its own rules, because then no row explains anything.
    pub(crate) fn new(tree: &Tree) -> Result<Self, String> {
        let walk = Walk::new(tree);
        let mut rows = BTreeSet::new();
        let places = places(tree, &walk, &mut rows)?;
        let security = security(tree, &walk, &mut rows)?;
        let scopes = once(walk.down.iter().flat_map(|visit| visit.edge.scopes.iter().cloned()));
        let has_scopes = tree.schemes.keys().any(|scheme| tree.has_scopes(scheme));
        let refusal = if walk.depth > MAX_DEPTH {
            rows = BTreeSet::from([Row::Limited]);
            Some(Refusal::TooDeep)
        } else if !scopes.is_empty() && !has_scopes {
            rows.insert(Row::HasScopes);
            Some(Refusal::NoScopes)
        } else {
            None
        };
        Ok(Self {
            places,
            security,
            scopes,
            refusal,
            rows,
        })
    }
}

fn places(tree: &Tree, walk: &Walk<'_>, rows: &mut BTreeSet<Row>) -> Result<Vec<Call>, String> {
    let recorded = &tree.expect.calls;
    if *recorded != walk.calls() {
        return Err(format!("FastAPI calls {recorded:?}, its rules say {:?}", walk.calls()));
    }
    let repeats = |(_, scopes): &Call| scopes.as_ref().is_some_and(|scopes| once(scopes).len() < scopes.len());
    if recorded.iter().any(repeats) {
        rows.insert(Row::EachOnce);
    }
    let places = once_each(&walk.places());
    if places != once_each(recorded) {
        rows.insert(Row::OwnScopes);
    }
    Ok(places)
}

fn security(tree: &Tree, walk: &Walk<'_>, rows: &mut BTreeSet<Row>) -> Result<Document, String> {
    let recorded = tree.expect.security.clone().unwrap_or_default();
    let mut document = written(tree, walk, |edge| tree.schemes_below(edge));
    if document != recorded {
        return Err(format!("FastAPI writes {recorded:?}, its rules say {document:?}"));
    }
    let mut apply = |row, changed: Document| {
        if changed != document {
            rows.insert(row);
        }
        document = changed;
    };
    let enforced = |edge| match tree.schemes_below(edge) {
        below if below.is_empty() => tree.schemes_for(edge),
        below => below,
    };
    apply(Row::Enforced, written(tree, walk, enforced));
    let by_schemes_with_scopes = written(tree, walk, |edge| tree.schemes_for(edge));
    apply(Row::HasScopes, by_schemes_with_scopes.clone());
    let together: BTreeMap<String, Vec<String>> = by_schemes_with_scopes.into_iter().flatten().collect();
    apply(
        Row::Together,
        [together].into_iter().filter(|object| !object.is_empty()).collect(),
    );
    Ok(document)
}

/// Returns one object for each scheme that is reached or provides a scope, with its scopes,
/// dependants first, each once.
fn written<'t>(tree: &Tree, walk: &Walk<'t>, schemes_of: impl Fn(&'t Edge) -> Vec<&'t str>) -> Document {
    let mut objects: Vec<(&str, Vec<String>)> = Vec::new();
    let mut add = |scheme: &'t str, scopes: &[String]| {
        let index = objects.iter().position(|(name, _)| *name == scheme).unwrap_or_else(|| {
            objects.push((scheme, Vec::new()));
            objects.len() - 1
        });
        objects[index].1.extend_from_slice(scopes);
    };
    for visit in &walk.down {
        if !visit.edge.scopes.is_empty() {
            for scheme in schemes_of(visit.edge) {
                add(scheme, &visit.edge.scopes);
            }
        }
        if tree.schemes.contains_key(&visit.edge.to) {
            add(&visit.edge.to, &[]);
        }
    }
    let object = |(scheme, scopes): (&str, Vec<String>)| BTreeMap::from([(scheme.to_owned(), once(scopes))]);
    objects.into_iter().map(object).collect()
}
