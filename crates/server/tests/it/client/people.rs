//! The settings of clients that log in users.

use serde_json::{Value, json};

use crate::shell::Shell;

const DAY: u32 = 86_400;

fn add_app(shell: &Shell, options: &[&str]) -> Value {
    let line = [
        "client",
        "add",
        "App",
        "--id",
        "app",
        "--public",
        "--grant",
        "authorization_code",
        "--grant",
        "refresh_token",
        "--redirect-uri",
        "https://app.example/cb",
    ];
    super::json(shell, &[&line[..], options].concat())
}

#[test]
fn settings_for_people_are_stored_and_changed() {
    let shell = Shell::without_resources();
    let options = ["--post-logout-redirect-uri", "https://app.example/bye", "--first-party"];
    let times = ["--refresh-idle", "12h", "--refresh-age", "7d"];
    let added = add_app(&shell, &[&options[..], &times].concat());
    assert_eq!(added["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(added["post_logout_redirect_uris"], json!(["https://app.example/bye"]));
    assert_eq!(added["first_party"], json!(true));
    assert_eq!(
        (&added["refresh_idle"], &added["refresh_age"]),
        (&json!(DAY / 2), &json!(7 * DAY))
    );

    let set = |options: &[&str]| super::json(&shell, &[&["client", "set", "app"], options].concat());
    let two = [
        "--redirect-uri",
        "https://app.example/cb",
        "--redirect-uri",
        "http://127.0.0.1/cb",
    ];
    assert_eq!(
        set(&two)["redirect_uris"],
        json!(["https://app.example/cb", "http://127.0.0.1/cb"])
    );
    assert_eq!(
        set(&["--post-logout-redirect-uri", ""])["post_logout_redirect_uris"],
        json!([])
    );
    assert_eq!(set(&["--no-first-party"])["first_party"], json!(false));
    assert_eq!(set(&["--refresh-idle", "1h"])["refresh_idle"], json!(3_600));
    assert_eq!(set(&["--refresh-idle", ""])["refresh_idle"], json!(DAY));
    let last = set(&["--refresh-age", ""]);
    assert_eq!(
        (&last["refresh_age"], &last["tokens"]["revoked"]),
        (&json!(14 * DAY), &json!(false))
    );

    let shown = shell.run(&["client", "show", "app"]).stdout;
    for line in [
        "first party    no",
        "refresh idle   1d (default)",
        "refresh age    14d (default)",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    assert_eq!(
        set(&["--grant", "authorization_code"])["tokens"]["revoked"],
        json!(true)
    );
    assert!(!shell.run(&["client", "show", "app"]).stdout.contains("refresh idle"));
}

#[test]
fn impossible_settings_for_people_are_refused() {
    let shell = Shell::without_resources();
    add_app(&shell, &[]);
    let before = super::json(&shell, &["client", "show", "app"]);
    for (options, message) in [
        (
            &["--first-party", "--redirect-uri", "http://127.0.0.1/cb"][..],
            "a first-party client needs a redirect URI with `https`, because any program can act as this client; add one, or leave \
             out the right",
        ),
        (
            &["--refresh-age", "366d"],
            "the refresh age is between 1 second and 365 days; choose one of these",
        ),
        (
            &["--refresh-idle", "15d"],
            "the refresh idle time is between 1 second and the refresh age; choose one of these",
        ),
        (
            &["--refresh-idle", "0"],
            "the refresh idle time is between 1 second and the refresh age; choose one of these",
        ),
        (
            &["--refresh-age", "soon"],
            "bad `--refresh-age` `soon`: give a time such as `12h` or `90d`",
        ),
        (
            &["--refresh-idle", "-1s"],
            "bad `--refresh-idle` `-1s`: give a time such as `12h` or `90d`",
        ),
        (
            &["--post-logout-redirect-uri", "/bye"],
            "bad post-logout redirect URI `/bye`: redirect URI must be absolute",
        ),
    ] {
        let refused = shell.run(&[&["client", "set", "app"], options].concat());
        assert_eq!(refused.complaint(2), message, "{options:?}");
    }
    let unknown = shell.run(&["client", "set", "app", "--grant", "implicit"]);
    assert!(
        unknown.complaint(2).contains("this server knows `authorization_code`"),
        "{}",
        unknown.stderr
    );
    assert_eq!(super::json(&shell, &["client", "show", "app"]), before);
}

#[test]
fn setting_without_effect_is_noted() {
    let shell = Shell::without_resources();
    add_app(&shell, &["--scope", "me"]);
    for (options, note) in [
        (
            &["--redirect-uri", ""][..],
            "note: client `app` has no redirect URI, so it gets no codes; \
            `scopegate client set app --redirect-uri URI` sets one",
        ),
        (
            &["--grant", "refresh_token"],
            "note: client `app` gets no refresh tokens: they come with authorization codes; \
            `scopegate client set app --grant GRANT` sets its grants",
        ),
    ] {
        let run = shell.run(&[&["client", "set", "app"], options].concat());
        assert_eq!((run.status, run.stderr.trim_end()), (0, note), "{options:?}");
    }
}
