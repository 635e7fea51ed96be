//! Counts the operations that a scope opens.

use std::collections::BTreeSet;

use scopegate_policy::{AssumedCredentials, AuthorizationServer, AuthorizationServers, Fact, OperationTable};

use super::counts::Counts;
use super::fact::FactRow;
use super::operation::Operation;

/// Counts the operations of each atom.
pub(super) fn count(facts: &mut [FactRow], operations: &[Operation], table: &OperationTable) {
    let mut asking: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); facts.len()];
    for (number, operation) in operations.iter().enumerate() {
        for atom in operation.needs.iter().flatten() {
            if let Some(asking) = asking.get_mut(*atom) {
                asking.insert(number);
            }
        }
    }
    let nobody = AssumedCredentials::builder().without(Fact::Authenticated).build(table);
    let public = opened(table, &nobody);
    let bare = without_scopes(table);
    for (fact, atom) in facts.iter_mut().zip(table.fact_table().facts()) {
        let own = table.fact_table().find(atom).and_then(|id| asking.get(id.index()));
        fact.used_by = own.cloned().unwrap_or_default();
        let (grant, before) = match atom {
            Fact::Scheme(name) => {
                let grant = AssumedCredentials::builder().token_of(name.clone()).build(table);
                fact.used_by.extend(opened(table, &grant).difference(&public));
                (grant, &public)
            }
            Fact::Scope { scheme, token } => {
                let grant = AssumedCredentials::builder()
                    .scope_of(scheme.clone(), token.clone())
                    .build(table);
                // A credential by itself is nothing that a scope adds.
                let scopes = grant.facts().iter().filter(|id| {
                    let atom = table.fact_table().fact(*id);
                    atom.is_some_and(|atom| atom.scope_token().is_some())
                });
                let asked = scopes.filter_map(|id| asking.get(id.index())).flatten();
                fact.used_by.extend(asked);
                (grant, &bare)
            }
            _ => continue,
        };
        let is_open = |number: &&usize| {
            table
                .operations()
                .get(**number)
                .is_some_and(|operation| grant.opens(operation))
        };
        let open = fact.used_by.iter().filter(is_open);
        let open: Vec<usize> = open.copied().collect();
        fact.counts = Counts {
            alone: open.iter().filter(|number| !before.contains(number)).count(),
            others: fact.used_by.len() - open.len(),
        };
    }
}

fn opened(table: &OperationTable, grant: &AssumedCredentials) -> BTreeSet<usize> {
    let operations = table.operations().iter().enumerate();
    operations
        .filter(|(_, operation)| grant.opens(operation))
        .map(|(number, _)| number)
        .collect()
}

/// Returns the operations that a token without scopes opens, from any server.
fn without_scopes(table: &OperationTable) -> BTreeSet<usize> {
    let servers = AuthorizationServers::of(table);
    let first = |server: &AuthorizationServer<'_>| server.schemes().first().map(|declared| declared.name().clone());
    let defaults = super::servers::defaults(&servers);
    let names = defaults
        .iter()
        .filter_map(|place| servers.as_slice().get(*place).and_then(first));
    let open = names.map(|name| opened(table, &AssumedCredentials::builder().token_of(name).build(table)));
    open.flatten().collect()
}
