//! What visits of the pages read and write: statements are counted by the metrics of the server.

use std::io::{BufRead, BufReader, Read, Write};

use super::life::{PASSWORD, Site};
use super::{Browser, query};
use crate::admin::{AdminFixture, more};
use crate::audit::stop;
use crate::support::Server;

const URI: &str = "https://web.example/cb";
/// Less than the families of a user and client, because the oldest ends with an entry of the log.
const VISITS: u32 = 15;

/// The calls of each method of the store that happen meanwhile, and the commits. The log of changes
/// is read each 15 s, and its reads are left out.
fn calls_of(fixture: &AdminFixture, mut visit: impl FnMut()) -> Vec<(String, u64)> {
    let before = fixture.store_calls();
    (0..VISITS).for_each(|_| visit());
    let mut made = more(&before, &fixture.store_calls());
    // The server reads the log of changes for itself, too, but not for each visit.
    made.retain(|(name, count)| !name.contains("\"news.") || *count >= u64::from(VISITS));
    for (_, count) in made.iter_mut().filter(|(name, _)| name.contains("\"news.")) {
        *count -= *count % u64::from(VISITS);
    }
    made
}

/// One call of a method in each visit.
fn each(method: &str) -> (String, u64) {
    let sample = format!("scopegate_store_duration_seconds_count{{method=\"{method}\"}}");
    (sample, u64::from(VISITS))
}

/// One commit in each visit.
fn commits() -> (String, u64) {
    ("commits".to_owned(), u64::from(VISITS))
}

/// A server that has made its first pass of the cleanup. The log of changes is read each 15 s.
fn serve(site: &Site) -> AdminFixture {
    let (database, issuer) = (site.database(), "https://id.example");
    let fixture = AdminFixture::serve(&["--database", &database, "--issuer", issuer, "--revocation-age", "1m"]);
    fixture.wait_for_cleanup();
    fixture
}

#[test]
fn pages_read_client_session_and_consent_alone() {
    let site = Site::new();
    let fixture = serve(&site);
    let (server, path) = (&fixture.server, format!("/authorize?{}", query("web", URI)));
    let made = calls_of(&fixture, || {
        assert_eq!(Browser::default().get(server, &path).heading(), "Log in");
    });
    assert_eq!(made, [each("clients.find")]);
    let mut browser = Browser::default();
    let login = browser.get(server, &path);
    let consent = browser.log_in(server, &login, "/login", "jane", PASSWORD);
    assert!(consent.has("action=\"/consent\""), "{consent:?}");
    let made = calls_of(&fixture, || {
        assert!(browser.get(server, &path).has("action=\"/consent\""));
    });
    assert_eq!(
        made,
        [each("clients.find"), each("consents.find"), each("sessions.find")]
    );
}

#[test]
fn code_and_refresh_need_one_change_each() {
    let site = Site::new();
    let fixture = serve(&site);
    let (server, mut browser) = (&fixture.server, Browser::default());
    let mut issued: Vec<_> = (0..=VISITS)
        .map(|_| browser.answer(server, &query("web", URI), "jane", PASSWORD))
        .collect();
    // The client is cached from here on.
    let mut tokens = site.redeem(server, &issued.pop().unwrap());
    let made = calls_of(&fixture, || {
        site.redeem(server, &issued.pop().unwrap());
    });
    assert_eq!(made, [each("codes.redeem"), each("news.heads"), commits()]);
    let made = calls_of(&fixture, || {
        let (status, next) = site.refresh(server, &tokens);
        assert_eq!(status, 200, "{next}");
        tokens = next;
    });
    assert_eq!(made, [each("families.rotate"), commits()]);
    let token = super::text(&tokens, "refresh_token");
    let forged = format!("{}AAAAA", token.get(..token.len() - 5).unwrap());
    tokens["refresh_token"] = forged.into();
    let made = calls_of(&fixture, || {
        let (status, refused) = site.refresh(server, &tokens);
        assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_grant")));
    });
    assert_eq!(made, []);
}

/// Sends the same request again and again on one connection.
fn visit(server: &Server, request: &str, count: usize) {
    let mut stream = server.connect();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    for _ in 0..count {
        stream.write_all(request.as_bytes()).unwrap();
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let begin = head.len();
            assert_ne!(answers.read_line(&mut head).unwrap(), 0, "{head}");
            let line = head.get(begin..).unwrap();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        answers.read_exact(&mut body).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(String::from_utf8(body).unwrap().contains("action=\"/login\""));
    }
}

#[test]
fn visits_without_login_leave_the_file_unchanged() {
    let site = Site::new();
    let request = format!("GET /authorize?{} HTTP/1.1\r\nHost: a\r\n\r\n", query("web", URI));
    let mut counted = Vec::new();
    for visits in [1, 10_000] {
        let server = site.start(&[]);
        visit(&server, &request, visits);
        stop(server);
        counted.push((site.shell.pages(), site.shell.rows()));
    }
    assert_eq!(counted[0], counted[1]);
}
