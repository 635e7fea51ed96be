//! Checks the commands of shell blocks without an effect: options of the program, and names of
//! files, packages and targets.

use std::process::{Command, Stdio};

use crate::checkout::Checkout;

/// Programs of the system that a block may call.
const SYSTEM: [&str; 5] = ["curl", "grep", "openssl", "sed", "xdg-open"];

/// Returns the errors in the commands of a shell block.
pub(crate) fn faults(checkout: &Checkout, block: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for line in block.replace("\\\n", " ").replace("$(", " ").lines() {
        let line = uncommented(line);
        for command in line.split(" | ").flat_map(|part| part.split(" && ")) {
            let words = words(command.trim_matches(['(', ')', ' ']));
            let words: Vec<&str> = words
                .iter()
                .map(String::as_str)
                .skip_while(|word| is_variable(word))
                .collect();
            if let Some(fault) = fault(checkout, &words) {
                faults.push(format!("`{}`: {fault}", words.join(" ")));
            }
        }
    }
    faults
}

fn fault(checkout: &Checkout, words: &[&str]) -> Option<String> {
    match words {
        [] | ["cd", ..] | ["scopegate", "help"] => None,
        ["scopegate", arguments @ ..] | ["cargo", "run", "--release", "--", arguments @ ..] => options(arguments),
        ["cargo", arguments @ ..] => cargo(checkout, arguments),
        ["python3", script, ..] => (!checkout.contains(script)).then(|| format!("{script} does not exist")),
        [program, ..] if SYSTEM.contains(program) || checkout.contains(program) => None,
        [program, ..] => Some(format!("{program} is not a known program")),
    }
}

/// The complaint of the program about options of its own. `--help` at the end lets it parse the
/// options and do nothing.
fn options(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scopegate"));
    command.args(arguments).arg("--help").stdin(Stdio::null());
    let output = command.output().expect("the program starts");
    let error = String::from_utf8_lossy(&output.stderr);
    (!output.status.success()).then(|| error.into_owned())
}

/// Whether the packages and targets that a command of cargo names exist.
fn cargo(checkout: &Checkout, arguments: &[&str]) -> Option<String> {
    let arguments: Vec<&str> = arguments.iter().copied().take_while(|word| *word != "--").collect();
    arguments.windows(2).find_map(|pair| {
        let [option, name] = pair else { return None };
        let files: &[String] = &match *option {
            "-p" => vec![
                format!("crates/{}/Cargo.toml", name.trim_start_matches("scopegate-")),
                format!("{}/Cargo.toml", name.trim_start_matches("scopegate-")),
                format!("examples/{}/Cargo.toml", name.trim_start_matches("scopegate-example-")),
            ],
            "--path" => vec![format!("{name}/Cargo.toml")],
            "--example" => vec![format!("/examples/{name}.rs")],
            "--bench" => vec![format!("benches/{name}.rs")],
            "--test" => vec![format!("/tests/{name}.rs"), format!("/tests/{name}/main.rs")],
            _ => return None,
        };
        let exists = files
            .iter()
            .any(|file| checkout.paths().any(|path| path.ends_with(file)));
        (!exists).then(|| format!("{option} {name}: does not exist"))
    })
}

/// A line without its comment.
fn uncommented(line: &str) -> &str {
    let line = if line.trim_start().starts_with('#') { "" } else { line };
    line.split(" # ").next().unwrap_or_default()
}

/// An assignment before a command.
fn is_variable(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    word.contains('=') && name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
}

/// The words of a command, with quotes removed.
pub(crate) fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in command.chars() {
        match (letter, quote) {
            (' ', None) => words.push(String::new()),
            ('"' | '\'', None) => quote = Some(letter),
            (_, Some(open)) if open == letter => quote = None,
            _ => words.last_mut().expect("one word").push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_commands_are_reported() {
        let checkout = Checkout::of(&[("crates/http/Cargo.toml", ""), ("crates/http/examples/a.rs", "")]);
        let good = "scopegate policy lint api.yaml --format json # a comment\n\
            A=b cargo run -p scopegate-http --example a\n\ncurl -s http://a.example | sed s/a/b/\n";
        assert_eq!(faults(&checkout, good), [""; 0]);
        for wrong in [
            "scopegate policy lint api.yaml --no-such-option",
            "scopegate no-such-command",
            "cargo test -p scopegate-gone",
            "cargo run --example gone",
            "python3 gone.py",
            "unknown | grep a",
        ] {
            assert_eq!(faults(&checkout, wrong).len(), 1, "{wrong}");
        }
    }
}
