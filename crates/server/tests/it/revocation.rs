//! A running server refuses revoked tokens within the configured time, and the next server refuses
//! them from its start.

#![expect(clippy::disallowed_methods, reason = "what is tested is how long things take")]
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail")]

use std::time::{Duration, Instant};

use crate::shell::Shell;
use crate::support::{Answer, Server, at_most};
use serde_json::Value;

/// The configured maximum age in both profiles, and the extra time of a busy machine.
const AGE: Duration = Duration::from_secs(1);
const SLACK: Duration = Duration::from_secs(10);

const DATABASE: &str = "sqlite:a.db";

struct RevocationFixture {
    shell: Shell,
    database: String,
    profile: &'static str,
}

impl RevocationFixture {
    /// Creates a fixture with `johndoe` and the client `app`.
    fn new(profile: &'static str) -> Self {
        let shell = Shell::new();
        let add = [
            "user",
            "add",
            "johndoe",
            "--scope",
            "me items",
            "--password-stdin",
            "--database",
            DATABASE,
        ];
        assert_eq!(
            shell
                .run_with(&add, "secret", &[("SCOPEGATE_PASSWORD_MIN_LENGTH", "6")])
                .status,
            0
        );
        let client = [
            "--id", "demo-app", "--public", "--grant", "password", "--scope", "me items",
        ];
        let client = [&["client", "add", "An app", "--database", DATABASE][..], &client[..]].concat();
        assert_eq!(shell.run(&client).status, 0);
        let database = format!("sqlite:{}", shell.path().join("a.db").display());
        Self {
            shell,
            database,
            profile,
        }
    }

    fn serve(&self) -> Server {
        self.serve_with_lifetime("30m")
    }

    fn serve_with_lifetime(&self, lifetime: &str) -> Server {
        self.serve_with(lifetime, "1s")
    }

    fn serve_with(&self, lifetime: &str, user_cache_age: &str) -> Server {
        let secret = ("SCOPEGATE_SECRET_KEY", "a secret text of more than thirty-two bytes");
        let key = [secret, ("SCOPEGATE_TOKEN_LIFETIME", lifetime)];
        // The audience of tokens is the issuer, which must stay the same.
        let (database, issuer) = (&*self.database, "http://127.0.0.1:1");
        let mut arguments = vec!["--database", database, "--issuer", issuer, "--profile", self.profile];
        arguments.extend([
            "--password-grant",
            "--user-cache-age",
            user_cache_age,
            "--revocation-age",
            "1s",
        ]);
        Server::start(&arguments, &key)
    }

    fn command(&self, line: &[&str]) -> Value {
        self.shell
            .run(&[line, &["--database", DATABASE, "--format", "json"]].concat())
            .json()
    }
}

fn log_in(server: &Server) -> String {
    let form = "grant_type=password&username=johndoe&password=secret&scope=me+items&client_id=demo-app";
    let request = format!(
        "POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let answer = server.exchange(request.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

fn ask(server: &Server, token: &str) -> Answer {
    let request = format!(
        "GET /users/me/items/ HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    server.exchange(request.as_bytes())
}

fn status(server: &Server, token: &str) -> u16 {
    ask(server, token).status
}

/// Waits until the token is refused, which must happen in time.
fn is_refused_in_time(server: &Server, token: &str) {
    let begin = Instant::now();
    while status(server, token) == 200 {
        assert!(
            begin.elapsed() < at_most(AGE + SLACK),
            "still let in after {:?}",
            begin.elapsed()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A token of the same second counts as issued before the revocation.
fn next_second() {
    std::thread::sleep(Duration::from_millis(1_100));
}

#[test]
fn tokens_are_revoked_by_user_client_and_id() {
    let fixture = RevocationFixture::new("rfc");
    let server = fixture.serve();
    let jti = |token: &str| fixture.command(&["token", "inspect", token])["claims"]["jti"].clone();
    let (first, second) = (log_in(&server), log_in(&server));
    assert_eq!((status(&server, &first), status(&server, &second)), (200, 200));

    let id = jti(&first);
    let said = fixture.command(&["token", "revoke", "--jti", id.as_str().unwrap()]);
    assert_eq!(said["revoked"], id);
    is_refused_in_time(&server, &first);
    assert_eq!(status(&server, &second), 200, "the other one is as good as ever");

    let other = log_in(&server);
    let line = ["token", "revoke", "-", "--database", DATABASE, "--format", "json"];
    let said = fixture.shell.run_with(&line, &format!("{other}\n"), &[]).json();
    assert_eq!(said["revoked"], jti(&other));
    is_refused_in_time(&server, &other);
    assert_eq!(status(&server, &second), 200);

    assert_eq!(fixture.command(&["user", "revoke", "johndoe"])["revoked"], "johndoe");
    is_refused_in_time(&server, &second);
    next_second();
    let third = log_in(&server);
    assert_eq!(status(&server, &third), 200);

    assert_eq!(
        fixture.command(&["client", "revoke", "demo-app"])["revoked"],
        "demo-app"
    );
    is_refused_in_time(&server, &third);
    drop(server);

    let next = fixture.serve();
    for token in [&first, &second, &third] {
        let answer = ask(&next, token);
        assert_eq!(answer.status, 401, "known from the start");
        assert!(
            answer
                .header("www-authenticate")
                .is_some_and(|text| text.contains("invalid_token"))
        );
    }
    next_second();
    assert_eq!(status(&next, &log_in(&next)), 200);
}

#[test]
fn token_to_revoke_is_read_from_standard_input_only() {
    let fixture = RevocationFixture::new("rfc");
    let revoke = |argument: &str, input: &str| {
        let line = ["token", "revoke", argument, "--database", DATABASE];
        fixture.shell.run_with(&line, input, &[])
    };
    let given = revoke("a.b.c", "");
    assert!(given.complaint(2).contains("give `-`"), "{}", given.stderr);
    for input in ["", "\n", "nonsense\n", "a.b.c\n"] {
        let run = revoke("-", input);
        assert!(
            run.complaint(2).starts_with("standard input holds no token"),
            "{input:?}: {}",
            run.stderr
        );
    }
    // A genuine token of another kind: no id.
    let run = revoke("-", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.AAAA\n");
    assert_eq!(
        run.complaint(2),
        "the token has no `jti`, so it cannot be revoked alone"
    );
}

#[test]
fn a_user_who_was_disabled_gets_nothing_back_with_old_tokens() {
    for profile in ["rfc", "tutorial"] {
        let fixture = RevocationFixture::new(profile);
        let server = fixture.serve();
        let old = log_in(&server);
        assert_eq!(status(&server, &old), 200, "{profile}");
        assert_eq!(fixture.command(&["user", "disable", "johndoe"])["status"], "disabled");
        is_refused_in_time(&server, &old);
        next_second();
        assert_eq!(fixture.command(&["user", "enable", "johndoe"])["status"], "active");
        next_second();
        assert_eq!(status(&server, &old), 401, "{profile}");
        let new = log_in(&server);
        assert_eq!(status(&server, &new), 200, "{profile}");
    }
}

/// Every command that reduces rights, in both profiles: old tokens are refused in time, and a new
/// login is valid at once.
/// The user is cached for an hour, and a command of another process reaches the cache at once.
#[test]
fn a_changed_user_leaves_the_cache_of_a_running_server() {
    let fixture = RevocationFixture::new("tutorial");
    assert_eq!(fixture.command(&["user", "disable", "johndoe"])["status"], "disabled");
    next_second();
    let server = fixture.serve_with("30m", "1h");
    let token = log_in(&server);
    for _ in 0..2 {
        assert_eq!(status(&server, &token), 400, "the user is inactive");
    }
    assert_eq!(fixture.command(&["user", "enable", "johndoe"])["status"], "active");
    let begin = Instant::now();
    while status(&server, &token) != 200 {
        assert!(
            begin.elapsed() < at_most(AGE + SLACK),
            "still inactive after {:?}",
            begin.elapsed()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn every_change_that_takes_rights_away_reaches_issued_tokens() {
    for profile in ["rfc", "tutorial"] {
        let fixture = RevocationFixture::new(profile);
        let server = fixture.serve();
        for line in [
            &["user", "set-password", "johndoe", "--password-stdin"][..],
            &["user", "set-scope", "johndoe", "items"],
            &["client", "set-scope", "demo-app", "items"],
            &["client", "revoke", "demo-app"],
            &["user", "revoke", "johndoe"],
            &["client", "remove", "demo-app"],
            &["user", "remove", "johndoe"],
        ] {
            let restore = |line: &[&str]| fixture.command(line);
            let old = log_in(&server);
            assert_eq!(status(&server, &old), 200, "{profile} {line:?}");
            let arguments = [line, &["--database", DATABASE, "--format", "json"]].concat();
            let said = fixture
                .shell
                .run_with(&arguments, "secret", &[("SCOPEGATE_PASSWORD_MIN_LENGTH", "6")])
                .json();
            let until = said["tokens"]["issued_until"]
                .as_i64()
                .or(said["issued_until"].as_i64());
            assert!(until.is_some(), "{line:?} says what became of the tokens: {said}");
            is_refused_in_time(&server, &old);

            match line[1] {
                "set-scope" => {
                    let more = restore(&[line[0], "set-scope", line[2], "me items"]);
                    assert_eq!(more["tokens"]["revoked"], false, "more takes nothing away: {more}");
                }
                "remove" if line[0] == "client" => {
                    let client = [
                        "client", "add", "App", "--id", "demo-app", "--public", "--grant", "password", "--scope",
                        "me items",
                    ];
                    restore(&client);
                }
                "remove" => break,
                _ => {}
            }
            // A token of the tutorial contains only its expiry time.
            if profile == "tutorial" {
                next_second();
            }
            let new = log_in(&server);
            assert_eq!(status(&server, &new), 200, "{profile} after {line:?}");
            assert_eq!(status(&server, &old), 401, "{profile} {line:?}");
        }
    }
}

#[test]
fn a_new_secret_takes_the_tokens_of_the_client_back() {
    let fixture = RevocationFixture::new("rfc");
    let server = fixture.serve();
    let old = log_in(&server);
    let said = fixture.command(&["client", "set-secret", "demo-app"]);
    assert!(
        said["client_secret"].is_string() && said["tokens"]["revoked"] == true,
        "{said}"
    );
    is_refused_in_time(&server, &old);
}

#[test]
fn commands_say_in_words_what_became_of_tokens() {
    let fixture = RevocationFixture::new("rfc");
    let run = |line: &[&str]| fixture.shell.run(&[line, &["--database", DATABASE]].concat());
    let revoked = "are revoked: running servers refuse them within their `revocation_age`.";
    for line in [
        &["user", "set-scope", "johndoe", "me"][..],
        &["client", "set-scope", "demo-app", "me"],
        &["client", "set-secret", "demo-app"],
        &["user", "disable", "johndoe"],
        &["client", "remove", "demo-app"],
        &["user", "remove", "johndoe"],
    ] {
        let said = run(line);
        assert_eq!(said.status, 0, "{line:?}: {}", said.stderr);
        assert!(said.stdout.contains(revoked), "{line:?}: {}", said.stdout);
    }
    let fixture = RevocationFixture::new("rfc");
    let run = |line: &[&str]| fixture.shell.run(&[line, &["--database", DATABASE]].concat());
    let kept = "stay valid: nothing was taken away.\n";
    run(&["user", "set-scope", "johndoe", "me"]);
    assert!(
        run(&["user", "set-scope", "johndoe", "me items"])
            .stdout
            .ends_with(kept)
    );
    assert!(run(&["user", "enable", "johndoe"]).stderr.contains("stay revoked"));
}

#[test]
fn a_removed_key_takes_its_tokens_back_in_time() {
    let fixture = RevocationFixture::new("rfc");
    let server = fixture.serve();
    let old = log_in(&server);
    assert_eq!(status(&server, &old), 200);
    let keys = fixture.command(&["key", "list"]);
    let id = keys["keys"][0]["kid"].as_str().unwrap().to_owned();
    assert_eq!(fixture.command(&["key", "remove", &id])["removed"], id.as_str());
    is_refused_in_time(&server, &old);
    assert_eq!(status(&server, &log_in(&server)), 200);
}

#[test]
fn lowered_lifetime_does_not_revive_revoked_token() {
    let fixture = RevocationFixture::new("tutorial");
    let server = fixture.serve_with_lifetime("1h");
    let old = log_in(&server);
    assert_eq!(status(&server, &old), 200);
    drop(server);
    let server = fixture.serve_with_lifetime("30m");
    assert_eq!(status(&server, &old), 200, "it lives");
    assert_eq!(fixture.command(&["user", "disable", "johndoe"])["status"], "disabled");
    is_refused_in_time(&server, &old);
    assert_eq!(fixture.command(&["user", "enable", "johndoe"])["status"], "active");
    // Until the cached user has expired.
    std::thread::sleep(AGE * 3);
    assert_eq!(status(&server, &old), 401);
    drop(server);
    assert_eq!(
        status(&fixture.serve_with_lifetime("10m"), &old),
        401,
        "and at the next start"
    );
}

#[test]
fn unknown_subject_is_not_revoked() {
    let fixture = RevocationFixture::new("rfc");
    let run = |line: &[&str]| fixture.shell.run(&[line, &["--database", DATABASE]].concat());
    assert_eq!(
        run(&["user", "revoke", "nobody"]).complaint(1),
        "there is no user `nobody`"
    );
    assert_eq!(
        run(&["client", "revoke", "none"]).complaint(1),
        "there is no client `none`"
    );
    assert_eq!(
        run(&["token", "revoke", "--jti", ""]).complaint(2),
        "bad token id ``: identifier is empty"
    );
}
