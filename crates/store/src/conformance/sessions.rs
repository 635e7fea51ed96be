//! The rules of [`Sessions`](crate::Sessions).

use std::sync::Arc;

use scopegate_domain::{
    Acr, AuthenticationMethod, EndReason, FamilyId, Lifetime, LoginContext, LoginSession, Revocation, Revoked,
    SessionId, UserStatus,
};

use super::is_conflict;
use super::world::{World, at, key, new_family, place, set_status, time};
use crate::{BeginOutcome, DisableAndRevoke, EndSessions, EndedSession, RedeemOutcome, RotateOutcome, Store};

pub async fn a_session_is_kept_whole(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let session = world.session(1);
    let session = LoginSession {
        login: LoginContext {
            acr: Acr::parse("urn:x:2").unwrap(),
            amr: vec![AuthenticationMethod::Password; 2],
            ..session.login.clone()
        },
        user_agent: "A' \"%b".to_owned(),
        ..session
    };
    world.begin_session(&session).await;
    let found = store.sessions().find(session.id(), at(5)).await.unwrap();
    assert_eq!(found, Some((session.clone(), world.user.clone())));
    assert_eq!(
        store.sessions().of_user(world.user.id(), at(5), 9).await.unwrap(),
        std::slice::from_ref(&session)
    );
    let again = store.sessions().begin(&session, None, 50, time(0)).await;
    assert!(is_conflict(again));
    assert_eq!(store.sessions().find(world.session(2).id(), at(5)).await.unwrap(), None);
    assert_eq!(store.sessions().remove_sessions().await.unwrap(), 1);
    assert_eq!(store.sessions().find(session.id(), at(5)).await.unwrap(), None);
}

pub async fn a_session_ends_by_idleness_and_age(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let session = LoginSession {
        ends_at: at(2_000),
        idle: Lifetime::from_seconds(700),
        ..world.session(1)
    };
    world.begin_session(&session).await;
    let sessions = store.sessions();
    let is_found = async |seconds| {
        let is_found = sessions.find(session.id(), at(seconds)).await.unwrap().is_some();
        let listed = sessions.of_user(world.user.id(), at(seconds), 9).await.unwrap();
        assert_eq!(listed.len(), usize::from(is_found));
        is_found
    };
    assert!(is_found(699).await && !is_found(700).await);
    let touch = async |seconds| sessions.touch(session.id(), at(seconds)).await.unwrap();
    assert!(!touch(299).await, "too early");
    assert!(!touch(700).await, "idle");
    assert!(touch(300).await && !touch(599).await && touch(600).await);
    assert!(is_found(1_299).await && !is_found(1_300).await);
    assert!(touch(1_200).await && touch(1_500).await);
    assert!(is_found(1_999).await && !is_found(2_000).await && !touch(2_000).await);
    set_status(&world, UserStatus::Disabled).await;
    assert!(!is_found(1_999).await && !touch(1_900).await);
}

pub async fn a_session_begins_for_an_active_user(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    set_status(&world, UserStatus::Disabled).await;
    let begin = async |number| {
        let session = world.session(number);
        store.sessions().begin(&session, None, 50, time(0)).await.unwrap()
    };
    assert_eq!(begin(1).await, BeginOutcome::UserDisabled);
    set_status(&world, UserStatus::Active).await;
    assert_eq!(store.sessions().of_user(world.user.id(), at(0), 9).await.unwrap(), []);
    assert_eq!(begin(1).await, BeginOutcome::Begun(Vec::new()));
    assert!(store.users().remove(world.user.id()).await.unwrap());
    assert_eq!(begin(2).await, BeginOutcome::UserDisabled);
}

/// The sessions of a user end with the change, and do not live again.
async fn end_with(store: Arc<dyn Store>, change: impl for<'a> AsyncFn(&World, &Revocation)) {
    let (world, other) = (World::new(&store).await, World::of(&store, "u2", "c2").await);
    let (session, foreign) = (world.begin(1).await, other.begin(2).await);
    let code = world.code(1, 1);
    world.allow(&code).await;
    let whose = Revoked::User {
        id: world.user.id().clone(),
        username: world.user.username().clone(),
    };
    change(&world, &Revocation::until(whose, at(0))).await;
    // The user is active again.
    let users = store.users();
    if !users.set_status(world.user.id(), UserStatus::Active).await.unwrap() {
        world.add_user().await;
    }
    assert_eq!(store.sessions().find(&session, at(1)).await.unwrap(), None);
    let redeemed = world.redeem(&code, &new_family(1), 1).await;
    assert_eq!(redeemed, RedeemOutcome::Unknown, "its code was removed");
    assert!(store.sessions().find(&foreign, at(1)).await.unwrap().is_some());
}

pub async fn sessions_end_when_the_user_is_disabled(store: Arc<dyn Store>) {
    end_with(store, async |world: &World, _: &Revocation| {
        set_status(world, UserStatus::Disabled).await;
    })
    .await;
}

pub async fn sessions_end_when_the_user_is_removed(store: Arc<dyn Store>) {
    let remove = async |world: &World, _: &Revocation| {
        assert!(world.store.users().remove(world.user.id()).await.unwrap());
    };
    end_with(store, remove).await;
}

pub async fn sessions_end_with_each_right(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let (id, scope) = (world.user.id(), "me".parse().unwrap());
    let whose = Revoked::User {
        id: id.clone(),
        username: world.user.username().clone(),
    };
    let revocation = Revocation::until(whose, at(0));
    for (number, change) in (1..).zip([
        DisableAndRevoke::SetPasswordHash(id, None),
        DisableAndRevoke::SetUserScope(id, &scope),
        DisableAndRevoke::DisableUser(id),
        DisableAndRevoke::RemoveUser(id),
    ]) {
        let session = world.begin(number).await;
        assert!(store.news().withdraw(change, &revocation).await.unwrap());
        if !store.users().set_status(id, UserStatus::Active).await.unwrap() {
            world.add_user().await;
        }
        assert_eq!(
            store.sessions().find(&session, at(1)).await.unwrap(),
            None,
            "{change:?}"
        );
    }
}

pub async fn ending_a_session_ends_what_depends_on_it(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let session = world.begin(1).await;
    let (bound, offline) = (world.family_of(1, 1, true).await, world.family_of(1, 2, false).await);
    let (second, elsewhere) = (world.family_of(1, 3, true).await, world.family(4, true).await);
    let code = world.code(9, 1);
    world.allow(&code).await;
    let before = store
        .families()
        .end(key(&second), &world.client, EndReason::Revoked, time(0));
    assert!(before.await.unwrap());
    let end = async || store.sessions().end(EndSessions::One(&session), time(1)).await.unwrap();
    let ended = EndedSession {
        id: session,
        user_id: world.user.id().clone(),
        families: vec![bound.id],
    };
    assert_eq!(end().await, [ended]);
    assert_eq!(end().await, []);
    assert_eq!(
        world.rotate(&bound, 0, 2).await,
        RotateOutcome::Ended(EndReason::SessionEnded)
    );
    assert_eq!(
        world.rotate(&second, 0, 2).await,
        RotateOutcome::Ended(EndReason::Revoked)
    );
    assert_eq!(
        (
            world.rotated(&offline, 0, 2).await,
            world.rotated(&elsewhere, 0, 2).await
        ),
        (1, 1)
    );
    let redeemed = world.redeem(&code, &new_family(9), 1).await;
    assert_eq!(redeemed, RedeemOutcome::Unknown);
    let mut revoked = world.revoked().await;
    revoked.sort_unstable();
    assert_eq!(revoked, [Revoked::Family(bound.id), Revoked::Family(second.id)]);
}

pub async fn all_other_sessions_end(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store).await, World::of(&store, "u2", "c2").await);
    let families = [
        world.family(1, true).await,
        world.family(2, true).await,
        world.family(3, true).await,
    ];
    let foreign = other.family(4, true).await;
    let ids: Vec<SessionId> = (1..=3).map(|number| *world.session(number).id()).collect();
    let ended = store
        .sessions()
        .end(EndSessions::AllExcept(world.user.id(), &ids[1]), time(1))
        .await
        .unwrap();
    let summary: Vec<_> = ended.iter().map(|ended| (ended.id, ended.families.clone())).collect();
    assert_eq!(
        summary,
        [(ids[0], vec![families[0].id]), (ids[2], vec![families[2].id])]
    );
    assert_eq!(world.rotated(&families[1], 0, 1).await, 1);
    let ended = store
        .sessions()
        .end(EndSessions::AllOf(world.user.id()), time(1))
        .await
        .unwrap();
    assert_eq!(ended.iter().map(|ended| ended.id).collect::<Vec<_>>(), [ids[1]]);
    assert_eq!(
        store
            .sessions()
            .end(EndSessions::AllOf(world.user.id()), time(1))
            .await
            .unwrap(),
        []
    );
    assert_eq!(other.rotated(&foreign, 0, 1).await, 1);
    assert_eq!(world.revoked().await.len(), 3);
}

pub async fn the_oldest_session_gives_way(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store).await, World::of(&store, "u2", "c2").await);
    let foreign = other.begin(9).await;
    let next = async |number, seconds| -> Vec<(SessionId, Vec<FamilyId>)> {
        let begun = store
            .sessions()
            .begin(&world.session(number), None, 2, time(seconds))
            .await;
        match begun.unwrap() {
            BeginOutcome::Begun(ended) => ended.into_iter().map(|ended| (ended.id, ended.families)).collect(),
            BeginOutcome::UserDisabled => panic!("the user is active"),
        }
    };
    let (first, second) = (*world.session(1).id(), *world.session(2).id());
    assert_eq!(next(1, 0).await, []);
    let family = world.family_of(1, 1, true).await;
    assert_eq!(next(2, 0).await, []);
    assert_eq!(next(3, 0).await, [(first, vec![family.id])]);
    // One that is over goes before an older one.
    let over = LoginSession {
        ends_at: at(10),
        ..world.session(5)
    };
    let begun = store.sessions().begin(&over, None, 3, time(0)).await.unwrap();
    assert_eq!(begun, BeginOutcome::Begun(Vec::new()));
    let begun = store
        .sessions()
        .begin(&world.session(6), None, 3, time(10))
        .await
        .unwrap();
    assert!(matches!(begun, BeginOutcome::Begun(ended) if ended.len() == 1 && ended[0].id == *over.id()));
    assert!(store.sessions().find(&second, at(10)).await.unwrap().is_some());
    assert!(store.sessions().find(&foreign, at(10)).await.unwrap().is_some());
    assert_eq!(world.revoked().await, [Revoked::Family(family.id)]);
}

pub async fn a_new_login_takes_over(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let old = world.begin(1).await;
    let family = world.family_of(1, 1, true).await;
    let code = world.code(2, 1);
    world.allow(&code).await;
    let new = world.session(2);
    let begun = store.sessions().begin(&new, Some(&old), 50, time(1)).await;
    assert_eq!(begun.unwrap(), BeginOutcome::Begun(Vec::new()));
    assert_eq!(store.sessions().find(&old, at(1)).await.unwrap(), None);
    let redeemed = world.redeem(&code, &new_family(2), 2).await;
    let RedeemOutcome::Redeemed(redeemed) = redeemed else {
        panic!("{redeemed:?}")
    };
    assert_eq!(redeemed.0.login.session, *new.id());
    assert_eq!((world.rotated(&family, 0, 2).await, place(&*store, "u1").await), (1, 0));
    let ended = store.sessions().end(EndSessions::One(new.id()), time(3)).await.unwrap();
    assert_eq!(ended[0].families.len(), 2);
}

pub async fn a_login_of_another_user_ends_the_session(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store).await, World::of(&store, "u2", "c2").await);
    let old = world.begin(1).await;
    let family = world.family_of(1, 1, true).await;
    let begun = store.sessions().begin(&other.session(2), Some(&old), 50, time(1)).await;
    assert_eq!(begun.unwrap(), BeginOutcome::Begun(Vec::new()));
    assert_eq!(store.sessions().find(&old, at(1)).await.unwrap(), None);
    assert_eq!(
        world.rotate(&family, 0, 2).await,
        RotateOutcome::Ended(EndReason::SessionEnded)
    );
    assert_eq!(world.revoked().await, [Revoked::Family(family.id)]);
}
