//! `scopegate client check`: explains a redirect URI or an authorization request.

mod difference;

use std::fmt::Write as _;

use scopegate_domain::{Client, ClientId, RedirectUri};
use scopegate_grant::{ExplainedRequest, Params, RedirectedCause, ShownCause, explain_authorization};
use scopegate_portal::pairs;
use scopegate_store::Clients;
use serde_json::{Value, json};

use self::difference::{Difference, nearest};
use super::lookup::find_or_named;
use crate::compose::{AUTHORIZE_PATH, RequestApis};
use crate::config::Settings;
use crate::output::{Format, NegativeResult, command_line, print, quoted};

/// One thing that the server refuses.
struct Finding {
    /// The value of `error`; `None` for a page that is shown to the user.
    error: Option<&'static str>,
    text: String,
    remedy: String,
}

pub(super) async fn run(
    clients: &dyn Clients,
    format: Format,
    settings: &Settings,
    id: &str,
    url: &str,
) -> anyhow::Result<()> {
    let client = find_or_named(clients, id).await?;
    match request_of(url) {
        Some(query) => check_request(clients, format, settings, &client, url, query).await,
        None => check_uri(format, &client, url),
    }
}

/// Returns the query of an authorization request; `None` for a redirect URI.
fn request_of(url: &str) -> Option<&str> {
    let (place, query) = url.split_once('?')?;
    let params = pairs(query.as_bytes());
    let is_request = ["client_id", "response_type"]
        .iter()
        .any(|name| params.text(name).is_some());
    (is_request || place.ends_with(AUTHORIZE_PATH)).then_some(query)
}

fn check_uri(format: Format, client: &Client, uri: &str) -> anyhow::Result<()> {
    let id = client.id();
    let Some(finding) = uri_finding(client, uri) else {
        let human = format!("client `{id}` accepts the redirect URI `{}`", quoted(uri));
        return print(
            format,
            &human,
            &json!({ "accepted": true, "client_id": id, "redirect_uri": uri }),
        );
    };
    let mut json = json!({ "accepted": false, "client_id": id, "redirect_uri": uri, "problems": [finding.json()] });
    if let (Some(members), Some((nearest, found))) = (json.as_object_mut(), nearest(client.redirect_uris(), uri)) {
        members.insert("nearest".to_owned(), json!(nearest.as_str()));
        members.insert(
            "first_difference".to_owned(),
            found.map_or(Value::Null, Difference::json),
        );
    }
    print(format, &finding.line(), &json)?;
    Err(NegativeResult.into())
}

/// Returns why the client does not accept a redirect URI.
fn uri_finding(client: &Client, sent: &str) -> Option<Finding> {
    let registered = client.redirect_uris();
    let parsed = RedirectUri::parse(sent);
    if parsed.is_ok() && registered.iter().any(|uri| uri.accepts(sent)) {
        return None;
    }
    let id = client.id().as_str();
    let (text, remedy) = match (parsed, nearest(registered, sent)) {
        (Err(fault), _) => (
            format!("no client can have `{}`: {fault}", quoted(sent)),
            "send a URI that the client registered".to_owned(),
        ),
        (Ok(_), None) => (
            format!("client `{id}` has no redirect URI"),
            format!("`{}` sets one", command_line("client set", id, "--redirect-uri URI")),
        ),
        (Ok(_), Some((nearest, found))) => {
            let difference = found.map_or_else(String::new, |found| format!(": {}", found.text()));
            (
                format!(
                    "redirect URI `{}` is not registered; the nearest one is `{}`{difference}",
                    quoted(sent),
                    quoted(nearest.as_str())
                ),
                format!(
                    "send the registered URI, byte for byte, or change the list with `{}`",
                    command_line("client set", id, "--redirect-uri URI")
                ),
            )
        }
    };
    Some(Finding {
        error: None,
        text,
        remedy,
    })
}

async fn check_request(
    clients: &dyn Clients,
    format: Format,
    settings: &Settings,
    client: &Client,
    url: &str,
    query: &str,
) -> anyhow::Result<()> {
    let apis = RequestApis::read(settings)?;
    let params = pairs(query.split('#').next().unwrap_or_default().as_bytes());
    // The request decides which client it is for.
    let named = params.text("client_id").and_then(|id| ClientId::parse(id).ok());
    let requesting = match named {
        Some(named) if named == *client.id() => Some(client.clone()),
        Some(named) => clients.find(&named).await?,
        None => None,
    };
    let explained = explain_authorization(requesting.clone(), &params, apis.settings());
    let mut findings = place_findings(url, client, &params, apis.issuer().as_str());
    findings.extend(findings_of(&explained, requesting.as_ref().unwrap_or(client), &params));
    let is_accepted = findings.is_empty();
    let human = human(client, &explained, &findings)?;
    let json = json!({
        "accepted": is_accepted, "client_id": client.id(),
        "redirect_uri": explained.redirect_uri.as_ref().map(RedirectUri::as_str),
        "scope": explained.scope.to_string(),
        "problems": findings.iter().map(Finding::json).collect::<Vec<_>>(),
    });
    print(format, &human, &json)?;
    if is_accepted {
        Ok(())
    } else {
        Err(NegativeResult.into())
    }
}

fn human(client: &Client, explained: &ExplainedRequest, findings: &[Finding]) -> anyhow::Result<String> {
    let mut human = String::new();
    for finding in findings {
        writeln!(human, "{}", finding.line())?;
    }
    if findings.is_empty() {
        writeln!(
            human,
            "client `{}` may send this request: the answer goes to `{}`, and the user can grant at most `{}`",
            client.id(),
            explained.redirect_uri.as_ref().map_or("-", RedirectUri::as_str),
            explained.scope
        )?;
    }
    Ok(human)
}

/// Returns what is wrong with the URL apart from its parameters.
fn place_findings(url: &str, client: &Client, params: &Params, issuer: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let endpoint = format!("{}{AUTHORIZE_PATH}", issuer.trim_end_matches('/'));
    let place = url.split(['?', '#']).next().unwrap_or_default();
    let is_relative = place.is_empty() || place.starts_with('/');
    if !is_relative && place != endpoint {
        findings.push(Finding {
            error: None,
            text: format!(
                "the URL begins with `{}`, and the endpoint of this configuration is `{endpoint}`",
                quoted(place)
            ),
            remedy: "send the request there, or give the configuration of that server with `--config`".to_owned(),
        });
    }
    if url.contains('#') {
        findings.push(Finding {
            error: None,
            text: "the URL has a fragment, which no browser sends".to_owned(),
            remedy: "write `#` in a value as `%23`".to_owned(),
        });
    }
    if let Some(id) = params.text("client_id").filter(|id| *id != client.id().as_str()) {
        findings.push(Finding {
            error: None,
            text: format!("`client_id` is `{}`, and not `{}`", quoted(id), client.id()),
            remedy: "send the id of the client".to_owned(),
        });
    }
    findings
}

fn findings_of(explained: &ExplainedRequest, client: &Client, params: &Params) -> Vec<Finding> {
    let shown = explained.shown.map(|cause| shown_finding(cause, client, params));
    let others = explained.problems.iter().map(|cause| Finding {
        error: Some(cause.code().as_str()),
        text: cause.to_string(),
        remedy: remedy(*cause, client),
    });
    shown.into_iter().chain(others).collect()
}

fn shown_finding(cause: ShownCause, client: &Client, params: &Params) -> Finding {
    let id = client.id().as_str();
    let set = |rest: &str| command_line("client set", id, rest);
    if cause == ShownCause::UnregisteredRedirectUri
        && let Some(sent) = params.text("redirect_uri")
        && let Some(finding) = uri_finding(client, sent)
    {
        return finding;
    }
    let remedy = match cause {
        ShownCause::MissingClient => format!("add `client_id={id}`"),
        ShownCause::MissingRedirectUri => "add `redirect_uri`".to_owned(),
        ShownCause::Repeated => "send each of them once".to_owned(),
        ShownCause::TooLong => "send at most 8 KiB".to_owned(),
        ShownCause::UnauthorizedClient => format!("`{}` allows it", set("--grant authorization_code")),
        ShownCause::UnknownClient => "`scopegate client list` lists the clients".to_owned(),
        ShownCause::UnregisteredRedirectUri => format!("`{}` sets it", set("--redirect-uri URI")),
    };
    Finding {
        error: None,
        text: cause.to_string(),
        remedy,
    }
}

/// Returns what a developer or an operator can do about an error that the client receives.
fn remedy(cause: RedirectedCause, client: &Client) -> String {
    let id = client.id().as_str();
    match cause {
        RedirectedCause::AccessDenied => "ask again".to_owned(),
        RedirectedCause::Challenge => {
            "send the SHA-256 digest of the verifier as 43 characters of base64url".to_owned()
        }
        RedirectedCause::ChallengeMethod => "add `code_challenge_method=S256`; `plain` is refused".to_owned(),
        RedirectedCause::Character => "send no control characters, and UTF-8 only".to_owned(),
        RedirectedCause::ConsentRequired | RedirectedCause::InteractionRequired | RedirectedCause::LoginRequired => {
            "leave `prompt=none` out".to_owned()
        }
        RedirectedCause::MaxAge => "send a number of seconds, or leave it out".to_owned(),
        RedirectedCause::MissingChallenge => {
            "add `code_challenge` and `code_challenge_method=S256` (RFC 7636): each client needs PKCE".to_owned()
        }
        RedirectedCause::MissingResponseType | RedirectedCause::ResponseType => "send `response_type=code`".to_owned(),
        RedirectedCause::MissingScope => format!(
            "add `scope`, or set a default with `{}`",
            command_line("client set", id, "--default-scope SCOPES")
        ),
        RedirectedCause::NotSupported { .. } | RedirectedCause::RequestObject | RedirectedCause::RequestUri => {
            "leave it out".to_owned()
        }
        RedirectedCause::Prompt => "send `none` alone, or `login`, `select_account` and `consent`".to_owned(),
        RedirectedCause::Repeated => "send each parameter once; only `resource` can repeat".to_owned(),
        RedirectedCause::Scope(_) => format!(
            "request scopes that a resource of the client declares and that the client can have: `{}` lists both",
            command_line("client show", id, "")
        ),
        RedirectedCause::Target(_) => format!(
            "send a resource of the client: `{}` lists them",
            command_line("client show", id, "")
        ),
        RedirectedCause::TooLongNonce | RedirectedCause::TooLongState => {
            "send a shorter value, and keep the rest in the application".to_owned()
        }
    }
}

impl Finding {
    fn line(&self) -> String {
        let Self { error, text, remedy } = self;
        match error {
            Some(error) => format!("{error}: {text}; {remedy}"),
            None => format!("{text}; {remedy}"),
        }
    }

    fn json(&self) -> Value {
        json!({ "error": self.error, "message": self.text, "remedy": self.remedy })
    }
}

impl Difference {
    fn json(self) -> Value {
        json!({ "byte": self.at, "registered": self.registered, "sent": self.sent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_redirect_uris_are_distinguished() {
        assert_eq!(request_of("https://app.example/cb"), None);
        assert_eq!(request_of("https://app.example/cb?tenant=1"), None);
        assert_eq!(request_of("/authorize?a=b"), Some("a=b"));
        assert_eq!(request_of("https://id.example/x/authorize?"), Some(""));
        assert_eq!(request_of("https://id.example/?client_id=a"), Some("client_id=a"));
    }
}
