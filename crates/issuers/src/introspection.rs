//! Opaque tokens of another issuer: [RFC 7662](https://www.rfc-editor.org/rfc/rfc7662), from the asking side.

mod answer;
mod cache;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64_simd::STANDARD;
use form_urlencoded::Serializer;
use http::HeaderValue;
use scopegate_domain::{Audience, Clock, Issuer, Scope, ScopeToken, Secret, SystemClock, Timestamp};
use scopegate_token::TokenRules;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use self::answer::Expected;
use self::cache::{Answers, TokenText};
use crate::discovery::{self, Discovery};
use crate::fetch::{Endpoint, Form, HttpFetcher};
use crate::remote_error::RemoteError;
use crate::setup_error::RemoteSetupError;
use crate::subject_mapping::SubjectMapping;

/// How the client says who it is ([RFC 6749, section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// In the header `Authorization`: `client_secret_basic`.
    #[default]
    Basic,
    /// In the form: `client_secret_post`, for issuers that know no other way.
    Post,
}

/// Queries another issuer about its opaque tokens, and caches the answers for a short time.
///
/// A token is valid if the answer says `active`, has the expected audience, and is for a bearer
/// access token. If the answer names an issuer and times, the issuer must be this one and the times
/// must hold now. A sender-constrained token (`cnf`) is refused, because nothing here verifies the
/// binding. A token with the claims of an ID or logout token is refused too. While the issuer does
/// not answer, the response is 503: no access is granted, and no token is called invalid.
///
/// | | default | why |
/// |---|---|---|
/// | age of a good answer | 60 s, never beyond `exp` | a revoked token works for this long |
/// | age of a bad answer | 5 s | a token may arrive before all of the issuer's machines know it |
/// | cache size | 4 MiB of each kind | bad answers never evict good ones |
/// | concurrent queries | 32; further ones are 503 at once | each is a connection |
/// | a request waits | 5 s | |
///
/// ```
/// use scopegate_domain::{Audience, Issuer, Secret};
/// use scopegate_issuers::{Introspection, RemoteSetupError};
///
/// let introspection = Introspection::builder(
///     Issuer::parse("https://id.example")?,
///     Audience::parse("https://api.example")?,
///     "api",
///     Secret::new(String::from("the client's secret")),
/// )
/// .build()?;
/// // Gate::builder(catalog).verifier("oauth", Arc::new(introspection))
/// # let _ = introspection;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Introspection(Arc<Shared>);

struct Shared {
    issuer: Issuer,
    expected: Expected,
    client_id: String,
    secret: Secret<String>,
    authentication: ClientAuthentication,
    endpoint: Option<Endpoint>,
    discovery: Discovery,
    fetcher: HttpFetcher,
    clock: Arc<dyn Clock>,
    subjects: SubjectMapping,
    ceiling: Option<Scope>,
    timeout: Duration,
    questions: Arc<Semaphore>,
    state: Mutex<State>,
}

struct State {
    answers: Answers,
    /// The open queries, one for each token.
    open: HashMap<Arc<TokenText>, watch::Receiver<Option<Outcome>>>,
    discovered: Option<Endpoint>,
}

/// The outcome of a query; `None` is a token that is not valid here.
type Outcome = Result<Option<IntrospectedToken>, RemoteError>;

/// A valid opaque token: its subject and its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IntrospectedToken {
    /// The local subject: the `sub` of the answer, mapped by the [`SubjectMapping`].
    pub subject: Option<Arc<str>>,
    /// The scopes within the ceiling.
    pub scopes: Vec<ScopeToken>,
}

impl Introspection {
    /// Creates a builder for tokens of this issuer with this audience. This client sends the
    /// queries.
    pub fn builder(
        issuer: Issuer,
        audience: Audience,
        client_id: impl Into<String>,
        secret: Secret<String>,
    ) -> IntrospectionBuilder {
        IntrospectionBuilder {
            issuer,
            audience: Some(audience),
            client_id: client_id.into(),
            secret,
            authentication: ClientAuthentication::default(),
            endpoint: None,
            discovery: Discovery::default(),
            fetcher: None,
            clock: Arc::new(SystemClock),
            subjects: SubjectMapping::default(),
            ceiling: None,
            ages: (60, 5),
            bytes: 4 * 1024 * 1024,
            questions: 32,
            timeout: Duration::from_secs(5),
        }
    }

    /// Returns the subject and the scopes of a token, from the cache or from the issuer. `None`: the
    /// token is not valid here.
    ///
    /// # Errors
    ///
    /// [`RemoteError`] if the issuer does not answer in time, or its answer cannot be read. Then no
    /// access is granted, and no token is called invalid.
    pub async fn introspect(&self, token: &str) -> Result<Option<IntrospectedToken>, RemoteError> {
        if token.is_empty() || token.len() > TokenRules::MAX_TOKEN {
            return Ok(None);
        }
        let answer = match self.known_or_asked(token)? {
            Known::Answer(answer) => return Ok(answer),
            Known::Open(answer) => answer,
        };
        timeout(self.0.timeout, answered(answer))
            .await
            .unwrap_or(Err(RemoteError::Slow))
    }

    /// Returns the cached answer for a token, or its query: the open one, or a new one.
    fn known_or_asked(&self, token: &str) -> Result<Known, RemoteError> {
        let token = Arc::new(TokenText::new(token));
        let now = self.0.clock.now();
        let mut state = self.0.state();
        if let Some(answer) = state.answers.find(&token, now) {
            return Ok(Known::Answer(answer));
        }
        if let Some(open) = state.open.get(&token) {
            return Ok(Known::Open(open.clone()));
        }
        let place = Arc::clone(&self.0.questions)
            .try_acquire_owned()
            .map_err(|_| RemoteError::Busy)?;
        let (sender, receiver) = watch::channel(None);
        state.open.insert(Arc::clone(&token), receiver.clone());
        drop(state);
        let asking = Asking {
            shared: Arc::clone(&self.0),
            token,
            sender,
        };
        // A separate task: other requests may wait for it after the first request ended.
        tokio::spawn(async move {
            let _place = place;
            asking.ask().await;
        });
        Ok(Known::Open(receiver))
    }
}

enum Known {
    Answer(Option<IntrospectedToken>),
    Open(watch::Receiver<Option<Outcome>>),
}

async fn answered(mut answer: watch::Receiver<Option<Outcome>>) -> Outcome {
    let outcome = answer
        .wait_for(Option::is_some)
        .await
        .map_err(|_| RemoteError::Abandoned)?;
    outcome.clone().unwrap_or(Err(RemoteError::Abandoned))
}

/// One question. However it ends, it is no longer open then.
struct Asking {
    shared: Arc<Shared>,
    token: Arc<TokenText>,
    sender: watch::Sender<Option<Outcome>>,
}

impl Asking {
    async fn ask(self) {
        let outcome = self.shared.ask(&self.token).await;
        let outcome = outcome.map(|(answer, until)| {
            let now = self.shared.clock.now();
            self.shared.state().answers.keep(&self.token, &answer, until, now);
            answer
        });
        self.sender.send_replace(Some(outcome));
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.shared.state().open.remove(&self.token);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer, and until when it holds at most.
    async fn ask(&self, token: &TokenText) -> Result<(Option<IntrospectedToken>, Timestamp), RemoteError> {
        let endpoint = self.endpoint().await?;
        let fetched = self.fetcher.post(&endpoint, self.form(token)).await.map_err(|cause| {
            // It may have moved.
            self.state().discovered = None;
            RemoteError::fetch(&endpoint, cause)
        })?;
        let read = answer::read(&fetched.body, &self.expected, self.clock.now());
        let answer = read.map_err(|fault| RemoteError::Document {
            url: endpoint.to_string(),
            fault,
        })?;
        Ok(match answer {
            None => (None, Timestamp::MAX),
            Some(good) => {
                let subject = good.subject.map(|subject| self.subjects.map(&self.issuer, &subject));
                let within = |scope: &ScopeToken| self.ceiling.as_ref().is_none_or(|ceiling| ceiling.contains(scope));
                let scopes = good.scopes.into_iter().filter(within).collect();
                (Some(IntrospectedToken { subject, scopes }), good.until)
            }
        })
    }

    async fn endpoint(&self) -> Result<Endpoint, RemoteError> {
        if let Some(endpoint) = &self.endpoint {
            return Ok(endpoint.clone());
        }
        if let Some(endpoint) = self.state().discovered.clone() {
            return Ok(endpoint);
        }
        let metadata = discovery::discover(&self.fetcher, &self.issuer, self.discovery).await?;
        let member = "introspection_endpoint";
        let endpoint = metadata.introspection_endpoint.ok_or(RemoteError::Missing { member })?;
        self.state().discovered = Some(endpoint.clone());
        Ok(endpoint)
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

    /// Both halves are encoded as in a form first.
    fn basic(&self) -> Option<HeaderValue> {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = Secret::new(format!("{}:{}", encode(&self.client_id), encode(self.secret.expose())));
        let text = Secret::new(format!("Basic {}", STANDARD.encode_to_string(pair.expose())));
        let mut value = HeaderValue::try_from(text.expose()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection")
            .field("issuer", &self.0.issuer)
            .finish_non_exhaustive()
    }
}

/// Collects what an [`Introspection`] is made of.
#[must_use = "it is made by `build`"]
pub struct IntrospectionBuilder {
    issuer: Issuer,
    audience: Option<Audience>,
    client_id: String,
    secret: Secret<String>,
    authentication: ClientAuthentication,
    endpoint: Option<String>,
    discovery: Discovery,
    fetcher: Option<HttpFetcher>,
    clock: Arc<dyn Clock>,
    subjects: SubjectMapping,
    ceiling: Option<Scope>,
    ages: (u32, u32),
    bytes: usize,
    questions: usize,
    timeout: Duration,
}

impl IntrospectionBuilder {
    /// Asks at this URL in place of the one that the issuer's document names.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Sets where the issuer's document is searched. Default: [`Discovery::Either`].
    pub fn discovery(mut self, discovery: Discovery) -> Self {
        self.discovery = discovery;
        self
    }

    /// Sets how the client authenticates.
    pub fn authentication(mut self, authentication: ClientAuthentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// Accepts answers without an `aud`, or with any. Use it only for an issuer that answers this
    /// client solely about the client's own tokens. With any other issuer, every token that it
    /// issued to any client becomes valid here.
    pub fn any_audience(mut self) -> Self {
        self.audience = None;
        self
    }

    /// Asks by it.
    pub fn fetcher(mut self, fetcher: HttpFetcher) -> Self {
        self.fetcher = Some(fetcher);
        self
    }

    /// Reads this clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Means these by subjects.
    pub fn map_subjects(mut self, subjects: SubjectMapping) -> Self {
        self.subjects = subjects;
        self
    }

    /// Limits the scopes of its tokens to these, or to none if the list is empty. Other scopes of a
    /// token are dropped before any decision, as if the token did not have them. A scope is
    /// compared by its own name, before it implies another.
    pub fn scopes(mut self, ceiling: impl IntoIterator<Item = ScopeToken>) -> Self {
        self.ceiling = Some(ceiling.into_iter().collect());
        self
    }

    /// Sets the maximum age of a cached answer, in seconds: for a good one and for a bad one. 0
    /// disables the cache.
    pub const fn cache_ttl(mut self, good: u32, bad: u32) -> Self {
        self.ages = (good, bad);
        self
    }

    /// Sets the size of the cache in bytes, for good answers and as much for bad ones.
    pub const fn cache_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Most questions at a time.
    pub const fn max_concurrency(mut self, most: usize) -> Self {
        self.questions = most;
        self
    }

    /// How long a request waits for an answer.
    pub const fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Builds it. Sends no query yet.
    ///
    /// # Errors
    ///
    /// [`RemoteSetupError`] if the URL or the issuer cannot be fetched.
    pub fn build(self) -> Result<Introspection, RemoteSetupError> {
        discovery::check(&self.issuer)?;
        let endpoint = self.endpoint.as_deref().map(Endpoint::parse).transpose()?;
        let fetcher = self.fetcher.map_or_else(|| HttpFetcher::builder().build(), Ok)?;
        Ok(Introspection(Arc::new(Shared {
            expected: Expected {
                issuer: self.issuer.clone(),
                audience: self.audience,
            },
            issuer: self.issuer,
            client_id: self.client_id,
            secret: self.secret,
            authentication: self.authentication,
            endpoint,
            discovery: self.discovery,
            fetcher,
            clock: self.clock,
            subjects: self.subjects,
            ceiling: self.ceiling,
            timeout: self.timeout,
            questions: Arc::new(Semaphore::new(self.questions.min(Semaphore::MAX_PERMITS))),
            state: Mutex::new(State {
                answers: Answers::new(self.ages, self.bytes),
                open: HashMap::new(),
                discovered: None,
            }),
        })))
    }
}

impl fmt::Debug for IntrospectionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionBuilder")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
