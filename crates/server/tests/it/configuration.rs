//! `config check` and `serve` agree, and a server logs which grants are enabled.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may fail")]

use crate::shell::Shell;
use crate::support::Server;
use serde_json::Value;

const CORP: &str = "[[issuers]]\nname = 'corp'\n";

#[test]
fn config_check_refuses_what_serve_refuses() {
    let shell = Shell::new();
    create_databases(&shell);
    let unknown_scope = format!("{CORP}issuer = 'https://id.example'\nscopes = ['mee']\n");
    let own = format!("issuer = 'https://own.example'\n{CORP}issuer = 'https://own.example'\n");
    let cases = [
        ("listen = '0.0.0.0:48123'\n", "`issuer` is missing"),
        ("issuer = 'http://id.example'\n", "use an `https://` address"),
        ("database = 'sqlite:no/such/x.db'\n", "folder `no/such`"),
        ("database = 'sqlite:folder'\n", "is not a regular file"),
        ("database = 'sqlite:text.db'\n", "give another file"),
        ("database = 'sqlite:foreign.db'\n", "of another program"),
        ("database = 'sqlite:newer.db'\n", "use the newer program"),
        ("database = 'sqlite:damaged.db'\n", "restore a backup"),
        ("database = 'sqlite:gone.db'\n", "`gone.db-wal`"),
        ("database = 'sqlite:lost.db'\n", "`lost.db.kek`"),
        ("database = 'sqlite:link.db'\n", "symbolic link"),
        ("demo = true\ndatabase = 'sqlite:used.db'\n", "holds other users"),
        ("database = 'sqlite:unsealed.db'\n", "`unsealed.db.kek` is missing"),
        ("database = 'sqlite:resealed.db'\n", "key `"),
        (
            "listen = '127.0.0.1:48124'\nadmin_listen = '0.0.0.0:48124'\nissuer = 'https://id.example'\n",
            "another port",
        ),
        ("database = 'mysql:x'\n", "`database`"),
        ("shadow_policy = 'none.yaml'\n", "`none.yaml`"),
        ("secret_key = 'short'\n", "too short"),
        (&unknown_scope, "`mee`"),
        (&own, "`https://own.example`"),
    ];
    for (file, says) in cases {
        std::fs::write(shell.path().join("s.toml"), file).unwrap();
        let before = names(&shell);
        let check = shell.run(&["config", "check", "--config", "s.toml"]);
        assert_eq!(names(&shell), before, "nothing is created: {file}");
        let mut serve = vec!["serve", "--config", "s.toml", "--log-level", "error"];
        if !file.contains("listen") {
            serve.extend(["--listen", "127.0.0.1:0"]);
        }
        let serve = shell.run(&serve);
        assert_eq!(check.complaint(2), serve.complaint(2), "{file}");
        assert!(check.complaint(2).contains(says), "{file}: {}", check.stderr);
    }
}

fn names(shell: &Shell) -> Vec<std::ffi::OsString> {
    let entries = std::fs::read_dir(shell.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

/// Creates databases that `serve` does not open.
fn create_databases(shell: &Shell) {
    let path = |name: &str| shell.path().join(name);
    let user = ["user", "add", "ada", "--scope", "me", "--password-stdin"];
    let line = [&user[..], &["--database", "sqlite:used.db"]].concat();
    assert_eq!(shell.run_with(&line, "correct horse", &[]).status, 0);
    for name in ["unsealed.db", "resealed.db", "other.db"] {
        let url = format!("sqlite:{name}");
        let line = [&user[..], &["--database", &url]].concat();
        assert_eq!(shell.run_with(&line, "correct horse", &[]).status, 0);
        assert_eq!(shell.run(&["key", "rotate", "--database", &url]).status, 0);
    }
    std::fs::remove_file(path("unsealed.db.kek")).unwrap();
    std::fs::copy(path("other.db.kek"), path("resealed.db.kek")).unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    std::fs::write(path("text.db"), "no database\n".repeat(100)).unwrap();
    std::fs::write(path("gone.db-wal"), "log").unwrap();
    std::fs::write(path("lost.db.kek"), "key").unwrap();
    std::os::unix::fs::symlink("nowhere.db", path("link.db")).unwrap();
    let good = std::fs::read(path("used.db")).unwrap();
    std::fs::write(path("damaged.db"), good.get(..4096).unwrap()).unwrap();
    std::fs::write(path("newer.db"), &good).unwrap();
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES (9999, 'later', TRUE, x'00', 1)";
    change(&path("newer.db"), sql);
    change(&path("foreign.db"), "CREATE TABLE notes (note TEXT)");
}

/// Changes a database without the program, and leaves no log behind.
pub(crate) fn change(path: &std::path::Path, sql: &str) {
    use sqlx::{Connection as _, Executor as _};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new();
        let options = options.filename(path).create_if_missing(true);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    });
}

#[test]
fn config_check_shows_issuers_and_derived_values() {
    let shell = Shell::new();
    let file = format!("{CORP}issuer = 'https://id.example'\n");
    std::fs::write(shell.path().join("s.toml"), file).unwrap();
    let line = ["config", "check", "--config", "s.toml"];
    let shown = shell.run(&[&line[..], &["--format", "json"]].concat()).json();
    assert_eq!(shown["settings"]["issuers"], serde_json::json!(["https://id.example"]));
    assert_eq!(shown["derived"]["issuer"], "http://127.0.0.1:8000");
    assert_eq!(shown["derived"]["audience"], "http://127.0.0.1:8000");
    let human = shell.run(&line).stdout;
    assert!(human.contains("[[issuers]] \"https://id.example\""), "{human}");
    assert!(
        human.contains("# issuer is derived: \"http://127.0.0.1:8000\""),
        "{human}"
    );
    std::fs::write(shell.path().join("again.toml"), &human).unwrap();
    assert_eq!(shell.run(&["config", "check", "--config", "again.toml"]).status, 0);
}

fn document(server: &Server) -> Value {
    let answer = server.exchange(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    serde_json::from_str(&answer.body).expect("JSON")
}

fn token(server: &Server) -> Value {
    let form = "grant_type=password&username=a&password=b&client_id=c";
    let head =
        "POST /token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
    let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{form}", form.len());
    serde_json::from_str(&server.exchange(request.as_bytes()).body).expect("JSON")
}

#[test]
fn server_without_password_grant_reports_it_in_every_answer() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("a.db").display());
    let shell = Shell::new();
    let client = [
        "client",
        "add",
        "c",
        "--id",
        "c",
        "--public",
        "--grant",
        "password",
        "--database",
        &url,
    ];
    assert_eq!(shell.run(&client).status, 0);

    let server = Server::start(&["--database", &url], &[]);
    let flows = &document(&server)["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"];
    assert_eq!(flows.get("password"), None);
    let refused = token(&server);
    assert_eq!(refused["error"], "unsupported_grant_type");
    let description = refused["error_description"].as_str().expect("a description");
    assert!(description.contains("`password_grant`"), "{description}");
    drop(server);

    let server = Server::start(&["--database", &url, "--password-grant"], &[]);
    assert!(document(&server)["paths"]["/token"]["post"].is_object());
    let flows = &document(&server)["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"];
    assert!(flows["password"].is_object(), "{flows}");
    assert_eq!(token(&server)["error"], "invalid_grant");
}
