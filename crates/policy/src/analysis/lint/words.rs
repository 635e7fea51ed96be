//! What the names of scopes and operations say.

use crate::{Method, ResolvedOperation};

/// Endings that make a scope the part of another one that only reads.
const READING: [&str; 8] = [
    ".read",
    ":read",
    "/read",
    "-read",
    "_read",
    ".readonly",
    ":readonly",
    "/readonly",
];

/// Verbs of operations that read, whatever their method.
const READING_VERBS: [&str; 66] = [
    "aggregate",
    "analyze",
    "assess",
    "assessment",
    "assessments",
    "autocomplete",
    "availability",
    "browse",
    "calculate",
    "check",
    "compare",
    "compute",
    "count",
    "counts",
    "describe",
    "detect",
    "diff",
    "download",
    "estimate",
    "evaluate",
    "exists",
    "explain",
    "explore",
    "export",
    "fetch",
    "filter",
    "find",
    "forecast",
    "freebusy",
    "get",
    "inspect",
    "introspect",
    "list",
    "lookup",
    "match",
    "predict",
    "preview",
    "query",
    "queries",
    "quote",
    "read",
    "recommend",
    "render",
    "resolve",
    "retrieve",
    "search",
    "searches",
    "select",
    "show",
    "simulate",
    "simulation",
    "stats",
    "suggest",
    "suggestions",
    "summarize",
    "summary",
    "tail",
    "test",
    "tokeninfo",
    "translate",
    "typeahead",
    "validate",
    "validation",
    "verify",
    "view",
    "watch",
];

/// What is made out of data that a client may read.
const REPORTS: [&str; 6] = ["downloads", "export", "exports", "report", "reports", "reporting"];

/// Words of operations that change something, whatever else their name says.
const WRITING_VERBS: [&str; 22] = [
    "add", "apply", "assign", "cancel", "clear", "create", "delete", "disable", "edit", "enable", "import", "insert",
    "modify", "patch", "post", "put", "remove", "replace", "save", "send", "set", "update",
];

/// How much a scope allows, as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Level {
    Read,
    Write,
    Admin,
}

impl Level {
    fn of_word(word: &str) -> Option<Self> {
        match word {
            "read" | "readonly" | "view" | "viewer" | "reader" => Some(Self::Read),
            "write" | "readwrite" | "edit" | "editor" | "modify" | "writer" => Some(Self::Write),
            "admin" | "administer" | "administrator" => Some(Self::Admin),
            _ => None,
        }
    }
}

/// Whether the second scope is the first with an ending for reading.
pub(super) fn is_reading_part(whole: &str, part: &str) -> bool {
    part.strip_prefix(whole).is_some_and(|ending| READING.contains(&ending))
}

/// The words of a name without those of its level, and its level, where it has one: `team:read` is `team` at the level
/// of reading. A name with two level words (`items:read:write`, `User.ReadWrite.All`) has the higher.
pub(super) fn family(name: &str) -> Option<(Vec<String>, Level)> {
    let (levels, rest): (Vec<String>, Vec<String>) = words(name)
        .into_iter()
        .filter(|word| !word.is_empty())
        .partition(|word| Level::of_word(word).is_some());
    let level = levels.iter().filter_map(|word| Level::of_word(word)).max()?;
    Some((rest, level))
}

/// Whether one of the words of a name is about reading and none about more.
pub(super) fn sounds_like_reading(name: &str) -> bool {
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    has(&["read", "readonly", "view", "viewer"])
        && !has(&[
            "write",
            "readwrite",
            "edit",
            "modify",
            "update",
            "create",
            "delete",
            "manage",
            "send",
            "admin",
            "full",
        ])
}

/// Whether a name is about changing something and not about reading. Broad names (`admin`, `manage`, `full`) may include
/// reading, so they do not count.
pub(super) fn sounds_like_writing(name: &str) -> bool {
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    has(&["write", "edit", "modify", "update", "create", "delete"])
        && !has(&[
            "read",
            "readonly",
            "readwrite",
            "view",
            "viewer",
            "manage",
            "admin",
            "full",
            "all",
        ])
}

/// Whether the method is safe (RFC 9110, section 9.2.1).
pub(super) const fn is_safe(method: Method) -> bool {
    !matches!(method, Method::Delete | Method::Patch | Method::Post | Method::Put)
}

/// Whether an operation changes something: by its method, unless the last word of its path or its name is a verb that
/// reads (`POST /lamps/search`).
pub(super) fn changes(operation: &ResolvedOperation) -> bool {
    let method = operation.method();
    let reads = is_safe(method) || (method == Method::Post && reads_by_name(operation));
    !reads
}

fn reads_by_name(operation: &ResolvedOperation) -> bool {
    last_word_reads(operation.template()) || operation.name().is_some_and(name_reads)
}

/// The last segment of the path that is no parameter: `/lamps/search/{kind}`, `/lamps:batchGet`, `/users.list`.
fn last_word_reads(template: &str) -> bool {
    let is_parameter = |segment: &str| segment.starts_with('{') && segment.ends_with('}');
    let is_fixed = |segment: &&str| !segment.is_empty() && !is_parameter(segment);
    let mut segments = template.split('/').rev().filter(is_fixed);
    let Some(segment) = segments.next() else {
        return false;
    };
    let (noun, verb) = segment.rsplit_once([':', '.']).unwrap_or(("", segment));
    let is_report = |text: &str| words(text).iter().any(|word| REPORTS.contains(&word.as_str()));
    reads(verb) || is_report(noun) || segments.next().is_some_and(is_report)
}

/// The name of an operation: the verb is the first word of its last part (`lamps.search`, `searchLamps`, `lamps_search`).
fn name_reads(name: &str) -> bool {
    let last = name.rsplit(['.', '/', ':']).next().unwrap_or(name);
    reads(last)
}

fn reads(text: &str) -> bool {
    let words: Vec<String> = words(text).into_iter().filter(|word| !word.is_empty()).collect();
    let is = |word: &String, known: &[&str]| known.contains(&word.as_str());
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return false;
    };
    if words.iter().any(|word| is(word, &WRITING_VERBS)) {
        return false;
    }
    // `mailing-list` is a noun, `list-mails` is a verb.
    let is_noun = words.len() > 1
        && matches!(
            last.as_str(),
            "list" | "test" | "view" | "match" | "quote" | "stats" | "watch"
        );
    let second = words.get(1);
    let is_batch = matches!(first.as_str(), "batch" | "bulk" | "multi" | "do")
        && second.is_some_and(|word| is(word, &READING_VERBS));
    let is_report = words.iter().any(|word| is(word, &REPORTS));
    is(first, &READING_VERBS)
        || is_joined_verb(first)
        || (is(last, &READING_VERBS) && !is_noun)
        || is_batch
        || is_report
}

/// `checkmembergroups`: the words are not told apart, as in paths of `OData`.
fn is_joined_verb(word: &str) -> bool {
    const VERBS: [&str; 10] = [
        "calculate",
        "check",
        "evaluate",
        "export",
        "find",
        "get",
        "search",
        "translate",
        "validate",
        "verify",
    ];
    const NOUNS: [&str; 14] = [
        "checkbox",
        "checkin",
        "checkins",
        "checklist",
        "checklists",
        "checkout",
        "checkouts",
        "checkpoint",
        "checkpoints",
        "exporter",
        "exporters",
        "finding",
        "findings",
        "getaway",
    ];
    let has_object = |verb: &&str| word.strip_prefix(*verb).is_some_and(|object| object.len() > 2);
    VERBS.iter().any(has_object) && !NOUNS.contains(&word)
}

/// `User.ReadWrite.All` is `user`, `read`, `write`, `all`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in name.chars() {
        if !character.is_alphanumeric() || (was_lower && character.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
        was_lower = character.is_lowercase();
    }
    words
}

/// Whether the path is an endpoint of OAuth 2.0 or `OpenID` Connect: whoever calls it has no token yet.
pub(super) fn is_protocol_endpoint(template: &str) -> bool {
    const ENDPOINTS: [&str; 8] = [
        "authorize",
        "certs",
        "device",
        "introspect",
        "jwks",
        "keys",
        "revoke",
        "token",
    ];
    let template = template.split('#').next().unwrap_or(template).trim_end_matches('/');
    let (before, last) = template.rsplit_once('/').unwrap_or_default();
    ENDPOINTS.contains(&last) && before.split('/').any(is_protocol)
}

fn is_protocol(segment: &str) -> bool {
    matches!(segment, "oauth" | "oauth2" | "oidc" | "openid" | "saml" | "sso")
}

/// Whether each of several scopes names another part of the path: `GET /customers/{id}/payments` needs both on purpose.
pub(super) fn are_parts_of_path(scopes: &[String], template: &str) -> bool {
    let stem = |word: &str| word.trim_end_matches('s').to_owned();
    let fixed = template.split('/').filter(|segment| !segment.starts_with('{'));
    let mut left: Vec<String> = fixed
        .flat_map(words)
        .map(|word| stem(&word))
        .filter(|word| word.len() > 2)
        .collect();
    scopes.iter().all(|scope| {
        let names = words(scope).into_iter().map(|word| stem(&word));
        let places: Vec<usize> = names
            .filter_map(|name| left.iter().position(|part| *part == name))
            .collect();
        match places.first() {
            Some(place) => {
                left.remove(*place);
                true
            }
            None => false,
        }
    })
}

/// Whether the path is one that a client calls before it has a credential, or a probe: login, registration, health.
pub(super) fn is_entrance(template: &str) -> bool {
    const ENTRANCES: [&str; 30] = [
        "authenticate",
        "authorize",
        "callback",
        "callbacks",
        "confirm",
        "discover",
        "forgot",
        "health",
        "heartbeat",
        "introspect",
        "jwks",
        "liveness",
        "login",
        "logout",
        "oauth",
        "password",
        "ping",
        "readiness",
        "recover",
        "register",
        "registration",
        "reset",
        "revoke",
        "signin",
        "signup",
        "status",
        "token",
        "tokens",
        "webhook",
        "webhooks",
    ];
    let fixed = template.split('/').filter(|segment| !segment.starts_with('{'));
    let last_two: Vec<&str> = fixed.rev().filter(|segment| !segment.is_empty()).take(2).collect();
    let mut last_words = last_two.into_iter().flat_map(words);
    last_words.any(|word| ENTRANCES.contains(&word.as_str())) || template.split('/').any(is_protocol)
}

/// "`a`, `b`, `c`"
pub(super) fn enumerated<T: ToString>(items: &[T]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| format!("`{}`", item.to_string())).collect();
    quoted.join(", ")
}

/// "`a`, `b` and `c`"
pub(super) fn listed<T: ToString>(items: &[T], last_word: &str) -> String {
    let quoted: Vec<String> = items.iter().map(|item| format!("`{}`", item.to_string())).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} {last_word} {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_word_by_word() {
        for (name, is_reading) in [
            ("items:read", true),
            ("User.Read.All", true),
            ("User.ReadWrite.All", false),
            ("https://www.googleapis.com/auth/drive.readonly", true),
            ("drive.metadata", false),
            ("readers", false),
            ("items:read:write", false),
        ] {
            assert_eq!(sounds_like_reading(name), is_reading, "{name}");
        }
        assert!(is_reading_part("items", "items.read") && is_reading_part("items", "items:read"));
        assert!(!is_reading_part("items", "items.reader") && !is_reading_part("items.read", "items"));
        assert_eq!(listed(&["a", "b", "c"], "or"), "`a`, `b` or `c`");
    }

    #[test]
    fn names_of_writing_are_told_from_broad_names() {
        for (name, is_writing) in [
            ("lamp:write", true),
            ("write:lamps", true),
            ("lamps.create", true),
            ("User.ReadWrite.All", false),
            ("lamp:admin", false),
            ("lamps.manage", false),
            ("writers", false),
        ] {
            assert_eq!(sounds_like_writing(name), is_writing, "{name}");
        }
    }

    #[test]
    fn a_path_that_ends_in_a_reading_verb_reads() {
        for path in [
            "/lamps/search",
            "/lamps:validate",
            "/lamps:batchGet",
            "/v1/{resource}:testIamPermissions",
            "/lamps.list",
            "/lamps/batch-get",
            "/lamps/query/{kind}",
            "/lamps/count",
            "/searchLamps",
            "/v1/{property}:runReport",
            "/lamps/bulk_read",
            "/lamp_search",
            "/lamps/check-availability",
            "/users/{id}/checkmembergroups",
            "/reports/getcachedreport",
            "/v1/{account}/networkReport:generate",
            "/exports/user_list",
            "/files/{id}/watch",
        ] {
            assert!(last_word_reads(path), "{path}");
        }
        for path in [
            "/lamps",
            "/mailing-list",
            "/lamps:switch",
            "/lamps/{id}",
            "/",
            "/saved-search/{id}/delete",
            "/checkout",
            "/checklists",
            "/counters",
        ] {
            assert!(!last_word_reads(path), "{path}");
        }
    }

    #[test]
    fn scopes_that_name_parts_of_the_path_are_meant_together() {
        let are = |scopes: [&str; 2], path: &str| are_parts_of_path(&scopes.map(str::to_owned), path);
        assert!(are(["customers.read", "payments.read"], "/v2/customers/{id}/payments"));
        assert!(are(
            ["okta.apps.read", "okta.groups.read"],
            "/api/apps/{id}/group-push/mappings"
        ));
        assert!(!are(["files:read", "projects:read"], "/v1/teams/{id}/projects"));
        assert!(!are(["payments:read", "payments:refund"], "/payments"));
    }

    #[test]
    fn endpoints_of_the_protocol_are_told_by_their_path() {
        assert!(is_protocol_endpoint("/api/v2/oauth/token") && is_protocol_endpoint("/oauth2/v1/keys"));
        assert!(
            !is_protocol_endpoint("/token")
                && !is_protocol_endpoint("/oauth/clients")
                && !is_protocol_endpoint("/v1/keys")
        );
    }

    #[test]
    fn scopes_of_one_family_differ_in_their_level() {
        assert_eq!(
            family("team:read").map(|(rest, _)| rest),
            family("admin:team").map(|(rest, _)| rest)
        );
        assert_eq!(family("User.ReadWrite.All").map(|(_, level)| level), Some(Level::Write));
        assert_eq!(family("team"), None);
    }
}
