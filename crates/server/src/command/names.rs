//! Names that the server knows: scopes and grants.

use anyhow::bail;
use scopegate_domain::{Audience, GrantType, Scope};

use super::context::parse_scope;
use crate::compose::{Apis, DeclaredScopes};
use crate::config::{Settings, nearest};
use crate::output::{print_note, quoted, without_secrets};

/// The maximum number of audiences that an error lists.
const SHOWN: usize = 8;

/// Reads a scope, and notes each member that no resource declares.
pub(super) fn declared_scope(settings: &Settings, text: &str) -> anyhow::Result<Scope> {
    let scope = parse_scope(text)?;
    if scope.is_empty() {
        return Ok(scope);
    }
    // Each name is stored and shown.
    if without_secrets(text) != text {
        bail!("bad scope: it contains a token or a secret; give names of scopes");
    }
    // A broken document is an error of `serve` and `config check`. It prevents no other change.
    match Apis::read(settings) {
        Ok(apis) => {
            for warning in DeclaredScopes::of(settings, &apis).warnings(&scope) {
                print_note(&warning);
            }
        }
        Err(error) => print_note(&format!(
            "cannot check whether a resource declares the scope: {error:#}"
        )),
    }
    Ok(scope)
}

/// Reads the audience of a resource. One that is not configured is an error.
pub(super) fn configured_resource(settings: &Settings, text: &str) -> anyhow::Result<Audience> {
    let audience = Audience::of_resource(text);
    let audience = audience.map_err(|fault| anyhow::anyhow!("bad resource `{}`: {fault}", quoted(text)))?;
    let known: Vec<&str> = settings.resources.iter().map(|one| one.audience.as_str()).collect();
    if known.is_empty() {
        print_note(&format!(
            "no `[[resources]]` are configured, so `{audience}` is not compared with them; `--config` names their file"
        ));
        return Ok(audience);
    }
    if known.contains(&audience.as_str()) {
        return Ok(audience);
    }
    let near = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known, audience.as_str()), *known));
    match near.min() {
        Some((distance, nearest)) if distance <= nearest.len() / 3 + 1 => {
            bail!("resource `{audience}` is not configured; did you mean `{nearest}`?")
        }
        _ => bail!(
            "resource `{audience}` is not configured; declare it in `[[resources]]`, or give one of `{}`",
            known.iter().take(SHOWN).copied().collect::<Vec<&str>>().join("`, `")
        ),
    }
}

/// Reads grants. An unknown grant is an error.
pub(super) fn known_grants(texts: &[String]) -> anyhow::Result<Vec<GrantType>> {
    let known: Vec<&str> = GrantType::ALL.iter().map(|grant| grant.as_str()).collect();
    let parse = |text: &String| text.parse().map_err(|_| unknown_grant(text, &known));
    texts.iter().map(parse).collect()
}

fn unknown_grant(name: &str, known: &[&str]) -> anyhow::Error {
    let hint = nearest(name, known).map_or_else(String::new, |nearest| format!("did you mean `{nearest}`? "));
    anyhow::anyhow!(
        "unknown grant `{}`: {hint}this server knows `{}`",
        quoted(name),
        known.join("`, `")
    )
}
