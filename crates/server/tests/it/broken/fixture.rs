//! A database at a chosen path, a server on it, and disks that can be filled.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64_simd::STANDARD;
use scopegate_domain::{Account, Client, ClientId, GrantType, PasswordHash, User, UserId, Username};
use scopegate_store::{Clients, Users};
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use tempfile::TempDir;

use crate::support::{Answer, SERVE_BOTH, Server, address_in, scopegate};

/// bcrypt of `secret`, cost 4: the next login hashes it again.
const OUTDATED: &str = "$2b$04$EixZaYVK1fsbw1ZfbX3OXecuEWXLp80MtU.0.8ZM4wHF7LiXJMApO";

/// The outcome of a command.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program with this standard input.
pub(crate) fn run(line: &[&str], input: &str) -> Run {
    let mut command = scopegate();
    command
        .args(line)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that fails at once does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A database with the user `ada` and the client `app`.
pub(crate) struct BrokenFixture {
    _folder: Option<TempDir>,
    pub(crate) database: PathBuf,
}

impl BrokenFixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixture = Self::at(folder.path());
        Self {
            _folder: Some(folder),
            ..fixture
        }
    }

    pub(crate) fn at(folder: &Path) -> Self {
        let fixture = Self {
            _folder: None,
            database: folder.join("a.db"),
        };
        fixture.with_store(async |store| {
            let user = User::new(UserId::parse("ada").unwrap(), name()).with_scope("me items".parse().unwrap());
            let password_hash = Some(PasswordHash::from_stored(OUTDATED));
            Users::add(store, Account { user, password_hash }).await.unwrap();
            let app = Client::public(ClientId::parse("app").unwrap(), "App")
                .with_grant_types([GrantType::Password])
                .with_resources([crate::support::OWN_AUDIENCE.parse().unwrap()]);
            Clients::add(store, app.with_scope("me items".parse().unwrap()))
                .await
                .unwrap();
        });
        fixture
    }

    fn with_store<T>(&self, work: impl AsyncFnOnce(&SqlStore) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let store = SqlStore::open(&DatabaseUrl::file(&self.database)).await.unwrap();
            let done = work(&store).await;
            store.close().await.unwrap();
            done
        })
    }

    pub(crate) fn outdate_password(&self) {
        let outdated = PasswordHash::from_stored(OUTDATED);
        let id = UserId::parse("ada").unwrap();
        assert!(self.with_store(async |store| store.set_password_hash(&id, Some(&outdated)).await.unwrap()));
    }

    pub(crate) fn is_password_outdated(&self) -> bool {
        let account = self.with_store(async |store| store.find_account(&name()).await.unwrap().unwrap());
        account.password_hash.unwrap().expose() == OUTDATED
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.database.display())
    }

    /// Runs a command on the database.
    pub(crate) fn run(&self, line: &[&str], input: &str) -> Run {
        run(&[line, &["--database", &self.url()]].concat(), input)
    }

    /// The names of all users, as the program lists them. Each entry is complete.
    pub(crate) fn users(&self) -> Vec<String> {
        let run = self.run(&["user", "list", "--format", "json"], "");
        assert_eq!(run.status, 0, "{}", run.stderr);
        let listed: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let users = listed["users"].as_array().unwrap().iter();
        users
            .map(|user| user["username"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn serve(&self) -> Served {
        self.serve_with(&[], Stdio::null())
    }

    /// Starts the server with these arguments, and sends its log to this output.
    pub(crate) fn serve_with(&self, arguments: &[&str], log: Stdio) -> Served {
        let mut child = scopegate()
            .args(SERVE_BOTH)
            .args(["--password-grant", "--database", &self.url()])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let mut addresses = lines.filter_map(|line| address_in(&line));
        let address = addresses.next().expect("where it listens");
        let admin = addresses
            .find(|other| *other != address)
            .expect("where supervisors ask");
        std::thread::spawn(move || addresses.for_each(drop));
        Served {
            server: Server {
                process: child,
                address,
            },
            admin,
        }
    }
}

fn name() -> Username {
    Username::parse("ada").unwrap()
}

/// A server with both listeners.
pub(crate) struct Served {
    pub(crate) server: Server,
    admin: SocketAddr,
}

impl Served {
    pub(crate) fn me(&self, token: &str) -> Answer {
        ask(
            self.server.address,
            &format!("GET /users/me/ HTTP/1.1\r\nAuthorization: Bearer {token}\r\n"),
            "",
        )
    }

    pub(crate) fn log_in(&self) -> Answer {
        let head = "POST /token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        let form = "grant_type=password&client_id=app&username=ada&password=secret&scope=me";
        ask(self.server.address, head, form)
    }

    /// The token of a successful login.
    pub(crate) fn token(&self) -> Option<String> {
        let answer = self.log_in();
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
        (answer.status == 200).then(|| body["access_token"].as_str().unwrap().to_owned())
    }

    /// Sends a form to an endpoint, with the credentials of a client.
    pub(crate) fn post(&self, path: &str, (id, secret): (&str, &str), form: &str) -> Answer {
        let pair = STANDARD.encode_to_string(format!("{id}:{secret}"));
        let head = format!(
            "POST {path} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nAuthorization: Basic {pair}\r\n"
        );
        ask(self.server.address, &head, form)
    }

    /// The status of a request without a token.
    pub(crate) fn public(&self) -> u16 {
        ask(self.server.address, "GET /openapi.json HTTP/1.1\r\n", "").status
    }

    pub(crate) fn metrics(&self) -> Answer {
        ask(self.admin, "GET /metrics HTTP/1.1\r\n", "")
    }

    /// Repeats the readiness check until it has this status.
    pub(crate) fn wait_for_readiness(&self, status: u16) {
        self.wait_until("/readyz", |answer| answer.status == status);
    }

    /// Repeats a request to the admin listener until its response is as wanted.
    pub(crate) fn wait_until(&self, path: &str, is_wanted: impl Fn(&Answer) -> bool) {
        let begin = Instant::now();
        loop {
            let answer = ask(self.admin, &format!("GET {path} HTTP/1.1\r\n"), "");
            if is_wanted(&answer) {
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(30), "{answer:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn ask(address: SocketAddr, head: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let length = body.len();
    write!(
        stream,
        "{head}Host: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    Answer::parse(&bytes)
}

/// A small disk, which is unmounted when dropped.
pub(crate) struct Disk(TempDir);

impl Disk {
    /// `None` if this process may not mount.
    pub(crate) fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.path())
            .output();
        mount
            .is_ok_and(|output| output.status.success())
            .then_some(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn remount(&self, how: &str) -> bool {
        let options = format!("remount,{how}");
        Command::new("mount")
            .args(["-o", &options])
            .arg(self.path())
            .status()
            .unwrap()
            .success()
    }

    /// Fills all free space.
    pub(crate) fn fill(&self) {
        let mut file = fs::File::create(self.path().join("filler")).unwrap();
        while file.write_all(&[0; 512]).is_ok() {}
    }

    pub(crate) fn make_space(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Prints past the harness that a test was skipped. Fails if it must not be skipped.
pub(crate) fn loudly(what: &str) {
    let required = std::env::var("SCOPEGATE_REQUIRE_MOUNT").is_ok_and(|value| value == "1");
    assert!(!required, "{what}: this process may not mount a disk");
    let _ = writeln!(std::io::stderr(), "SKIPPED, {what}: this process may not mount a disk");
}
