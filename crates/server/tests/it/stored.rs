//! Stored clients and users that do not fit the configuration, as the start, a reload and
//! `config check` report them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::shell::Shell;
use crate::support::{Answer, OWN_API, Server, address_in, scopegate_alone, shell_script};

const SHIPS: &str = "https://api.example/ships";

/// A server whose log is read.
struct Logged {
    server: Server,
    log: Receiver<String>,
}

impl Logged {
    fn start(shell: &Shell, line: &[&str]) -> Self {
        let mut process = scopegate_alone()
            .current_dir(shell.path())
            .args(["serve", "--listen", "127.0.0.1:0", "--log-level", "warn"])
            .args(line)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = lines_of(&mut process);
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = output.find_map(|line| address_in(&line.unwrap())).unwrap();
        std::thread::spawn(move || output.for_each(drop));
        Self {
            server: Server { process, address },
            log,
        }
    }

    /// Waits for a line that contains this text.
    fn wait_for(&self, text: &str) {
        let mut lines = std::iter::from_fn(|| self.log.recv_timeout(Duration::from_mins(1)).ok());
        assert!(lines.any(|line| line.contains(text)), "{text}");
    }
}

fn lines_of(process: &mut Child) -> Receiver<String> {
    let (sender, lines) = channel();
    let log = BufReader::new(process.stderr.take().unwrap()).lines();
    std::thread::spawn(move || log.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    lines
}

fn policy(scope: &str) -> String {
    format!(
        "title = \"T\"\nversion = \"1\"\n[schemes.oauth]\nkind = \"oauth2\"\nclient_credentials = {{ token = \"token\" }}\n\
         [schemes.oauth.scopes]\n\"{scope}\" = \"Use {scope}.\"\n"
    )
}

#[test]
fn start_reload_and_check_name_the_same_holders() {
    let shell = Shell::new();
    let database = shell.path().join("a.db").display().to_string();
    let ports = "https://api.example/ports";
    let tables = |ports: &str| {
        let ships = format!("[[resources]]\naudience = \"{SHIPS}\"\ndocument = \"ships.toml\"\n");
        let text = format!("issuer = \"https://id.example\"\ndatabase = \"sqlite:{database}\"\n{ships}{ports}");
        fs::write(shell.path().join("s.toml"), text).unwrap();
    };
    fs::write(shell.path().join("ships.toml"), policy("ships")).unwrap();
    fs::write(shell.path().join("ports.toml"), policy("ports")).unwrap();
    let both = format!("[[resources]]\naudience = \"{ports}\"\ndocument = \"ports.toml\"\n");
    tables(&both);
    for number in 0..7 {
        let id = format!("c{number}");
        let line = [
            "client",
            "add",
            &id,
            "--id",
            &id,
            "--confidential",
            "--config",
            "s.toml",
        ];
        let options = ["--resource", ports, "--scope", "shisp"];
        assert_eq!(shell.run(&[&line[..], &options].concat()).status, 0);
    }
    let add = ["user", "add", "ada", "--no-password", "--scope", "shisp"];
    assert_eq!(shell.run(&[&add[..], &["--config", "s.toml"]].concat()).status, 0);

    let clients = "7 clients (`c0`, `c1`, `c2`, `c3`, `c4` and 2 more)";
    let scope = format!("{clients} and user `ada`: no resource declares scope `shisp`, so no token contains it");
    let resource = format!("{clients}: resource `{ports}` is not configured, so no token is for it");
    let server = Logged::start(&shell, &["--config", "s.toml"]);
    server.wait_for(&scope);
    tables("");
    let id = server.server.process.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    server.wait_for(&scope);
    server.wait_for(&resource);
    drop(server);

    let check = shell.run(&["config", "check", "--config", "s.toml", "--format", "json"]);
    assert!(
        check.stderr.contains(&scope) && check.stderr.contains(&resource),
        "{}",
        check.stderr
    );
    assert_eq!(check.json()["warnings"].as_array().unwrap().len(), 2);
}

fn log_in(server: &Server) -> Answer {
    let form = "grant_type=password&username=ada&password=correct+horse&scope=me";
    let head = "Host: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
    let length = form.len();
    server.exchange(format!("POST /token HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{form}").as_bytes())
}

#[test]
fn refused_logins_of_the_tutorial_have_their_cause() {
    let shell = Shell::new();
    let options = ["--config", OWN_API, "--database", "sqlite:a.db"];
    let user = ["user", "add", "ada", "--scope", "me", "--password-stdin"];
    let added = shell.run_with(&[&user[..], &options].concat(), "correct horse\n", &[]);
    assert_eq!(added.status, 0, "{}", added.stderr);
    let tutorial = [&["--profile", "tutorial"][..], &options].concat();

    let server = Logged::start(&shell, &tutorial);
    server.wait_for("there is no client `demo-app`, which all logins of the profile `tutorial` use");
    for _ in 0..3 {
        let answer = log_in(&server.server);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, body["error"].as_str()), (400, Some("invalid_client")));
    }
    server.wait_for("logins are refused; the client of all logins is absent");
    let check = shell.run(&[&["config", "check", "--format", "json"][..], &tutorial].concat());
    let warnings = check.json()["warnings"].clone();
    let warning = warnings[0].as_str().unwrap();
    assert!(warnings.as_array().unwrap().len() == 1, "{warnings}");

    let (_, command) = warning.split_once("`scopegate ").unwrap();
    let (command, _) = command.split_once('`').unwrap();
    let added = shell_script(&format!("exec \"$0\" {command}"))
        .env("SCOPEGATE_CONFIG", OWN_API)
        .env("SCOPEGATE_DATABASE", "sqlite:a.db")
        .current_dir(shell.path())
        .output()
        .unwrap();
    assert!(added.status.success(), "{command}: {added:?}");
    assert_eq!(log_in(&server.server).status, 200);
    // One line for all three logins.
    let later: Vec<String> = server.log.try_iter().collect();
    assert!(
        !later.iter().any(|line| line.contains("logins are refused")),
        "{later:?}"
    );
    let check = shell.run(&[&["config", "check", "--format", "json"][..], &tutorial].concat());
    assert_eq!(check.json()["warnings"].as_array().unwrap().len(), 0);
}
