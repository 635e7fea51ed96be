//! The rows of sessions, codes, consents, families and server secrets of the store in memory.

use std::collections::{BTreeMap, HashMap};

use scopegate_domain::{
    AuthorizationCode, ClientId, CodeId, Consent, Family, LoginSession, SealedSecret, SecretPurpose, SessionId, UserId,
};

use crate::FamilyKey;

/// All rows of these kinds.
#[derive(Clone, Default)]
pub(crate) struct Grants {
    pub(super) sessions: BTreeMap<SessionId, LoginSession>,
    pub(super) codes: BTreeMap<CodeId, CodeRow>,
    pub(super) consents: BTreeMap<(UserId, ClientId), ConsentRow>,
    pub(super) families: BTreeMap<FamilyKey, FamilyRow>,
    pub(super) secrets: BTreeMap<(SecretPurpose, u32), SealedSecret>,
    /// The place in the lane of a user from which codes and families are valid.
    pub(super) users_from: HashMap<UserId, i64>,
    /// The same in the lane of a client.
    pub(super) clients_from: HashMap<ClientId, i64>,
}

/// The places in the lanes of user and client when a code was issued or a family began. A
/// revocation with a later place covers it, regardless of clocks.
#[derive(Clone, Copy)]
pub(super) struct Begin {
    pub(super) user: i64,
    pub(super) client: i64,
}

#[derive(Clone)]
pub(super) struct CodeRow {
    pub(super) code: AuthorizationCode,
    pub(super) begin: Begin,
    /// The family of the first redemption.
    pub(super) redeemed: Option<FamilyKey>,
}

#[derive(Clone)]
pub(super) struct ConsentRow {
    pub(super) consent: Consent,
    /// The place in the lane of the user at the first grant.
    pub(super) place: i64,
}

#[derive(Clone)]
pub(super) struct FamilyRow {
    pub(super) family: Family,
    pub(super) begin: Begin,
}

impl Grants {
    pub(super) fn remove_consents_of(&mut self, user: &UserId) {
        self.consents.retain(|(of, _), _| of != user);
    }

    /// Removes the consents of a client that was removed earlier.
    pub(super) fn remove_consents_of_client(&mut self, client: &ClientId) {
        self.consents.retain(|(_, of), _| of != client);
    }
}
