//! Guessing is limited, counted and logged, by account and by the address behind a proxy.

use serde_json::Value;

use crate::admin::fixture::AdminFixture;
use crate::support::Answer;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// A login of johndoe through a proxy on this machine.
fn log_in(fixture: &AdminFixture, password: &str, forwarded: &str) -> Answer {
    let headers = format!("{FORM}X-Forwarded-For: {forwarded}\r\n");
    let form = format!("username=johndoe&password={password}");
    fixture.call("POST", "/token", &headers, &form)
}

#[test]
fn an_attack_is_stopped_and_the_owner_logs_in() {
    let fixture = AdminFixture::start(&[
        "--login-throttle",
        "true",
        "--trusted-proxy",
        "127.0.0.1",
        "--log-format",
        "json",
        "--log-level",
        "info",
    ]);
    assert_eq!(log_in(&fixture, "secret", "198.51.100.1").status, 200);
    for number in 0..10 {
        // A client can write any addresses on the left.
        let forwarded = format!("198.51.100.1, 203.0.113.{number}");
        assert_eq!(log_in(&fixture, "wrong", &forwarded).status, 400, "{number}");
    }
    for password in ["wrong", "secret"] {
        let refused = log_in(&fixture, password, "198.51.100.1, 203.0.113.99");
        assert_eq!(refused.status, 429, "{refused:?}");
        let seconds: u64 = refused
            .header("retry-after")
            .expect("a delay")
            .parse()
            .expect("seconds");
        assert!((1..=30).contains(&seconds), "{seconds}");
        assert_eq!(refused.header("www-authenticate"), None);
    }
    assert_eq!(log_in(&fixture, "secret", "198.51.100.1").status, 200, "the owner");

    let samples = fixture.samples();
    assert_eq!(samples.count(r#"scopegate_logins_failed_total{secret="password"}"#), 10);
    assert_eq!(
        samples.count(r#"scopegate_logins_failed_total{secret="client_secret"}"#),
        0
    );
    assert_eq!(samples.count(r#"scopegate_logins_throttled_total{by="account"}"#), 2);
    let log: Vec<Value> = fixture
        .stop()
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let failed: Vec<_> = log.iter().filter(|line| line["message"] == "login failed").collect();
    assert_eq!(failed.len(), 10);
    let first = failed.first().expect("a line");
    for (field, value) in [
        ("client", "demo-app"),
        ("peer", "203.0.113.0"),
        ("cause", "WrongPassword"),
    ] {
        assert_eq!(first[field], value, "{first}");
    }
    assert!(first["user"].as_str().is_some_and(|user| !user.is_empty()), "{first}");
    let throttled = log.iter().filter(|line| line["message"] == "attempts are throttled");
    assert_eq!(throttled.count(), 1, "one line for each block, not for each attempt");
}

#[test]
fn one_address_is_stopped_for_all_accounts() {
    let fixture = AdminFixture::start(&["--login-throttle", "true"]);
    let statuses = (0..90).map(|number| {
        // No proxy is trusted, so the forwarded address has no effect.
        let headers = format!("{FORM}X-Forwarded-For: 203.0.113.{number}\r\n");
        let form = format!("username=user{number}&password=wrong");
        fixture.call("POST", "/token", &headers, &form).status
    });
    // One failure expires after ten seconds, and a busy machine may take that long.
    let before: Vec<u16> = statuses.take_while(|status| *status != 429).collect();
    assert!((30..80).contains(&before.len()), "{}", before.len());
    assert!(before.iter().all(|status| *status == 400), "{before:?}");
    let samples = fixture.samples();
    assert_eq!(samples.count(r#"scopegate_logins_throttled_total{by="address"}"#), 1);
}

#[test]
fn the_demo_does_not_throttle() {
    let fixture = AdminFixture::start(&[]);
    for _ in 0..40 {
        assert_eq!(fixture.log_in("username=johndoe&password=wrong").status, 400);
    }
}
