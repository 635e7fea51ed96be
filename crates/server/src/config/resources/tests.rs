//! Tests of the tables `[[resources]]`.

use super::super::tests::load;

const SHIPS: &str = "[[resources]]\naudience = \"HTTPS://API.example/ships\"\ndocument = \"ships.yaml\"\n";

fn read(text: &str) -> Result<Vec<super::ResourceSettings>, String> {
    load(&[], &[], Some(text)).map(|settings| settings.resources)
}

#[test]
fn table_has_defaults() {
    let [ships] = &read(SHIPS).unwrap()[..] else { panic!() };
    assert_eq!(ships.audience.as_str(), "https://api.example/ships");
    assert_eq!((ships.title.as_deref(), ships.is_own), (None, false));
    assert!(ships.document.ends_with("ships.yaml") && ships.document.is_absolute());
    assert!(read("").unwrap().is_empty());
}

#[test]
fn errors_name_file_line_and_remedy() {
    for (text, line, parts) in [
        (
            "[[resources]]\naudience = \"/ships\"\ndocument = \"a\"",
            2,
            ["key `audience` of resource 1", "not an absolute URI"],
        ),
        (
            "[[resources]]\ndocument = \"a\"\naudience = \"https://a.example/#b\"",
            3,
            ["`https://a.example/#b`", "fragment; remove it"],
        ),
        (
            "[[resources]]\naudience = \"https://u@a.example\"\ndocument = \"a\"",
            2,
            ["key `audience`", "names a user"],
        ),
        (
            "[[resources]]\naudience = \"http://a.example\"\ndocument = \"a\"",
            2,
            ["key `audience`", "use `https`"],
        ),
        (
            "[[resources]]\naudience = \"https://a.example\"\ndocument = \"\"",
            3,
            ["key `document`", "name the file"],
        ),
        (
            "[[resources]]\naudience = \"https://a.example\"\ntitle = \" \"\ndocument = \"a\"",
            3,
            ["key `title`", "remove the key"],
        ),
        (
            "[[resources]]\naudience = \"https://a.example\"\ndocumnet = \"a\"",
            3,
            ["resource 1 in file", "unknown key `documnet`; did you mean `document`?"],
        ),
    ] {
        expect_fault(text, line, parts);
    }
}

#[test]
fn table_of_another_form_is_numbered_from_one() {
    for (text, line, parts) in [
        (
            "[[resources]]\naudience = \"https://a.example\"\ndocument = \"a\"\nown = \"yes\"",
            4,
            [
                "key `own` of resource 1 in file",
                "it is a text; write `true` or `false`",
            ],
        ),
        (
            "[[resources]]\naudience = \"https://a.example\"\ndocument = \"a\"\n[[resources]]\naudience = 3\n",
            5,
            [
                "key `audience` of resource 2 in file",
                "it is a number; write a text in quotes",
            ],
        ),
        (
            "[[resources]]\naudience = \"https://a.example\"\ndocument = [\"a\"]\n",
            3,
            ["key `document` of resource 1", "it is a list; write a text in quotes"],
        ),
        (
            "[[resources]]\naudience = \"https://a.example\"\n",
            1,
            ["resource 1 in file", "key `document` is missing; add it"],
        ),
        (
            "[resources]\naudience = \"https://a.example\"\ndocument = \"a\"\n",
            1,
            ["key `resources` in file", "write `[[resources]]` with two brackets"],
        ),
        (
            "resources = [\"a\"]\n",
            1,
            ["resource 1 in file", "write a table that begins with `[[resources]]`"],
        ),
    ] {
        expect_fault(text, line, parts);
    }
}

fn expect_fault(text: &str, line: usize, parts: [&str; 2]) {
    let fault = read(text).unwrap_err();
    for part in parts {
        assert!(fault.contains(part), "{fault}");
    }
    assert!(fault.contains(&format!("line {line}")), "{fault}");
}
