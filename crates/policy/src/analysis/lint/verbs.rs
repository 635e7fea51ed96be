//! What the methods, paths and names of operations say.

use super::words::{family, words};
use crate::{Method, ResolvedOperation};

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

/// Whether the method is safe (RFC 9110, section 9.2.1).
pub(super) const fn is_safe(method: Method) -> bool {
    !matches!(method, Method::Delete | Method::Patch | Method::Post | Method::Put)
}

/// Whether an operation changes something: by its method, unless the last word of its path or its name is a verb that
/// reads (`POST /lamps/search`).
pub(super) fn changes(operation: &ResolvedOperation) -> bool {
    let method = operation.method();
    // Who may read the data may also discard the report that was made of it.
    let is_report = matches!(method, Method::Post | Method::Delete) && is_report_path(operation.template());
    let reads = is_safe(method) || is_report || (method == Method::Post && reads_by_name(operation));
    !reads
}

/// Whether the operation creates or ends messages about data to its caller, and none of the scopes
/// names them: a client that may read the data may also receive its changes.
pub(super) fn is_own_subscription<'s>(
    operation: &ResolvedOperation,
    mut scopes: impl Iterator<Item = &'s str>,
) -> bool {
    let template = operation.template();
    let fixed = template.split('/').rev().filter(|segment| !segment.starts_with('{'));
    let mut last_two = fixed.filter(|segment| !segment.is_empty()).take(2).flat_map(words);
    let names_it = |word: &str| word.starts_with("subscription") || word.starts_with("channel");
    last_two.any(|word| matches!(word.as_str(), "subscription" | "subscriptions" | "channels"))
        && !scopes.any(|scope| words(scope).iter().any(|word| names_it(word)))
}

/// Whether the operation receives messages that are signed themselves: security event tokens
/// (RFC 8935, section 2).
pub(super) fn receives_signed_messages(operation: &ResolvedOperation) -> bool {
    let mut segments = operation
        .template()
        .split('/')
        .rev()
        .filter(|segment| !segment.is_empty());
    operation.method() == Method::Post
        && segments
            .next()
            .is_some_and(|last| matches!(last, "event-notifications" | "security-events"))
}

/// Whether the operation is the answer to a challenge, which is the credential itself: `/challenge/{id}/verify`.
pub(super) fn answers_challenge(operation: &ResolvedOperation) -> bool {
    let mut segments = operation
        .template()
        .split('/')
        .rev()
        .filter(|segment| !segment.is_empty());
    let (last, parameter, before) = (segments.next(), segments.next(), segments.next());
    operation.method() == Method::Post
        && matches!(last, Some("answer" | "verify"))
        && parameter.is_some_and(|segment| segment.starts_with('{'))
        && matches!(before, Some("challenge" | "challenges"))
}

fn is_report_path(template: &str) -> bool {
    let fixed = template.split('/').rev().filter(|segment| !segment.starts_with('{'));
    let mut last_two = fixed.filter(|segment| !segment.is_empty()).take(2).flat_map(words);
    last_two.any(|word| matches!(word.as_str(), "export" | "exports" | "report" | "reports"))
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
    // `POST /lamps/all` lists.
    if words.len() == 1 && first == "all" {
        return true;
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
    let is_version = |segment: &str| {
        segment
            .strip_prefix('v')
            .is_some_and(|number| !number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit()))
    };
    ENDPOINTS.contains(&last) && before.split('/').any(is_protocol)
        || last == "authorize" && before.strip_prefix('/').is_some_and(is_version)
}

/// Whether the path contains a token or a secret, which is a credential:
/// `/webhooks/{id}/{webhook_token}`.
pub(super) fn has_credential_in_path(template: &str) -> bool {
    let parameters = template
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let mut last_words = parameters.filter_map(|name| words(name).pop());
    last_words.any(|word| matches!(word.as_str(), "token" | "secret"))
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
    if are_parent_and_part(scopes, template) {
        return true;
    }
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

/// Whether two scopes of one level are for two resources, of which one contains the other:
/// `GET /settlements/{id}/captures` needs `settlements.read` and `payments.read`, although the path
/// has another word for payments.
fn are_parent_and_part(scopes: &[String], template: &str) -> bool {
    let families: Option<Vec<_>> = scopes.iter().map(|scope| family(scope)).collect();
    let Some([(one, first), (other, second)]) = families.as_deref() else {
        return false;
    };
    let segments: Vec<&str> = template.split('/').filter(|segment| !segment.is_empty()).collect();
    let is_parent = |names: &[String]| {
        segments.windows(3).any(|window| match window {
            [parent, parameter, part] => {
                parameter.starts_with('{')
                    && !part.starts_with('{')
                    && words(parent).iter().any(|word| names.contains(word))
            }
            _ => false,
        })
    };
    first == second && one.iter().all(|word| !other.contains(word)) && (is_parent(one) || is_parent(other))
}

/// Whether the path is one that a client calls before it has a credential, or a probe: login, registration, health.
pub(super) fn is_entrance(template: &str) -> bool {
    const ENTRANCES: [&str; 31] = [
        "auth",
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(are(
            ["settlements.read", "payments.read"],
            "/v2/settlements/{id}/captures"
        ));
        assert!(!are(["settlements.read", "payments.read"], "/v2/settlements"));
        assert!(!are(
            ["settlements.read", "payments.write"],
            "/v2/settlements/{id}/captures"
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
}
