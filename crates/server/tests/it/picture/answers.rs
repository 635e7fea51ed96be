//! The page and `can-i` give the same answers: for random requests, by ticks and by the address.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::picture::fixture::{self, PictureFixture};
use crate::picture::{documents, tables};

/// Repeatable pseudo-random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit.max(1)
    }

    /// Picks some of these, mostly few.
    fn some<'t, T>(&mut self, all: &'t [T]) -> Vec<&'t T> {
        let most = [0, 1, 2, 4, all.len()][self.below(5)];
        let mut chosen: BTreeMap<usize, &T> = BTreeMap::new();
        for _ in 0..most.min(all.len()) {
            let place = self.below(all.len());
            chosen.insert(place, &all[place]);
        }
        chosen.into_values().collect()
    }
}

/// A group of boxes: the schemes of an authorization server, and the scopes of its tokens, each
/// with a scheme that declares it.
#[derive(serde::Deserialize)]
struct Group {
    schemes: Vec<String>,
    scopes: Vec<(String, String)>,
}

fn scopegate(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_scopegate"))
        .args(arguments)
        .output()
        .expect("the program runs");
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

/// The answer of `can-i`.
fn can_i(document: &str, joined: &[&str], options: &[String]) -> BTreeSet<String> {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let answer = scopegate(&[&["policy", "can-i", document, "--format", "json"], joined, &options[..]].concat());
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let operations = answer["operations"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    operations
        .iter()
        .map(|operation| format!("{} {}", text(&operation["method"]), text(&operation["path"])))
        .collect()
}

/// The allowed operations of the page, once it has decided: in its lists, and in the visible rows.
fn allowed(fixture: &PictureFixture) -> BTreeSet<String> {
    let script =
        "return operations.flatMap(({ method, path }, number) => (allowed[number] ? [`${method} ${path}`] : []))";
    let allowed: BTreeSet<String> = serde_json::from_value(fixture.run(script)).expect("a list");
    fixture.run("byId('open-all').click()");
    for (operation, is_allowed) in fixture.shown().expect("rows") {
        assert_eq!(allowed.contains(&operation), is_allowed, "the row of {operation}");
    }
    allowed
}

/// Encodes a text for an address.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// A request: the options of `can-i`, the address of the page, and the names of its boxes.
#[derive(Default)]
struct Request {
    options: Vec<String>,
    address: Vec<String>,
    ticks: Vec<String>,
}

impl Request {
    fn random(random: &mut Random, groups: &[Group], conditions: &[String]) -> Self {
        let mut request = Self::default();
        let with_scopes = groups.iter().filter(|group| !group.scopes.is_empty()).count();
        for (place, group) in groups.iter().enumerate() {
            let server = &group.schemes[0];
            let key = if groups.len() == 1 {
                "scope".to_owned()
            } else {
                encoded(&format!("scope of {server}"))
            };
            let scopes = random.some(&group.scopes);
            let words: Vec<&str> = scopes.iter().map(|(word, _)| word.as_str()).collect();
            if !scopes.is_empty() {
                let of_scheme = |(word, scheme): &&(String, String)| format!("{word} of {scheme}");
                let text = if groups.len() == 1 {
                    words.join(" ")
                } else {
                    scopes.iter().map(of_scheme).collect::<Vec<_>>().join(" ")
                };
                request.options.extend(["--scope".to_owned(), text]);
                request.address.push(format!("{key}={}", encoded(&words.join(" "))));
                request.ticks.extend(words.iter().map(|word| format!("{place} {word}")));
            } else if random.below(3) == 0 && group.schemes.len() == 1 {
                let is_only = with_scopes == 1 && !group.scopes.is_empty();
                let option = if is_only { ["--scope", ""] } else { ["--scheme", server] };
                request.options.extend(option.map(str::to_owned));
                request.address.push(format!("{key}="));
                request.ticks.push(format!("{place} "));
            }
        }
        if request.ticks.is_empty() {
            request.address.push("credential=none".to_owned());
        }
        for condition in random.some(conditions) {
            request.options.extend(["--lacking".to_owned(), condition.clone()]);
            request.address.push(format!("lacking={}", encoded(condition)));
        }
        request
    }

    /// The conditions that do not hold.
    fn lacking(&self) -> Vec<&String> {
        let pairs = self.options.chunks_exact(2).filter(|pair| pair[0] == "--lacking");
        pairs.map(|pair| &pair[1]).collect()
    }

    /// Ticks its boxes on a page that was just reloaded.
    fn tick(&self, fixture: &PictureFixture) {
        let ticks = serde_json::to_string(&self.ticks).expect("JSON");
        let lacking = serde_json::to_string(&self.lacking()).expect("JSON");
        fixture.run(&format!(
            "const tick = (atom) => document.querySelector(`[data-tick=\"${{atom}}\"]`).click();
             const names = new Map([...boxes].map(([atom, box]) => [`${{box.server}} ${{box.isScope ? atoms[atom].name : ''}}`, atom]));
             const ticks = {ticks};
             for (const name of ticks) tick(names.get(name));
             if (ticks.length === 0) byId('nobody').click();
             for (const name of {lacking}) {{
               const atom = guardsByName.get(name);
               if (document.querySelector(`[data-tick=\"${{atom}}\"]`).checked) tick(atom);
             }}"
        ));
    }
}

/// Compares this number of random requests on the page of a document.
fn agree(document: &Path, joined: &[&str], requests: usize) {
    let bytes = fs::read_to_string(document).expect("a document");
    let fixture = fixture!(fixture::table_of(&bytes));
    let name = document.to_str().expect("a name");
    let page = fixture.path("page.html");
    let output = ["policy", "graph", name, "--output", page.to_str().expect("a name")];
    scopegate(&[&output[..], joined].concat());
    fixture.open_with("");
    let groups = "return servers.map((server, place) => ({
        schemes: server.schemes.map((atom) => atoms[atom].name),
        scopes: [...boxesByServer[place]].map(([name, atom]) => [name, atoms[schemeOf.get(atom)].name]) }))";
    let groups: Vec<Group> = serde_json::from_value(fixture.run(groups)).expect("groups");
    let conditions: Vec<String> =
        serde_json::from_value(fixture.run("return [...guardsByName.keys()]")).expect("names");
    let mut random = Random(20_261_128);
    let mut sizes = BTreeSet::new();
    for number in 0..requests {
        let request = Request::random(&mut random, &groups, &conditions);
        let expected = can_i(name, joined, &request.options);
        let about = format!("{name}: {:?}", request.options);
        sizes.insert(expected.len());
        if number % 2 == 0 {
            fixture.open_with(&format!("#{}", request.address.join("&")));
            assert_eq!(allowed(&fixture), expected, "{about} {:?}", request.address);
            assert_eq!(fixture.run("return byId('remark').hidden"), true, "{about}");
        } else {
            fixture.open_with("");
            request.tick(&fixture);
            assert_eq!(allowed(&fixture), expected, "{about}");
            let hash = fixture.hash();
            fixture.open_with(&hash);
            assert_eq!(allowed(&fixture), expected, "{about} {hash}");
            assert_eq!(fixture.hash(), hash, "{about}");
        }
    }
    assert!(sizes.len() > 2, "{name}: all answers are alike");
    fixture.all_is_quiet();
}

fn agree_on(text: &str, joined: &[&str], requests: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.json");
    fs::write(&file, text).expect("a file");
    agree(&file, joined, requests);
}

#[test]
fn answers_about_several_authorization_servers_equal_can_i() {
    agree_on(documents::SERVERS, &[], 40);
}

#[test]
fn answers_about_joined_servers_equal_can_i() {
    agree_on(documents::SERVERS, &["--same-server", "owner=partner"], 16);
    agree_on(
        documents::SERVERS,
        &["--same-server", "app=robot", "--same-server", "robot=partner"],
        30,
    );
}

#[test]
fn answers_about_words_of_bearer_tokens_and_keys_equal_can_i() {
    agree_on(documents::WORDS, &[], 20);
}

#[test]
fn answers_about_tables_equal_can_i() {
    for table in [tables::tutorial(), tables::shapes(), tables::regular(100, 17)] {
        let toml = scopegate_openapi::export::toml(&table.expect("a table")).expect("a policy");
        agree_on(&toml, &[], 16);
    }
}

#[test]
fn answers_about_real_interfaces_equal_can_i() {
    for name in ["slack.json", "google/drive.v3.json", "xero-accounting.json"] {
        if let Some(document) = fixture::real(name) {
            agree(&document, &[], 10);
        }
    }
}
