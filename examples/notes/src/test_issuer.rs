//! The issuer of development tokens. In production the tokens come from another program.

use std::error::Error;
use std::fs;
use std::path::Path;

use scopegate_example_notes::{KEYS, READ, WRITE};
use scopegate_http::domain::{
    AccessTokenClaims, Audience, ClientId, Clock, Issuer, Lifetime, Secret, SystemClock, TokenId,
};
use scopegate_http::token::{Signer, SigningKey, TokenRules, Verifier};

/// Issues and verifies tokens by the rules of production: RFC 9068, one issuer, one audience.
pub(crate) struct TestIssuer {
    rules: TokenRules,
    key: SigningKey,
}

impl TestIssuer {
    /// Reads the key from a file, or writes a new one there.
    pub(crate) fn open(file: &Path) -> Result<Self, Box<dyn Error>> {
        if !file.exists() {
            let key = SigningKey::es256_generate()?;
            fs::write(file, key.to_pkcs8().ok_or("a symmetric key")?.expose())?;
        }
        let key = SigningKey::es256_from_pkcs8(Secret::new(fs::read(file)?))?;
        let (issuer, audience) = (
            Issuer::parse("https://id.notes.test")?,
            Audience::parse("https://notes.test")?,
        );
        Ok(Self {
            rules: TokenRules::rfc9068(issuer, audience),
            key,
        })
    }

    pub(crate) fn verifier(self) -> Verifier {
        Verifier::new(self.rules, self.key.verifying_key())
    }

    /// Issues a token with all scopes, for an hour.
    pub(crate) fn token(self, subject: &str) -> Result<String, Box<dyn Error>> {
        let now = SystemClock.now();
        let claims = AccessTokenClaims::new(subject, now, Lifetime::from_minutes(60))
            .with_scopes([READ, WRITE, KEYS])
            .with_client_id(ClientId::parse("development")?)
            .with_token_id(TokenId::parse(&format!("{subject}-{}", now.as_unix()))?);
        Ok(Signer::new(self.rules, self.key).issue(&claims)?.expose().to_owned())
    }
}
