//! A server with pages: users, browsers and clients of each kind, and the steps to tokens.

use std::sync::Arc;

use scopegate_domain::{
    Audience, AuditEvent, AuditId, Client, ClientAuthMethod, ClientId, Clock, CodeVerifier, GrantType, Issuer,
    Lifetime, ManualClock, RedirectUri, Resources, Scope, ScopeToken, Secret,
};
use scopegate_grant::{
    AccessTokens, AccountSession, AuditLog, AuditMode, AuthorizationEndpoint, AuthorizationServer, AuthorizeError,
    ClientCredentials, ConsentChoice, ConsentForm, ConsentStep, FormError, GrantError, LoggedIn, LoginForm,
    LoginOutcome, LoginStep, Params, RequestOrigin, RevocationWatch, SecretRings, ServerSecrets, Step, TokenSet,
    UserAccounts, Visit,
};
use scopegate_store::{AuditQuery, ClientsCache, MemoryStore, Store};
use scopegate_token::{
    BrowserCookie, ClientSecret, PayloadBuffer, RevokedSet, SessionCookie, Signer, SigningKey, SubjectClaim,
    SystemRandomSource, TokenRules, Verifier,
};

use crate::common::{BCRYPT, KEY, NOW, add_user, clients, params, scope, store, user};

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const WEB: &str = "https://web.example/cb";
pub(crate) const PAGE: &str = "https://page.example/cb";
pub(crate) const TOOL: &str = "http://127.0.0.1/cb";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct PeopleFixture {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) server: AuthorizationServer,
    pub(crate) endpoint: AuthorizationEndpoint,
    pub(crate) accounts: UserAccounts,
    pub(crate) tokens: AccessTokens,
    pub(crate) watch: Arc<RevocationWatch>,
    pub(crate) secrets: Arc<ServerSecrets>,
    verifier: Verifier,
    /// The credentials of `web`.
    web: ClientCredentials,
    pub(crate) origin: RequestOrigin,
    audit: AuditLog,
}

/// A browser with its cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) cookie: BrowserCookie,
    pub(crate) session: Option<SessionCookie>,
    pub(crate) known: Option<String>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        Self {
            cookie: BrowserCookie::generate(&SystemRandomSource).unwrap(),
            session: None,
            known: None,
        }
    }

    pub(crate) fn keep(&mut self, login: &LoggedIn) {
        self.session = Some(login.cookies.session.clone());
        self.known = Some(login.cookies.known.expose().clone());
    }
}

fn registered(id: &str, uri: &str) -> Client {
    Client::public(ClientId::parse(id).unwrap(), id)
        .with_redirect_uris([RedirectUri::parse(uri).unwrap()])
        .with_grant_types([GrantType::AuthorizationCode, GrantType::RefreshToken])
        .with_scope(scope("me items offline_access"))
}

impl PeopleFixture {
    /// The session of a browser, if it is active.
    pub(crate) async fn account(&self, browser: &Browser) -> Option<AccountSession> {
        self.accounts.find(browser.session.as_ref().unwrap()).await.unwrap()
    }

    /// Withdraws the consent for a client. Returns whether there was one.
    pub(crate) async fn withdraw(&self, account: &AccountSession, client: &ClientId) -> bool {
        let withdrawn = self.accounts.withdraw(account, client, &self.origin);
        withdrawn.await.unwrap()
    }

    /// `johndoe` and `jane`, with the clients `web` (confidential), `page` (in the browser) and
    /// `tool` (on the device).
    pub(crate) async fn new() -> Self {
        Self::with_retry(Lifetime::from_seconds(10)).await
    }

    pub(crate) async fn with_retry(window: Lifetime) -> Self {
        Self::build(window, None).await
    }

    /// A server whose failed logins are not slowed.
    pub(crate) async fn unthrottled() -> Self {
        Self::build_with(Lifetime::from_seconds(10), None, Lifetime::from_seconds(0), false).await
    }

    pub(crate) async fn build(window: Lifetime, resources: Option<Resources>) -> Self {
        Self::with_cache(window, resources, Lifetime::from_seconds(0)).await
    }

    /// A server that caches clients, if the log of changes was read within this time.
    pub(crate) async fn with_cache(window: Lifetime, resources: Option<Resources>, cached: Lifetime) -> Self {
        Self::build_with(window, resources, cached, true).await
    }

    async fn build_with(window: Lifetime, resources: Option<Resources>, cached: Lifetime, is_throttled: bool) -> Self {
        let store = store().await;
        let all = scope("me items offline_access");
        add_user(&*store, user("jane").with_scope(all.clone()), Some(BCRYPT)).await;
        let shared: &dyn Store = &*store;
        let john = user("johndoe");
        shared.users().set_scope(john.id(), &all).await.unwrap();
        let secret = ClientSecret::generate(&SystemRandomSource).unwrap();
        let web = registered("web", WEB).with_secret(secret.digest());
        let web = web.with_auth_method(ClientAuthMethod::SecretBasic);
        for client in [web, registered("page", PAGE), registered("tool", TOOL)] {
            clients(&store).add(client).await.unwrap();
        }
        let clock = Arc::new(ManualClock::at(NOW));
        let rules = TokenRules::rfc9068(Issuer::parse(ISSUER).unwrap(), Audience::parse(ISSUER).unwrap());
        let key = || SigningKey::hs256(&Secret::new(String::from(KEY))).unwrap();
        let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
        let cache = Arc::new(ClientsCache::new(store.clone(), cached));
        let watch = RevocationWatch::new(store.clone(), set, clock.clone()).clients(cache.clone());
        let watch = Arc::new(watch);
        let secrets = Arc::new(ServerSecrets::new(SecretRings::generate(&SystemRandomSource).unwrap()));
        let entropy = Arc::new(SystemRandomSource);
        let audit = AuditLog::new(store.clone(), AuditMode::Standard, clock.clone(), entropy);
        let signer = Signer::new(rules.clone(), key());
        let server = AuthorizationServer::builder(store.clone(), signer, crate::common::catalog())
            .code_grant(Issuer::parse(ISSUER).unwrap(), secrets.clone())
            .refresh_retry(window)
            .password_grant(true)
            .throttled(is_throttled)
            .revocations(watch.clone())
            .clients(cache)
            .audit(audit.clone())
            .clock(clock.clone());
        let server = match resources {
            Some(resources) => server.resources(resources).build(),
            None => server.build(),
        };
        let verifier = Verifier::new(rules, key().verifying_key());
        Self {
            endpoint: server.authorization_endpoint().unwrap(),
            accounts: server.user_accounts().unwrap(),
            tokens: AccessTokens::new(server.clone(), &verifier, watch.clone(), store.clone()),
            verifier,
            web: ClientCredentials::Basic {
                id: "web".to_owned(),
                secret: Secret::new(secret.expose().to_owned()),
            },
            server,
            watch,
            secrets,
            store,
            clock,
            origin: RequestOrigin::default(),
            audit,
        }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(crate) fn advance(&self, seconds: u32) {
        self.clock.advance(Lifetime::from_seconds(seconds));
    }

    pub(crate) fn visit<'a>(&'a self, browser: &'a Browser) -> Visit<'a> {
        Visit {
            browser: &browser.cookie,
            session: browser.session.as_ref(),
            known: browser.known.as_deref(),
            user_agent: "a browser",
            origin: &self.origin,
        }
    }

    pub(crate) async fn change_client(&self, id: &str, change: impl FnOnce(Client) -> Client) {
        let old = clients(&self.store)
            .find(&ClientId::parse(id).unwrap())
            .await
            .unwrap()
            .unwrap();
        let new = change(old.clone());
        assert!(clients(&self.store).update(&old, &new).await.unwrap());
    }

    pub(crate) async fn authorize(&self, request: &Params, browser: &Browser) -> Result<Step, AuthorizeError> {
        self.endpoint.authorize(request, &self.visit(browser)).await
    }

    pub(crate) async fn login_page(&self, request: &Params, browser: &Browser) -> LoginStep {
        match self.authorize(request, browser).await.unwrap() {
            Step::Login(page) => *page,
            other => panic!("not the login page: {other:?}"),
        }
    }

    pub(crate) async fn log_in(
        &self,
        page: &LoginStep,
        browser: &Browser,
        name: &str,
        password: &str,
    ) -> Result<LoginOutcome, FormError> {
        let password = Secret::new(password.to_owned());
        let form = LoginForm {
            flow: &page.flow,
            username: name,
            password: &password,
            stay: false,
        };
        self.endpoint.login(&form, &self.visit(browser)).await
    }

    /// Logs in, and returns the next step.
    pub(crate) async fn pass_login(&self, page: &LoginStep, browser: &mut Browser, name: &str) -> Step {
        let LoginOutcome::LoggedIn(login) = self.log_in(page, browser, name, "secret").await.unwrap() else {
            panic!("{name} is not logged in")
        };
        browser.keep(&login);
        self.endpoint.resume(&login.flow, &self.visit(browser)).await.unwrap()
    }

    pub(crate) async fn decide(
        &self,
        page: &ConsentStep,
        browser: &Browser,
        choice: ConsentChoice<'_>,
    ) -> Result<Step, FormError> {
        let form = ConsentForm {
            flow: &page.flow,
            choice,
        };
        self.endpoint.consent(&form, &self.visit(browser)).await
    }

    pub(crate) async fn allow(&self, page: &ConsentStep, browser: &Browser) -> Result<Step, FormError> {
        let offered = page.offer.scope.to_string();
        let ticked: Vec<&str> = offered.split(' ').collect();
        self.decide(page, browser, ConsentChoice::Allow(&ticked)).await
    }

    /// Does all that a request needs, and returns the parameters of the answer.
    pub(crate) async fn answer(&self, request: &Params, browser: &mut Browser) -> Vec<(String, String)> {
        let mut step = self.authorize(request, browser).await.unwrap();
        loop {
            step = match step {
                Step::Login(page) => self.pass_login(&page, browser, "johndoe").await,
                Step::Consent(page) => self.allow(&page, browser).await.unwrap(),
                Step::Answer(answer) => return query_of(answer.location().expose()),
            };
        }
    }

    pub(crate) async fn code(&self, request: &Params, browser: &mut Browser) -> String {
        let answer = self.answer(request, browser).await;
        value_of(&answer, "code").unwrap()
    }

    pub(crate) async fn token(&self, client: &str, fields: &[(&str, &str)]) -> Result<TokenSet, GrantError> {
        let (fields, header) = match client {
            "web" => (fields.to_vec(), self.web.clone()),
            client => ([fields, &[("client_id", client)]].concat(), ClientCredentials::Absent),
        };
        self.server.token(&params(&fields), &header).await
    }

    pub(crate) async fn redeem(&self, client: &str, code: &str) -> Result<TokenSet, GrantError> {
        self.redeem_with(client, code, &[]).await
    }

    pub(crate) async fn redeem_with(
        &self,
        client: &str,
        code: &str,
        more: &[(&str, &str)],
    ) -> Result<TokenSet, GrantError> {
        self.token(client, &[&redemption(client, code)[..], more].concat())
            .await
    }

    pub(crate) async fn refresh(&self, client: &str, token: &str) -> Result<TokenSet, GrantError> {
        self.token(client, &[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    }

    /// Logs in and returns the tokens of a new family.
    pub(crate) async fn tokens_of(&self, client: &str, requested: &str, browser: &mut Browser) -> TokenSet {
        let code = self.code(&request(client, &[("scope", requested)]), browser).await;
        self.redeem(client, &code).await.unwrap()
    }

    /// The audiences of an access token.
    pub(crate) fn audiences(&self, tokens: &TokenSet) -> Vec<String> {
        let (verifier, mut buffer) = (self.verifier.clone().for_any_audience(), PayloadBuffer::new());
        let text = tokens.access_token().expose();
        let claims = verifier.verify(text, self.clock.now(), &mut buffer).unwrap();
        claims.audiences().map(str::to_owned).collect()
    }

    pub(crate) fn credentials(&self, client: &str) -> ClientCredentials {
        if client == "web" {
            self.web.clone()
        } else {
            ClientCredentials::Absent
        }
    }

    /// Whether the gate of this process accepts an access token.
    pub(crate) fn is_accepted(&self, token: &TokenSet) -> bool {
        let mut buffer = PayloadBuffer::new();
        let text = token.access_token().expose();
        let claims = self.verifier.verify(text, self.clock.now(), &mut buffer);
        claims.is_ok_and(|claims| !self.watch.set().has(&claims))
    }

    /// Writes what the audit log counts.
    pub(crate) async fn write_counts(&self) {
        self.audit.write().await;
    }

    /// Whether the audit log has this event, also if it is counted.
    pub(crate) async fn has_counted(&self, event: AuditEvent) -> bool {
        self.audit.write().await;
        self.events().await.contains(&event)
    }

    /// The events of the audit log, sorted: entries of one moment have a random order.
    pub(crate) async fn events(&self) -> Vec<AuditEvent> {
        let query = AuditQuery {
            after: AuditId::MIN,
            ..AuditQuery::default()
        };
        let entries = self.store().audit().entries(&query, 1_000).await.unwrap();
        let mut events: Vec<_> = entries.iter().map(scopegate_domain::AuditEntry::event).collect();
        events.sort();
        events
    }
}

/// A request of this client, with these parameters in addition or instead.
pub(crate) fn request(client: &str, changes: &[(&str, &str)]) -> Params {
    let uri = match client {
        "web" => WEB,
        "page" => PAGE,
        _ => TOOL,
    };
    let usual = [
        ("client_id", client),
        ("redirect_uri", uri),
        ("response_type", "code"),
        ("scope", "me items"),
        ("state", "a state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let kept = usual
        .iter()
        .filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    kept.chain(changes).copied().collect()
}

pub(crate) fn redemption<'a>(client: &str, code: &'a str) -> Vec<(&'a str, &'a str)> {
    let uri = match client {
        "web" => WEB,
        "page" => PAGE,
        _ => TOOL,
    };
    assert!(CodeVerifier::parse(VERIFIER).is_ok());
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", uri),
        ("code_verifier", VERIFIER),
    ]
}

/// The decoded parameters of a URL.
pub(crate) fn query_of(url: &str) -> Vec<(String, String)> {
    let (_, query) = url.split_once('?').unwrap();
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

pub(crate) fn value_of(pairs: &[(String, String)], name: &str) -> Option<String> {
    let mut named = pairs.iter().filter(|(given, _)| given == name);
    let value = named.next().map(|(_, value)| value.clone());
    assert!(named.next().is_none(), "{name} occurs once");
    value
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut parts = text.split('%');
    bytes.extend(parts.next().unwrap().bytes());
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).unwrap());
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn token(name: &str) -> ScopeToken {
    ScopeToken::parse(name).unwrap()
}

pub(crate) fn scope_of(tokens: &TokenSet) -> Scope {
    tokens.scope().clone()
}

pub(crate) fn refresh_of(tokens: &TokenSet) -> String {
    tokens.refresh_token().unwrap().expose().clone()
}
