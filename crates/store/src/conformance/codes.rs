//! The rules of [`Codes`](crate::Codes).

use std::sync::Arc;

use scopegate_domain::{
    AuditEntry, AuditEvent, AuditId, Authorization, AuthorizationCode, CodeChallenge, CodeId, Day, EndReason,
    GrantBinding, KeyThumbprint, Lifetime, LoginSession, NewFamily, Revocation, Revoked, UserStatus,
};
use tokio::task::JoinSet;

use super::is_conflict;
use super::world::{World, at, client_id, key, new_family, time};
use crate::{AllowOutcome, AuditQuery, DisableAndRevoke, EndSessions, RedeemOutcome, Redemption, Store};

/// The numbers of concurrent calls.
pub(super) const RACES: [usize; 3] = [2, 8, 64];

fn is_redeemed(outcome: &RedeemOutcome) -> bool {
    matches!(outcome, RedeemOutcome::Redeemed(_))
}

async fn issued(store: &Arc<dyn Store>) -> (World, AuthorizationCode) {
    let world = World::new(store).await;
    world.begin(1).await;
    let code = world.code(1, 1);
    world.allow(&code).await;
    (world, code)
}

pub async fn a_code_is_redeemed_whole_and_once(store: Arc<dyn Store>) {
    let (world, code) = issued(&store).await;
    let new = new_family(1);
    let RedeemOutcome::Redeemed(redeemed) = world.redeem(&code, &new, 59).await else {
        panic!("the code is valid")
    };
    assert_eq!(*redeemed, (code.authorization.clone(), world.user.clone()));
    let found = store.families().find(key(&new), at(59)).await.unwrap().unwrap();
    assert_eq!(
        (found.end, found.family.began_at, found.family.ended),
        (None, at(59), None)
    );
    let stored = &found.family.authorization;
    assert_eq!(
        (stored.nonce.as_deref(), stored.scope.to_string()),
        (None, "b a".to_owned())
    );
    let expected = Authorization {
        nonce: None,
        ..code.authorization.clone()
    };
    assert_eq!(*stored, expected);
    let again = world.redeem(&code, &new_family(2), 59).await;
    assert_eq!(again, RedeemOutcome::Replayed(new.id));
    assert_eq!(store.families().find(key(&new_family(2)), at(59)).await.unwrap(), None);
}

pub async fn each_binding_of_a_code_is_compared(store: Arc<dyn Store>) {
    let (world, code) = issued(&store).await;
    let (other, none) = (client_id("c2"), None::<&KeyThumbprint>);
    let (challenge, thumbprint) = (CodeChallenge::from_bytes([9; 32]), KeyThumbprint::from_bytes([9; 32]));
    let unknown = [
        CodeId::new(Day::of(at(60)), [2; 32]),
        CodeId::new(Day::from_number(20_001), [1; 32]),
    ];
    let right = || world.redemption(&code, 1);
    let mut refused: Vec<(Redemption<'_>, RedeemOutcome)> = vec![
        (
            Redemption {
                client: &other,
                ..right()
            },
            RedeemOutcome::Mismatch(GrantBinding::Client),
        ),
        (
            Redemption {
                challenge: &challenge,
                ..right()
            },
            RedeemOutcome::Mismatch(GrantBinding::Verifier),
        ),
        (
            Redemption {
                key_thumbprint: none,
                ..right()
            },
            RedeemOutcome::Mismatch(GrantBinding::Key),
        ),
        (
            Redemption {
                key_thumbprint: Some(&thumbprint),
                ..right()
            },
            RedeemOutcome::Mismatch(GrantBinding::Key),
        ),
        (
            Redemption {
                time: time(60),
                ..right()
            },
            RedeemOutcome::Expired,
        ),
    ];
    for redirect_uri in [None, Some("https://app.example/CB"), Some("https://app.example/cb/")] {
        refused.push((
            Redemption {
                redirect_uri,
                ..right()
            },
            RedeemOutcome::Mismatch(GrantBinding::RedirectUri),
        ));
    }
    for code in &unknown {
        refused.push((Redemption { code, ..right() }, RedeemOutcome::Unknown));
    }
    for (redemption, expected) in refused {
        let refused = store.codes().redeem(&redemption, &new_family(1)).await.unwrap();
        assert_eq!(refused, expected);
    }
    assert_eq!(world.revoked().await, []);
    assert!(
        is_redeemed(&world.redeem(&code, &new_family(1), 1).await),
        "nothing has changed"
    );
}

pub async fn a_code_without_redirect_uri_and_key_is_redeemed_without(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.begin(1).await;
    let code = world.code(1, 1);
    let code = AuthorizationCode {
        authorization: Authorization {
            key_thumbprint: None,
            nonce: None,
            ..code.authorization.clone()
        },
        redirect_uri: None,
        ..code
    };
    world.allow(&code).await;
    let (uri, thumbprint) = (Some("https://app.example/cb"), KeyThumbprint::from_bytes([9; 32]));
    let right = || world.redemption(&code, 1);
    for (redemption, binding) in [
        (
            Redemption {
                redirect_uri: uri,
                ..right()
            },
            GrantBinding::RedirectUri,
        ),
        (
            Redemption {
                key_thumbprint: Some(&thumbprint),
                ..right()
            },
            GrantBinding::Key,
        ),
    ] {
        let refused = store.codes().redeem(&redemption, &new_family(1)).await.unwrap();
        assert_eq!(refused, RedeemOutcome::Mismatch(binding));
    }
    assert!(is_redeemed(&world.redeem(&code, &new_family(1), 1).await));
}

pub async fn a_replay_with_all_bindings_ends_the_family(store: Arc<dyn Store>) {
    let (world, code) = issued(&store).await;
    let new = new_family(1);
    assert!(is_redeemed(&world.redeem(&code, &new, 1).await));
    let (other, challenge) = (client_id("c2"), CodeChallenge::from_bytes([9; 32]));
    let right = || world.redemption(&code, 2);
    let entry = AuditEntry::new(AuditId::new(1, [0; 8]), AuditEvent::TokenRevoked);
    let entries = [entry.clone()];
    for redemption in [
        Redemption {
            client: &other,
            ..right()
        },
        Redemption {
            challenge: &challenge,
            ..right()
        },
        Redemption {
            redirect_uri: None,
            ..right()
        },
    ] {
        let redemption = Redemption {
            replay_audit: &entries,
            ..redemption
        };
        let refused = store.codes().redeem(&redemption, &new_family(2)).await.unwrap();
        assert!(matches!(refused, RedeemOutcome::Mismatch(_)), "{refused:?}");
    }
    assert_eq!((world.revoked().await.len(), world.rotated(&new, 0, 2).await), (0, 1));
    // Also after the expiry, and without the key.
    let replay = Redemption {
        key_thumbprint: None,
        replay_audit: &entries,
        ..world.redemption(&code, 600)
    };
    for _ in 0..2 {
        let replayed = store.codes().redeem(&replay, &new_family(2)).await.unwrap();
        assert_eq!(replayed, RedeemOutcome::Replayed(new.id));
        assert_eq!(world.revoked().await, [Revoked::Family(new.id)], "once");
        let log = store.audit().entries(&AuditQuery::default(), 9).await.unwrap();
        assert_eq!(log, [entry.clone()], "once");
    }
    let found = store.families().find(key(&new), at(600)).await.unwrap().unwrap();
    assert_eq!(found.family.ended, Some((at(600), EndReason::CodeReplayed)));
}

/// A code is refused after a change, and also when the change is taken back.
async fn ends_with(
    store: &Arc<dyn Store>,
    end: impl AsyncFn(&World),
    take_back: impl AsyncFn(&World),
    expected: [RedeemOutcome; 2],
) {
    let (world, code) = issued(store).await;
    end(&world).await;
    let new = new_family(1);
    assert_eq!(world.redeem(&code, &new, 1).await, expected[0]);
    take_back(&world).await;
    assert_eq!(world.redeem(&code, &new, 1).await, expected[1]);
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

async fn set_status(world: &World, status: UserStatus) {
    let users = world.store.users();
    assert!(users.set_status(world.user.id(), status).await.unwrap());
}

pub async fn a_code_ends_when_its_user_is_disabled(store: Arc<dyn Store>) {
    let disable = async |world: &World| set_status(world, UserStatus::Disabled).await;
    let enable = async |world: &World| set_status(world, UserStatus::Active).await;
    // The session ended with it, and its codes were removed.
    ends_with(
        &store,
        disable,
        enable,
        [RedeemOutcome::Unknown, RedeemOutcome::Unknown],
    )
    .await;
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
    ends_with(
        &store,
        revoke,
        nothing,
        [RedeemOutcome::Withdrawn, RedeemOutcome::Withdrawn],
    )
    .await;
}

pub async fn a_code_ends_when_its_client_is_revoked(store: Arc<dyn Store>) {
    let revoke = async |world: &World| world.store.news().revoke(&of_client(world)).await.unwrap();
    let nothing = async |_: &World| {};
    ends_with(
        &store,
        revoke,
        nothing,
        [RedeemOutcome::Withdrawn, RedeemOutcome::Withdrawn],
    )
    .await;
}

pub async fn a_code_ends_when_its_client_is_removed(store: Arc<dyn Store>) {
    let remove = async |world: &World| assert!(world.store.clients().remove(&world.client).await.unwrap());
    let add = async |world: &World| world.add_client().await;
    ends_with(
        &store,
        remove,
        add,
        [RedeemOutcome::Withdrawn, RedeemOutcome::Withdrawn],
    )
    .await;
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
    ends_with(
        &store,
        withdraw,
        nothing,
        [RedeemOutcome::Withdrawn, RedeemOutcome::Withdrawn],
    )
    .await;
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

pub async fn allowing_needs_an_active_session(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let (consent, code) = (world.consent("a", "", 0), world.code(1, 1));
    let allow = async |seconds| store.codes().allow(&consent, &code, at(seconds)).await.unwrap();
    assert_eq!(allow(0).await, AllowOutcome::SessionEnded);
    let session = LoginSession {
        ends_at: at(500),
        idle: Lifetime::from_seconds(100),
        ..world.session(1)
    };
    world.begin_session(&session).await;
    assert_eq!(allow(100).await, AllowOutcome::SessionEnded, "idle");
    assert_eq!(
        store.consents().find(world.user.id(), &world.client).await.unwrap(),
        None
    );
    let other = World::of(&store, "u2", "c2").await;
    let foreign = other.code(1, 1);
    let allowed = store.codes().allow(&other.consent("a", "", 0), &foreign, at(0)).await;
    assert_eq!(allowed.unwrap(), AllowOutcome::SessionEnded, "another user");
    assert_eq!(allow(99).await, AllowOutcome::Stored);
    let found = store.sessions().find(session.id(), at(198)).await.unwrap();
    assert_eq!(found.unwrap().0.seen_at, at(99), "it was a use");
    let taken = store.codes().allow(&consent, &code, at(99)).await;
    assert!(is_conflict(taken));
    let used = world.code(2, 1);
    let late = async |seconds| store.codes().allow(&consent, &used, at(seconds)).await.unwrap();
    for (number, seconds) in [(3, 198), (4, 297), (5, 396), (6, 495)] {
        let allowed = store.codes().allow(&consent, &world.code(number, 1), at(seconds)).await;
        assert_eq!(allowed.unwrap(), AllowOutcome::Stored, "{seconds}");
    }
    assert_eq!(late(500).await, AllowOutcome::SessionEnded, "over");
    set_status(&world, UserStatus::Disabled).await;
    assert_eq!(late(400).await, AllowOutcome::UserDisabled);
}

pub async fn a_consent_is_widened_and_never_narrowed(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.begin(1).await;
    let mut code = 0;
    let mut allow = async |scope: &str, refused: &str, seconds| {
        code += 1;
        let consent = world.consent(scope, refused, seconds);
        let allowed = store.codes().allow(&consent, &world.code(code, 1), at(seconds)).await;
        assert_eq!(allowed.unwrap(), AllowOutcome::Stored);
        let stored = store
            .consents()
            .find(world.user.id(), &world.client)
            .await
            .unwrap()
            .unwrap();
        let both = (stored.scope.to_string(), stored.refused_scope.to_string());
        (both.0, both.1, stored.granted_at, stored.changed_at)
    };
    let text = str::to_owned;
    assert_eq!(allow("b a", "c", 1).await, (text("b a"), text("c"), at(1), at(1)));
    assert_eq!(
        allow("a", "", 2).await,
        (text("b a"), text("c"), at(1), at(1)),
        "narrower"
    );
    assert_eq!(allow("d", "e", 3).await, (text("b a d"), text("c e"), at(1), at(3)));
    assert_eq!(allow("c", "a", 4).await, (text("b a d c"), text("e"), at(1), at(4)));
}

/// Runs calls at once, and returns their results.
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
        assert_eq!(stored.into_iter().filter_map(|one| one.err()).count(), count - 1);
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

pub async fn removed_codes_are_unknown(store: Arc<dyn Store>) {
    let (world, code) = issued(&store).await;
    assert_eq!(store.codes().remove_codes().await.unwrap(), 1);
    assert_eq!(store.codes().remove_codes().await.unwrap(), 0);
    assert_eq!(world.redeem(&code, &new_family(1), 1).await, RedeemOutcome::Unknown);
}
