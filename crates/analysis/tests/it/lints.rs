//! Each rule of the lint: a policy that it is for, and one next to it that it is not for.

use std::collections::BTreeSet;

use scopegate_analysis::{Finding, lint};
use scopegate_domain::{ApiKeyLocation, Catalog, CatalogBuilder, ScopeToken, SecurityScheme};
use scopegate_policy::{
    Ceiling, CeilingKind, Fact, Group, Guard, LintRule, Method, Needs, Operation, OperationTable, Rule, SubjectKind,
};

fn scope(name: &str) -> ScopeToken {
    ScopeToken::parse(name).expect("a scope")
}

fn all(names: &[&str]) -> Rule {
    Rule::All(names.iter().map(|name| Rule::Scope(scope(name))).collect())
}

fn any(alternatives: &[&[&str]]) -> Guard {
    Guard::rule(Rule::Any(alternatives.iter().map(|names| all(names)).collect()))
}

fn catalog() -> CatalogBuilder {
    let oauth = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    ["items", "items.read", "chat:write", "users:read", "users:chat", "admin"]
        .iter()
        .fold(oauth, |catalog, name| catalog.scope(scope(name), ""))
        .implies(scope("admin"), scope("items"))
}

/// Everything that is declared opens something, so that no scope is unused.
fn everything() -> Operation {
    let names: [&[&str]; 6] = [
        &["items"],
        &["items.read"],
        &["chat:write"],
        &["users:read"],
        &["users:chat"],
        &["admin"],
    ];
    Operation::get("/everything").guard(Guard::rule(Rule::Any(
        names
            .iter()
            .filter(|names| **names != ["admin"])
            .map(|names| all(names))
            .collect(),
    )))
}

fn table(operation: Operation) -> OperationTable {
    let builder = OperationTable::builder(catalog().build().expect("a catalog"));
    builder
        .operation(operation)
        .operation(everything())
        .build()
        .expect("a table")
}

fn found(operation: Operation) -> Vec<LintRule> {
    lint(&table(operation), &[]).iter().map(Finding::rule).collect()
}

fn get(guard: Guard) -> Operation {
    Operation::get("/x").guard(guard)
}

fn guard(fact: Fact) -> Guard {
    Guard::rule(Rule::Fact(fact))
}

fn check(name: &str) -> Rule {
    Rule::Fact(Fact::Check {
        name: name.into(),
        needs: Needs::Authentication,
    })
}

#[test]
fn a_sound_policy_has_no_finding() {
    assert_eq!(found(get(any(&[&["items"], &["items.read"]]))), []);
    assert_eq!(
        found(Operation::post("/x").guard(any(&[&["items"], &["chat:write"]]))),
        []
    );
}

#[test]
fn open_operations() {
    assert_eq!(found(get(Guard::public())), []);
    assert_eq!(
        found(Operation::post("/x").guard(Guard::public())),
        [LintRule::UnprotectedOperation]
    );
    assert_eq!(
        found(Operation::put("/x").guard(any(&[&["items"]])).optional()),
        [LintRule::OptionalAuthentication]
    );
    let optional = |operation: Operation| found(operation.guard(any(&[&["items"]])).optional());
    assert_eq!(optional(Operation::get("/x")), []);
    assert_eq!(optional(Operation::post("/x/search")), []);
    assert_eq!(optional(Operation::post("/x")), [LintRule::OptionalAuthentication]);
    let signature = Fact::Check {
        name: "signature".into(),
        needs: Needs::Nothing,
    };
    assert_eq!(found(get(guard(signature))), []);
}

#[test]
fn unreachable_operations() {
    assert_eq!(found(get(Guard::deny())), [LintRule::UnreachableOperation]);
    let table = table(Operation::put("/x").guard(any(&[&["chat:write"]])));
    let ceiling = |kind, scope: &str| [Ceiling::new(kind, "web", scope.parse().expect("a scope"))];
    let with = |ceilings: &[Ceiling]| {
        lint(&table, ceilings)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        with(&ceiling(CeilingKind::Client, "items")),
        [
            "PUT /x: no client can be granted what it needs (`chat:write`); allow a client to have it, or require less (unreachable-operation)"
        ]
    );
    assert_eq!(with(&ceiling(CeilingKind::Client, "items chat:write")), [""; 0]);
    assert_eq!(with(&ceiling(CeilingKind::User, "items")), [""; 0]);
}

#[test]
fn guards_that_contradict_each_other() {
    let subject = |kind| Rule::Fact(Fact::Subject(kind));
    let both = [
        subject(SubjectKind::User),
        subject(SubjectKind::Service),
        all(&["items"]),
    ];
    assert_eq!(
        found(get(Guard::rule(Rule::All(both.to_vec())))),
        [LintRule::ContradictoryGuards]
    );
    let [user, service, items] = both;
    let either = Rule::All(vec![Rule::Any(vec![user, service]), items]);
    assert_eq!(found(get(Guard::rule(either))), []);
    let acr = |value: &str| Rule::Fact(Fact::Acr(value.into()));
    let levels = Rule::All(vec![acr("gold"), acr("silver"), all(&["items"])]);
    assert_eq!(found(get(Guard::rule(levels))), [LintRule::ContradictoryGuards]);
}

#[test]
fn alternatives_that_add_nothing() {
    assert_eq!(
        found(get(any(&[&["items"], &["users:read"], &["items"]]))),
        [LintRule::RepeatedAlternative]
    );
    assert_eq!(
        found(get(any(&[&["items"], &["admin"]]))),
        [LintRule::RedundantAlternative]
    );
    assert_eq!(
        found(get(any(&[&["items"], &["items", "users:read"]]))),
        [LintRule::RedundantAlternative]
    );
    let message = lint(&table(get(any(&[&["items"], &["admin"]]))), &[]);
    assert!(
        message[0]
            .message()
            .starts_with("alternative `admin` decides nothing: a request that satisfies it satisfies `items`")
    );
}

#[test]
fn scopes_that_are_needed_together() {
    assert_eq!(found(get(any(&[&["items", "items.read"]]))), [LintRule::OrWrittenAsAnd]);
    assert_eq!(
        found(get(Guard::requires([scope("items"), scope("admin")]))),
        [LintRule::OrWrittenAsAnd]
    );
    assert_eq!(
        found(get(any(&[&["users:read", "users:chat"]]))),
        [LintRule::SeveralScopesTogether]
    );
    // One operation uses two resources.
    assert_eq!(found(get(any(&[&["chat:write", "users:read"]]))), []);
    // One that each of two guards requires is not a list of two.
    assert_eq!(found(get(any(&[&["items"]]).depends_on(&any(&[&["users:read"]])))), []);
    let nested = Rule::All(vec![all(&["items"]), Rule::All(vec![all(&["items.read"])])]);
    assert_eq!(found(get(Guard::rule(nested))), [LintRule::OrWrittenAsAnd]);
    let written = |name: &str| {
        Rule::Fact(Fact::Scope {
            scheme: "oauth".parse().expect("a scheme"),
            token: scope(name),
        })
    };
    let facts = Rule::Any(vec![Rule::All(vec![written("items"), written("items.read")])]);
    assert_eq!(found(get(Guard::rule(facts))), [LintRule::OrWrittenAsAnd]);
}

#[test]
fn tokens_without_scope() {
    let on = |guard: Guard| {
        [Operation::post("/x"), Operation::get("/items")].map(|operation| found(operation.guard(guard.clone())))
    };
    for guard in [Guard::authenticated(), Guard::requires([]).with_scheme("oauth")] {
        assert_eq!(
            on(guard.clone()),
            [[LintRule::TokenWithoutScope], [LintRule::TokenWithoutScope]]
        );
        assert_eq!(found(get(guard)), [], "no scope is about it");
    }
    assert_eq!(found(get(Guard::rule(Rule::All(vec![check("quota")])))), []);
    let key = SecurityScheme::api_key(ApiKeyLocation::Header, "key");
    let catalog = catalog().scheme("key", key).build().expect("a catalog");
    let builder = OperationTable::builder(catalog).operation(everything());
    let table = builder
        .operation(get(Guard::requires([]).with_scheme("key")))
        .build()
        .expect("a table");
    assert_eq!(lint(&table, &[]), []);
}

#[test]
fn writing_behind_reading() {
    let reading = || any(&[&["items.read"]]);
    assert_eq!(
        found(Operation::delete("/x").guard(reading())),
        [LintRule::WriteGuardedByRead]
    );
    assert_eq!(found(Operation::get("/x").guard(reading())), []);
    assert_eq!(found(Operation::put("/x").guard(any(&[&["chat:write"]]))), []);
}

#[test]
fn scopes_that_open_nothing() {
    let builder = OperationTable::builder(catalog().build().expect("a catalog"));
    let table = builder.operation(get(any(&[&["items"]]))).build().expect("a table");
    let findings = lint(&table, &[]);
    // The list is one cause. `admin` implies `items`, which is required.
    let parts = findings.iter().flat_map(Finding::parts);
    let names: Vec<&str> = parts.filter_map(|part| part.message().split('`').nth(1)).collect();
    assert_eq!(names, ["items.read", "chat:write", "users:read", "users:chat"]);
    assert_eq!(findings.len(), 1);
    assert!(
        findings
            .iter()
            .all(|finding| finding.rule() == LintRule::UnusedScope && finding.method().is_none())
    );
}

#[test]
fn checks_that_decide_nothing() {
    let swallowed = Rule::Any(vec![all(&["items"]), Rule::All(vec![all(&["items"]), check("owner")])]);
    assert_eq!(found(get(Guard::rule(swallowed))), [LintRule::RedundantAlternative]);
    assert_eq!(
        found(get(Guard::rule(Rule::All(vec![all(&["items"]), check("owner")])))),
        []
    );
    let grouped = |operation: Operation| {
        let builder = OperationTable::builder(catalog().build().expect("a catalog")).operation(everything());
        let group = Group::new("/g").guard(Guard::rule(check("owner"))).operation(operation);
        lint(&builder.group(group).build().expect("a table"), &[])
    };
    let overriding = grouped(get(any(&[&["items"]])).override_guards());
    assert_eq!(
        overriding.iter().map(Finding::rule).collect::<Vec<_>>(),
        [LintRule::CheckNeverRuns]
    );
    assert_eq!(grouped(get(any(&[&["items"]]))), []);
}

#[test]
fn readers_of_documents_add_their_own() {
    let finding = Finding::new(LintRule::UndeclaredScope, "scope `x` is not declared").at(Method::Get, "/x");
    assert_eq!(
        finding.to_string(),
        "GET /x: scope `x` is not declared (undeclared-scope)"
    );
    assert_eq!((finding.method(), finding.template()), (Some(Method::Get), Some("/x")));
}

#[test]
fn each_rule_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = LintRule::ALL.iter().map(|rule| rule.as_str()).collect();
    assert_eq!(names.len(), LintRule::ALL.len());
    let is_kebab = |name: &&str| name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-');
    assert!(names.iter().all(is_kebab));
}
