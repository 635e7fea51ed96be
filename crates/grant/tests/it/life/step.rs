//! The steps of a life.

use proptest::prelude::*;

use super::model::Model;
use super::rows::ModelFamily;

/// The scopes `me`, `items` and `offline_access`, a bit each.
pub(super) const ALL: u8 = 7;

/// The scopes of the API. A token needs one of them.
pub(super) const API: u8 = 3;

/// With it a family continues after its session.
pub(super) const OFFLINE: u8 = 4;

pub(super) fn scope_text(bits: u8) -> &'static str {
    [
        "",
        "me",
        "items",
        "me items",
        "offline_access",
        "me offline_access",
        "items offline_access",
        "me items offline_access",
    ][usize::from(bits)]
}

#[derive(Clone, Debug)]
pub(super) enum LifeStep {
    Register(usize),
    RemoveClient(usize),
    /// The user allows the whole request. It ends with a code.
    Authorize {
        user: usize,
        client: usize,
        scope: u8,
    },
    Redeem {
        code: usize,
        /// Another client than that of the code.
        client: Option<usize>,
        /// The client does not receive the answer.
        is_lost: bool,
    },
    /// The client presents the token that it received last.
    Refresh {
        family: usize,
        is_lost: bool,
    },
    /// A retry, a reuse, or an attempt by another client.
    Present {
        token: usize,
        client: Option<usize>,
    },
    RevokeRefresh {
        token: usize,
        client: usize,
    },
    RevokeAccess {
        token: usize,
        client: usize,
    },
    Withdraw {
        user: usize,
        client: usize,
    },
    LogOut(usize),
    Disable(usize),
    Enable(usize),
    SetUserScope {
        user: usize,
        scope: u8,
        /// The change revokes the tokens, as the command does by default.
        revokes: bool,
    },
    SetClientScope {
        client: usize,
        scope: u8,
        revokes: bool,
    },
    RotateKeys,
    RemoveOldKeys,
    RotateSecrets,
    RemoveOldSecrets,
    Wait(i64),
    Restart,
}

/// A number below this count, more often a high one.
fn late(count: usize) -> impl Strategy<Value = usize> {
    let last = count.saturating_sub(1);
    prop_oneof![3 => Just(last), 2 => last.saturating_sub(3)..count.max(1), 1 => 0..count.max(1)]
}

fn another() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![8 => Just(None), 1 => (0..3usize).prop_map(Some)]
}

/// Steps that can follow a state. Most of them work on what exists.
pub(super) fn steps(model: &Model) -> BoxedStrategy<LifeStep> {
    let (user, client) = (0..2usize, 0..3usize);
    let wait = prop_oneof![
        6 => 1i64..12,
        2 => 12i64..700,
        1 => 3_600i64..50_000,
        1 => 80_000i64..100_000,
    ];
    let is_lost = || prop::bool::weighted(0.2);
    let scope = || prop_oneof![1 => 0u8..=ALL, 1 => Just(ALL)];
    let change = prop_oneof![
        2 => client.clone().prop_map(LifeStep::Register),
        1 => client.clone().prop_map(LifeStep::RemoveClient),
        2 => user.clone().prop_map(LifeStep::LogOut),
        1 => user.clone().prop_map(LifeStep::Disable),
        4 => user.clone().prop_map(LifeStep::Enable),
        2 => (user.clone(), scope(), any::<bool>())
            .prop_map(|(user, scope, revokes)| LifeStep::SetUserScope { user, scope, revokes }),
        2 => (client.clone(), scope(), any::<bool>())
            .prop_map(|(client, scope, revokes)| LifeStep::SetClientScope { client, scope, revokes }),
        3 => (user.clone(), client.clone()).prop_map(|(user, client)| LifeStep::Withdraw { user, client }),
        1 => Just(LifeStep::RotateKeys),
        1 => Just(LifeStep::RemoveOldKeys),
        1 => Just(LifeStep::RotateSecrets),
        1 => Just(LifeStep::RemoveOldSecrets),
        1 => Just(LifeStep::Restart),
    ];
    let authorize =
        (user, client.clone(), 1u8..=ALL).prop_map(|(user, client, scope)| LifeStep::Authorize { user, client, scope });
    let mut all = vec![
        (4, authorize.boxed()),
        (3, wait.prop_map(LifeStep::Wait).boxed()),
        (3, change.boxed()),
    ];
    if !model.codes.is_empty() {
        let redeem = (late(model.codes.len()), another(), is_lost());
        let redeem = redeem.prop_map(|(code, client, is_lost)| LifeStep::Redeem { code, client, is_lost });
        all.push((6, redeem.boxed()));
    }
    let is_held = |family: &ModelFamily| family.held.is_some();
    if model.families.iter().any(is_held) {
        let refresh = (late(model.families.len()), is_lost());
        let refresh = refresh.prop_map(|(family, is_lost)| LifeStep::Refresh { family, is_lost });
        all.push((6, refresh.boxed()));
    }
    if !model.refresh.is_empty() {
        let present = (late(model.refresh.len()), another());
        let present = present.prop_map(|(token, client)| LifeStep::Present { token, client });
        let revoke = (late(model.refresh.len()), client.clone());
        let revoke = revoke.prop_map(|(token, client)| LifeStep::RevokeRefresh { token, client });
        let access = (late(model.access.len()), client);
        let access = access.prop_map(|(token, client)| LifeStep::RevokeAccess { token, client });
        all.extend([(5, present.boxed()), (1, revoke.boxed()), (1, access.boxed())]);
    }
    proptest::strategy::Union::new_weighted(all).boxed()
}
