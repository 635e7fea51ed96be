//! The places where the proposed policy looks for credentials, beside those that are read for the running one.

use scopegate_domain::DeclaredScheme;
use scopegate_policy::{Access, OperationTable, ResolvedOperation, SchemeId, ShadowVerdict};

use crate::Profile;
use crate::accepted::Accepted;
use crate::credential::Found;
use crate::place::Place;
use crate::request_head::RequestHead;

/// Where one operation of the proposed policy looks. Schemes have the numbers that they have in the running one.
#[derive(Debug, Default)]
pub(crate) struct Spots {
    profile: Profile,
    places: Vec<Spot>,
    /// Their credentials speak for nobody by the proposed policy alone.
    silent: Vec<SchemeId>,
    /// Their credentials speak for nobody by the running policy alone, so that nobody says for whom.
    muted: Vec<SchemeId>,
}

/// One place.
#[derive(Debug)]
struct Spot {
    place: Place,
    /// Schemes that are asked about what stands there, by both.
    both: Vec<SchemeId>,
    /// Schemes that are asked for the running policy alone.
    only_running: Vec<SchemeId>,
    /// Whether the proposed policy asks for a scheme here that nobody is asked about.
    has_unasked: bool,
}

/// What is known of the credentials that the proposed policy would have looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sight {
    /// One of them is no good.
    pub(crate) is_refused: bool,
    /// One of them may be no good.
    pub(crate) may_be_refused: bool,
    /// One of them may bring more than is known.
    pub(crate) may_bring_more: bool,
}

impl Spots {
    /// Finds them, of the running policy with what is read for it, and of the proposed operation.
    pub(crate) fn new(
        (running, read): (&OperationTable, &[SchemeId]),
        (proposed, operation): (&OperationTable, &ResolvedOperation),
        profile: Profile,
    ) -> Self {
        let mut found = Self {
            profile,
            ..Self::default()
        };
        if matches!(operation.access(), Access::Public | Access::Deny) {
            return found;
        }
        let mut left = read_for(running, read);
        for name in operation.schemes() {
            let Some(declared) = proposed.catalog().find(&name) else {
                continue;
            };
            // What can stand nowhere is nowhere.
            let Some(place) = Place::of(declared.scheme()) else {
                continue;
            };
            let scheme = running
                .scheme_id(&name)
                .filter(|id| left.contains(&(*id, place.clone())));
            left.retain(|(id, _)| Some(*id) != scheme);
            found.add(place, scheme);
            let speaks = running.catalog().find(&name).is_some_and(DeclaredScheme::has_subject);
            match (speaks, declared.has_subject()) {
                (true, false) => found.silent.extend(scheme),
                (false, true) => found.muted.extend(scheme),
                _ => {}
            }
        }
        for (scheme, place) in left {
            if let Some(spot) = found.places.iter_mut().find(|spot| spot.place == place) {
                spot.only_running.push(scheme);
            }
        }
        found
    }

    fn add(&mut self, place: Place, scheme: Option<SchemeId>) {
        let index = self.places.iter().position(|spot| spot.place == place);
        let index = index.unwrap_or_else(|| {
            self.places.push(Spot {
                place,
                both: Vec::new(),
                only_running: Vec::new(),
                has_unasked: false,
            });
            self.places.len() - 1
        });
        if let Some(spot) = self.places.get_mut(index) {
            spot.both.extend(scheme);
            spot.has_unasked |= scheme.is_none();
        }
    }

    /// Whether both policies look at credentials of this scheme.
    pub(crate) fn are_read_by_both(&self, scheme: SchemeId) -> bool {
        self.places.iter().any(|spot| spot.both.contains(&scheme))
    }

    /// Whether credentials of this scheme speak for nobody by the proposed policy alone.
    pub(crate) fn is_silent(&self, scheme: SchemeId) -> bool {
        self.silent.contains(&scheme)
    }

    /// What is known where these credentials were accepted.
    pub(crate) fn look(&self, accepted: &[Accepted], needs_user: bool, head: &RequestHead<'_>) -> Sight {
        let mut sight = Sight::default();
        for spot in &self.places {
            spot.look(accepted, head, self.profile, &mut sight);
        }
        if (accepted.len() > 1 || needs_user) && is_any_of(accepted, &self.muted) {
            sight.may_bring_more = true;
        }
        sight
    }

    /// What the proposed policy says to a credential that is no good for any of these schemes, all of one place; `nobody` is
    /// what it says to a request without any.
    pub(crate) fn with_bad(&self, schemes: &[SchemeId], nobody: impl FnOnce() -> ShadowVerdict) -> ShadowVerdict {
        let Some(spot) = self.find(schemes) else {
            return self.elsewhere(nobody);
        };
        // In the tutorial's profile it depends on the schemes of a place whether an empty credential is one.
        let is_sure = self.profile == Profile::Rfc || spot.only_running.is_empty();
        if spot.both.is_empty() || spot.has_unasked || !is_sure {
            ShadowVerdict::Unknown
        } else {
            ShadowVerdict::Deny
        }
    }

    /// What it says to several credentials in the place of these schemes.
    pub(crate) fn with_ambiguous(&self, schemes: &[SchemeId], nobody: impl FnOnce() -> ShadowVerdict) -> ShadowVerdict {
        match self.find(schemes) {
            Some(_) => ShadowVerdict::Deny,
            None => self.elsewhere(nobody),
        }
    }

    /// Where the proposed policy does not look at what was refused. What stands elsewhere was not looked at any more.
    fn elsewhere(&self, nobody: impl FnOnce() -> ShadowVerdict) -> ShadowVerdict {
        if self.places.is_empty() {
            nobody()
        } else {
            ShadowVerdict::Unknown
        }
    }

    fn find(&self, schemes: &[SchemeId]) -> Option<&Spot> {
        let is_there = |spot: &&Spot| {
            let mut known = spot.both.iter().chain(&spot.only_running);
            known.any(|id| schemes.contains(id))
        };
        self.places.iter().find(is_there)
    }
}

impl Spot {
    fn look(&self, accepted: &[Accepted], head: &RequestHead<'_>, profile: Profile, sight: &mut Sight) {
        if is_any_of(accepted, &self.both) {
            sight.may_bring_more |= self.has_unasked;
        } else if self.has_unasked {
            let is_there = !matches!(self.place.read(head, profile), Found::Absent);
            sight.may_bring_more |= is_there;
            sight.may_be_refused |= is_there;
        } else if is_any_of(accepted, &self.only_running) {
            sight.is_refused = true;
        }
    }
}

fn is_any_of(accepted: &[Accepted], schemes: &[SchemeId]) -> bool {
    accepted.iter().any(|one| schemes.contains(&one.world().scheme()))
}

/// The schemes that are asked for the running policy, each with its place.
fn read_for(running: &OperationTable, schemes: &[SchemeId]) -> Vec<(SchemeId, Place)> {
    let place = |&id: &SchemeId| {
        let declared = running.catalog().find(running.universe().scheme_name(id)?)?;
        Some((id, Place::of(declared.scheme())?))
    };
    schemes.iter().filter_map(place).collect()
}
