//! The rules of [`Families`](crate::Families).

use std::sync::Arc;

use scopegate_domain::{
    AuditEntry, AuditEvent, AuditId, Day, EndReason, FamilyId, GrantBinding, KeyThumbprint, Lifetime, LoginSession,
    NewFamily, PresentedRefresh, Revocation, Revoked, SecretDigest, UserStatus,
};

use super::codes::{RACES, at_once};
use super::world::{World, at, client_id, key, new_family, time};
use crate::{AuditQuery, DisableAndRevoke, FamilyKey, RotateOutcome, Rotation, Store};

fn is_rotated(outcome: &RotateOutcome) -> bool {
    matches!(outcome, RotateOutcome::Rotated(_))
}

/// Expects a retry, and returns the generation of the valid token.
async fn retried(world: &World, family: &NewFamily, generation: u32, seconds: i64) -> u32 {
    match world.rotate(family, generation, seconds).await {
        RotateOutcome::Retry(found) => found.0.generation.number(),
        other => panic!("{other:?}"),
    }
}

async fn why(store: &Arc<dyn Store>, family: &NewFamily, seconds: i64) -> Option<EndReason> {
    let found = store.families().find(key(family), at(seconds)).await.unwrap();
    found.unwrap().end
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
    // The valid token, a newer one, and after the rotation a retry and an older one.
    for rotated in 0..=2 {
        for generation in [0, rotated, 7] {
            let right = || world.rotation(&family, generation, 1);
            let presented = |presented| Rotation { presented, ..right() };
            let refused = [
                (
                    presented(PresentedRefresh {
                        client_id: &other,
                        ..right().presented
                    }),
                    RotateOutcome::Mismatch(GrantBinding::Client),
                ),
                (
                    presented(PresentedRefresh {
                        key_thumbprint: None,
                        ..right().presented
                    }),
                    RotateOutcome::Mismatch(GrantBinding::Key),
                ),
                (
                    presented(PresentedRefresh {
                        key_thumbprint: Some(&thumbprint),
                        ..right().presented
                    }),
                    RotateOutcome::Mismatch(GrantBinding::Key),
                ),
                (
                    presented(PresentedRefresh {
                        secret_digest: SecretDigest::from_bytes([9; 32]),
                        ..right().presented
                    }),
                    RotateOutcome::Unknown,
                ),
                (
                    Rotation {
                        family: FamilyId::from_bytes([9; 16]),
                        ..right()
                    },
                    RotateOutcome::Unknown,
                ),
                (
                    Rotation {
                        ends_on: Day::from_number(20_001),
                        ..right()
                    },
                    RotateOutcome::Unknown,
                ),
            ];
            for (rotation, expected) in refused {
                assert_eq!(
                    store.families().rotate(&rotation).await.unwrap(),
                    expected,
                    "{rotation:?}"
                );
            }
        }
        assert_eq!(
            world.rotated(&family, rotated, 1).await,
            rotated + 1,
            "nothing has changed"
        );
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

/// A family is refused after a change, and also when the change is taken back. A later family of
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

fn of_user(world: &World) -> Revocation {
    let whose = Revoked::User {
        id: world.user.id().clone(),
        username: world.user.username().clone(),
    };
    Revocation::until(whose, at(0))
}

fn of_client(world: &World) -> Revocation {
    Revocation::until(Revoked::Client(world.client.clone()), at(0))
}

async fn withdraw(world: &World, change: DisableAndRevoke<'_>, revocation: &Revocation) {
    assert!(world.store.news().withdraw(change, revocation).await.unwrap());
}

async fn set_status(world: &World, status: UserStatus) {
    let users = world.store.users();
    assert!(users.set_status(world.user.id(), status).await.unwrap());
}

const CHANGED: RotateOutcome = RotateOutcome::Ended(EndReason::UserChanged);

const REMOVED: RotateOutcome = RotateOutcome::Ended(EndReason::ClientRemoved);

pub async fn families_of_a_disabled_user_do_not_live_again(store: Arc<dyn Store>) {
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

pub async fn families_of_a_removed_user_do_not_live_again(store: Arc<dyn Store>) {
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

pub async fn families_of_a_removed_client_do_not_live_again(store: Arc<dyn Store>) {
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

pub async fn a_family_ends_with_the_age_of_its_session(store: Arc<dyn Store>) {
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

pub async fn a_user_has_at_most_twenty_families_at_a_client(store: Arc<dyn Store>) {
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

pub async fn rotating_at_once_rotates_once(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    for (number, count) in (1..).zip(RACES) {
        let family = world.family(number, true).await;
        for generation in 0..3 {
            let outcomes = at_once(count, |_| {
                let (world, family) = (world.clone(), family.clone());
                async move { world.rotate(&family, generation, 1).await }
            });
            let outcomes = outcomes.await;
            assert_eq!(outcomes.iter().filter(|one| is_rotated(one)).count(), 1, "of {count}");
            for outcome in outcomes {
                match outcome {
                    RotateOutcome::Rotated(found) | RotateOutcome::Retry(found) => {
                        assert_eq!(found.0.generation.number(), generation + 1);
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert_eq!(world.revoked().await, []);
}

pub async fn reuse_at_once_ends_the_family_once(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    for (number, count) in (1..).zip(RACES) {
        let family = world.family(number, true).await;
        assert_eq!(world.rotated(&family, 0, 1).await, 1);
        assert_eq!(world.rotated(&family, 1, 1).await, 2);
        let outcomes = at_once(count, |_| {
            let (world, family) = (world.clone(), family.clone());
            async move { world.rotate(&family, 0, 1).await }
        });
        let outcomes = outcomes.await;
        let reused = outcomes.iter().filter(|one| **one == RotateOutcome::Reused).count();
        let ended = RotateOutcome::Ended(EndReason::Reused);
        let ended = outcomes.iter().filter(|one| **one == ended).count();
        assert_eq!((reused, ended), (1, count - 1));
        assert_eq!(world.revoked().await.len(), usize::from(number));
    }
}

pub async fn ending_at_once_ends_once(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    for (number, count) in (1..).zip(RACES) {
        let family = world.family(number, true).await;
        let ended = at_once(count, |_| {
            let (world, key) = (world.clone(), key(&family));
            async move {
                let families = world.store.families();
                families
                    .end(key, &world.client, EndReason::Revoked, time(1))
                    .await
                    .unwrap()
            }
        });
        assert_eq!(ended.await.into_iter().filter(|ended| *ended).count(), 1, "of {count}");
        assert_eq!(world.revoked().await.len(), usize::from(number));
    }
}
