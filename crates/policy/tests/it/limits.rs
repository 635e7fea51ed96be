//! Law 13 for tables: each limit can be reached; past it there is an error that names the
//! operation, never a shortened answer.

use scopegate_domain::{Authenticated, Catalog, Claims, Scope, ScopeLayout, ScopeToken, SecurityScheme, Verified};
use scopegate_policy::{
    Fact, Guard, Limit, MAX_ALTERNATIVES, MAX_CONTEXTS, MAX_DEPTH, MAX_FACTS, MAX_NODES, Operation, OperationTable,
    Rule, TableError,
};

fn token(number: usize) -> ScopeToken {
    ScopeToken::parse(&format!("s{number}")).expect("a scope")
}

fn scope(number: usize) -> Guard {
    Guard::requires([token(number)])
}

/// A table over scopes `s0`, `s1`, .. with a harmless operation and `GET /large`.
fn table(scopes: usize, guards: &[Guard]) -> Result<OperationTable, TableError> {
    let builder = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    let catalog = (0..scopes)
        .fold(builder, |builder, number| builder.scope(token(number), ""))
        .build();
    let large = guards.iter().fold(Operation::get("/large"), Operation::guard);
    let small = Operation::get("/small").guard(Guard::public());
    OperationTable::builder(catalog.expect("scopes without edges"))
        .operation(small)
        .operation(large)
        .build()
}

fn assert_passes(scopes: usize, guards: &[Guard]) -> OperationTable {
    table(scopes, guards).expect("at the limit, not past it")
}

fn assert_too_large(scopes: usize, guards: &[Guard], limit: Limit) {
    let expected = TableError::TooLarge {
        operation: "GET /large".to_owned(),
        limit,
    };
    assert_eq!(table(scopes, guards).expect_err("past the limit"), expected);
}

/// A chain of this number of guards, one below the other.
fn chain(length: usize) -> Guard {
    (1..length).fold(Guard::user(), |below, _| Guard::authenticated().depends_on(&below))
}

/// Guards in layers of two, each on both of the layer below: `2 * layers - 1` guards, `2^(layers -
/// 1)` paths. With scopes, each path has a list of its own.
fn lattice(layers: usize, with_scopes: bool) -> Guard {
    let own = |number| {
        if with_scopes {
            scope(number)
        } else {
            Guard::authenticated()
        }
    };
    let mut below = [own(0), own(1)];
    for layer in 1..layers - 1 {
        let on_both = |guard: Guard| guard.depends_on(&below[0]).depends_on(&below[1]);
        below = [on_both(own(2 * layer)), on_both(own(2 * layer + 1))];
    }
    Guard::all_of(&below)
}

#[test]
fn depth() {
    assert_passes(0, &[chain(MAX_DEPTH)]);
    assert_too_large(0, &[chain(MAX_DEPTH + 1)], Limit::Depth);
    assert_too_large(0, &[chain(100_000)], Limit::Depth);
}

#[test]
fn depth_of_a_rule() {
    let rule = |levels: usize| (0..levels).fold(Rule::Scope(token(0)), |rule, _| Rule::Any(vec![rule]));
    assert_passes(1, &[Guard::rule(rule(MAX_DEPTH))]);
    assert_too_large(1, &[Guard::rule(rule(MAX_DEPTH + 1))], Limit::Depth);
}

#[test]
fn nodes() {
    let guards = |count: usize| -> Vec<Guard> { (0..count).map(|_| Guard::user()).collect() };
    assert_passes(0, &guards(MAX_NODES));
    assert_too_large(0, &guards(MAX_NODES + 1), Limit::Nodes);
}

/// Each of `count` guards with a scope of its own depends on one guard, which so sees as many
/// lists.
#[test]
fn contexts() {
    let below = Guard::user();
    let guards = |count: usize| -> Vec<Guard> { (0..count).map(|number| scope(number).depends_on(&below)).collect() };
    assert_passes(MAX_CONTEXTS / 2, &guards(MAX_CONTEXTS / 2));
    assert_too_large(MAX_CONTEXTS / 2 + 1, &guards(MAX_CONTEXTS / 2 + 1), Limit::Contexts);
}

/// A tree of 127 guards has 2^63 paths: without scopes it is small, with scopes it is an error,
/// soon.
#[test]
fn paths_are_not_counted_but_contexts_are() {
    assert_passes(0, &[lattice(MAX_DEPTH, false)]);
    assert_too_large(2 * MAX_DEPTH, &[lattice(MAX_DEPTH, true)], Limit::Contexts);
}

#[test]
fn alternatives() {
    let any = |count: usize| Guard::any_of((0..count).map(|number| [token(number)]));
    let reached = assert_passes(MAX_ALTERNATIVES, &[any(MAX_ALTERNATIVES)]);
    let lengths = reached
        .operations()
        .iter()
        .map(|operation| operation.requirement().alternatives().len());
    assert!(lengths.eq([1, MAX_ALTERNATIVES]));
    assert_too_large(MAX_ALTERNATIVES + 1, &[any(MAX_ALTERNATIVES + 1)], Limit::Alternatives);
}

/// Alternatives of which few are left may exist at once on the way.
#[test]
fn alternatives_on_the_way() {
    let pairs = |count: usize| -> Vec<Guard> {
        (0..count)
            .map(|pair| Guard::any_of([[token(2 * pair)], [token(2 * pair + 1)]]))
            .collect()
    };
    assert_too_large(24, &pairs(12), Limit::Alternatives);
    assert_too_large(26, &pairs(13), Limit::Kept);
}

/// Eight clauses of four scopes each have 65,536 products.
#[test]
fn alternatives_formed_on_the_way() {
    let clauses = |count: usize| -> Vec<Guard> {
        (0..count)
            .map(|clause| Guard::any_of((4 * clause..4 * clause + 4).map(|number| [token(number)])))
            .collect()
    };
    let few = assert_passes(16, &clauses(4));
    assert!(
        few.operations()
            .iter()
            .any(|operation| operation.requirement().alternatives().len() == 256)
    );
    assert_too_large(20, &clauses(5), Limit::Alternatives);
    assert_too_large(32, &clauses(8), Limit::Kept);
}

/// The catalog's scopes and the guards' atoms are counted together.
#[test]
fn atoms() {
    // `authenticated`, `user`, `active` and the scheme are atoms, too.
    let scopes = MAX_FACTS - 5;
    let acr = |value: &str| Guard::rule(Rule::Fact(Fact::Acr(value.into())));
    assert_eq!(
        assert_passes(scopes, &[acr("gold")]).fact_table().facts().len(),
        MAX_FACTS
    );
    let fault = table(scopes, &[acr("gold"), acr("silver")]).expect_err("one too many");
    assert!(fault.to_string().contains("more than 4096 facts"), "{fault}");
    assert!(fault.to_string().contains("GET /large"), "{fault}");
}

/// A token with more scopes than are checked is refused as a whole.
#[test]
fn scopes_of_a_token() {
    let table = assert_passes(1, &[scope(0)]);
    let scheme = table
        .scheme_id(table.catalog().schemes().first().expect("a scheme").name())
        .expect("a number");
    let world = |scopes: String| {
        let payload = format!(r#"{{"scope":"{scopes}"}}"#);
        let claims = Claims::parse(payload.as_bytes(), ScopeLayout::Text).expect("text");
        table
            .token_facts(scheme, &Verified::assertion(claims))
            .map(|world| world.facts().len())
    };
    let many = |count: usize| {
        (0..count)
            .map(|number| format!("s{number}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(world(many(Scope::MAX_TOKENS)), Ok(3));
    let fault = world(many(Scope::MAX_TOKENS + 1)).expect_err("one too many");
    assert_eq!(
        fault.to_string(),
        "token names more than 256 scopes or 8192 bytes of them"
    );
}

/// 8,192 bytes of scopes, with a space between two, are checked, and not one more.
#[test]
fn bytes_of_the_scopes_of_a_token() {
    let table = assert_passes(1, &[scope(0)]);
    let scheme = table.catalog().schemes().first().expect("a scheme").name();
    let scheme = table.scheme_id(scheme).expect("a number");
    let world = |lengths: [usize; 8]| {
        let scopes = lengths.map(|length| ScopeToken::parse(&"x".repeat(length)).expect("a scope"));
        table
            .credential_facts_with_scopes(scheme, &Authenticated::assertion(()), &scopes)
            .map(|world| world.facts().len())
    };
    let (long, longest) = (ScopeToken::MAX_LEN - 1, ScopeToken::MAX_LEN);
    assert_eq!(8 * ScopeToken::MAX_LEN, Scope::MAX_LEN);
    assert_eq!(world([longest, long, long, long, long, long, long, long]), Ok(2));
    assert!(world([longest, longest, long, long, long, long, long, long]).is_err());
}
