//! Tests of an application, behind the feature `testing`: never a part of a program that serves.
//!
//! [`TestGate`] is a gate whose requests need no token. [`TestClient`] sends requests without a
//! socket. [`assert_policy_snapshot!`](crate::assert_policy_snapshot) compares the policy with a
//! file.

mod client;
mod snapshot;

use std::any::Any;
use std::sync::Arc;

use scopegate_domain::{ApplicationUser, SchemeName, ScopeToken, User, UserId, UserStatus, Username};
use scopegate_gate::TestIdentity;
use serde_json::Value;

use crate::gate::Gate;

pub use self::client::{TestClient, TestRequest, TestResponse};
pub use self::snapshot::{SnapshotError, compare_snapshot};

/// Builds a gate for tests, from [`Gate::testing`].
///
/// Every value passes through the same code as in the gate. The subject is what `sub` says in a
/// token: the user's id, or the name ([`Dialect::subject`](crate::site::Dialect::subject)).
///
/// A request has one credential, in one place: `as_user`, `subject`, `scope` and `claim`
/// describe it. If an operation needs several, [`scheme`](Self::scheme) names the schemes whose
/// credentials are presented.
///
/// ```
/// # use std::sync::Arc;
/// use scopegate_http::{Catalog, CurrentUser, Gate, Guard, Json, ScopeToken, SecurityScheme, get};
/// use scopegate_http::domain::{Secret, User, UserId, Username};
/// # use scopegate_http::store::MemoryStore;
/// # use scopegate_http::token::{SigningKey, TokenRules, Verifier};
///
/// const ME: ScopeToken = ScopeToken::from_static("me");
/// # let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token")).scope(ME, "").build()?;
/// # let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// # let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());
/// let gate = Gate::builder(catalog)
///     .bearer("oauth", verifier)
///     .users(Arc::new(MemoryStore::new()))
///     .operation(
///         get("/users/me/")
///             .guard(Guard::requires([ME]).depends_on(&Guard::user()))
///             .then(|user: CurrentUser| async move { Json(user.username().to_string()) }),
///     )
///     .build()?;
///
/// let johndoe = User::new(UserId::parse("u1")?, Username::parse("johndoe")?);
/// let as_johndoe = gate.testing().as_user(johndoe).scope(ME).gate();
/// let routes = as_johndoe.filter(); // answers as if a token of johndoe with the scope `me` had been sent
/// # let _ = routes;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a double takes effect in the gate that `gate` makes"]
pub struct TestGate {
    gate: Gate,
    identity: TestIdentity,
}

impl Gate {
    /// Returns a builder of a gate for tests. It uses a given user and scopes instead of a token;
    /// all declared rules still apply. Only with the feature `testing`.
    pub fn testing(&self) -> TestGate {
        TestGate {
            gate: self.clone(),
            identity: TestIdentity::default(),
        }
    }
}

impl TestGate {
    /// Sets the user of every request.
    pub fn as_user(mut self, user: impl Into<Arc<User>>) -> Self {
        self.identity = self.identity.as_user(user);
        self
    }

    /// Sets the user of every request, of the application's own type, and its subject.
    ///
    /// # Panics
    ///
    /// If the subject is empty, too long or has control characters.
    #[expect(clippy::panic, reason = "a test of an application ends with the reason")]
    pub fn as_application_user<U: ApplicationUser>(self, subject: &str, user: U) -> Self {
        let (id, name) = (UserId::parse(subject), Username::from_stored(subject));
        let status = if user.is_active() {
            UserStatus::Active
        } else {
            UserStatus::Disabled
        };
        let user = match (id, name) {
            (Ok(id), Ok(name)) => User::new(id, name).with_status(status).with_value(user),
            _ => panic!("`{subject}` cannot be the subject of a user"),
        };
        self.as_user(user)
    }

    /// Sets the subject of every credential, which is `sub` in a token. If an operation needs a
    /// user, the gate finds the user of this subject.
    pub fn subject(mut self, subject: impl Into<Arc<str>>) -> Self {
        self.identity = self.identity.subject(subject);
        self
    }

    /// Adds a credential of this scheme of the catalog to every request. May be called several
    /// times.
    ///
    /// Subject and scopes belong to the named schemes if one of them has a subject and they
    /// declare the scopes. Otherwise they belong to one more credential.
    ///
    /// # Panics
    ///
    /// If the catalog does not declare the scheme.
    pub fn scheme(mut self, name: &str) -> Self {
        let id = SchemeName::parse(name)
            .ok()
            .and_then(|name| self.gate.operations().scheme_id(&name));
        assert!(
            id.is_some(),
            "scheme `{name}` is not declared in the catalog of the gate"
        );
        if let Some(id) = id {
            self.identity = self.identity.scheme(id);
        }
        self
    }

    /// Adds this claim to the credential, as in an access token: `acr`, `auth_time`, `aud`, `cnf`.
    ///
    /// Another claim reaches the handler only if the verifier of the scheme keeps it, as in
    /// production ([`BearerTokens::keep_claim`](crate::credential::BearerTokens::keep_claim)). The
    /// credential of a verifier of the application can have any claim.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.identity = self.identity.claim(name, value);
        self
    }

    /// Sets the client that presents the credential: the claim `client_id`. Default: none.
    pub fn client(mut self, id: impl Into<String>) -> Self {
        self.identity = self.identity.client(id);
        self
    }

    /// Sets the value that a verifier of the application adds to its credential. Default: none.
    pub fn value(mut self, value: impl Any + Send + Sync) -> Self {
        self.identity = self.identity.value(value);
        self
    }

    /// Adds a credential without a user to every request.
    pub fn authenticated(mut self) -> Self {
        self.identity = self.identity.authenticated();
        self
    }

    /// Adds this scope to the credential.
    pub fn scope(mut self, token: ScopeToken) -> Self {
        self.identity = self.identity.scope(token);
        self
    }

    /// Builds the gate for tests. The original gate is unchanged.
    #[must_use]
    pub fn gate(self) -> Gate {
        Gate {
            gate: self.gate.gate.with_identity(self.identity),
            ..self.gate
        }
    }
}
