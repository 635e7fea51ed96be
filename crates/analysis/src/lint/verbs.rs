//! Infers from method, path and name whether an operation reads or writes.

use scopegate_policy::{Method, ResolvedOperation};

use super::words::{Level, words};

/// Verbs of operations that read, with any method.
const READING_VERBS: [&str; 74] = [
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
    "classify",
    "compare",
    "compute",
    "count",
    "counts",
    "describe",
    "detect",
    "determine",
    "discover",
    "diff",
    "download",
    "estimate",
    "evaluate",
    "exists",
    "explain",
    "explore",
    "export",
    "extract",
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
    "matching",
    "poll",
    "predict",
    "preview",
    "query",
    "queries",
    "quote",
    "read",
    "recommend",
    "render",
    "resolve",
    "retrieval",
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
    "wait",
    "watch",
];

/// The products of data that a client may read.
const REPORTS: [&str; 6] = ["downloads", "export", "exports", "report", "reports", "reporting"];

/// Words of operations that change something, regardless of the rest of the name.
const WRITING_VERBS: [&str; 22] = [
    "add", "apply", "assign", "cancel", "clear", "create", "delete", "disable", "edit", "enable", "import", "insert",
    "modify", "patch", "post", "put", "remove", "replace", "save", "send", "set", "update",
];

/// Whether the method is none of the four common ones that change something.
pub(super) const fn is_safe(method: Method) -> bool {
    !matches!(method, Method::Delete | Method::Patch | Method::Post | Method::Put)
}

/// Whether an operation changes something: by its method, unless the last word of its path or its
/// name is a verb that reads (`POST /lamps/search`).
pub(super) fn changes(operation: &ResolvedOperation) -> bool {
    let method = operation.method();
    let reads_by_words = || is_report_path(operation.template()) || reads_by_name(operation);
    let reads = is_safe(method) || (method == Method::Post && reads_by_words());
    !reads
}

/// Whether the requests at this path are queries or changes, by their bodies: GraphQL.
pub(super) fn is_query_endpoint(template: &str) -> bool {
    template.trim_end_matches('/').rsplit('/').next() == Some("graphql")
}

/// Whether the last words of a path ask whether a user may do something: `/check`, `/allowed`.
/// A refusal is then an answer, and not a refusal of the caller.
pub(super) fn asks_about_permission(template: &str) -> bool {
    let fixed = template.split('/').rev().filter(|segment| !segment.starts_with('{'));
    let mut last_two = fixed.filter(|segment| !segment.is_empty()).take(2);
    last_two.any(|segment| matches!(segment, "allowed" | "authz" | "check" | "decision" | "decisions"))
}

/// Whether the summary of a `POST` begins with a verb that reads: `Get the rates`, `Returns a
/// list`.
pub(super) fn summary_reads(summary: &str) -> bool {
    const VERBS: [&str; 25] = [
        "calculate",
        "classify",
        "compute",
        "count",
        "determine",
        "estimate",
        "evaluate",
        "extract",
        "fetch",
        "find",
        "get",
        "list",
        "look",
        "lookup",
        "match",
        "preview",
        "query",
        "read",
        "resolve",
        "retrieve",
        "return",
        "search",
        "show",
        "simulate",
        "translate",
    ];
    let words: Vec<String> = words(summary).into_iter().filter(|word| !word.is_empty()).collect();
    let is_verb = |word: &String| {
        VERBS
            .iter()
            .any(|verb| word == verb || word.strip_suffix('s') == Some(verb))
    };
    // `Get or create a session`
    let also_writes = words.windows(2).any(|pair| match pair {
        [link, verb] => matches!(link.as_str(), "and" | "or" | "then") && WRITING_VERBS.contains(&verb.as_str()),
        _ => false,
    });
    // `Map IDs` finds other names of objects, `Map a key to a lamp` creates.
    let maps_ids = words.first().is_some_and(|word| word == "map") && words.get(1).is_some_and(|word| word == "ids");
    (words.first().is_some_and(is_verb) || maps_ids) && !also_writes
}

/// Whether the summary of an operation begins with `Receive`. It takes messages from a partner.
/// Scopes for writing are about other data.
pub(super) fn summary_receives(summary: &str) -> bool {
    let mut words = words(summary).into_iter().filter(|word| !word.is_empty());
    matches!(words.next().as_deref(), Some("receive" | "receives"))
}

/// Whether the first sentence of a description states that the operation simulates, or begins with
/// a verb that reads.
pub(super) fn description_reads(description: &str) -> bool {
    let first = description.split('.').next().unwrap_or_default().trim_start();
    first.to_lowercase().contains("used to simulate ") || summary_reads(first)
}

/// Whether the operation creates or ends messages about data to its caller, and none of the scopes
/// names them. A client that may read the data may also receive its changes.
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

/// Whether the last words of a path name a report or an export.
pub(super) fn is_report_path(template: &str) -> bool {
    let fixed = template.split('/').rev().filter(|segment| !segment.starts_with('{'));
    let mut last_two = fixed.filter(|segment| !segment.is_empty()).take(2).flat_map(words);
    last_two.any(|word| matches!(word.as_str(), "export" | "exports" | "report" | "reports"))
}

fn reads_by_name(operation: &ResolvedOperation) -> bool {
    last_word_reads(operation.template()) || operation.name().is_some_and(name_reads)
}

/// Returns the last segment of the path that is not a parameter: `/lamps/search/{kind}`,
/// `/lamps:batchGet`, `/users.list`.
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

/// Returns the verb in the name of an operation: the first word of its last part (`lamps.search`,
/// `searchLamps`, `lamps_search`).
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
    // `driftFetchJobs`
    let is_job = words.iter().rev().nth(1).is_some_and(|word| is(word, &READING_VERBS))
        && matches!(last.as_str(), "job" | "jobs" | "task" | "tasks");
    is_job
        || is(first, &READING_VERBS)
        || is_joined_verb(first)
        || (is(last, &READING_VERBS) && !is_noun)
        || is_batch
        || is_report
}

/// `checkmembergroups`: the words are not separated, as in paths of `OData`.
fn is_joined_verb(word: &str) -> bool {
    const VERBS: [&str; 11] = [
        "calculate",
        "check",
        "evaluate",
        "export",
        "extract",
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
    // `tenantsearch`, `runhuntingquery`
    let has_verb = |verb: &&str| word.strip_suffix(*verb).is_some_and(|object| object.len() > 2);
    (VERBS.iter().any(has_object) || ["query", "search"].iter().any(has_verb)) && !NOUNS.contains(&word)
}

/// Whether the path names the resource of one of several scopes. The operation needs that scope for
/// its resource, and the others for parts of it.
pub(super) fn names_one_of(scopes: &[String], template: &str) -> bool {
    let scopes: Vec<Vec<String>> = scopes.iter().map(|scope| subjects(scope)).collect();
    path_subjects(template).any(|word| {
        let naming = scopes.iter().filter(|scope| scope.contains(&word)).count();
        naming > 0 && naming < scopes.len()
    })
}

/// Whether the path names the resource of a scope: `/v1/lamps/{id}` and `lamp:read`.
pub(super) fn names_resource(scope: &str, template: &str) -> bool {
    let subjects = subjects(scope);
    let path: Vec<String> = path_subjects(template).collect();
    !subjects.is_empty() && subjects.iter().all(|word| path.contains(word))
}

/// Returns the subjects of the segments of a path that are not parameters.
pub(super) fn path_subjects(template: &str) -> impl Iterator<Item = String> {
    let fixed = template.split('/').filter(|segment| !segment.starts_with('{'));
    fixed.flat_map(subjects)
}

/// Returns the words of a name without those of its level, in the singular.
pub(super) fn subjects(name: &str) -> Vec<String> {
    let words = words(name)
        .into_iter()
        .map(|word| word.trim_end_matches('s').to_owned());
    words
        .filter(|word| word.len() > 2 && Level::of_word(word).is_none())
        .collect()
}

/// Returns the subjects of a scope without its verbs and its variables: `manage_lamps:{house}`.
/// That of a URL is its last segment with one.
pub(super) fn subjects_of_scope(name: &str) -> Vec<String> {
    let is_verb = |word: &String| READING_VERBS.contains(&word.as_str()) || WRITING_VERBS.contains(&word.as_str());
    let of_part = |part: &str| {
        let fixed = part.split('{').map(|part| part.split('}').next_back().unwrap_or(part));
        let words = fixed.flat_map(subjects);
        words.filter(|word| !is_verb(word)).collect::<Vec<_>>()
    };
    match name.split_once("://") {
        Some((_, rest)) => rest
            .rsplit('/')
            .map(of_part)
            .find(|words| !words.is_empty())
            .unwrap_or_default(),
        None => of_part(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_of_a_scope_are_its_nouns() {
        assert_eq!(subjects_of_scope("manage_lamps:{house}"), ["lamp"]);
        assert_eq!(subjects_of_scope("ReadLampColours"), ["lamp", "colour"]);
        assert_eq!(
            subjects_of_scope("https://lamps.example/services/bulb-orders/read"),
            ["bulb", "order"]
        );
        assert_eq!(subjects_of_scope("create"), [""; 0]);
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
    fn a_path_that_names_one_of_two_scopes_needs_both() {
        let names = |scopes: [&str; 2], path: &str| names_one_of(&scopes.map(str::to_owned), path);
        assert!(names(
            ["customers.read", "payments.read"],
            "/v2/customers/{id}/payments"
        ));
        assert!(names(["INVOICES_WRITE", "ORDERS_WRITE"], "/v2/invoices/{id}"));
        assert!(names(["okta.apps.read", "okta.groups.read"], "/api/apps/{id}/mappings"));
        assert!(!names(["channels:history", "groups:history"], "/conversations.history"));
        assert!(!names(["payments:read", "payments:refund"], "/payments"));
        assert!(!names(["chat:write:bot", "chat:write:user"], "/chat.delete"));
        assert!(!names(["accounts", "payments"], "/events/{accounts}"));
    }
}
