//! The resource that a document declares.

use scopegate_domain::{Audience, Catalog, DeclaredScheme, DeclaredScope, OAuthFlows, Resource, SecurityScheme};

use super::Imported;

/// Scopes about the identity of a user. They belong to no resource.
const IDENTITY_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

impl Imported {
    /// Returns the API of the document as a resource. It has the [declared
    /// scopes](Self::declared_scopes) with their descriptions, without those about the identity of
    /// a user.
    ///
    /// `title` is its name for people. Default: that of the document, else the audience.
    ///
    /// ```
    /// use scopegate_domain::{Audience, ScopeToken};
    /// use scopegate_openapi::import;
    ///
    /// let document = br#"{
    ///   "openapi": "3.1.0", "info": { "title": "Ships", "version": "1" }, "paths": {},
    ///   "components": { "securitySchemes": { "login": { "type": "oauth2", "flows": {
    ///     "clientCredentials": { "tokenUrl": "token", "scopes": { "openid": "", "ships": "Read ships." } } } } } }
    /// }"#;
    /// let ships = import::read(document)?.resource(Audience::of_resource("https://api.example/ships")?, None);
    /// assert_eq!(ships.title(), "Ships");
    /// assert!(ships.scopes().eq([(&ScopeToken::from_static("ships"), "Read ships.")]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn resource(&self, audience: Audience, title: Option<&str>) -> Resource {
        let title = title.or_else(|| self.title()).unwrap_or(audience.as_str()).to_owned();
        let scopes = self.declared_scopes();
        let scopes = scopes.filter(|scope| !IDENTITY_SCOPES.contains(&scope.token().as_str()));
        scopes.fold(Resource::new(audience, title), |resource, scope| {
            resource.with_scope(scope.token().clone(), scope.description())
        })
    }

    /// Returns the scopes of the [`token_schemes`] that the document declares. A scope that an
    /// operation requires without a declaration is not one, unless its scheme has no place to
    /// declare it.
    // SECURITY: a mistyped requirement must not become a scope that clients can get. Tested by
    // `faults_of_scopes_are_warnings` in server/tests/it/resource_documents.rs.
    pub fn declared_scopes(&self) -> impl Iterator<Item = &DeclaredScope> {
        token_schemes(self.table().catalog()).flat_map(move |scheme| {
            let can_declare =
                matches!(scheme.scheme(), SecurityScheme::OAuth2(flows) if **flows != OAuthFlows::default());
            let name = scheme.name().as_str();
            let scopes = scheme.scopes().iter();
            scopes.filter(move |scope| !can_declare || self.scope_place(name, scope.token().as_str()).is_some())
        })
    }
}

/// Returns the schemes whose credential is an access token. The roles of an API key are not scopes.
pub fn token_schemes(catalog: &Catalog) -> impl Iterator<Item = &DeclaredScheme> {
    let schemes = catalog.schemes().iter();
    schemes.filter(|declared| declared.scheme().is_bearer())
}
