//! Names that the server knows: scopes and grants.

use anyhow::bail;
use scopegate_domain::{DeclaredScheme, GrantType, OAuthFlows, Scope};

use super::context::parse_scope;
use crate::demo;

/// Reads scopes. An unknown scope is an error.
pub(super) fn known_scope(text: &str) -> anyhow::Result<Scope> {
    let (scope, catalog) = (parse_scope(text)?, demo::catalog(OAuthFlows::default())?);
    let known: Vec<&str> = catalog
        .schemes()
        .iter()
        .flat_map(DeclaredScheme::scopes)
        .map(|scope| scope.token().as_str())
        .collect();
    for token in &scope {
        expect_known("scope", token.as_str(), &known)?;
    }
    Ok(scope)
}

/// Reads grants. An unknown grant is an error.
pub(super) fn known_grants(texts: &[String]) -> anyhow::Result<Vec<GrantType>> {
    let known: Vec<&str> = GrantType::ALL.iter().map(|grant| grant.as_str()).collect();
    let parse = |text: &String| match text.parse() {
        Ok(grant) => Ok(grant),
        Err(_) => match expect_known("grant", text, &known) {
            Ok(()) => bail!("bad grant `{}`", text.escape_default()),
            Err(error) => Err(error),
        },
    };
    texts.iter().map(parse).collect()
}

fn expect_known(what: &str, name: &str, known: &[&str]) -> anyhow::Result<()> {
    if known.contains(&name) {
        return Ok(());
    }
    let nearest = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known, name), known));
    let nearest = nearest
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 3 + 1);
    let hint = nearest.map_or_else(String::new, |(_, nearest)| format!("did you mean `{nearest}`? "));
    bail!(
        "unknown {what} `{}`: {hint}this server knows `{}`",
        name.escape_default(),
        known.join("`, `")
    )
}
