//! `scopegate policy explain FILE METHOD PATH --scope "a b"`

use std::fmt::Write as _;

use anyhow::Context;
use scopegate_domain::{DeclaredScheme, SchemeName};
use scopegate_http::{
    answer::StatusCode,
    site::{Challenge, RefusalResponse},
};
use scopegate_openapi::import::Imported;
use scopegate_policy::{
    AssumedCredentials, Denial, DenialCause, Explanation, ExplanationStep, Fact, MissingFact, SchemeId, explain_grant,
};
use serde_json::{Value, json};

use super::held::{self, Holdings};
use super::names::Spelling;
use super::{document, tree};
use crate::arguments::ExplainArguments;
use crate::output::{Color, Format, NegativeResult, paint, print};
use crate::profile::Profile;

pub(super) fn run(format: Format, arguments: &ExplainArguments) -> anyhow::Result<()> {
    let policy = document::open(&arguments.operation.document)?;
    let operation = document::operation(&policy, &arguments.operation)?;
    let holdings = Holdings::new(policy.table(), &arguments.held)?;
    let ceilings = held::ceilings(policy.table(), &arguments.ceilings)?;
    let grant = holdings.best_for(operation).context("the request is not described")?;
    let explanation = explain_grant(operation, grant);
    let told = explanation
        .denial()
        .map(|denial| told(&policy, grant, denial, &arguments.profile));
    let lacking = explanation.explain_missing(&ceilings);
    let spelling = spelling(&policy, &explanation);
    print(
        format,
        &to_human(&explanation, told.as_ref(), &lacking, &spelling),
        &to_json(&explanation, told.as_ref(), &lacking, &spelling),
    )?;
    if explanation.is_allowed() {
        Ok(())
    } else {
        Err(NegativeResult.into())
    }
}

fn spelling(policy: &Imported, explanation: &Explanation) -> Spelling {
    let asked = explanation.steps().iter().flat_map(|step| {
        step.missing()
            .iter()
            .flatten()
            .chain(step.present())
            .chain(step.required())
    });
    Spelling::of_atoms(policy.table(), asked)
}

fn told(policy: &Imported, grant: &AssumedCredentials, denial: &Denial, profile: &str) -> RefusalResponse {
    let table = policy.table();
    let is_held = |scheme: &&SchemeName| {
        let fact = table.fact_table().find(&Fact::Scheme((*scheme).clone()));
        fact.is_some_and(|id| grant.facts().contains(id))
    };
    let names = table.catalog().schemes().iter().map(DeclaredScheme::name);
    let accepted: Vec<SchemeId> = names.filter(is_held).filter_map(|name| table.scheme_id(name)).collect();
    let dialect = Profile::named(profile).unwrap_or(Profile::Rfc).gate_dialect();
    RefusalResponse::of(denial, &accepted, table, dialect, policy.title().unwrap_or("Scopegate"))
}

/// The value of the header: the challenges in order, separated by commas.
fn challenge(told: &RefusalResponse) -> Option<String> {
    let text = |challenge: &Challenge| challenge.to_header().to_str().map(str::to_owned).ok();
    let values: Vec<String> = told.challenges().iter().filter_map(text).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn to_json(
    explanation: &Explanation,
    told: Option<&RefusalResponse>,
    lacking: &[MissingFact<'_>],
    spelling: &Spelling,
) -> Value {
    let missing = explanation
        .denial()
        .map(|denial| denial.unmet_requirement().missing_sets());
    let missing = missing.unwrap_or_default();
    let missing: Vec<Vec<String>> = missing.iter().map(|way| spelling.facts(way.iter().copied())).collect();
    let in_the_way = lacking.iter().map(|lacking| {
        let who: Vec<&str> = lacking.denial_causes().iter().map(DenialCause::as_str).collect();
        json!({ "missing": spelling.fact(lacking.fact()), "who": who })
    });
    json!({
        "operation": explanation.operation().to_string(),
        "decision": if explanation.is_allowed() { "allow" } else { "deny" },
        "status": told.map_or(StatusCode::OK, RefusalResponse::status).as_u16(),
        "missing": missing,
        "challenge": told.and_then(challenge),
        "in_the_way": in_the_way.collect::<Vec<_>>(),
        "tree": forest(explanation.steps(), spelling),
    })
}

/// The guards as a forest: each with those that it depends on. A tree is at most 64 guards deep,
/// and so is the recursion.
fn forest(mut steps: &[ExplanationStep], spelling: &Spelling) -> Vec<Value> {
    let mut forest = Vec::new();
    while let Some((first, rest)) = steps.split_first() {
        let end = rest.iter().position(|step| step.depth() <= first.depth());
        let (below, beside) = rest.split_at(end.unwrap_or(rest.len()));
        forest.push(node(first, below, spelling));
        steps = beside;
    }
    forest
}

fn node(step: &ExplanationStep, below: &[ExplanationStep], spelling: &Spelling) -> Value {
    json!({
        "guard": step.guard_as(|fact| spelling.fact(fact)),
        "sees": step.sees_as(|fact| spelling.fact(fact)),
        "satisfied": step.is_satisfied(),
        "present": spelling.facts(step.present()),
        "missing": step.missing().iter().map(|way| spelling.facts(way)).collect::<Vec<_>>(),
        "on": forest(below, spelling),
    })
}

fn to_human(
    explanation: &Explanation,
    told: Option<&RefusalResponse>,
    lacking: &[MissingFact<'_>],
    spelling: &Spelling,
) -> String {
    let operation = explanation.operation();
    let mut human = match explanation.reason(|fact| spelling.fact(fact)) {
        None => paint(Color::Good, &format!("{operation}: allowed")),
        Some(reason) => paint(Color::Bad, &format!("{operation}: denied, {reason}")),
    };
    human.push('\n');
    if operation.is_override() {
        let _ = writeln!(human, "overrides: {}", list(operation.overridden(), ", "));
    }
    human.push_str(&tree::draw(explanation.steps(), spelling));
    if explanation.is_allowed() && !explanation.steps().iter().all(ExplanationStep::is_satisfied) {
        human.push_str("authentication is optional here: allowed as anonymous\n");
    }
    let ways = explanation
        .denial()
        .map(|denial| denial.unmet_requirement().missing_sets());
    let ways = ways.unwrap_or_default();
    let ways: Vec<String> = ways
        .iter()
        .map(|way| spelling.facts(way.iter().copied()).join(", "))
        .collect();
    if !ways.is_empty() {
        let _ = writeln!(human, "to be added: {}", ways.join(" or "));
    }
    for lacking in lacking {
        let who = list(lacking.denial_causes(), ", and ");
        let _ = writeln!(
            human,
            "in the way of {}: {who}",
            paint(Color::Notable, &spelling.fact(lacking.fact()))
        );
    }
    if let Some(told) = told {
        let _ = writeln!(human, "answer: {}", told.status());
        if let Some(challenge) = challenge(told) {
            let _ = writeln!(human, "WWW-Authenticate: {challenge}");
        }
    }
    human
}

fn list<T: ToString>(items: &[T], between: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}
