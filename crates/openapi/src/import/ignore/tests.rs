use super::*;

#[test]
fn dates_are_those_of_the_calendar() {
    for text in ["2027-01-31", "2028-02-29", "2000-02-29"] {
        assert_eq!(IgnoreDate::parse(text).unwrap().to_string(), text);
    }
    for text in [
        "2027-02-29",
        "1900-02-29",
        "2027-13-01",
        "2027-00-01",
        "2027-1-1",
        "2027-01-32",
        "+027-01-01",
        "soon",
        "2027-01-01T00:00",
    ] {
        assert_eq!(IgnoreDate::parse(text), None, "{text}");
    }
    assert!(IgnoreDate::parse("2027-01-31") < IgnoreDate::parse("2027-02-01"));
}

#[test]
fn an_entry_that_says_too_little_or_too_much_is_refused() {
    for (text, fault) in [
        ("[[ignore]]\nreason = \"x\"", "line 1, column 1: `rule` is missing"),
        (
            "[[ignore]]\nrule = \"unused-scope\"\nreason = \" \"",
            "line 3, column 10: `reason` must say why the finding is accepted",
        ),
        (
            "[[ignore]]\nrule = \"unused-scop\"\nreason = \"x\"",
            "line 2, column 8: `unused-scop` is not a rule of the lint; did you mean `unused-scope`?",
        ),
        (
            "[[ignore]]\nrule = \"unused-scope\"\nreason = \"x\"\nuntill = \"x\"",
            "line 4, column 1: `untill` is not known here; `until` is",
        ),
        (
            "[[ignore]]\nrule = \"unused-scope\"\nreason = \"x\"\nuntil = \"tomorrow\"",
            "line 4, column 9: `tomorrow` is not a date such as `2027-01-31`",
        ),
        (
            "[[ignore]]\nrule = \"unused-scope\"\nreason = \"x\"\noperation = \"/x\"",
            "line 4, column 13: `/x` is not a method, a space and a path",
        ),
        (
            "[[ignores]]\nrule = \"unused-scope\"",
            "line 1, column 3: `ignores` is not known here; `ignore` is",
        ),
    ] {
        assert_eq!(read_ignores(text).unwrap_err().to_string(), fault);
    }
    assert_eq!(read_ignores("").unwrap(), []);
}
