//! The help of each command shows a variable only if the command reads it.

use crate::shell::{Run, Shell};

/// The arguments that each command needs, by its words. A command that is not here needs none.
const ARGUMENTS: &[(&str, &str)] = &[
    ("audit", "--limit 1"),
    ("backup", "copy.db"),
    ("client add", "x --public"),
    ("client add-secret", "x"),
    ("client check", "x https://a.example/"),
    ("client remove", "x --yes"),
    ("client remove-secret", "x 00000000"),
    ("client revoke", "x"),
    ("client set", "x --name y"),
    ("client set-scope", "x y"),
    ("client set-secret", "x"),
    ("client show", "x"),
    ("completions", "bash"),
    ("consent withdraw", "x y"),
    ("key import", "x.pem"),
    ("key remove", "x --yes"),
    ("policy can-i", "x.yaml --scope y"),
    ("policy diff", "x.yaml x.yaml"),
    ("policy explain", "x.yaml GET /"),
    ("policy export", "x.yaml"),
    ("policy graph", "x.yaml"),
    ("policy least", "x.yaml"),
    ("policy lint", "x.yaml"),
    ("policy mine", "x.yaml"),
    ("policy routes", "x.yaml"),
    ("policy usage", "x.yaml x.log"),
    ("policy who-can", "x.yaml GET /"),
    ("restore", "copy.db"),
    ("restore check", "copy.db"),
    ("session end", "00000000"),
    ("token inspect", "x"),
    ("token issue", "--client x --scope y"),
    ("token revoke", "--jti 00000000000000000000000000000000"),
    ("token verify", "x --jwks x.json"),
    ("user add", "x --no-password"),
    ("user disable", "x"),
    ("user enable", "x"),
    ("user remove", "x --yes"),
    ("user revoke", "x"),
    ("user set", "x --email y@a.example"),
    ("user set-password", "x --password-stdin"),
    ("user set-scope", "x y"),
    ("user show", "x"),
];

/// Values that no setting accepts: one refuses an empty text, another one a text that is not ASCII.
const WRONG: [&str; 2] = ["\u{e4} b", ""];

fn help(shell: &Shell, words: &[&str]) -> String {
    shell.run(&[words, &["--help"]].concat()).stdout
}

/// The subcommands that a help lists.
fn subcommands(help: &str) -> Vec<String> {
    let list = help.split("Commands:\n").nth(1).unwrap_or_default();
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    let names = names.filter_map(|line| line.split(' ').next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The variables that a help shows.
fn variables(help: &str) -> Vec<String> {
    let parts = help.split("[env:").skip(1);
    let names = parts.filter_map(|part| part.trim_start().split([']', '=']).next());
    names.map(|name| name.trim().to_owned()).collect()
}

/// Each command that does something by itself, with its help.
fn commands(shell: &Shell) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![String::new()];
    while let Some(words) = open.pop() {
        let line: Vec<&str> = words.split_whitespace().collect();
        let help = help(shell, &line);
        let below = subcommands(&help);
        open.extend(below.iter().map(|name| format!("{words} {name}").trim().to_owned()));
        // A command with an argument of its own runs without a subcommand, too.
        if below.is_empty() || ARGUMENTS.iter().any(|(known, _)| *known == words) {
            found.push((words, help));
        }
    }
    found
}

fn run(shell: &Shell, command: &str, variable: &str, value: &str) -> Run {
    let arguments = ARGUMENTS.iter().find(|(known, _)| *known == command);
    let line = format!("{command} {}", arguments.map_or("", |(_, arguments)| arguments));
    let line: Vec<&str> = line.split_whitespace().collect();
    shell.run_with(&line, "correct horse", &[(variable, value)])
}

#[test]
fn shown_variables_are_read() {
    let shell = Shell::without_resources();
    let (mut count, mut unread) = (0, Vec::new());
    for (command, help) in commands(&shell) {
        for variable in variables(&help) {
            count += 1;
            let names = |run: &Run| match &*variable {
                // The parser of the command line reads these two.
                "SCOPEGATE_FORMAT" => run.status == 2 && run.stderr.contains("--format"),
                "SCOPEGATE_CONFIG" => run.status == 2 && run.stderr.contains(WRONG[0]),
                _ => run.stderr.contains(&*variable),
            };
            let is_read = WRONG
                .iter()
                .any(|value| names(&run(&shell, &command, &variable, value)));
            if !is_read {
                unread.push(format!("{command}: {variable}"));
            }
        }
    }
    assert!(unread.is_empty(), "{}", unread.join("\n"));
    assert!(
        count > 150,
        "only {count} variables: does the test still read the help?"
    );
}

#[test]
fn verify_shows_its_own_options() {
    let help = help(&Shell::new(), &["token", "verify"]);
    for part in [
        "The required issuer (`iss`)",
        "The required audience (`aud`)",
        "[default: rfc9068]",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
    assert!(!help.contains("SCOPEGATE_ISSUER"), "{help}");
}

#[test]
fn help_is_read() {
    let text = "Usage: a\n\nCommands:\n  add   Add [env: NO]\n        more\n  help  Print\n\nOptions:\n  --x [env: A=] [env: B]\n";
    assert_eq!(subcommands(text), ["add"]);
    assert_eq!(variables(text), ["NO", "A", "B"]);
}
