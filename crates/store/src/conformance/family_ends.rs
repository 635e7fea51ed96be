//! What ends a family by a condition.

use std::sync::Arc;

use scopegate_domain::{EndReason, Lifetime, LoginSession, Revocation, UserStatus};

use super::world::{World, at, of_client, of_user, set_status, why};
use crate::{DisableAndRevoke, RotateOutcome, Store};

/// A family is refused after a change, and also after the change is undone. A later family of
/// the same user and client is valid.
async fn ends_with(
    store: &Arc<dyn Store>,
    end: impl AsyncFn(&World),
    expected: RotateOutcome,
    take_back: impl AsyncFn(&World),
    later: RotateOutcome,
) {
    let world = World::new(store).await;
    let family = world.family(1, false).await;
    assert_eq!(world.rotated(&family, 0, 1).await, 1);
    end(&world).await;
    for generation in [0, 1, 4] {
        assert_eq!(world.rotate(&family, generation, 2).await, expected, "{generation}");
    }
    let reason = why(store, &family, 2).await;
    assert!(reason.is_some());
    take_back(&world).await;
    for generation in [0, 1, 4] {
        assert_eq!(world.rotate(&family, generation, 2).await, later, "{generation}");
    }
    let new = world.family(2, false).await;
    assert_eq!(world.rotated(&new, 0, 2).await, 1);
    let families = store
        .families()
        .of_client(world.user.id(), &world.client, at(2), 9)
        .await
        .unwrap();
    let live: Vec<_> = families
        .iter()
        .map(|found| (found.family.id, found.end.is_none()))
        .collect();
    assert_eq!(live, [(new.id, true), (family.id, false)]);
}

async fn withdraw(world: &World, change: DisableAndRevoke<'_>, revocation: &Revocation) {
    assert!(world.store.news().withdraw(change, revocation).await.unwrap());
}

const CHANGED: RotateOutcome = RotateOutcome::Ended(EndReason::UserChanged);

const REMOVED: RotateOutcome = RotateOutcome::Ended(EndReason::ClientRemoved);

pub async fn families_of_disabled_users_stay_ended(store: Arc<dyn Store>) {
    let disable = async |world: &World| set_status(world, UserStatus::Disabled).await;
    let enable = async |world: &World| set_status(world, UserStatus::Active).await;
    ends_with(&store, disable, RotateOutcome::UserDisabled, enable, CHANGED).await;
}

pub async fn families_of_a_user_end_with_the_revocation(store: Arc<dyn Store>) {
    let disable = async |world: &World| {
        withdraw(world, DisableAndRevoke::DisableUser(world.user.id()), &of_user(world)).await;
    };
    let enable = async |world: &World| set_status(world, UserStatus::Active).await;
    ends_with(&store, disable, RotateOutcome::UserDisabled, enable, CHANGED).await;
}

pub async fn families_of_removed_users_stay_ended(store: Arc<dyn Store>) {
    let remove = async |world: &World| assert!(world.store.users().remove(world.user.id()).await.unwrap());
    let add = async |world: &World| world.add_user().await;
    ends_with(&store, remove, RotateOutcome::UserDisabled, add, CHANGED).await;
}

pub async fn families_end_with_the_password(store: Arc<dyn Store>) {
    let change = async |world: &World| {
        let set = DisableAndRevoke::SetPasswordHash(world.user.id(), None);
        withdraw(world, set, &of_user(world)).await;
    };
    ends_with(&store, change, CHANGED, async |_: &World| {}, CHANGED).await;
}

pub async fn families_end_when_all_tokens_are_revoked(store: Arc<dyn Store>) {
    let revoke = async |world: &World| world.store.news().revoke(&of_user(world)).await.unwrap();
    ends_with(&store, revoke, CHANGED, async |_: &World| {}, CHANGED).await;
}

pub async fn families_of_a_revoked_client_end(store: Arc<dyn Store>) {
    let revoke = async |world: &World| world.store.news().revoke(&of_client(world)).await.unwrap();
    ends_with(&store, revoke, REMOVED, async |_: &World| {}, REMOVED).await;
}

pub async fn families_of_removed_clients_stay_ended(store: Arc<dyn Store>) {
    let remove = async |world: &World| {
        let remove = DisableAndRevoke::RemoveClient(&world.client);
        withdraw(world, remove, &of_client(world)).await;
    };
    let add = async |world: &World| world.add_client().await;
    ends_with(&store, remove, REMOVED, add, REMOVED).await;
}

/// Changes that keep tokens, and those of settings, end no family.
pub async fn families_continue_after_other_changes(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let family = world.family(1, true).await;
    let (id, scope) = (world.user.id(), "me".parse().unwrap());
    assert!(store.users().set_scope(id, &scope).await.unwrap());
    assert!(store.users().set_password_hash(id, None).await.unwrap());
    set_status(&world, UserStatus::Active).await;
    withdraw(&world, DisableAndRevoke::SetProfile(&world.user), &of_user(&world)).await;
    let old = store.clients().find(&world.client).await.unwrap().unwrap();
    let new = old.clone().with_name("Other");
    withdraw(
        &world,
        DisableAndRevoke::UpdateClient { old: &old, new: &new },
        &of_client(&world),
    )
    .await;
    let outcome = world.rotate(&family, 0, 1).await;
    let RotateOutcome::Rotated(found) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(found.1.scope(), &scope, "the ceiling of the user is that of now");
    assert!(
        store
            .sessions()
            .find(world.session(1).id(), at(1))
            .await
            .unwrap()
            .is_some()
    );
}

pub async fn families_end_by_the_age_of_sessions(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let session = LoginSession {
        ends_at: at(500),
        idle: Lifetime::from_seconds(100),
        ..world.session(1)
    };
    world.begin_session(&session).await;
    let (bound, offline) = (world.family_of(1, 1, true).await, world.family_of(1, 2, false).await);
    assert_eq!(world.rotated(&bound, 0, 499).await, 1, "an idle session ends no family");
    for generation in [0, 1, 3] {
        let outcome = world.rotate(&bound, generation, 500).await;
        assert_eq!(outcome, RotateOutcome::Ended(EndReason::SessionEnded));
    }
    assert_eq!(why(&store, &bound, 500).await, Some(EndReason::SessionEnded));
    assert_eq!(world.rotated(&offline, 0, 500).await, 1);
}
