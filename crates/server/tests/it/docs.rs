//! Checks what the documents and marked comments refer to.

#![expect(clippy::expect_used, reason = "a test may fail, and reads its own checkout")]

use std::fs;
use std::process::Command;

use figment::Figment;
use figment::providers::{Format as _, Toml};

pub(crate) mod commands;
mod manifest;
pub(crate) mod markdown;
mod references;
mod sessions;

use crate::checkout::Checkout;
use manifest::{Manifest, Snippet};
use markdown::code_blocks;

/// Returns the code blocks of a document, each with its language.
pub(crate) fn code_blocks_of(document: &str) -> Vec<(String, String)> {
    let checkout = Checkout::read();
    let blocks = code_blocks(checkout.text(document).expect("a document"));
    let owned = |(language, block): (&str, &str)| (language.to_owned(), block.to_owned());
    blocks.into_iter().map(owned).collect()
}

/// Returns the shell blocks of a document.
pub(crate) fn shell_blocks(document: &str) -> Vec<String> {
    let blocks = code_blocks_of(document).into_iter();
    let shell = blocks.filter(|(language, _)| language == "sh");
    shell.map(|(_, block)| block).collect()
}

#[test]
fn every_reference_exists() {
    let (broken, count) = references::broken(&Checkout::read());
    assert!(
        broken.is_empty(),
        "{} references lead nowhere:\n{}",
        broken.len(),
        broken.join("\n")
    );
    assert!(count > 500, "only {count} references: does the test still read them?");
}

#[test]
fn no_conflict_of_a_merge_is_left() {
    let checkout = Checkout::read();
    let marks = ["<".repeat(7), ">".repeat(7)];
    let is_mark = |line: &&str| marks.iter().any(|mark| line.starts_with(mark.as_str()));
    let texts = checkout
        .texts("")
        .filter(|(_, text)| text.lines().any(|line| is_mark(&line)));
    let left: Vec<&str> = texts.map(|(path, _)| path).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn broken_references_are_reported() {
    let source =
        "/// Adds.\nfn adds_two_numbers() {}\n\n// INVARIANT: never. Tested by `gone_with_the_code`.\nstruct Sum;\n";
    let page = "# A page\n\n\
        Good: `domain/src/sum.rs::adds_two_numbers`, `::adds_two_numbers`, `sum.rs`, `crates/domain`, `Sum::adds_two_numbers`,\n\
        `api.yaml`, `--flag`, [here](#a-page), [there](other.md#more), [away](https://a.example).\n\n\
        `domain/src/sum.rs::adds_three_numbers`, `domain/src/product.rs`, `crates/range/`, `Sum::gone`, \
        [lost](lost.md), [no anchor](other.md#less), [out](../../out.md).\n";
    let checkout = Checkout::of(&[
        ("crates/domain/src/sum.rs", source),
        ("guide/page.md", page),
        ("guide/other.md", "## More\n"),
    ]);
    let (broken, count) = references::broken(&checkout);
    assert_eq!(
        broken,
        [
            "guide/page.md: `lost.md`",
            "guide/page.md: `other.md#less`",
            "guide/page.md: `../../out.md`",
            "guide/page.md: `domain/src/sum.rs::adds_three_numbers`",
            "guide/page.md: `domain/src/product.rs`",
            "guide/page.md: `crates/range/`",
            "guide/page.md: `Sum::gone`",
            "crates/domain/src/sum.rs: `gone_with_the_code`",
        ]
    );
    assert_eq!(count, 15);
}

/// Each code block has a language. Rust compiles as a doctest, a shell block has known commands,
/// and TOML is TOML. `text` is output. Tests run the blocks of Python and nginx.
#[test]
fn every_code_block_is_checked() {
    let checkout = Checkout::read();
    let doctests: String = checkout.texts("/src/lib.rs").map(|(_, source)| source).collect();
    let mut faults = Vec::new();
    for (path, document) in checkout.texts(".md") {
        for (language, block) in code_blocks(document) {
            let fault = match language {
                "rust" | "rust,no_run" if doctests.contains(&format!("/{path}\")]")) => None,
                "sh" => Some(commands::faults(&checkout, block).join("\n")).filter(|faults| !faults.is_empty()),
                "toml" => Figment::from(Toml::string(block))
                    .extract::<figment::value::Dict>()
                    .err()
                    .map(|error| error.to_string()),
                // `samples_of_resources_issue_tokens` reads the documents in YAML.
                "text" | "yaml" => None,
                // The tests of `programs` run them.
                "python" | "html" | "rust" if path == "docs/clients.md" => None,
                "nginx" if path == "docs/operations.md" => None,
                "rust" | "rust,no_run" => Some("no crate compiles the page as a doctest".to_owned()),
                _ => Some(format!("`{language}` is not a language of code blocks")),
            };
            faults.extend(fault.map(|fault| format!("{path}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The dependency that README.md shows is that of this checkout.
#[test]
fn dependency_of_readme_exists() {
    let checkout = Checkout::read();
    let readme = checkout.text("README.md").unwrap();
    let blocks = code_blocks(readme);
    let (_, block) = blocks.iter().find(|(language, _)| *language == "toml").unwrap();
    let dependency: Snippet = Figment::from(Toml::string(block)).extract().unwrap();
    assert!(!dependency.dependencies.is_empty());
    for (name, wanted) in dependency.dependencies {
        let path = wanted.path.strip_prefix("../scopegate/").unwrap();
        let manifest = checkout.text(&format!("{path}/Cargo.toml")).unwrap();
        let manifest: Manifest = Figment::from(Toml::string(manifest)).extract().unwrap();
        assert_eq!(manifest.package.name, name);
        for feature in wanted.features {
            assert!(
                manifest.features.contains_key(&feature),
                "{name} has no feature {feature}"
            );
        }
    }
}

/// The picture of README.md shows the policy of docs/policy-toml.md. `UPDATE_DOCS=1` draws it
/// again.
#[test]
fn picture_of_readme_is_current() {
    let checkout = Checkout::read();
    let blocks = code_blocks(checkout.text("docs/policy-toml.md").unwrap());
    let (_, policy) = blocks.iter().find(|(language, _)| *language == "toml").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("items.toml");
    fs::write(&document, policy).unwrap();
    let drawn = crate::support::scopegate()
        .args(["policy", "graph", "--output", "-"])
        .arg(&document)
        .output()
        .unwrap();
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/items.svg");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(picture, &drawn.stdout).unwrap();
    }
    assert_eq!(
        String::from_utf8(drawn.stdout).unwrap(),
        fs::read_to_string(picture).unwrap(),
        "docs/items.svg differs from the policy; UPDATE_DOCS=1 draws it"
    );
}

/// The shell block of the demo in README.md prints what its comments show.
#[test]
fn demo_of_readme_answers_as_shown() {
    let checkout = Checkout::read();
    let blocks = code_blocks(checkout.text("README.md").unwrap());
    let (_, block) = blocks.iter().find(|(_, block)| block.contains("TOKEN=")).unwrap();
    let server = crate::support::Server::start(&["--demo"], &[]);
    let script = block.replace("127.0.0.1:8000", &server.address.to_string());
    let printed = printed(&script, &[]);
    let shown = shown(block);
    assert_eq!(shown.len(), 4);
    // The first response has no end of line.
    let printed = printed.replacen("}HTTP", "}\nHTTP", 1);
    let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
    assert_eq!(printed, shown);
}

/// The session of docs/clients.md prints what its comments show.
#[test]
fn session_of_clients_answers_as_shown() {
    let checkout = Checkout::read();
    let blocks = code_blocks(checkout.text("docs/clients.md").unwrap());
    let shell_blocks = blocks.iter().filter(|(language, _)| *language == "sh");
    let [add, session, rotation, ..] = shell_blocks.map(|(_, block)| block).collect::<Vec<_>>()[..] else {
        panic!("three blocks")
    };
    let shell = crate::shell::Shell::new();
    let write = |name: &str, text: &str| fs::write(shell.path().join(name), text).unwrap();
    let (_, configuration) = blocks.iter().find(|(language, _)| *language == "toml").unwrap();
    write("scopegate.toml", configuration);
    let page = code_blocks(checkout.text("docs/authorization-server.md").unwrap());
    let (_, document) = page
        .iter()
        .find(|(_, block)| block.contains("[schemes.login]"))
        .unwrap();
    write("tutorial.toml", document);
    let run = |line: &str| {
        let words = commands::words(line);
        let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        shell
            .run(&[&words[..], &["--database", "sqlite:a.db", "--format", "json"]].concat())
            .json()
    };
    let mut secrets = Vec::new();
    for line in add.lines().filter(|line| line.starts_with("scopegate client")) {
        secrets.push(run(line)["client_secret"].as_str().unwrap().to_owned());
    }
    let database = format!("sqlite:{}", shell.path().join("a.db").display());
    let configuration = shell.path().join("scopegate.toml").display().to_string();
    let server = crate::support::Server::start(&["--config", &configuration, "--database", &database], &[]);
    let script = session.replace("127.0.0.1:8000", &server.address.to_string());
    let printed = printed(&script, &[("BILLING", &secrets[0]), ("REPORTS", &secrets[1])]);
    // The first response has no end of line.
    let printed = printed.replacen("..{", "..\n{", 1);
    assert_eq!(printed.lines().collect::<Vec<_>>(), shown(session));

    // At each step of the rotation the secrets that it names work, and no others.
    let works = |secret: &str| {
        let url = format!("http://{}/token", server.address);
        let line = format!("curl -s {url} -u \"billing:$SECRET\" -d grant_type=client_credentials");
        self::printed(&line, &[("SECRET", secret)]).contains("access_token")
    };
    let old = run("scopegate client show billing")["secrets"][0]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut states = vec![(works(&secrets[0]), None)];
    for line in rotation.lines().filter(|line| line.starts_with("scopegate client")) {
        let answer = run(&line.replace("$OLD", &old));
        if let Some(secret) = answer["client_secret"].as_str() {
            secrets.push(secret.to_owned());
        }
        if line.contains("remove-secret") {
            // The server reads the log of changes within its `revocation_age`.
            assert!((0..10_000).any(|_| !works(&secrets[0])), "the old secret works still");
        }
        states.push((works(&secrets[0]), secrets.get(2).map(|secret| works(secret))));
    }
    assert_eq!(states, [(true, None), (true, Some(true)), (false, Some(true))]);
}

/// The files and the command of docs/authorization-server.md and of README.md issue tokens.
#[test]
fn samples_of_resources_issue_tokens() {
    let checkout = Checkout::read();
    let page = code_blocks(checkout.text("docs/authorization-server.md").unwrap());
    let readme = code_blocks(checkout.text("README.md").unwrap());
    let block = |blocks: &[(&str, &str)], text: &str| {
        let found = blocks.iter().find(|(_, block)| block.contains(text));
        found.unwrap().1.to_owned()
    };
    let shell = crate::shell::Shell::new();
    let write = |name: &str, text: &str| fs::write(shell.path().join(name), text).unwrap();
    let ships = block(&page, "openapi: 3.1.0");
    write("ships.yaml", &ships);
    write("ships.json", &ships);
    write("ports.toml", &block(&page, "[schemes.oauth]"));
    for (blocks, scopes) in [(&page, "ships:read ports:read"), (&readme, "ships:read")] {
        let database = shell.path().join(format!("{}.db", scopes.len()));
        let database = format!("database = \"sqlite:{}\"\n", database.display());
        write(
            "scopegate.toml",
            &format!("{database}{}", block(blocks, "[[resources]]")),
        );
        assert_eq!(shell.run(&["config", "check", "--config", "scopegate.toml"]).status, 0);
        let lines = block(blocks, "scopegate client add \"Fleet\"");
        let line = lines.lines().find(|line| line.contains("\"Fleet\"")).unwrap();
        let words = commands::words(line);
        let words = words
            .iter()
            .skip(1)
            .map(String::as_str)
            .filter(|word| !["--config", "scopegate.toml"].contains(word));
        let words: Vec<&str> = words
            .chain(["--config", "scopegate.toml", "--format", "json"])
            .collect();
        let secret = shell.run(&words).json()["client_secret"].as_str().unwrap().to_owned();
        let config = shell.path().join("scopegate.toml");
        let server = crate::support::Server::start(&["--config", config.to_str().unwrap()], &[]);
        let curl = "curl -s http://127.0.0.1:8000/token -u \"fleet:$SECRET\" -d grant_type=client_credentials";
        assert!(block(&readme, curl).contains(curl));
        let answer = printed(
            &curl.replace("127.0.0.1:8000", &server.address.to_string()),
            &[("SECRET", &secret)],
        );
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["scope"], scopes);
    }
}

fn printed(script: &str, variables: &[(&str, &str)]) -> String {
    let mut shell = Command::new("sh");
    let output = shell.arg("-c").arg(script).envs(variables.iter().copied()).output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

/// The comments of a session: what it prints.
fn shown(block: &str) -> Vec<&str> {
    block.lines().filter_map(|line| line.strip_prefix("# ")).collect()
}
