//! The names of guards: how a document writes an atom that is neither a scheme nor a scope.

use std::collections::HashMap;

use scopegate_domain::{Audience, Lifetime};
use scopegate_policy::{Binding, Fact, Needs, SubjectKind};

/// What each check needs. Default: authentication.
pub(super) type ChecksNeed = HashMap<String, Needs>;

/// Returns the atom of this name: `active`, `age<=60`, `check:owner`. Returns `None` for a scheme,
/// for a scope, and for other text.
pub(super) fn atom(text: &str, checks: &ChecksNeed) -> Option<Fact> {
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

/// Returns the word for what a check needs.
pub(crate) const fn needs_word(needs: Needs) -> &'static str {
    match needs {
        Needs::Authentication => "authentication",
        Needs::Nothing => "nothing",
        Needs::User => "user",
    }
}

/// Returns what a check needs, from its word.
pub(super) fn needs(word: &str) -> Option<Needs> {
    [Needs::Authentication, Needs::Nothing, Needs::User]
        .into_iter()
        .find(|needs| needs_word(*needs) == word)
}

/// Whether a word has the form of a guard, so that it is not a scope.
pub(super) fn is_reserved(text: &str) -> bool {
    const PREFIXES: [&str; 7] = ["acr:", "age<=", "audience=", "bound=", "check:", "scheme:", "subject="];
    PREFIXES.iter().any(|prefix| text.starts_with(prefix))
}
