//! The keys and rules for verifying a token.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use scopegate_domain::{Audience, Issuer, Timestamp};
use scopegate_token::{
    Jwks, JwksPolicy, JwsVerifier, KeySet, PayloadBuffer, TokenRules, Verifier, VerifyError, VerifyingKey, inspect,
};
use serde_json::{Map, Value};

use crate::arguments::{TokenProfile, VerifyArguments};
use crate::output::{print_note, quoted};

/// Verifies tokens.
pub(super) enum TokenVerifier {
    Access(Verifier),
    Jws(JwsVerifier),
}

impl TokenVerifier {
    /// Reads the keys and the rules that the arguments name.
    pub(super) fn new(arguments: &VerifyArguments) -> anyhow::Result<Self> {
        let rules = rules(arguments)?;
        let keys = keys(&arguments.jwks, arguments.allow_weak_keys)?;
        Ok(match rules {
            Some(rules) => Self::Access(Verifier::new(rules, keys)),
            None => Self::Jws(JwsVerifier::new(keys)),
        })
    }

    /// Returns the claims of a valid token, if they are a JSON object, or the rule that the token
    /// breaks.
    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Result<Option<Map<String, Value>>, VerifyError> {
        let mut scratch = PayloadBuffer::new();
        match self {
            Self::Access(verifier) => {
                verifier.verify(token, now, &mut scratch)?;
                Ok(inspect(token).ok().map(|token| token.claims().clone()))
            }
            Self::Jws(verifier) => {
                let jws = verifier.verify(token, &mut scratch)?;
                Ok(serde_json::from_slice(jws.payload()).ok())
            }
        }
    }

    /// The key that must have signed the token.
    pub(super) fn key_for(&self, token: &str) -> Option<VerifyingKey> {
        match self {
            Self::Access(verifier) => verifier.key_for(token).ok(),
            Self::Jws(verifier) => verifier.key_for(token).ok(),
        }
    }
}

/// The rules; `None` if only signature and header are checked.
fn rules(arguments: &VerifyArguments) -> anyhow::Result<Option<TokenRules>> {
    let (issuer, audience) = (arguments.issuer.as_deref(), arguments.audience.as_deref());
    let named = |profile: &str| {
        let (Some(issuer), Some(audience)) = (issuer, audience) else {
            bail!("profile `{profile}` needs --issuer and --audience");
        };
        let issuer = Issuer::parse(issuer).with_context(|| format!("bad issuer `{}`", quoted(issuer)))?;
        let audience = Audience::parse(audience).with_context(|| format!("bad audience `{}`", quoted(audience)))?;
        Ok((issuer, audience))
    };
    if issuer.is_some() || audience.is_some() {
        match arguments.profile {
            TokenProfile::Tutorial => bail!("profile `tutorial` checks neither issuer nor audience"),
            TokenProfile::Jws => bail!("profile `jws` checks neither issuer nor audience"),
            TokenProfile::Rfc9068 | TokenProfile::Jwt => {}
        }
    }
    Ok(match arguments.profile {
        TokenProfile::Rfc9068 => {
            let (issuer, audience) = named("rfc9068")?;
            Some(TokenRules::rfc9068(issuer, audience))
        }
        TokenProfile::Jwt => {
            let (issuer, audience) = named("jwt")?;
            Some(TokenRules::jwt(issuer, audience))
        }
        TokenProfile::Tutorial => Some(TokenRules::shared_secret()),
        TokenProfile::Jws => None,
    })
}

fn keys(path: &Path, allows_weak: bool) -> anyhow::Result<KeySet> {
    let usage = if allows_weak {
        JwksPolicy::LOCAL.allowing_weak_keys()
    } else {
        JwksPolicy::LOCAL
    };
    let json = read(path).with_context(|| format!("key set `{}` cannot be read", path.display()))?;
    let jwks = KeySet::from_jwks(&json, usage).with_context(|| format!("bad key set `{}`", path.display()))?;
    print_skipped_keys(&jwks, path);
    Ok(jwks.into_keys())
}

/// Reads at most one byte more than the limit of a key set, so that a larger one is detected.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut json = Vec::new();
    let limit = u64::try_from(KeySet::MAX_JWKS)?.saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut json)?;
    Ok(json)
}

fn print_skipped_keys(jwks: &Jwks, path: &Path) {
    let mut faults: Vec<_> = jwks.skipped().iter().map(ToString::to_string).collect();
    let count = faults.len();
    faults.sort_unstable();
    faults.dedup();
    if count > 0 {
        let path = path.display();
        print_note(&format!(
            "{count} of the keys in `{path}` cannot be used: {}",
            faults.join("; ")
        ));
    }
}
