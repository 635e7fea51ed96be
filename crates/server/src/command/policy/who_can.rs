//! `scopegate policy who-can FILE METHOD PATH`

use std::fmt::Write as _;

use scopegate_analysis::{callers_of, who_can};
use scopegate_policy::{Fact, ServerScope};
use serde_json::json;

use super::document;
use super::names::{Spelling, scope_of};
use crate::arguments::WhoCanArguments;
use crate::output::{Format, print, table};

pub(super) fn run(format: Format, arguments: &WhoCanArguments) -> anyhow::Result<()> {
    let policy = document::open(&arguments.operation.document)?;
    let operation = document::operation(&policy, &arguments.operation)?;
    let sets = who_can(operation);
    let scopes: Vec<ServerScope> = sets.iter().flatten().filter_map(scope_of).collect();
    let spelling = Spelling::of(policy.table(), &scopes);
    let mut ways: Vec<Way> = sets.iter().map(|facts| Way::of(facts, &spelling)).collect();
    ways.sort();
    let ceilings = policy.ceilings();
    let holders: Vec<String> = callers_of(operation, ceilings)
        .iter()
        .map(ToString::to_string)
        .collect();
    let each = |of: fn(&Way) -> &Vec<String>| -> Vec<&Vec<String>> { ways.iter().map(of).collect() };
    let json = json!({
        "operation": operation.to_string(),
        "sets": each(|way| &way.scopes),
        "schemes": each(|way| &way.schemes),
        "guards": each(|way| &way.guards),
        "reached_by": holders,
        "optimal": true,
    });
    let rows: Vec<Vec<String>> = ways.iter().map(Way::row).collect();
    let mut human = format!("{operation}\n\n");
    if rows.is_empty() {
        human.push_str("nobody can\n");
    } else {
        human.push_str(&table(&["SCOPES", "SCHEMES", "GUARDS"], &rows));
    }
    if !ceilings.is_empty() {
        let holders = if holders.is_empty() {
            "none of them".to_owned()
        } else {
            holders.join(", ")
        };
        let _ = writeln!(human, "\nwithin reach of {holders}");
    }
    print(format, &human, &json)
}

/// A minimal set of requirements.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    scopes: Vec<String>,
    schemes: Vec<String>,
    guards: Vec<String>,
    requires_credential: bool,
}

impl Way {
    fn of(facts: &[Fact], spelling: &Spelling) -> Self {
        let mut way = Self {
            scopes: Vec::new(),
            schemes: Vec::new(),
            guards: Vec::new(),
            requires_credential: false,
        };
        for fact in facts {
            way.scopes.extend(scope_of(fact).map(|scope| spelling.word(&scope)));
            match fact {
                Fact::Authenticated => way.requires_credential = true,
                Fact::Scheme(name) => way.schemes.push(name.to_string()),
                Fact::Scope { scheme, .. } => way.schemes.push(scheme.to_string()),
                guard => way.guards.push(guard.to_string()),
            }
        }
        for names in [&mut way.scopes, &mut way.schemes, &mut way.guards] {
            names.sort_unstable();
            names.dedup();
        }
        way
    }

    fn row(&self) -> Vec<String> {
        let shown = |names: &[String], none: &str| {
            if names.is_empty() {
                none.to_owned()
            } else {
                names.join(" + ")
            }
        };
        let any = if self.requires_credential {
            "(any)"
        } else {
            "(no credential)"
        };
        vec![
            shown(&self.scopes, "(none)"),
            shown(&self.schemes, any),
            shown(&self.guards, ""),
        ]
    }
}
