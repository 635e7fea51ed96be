//! The example with a policy under test, as a project would have it.

#[path = "../../examples/snapshot.rs"]
#[expect(dead_code, reason = "the example is a program with a `main`")]
mod example;

const AGREED: &str = include_str!("../../examples/snapshot.toml");

#[test]
fn policy_equals_its_snapshot() {
    assert_eq!(
        example::opened(AGREED, example::gate().unwrap().operations()).unwrap(),
        []
    );
}

#[test]
fn what_was_agreed_on_is_what_the_program_says() {
    use scopegate_http::openapi::export;
    assert_eq!(export::toml(example::gate().unwrap().operations()).unwrap(), AGREED);
}

#[test]
fn policy_that_requires_less_fails_the_snapshot() {
    let stricter = AGREED.replace("requires = \"notes:read\"", "requires = \"notes:write\"");
    assert_ne!(stricter, AGREED);
    let opened = example::opened(&stricter, example::gate().unwrap().operations()).unwrap();
    let [change] = opened.as_slice() else {
        panic!("{opened:?}")
    };
    assert_eq!(change.to_string(), "weaker GET /notes");
    let who: Vec<String> = change.allowed_now().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(who, ["notes:read"]);
}
