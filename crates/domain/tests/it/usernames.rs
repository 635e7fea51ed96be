//! The profile of user names, from outside.

use proptest::prelude::*;
use scopegate_domain::{InvalidUsername, Username, visible};

fn name(text: &str) -> Result<String, InvalidUsername> {
    Username::parse(text).map(|name| name.as_str().to_owned())
}

/// The examples of RFC 8265, section 3.5, and names of other scripts.
#[test]
fn names_of_every_script_are_accepted() {
    for text in [
        "juliet@example.com",
        "fussball",
        "fu\u{df}ball",
        "\u{3c0}",
        "\u{3a3}",
        "\u{3c3}",
        "\u{3c2}",
        "Zo\u{eb}",
        "o'neil+test_1",
        "\u{5d3}\u{5d5}\u{5d3}",
        "\u{645}\u{62d}\u{645}\u{62f}",
        "\u{645}\u{661}\u{662}",
        "\u{5c71}\u{7530}",
        "\u{30a2}\u{30fb}\u{30ab}",
        "\u{d55c}\u{ae00}",
        "\u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}",
    ] {
        assert_eq!(name(text).unwrap(), text, "{}", text.escape_unicode());
    }
    assert_eq!(name("al\u{b7}lega").unwrap(), "al\u{b7}lega");
}

/// Two names that look the same to a reader are one name, or one of them is refused.
#[test]
fn names_that_look_alike_are_one_name() {
    for (text, expected) in [
        ("\u{ff4a}\u{ff4f}\u{ff45}", "joe"),
        ("Zoe\u{308}", "Zo\u{eb}"),
        ("\u{ff76}\u{ff9e}", "\u{30ac}"),
        ("\u{212b}ngstr\u{f6}m", "\u{c5}ngstr\u{f6}m"),
    ] {
        assert_eq!(name(text).unwrap(), expected, "{}", text.escape_unicode());
        assert_eq!(name(expected).unwrap(), expected);
    }
}

#[test]
fn invisible_characters_are_refused() {
    for text in [
        "joh\u{200b}ndoe",
        "\u{202e}eod",
        "a\u{2066}b\u{2069}",
        "a\u{200d}b",
        "a\u{200c}b",
        "a\u{feff}",
        "a\u{ad}b",
        "a\u{34f}b",
        "a\u{fe0f}",
        "a\u{e0041}",
        "a\u{115f}b",
        "a\u{3164}b",
        "a\u{7f}",
        "a\u{85}b",
        "a\nb",
        "john doe",
        " john",
        "john\u{a0}doe",
        "john\u{3000}doe",
        "a\u{2028}b",
        "\u{1f600}",
        "\u{265a}",
        "\u{2163}",
        "henry\u{2163}",
        "\u{fb01}x",
        "\u{1e9b}\u{323}",
        "\u{17f}",
        "\u{640}\u{645}",
        "\u{1100}\u{1161}\u{11a8}\u{1100}",
        "a\u{378}",
        "a\u{10ffff}",
        "a\u{e000}",
        "\u{b7}a",
        "\u{661}\u{6f1}",
        "a\u{5d3}",
        "\u{5d3}a",
        "\u{5d3}\u{5d5}a\u{5d3}",
    ] {
        assert_eq!(name(text), Err(InvalidUsername::Character), "{}", text.escape_unicode());
    }
    assert_eq!(name(""), Err(InvalidUsername::Empty));
    assert_eq!(name(&"a".repeat(201)), Err(InvalidUsername::TooLong));
    assert_eq!(name(&"ü".repeat(101)), Err(InvalidUsername::TooLong));
    assert!(name(&"a".repeat(200)).is_ok());
}

#[test]
fn a_name_of_an_earlier_version_is_found_and_not_made() {
    assert!(Username::parse("john doe").is_err());
    assert_eq!(Username::to_find("john doe").unwrap().as_str(), "john doe");
    assert_eq!(Username::from_stored("john doe").unwrap().as_str(), "john doe");
    assert_eq!(Username::to_find("\u{ff4a}oe").unwrap().as_str(), "joe");
    assert!(Username::to_find(&"a".repeat(255)).is_ok());
    assert!(Username::to_find(&"a".repeat(256)).is_err());
    for text in ["", " john", "a\u{0}b"] {
        assert!(Username::to_find(text).is_err());
        assert!(Username::from_stored(text).is_err());
    }
}

proptest! {
    /// An accepted name stays unchanged, and contains nothing invisible to a reader.
    #[test]
    fn an_accepted_name_is_stable_and_visible(text in prop_oneof!["\\PC{1,12}", "[a-z\u{5d0}-\u{5ea}\u{620}-\u{66f}\u{ff01}-\u{ffee}0-9]{1,6}"]) {
        if let Ok(accepted) = name(&text) {
            prop_assert_eq!(name(&accepted), Ok(accepted.clone()));
            prop_assert_eq!(visible(&accepted), accepted.as_str());
            prop_assert!(!accepted.contains(char::is_whitespace));
            prop_assert!(Username::from_stored(&accepted).is_ok());
        }
    }

    /// Without it, the property above would hold if every name were refused.
    #[test]
    fn lower_case_letters_and_digits_are_accepted_unchanged(text in "[a-z0-9]{1,12}|[\u{5d0}-\u{5ea}]{1,12}") {
        prop_assert_eq!(name(&text), Ok(text));
    }
}
