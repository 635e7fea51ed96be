//! The steps of a history, and what holds after them: a model that knows no token's text.

use proptest::prelude::*;
use proptest::sample::Index;

pub(super) const USERS: [&str; 2] = ["johndoe", "alice"];
pub(super) const PASSWORD: &str = "secret";
/// A confidential client and a public one.
pub(super) const CLIENTS: [&str; 2] = ["billing", "page"];
pub(super) const SCOPES: [&str; 3] = ["me", "ships", "me ships"];
/// The lifetime of the tokens, in seconds.
pub(super) const LIFETIME: i64 = 600;

#[derive(Clone, Debug)]
pub(super) enum HistoryStep {
    AddClient(usize),
    AddUser(usize),
    Advance(u16),
    Disable {
        user: usize,
        /// The command revokes the tokens; an application that writes to the store may not.
        revokes: bool,
    },
    Enable(usize),
    IssueToClient {
        node: usize,
        scope: usize,
    },
    IssueToUser {
        node: usize,
        user: usize,
        client: usize,
        scope: usize,
    },
    Refresh(usize),
    RemoveClient(usize),
    RemoveOldKeys,
    RemoveUser(usize),
    ReplaceSecret,
    Restart(usize),
    RevokeClient(usize),
    RevokeToken {
        node: usize,
        client: usize,
        token: Index,
    },
    RevokeUser(usize),
    RotateKeys,
    SetClientScope {
        client: usize,
        scope: usize,
    },
    SetUserScope {
        user: usize,
        scope: usize,
    },
}

pub(super) fn step() -> impl Strategy<Value = HistoryStep> {
    let two = || 0..2usize;
    let scope = || 0..SCOPES.len();
    prop_oneof![
        2 => two().prop_map(HistoryStep::AddClient),
        2 => two().prop_map(HistoryStep::AddUser),
        2 => (0u16..800).prop_map(HistoryStep::Advance),
        3 => (two(), prop::bool::weighted(0.3)).prop_map(|(user, revokes)| HistoryStep::Disable { user, revokes }),
        2 => two().prop_map(HistoryStep::Enable),
        5 => (two(), scope()).prop_map(|(node, scope)| HistoryStep::IssueToClient { node, scope }),
        6 => (two(), two(), two(), scope())
            .prop_map(|(node, user, client, scope)| HistoryStep::IssueToUser { node, user, client, scope }),
        9 => two().prop_map(HistoryStep::Refresh),
        1 => two().prop_map(HistoryStep::RemoveClient),
        2 => Just(HistoryStep::RemoveOldKeys),
        1 => two().prop_map(HistoryStep::RemoveUser),
        1 => Just(HistoryStep::ReplaceSecret),
        1 => two().prop_map(HistoryStep::Restart),
        1 => two().prop_map(HistoryStep::RevokeClient),
        4 => (two(), two(), any::<Index>())
            .prop_map(|(node, client, token)| HistoryStep::RevokeToken { node, client, token }),
        1 => two().prop_map(HistoryStep::RevokeUser),
        2 => Just(HistoryStep::RotateKeys),
        1 => (two(), scope()).prop_map(|(client, scope)| HistoryStep::SetClientScope { client, scope }),
        1 => (two(), scope()).prop_map(|(user, scope)| HistoryStep::SetUserScope { user, scope }),
    ]
}

/// What the model knows of a token.
pub(super) struct ModelToken {
    pub(super) text: String,
    pub(super) user: Option<usize>,
    pub(super) client: usize,
    /// Whether it is for each API.
    pub(super) audiences: [bool; 2],
    pub(super) key: u32,
    pub(super) expires_at: i64,
    pub(super) is_revoked: bool,
    /// The node that issued it may have used an outdated value of the client. Then the revocation
    /// covers the token, or it does not, and the model does not know.
    pub(super) is_uncertain: bool,
}

/// Why a token is valid or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TokenState {
    Expired,
    KeyRemoved,
    OfDisabledUser,
    OfRemovedUser,
    Revoked,
    Valid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelUser {
    Active,
    Disabled,
    Removed,
}

/// What holds, in plain values.
pub(super) struct Model {
    pub(super) now: i64,
    pub(super) key: u32,
    pub(super) oldest_key: u32,
    pub(super) tokens: Vec<ModelToken>,
    pub(super) users: [ModelUser; 2],
    pub(super) user_scopes: [usize; 2],
    pub(super) client_scopes: [usize; 2],
    pub(super) has_client: [bool; 2],
    /// The node has not read the latest changes.
    pub(super) is_behind: [bool; 2],
}

impl Model {
    pub(super) const fn new(now: i64) -> Self {
        Self {
            now,
            key: 1,
            oldest_key: 1,
            tokens: Vec::new(),
            users: [ModelUser::Active; 2],
            user_scopes: [2; 2],
            client_scopes: [2; 2],
            has_client: [true; 2],
            is_behind: [false; 2],
        }
    }

    pub(super) fn state(&self, token: &ModelToken) -> TokenState {
        let user = token.user.map(|user| self.users[user]);
        match user {
            _ if self.now >= token.expires_at => TokenState::Expired,
            _ if token.key < self.oldest_key => TokenState::KeyRemoved,
            _ if token.is_revoked => TokenState::Revoked,
            Some(ModelUser::Disabled) => TokenState::OfDisabledUser,
            Some(ModelUser::Removed) => TokenState::OfRemovedUser,
            Some(ModelUser::Active) | None => TokenState::Valid,
        }
    }

    /// Returns whether a token is for each API; `None` if none is issued.
    pub(super) fn audiences(&self, user: Option<usize>, client: usize, scope: usize) -> Option<[bool; 2]> {
        let is_user_there = user.is_none_or(|user| self.users[user] == ModelUser::Active);
        let of_user = user.map_or("me ships", |user| SCOPES[self.user_scopes[user]]);
        let ceilings = [SCOPES[scope], SCOPES[self.client_scopes[client]], of_user];
        let is_for = |name: &str| ceilings.iter().all(|ceiling| ceiling.split(' ').any(|one| one == name));
        let audiences = ["me", "ships"].map(is_for);
        (self.has_client[client] && is_user_there && audiences.contains(&true)).then_some(audiences)
    }

    pub(super) fn revoke(&mut self, is_covered: impl Fn(&ModelToken) -> bool) {
        for token in self.tokens.iter_mut().filter(|token| is_covered(token)) {
            token.is_revoked = true;
        }
    }
}
