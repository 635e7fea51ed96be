//! The rules of [`Codes`](crate::Codes).

use std::sync::Arc;

use scopegate_domain::{
    AuditEntry, AuditEvent, AuditId, Authorization, AuthorizationCode, CodeChallenge, CodeId, Day, EndReason,
    GrantBinding, KeyThumbprint, Lifetime, LoginSession, Revoked, UserStatus,
};

use super::is_conflict;
use super::world::{World, at, client_id, is_redeemed, issued, key, new_family, set_status, time};
use crate::{AllowOutcome, AuditQuery, RedeemOutcome, Redemption, Store};

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
    let (other, challenge) = (client_id("c2"), CodeChallenge::from_bytes([9; 32]));
    let thumbprint = KeyThumbprint::from_bytes([9; 32]);
    let of_day = |day, digest| CodeId::new(Day::from_number(day), [digest; 32]);
    let (first, second) = (of_day(20_000, 2), of_day(20_001, 1));
    let mut refused = [(); 10].map(|()| world.redemption(&code, 1));
    refused[0].client = &other;
    refused[1].redirect_uri = None;
    refused[2].redirect_uri = Some("https://app.example/CB");
    refused[3].redirect_uri = Some("https://app.example/cb/");
    refused[4].challenge = &challenge;
    refused[5].key_thumbprint = None;
    refused[6].key_thumbprint = Some(&thumbprint);
    refused[7].time = time(60);
    refused[8].code = &first;
    refused[9].code = &second;
    let of = RedeemOutcome::Mismatch;
    let expected = [
        of(GrantBinding::Client),
        of(GrantBinding::RedirectUri),
        of(GrantBinding::RedirectUri),
        of(GrantBinding::RedirectUri),
        of(GrantBinding::Verifier),
        of(GrantBinding::Key),
        of(GrantBinding::Key),
        RedeemOutcome::Expired,
        RedeemOutcome::Unknown,
        RedeemOutcome::Unknown,
    ];
    for (redemption, expected) in refused.iter().zip(expected) {
        let refused = store.codes().redeem(redemption, &new_family(1)).await.unwrap();
        assert_eq!(refused, expected);
    }
    assert_eq!(world.revoked().await, []);
    let redeemed = world.redeem(&code, &new_family(1), 1).await;
    assert!(is_redeemed(&redeemed), "nothing has changed");
}

pub async fn missing_bindings_must_be_missing_again(store: Arc<dyn Store>) {
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
        assert_eq!(log, entries, "once");
    }
    let found = store.families().find(key(&new), at(600)).await.unwrap().unwrap();
    assert_eq!(found.family.ended, Some((at(600), EndReason::CodeReplayed)));
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

pub async fn removed_codes_are_unknown(store: Arc<dyn Store>) {
    let (world, code) = issued(&store).await;
    assert_eq!(store.codes().remove_codes().await.unwrap(), 1);
    assert_eq!(store.codes().remove_codes().await.unwrap(), 0);
    assert_eq!(world.redeem(&code, &new_family(1), 1).await, RedeemOutcome::Unknown);
}
