//! One server trusts another, as the documentation describes it.

use crate::docs::{code_blocks_of, shell_blocks};
use crate::shell::Shell;
use crate::support::Server;

/// Runs the command line of a block of the documentation, except `serve`.
fn run(shell: &Shell, line: &str, address: &str) -> String {
    let words = crate::docs::commands::words(&line.replace("127.0.0.1:8001", address));
    let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let run = shell.run(&words);
    assert_eq!(run.status, 0, "{line}: {}", run.stderr);
    run.stdout
}

fn me(server: &Server, token: &str) -> (u16, String) {
    let head = "GET /users/me/ HTTP/1.1\r\nHost: a\r\nConnection: close";
    let answer = server.exchange(format!("{head}\r\nAuthorization: Bearer {token}\r\n\r\n").as_bytes());
    (answer.status, answer.body)
}

#[test]
fn token_of_one_server_opens_an_operation_of_another() {
    let shell = Shell::new();
    let blocks = shell_blocks("docs/issuers.md");
    let of = |part: &str| blocks.iter().find(|block| block.contains(part)).unwrap();
    let (first, second, issue) = (of("client add App"), of("alice-of-a"), of("token issue"));
    let blocks = code_blocks_of("docs/issuers.md");
    let file = |part: &str| {
        blocks
            .iter()
            .find(|(_, block)| block.contains(part))
            .unwrap()
            .1
            .as_str()
    };
    let (document, of_a, of_b) = (file("[[operations]]"), file("sqlite:a.db"), file("sqlite:b.db"));

    // The issuer of A is its address, so the port is found first.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let write = |name: &str, text: &str| {
        let database = |name: &str| format!("sqlite:{}", shell.path().join(name).display());
        let text = text
            .replace("sqlite:a.db", &database("a.db"))
            .replace("sqlite:b.db", &database("b.db"));
        let file = shell.path().join(name);
        std::fs::write(&file, text.replace("127.0.0.1:8001", &address)).unwrap();
        file.to_str().unwrap().to_owned()
    };
    write("tutorial.toml", document);
    let (a, b) = (write("a.toml", of_a), write("b.toml", of_b));
    let is_command = |line: &&str| line.starts_with("scopegate ") && !line.contains(" serve ");
    for line in first.lines().filter(is_command) {
        run(&shell, line, &address);
    }
    let _a = Server::start_at(&["--config", &a], &[]);
    let file = b.as_str();
    let token = run(&shell, issue.trim(), &address);
    let token = token.trim();
    let b = Server::start(&["--config", file], &[]);
    assert_eq!(me(&b, token).0, 401, "no local user yet");
    drop(b);
    for line in second.lines().filter(is_command) {
        run(&shell, line, &address);
    }
    let b = Server::start(&["--config", file], &[]);
    let (status, body) = me(&b, token);
    assert!(status == 200 && body.contains("alice-of-a"), "{status} {body}");
    let own = format!("{token}x");
    assert_eq!(me(&b, &own).0, 401);
}
