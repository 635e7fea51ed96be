//! Tokens while the log of changes is not read.

use std::fs;
use std::process::Stdio;

use super::change;
use super::fixture::{BrokenFixture, Served};
use crate::support::Answer;

/// The last read is so old after a second, and each user is read again.
pub(super) const SHORT: [&str; 4] = ["--user-cache-age", "1s", "--revocation-age", "500ms"];

pub(super) const GRANT: &str = "grant_type=client_credentials&scope=items";

fn serve(fixture: &BrokenFixture, arguments: &[&str]) -> Served {
    fixture.serve_with(&[&SHORT, arguments].concat(), Stdio::null())
}

/// Adds a client that gets tokens and introspects. Returns its secret.
pub(super) fn service(fixture: &BrokenFixture) -> String {
    let options = ["--grant", "client_credentials", "--scope", "items", "--introspect"];
    let resource = ["--resource", crate::support::OWN_AUDIENCE, "--format", "json"];
    let line = ["client", "add", "svc", "--id", "svc", "--confidential"];
    let added = fixture.run(&[&line[..], &options, &resource].concat(), "");
    assert_eq!(added.status, 0, "{}", added.stderr);
    let added: serde_json::Value = serde_json::from_str(&added.stdout).unwrap();
    added["client_secret"].as_str().unwrap().to_owned()
}

/// The value of a sample.
fn value(metrics: &Answer, sample: &str) -> f64 {
    let value = |line: &str| line.strip_prefix(sample)?.trim().parse().ok();
    metrics.body.lines().find_map(value).unwrap_or_default()
}

/// Waits until the revocations were not read for longer than a user is cached.
pub(super) fn wait_for_silence(served: &Served) {
    served.wait_until("/metrics", |metrics| {
        value(metrics, "scopegate_news_age_seconds ") > 1.5
    });
}

/// Waits until a read of the log has begun and was answered.
fn wait_for_read(served: &Served) {
    let reads = |metrics: &Answer| {
        value(
            metrics,
            r#"scopegate_store_duration_seconds_count{method="news.heads"}"#,
        )
    };
    let before = reads(&served.metrics());
    assert!(before > 0.0);
    // One of them may have begun before.
    served.wait_until("/metrics", |metrics| reads(metrics) > before + 2.5);
}

pub(super) fn assert_unavailable(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("1")),
        "{answer:?}"
    );
    assert_eq!(answer.header("www-authenticate"), None, "{answer:?}");
}

#[test]
fn unread_revocations_stop_tokens_until_they_are_read() {
    let fixture = BrokenFixture::new();
    let secret = service(&fixture);
    let log = fixture.database.with_extension("log");
    let arguments = [&SHORT, &["--news-grace", "500ms"][..]].concat();
    let served = fixture.serve_with(&arguments, fs::File::create(&log).unwrap().into());
    let token = served.token().expect("a token");
    let introspect = || served.post("/introspect", ("svc", &secret), &format!("token={token}"));
    assert_eq!((served.me(&token).status, introspect().status), (200, 200));

    // Everything else can be read.
    change(&fixture.database, "ALTER TABLE news_head RENAME TO elsewhere");
    served.wait_until("/readyz", |answer| {
        (answer.status, answer.body.as_str()) == (503, "revocations are not read\n")
    });
    for answer in [
        served.me(&token),
        introspect(),
        served.log_in(),
        served.post("/token", ("svc", &secret), GRANT),
    ] {
        assert_unavailable(&answer);
    }
    assert_eq!((served.public(), served.me("nonsense").status), (200, 401));

    change(&fixture.database, "ALTER TABLE elsewhere RENAME TO news_head");
    served.wait_for_readiness(200);
    assert_eq!((served.me(&token).status, introspect().status), (200, 200));
    assert!(served.token().is_some());
    assert_eq!(served.post("/token", ("svc", &secret), GRANT).status, 200);

    let log = fs::read_to_string(&log).unwrap();
    for event in [
        "WARN scopegate::revocations::silence: cannot read revocations",
        "ERROR scopegate::revocations::silence: revocations are late",
        "INFO scopegate::revocations::silence: revocations are read again",
    ] {
        assert_eq!(log.matches(event).count(), 1, "{event}: {log}");
    }
}

#[test]
fn unread_revocations_stop_new_tokens_only_as_configured() {
    let fixture = BrokenFixture::new();
    let served = serve(&fixture, &["--news-grace", "500ms", "--news-stale", "allow-known"]);
    let token = served.token().expect("a token");
    assert_eq!(served.me(&token).status, 200);
    wait_for_read(&served);
    let away = fixture.database.with_extension("away");
    fs::rename(&fixture.database, &away).unwrap();
    served.wait_for_readiness(503);
    wait_for_silence(&served);
    assert_eq!(served.me(&token).status, 200, "user and token are known");
    assert_unavailable(&served.log_in());
    fs::rename(&away, &fixture.database).unwrap();
    served.wait_for_readiness(200);
    assert!(served.token().is_some());
}

#[test]
fn short_outage_does_not_affect_known_tokens() {
    let fixture = BrokenFixture::new();
    let secret = service(&fixture);
    let served = serve(&fixture, &["--news-grace", "1h"]);
    let token = served.token().expect("a token");
    let introspect = || served.post("/introspect", ("svc", &secret), &format!("token={token}"));
    assert_eq!((served.me(&token).status, introspect().status), (200, 200));
    let away = fixture.database.with_extension("away");
    fs::rename(&fixture.database, &away).unwrap();
    wait_for_silence(&served);
    assert_eq!((served.me(&token).status, introspect().status), (200, 200));
    assert_unavailable(&served.log_in());
    fs::rename(&away, &fixture.database).unwrap();
    served.wait_for_readiness(200);
    assert_eq!(served.me(&token).status, 200);
}
