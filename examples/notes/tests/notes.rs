//! The API: what callers may do, what they get, and the policy in `policy.toml`.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail")]

use std::io::{BufRead, BufReader, Lines, Write};
use std::net;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use futures_util::StreamExt;
use scopegate_example_notes::{App, KEYS, READ, WRITE, api};
use scopegate_http::serve::{DrainOutcome, Listener};
use scopegate_http::testing::{TestClient, TestResponse};
use scopegate_http::token::{SigningKey, TokenRules, Verifier};
use scopegate_http::{Gate, ScopeToken, assert_policy_snapshot};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// An API with the members ada and bob of one tenant, and eve of another one.
struct Notes {
    gate: Gate,
    url: String,
    _folder: TempDir,
}

impl Notes {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/notes.db", folder.path().display());
        let app = App::open(&url).await.unwrap();
        for (subject, tenant) in [("ada", "one"), ("bob", "one"), ("eve", "two")] {
            app.add_member(subject, tenant).await.unwrap();
        }
        let key = SigningKey::es256_generate().unwrap();
        let rules = TokenRules::rfc9068(
            "https://id.test".parse().unwrap(),
            "https://notes.test".parse().unwrap(),
        );
        let gate = api(app)
            .unwrap()
            .bearer("login", Verifier::new(rules, key.verifying_key()));
        Self {
            gate: gate.build().unwrap(),
            url,
            _folder: folder,
        }
    }

    /// A client with a token of this subject and these scopes.
    fn with(&self, subject: &str, scopes: &[ScopeToken]) -> TestClient {
        let mut test = self.gate.testing().subject(subject).scheme("login");
        for scope in scopes {
            test = test.scope(scope.clone());
        }
        TestClient::new(test.gate())
    }

    fn all(&self, subject: &str) -> TestClient {
        self.with(subject, &[READ, WRITE, KEYS])
    }
}

/// Creates a note, and returns its path.
async fn create(client: &TestClient, title: &str) -> String {
    let response = client.post("/notes").json(&json!({ "title": title })).send().await;
    assert_eq!(response.status(), 201, "{}", response.text());
    format!("/notes/{}", response.json::<i64>())
}

async fn get(client: &TestClient, path: &str) -> TestResponse {
    client.get(path).send().await
}

fn titles(response: &TestResponse) -> Vec<String> {
    let body: Value = response.json();
    let titles = body["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note["title"].as_str().unwrap());
    titles.map(str::to_owned).collect()
}

#[tokio::test]
async fn policy_is_the_agreed_one() {
    let notes = Notes::new().await;
    assert_eq!(notes.gate.operations().operations().len(), 24);
    assert_policy_snapshot!(notes.gate, "tests/policy.toml");
}

#[tokio::test]
async fn note_is_created_read_changed_and_deleted() {
    let notes = Notes::new().await;
    let ada = notes.all("ada");
    let path = create(&ada, "First").await;
    let read: Value = get(&ada, &path).await.json();
    assert_eq!(
        (&read["title"], &read["owner"], &read["tags"]),
        (&json!("First"), &json!("ada"), &json!([]))
    );
    assert!(read.get("tenant").is_none());
    let changed = ada
        .put(&path)
        .json(&json!({ "title": "Second", "text": "more" }))
        .send()
        .await;
    assert_eq!(changed.status(), 204);
    assert_eq!(get(&ada, &path).await.json::<Value>()["title"], "Second");
    assert_eq!(ada.delete(&path).send().await.status(), 204);
    assert_eq!(get(&ada, &path).await.status(), 404);
}

#[tokio::test]
async fn note_of_another_user_is_not_found() {
    let notes = Notes::new().await;
    let (ada, bob, eve) = (notes.all("ada"), notes.all("bob"), notes.all("eve"));
    let path = create(&ada, "Plan").await;
    assert_eq!(get(&bob, &path).await.status(), 404);
    assert_eq!(ada.put(&format!("{path}/readers/bob")).send().await.status(), 204);
    assert_eq!(
        get(&ada, &format!("{path}/readers")).await.json::<Vec<String>>(),
        ["bob"]
    );
    assert_eq!(get(&bob, &path).await.status(), 200);
    assert_eq!(
        bob.delete(&path).send().await.status(),
        404,
        "a reader does not own the note"
    );
    let foreign = ada.put(&format!("{path}/readers/eve")).send().await;
    assert_eq!(
        (foreign.status().as_u16(), foreign.json::<Value>()["error"].as_str()),
        (409, Some("foreign_reader"))
    );
    assert_eq!(get(&eve, &path).await.status(), 404);
    assert_eq!(ada.delete(&format!("{path}/readers/bob")).send().await.status(), 204);
    assert_eq!(get(&bob, &path).await.status(), 404);
}

#[tokio::test]
async fn lists_are_searched_and_paged() {
    let notes = Notes::new().await;
    let ada = notes.all("ada");
    let first = create(&ada, "Apples").await;
    create(&ada, "Pears").await;
    create(&ada, "Apple pie").await;
    let page = get(&ada, "/notes?limit=2").await;
    assert_eq!(titles(&page), ["Apples", "Pears"]);
    let next = page.json::<Value>()["next"].as_i64().unwrap();
    let last = get(&ada, &format!("/notes?limit=2&after={next}")).await;
    assert_eq!(
        (titles(&last), &last.json::<Value>()["next"]),
        (vec!["Apple pie".to_owned()], &Value::Null)
    );
    assert_eq!(titles(&get(&ada, "/search?q=apple&limit=1").await), ["Apples"]);
    assert_eq!(ada.put(&format!("{first}/tags/fruit")).send().await.status(), 204);
    assert_eq!(titles(&get(&ada, "/search?tag=fruit").await), ["Apples"]);
    assert_eq!(titles(&get(&ada, "/search?owner=bob").await), [""; 0]);
    assert_eq!(get(&ada, "/tags").await.json::<Vec<String>>(), ["fruit"]);
    assert_eq!(ada.delete(&format!("{first}/tags/fruit")).send().await.status(), 204);
    assert_eq!(ada.delete(&format!("{first}/tags/fruit")).send().await.status(), 404);
    let export = get(&ada, "/export").await;
    assert_eq!(export.header("content-type"), Some("text/csv"));
    assert!(
        export.text().contains("2,\"ada\",\"Pears\",\"\",\"\"\r\n"),
        "{}",
        export.text()
    );
}

#[tokio::test]
async fn file_is_uploaded_and_downloaded() {
    let notes = Notes::new().await;
    let (ada, bob) = (notes.all("ada"), notes.all("bob"));
    let files = format!("{}/files", create(&ada, "Scan").await);
    let form = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\ncontent-type: text/plain\r\n\
        \r\nhello\r\n--b--\r\n";
    let uploaded = ada
        .post(&files)
        .body("multipart/form-data; boundary=b", form)
        .send()
        .await;
    assert_eq!(uploaded.status(), 201, "{}", uploaded.text());
    let file = format!("{files}/{}", uploaded.json::<i64>());
    assert_eq!(get(&ada, &files).await.json::<Value>()[0]["name"], "a.txt");
    let downloaded = get(&ada, &file).await;
    assert_eq!(
        (downloaded.text().as_str(), downloaded.header("content-type")),
        ("hello", Some("text/plain"))
    );
    assert_eq!(
        downloaded.header("content-disposition"),
        Some("attachment; filename=\"a.txt\"")
    );
    assert_eq!(get(&bob, &file).await.status(), 404);
    let empty = ada
        .post(&files)
        .body("multipart/form-data; boundary=b", "--b--\r\n")
        .send()
        .await;
    assert_eq!(
        (empty.status().as_u16(), empty.text().contains("Field required")),
        (400, true)
    );
    assert_eq!(ada.delete(&file).send().await.status(), 204);
    assert_eq!(get(&ada, &file).await.status(), 404);
}

#[tokio::test]
async fn key_has_scopes_of_its_creator_only() {
    let notes = Notes::new().await;
    let reader = notes.with("ada", &[READ, KEYS]);
    let wanted = |scope: &str| json!({ "name": "backup", "scopes": [scope] });
    let refused = reader.post("/keys").json(&wanted("notes:write")).send().await;
    assert_eq!(
        (refused.status().as_u16(), refused.json::<Value>()["error"].as_str()),
        (403, Some("foreign_scope"))
    );
    let key = reader
        .post("/keys")
        .json(&wanted("notes:read"))
        .send()
        .await
        .json::<String>();
    let machine = TestClient::new(notes.gate.clone());
    let with_key = |path| machine.get(path).header("x-api-key", &key);
    let listed = with_key("/notes").send().await;
    assert_eq!(listed.status(), 200, "{}", listed.text());
    assert_eq!(with_key("/keys").send().await.status(), 401, "keys do not manage keys");
    let listed: Value = get(&reader, "/keys").await.json();
    assert_eq!(
        (&listed[0]["name"], &listed[0]["scopes"]),
        (&json!("backup"), &json!(["notes:read"]))
    );
    assert!(!listed.to_string().contains(&key));
    assert_eq!(notes.all("bob").delete("/keys/1").send().await.status(), 404);
    assert_eq!(reader.delete("/keys/1").send().await.status(), 204);
    assert_eq!(with_key("/notes").send().await.status(), 401);
}

#[tokio::test]
async fn refusals_have_the_form_of_errors() {
    let notes = Notes::new().await;
    assert_eq!(get(&TestClient::new(notes.gate.clone()), "/status").await.status(), 204);
    let reader = notes.with("ada", &[READ]);
    let refused = reader.post("/notes").json(&json!({ "title": "x" })).send().await;
    assert_eq!(
        (refused.status().as_u16(), refused.json::<Value>()["error"].as_str()),
        (403, Some("insufficient_scope"))
    );
    assert!(refused.header("www-authenticate").unwrap().contains("notes:write"));
    let empty = notes
        .all("ada")
        .post("/notes")
        .json(&json!({ "title": "" }))
        .send()
        .await;
    assert_eq!(
        empty.json::<Value>()["errors"].as_array().unwrap().len(),
        1,
        "{}",
        empty.text()
    );
    let invalid = get(&reader, "/notes?limit=many").await;
    assert_eq!(invalid.status(), 400);
    assert_eq!(invalid.json::<Value>()["errors"][0]["loc"], json!(["query", "limit"]));
    let stranger = get(&notes.all("mallory"), "/notes").await;
    assert_eq!(stranger.status(), 401, "not a member");
}

#[tokio::test]
async fn inactive_member_is_refused() {
    use sqlx::{Connection, SqliteConnection};
    let notes = Notes::new().await;
    let mut db = SqliteConnection::connect(&notes.url).await.unwrap();
    let query = sqlx::query("UPDATE members SET is_active = FALSE WHERE subject = 'ada'");
    query.execute(&mut db).await.unwrap();
    assert_eq!(get(&notes.all("ada"), "/notes").await.status(), 403);
    assert_eq!(get(&notes.all("bob"), "/notes").await.status(), 200);
}

/// A machine gets a ticket by its key, opens the feed through a socket, and learns of a new note.
#[tokio::test]
async fn feed_sends_changes_over_a_socket() {
    let notes = Notes::new().await;
    let ada = notes.all("ada");
    let wanted = json!({ "name": "feed", "scopes": ["notes:read"] });
    let key = ada.post("/keys").json(&wanted).send().await.json::<String>();
    let machine = TestClient::new(notes.gate.clone());
    let ticket: Value = machine.post("/tickets").header("x-api-key", &key).send().await.json();
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let gate = notes.gate.clone();
    let server = tokio::spawn(async { gate.serve_until(listener, async { stopped.await.unwrap() }).await });
    let url = format!("ws://{address}/feed?ticket={}", ticket["ticket"].as_str().unwrap());
    let connect =
        async || tokio_tungstenite::client_async(url.as_str(), TcpStream::connect(address).await.unwrap()).await;
    let (mut socket, _) = connect().await.unwrap();
    assert!(connect().await.is_err(), "a ticket is valid once");
    create(&notes.all("eve"), "Other tenant").await;
    create(&ada, "New").await;
    let change = socket.next().await.unwrap().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(change.to_text().unwrap()).unwrap(),
        json!({ "note": 2, "kind": "created" })
    );
    stop.send(()).unwrap();
    let ended = socket.next().await;
    assert!(!matches!(ended, Some(Ok(message)) if message.is_text()));
    assert_eq!(server.await.unwrap(), DrainOutcome::Complete);
}

/// The program in a folder of its own. It ends with the test.
struct Program {
    process: Child,
    folder: TempDir,
    token: String,
    port: String,
    log: Lines<BufReader<ChildStderr>>,
}

impl Program {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_scopegate-example-notes"));
        command.current_dir(&folder).env("NOTES_LISTEN", "127.0.0.1:0");
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut token = String::new();
        let mut printed = BufReader::new(process.stdout.take().unwrap());
        printed.read_line(&mut token).unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let line = log.find(|line| line.as_ref().unwrap().contains("listening")).unwrap();
        let port = line.unwrap().split("127.0.0.1:").nth(1).unwrap().to_owned();
        let port = port.chars().take_while(char::is_ascii_digit).collect();
        Self {
            process,
            folder,
            token: token.trim().to_owned(),
            port,
            log,
        }
    }

    fn send(&self, request: &str) -> net::TcpStream {
        let mut stream = net::TcpStream::connect(format!("127.0.0.1:{}", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        self.process.wait().unwrap();
    }
}

/// Neither a stream nor half a request holds it.
#[test]
fn program_ends_at_sigterm() {
    let mut program = Program::start();
    let events = format!(
        "GET /events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\r\n",
        program.token
    );
    let events = BufReader::new(program.send(&events));
    let mut lines = events.lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), "HTTP/1.1 200 OK");
    let _half = program.send("GET /notes HT");
    let pid = program.process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(program.process.wait().unwrap().success());
    let log: Vec<String> = program.log.by_ref().map(Result::unwrap).collect();
    assert!(log.last().unwrap().ends_with(" stopped"), "{log:#?}");
    assert_eq!(lines.find(|line| line == "0").unwrap(), "0", "the last chunk");
}

/// The shell block of `README.md` prints what its comments show. `..` is any text.
#[test]
fn session_of_readme_answers_as_shown() {
    let Program {
        folder, token, port, ..
    } = &Program::start();
    std::fs::write(folder.path().join("Cargo.toml"), "[workspace]").unwrap();
    let readme = include_str!("../README.md");
    let block = readme.split("```sh\n").find(|block| block.contains("TOKEN=")).unwrap();
    let block = block.split("```").next().unwrap();
    let script = block.replace("TOKEN=..", &format!("TOKEN={token}"));
    let script = script.replace("127.0.0.1:8000", &format!("127.0.0.1:{port}"));
    let script = script
        .replace("curl -s ", "curl -s -w '\\n' ")
        .replace("KEY=$(curl -s -w '\\n' ", "KEY=$(curl -s ");
    let output = Command::new("sh")
        .arg("-c")
        .arg(script)
        .current_dir(folder)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let shown: Vec<&str> = block.lines().filter_map(|line| line.strip_prefix("# ")).collect();
    assert_eq!(shown.len(), 8);
    let printed: Vec<&str> = printed
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(printed.len(), shown.len(), "{printed:#?}");
    for (printed, shown) in printed.iter().zip(shown) {
        let mut rest = Some(*printed);
        for part in shown.split("..") {
            rest = rest.and_then(|rest| rest.split_once(part)).map(|(_, rest)| rest);
        }
        assert_eq!(rest, Some(""), "{printed} is not {shown}");
    }
}
