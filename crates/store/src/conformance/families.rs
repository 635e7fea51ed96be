//! The rules of [`Families`](crate::Families).

use std::sync::Arc;

use scopegate_domain::{
    AuditEntry, AuditEvent, AuditId, Day, EndReason, FamilyId, GrantBinding, KeyThumbprint, Lifetime, NewFamily,
    Revoked, SecretDigest,
};

use super::world::{World, at, client_id, key, new_family, time, why};
use crate::{AuditQuery, FamilyCondition, FamilyKey, RotateOutcome, Rotation, Store};

/// Expects a retry, and returns the generation of the valid token.
async fn retried(world: &World, family: &NewFamily, generation: u32, seconds: i64) -> u32 {
    match world.rotate(family, generation, seconds).await {
        RotateOutcome::Retry(found) => found.0.generation.number(),
        other => panic!("{other:?}"),
    }
}

pub async fn a_family_moves_with_each_refresh(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let family = world.family(1, true).await;
    for (generation, seconds) in [(0, 10), (1, 900), (2, 1_899)] {
        let outcome = world.rotate(&family, generation, seconds).await;
        let RotateOutcome::Rotated(found) = outcome else {
            panic!("{outcome:?}")
        };
        let (row, user) = *found;
        assert_eq!((row.generation.number(), row.rotated_at), (generation + 1, at(seconds)));
        assert_eq!((row.began_at, row.ends_at, &user), (at(0), at(2_000), &world.user));
        assert_eq!(
            store
                .families()
                .find(key(&family), at(seconds))
                .await
                .unwrap()
                .unwrap()
                .family,
            row
        );
    }
    assert_eq!(world.revoked().await, []);
}

pub async fn a_retry_gets_the_same_token(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let family = world.family(1, true).await;
    assert_eq!(world.rotated(&family, 0, 100).await, 1);
    for seconds in [100, 105, 110] {
        assert_eq!(retried(&world, &family, 0, seconds).await, 1);
    }
    assert_eq!(world.rotated(&family, 1, 110).await, 2, "a retry changes nothing");
    assert_eq!(
        world.rotate(&family, 0, 110).await,
        RotateOutcome::Reused,
        "two generations before"
    );
}

pub async fn reuse_ends_the_family(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let late = world.family(1, true).await;
    assert_eq!(world.rotated(&late, 0, 100).await, 1);
    assert_eq!(
        world.rotate(&late, 0, 111).await,
        RotateOutcome::Reused,
        "after the window"
    );
    let strict = world.family(2, true).await;
    assert_eq!(world.rotated(&strict, 0, 100).await, 1);
    let entry = AuditEntry::new(AuditId::new(1, [0; 8]), AuditEvent::TokenRevoked);
    let entries = [entry.clone()];
    let rotation = Rotation {
        retry_window: Lifetime::from_seconds(0),
        reuse_audit: &entries,
        ..world.rotation(&strict, 0, 100)
    };
    // The entries of a rotation are not written.
    let other = AuditEntry::new(AuditId::new(2, [0; 8]), AuditEvent::TokenIssued);
    let audited = store.audited(&[other]);
    assert_eq!(
        audited.families().rotate(&rotation).await.unwrap(),
        RotateOutcome::Reused
    );
    let again = store.families().rotate(&rotation).await.unwrap();
    assert_eq!(again, RotateOutcome::Ended(EndReason::Reused));
    let log = store.audit().entries(&AuditQuery::default(), 9).await.unwrap();
    assert_eq!(log, [entry], "once");
    for (family, seconds) in [(&late, 111), (&strict, 100)] {
        assert_eq!(
            world.rotate(family, 1, seconds).await,
            RotateOutcome::Ended(EndReason::Reused)
        );
        let found = store.families().find(key(family), at(seconds)).await.unwrap().unwrap();
        assert_eq!(found.family.ended, Some((at(seconds), EndReason::Reused)));
    }
    let mut revoked = world.revoked().await;
    revoked.sort_unstable();
    assert_eq!(revoked, [Revoked::Family(late.id), Revoked::Family(strict.id)]);
}

pub async fn a_refused_condition_changes_nothing(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let family = world.family(1, true).await;
    let user = world.user.clone();
    // The condition sees the stored authorization and the user.
    let nothing = FamilyCondition::new(move |row, of| of != &user || row.authorization.user_id != *of.id());
    let entry = AuditEntry::new(AuditId::new(1, [0; 8]), AuditEvent::TokenIssued);
    let audited = store.audited(&[entry]);
    let before = store.families().find(key(&family), at(1)).await.unwrap();
    let refused = async |generation, seconds, before| {
        let rotation = Rotation {
            condition: &nothing,
            ..world.rotation(&family, generation, seconds)
        };
        let outcome = audited.families().rotate(&rotation).await.unwrap();
        assert_eq!(outcome, RotateOutcome::NotAllowed, "{generation}");
        assert_eq!(store.families().find(key(&family), at(seconds)).await.unwrap(), before);
    };
    // The valid token, and a newer one.
    refused(0, 1, before.clone()).await;
    refused(3, 1, before).await;
    assert_eq!(world.rotated(&family, 0, 1).await, 1);
    let rotated = store.families().find(key(&family), at(1)).await.unwrap();
    // A retry.
    refused(0, 2, rotated).await;
    assert_eq!(store.audit().entries(&AuditQuery::default(), 9).await.unwrap(), []);
    let reuse = Rotation {
        condition: &nothing,
        ..world.rotation(&family, 0, 12)
    };
    assert_eq!(store.families().rotate(&reuse).await.unwrap(), RotateOutcome::Reused);
}

pub async fn a_newer_token_moves_the_row_forward(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let family = world.family(1, true).await;
    let outcome = world.rotate(&family, 3, 10).await;
    let RotateOutcome::Forwarded(found) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((found.0.generation.number(), found.0.rotated_at), (4, at(10)));
    assert_eq!(world.rotated(&family, 4, 11).await, 5);
    assert_eq!(world.rotate(&family, 2, 12).await, RotateOutcome::Reused);
    let last = world.family(2, true).await;
    assert_eq!(
        world.rotate(&last, u32::MAX, 1).await,
        RotateOutcome::Ended(EndReason::Age)
    );
    let forwarded = world.rotate(&last, u32::MAX - 1, 1).await;
    assert!(matches!(forwarded, RotateOutcome::Forwarded(_)), "{forwarded:?}");
}

pub async fn each_binding_of_a_refresh_is_compared(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let family = world.family(1, true).await;
    let (other, thumbprint) = (client_id("c2"), KeyThumbprint::from_bytes([9; 32]));
    let of = RotateOutcome::Mismatch;
    let expected = [
        of(GrantBinding::Client),
        of(GrantBinding::Key),
        of(GrantBinding::Key),
        RotateOutcome::Unknown,
        RotateOutcome::Unknown,
        RotateOutcome::Unknown,
    ];
    // The valid token, a newer one, and after the rotation a retry and an older one.
    for rotated in 0..=2 {
        for generation in [0, rotated, 7] {
            let mut refused = [(); 6].map(|()| world.rotation(&family, generation, 1));
            refused[0].presented.client_id = &other;
            refused[1].presented.key_thumbprint = None;
            refused[2].presented.key_thumbprint = Some(&thumbprint);
            refused[3].presented.secret_digest = SecretDigest::from_bytes([9; 32]);
            refused[4].family = FamilyId::from_bytes([9; 16]);
            refused[5].ends_on = Day::from_number(20_001);
            for (rotation, expected) in refused.iter().zip(&expected) {
                let refused = store.families().rotate(rotation).await.unwrap();
                assert_eq!(refused, *expected, "{rotation:?}");
            }
        }
        let next = world.rotated(&family, rotated, 1).await;
        assert_eq!(next, rotated + 1, "nothing has changed");
    }
    assert_eq!(world.revoked().await, []);
}

pub async fn a_family_ends_by_idleness_and_age(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let family = world.family(1, true).await;
    for generation in [0, 5] {
        assert_eq!(
            world.rotate(&family, generation, 1_000).await,
            RotateOutcome::Ended(EndReason::Idle)
        );
    }
    assert_eq!(why(&store, &family, 1_000).await, Some(EndReason::Idle));
    assert_eq!(world.rotated(&family, 0, 999).await, 1);
    assert_eq!(world.rotated(&family, 1, 1_998).await, 2);
    for generation in [2, 5] {
        assert_eq!(
            world.rotate(&family, generation, 2_000).await,
            RotateOutcome::Ended(EndReason::Age)
        );
    }
    assert_eq!(why(&store, &family, 2_000).await, Some(EndReason::Age));
    assert_eq!(world.rotated(&family, 2, 1_999).await, 3);
}

pub async fn ending_a_family_revokes_its_tokens(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let (family, other) = (world.family(1, true).await, world.family(2, true).await);
    let end = async |key: FamilyKey, client: &str| {
        let client = client_id(client);
        let ended = store.families().end(key, &client, EndReason::Revoked, time(1)).await;
        ended.unwrap()
    };
    assert!(!end(key(&family), "c2").await, "another client");
    assert!(!end(key(&new_family(9)), "c1").await, "no family");
    assert_eq!(world.revoked().await, []);
    assert!(end(key(&family), "c1").await);
    assert!(!end(key(&family), "c1").await, "it has ended");
    assert_eq!(world.revoked().await, [Revoked::Family(family.id)]);
    assert_eq!(
        world.rotate(&family, 0, 1).await,
        RotateOutcome::Ended(EndReason::Revoked)
    );
    assert_eq!(world.rotated(&other, 0, 1).await, 1);
}

pub async fn the_oldest_of_twenty_families_ends(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let (elsewhere, other) = (World::of(&store, "u2", "c2").await, 40);
    let foreign = elsewhere.family(other, true).await;
    world.begin(1).await;
    let mut families = Vec::new();
    for number in 0..20 {
        families.push(world.family_of(1, number, true).await);
    }
    // An ended family does not count.
    let ended = store
        .families()
        .end(key(&families[4]), &world.client, EndReason::Revoked, time(0));
    assert!(ended.await.unwrap());
    families.push(world.family_of(1, 20, true).await);
    assert_eq!(world.revoked().await, [Revoked::Family(families[4].id)]);
    families.push(world.family_of(1, 21, true).await);
    assert_eq!(why(&store, &families[0], 0).await, Some(EndReason::Limit));
    assert_eq!(why(&store, &families[1], 0).await, None);
    families.push(world.family_of(1, 22, true).await);
    assert_eq!(why(&store, &families[1], 0).await, Some(EndReason::Limit));
    let live = store
        .families()
        .of_client(world.user.id(), &world.client, at(0), 99)
        .await
        .unwrap();
    assert_eq!(
        (live.len(), live.iter().filter(|found| found.end.is_none()).count()),
        (23, 20)
    );
    assert_eq!(world.revoked().await.len(), 3);
    assert_eq!(elsewhere.rotated(&foreign, 0, 1).await, 1);
}

pub async fn all_families_end_at_once(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let (first, second) = (world.family(1, true).await, world.family(2, false).await);
    let why = EndReason::SecretsRevoked;
    assert_eq!(store.families().end_families(why, at(5)).await.unwrap(), 2);
    assert_eq!(store.families().end_families(why, at(6)).await.unwrap(), 0);
    for family in [&first, &second] {
        assert_eq!(world.rotate(family, 0, 6).await, RotateOutcome::Ended(why));
    }
}
