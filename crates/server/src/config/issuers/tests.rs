//! Tests of the settings of issuers: what is read, and what is refused with its place.

use scopegate_domain::ScopeToken;

use crate::config::tests::load;

fn issuers(table: &str, variables: &[(&str, &str)]) -> Result<usize, String> {
    let file = format!("[[issuers]]\n{table}");
    load(&[], variables, Some(&file)).map(|settings| settings.issuers.len())
}

#[test]
fn what_the_documentation_shows_is_read() {
    let text = include_str!("../../../../../docs/issuers.md");
    let blocks = text
        .split("```toml\n")
        .skip(1)
        .filter_map(|block| block.split("```").next());
    let files: Vec<&str> = blocks.filter(|block| block.contains("[[issuers]]")).collect();
    assert!(files.len() >= 4, "{}", files.len());
    for file in files {
        let secret = [("SCOPEGATE_ISSUER_CORP_CLIENT_SECRET", "x")];
        let variables = if file.contains("opaque") { &secret[..] } else { &[] };
        let settings = load(&[], variables, Some(file)).unwrap_or_else(|fault| panic!("{fault}:\n{file}"));
        assert!(!settings.issuers.is_empty());
    }
}

#[test]
fn every_key_of_a_table_is_documented() {
    let text = include_str!("../../../../../docs/issuers.md");
    let source = include_str!("../issuers.rs");
    let (_, fields) = source.split_once("struct Written {").unwrap();
    let (fields, _) = fields.split_once('}').unwrap();
    let names = fields
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(name, _)| name);
    let mut count = 0;
    for name in names {
        count += 1;
        assert!(text.contains(&format!("\n| `{name}` |")), "`{name}`");
    }
    assert_eq!(count, 19);
}

#[test]
fn value_of_another_type_has_a_remedy() {
    for (line, fault) in [
        (
            "absent_typ = 'yes'",
            "key `absent_typ` of issuer 1 in file `DIR/scopegate.toml`, line 4: it is a text; write `true` or `false`",
        ),
        ("scopes = 'me'", "it is a text; write a list in brackets"),
    ] {
        let table = format!("name = 'corp'\nissuer = 'https://id.example'\n{line}");
        let found = issuers(&table, &[]).unwrap_err();
        assert!(found.contains(fault), "{table}\n{found}");
    }
}

#[test]
fn a_fault_says_which_issuer_and_what_is_expected() {
    let corp = "name = 'corp'\nissuer = 'https://id.example'\n";
    let cases = [
        (
            "issuer = 'https://id.example'",
            "issuer 1 in file `DIR/scopegate.toml`, line 1: key `name` is missing; add it",
        ),
        ("name = 'corp'", "key `issuer` is missing; add it"),
        (
            "name = 'Corp'\nissuer = 'https://id.example'",
            "key `name` of issuer `Corp` in file `DIR/scopegate.toml`, line 2: expected lower-case letters",
        ),
        (
            "name = 'corp'\nissuer = 'id.example'",
            "key `issuer` of issuer `corp` in file `DIR/scopegate.toml`, line 3",
        ),
        (
            &format!("{corp}[[issuers]]\n{corp}"),
            "expected a name that no other issuer has",
        ),
        (
            &format!("{corp}tokens = 'saml'"),
            "expected `rfc9068`, `jwt` or `opaque`, found `saml`",
        ),
        (&format!("{corp}scope_claim = 'scp'"), "expected `jwt` if the claims"),
        (
            &format!("{corp}tokens = 'jwt'\nscope_claim = 'roles'"),
            "`realm_access.roles`, found `roles`",
        ),
        (
            &format!("{corp}absent_typ = true"),
            "key `tokens` of issuer `corp` in file `DIR/scopegate.toml`, line 1: expected `jwt`, because `absent_typ` is set, found `rfc9068`",
        ),
        (&format!("{corp}leeway = '5m'"), "at most a minute"),
        (&format!("{corp}leeway = '1500ms'"), "whole seconds"),
        (&format!("{corp}allow = ['localhost']"), "ranges of addresses"),
        (
            &format!("{corp}subjects = 'mine'"),
            "`qualified` or `ours`, found `mine`",
        ),
        (
            &format!("{corp}scopes = ['me items']"),
            "key `scopes` of issuer `corp` in file `DIR/scopegate.toml`, line 4: expected a list of scopes of our own, each by itself, found `me items`",
        ),
        (&format!("{corp}client_id = 'api'"), "expected `opaque` if a client"),
        (
            &format!("{corp}tokens = 'opaque'\nclient_id = 'api'"),
            "the secret of that client",
        ),
    ];
    for (table, fault) in cases {
        let found = issuers(table, &[]).unwrap_err();
        assert!(found.contains(fault), "{table}\n{found}");
        assert!(
            found.contains(" in file `DIR/scopegate.toml`, line "),
            "{table}\n{found}"
        );
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let corp = "name = 'corp'\nissuer = 'https://id.example'\n";
    for (line, fault) in [
        (
            "tokns = 1",
            "in file `DIR/scopegate.toml`, line 4: unknown key `tokns`; did you mean `tokens`?",
        ),
        (
            "\ncolour = 1",
            "line 5: unknown key `colour`; it may have name, issuer, audience, tokens",
        ),
    ] {
        let found = issuers(&format!("{corp}{line}"), &[]).unwrap_err();
        assert!(found.contains(fault), "{found}");
    }
}

#[test]
fn a_ceiling_is_a_list_and_none_is_not_an_empty_one() {
    for (line, expected) in [
        ("", None),
        ("scopes = []", Some(vec![])),
        ("scopes = ['me', 'items']", Some(vec!["me", "items"])),
    ] {
        let file = format!("[[issuers]]\nname = 'corp'\nissuer = 'https://id.example'\n{line}");
        let settings = load(&[], &[], Some(&file)).unwrap();
        let found = settings.issuers[0].scopes.as_ref();
        let found = found.map(|scopes| scopes.iter().map(ScopeToken::as_str).collect::<Vec<_>>());
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn issuer_secret_is_never_shown() {
    let table = "name = 'corp'\nissuer = 'https://id.example'\ntokens = 'opaque'\nclient_id = 'api'\n";
    let variable = [("SCOPEGATE_ISSUER_CORP_CLIENT_SECRET", "hunter2")];
    assert_eq!(issuers(table, &variable), Ok(1));
    let file = format!("[[issuers]]\n{table}");
    let settings = load(&[], &variable, Some(&file)).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
    let other = [("SCOPEGATE_ISSUER_CROP_CLIENT_SECRET", "hunter2")];
    let fault = issuers(table, &other).unwrap_err();
    assert!(!fault.contains("hunter2"), "{fault}");
    let both = format!("{table}client_secret_file = 'x'");
    assert!(issuers(&both, &variable).unwrap_err().contains("one secret"));
}
