//! The code of checks that rules name.

use scopegate_domain::{Catalog, SecurityScheme, Timestamp};
use scopegate_policy::{
    Check, CheckContext, Fact, Guard, Needs, Operation, OperationTable, OperationTableBuilder, PresentedCredentials,
    Rule, TableError, authorize,
};

/// Passes if its answer is yes.
#[derive(Debug)]
struct Says(&'static str, Needs, bool);

impl Check for Says {
    fn name(&self) -> &str {
        self.0
    }

    fn needs(&self) -> Needs {
        self.1
    }

    fn passes(&self, _: &CheckContext<'_>) -> bool {
        self.2
    }
}

fn named(name: &str) -> Rule {
    Rule::Fact(Fact::Check {
        name: name.into(),
        needs: Needs::Nothing,
    })
}

/// Builds a table of one operation that requires the rule.
fn build(rule: Rule, checks: impl IntoIterator<Item = Says>) -> Result<OperationTable, TableError> {
    let catalog = Catalog::builder().scheme("key", SecurityScheme::http_bearer());
    let operation = Operation::get("/x").guard(Guard::rule(rule));
    let builder = OperationTable::builder(catalog.build().unwrap()).operation(operation);
    checks.into_iter().fold(builder, OperationTableBuilder::check).build()
}

fn allows(rule: Rule, checks: impl IntoIterator<Item = Says>) -> bool {
    let table = build(rule, checks).unwrap();
    authorize(
        &table.operations()[0],
        &PresentedCredentials::new(Timestamp::from_unix(0)),
    )
    .is_ok()
}

#[test]
fn code_decides_a_check_that_a_rule_names() {
    let seal = |passes| Says("seal", Needs::Nothing, passes);
    assert!(allows(named("seal"), [seal(true)]));
    assert!(!allows(named("seal"), [seal(false)]));
    assert!(
        !allows(named("seal"), [seal(true), seal(false)]),
        "all of one name must pass"
    );
    let either = || Rule::Any(vec![named("seal"), named("stamp")]);
    let stamp = Says("stamp", Needs::Nothing, true);
    assert!(allows(either(), [seal(false), stamp]));
    assert!(!allows(either(), [seal(false)]), "a check without code does not pass");
    let both = Rule::All(vec![named("seal"), Rule::Any(vec![named("seal"), named("stamp")])]);
    assert!(allows(both, [seal(true)]));
}

#[test]
fn check_with_code_is_no_longer_external() {
    let external = |checks: Vec<Says>| {
        let table = build(named("seal"), checks).unwrap();
        table.operations()[0].external_checks().count()
    };
    assert_eq!(external(Vec::new()), 1);
    assert_eq!(external(vec![Says("seal", Needs::Nothing, true)]), 0);
}

#[test]
fn code_with_other_needs_is_refused() {
    let fault = build(named("seal"), [Says("seal", Needs::User, true)]).unwrap_err();
    assert_eq!(fault.operation(), Some("GET /x"));
    assert_eq!(
        fault.to_string(),
        "`GET /x` declares that check `seal` needs nothing, and its code needs a user; declare what the code needs"
    );
}

#[test]
fn code_that_no_rule_names_is_refused() {
    let fault = build(named("seal"), [Says("seel", Needs::Nothing, true)]).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "there is code for check `seel`, and no operation names this check; correct the name"
    );
}
