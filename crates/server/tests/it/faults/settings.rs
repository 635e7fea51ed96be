//! Settings that `config check` and `serve` refuse, or warn about.

use serde_json::Value;

use crate::shell::Shell;

#[test]
fn a_least_length_of_passwords_above_the_greatest_is_refused() {
    let shell = Shell::new();
    std::fs::write(shell.path().join("s.toml"), "\npassword_min_length = 1025\n").unwrap();
    let commands: [&[&str]; 3] = [
        &["config", "check"],
        &["serve", "--listen", "127.0.0.1:0"],
        &["user", "add", "ada", "--password-stdin"],
    ];
    for command in commands {
        let run = shell.run(&[command, &["--config", "s.toml"]].concat());
        assert_eq!(
            run.complaint(2),
            "bad value for key `password_min_length` in file `s.toml`, line 2: expected a number up to 1024, as a password has \
             at most 1024 bytes, found `1025`"
        );
    }
    std::fs::write(shell.path().join("s.toml"), "password_min_length = 1024\n").unwrap();
    assert_eq!(shell.run(&["config", "check", "--config", "s.toml"]).status, 0);
}

#[test]
fn trusted_proxies_that_contain_every_address_are_a_warning() {
    let shell = Shell::new();
    let check = |proxies: &str| {
        let run = shell.run(&["config", "check", "--format", "json", "--trusted-proxy", proxies]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        let answer: Value = serde_json::from_str(&run.stdout).unwrap();
        let warnings = answer["warnings"].as_array().unwrap().len();
        (
            warnings,
            run.stderr.contains("`trusted_proxies` contains every address"),
        )
    };
    for proxies in ["0.0.0.0/0", "::/0", "10.0.0.1,0.0.0.0/1,128.0.0.0/1"] {
        assert_eq!(check(proxies), (1, true), "{proxies}");
    }
    assert_eq!(check("10.0.0.0/8"), (0, false));
    // `serve` writes it to its log, before it opens the database.
    std::fs::write(shell.path().join("scopegate.db"), "no database").unwrap();
    let serve = shell.run(&["serve", "--listen", "127.0.0.1:0", "--trusted-proxy", "::/0"]);
    assert_eq!(serve.status, 2);
    assert!(
        serve.stderr.contains("`trusted_proxies` contains every address"),
        "{}",
        serve.stderr
    );
}
