//! Sends introspection requests, and finds the endpoint.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64_simd::STANDARD;
use form_urlencoded::Serializer;
use http::HeaderValue;
use scopegate_domain::{Clock, Issuer, Scope, ScopeToken, Secret, Timestamp};

use super::answer::{self, ExpectedClaims};
use super::cache::{Answer, TokenText};
use super::introspected_token::IntrospectedToken;
use crate::discovery::{self, Discovery};
use crate::fetch::{Endpoint, Form, HttpFetcher};
use crate::remote_error::RemoteError;

/// The method of client authentication ([RFC 6749, section
/// 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// In the header `Authorization`: `client_secret_basic`.
    #[default]
    Basic,
    /// In the form: `client_secret_post`, for issuers that support nothing else.
    Post,
}

/// The client that queries the issuer. Clones share the endpoint that they discover.
#[derive(Clone)]
pub(super) struct IntrospectionClient {
    pub(super) issuer: Issuer,
    pub(super) expected: ExpectedClaims,
    pub(super) client_id: String,
    pub(super) secret: Secret<String>,
    pub(super) authentication: ClientAuthentication,
    /// The configured endpoint. `None`: the one of the issuer's metadata document.
    pub(super) endpoint: Option<Endpoint>,
    pub(super) discovery: Discovery,
    pub(super) fetcher: HttpFetcher,
    /// The scopes that a token can have at most.
    pub(super) ceiling: Option<Scope>,
    /// The endpoint of the metadata document, until a request to it fails.
    pub(super) discovered: Arc<Mutex<Option<Endpoint>>>,
}

impl IntrospectionClient {
    /// Returns the answer for a token, and the time until which it may be cached.
    pub(super) async fn request(
        &self,
        token: &TokenText,
        clock: &dyn Clock,
    ) -> Result<(Answer, Timestamp), RemoteError> {
        let endpoint = self.endpoint().await?;
        let response = self.fetcher.post(&endpoint, self.form(token)).await.map_err(|cause| {
            // The endpoint may have moved.
            *self.discovered() = None;
            RemoteError::fetch(&endpoint, cause)
        })?;
        let read = answer::read(&response.body, &self.expected, clock.now());
        let answer = read.map_err(|fault| RemoteError::Document {
            url: endpoint.to_string(),
            fault,
        })?;
        Ok(match answer {
            None => (None, Timestamp::MAX),
            Some(active) => {
                let is_allowed =
                    |scope: &ScopeToken| self.ceiling.as_ref().is_none_or(|ceiling| ceiling.contains(scope));
                let scopes = active.scopes.into_iter().filter(is_allowed).collect();
                let claims = Arc::new(active.claims);
                (Some(IntrospectedToken { claims, scopes }), active.expires_at)
            }
        })
    }

    async fn endpoint(&self) -> Result<Endpoint, RemoteError> {
        if let Some(endpoint) = &self.endpoint {
            return Ok(endpoint.clone());
        }
        if let Some(endpoint) = self.discovered().clone() {
            return Ok(endpoint);
        }
        let metadata = discovery::discover(&self.fetcher, &self.issuer, self.discovery).await?;
        let member = "introspection_endpoint";
        let endpoint = metadata.introspection_endpoint.ok_or(RemoteError::Missing { member })?;
        *self.discovered() = Some(endpoint.clone());
        Ok(endpoint)
    }

    fn discovered(&self) -> MutexGuard<'_, Option<Endpoint>> {
        self.discovered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn form(&self, token: &TokenText) -> Form {
        let mut form = Serializer::new(String::new());
        form.append_pair("token", token.expose())
            .append_pair("token_type_hint", "access_token");
        let authorization = match self.authentication {
            ClientAuthentication::Basic => self.basic(),
            ClientAuthentication::Post => {
                form.append_pair("client_id", &self.client_id);
                form.append_pair("client_secret", self.secret.expose());
                None
            }
        };
        Form {
            authorization,
            body: form.finish(),
        }
    }

    /// Returns the header for `client_secret_basic`. RFC 6749 encodes both halves as in a form
    /// first.
    fn basic(&self) -> Option<HeaderValue> {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = Secret::new(format!("{}:{}", encode(&self.client_id), encode(self.secret.expose())));
        let text = Secret::new(format!("Basic {}", STANDARD.encode_to_string(pair.expose())));
        let mut value = HeaderValue::try_from(text.expose()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}
