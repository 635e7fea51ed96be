//! `policy lint --baseline`: the new findings since the baseline was written.

use serde_json::Value;

use super::{HEAD, LOGIN, READ, WRITE, lint, rule, rules, with_paths};
use crate::shell::Shell;

#[test]
fn a_baseline_hides_what_was_there_before_also_where_lines_move() {
    let shell = with_paths(&format!("  /a: {{get: {READ}, put: {WRITE}, delete: {READ}}}\n"));
    let written = lint(&shell, &["--write-baseline", "base.json"]);
    assert_eq!(written.status, 0, "{}", written.stderr);
    let paths = format!("  # moved\n\n  /a: {{get: {READ}, put: {WRITE}, delete: {READ}}}\n");
    shell.write("api.yaml", &format!("{HEAD}{LOGIN}paths:\n{paths}"));
    let same = lint(&shell, &["--baseline", "base.json"]);
    assert_eq!((same.status, rules(&same)), (0, Vec::new()));
    shell.write(
        "api.yaml",
        &format!("{HEAD}{LOGIN}paths:\n{paths}  /b: {{delete: {READ}}}\n"),
    );
    let grown = lint(&shell, &["--baseline", "base.json"]);
    assert_eq!((grown.status, rules(&grown)), (1, rule("write-guarded-by-read", 1)));
    assert!(grown.stdout.contains("\"path\":\"/b\""), "{}", grown.stdout);
    shell.write("base.json", "{}");
    assert_eq!(lint(&shell, &["--baseline", "base.json"]).status, 2);
}

/// A document whose scheme `login` declares these scopes and whose operations require these.
fn with_scopes(declared: &[&str], paths: &str) -> String {
    let declared: Vec<String> = declared.iter().map(|name| format!("'{name}': x")).collect();
    let scheme = LOGIN.replace("'lamp:read': x, 'lamp:write': x", &declared.join(", "));
    format!("{HEAD}{scheme}paths:\n{paths}")
}

/// Writes a baseline of the first document. Returns the messages of the new findings in the second.
fn new_messages(before: &str, after: &str) -> Vec<String> {
    let shell = Shell::new();
    shell.write("api.yaml", before);
    let written = lint(&shell, &["--write-baseline", "base.json"]);
    assert_eq!(written.status, 0, "{}", written.stderr);
    shell.write("api.yaml", after);
    let run = lint(&shell, &["--baseline", "base.json"]);
    let data: Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = data["findings"].as_array().unwrap().iter();
    let messages: Vec<String> = findings
        .map(|finding| finding["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(run.status, i32::from(!messages.is_empty()), "{messages:?}");
    messages
}

#[test]
fn a_baseline_notices_one_more_unused_scope_among_many() {
    // A list of which more than half is unused is one that several documents share.
    let used: Vec<String> = (1..=8).map(|number| format!("lamp:u{number}")).collect();
    let ways: Vec<String> = used.iter().map(|name| format!("{{login: ['{name}']}}")).collect();
    let paths = format!("  /a: {{get: {{security: [{}]}}}}\n", ways.join(", "));
    let unused: Vec<String> = (1..=7).map(|number| format!("lamp:s{number}")).collect();
    let document = |count: usize| {
        let names: Vec<&str> = used.iter().chain(&unused[..count]).map(String::as_str).collect();
        with_scopes(&names, &paths)
    };
    // Six known scopes are combined into one finding; five are separate findings.
    for (before, after) in [(6, 7), (5, 6), (3, 4)] {
        let new = new_messages(&document(before), &document(after));
        assert_eq!(new.len(), 1, "{new:?}");
        assert!(new[0].starts_with(&format!("scope `{}`", unused[after - 1])), "{new:?}");
    }
    for (before, after) in [(7, 7), (7, 6), (7, 5), (7, 1)] {
        assert_eq!(new_messages(&document(before), &document(after)), [""; 0]);
    }
    // A combined finding that is wholly new stays one.
    assert_eq!(new_messages(&document(0), &document(7)).len(), 1);
}

#[test]
fn a_baseline_notices_one_more_undeclared_scope_and_operation() {
    let operation = |path: usize, name: usize| format!("  /p{path}: {{get: {{security: [{{login: [zz{name}q]}}]}}}}\n");
    let document = |uses: &[(usize, usize)]| {
        let paths: String = uses.iter().map(|(path, name)| operation(*path, *name)).collect();
        with_scopes(&["lamp:read"], &format!("  /a: {{get: {READ}}}\n{paths}"))
    };
    let all: Vec<(usize, usize)> = (0..8).map(|number| (number, number)).collect();
    let new = new_messages(&document(&all[..7]), &document(&all));
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].starts_with("scope `zz7q` is required"), "{new:?}");
    // A known scope at an operation that required another one before.
    let mut moved = all.clone();
    moved[0].1 = 1;
    let new = new_messages(&document(&all), &document(&moved));
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].starts_with("scope `zz1q`"), "{new:?}");
    for fewer in [8, 7, 3, 1] {
        assert_eq!(new_messages(&document(&all), &document(&all[..fewer])), [""; 0]);
    }
}

#[test]
fn a_baseline_notices_one_more_insecure_url_of_a_scheme() {
    let document = |flow: &str| {
        let scheme = LOGIN.replace("tokenUrl: 'https:", &format!("{flow}tokenUrl: 'http:"));
        format!("{HEAD}{scheme}paths:\n  /a: {{get: {READ}, put: {WRITE}}}\n")
    };
    let (one, two) = (document(""), document("refreshUrl: 'http://other.example/r', "));
    let new = new_messages(&one, &two);
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].contains("`http://other.example/r`"), "{new:?}");
    assert_eq!(new_messages(&two, &one), [""; 0]);
}

#[test]
fn a_baseline_without_members_is_refused_with_the_remedy() {
    let shell = with_paths(&format!("  /a: {{get: {READ}, put: {WRITE}}}\n"));
    shell.write("base.json", "{\"version\": 1, \"findings\": []}");
    let run = lint(&shell, &["--baseline", "base.json"]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("version 1") && run.stderr.contains("--write-baseline"),
        "{}",
        run.stderr
    );
    assert_eq!(lint(&shell, &["--write-baseline", "base.json"]).status, 0);
    assert_eq!(lint(&shell, &["--baseline", "base.json"]).status, 0);
}
