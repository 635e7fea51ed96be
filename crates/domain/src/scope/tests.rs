//! Tests of scopes.

use proptest::prelude::*;

use super::*;

#[test]
fn the_grammar_is_that_of_the_rfc() {
    for byte in 0..=127u8 {
        let text = char::from(byte).to_string();
        let allowed = byte == 0x21 || (0x23..=0x5B).contains(&byte) || (0x5D..=0x7E).contains(&byte);
        assert_eq!(ScopeToken::parse(&text).is_ok(), allowed, "byte {byte:#x}");
    }
    assert_eq!(ScopeToken::parse(""), Err(InvalidScope::Empty { position: 0 }));
    assert_eq!(
        ScopeToken::parse("é"),
        Err(InvalidScope::Byte {
            position: 0,
            byte: 0xC3
        })
    );
}

#[test]
fn positions_count_from_the_start_of_the_whole_text() {
    assert_eq!(
        Scope::parse("ab c\"d"),
        Err(InvalidScope::Byte {
            position: 4,
            byte: b'"'
        })
    );
    assert_eq!(Scope::parse("ab  cd"), Err(InvalidScope::Empty { position: 3 }));
    assert_eq!(Scope::parse(" "), Err(InvalidScope::Empty { position: 0 }));
}

#[test]
fn limits_are_errors() {
    assert_eq!(
        Scope::parse(&"a".repeat(Scope::MAX_LEN + 1)),
        Err(InvalidScope::TooLong { len: 8_193 })
    );
    assert_eq!(
        Scope::parse(&"a".repeat(ScopeToken::MAX_LEN + 1)),
        Err(InvalidScope::NameTooLong { len: 1_025 })
    );
    let many = Scope::parse(&vec!["a"; Scope::MAX_TOKENS + 44].join(" ")).unwrap_err();
    assert_eq!(many, InvalidScope::TooMany { count: 300 });
    assert_eq!(many.to_string(), "scope has 300 scope tokens; at most 256 are possible");
    assert!(Scope::parse(&vec!["a"; Scope::MAX_TOKENS].join(" ")).is_ok());
}

fn scope() -> impl Strategy<Value = Scope> {
    proptest::collection::vec("[a-d]{1,2}", 0..6)
        .prop_map(|names| names.iter().map(|name| ScopeToken::parse(name).unwrap()).collect())
}

proptest! {
    #[test]
    fn what_is_parsed_prints_back(tokens in proptest::collection::vec("[!#-\\[\\]-~]{1,8}", 0..6)) {
        let scope = Scope::parse(&tokens.join(" ")).unwrap();
        prop_assert_eq!(Scope::parse(&scope.to_string()), Ok(scope.clone()));
        let parsed: std::collections::BTreeSet<_> = scope.iter().map(ToString::to_string).collect();
        prop_assert_eq!(parsed, tokens.into_iter().collect());
    }

    #[test]
    fn only_an_empty_token_is_refused(text in "[!#-\\[\\]-~ ]{0,40}") {
        let is_good = text.is_empty() || text.split(' ').all(|token| !token.is_empty());
        prop_assert_eq!(Scope::parse(&text).is_ok(), is_good);
    }

    #[test]
    fn order_is_that_of_sets(a in scope(), b in scope(), c in scope()) {
        let set = |scope: &Scope| scope.iter().cloned().collect::<std::collections::BTreeSet<_>>();
        prop_assert_eq!(a <= b, set(&a).is_subset(&set(&b)));
        prop_assert_eq!(a == b, set(&a) == set(&b));
        prop_assert!(!(a <= b && b <= c) || a <= c);
        prop_assert_eq!(set(&a.intersection(&b)), set(&a).intersection(&set(&b)).cloned().collect());
    }
}
