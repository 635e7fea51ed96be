//! Random logins, grants, refreshes and administration.

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::sample::select;
use scopegate_domain::{NewFamily, Scope};

use crate::{FamilyKey, StoreError};

/// One operation. Numbers choose among the users, clients, sessions, codes and families so far.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    AddUser(usize),
    SetStatus(usize, bool),
    RemoveUser(usize),
    WithdrawUser(usize, u8),
    AddClient(usize),
    RemoveClient(usize, bool),
    RevokeClient(usize),
    Begin {
        user: usize,
        replaces: Option<usize>,
        max: u16,
        age: u32,
        idle: u32,
    },
    Touch(usize),
    EndSessions(usize, u8),
    Allow {
        session: usize,
        client: usize,
        scope: &'static str,
        refused: &'static str,
        is_bound: bool,
    },
    Redeem {
        code: usize,
        change: u8,
        ends_with_session: bool,
        age: u32,
        idle: u32,
    },
    Rotate {
        family: usize,
        ahead: u32,
        change: u8,
        window: u32,
    },
    EndFamily(usize, usize),
    EndFamilies,
    Withdraw(usize, usize),
    Delete {
        max: u16,
        goes_on: bool,
    },
    AddSecret(usize, u32),
    RemoveSecrets(usize, u32),
    RemoveRows(bool),
    Wait(u32),
    Restart,
}

impl Operation {
    pub(super) fn any() -> impl Strategy<Value = Self> {
        let which = || 0..2_usize;
        let any = || 0..6_usize;
        let seconds = || select(vec![1_u32, 5, 9, 10, 11, 60, 300, 5_000, 86_400, 200_000]);
        let scope = || select(vec!["", "a", "a b", "b c", "d"]);
        let begin = (
            which(),
            proptest::option::weighted(0.3, any()),
            1..4_u16,
            seconds(),
            seconds(),
        );
        let allow = (any(), which(), scope(), scope(), any_bool());
        let redeem = (any(), 0..12_u8, any_bool(), seconds(), seconds());
        let rotate = (any(), 0..4_u32, 0..12_u8, select(vec![0, 10]));
        prop_oneof![
            1 => which().prop_map(Self::AddUser),
            1 => (which(), any_bool()).prop_map(|(user, is_active)| Self::SetStatus(user, is_active)),
            1 => which().prop_map(Self::RemoveUser),
            2 => (which(), 0..5_u8).prop_map(|(user, change)| Self::WithdrawUser(user, change)),
            1 => which().prop_map(Self::AddClient),
            1 => (which(), any_bool()).prop_map(|(client, revokes)| Self::RemoveClient(client, revokes)),
            1 => which().prop_map(Self::RevokeClient),
            8 => begin.prop_map(|(user, replaces, max, age, idle)| Self::Begin { user, replaces, max, age, idle }),
            2 => any().prop_map(Self::Touch),
            2 => (any(), 0..3_u8).prop_map(|(session, which)| Self::EndSessions(session, which)),
            12 => allow.prop_map(|(session, client, scope, refused, is_bound)| {
                Self::Allow { session, client, scope, refused, is_bound }
            }),
            14 => redeem.prop_map(|(code, change, ends_with_session, age, idle)| {
                Self::Redeem { code, change, ends_with_session, age, idle }
            }),
            14 => rotate.prop_map(|(family, ahead, change, window)| Self::Rotate { family, ahead, change, window }),
            1 => (any(), which()).prop_map(|(family, client)| Self::EndFamily(family, client)),
            1 => Just(Self::EndFamilies),
            2 => (which(), which()).prop_map(|(user, client)| Self::Withdraw(user, client)),
            3 => (0..5_u16, any_bool()).prop_map(|(max, goes_on)| Self::Delete { max, goes_on }),
            1 => (0..4_usize, 0..4_u32).prop_map(|(purpose, version)| Self::AddSecret(purpose, version)),
            1 => (0..4_usize, 0..4_u32).prop_map(|(purpose, version)| Self::RemoveSecrets(purpose, version)),
            1 => any_bool().prop_map(Self::RemoveRows),
            8 => seconds().prop_map(Self::Wait),
            3 => Just(Self::Restart),
        ]
    }
}

fn any_bool() -> impl Strategy<Value = bool> {
    any::<bool>()
}

pub(super) fn words(text: &str) -> Scope {
    if text.is_empty() {
        Scope::default()
    } else {
        text.parse().unwrap()
    }
}

/// Returns one of the newest values.
pub(super) fn newest<T>(values: &[T], number: usize) -> &T {
    &values[values.len() - 1 - number % values.len()]
}

pub(super) fn key(family: &NewFamily) -> FamilyKey {
    FamilyKey {
        ends_on: family.ends_on(),
        id: family.id,
    }
}

pub(super) fn printed<T: Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{:?}", error.kind()),
    }
}
