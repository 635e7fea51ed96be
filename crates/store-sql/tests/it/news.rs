//! The log of revocations and changes in a file.

use scopegate_domain::{
    Account, ClientId, Revocation, Revoked, Timestamp, TokenId, User, UserId, UserStatus, Username,
};
use scopegate_store::{DisableAndRevoke, News, NewsPage, NewsReader, StoreErrorKind, Users};

use crate::sqlite::{file, john, path, run};

#[tokio::test]
async fn a_corrupt_revocation_is_never_skipped() {
    for change in [
        "SET subject = 'ü'",
        "SET kind = 10",
        "SET second = NULL",
        "SET kind = 2",
        "SET second = 'john' || char(7)",
        "SET lane = 16",
        "SET issued_until = NULL, kind = 6",
    ] {
        let (store, folder) = file().await;
        let user = john().user;
        let whose = Revoked::User {
            id: user.id().clone(),
            username: user.username().clone(),
        };
        store
            .revoke(&Revocation::until(whose, Timestamp::from_unix(1_000)))
            .await
            .unwrap();
        run(
            &path(&folder),
            &format!("PRAGMA ignore_check_constraints = ON; UPDATE news {change}"),
        )
        .await;
        let read = NewsReader::new().read(&store, &mut |_| {}).await;
        if change.contains("lane") {
            // The entry is in no lane, so its place is missing.
            assert_eq!(read.unwrap().len(), 1);
        } else {
            assert_eq!(read.unwrap_err().kind(), StoreErrorKind::Corrupt, "{change}");
        }
    }
}

/// Revocations of the table before the log are read, and those that an older program adds.
#[tokio::test]
async fn revocations_of_an_older_version_are_read() {
    const ADD: &str = "INSERT INTO revocations (kind, id, username, issued_until, forget_at) VALUES \
         ('user', 'u1', 'johndoe', 5, 100), ('client', 'c1', NULL, 6, 50), ('token', 't1', NULL, 7, 100)";
    let (store, folder) = file().await;
    let reader = NewsReader::new();
    for _ in 0..2 {
        run(&path(&folder), ADD).await;
        let mut pages = Vec::new();
        let gaps = reader.read(&store, &mut |page| pages.push(page)).await.unwrap();
        assert_eq!(gaps, []);
        let at = Timestamp::from_unix;
        let user = john().user;
        let whose = Revoked::User {
            id: user.id().clone(),
            username: user.username().clone(),
        };
        let old = [
            Revocation::from_stored(whose, at(5), at(100)),
            Revocation::from_stored(Revoked::Client(ClientId::parse("c1").unwrap()), at(6), at(50)),
            Revocation::from_stored(Revoked::Token(TokenId::parse("t1").unwrap()), at(7), at(100)),
        ];
        assert_eq!(pages, [NewsPage::OldRevocations(old.into())]);
    }
    assert_eq!(store.forget_news(at(50)).await.unwrap(), 2);
    assert_eq!(store.old_revocations(0, 9).await.unwrap().len(), 4);
    let new = Revocation::until(Revoked::Token(TokenId::parse("t2").unwrap()), at(1));
    store.revoke(&new).await.unwrap();
    assert_eq!(
        store.old_revocations(0, 9).await.unwrap().len(),
        4,
        "the old table is not written"
    );
    assert_eq!(store.verify().await.unwrap().revocations, 5);
}

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

/// A database that was restored from an older copy has fewer entries than were read.
#[tokio::test]
async fn a_log_that_lost_entries_is_read_again() {
    let token = |id: &str| Revocation::until(Revoked::Token(TokenId::parse(id).unwrap()), at(1));
    let (store, folder) = file().await;
    for _ in 0..3 {
        store.revoke(&token("t1")).await.unwrap();
    }
    let reader = NewsReader::new();
    reader.read(&store, &mut |_| {}).await.unwrap();
    for (damage, expected, found, entries) in [
        (
            "DELETE FROM news WHERE place = 3; UPDATE news_head SET place = 2 WHERE place = 3",
            4,
            2,
            2,
        ),
        (
            "UPDATE news SET place = 5 WHERE place = 2; UPDATE news_head SET place = 5 WHERE place = 2",
            3,
            5,
            2,
        ),
        ("UPDATE news_head SET place = 7 WHERE place = 5", 6, 8, 2),
    ] {
        run(&path(&folder), damage).await;
        let mut pages = Vec::new();
        let gaps = reader.read(&store, &mut |page| pages.push(page)).await.unwrap();
        assert_eq!(gaps.len(), 1, "{damage}");
        assert_eq!((gaps[0].expected, gaps[0].found), (expected, found), "{damage}");
        assert_eq!(pages[0], NewsPage::Everything, "{damage}");
        let count = |page: &NewsPage| match page {
            NewsPage::Entries(entries) => entries.len(),
            _ => 0,
        };
        assert_eq!(pages.iter().map(count).sum::<usize>(), entries, "{damage}");
        // It is reported once.
        assert_eq!(reader.read(&store, &mut |_| {}).await.unwrap(), []);
    }
}

/// A revocation that cannot be kept is an error, not the answer that the user is unknown.
#[tokio::test]
async fn a_lane_without_a_head_is_corrupt() {
    let (store, folder) = file().await;
    store.add(john()).await.unwrap();
    run(&path(&folder), "DELETE FROM news_head").await;
    let id = john().user.id().clone();
    let whose = Revoked::User {
        id: id.clone(),
        username: john().user.username().clone(),
    };
    let revocation = Revocation::until(whose, at(1));
    let errors = [
        store.revoke(&revocation).await.unwrap_err(),
        store
            .withdraw(DisableAndRevoke::DisableUser(&id), &revocation)
            .await
            .unwrap_err(),
        store.set_status(&id, UserStatus::Disabled).await.unwrap_err(),
    ];
    assert_eq!(errors.map(|error| error.kind()), [StoreErrorKind::Corrupt; 3]);
    assert!(store.find_by_id(&id).await.unwrap().unwrap().is_active());
    let other = Account {
        user: User::new(UserId::parse("u2").unwrap(), Username::parse("ada").unwrap()),
        password_hash: None,
    };
    store.add(other).await.unwrap_err();
}
