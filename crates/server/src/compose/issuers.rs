//! Trusted issuers other than our own.

use anyhow::{Context, ensure};
use scopegate_domain::{Audience, Catalog, Issuer};
use scopegate_http::{
    GateBuilder,
    issuers::{HttpFetcher, Introspection, RemoteIssuer},
};

use crate::config::{IssuerSettings, Settings, Tokens, read_roots};

/// A trusted issuer other than our own.
pub(crate) enum TrustedIssuer {
    Opaque(Introspection),
    Signed(RemoteIssuer, bool),
}

/// Builds the issuers of the settings. It sends no request.
pub(super) fn trusted_issuers(
    settings: &Settings,
    own: &Issuer,
    ours: &Audience,
    catalog: &Catalog,
) -> anyhow::Result<Vec<TrustedIssuer>> {
    let bytes = settings.token_cache_bytes;
    let trust = |one: &IssuerSettings| {
        ensure!(
            one.issuer != *own,
            "{}: issuer `{own}` is our own, and in `issuers`; remove the table",
            one.place
        );
        for scope in one.scopes.iter().flatten() {
            let is_declared = catalog
                .schemes()
                .iter()
                .any(|scheme| scheme.scopes().iter().any(|own| own.token() == scope));
            ensure!(
                is_declared,
                "{}: there is no scope `{scope}` that it could be limited to; name scopes of this server in `scopes`",
                one.place
            );
        }
        let audience = one.audience.clone().unwrap_or_else(|| ours.clone());
        trust(one, audience, bytes).with_context(|| one.place.clone())
    };
    settings.issuers.iter().map(trust).collect()
}

fn trust(one: &IssuerSettings, audience: Audience, token_cache_bytes: usize) -> anyhow::Result<TrustedIssuer> {
    let fetcher = HttpFetcher::builder().allow(one.allow.iter().copied());
    let fetcher = match &one.trust_only {
        None => fetcher,
        Some(path) => fetcher.trust_only(read_roots(path)?),
    };
    let fetcher = fetcher.build()?;
    Ok(match &one.tokens {
        Tokens::Jwt {
            layout,
            jwks_uri,
            leeway,
            accepts_absent_type,
        } => {
            let issuer = RemoteIssuer::builder(one.issuer.clone(), audience)
                .fetcher(fetcher)
                .discovery(one.discovery)
                .map_subjects(one.subjects)
                .cache_bytes(token_cache_bytes)
                .leeway(*leeway);
            let issuer = one
                .scopes
                .iter()
                .fold(issuer, |issuer, scopes| issuer.scopes(scopes.iter().cloned()));
            let issuer = layout.iter().fold(issuer, |issuer, layout| issuer.jwt(*layout));
            let issuer = if *accepts_absent_type {
                issuer.absent_type()
            } else {
                issuer
            };
            let issuer = jwks_uri.iter().fold(issuer, |issuer, url| issuer.jwks_uri(url.clone()));
            TrustedIssuer::Signed(issuer.build()?, one.is_required)
        }
        Tokens::Opaque {
            endpoint,
            client_id,
            secret,
            authentication,
        } => {
            let asked = Introspection::builder(one.issuer.clone(), audience, client_id.clone(), secret.clone())
                .fetcher(fetcher)
                .discovery(one.discovery)
                .map_subjects(one.subjects)
                .authentication(*authentication);
            let asked = one
                .scopes
                .iter()
                .fold(asked, |asked, scopes| asked.scopes(scopes.iter().cloned()));
            let asked = endpoint.iter().fold(asked, |asked, url| asked.endpoint(url.clone()));
            TrustedIssuer::Opaque(asked.build()?)
        }
    })
}

/// Adds these issuers to the gate, which also accepts our own tokens.
pub(super) fn add(gate: GateBuilder, scheme: &str, issuers: &[TrustedIssuer]) -> GateBuilder {
    issuers.iter().fold(gate, |gate, issuer| match issuer {
        TrustedIssuer::Opaque(introspection) => gate.introspection(scheme, introspection.clone()),
        TrustedIssuer::Signed(issuer, _) => gate.issuer(scheme, issuer.clone()),
    })
}

/// Fetches the keys of the issuers that the start depends on. Begins to fetch those of the others.
pub(crate) async fn fetch(issuers: &[TrustedIssuer]) -> anyhow::Result<()> {
    for issuer in issuers {
        match issuer {
            TrustedIssuer::Signed(issuer, true) => {
                let fetched = issuer.fetch().await;
                fetched.with_context(|| format!("issuer `{}` is required and has no keys", issuer.issuer()))?;
            }
            TrustedIssuer::Signed(issuer, false) => {
                let issuer = issuer.clone();
                tokio::spawn(async move { issuer.fetch().await });
            }
            TrustedIssuer::Opaque(_) => {}
        }
    }
    Ok(())
}
