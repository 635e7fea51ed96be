//! What an authorization request is compared with, for a command that opens no key.

use scopegate_domain::{Audience, Issuer, Resources};
use scopegate_grant::ExplainSettings;

use super::Apis;
use super::check::audience;
use crate::config::Settings;

/// The issuer and the APIs of a configuration.
pub(crate) struct RequestApis {
    issuer: Issuer,
    /// `None`: tokens name no audience.
    audience: Option<Audience>,
    apis: Apis,
}

impl RequestApis {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used, with the remedy.
    pub(crate) fn read(settings: &Settings) -> anyhow::Result<Self> {
        let issuer = settings.issuer_at(settings.listen)?;
        let apis = Apis::read(settings)?;
        let audience = audience(settings, &issuer, &apis.resources)?;
        Ok(Self {
            issuer,
            audience: settings.profile.has_key_ring().then_some(audience),
            apis,
        })
    }

    /// Returns the issuer.
    pub(crate) const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Returns what the explanation of a request needs.
    pub(crate) fn settings(&self) -> ExplainSettings<'_> {
        let resources = Some(&self.apis.resources);
        ExplainSettings {
            issuer: &self.issuer,
            catalog: &self.apis.own.catalog,
            audience: self.audience.as_ref(),
            resources: resources.filter(|resources: &&Resources| !resources.is_empty()),
        }
    }
}
