//! Explains an authorization request to an operator, without a browser.

use scopegate_domain::{Audience, Catalog, Client, Issuer, RedirectUri, Resources, Scope};

use super::error::{RedirectedCause, ShownCause};
use super::request::{AuthorizationRequest, Identified, KnownClient, problems};
use crate::Params;
use crate::targets::{RequestTargets, Targets};

/// What the authorization endpoint finds in a request of one client. Nothing is stored.
///
/// [`explain_authorization`] makes it, by the checks of the endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExplainedRequest {
    /// The reason why a browser is never redirected. `None`: the client and its redirect URI are
    /// accepted.
    pub shown: Option<ShownCause>,
    /// The redirect URI that the answer is sent to.
    pub redirect_uri: Option<RedirectUri>,
    /// All errors of the other parameters. The client receives the first one.
    pub problems: Vec<RedirectedCause>,
    /// The requested scope that the client can have. The user can have less. Empty: the request
    /// has problems.
    pub scope: Scope,
}

/// The settings of a server that the explanation of a request needs.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a caller must state each setting")]
pub struct ExplainSettings<'a> {
    /// The issuer.
    pub issuer: &'a Issuer,
    /// The scopes of a server without resources.
    pub catalog: &'a Catalog,
    /// The audience of such a server. `None`: its tokens name no audience.
    pub audience: Option<&'a Audience>,
    /// The resources. `None`: the server has none.
    pub resources: Option<&'a Resources>,
}

/// Explains the answer to an authorization request, by the checks of the endpoint. `client` is the
/// one that the request names; `None` if there is none.
///
/// It needs no key, no secret and no store.
#[must_use]
pub fn explain_authorization(
    client: Option<Client>,
    params: &Params,
    settings: ExplainSettings<'_>,
) -> ExplainedRequest {
    let known = Identified::read(params)
        .and_then(|identified| KnownClient::new(client.clone(), &identified, params, settings.issuer));
    let (shown, redirect_uri) = match known {
        Ok(known) => (None, Some(known.target.redirect_uri)),
        Err(cause) => (Some(cause), None),
    };
    let mut explained = ExplainedRequest {
        shown,
        redirect_uri,
        problems: Vec::new(),
        scope: Scope::EMPTY,
    };
    // The other parameters are explained, too, so that one run names all that is wrong.
    if let Some(client) = client {
        explained.problems = problems(&client, params);
        match scope_left(&client, params, settings) {
            Ok(scope) => explained.scope = scope,
            Err(cause) => explained.problems.push(cause),
        }
    }
    explained
}

/// Returns the scope that is left, or the error of `resource` or `scope`. Empty: another parameter
/// has a problem.
fn scope_left(client: &Client, params: &Params, settings: ExplainSettings<'_>) -> Result<Scope, RedirectedCause> {
    let current = Targets::new(settings.catalog, settings.resources.cloned()).current();
    let targets = RequestTargets::parse(&current, settings.audience, client.resources(), params)?;
    let Ok(request) = AuthorizationRequest::parse(client, params) else {
        return Ok(Scope::EMPTY);
    };
    Ok(request.within(client, &targets)?.scope)
}

#[cfg(test)]
mod tests {
    use scopegate_domain::{ClientId, GrantType};

    use super::*;
    use crate::{InvalidScopeCause, InvalidTargetCause};

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn client() -> Client {
        Client::public(ClientId::parse("app").unwrap(), "App")
            .with_grant_types([GrantType::AuthorizationCode])
            .with_redirect_uris([RedirectUri::parse("https://app.example/cb").unwrap()])
            .with_scope("me items".parse().unwrap())
    }

    fn explained(pairs: &[(&str, &str)]) -> (ExplainedRequest, Params) {
        let params: Params = pairs.iter().copied().collect();
        let (issuer, audience) = (
            Issuer::parse("https://id.example").unwrap(),
            Audience::parse("https://api.example").unwrap(),
        );
        let catalog = Catalog::builder().build().unwrap();
        let settings = ExplainSettings {
            issuer: &issuer,
            catalog: &catalog,
            audience: Some(&audience),
            resources: None,
        };
        (explain_authorization(Some(client()), &params, settings), params)
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let (explained, _) = explained(&[
            ("client_id", "app"),
            ("redirect_uri", "https://app.example/cb/"),
            ("request_uri", "urn:x"),
            ("response_mode", "fragment"),
            ("response_type", "token"),
            ("prompt", "none login"),
            ("max_age", "-1"),
            ("resource", "https://other.example"),
        ]);
        assert_eq!(explained.shown, Some(ShownCause::UnregisteredRedirectUri));
        assert_eq!(
            explained.problems,
            [
                RedirectedCause::RequestUri,
                RedirectedCause::NotSupported { name: "response_mode" },
                RedirectedCause::ResponseType,
                RedirectedCause::MissingChallenge,
                RedirectedCause::MissingScope,
                RedirectedCause::Prompt,
                RedirectedCause::MaxAge,
                RedirectedCause::Target(InvalidTargetCause::Unknown),
            ]
        );
    }

    #[test]
    fn first_problem_is_the_error_of_the_endpoint() {
        let good = [
            ("client_id", "app"),
            ("response_type", "code"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("scope", "me"),
            ("state", "s"),
            ("nonce", "n"),
        ];
        let long = "x".repeat(513);
        let changes = [
            ("response_type", ""),
            ("response_type", "token"),
            ("code_challenge", ""),
            ("code_challenge", "short"),
            ("code_challenge_method", "plain"),
            ("scope", ""),
            ("scope", "\u{1}"),
            ("state", &long),
            ("nonce", &long),
            ("nonce", "n"),
        ];
        for first in changes {
            for second in changes {
                let mut pairs: Vec<(&str, &str)> = good.to_vec();
                for (name, value) in [first, second] {
                    pairs.retain(|(given, _)| *given != name);
                    pairs.push((name, value));
                }
                let (explained, params) = explained(&pairs);
                let parsed = AuthorizationRequest::parse(&client(), &params).err();
                let declared = explained.problems.first().copied();
                // The catalog declares nothing, so a good request has nothing left.
                let nothing = RedirectedCause::Scope(InvalidScopeCause::NothingLeft);
                assert_eq!(declared, Some(parsed.unwrap_or(nothing)), "{first:?} {second:?}");
            }
        }
    }
}
