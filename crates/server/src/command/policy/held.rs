//! What a request is said to bring.

use anyhow::{Context, bail};
use scopegate_domain::{DeclaredScheme, SchemeName};
use scopegate_policy::analysis::{Grant, GrantBuilder};
use scopegate_policy::{Atom, OperationTable};
use strsim::jaro_winkler;

use crate::arguments::Held;
use crate::command::parse_scope;
use crate::output::remark;

/// The grant that was described. A scheme or a word that the policy does not have is an error.
pub(super) fn grant(table: &OperationTable, held: &Held) -> anyhow::Result<Grant> {
    let mut builder = Grant::builder();
    let scope = held.scope.as_deref().map(parse_scope).transpose()?;
    match &scope {
        Some(scope) => builder = builder.scopes(scope.iter().cloned()),
        // Without a token and without any other credential nobody is authenticated.
        None if held.scheme.is_empty() => builder = builder.without(Atom::Authenticated),
        None => {}
    }
    for name in &held.scheme {
        let bad = || format!("bad scheme `{}`", name.escape_default());
        builder = builder.scheme(SchemeName::parse(name).with_context(bad)?);
    }
    let grant = lacking(table, held, builder)?.build(table);
    // A token may carry scopes of other interfaces: they bring nothing here, and are no mistake by themselves.
    for scope in grant.unknown_scopes() {
        remark(&unknown("scope", scope.as_str(), scopes(table)));
    }
    if let Some(scheme) = grant.unknown_schemes().first() {
        let names = table.catalog().schemes().iter().map(|scheme| scheme.name().to_string());
        bail!("{}", unknown("scheme", scheme.as_str(), names));
    }
    Ok(grant)
}

fn lacking(table: &OperationTable, held: &Held, builder: GrantBuilder) -> anyhow::Result<GrantBuilder> {
    held.lacking.iter().try_fold(builder, |builder, word| {
        let mut atoms = table.universe().atoms().iter();
        match atoms.find(|atom| atom.to_string() == *word) {
            Some(atom) => Ok(builder.without(atom.clone())),
            None => bail!(
                "{}",
                unknown("word", word, table.universe().atoms().iter().map(ToString::to_string))
            ),
        }
    })
}

fn scopes(table: &OperationTable) -> impl Iterator<Item = String> {
    let scopes = table.catalog().schemes().iter().flat_map(DeclaredScheme::scopes);
    scopes.map(|scope| scope.token().to_string())
}

/// That a name is not known, with the one that is nearest to it.
pub(super) fn unknown(what: &str, name: &str, known: impl Iterator<Item = String>) -> String {
    let near = |known: String| (jaro_winkler(name, &known), known);
    let nearest = known.map(near).max_by(|a, b| a.0.total_cmp(&b.0));
    let said = format!("the policy has no {what} `{}`", name.escape_default());
    match nearest {
        Some((likeness, nearest)) if likeness > 0.8 => format!("{said}; did you mean `{nearest}`?"),
        _ => said,
    }
}
