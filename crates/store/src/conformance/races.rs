//! Concurrent calls: of those with the same input, one succeeds.

use std::sync::Arc;

use scopegate_domain::EndReason;
use tokio::task::JoinSet;

use super::world::{World, at, is_redeemed, is_rotated, key, new_family, time};
use crate::{AllowOutcome, EndSessions, RedeemOutcome, RotateOutcome, Store};

/// The numbers of concurrent calls.
pub(super) const RACES: [usize; 3] = [2, 8, 64];

/// Runs calls at once, and returns their results in the order in which the calls end.
pub(super) async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    count: usize,
    call: impl Fn(usize) -> F,
) -> Vec<T> {
    let mut calls = JoinSet::new();
    for number in 0..count {
        calls.spawn(call(number));
    }
    calls.join_all().await
}

/// Runs calls at once, and returns how many of them return `true`.
pub(super) async fn count_yes<F: Future<Output = bool> + Send + 'static>(
    count: usize,
    call: impl Fn(usize) -> F,
) -> usize {
    at_once(count, call).await.into_iter().filter(|yes| *yes).count()
}

pub async fn allowing_at_once_stores_one_code(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.begin(1).await;
    for (number, count) in (1..).zip(RACES) {
        let stored = at_once(count, |scope| {
            let (world, code) = (world.clone(), world.code(number, 1));
            async move {
                let consent = world.consent(&format!("s{scope}"), "", 0);
                world.store.codes().allow(&consent, &code, at(0)).await
            }
        });
        let stored = stored.await;
        let count_of = |outcome: AllowOutcome| {
            stored
                .iter()
                .filter(|one| matches!(one, Ok(one) if *one == outcome))
                .count()
        };
        assert_eq!(count_of(AllowOutcome::Stored), 1, "of {count}");
        assert_eq!(stored.into_iter().filter_map(Result::err).count(), count - 1);
    }
    // Concurrent consents are added up.
    let all = at_once(8, |scope| {
        let (world, number) = (world.clone(), 100 + u8::try_from(scope).unwrap());
        async move {
            let consent = world.consent(&format!("t{scope}"), "", 0);
            world.store.codes().allow(&consent, &world.code(number, 1), at(0)).await
        }
    });
    assert!(all.await.into_iter().all(|one| matches!(one, Ok(AllowOutcome::Stored))));
    let stored = store
        .consents()
        .find(world.user.id(), &world.client)
        .await
        .unwrap()
        .unwrap();
    let all: Vec<_> = stored.scope.iter().map(ToString::to_string).collect();
    assert!((0..8).all(|scope| all.contains(&format!("t{scope}"))), "{all:?}");
}

pub async fn redeeming_at_once_succeeds_once(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.begin(1).await;
    for (number, count) in (1..).zip(RACES) {
        let code = world.code(number, 1);
        world.allow(&code).await;
        let outcomes = at_once(count, |family| {
            let (world, code) = (world.clone(), code.clone());
            let new = new_family(number * 60 + u8::try_from(family).unwrap());
            async move { world.redeem(&code, &new, 1).await }
        });
        let outcomes = outcomes.await;
        assert_eq!(outcomes.iter().filter(|one| is_redeemed(one)).count(), 1, "of {count}");
        let replayed = outcomes.iter().filter(|one| matches!(one, RedeemOutcome::Replayed(_)));
        assert_eq!(replayed.count(), count - 1);
        let families = store
            .families()
            .of_client(world.user.id(), &world.client, at(1), 99)
            .await
            .unwrap();
        assert_eq!(families.len(), usize::from(number));
        assert!(families.iter().all(|found| found.end == Some(EndReason::CodeReplayed)));
        assert_eq!(world.revoked().await.len(), usize::from(number), "each once");
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

pub async fn newer_tokens_at_once_move_the_row_once(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    for (number, count) in (1..).zip(RACES) {
        let family = world.family(number, true).await;
        let outcomes = at_once(count, |_| {
            let (world, family) = (world.clone(), family.clone());
            async move { world.rotate(&family, 3, 1).await }
        });
        let outcomes = outcomes.await;
        let count_of = |is_it: fn(&RotateOutcome) -> bool| outcomes.iter().filter(|one| is_it(one)).count();
        let forwarded = count_of(|one| matches!(one, RotateOutcome::Forwarded(_)));
        let retried = count_of(|one| matches!(one, RotateOutcome::Retry(_)));
        assert_eq!((forwarded, retried), (1, count - 1));
    }
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
        let ended = count_yes(count, |_| {
            let (world, key) = (world.clone(), key(&family));
            async move {
                let families = world.store.families();
                families
                    .end(key, &world.client, EndReason::Revoked, time(1))
                    .await
                    .unwrap()
            }
        });
        assert_eq!(ended.await, 1, "of {count}");
        assert_eq!(world.revoked().await.len(), usize::from(number));
    }
}

pub async fn ending_a_session_at_once_ends_it_once(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    for (number, count) in (1..).zip(RACES) {
        world.family(number, true).await;
        let ended = at_once(count, |_| {
            let (world, id) = (world.clone(), *world.session(number).id());
            async move {
                world
                    .store
                    .sessions()
                    .end(EndSessions::One(&id), time(1))
                    .await
                    .unwrap()
            }
        });
        let ended: Vec<_> = ended.await.into_iter().flatten().collect();
        assert_eq!(ended.len(), 1, "of {count}");
        assert_eq!(
            (ended[0].families.len(), world.revoked().await.len()),
            (1, usize::from(number))
        );
    }
}

pub async fn withdrawing_at_once_withdraws_once(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    for (number, count) in (1..).zip(RACES) {
        world.family(number, true).await;
        let withdrawn = count_yes(count, |_| {
            let world = world.clone();
            async move {
                let consents = world.store.consents();
                consents.withdraw(&world.user, &world.client, time(1)).await.unwrap()
            }
        });
        assert_eq!(withdrawn.await, 1, "of {count}");
        assert_eq!(world.revoked().await.len(), 2 * usize::from(number));
    }
}
