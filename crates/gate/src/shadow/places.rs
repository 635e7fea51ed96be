//! The places where the proposed policy reads credentials, compared with those of the running one.

use scopegate_domain::DeclaredScheme;
use scopegate_policy::{Access, OperationTable, ResolvedOperation, SchemeId, ShadowVerdict};

use crate::credentials::accepted::AcceptedCredential;
use crate::credentials::credential::Extracted;
use crate::credentials::place::CredentialPlace;
use crate::dialect::{Dialect, EmptyCredential};
use crate::request_head::RequestHead;

/// The places that one operation of the proposed policy reads. Schemes have their numbers in the
/// running policy.
#[derive(Debug, Default)]
pub(crate) struct ShadowPlaces {
    dialect: Dialect,
    places: Vec<ShadowPlace>,
    /// The schemes whose credentials have a subject only under the running policy.
    subject_only_in_running: Vec<SchemeId>,
    /// The schemes whose credentials have a subject only under the proposed policy, so it is
    /// unknown.
    subject_only_in_shadow: Vec<SchemeId>,
}

/// A place at which the proposed policy reads a credential.
#[derive(Debug)]
struct ShadowPlace {
    place: CredentialPlace,
    /// The schemes that both policies read at this place.
    both: Vec<SchemeId>,
    /// The schemes that only the running policy reads here.
    only_running: Vec<SchemeId>,
    /// Whether the proposed policy requires a scheme here that the gate does not verify.
    has_unverified_scheme: bool,
}

/// The gate's knowledge about the credentials that the proposed policy would read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Visibility {
    /// A credential is invalid.
    pub(crate) is_refused: bool,
    /// A credential may be invalid.
    pub(crate) may_be_refused: bool,
    /// A credential may have unknown facts.
    pub(crate) may_bring_more: bool,
}

impl ShadowPlaces {
    /// Compares the running policy and the schemes that it reads with the proposed operation.
    pub(crate) fn new(
        (running, read): (&OperationTable, &[SchemeId]),
        (proposed, operation): (&OperationTable, &ResolvedOperation),
        dialect: Dialect,
    ) -> Self {
        let mut found = Self {
            dialect,
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
            // A credential without a place is never read.
            let Some(place) = CredentialPlace::of(declared.scheme()) else {
                continue;
            };
            let scheme = running
                .scheme_id(&name)
                .filter(|id| left.contains(&(*id, place.clone())));
            left.retain(|(id, _)| Some(*id) != scheme);
            found.add(place, scheme);
            let has_subject = running.catalog().find(&name).is_some_and(DeclaredScheme::has_subject);
            match (has_subject, declared.has_subject()) {
                (true, false) => found.subject_only_in_running.extend(scheme),
                (false, true) => found.subject_only_in_shadow.extend(scheme),
                _ => {}
            }
        }
        for (scheme, place) in left {
            if let Some(place) = found.places.iter_mut().find(|known| known.place == place) {
                place.only_running.push(scheme);
            }
        }
        found
    }

    fn add(&mut self, place: CredentialPlace, scheme: Option<SchemeId>) {
        let index = self.places.iter().position(|known| known.place == place);
        let index = index.unwrap_or_else(|| {
            self.places.push(ShadowPlace {
                place,
                both: Vec::new(),
                only_running: Vec::new(),
                has_unverified_scheme: false,
            });
            self.places.len() - 1
        });
        if let Some(place) = self.places.get_mut(index) {
            place.both.extend(scheme);
            place.has_unverified_scheme |= scheme.is_none();
        }
    }

    /// Returns whether both policies read credentials of this scheme.
    pub(crate) fn are_read_by_both(&self, scheme: SchemeId) -> bool {
        self.places.iter().any(|place| place.both.contains(&scheme))
    }

    /// Returns whether credentials of this scheme have a subject only under the running policy.
    pub(crate) fn is_subject_only_in_running(&self, scheme: SchemeId) -> bool {
        self.subject_only_in_running.contains(&scheme)
    }

    /// Returns the gate's knowledge if these credentials were accepted.
    pub(crate) fn look(&self, accepted: &[AcceptedCredential], needs_user: bool, head: &RequestHead<'_>) -> Visibility {
        let mut visibility = Visibility::default();
        for place in &self.places {
            place.look(accepted, head, &self.dialect, &mut visibility);
        }
        if (accepted.len() > 1 || needs_user) && is_any_of(accepted, &self.subject_only_in_shadow) {
            visibility.may_bring_more = true;
        }
        visibility
    }

    /// Returns the verdict on a credential that is invalid for all schemes of one place.
    /// `anonymous` is the verdict on a request without credentials.
    pub(crate) fn with_bad(&self, schemes: &[SchemeId], anonymous: impl FnOnce() -> ShadowVerdict) -> ShadowVerdict {
        let Some(place) = self.find(schemes) else {
            return self.elsewhere(anonymous);
        };
        // The schemes of a place may decide whether an empty credential counts.
        let is_sure =
            matches!(self.dialect.empty_credential, EmptyCredential::Malformed) || place.only_running.is_empty();
        if place.both.is_empty() || place.has_unverified_scheme || !is_sure {
            ShadowVerdict::Unknown
        } else {
            ShadowVerdict::Deny
        }
    }

    /// Returns the verdict on several credentials at the place of these schemes.
    pub(crate) fn with_ambiguous(
        &self,
        schemes: &[SchemeId],
        anonymous: impl FnOnce() -> ShadowVerdict,
    ) -> ShadowVerdict {
        match self.find(schemes) {
            Some(_) => ShadowVerdict::Deny,
            None => self.elsewhere(anonymous),
        }
    }

    /// Returns the verdict if the proposed policy does not read the refused credential. The gate
    /// did not read other places after it.
    fn elsewhere(&self, anonymous: impl FnOnce() -> ShadowVerdict) -> ShadowVerdict {
        if self.places.is_empty() {
            anonymous()
        } else {
            ShadowVerdict::Unknown
        }
    }

    fn find(&self, schemes: &[SchemeId]) -> Option<&ShadowPlace> {
        let is_there = |place: &&ShadowPlace| {
            let mut known = place.both.iter().chain(&place.only_running);
            known.any(|id| schemes.contains(id))
        };
        self.places.iter().find(is_there)
    }
}

impl ShadowPlace {
    fn look(
        &self,
        accepted: &[AcceptedCredential],
        head: &RequestHead<'_>,
        dialect: &Dialect,
        visibility: &mut Visibility,
    ) {
        if is_any_of(accepted, &self.both) {
            visibility.may_bring_more |= self.has_unverified_scheme;
        } else if self.has_unverified_scheme {
            let is_there = !matches!(self.place.read(head, dialect), Extracted::Absent);
            visibility.may_bring_more |= is_there;
            visibility.may_be_refused |= is_there;
        } else if is_any_of(accepted, &self.only_running) {
            visibility.is_refused = true;
        }
    }
}

fn is_any_of(accepted: &[AcceptedCredential], schemes: &[SchemeId]) -> bool {
    accepted.iter().any(|one| schemes.contains(&one.token_facts().scheme()))
}

/// Returns the schemes that the running policy reads, each with its place.
fn read_for(running: &OperationTable, schemes: &[SchemeId]) -> Vec<(SchemeId, CredentialPlace)> {
    let place = |&id: &SchemeId| {
        let declared = running.catalog().find(running.fact_table().scheme_name(id)?)?;
        Some((id, CredentialPlace::of(declared.scheme())?))
    };
    schemes.iter().filter_map(place).collect()
}
