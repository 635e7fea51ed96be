//! The rules of [`Consents`](crate::Consents).

use std::sync::Arc;

use scopegate_domain::{EndReason, Revoked, UserStatus};

use super::world::{World, at, client_id, key, time};
use crate::{ConsentSummary, RotateOutcome, Store};

pub async fn a_withdrawal_ends_all_that_was_granted(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let families = [world.family(1, true).await, world.family(2, false).await];
    let elsewhere = World {
        client: client_id("c2"),
        ..world.clone()
    };
    elsewhere.add_client().await;
    let other = elsewhere.family(3, true).await;
    let withdraw = async |world: &World| {
        let consents = world.store.consents();
        consents.withdraw(&world.user, &world.client, time(1)).await.unwrap()
    };
    assert!(withdraw(&world).await && !withdraw(&world).await);
    assert_eq!(
        store.consents().find(world.user.id(), &world.client).await.unwrap(),
        None
    );
    for family in &families {
        assert_eq!(
            world.rotate(family, 0, 2).await,
            RotateOutcome::Ended(EndReason::Withdrawn)
        );
    }
    assert_eq!(elsewhere.rotated(&other, 0, 2).await, 1);
    let consent = Revoked::Consent {
        id: world.user.id().clone(),
        username: world.user.username().clone(),
        client_id: world.client.clone(),
    };
    let mut revoked = world.revoked().await;
    revoked.sort_unstable();
    assert_eq!(
        revoked,
        [
            consent,
            Revoked::Family(families[0].id),
            Revoked::Family(families[1].id)
        ]
    );
    // The user may consent again.
    let again = world.family(4, true).await;
    assert_eq!(world.rotated(&again, 0, 2).await, 1);
}

pub async fn consents_are_listed_with_their_families(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let second = World {
        client: client_id("c2"),
        ..world.clone()
    };
    second.add_client().await;
    let (live, idle, ended) = (
        world.family(1, true).await,
        world.family(2, true).await,
        world.family(3, true).await,
    );
    second.family(4, true).await;
    world.rotated(&live, 0, 900).await;
    let end = store
        .families()
        .end(key(&ended), &world.client, EndReason::Revoked, time(5));
    assert!(end.await.unwrap());
    let of_user = async |after, seconds, limit| {
        let consents = store.consents();
        consents
            .of_user(world.user.id(), after, at(seconds), limit)
            .await
            .unwrap()
    };
    let consent = store
        .consents()
        .find(world.user.id(), &world.client)
        .await
        .unwrap()
        .unwrap();
    let first = ConsentSummary {
        consent,
        live_families: 1,
        last_used: Some(at(900)),
        last_end: Some(EndReason::Revoked),
    };
    assert_eq!(of_user(None, 1_000, 1).await, std::slice::from_ref(&first));
    let page = of_user(Some(&world.client), 1_000, 9).await;
    assert_eq!(page.len(), 1);
    assert_eq!(
        (page[0].live_families, page[0].last_used, page[0].last_end),
        (0, Some(at(0)), None)
    );
    assert_eq!(of_user(None, 500, 1).await[0].live_families, 2);
    let end = store
        .families()
        .end(key(&idle), &world.client, EndReason::Reused, time(6));
    assert!(end.await.unwrap());
    assert_eq!(of_user(None, 500, 1).await[0].last_end, Some(EndReason::Reused));
}

pub async fn only_present_consents_are_listed(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let second = World {
        client: client_id("c2"),
        ..world.clone()
    };
    second.add_client().await;
    world.family(1, true).await;
    second.family(2, false).await;
    let of_user = async || {
        let consents = store.consents();
        consents.of_user(world.user.id(), None, at(0), 9).await.unwrap()
    };
    assert!(of_user().await.iter().all(|one| one.live_families == 1));
    let disabled = store.users().set_status(world.user.id(), UserStatus::Disabled).await;
    assert!(disabled.unwrap());
    assert!(of_user().await.iter().all(|one| one.live_families == 0));
    assert!(store.clients().remove(&world.client).await.unwrap());
    assert_eq!(of_user().await.len(), 1, "only of clients that exist");
    assert_eq!(
        store.consents().find(world.user.id(), &world.client).await.unwrap(),
        None
    );
    let withdrawn = store.consents().withdraw(&world.user, &world.client, time(1)).await;
    assert!(!withdrawn.unwrap());
    assert!(store.users().remove(world.user.id()).await.unwrap());
    assert_eq!(of_user().await, []);
}

/// Another user or client with the same id starts without consents.
pub async fn consents_end_with_user_and_client(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.family(1, true).await;
    let find = async || store.consents().find(world.user.id(), &world.client).await.unwrap();
    assert!(find().await.is_some());
    assert!(store.clients().remove(&world.client).await.unwrap());
    world.add_client().await;
    assert_eq!(find().await, None);
    world.family(2, true).await;
    assert!(store.users().remove(world.user.id()).await.unwrap());
    world.add_user().await;
    assert_eq!(find().await, None);
}
