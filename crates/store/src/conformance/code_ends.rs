//! What ends a code before it is redeemed.

use std::sync::Arc;

use scopegate_domain::{Authorization, AuthorizationCode, LoginSession, NewFamily, UserStatus};

use super::world::{World, at, is_redeemed, issued, new_family, of_client, of_user, set_status, time};
use crate::{DisableAndRevoke, EndSessions, RedeemOutcome, Store};

/// A code is refused after a change, and also after the change is undone.
async fn ends_with(
    store: &Arc<dyn Store>,
    end: impl AsyncFn(&World),
    take_back: impl AsyncFn(&World),
    expected: RedeemOutcome,
) {
    let (world, code) = issued(store).await;
    end(&world).await;
    let new = new_family(1);
    assert_eq!(world.redeem(&code, &new, 1).await, expected);
    take_back(&world).await;
    assert_eq!(world.redeem(&code, &new, 1).await, expected);
    // A later code of the same user and client is valid.
    if store
        .sessions()
        .find(world.session(1).id(), at(1))
        .await
        .unwrap()
        .is_none()
    {
        world.begin(2).await;
    }
    let sessions = store.sessions().of_user(world.user.id(), at(1), 9).await.unwrap();
    let later = world.code(2, 1);
    let later = AuthorizationCode {
        authorization: Authorization {
            login: sessions
                .first()
                .map(|session: &LoginSession| session.login.clone())
                .unwrap(),
            ..later.authorization.clone()
        },
        ..later
    };
    world.allow(&later).await;
    let redeemed = world.redeem(&later, &new, 1).await;
    assert!(is_redeemed(&redeemed), "{redeemed:?}");
}

pub async fn a_code_ends_when_its_user_is_disabled(store: Arc<dyn Store>) {
    let disable = async |world: &World| set_status(world, UserStatus::Disabled).await;
    let enable = async |world: &World| set_status(world, UserStatus::Active).await;
    // The session ended with it, and its codes were removed.
    ends_with(&store, disable, enable, RedeemOutcome::Unknown).await;
}

pub async fn a_code_is_refused_for_a_disabled_user(store: Arc<dyn Store>) {
    let (world, code) = issued(&store).await;
    // Without its session, the code is not removed.
    store.sessions().remove_sessions().await.unwrap();
    set_status(&world, UserStatus::Disabled).await;
    let offline = NewFamily {
        ends_with_session: false,
        ..new_family(1)
    };
    for new in [&offline, &new_family(1)] {
        assert_eq!(world.redeem(&code, new, 1).await, RedeemOutcome::UserDisabled);
    }
    set_status(&world, UserStatus::Active).await;
    assert_eq!(world.redeem(&code, &offline, 1).await, RedeemOutcome::Withdrawn);
    assert!(store.users().remove(world.user.id()).await.unwrap());
    assert_eq!(world.redeem(&code, &offline, 1).await, RedeemOutcome::UserDisabled);
}

pub async fn a_code_ends_when_all_tokens_are_revoked(store: Arc<dyn Store>) {
    let revoke = async |world: &World| world.store.news().revoke(&of_user(world)).await.unwrap();
    let nothing = async |_: &World| {};
    ends_with(&store, revoke, nothing, RedeemOutcome::Withdrawn).await;
}

pub async fn a_code_ends_when_its_client_is_revoked(store: Arc<dyn Store>) {
    let revoke = async |world: &World| world.store.news().revoke(&of_client(world)).await.unwrap();
    let nothing = async |_: &World| {};
    ends_with(&store, revoke, nothing, RedeemOutcome::Withdrawn).await;
}

pub async fn a_code_ends_when_its_client_is_removed(store: Arc<dyn Store>) {
    let remove = async |world: &World| assert!(world.store.clients().remove(&world.client).await.unwrap());
    let add = async |world: &World| world.add_client().await;
    ends_with(&store, remove, add, RedeemOutcome::Withdrawn).await;
}

pub async fn a_code_ends_when_its_client_is_another(store: Arc<dyn Store>) {
    let (world, code) = issued(&store).await;
    let (remove, revocation) = (DisableAndRevoke::RemoveClient(&world.client), of_client(&world));
    assert!(store.news().withdraw(remove, &revocation).await.unwrap());
    world.add_client().await;
    // Another code stores the consent again.
    world.allow(&world.code(2, 1)).await;
    assert_eq!(world.redeem(&code, &new_family(1), 1).await, RedeemOutcome::Withdrawn);
    assert!(is_redeemed(&world.redeem(&world.code(2, 1), &new_family(1), 1).await));
}

pub async fn a_code_ends_when_the_consent_is_withdrawn(store: Arc<dyn Store>) {
    let withdraw = async |world: &World| {
        let withdrawn = world
            .store
            .consents()
            .withdraw(&world.user, &world.client, time(0))
            .await;
        assert!(withdrawn.unwrap());
    };
    let nothing = async |_: &World| {};
    ends_with(&store, withdraw, nothing, RedeemOutcome::Withdrawn).await;
    // A consent that is given again is for later codes.
    let (world, code) = (World::of(&store, "u2", "c2").await, 3);
    world.begin(3).await;
    let (first, second) = (world.code(code, 3), world.code(4, 3));
    world.allow(&first).await;
    assert!(
        store
            .consents()
            .withdraw(&world.user, &world.client, time(0))
            .await
            .unwrap()
    );
    world.allow(&second).await;
    assert_eq!(world.redeem(&first, &new_family(3), 1).await, RedeemOutcome::Withdrawn);
    assert!(is_redeemed(&world.redeem(&second, &new_family(3), 1).await));
}

pub async fn a_code_ends_with_its_session(store: Arc<dyn Store>) {
    let (world, code) = issued(&store).await;
    store.sessions().remove_sessions().await.unwrap();
    let new = new_family(1);
    assert_eq!(world.redeem(&code, &new, 1).await, RedeemOutcome::SessionEnded);
    let offline = NewFamily {
        ends_with_session: false,
        ..new
    };
    assert!(
        is_redeemed(&world.redeem(&code, &offline, 1).await),
        "it does not depend on it"
    );
    let short = LoginSession {
        ends_at: at(30),
        ..world.session(2)
    };
    world.begin_session(&short).await;
    let (ended, over) = (world.code(2, 2), world.code(3, 2));
    world.allow(&ended).await;
    world.allow(&over).await;
    assert_eq!(
        world.redeem(&over, &new_family(3), 30).await,
        RedeemOutcome::SessionEnded
    );
    assert!(is_redeemed(&world.redeem(&over, &new_family(3), 29).await));
    let end = EndSessions::One(short.id());
    assert_eq!(store.sessions().end(end, time(1)).await.unwrap().len(), 1);
    assert_eq!(world.redeem(&ended, &new_family(2), 1).await, RedeemOutcome::Unknown);
    let replayed = world.redeem(&over, &new_family(4), 31).await;
    assert_eq!(
        replayed,
        RedeemOutcome::Replayed(new_family(3).id),
        "kept for its replay"
    );
}
