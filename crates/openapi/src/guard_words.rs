//! The words of guards: how a document writes a fact that is neither a scheme nor a scope.

use std::collections::HashMap;

use scopegate_domain::{Audience, Lifetime};
use scopegate_policy::{Binding, Fact, Needs, SubjectKind};

/// The prefix of a role, in the list of a scheme without scopes.
pub(crate) const ROLE: &str = "role:";

/// The field with the type of a scheme, for a document that cannot express the type.
#[cfg(feature = "import")]
pub(crate) const TYPE: &str = "x-scopegate-type";

/// What each check needs. Default: authentication.
pub(crate) type ChecksNeed = HashMap<String, Needs>;

/// Returns the fact of this name: `active`, `age<=60`, `check:owner`. Returns `None` for a scheme,
/// for a scope, and for other text.
pub(crate) fn fact(text: &str, checks: &ChecksNeed) -> Option<Fact> {
    match text {
        "active" => return Some(Fact::Active),
        "authenticated" => return Some(Fact::Authenticated),
        "user" => return Some(Fact::User),
        _ => {}
    }
    let value = |prefix: &str| text.strip_prefix(prefix).filter(|value| !value.is_empty());
    if let Some(value) = value("acr:") {
        return Some(Fact::Acr(value.into()));
    }
    if let Some(value) = value("age<=") {
        let is_plain = value.bytes().all(|byte| byte.is_ascii_digit()) && (value == "0" || !value.starts_with('0'));
        let seconds = is_plain.then(|| value.parse().ok()).flatten()?;
        return Some(Fact::AgeAtMost(Lifetime::from_seconds(seconds)));
    }
    if let Some(value) = value("audience=") {
        return Audience::parse(value).ok().map(Fact::Audience);
    }
    if let Some(value) = value("bound=") {
        return [Binding::Dpop, Binding::Mtls]
            .into_iter()
            .find(|binding| binding.as_str() == value)
            .map(Fact::Bound);
    }
    if let Some(value) = value("subject=") {
        return [SubjectKind::Service, SubjectKind::User]
            .into_iter()
            .find(|kind| kind.as_str() == value)
            .map(Fact::Subject);
    }
    let name = value("check:")?;
    Some(Fact::Check {
        name: name.into(),
        needs: checks.get(name).copied().unwrap_or(Needs::Authentication),
    })
}

/// Returns the word for the needs of a check.
pub(crate) const fn needs_word(needs: Needs) -> &'static str {
    match needs {
        Needs::Authentication => "authentication",
        Needs::Nothing => "nothing",
        Needs::User => "user",
    }
}

/// Returns the needs of a check, from their word.
#[cfg(feature = "import")]
pub(crate) fn needs(word: &str) -> Option<Needs> {
    [Needs::Authentication, Needs::Nothing, Needs::User]
        .into_iter()
        .find(|needs| needs_word(*needs) == word)
}

/// Whether a word has the form of a guard, so that it is not a scope.
pub(crate) fn is_reserved(text: &str) -> bool {
    const PREFIXES: [&str; 7] = ["acr:", "age<=", "audience=", "bound=", "check:", "scheme:", "subject="];
    PREFIXES.iter().any(|prefix| text.starts_with(prefix))
}

/// Writes a scope as a word, between backticks if it could be read as another word.
pub(crate) fn scope_word(text: &str) -> String {
    let is_plain = !matches!(text, "and" | "deny" | "of" | "or" | "public")
        && !is_reserved(text)
        && fact(text, &ChecksNeed::new()).is_none()
        && is_bare(text);
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// Writes a guard or the name of a scheme as a word. Characters that would end the word are between
/// backticks.
pub(crate) fn guard_word(text: &str) -> String {
    if is_bare(text) {
        return text.to_owned();
    }
    // The first characters stay outside, so that it reads as a guard.
    match text.find([':', '=']).and_then(|colon| text.split_at_checked(colon + 1)) {
        Some((kind, value)) if is_bare(kind) => format!("{kind}{}", quoted(value)),
        _ => quoted(text),
    }
}

fn is_bare(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(|character: char| character.is_whitespace() || matches!(character, '(' | ')' | '`'))
}

fn quoted(text: &str) -> String {
    format!("`{}`", text.replace('`', "``"))
}
