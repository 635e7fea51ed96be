//! Tokens of the issuer that the examples trust.

use scopegate_gate::domain::{
    AccessTokenClaims, Audience, ClientId, Issuer, Lifetime, ScopeToken, Secret, Timestamp, TokenId,
};
use scopegate_gate::token::{Signer, SigningKey, TokenRules};

pub(crate) fn key() -> SigningKey {
    SigningKey::hs256(&Secret::new("a secret text of thirty-two bytes".to_owned())).unwrap()
}

/// The rules by which the examples for axum verify tokens.
pub(crate) fn rules() -> TokenRules {
    let issuer = Issuer::parse("https://id.example").unwrap();
    TokenRules::rfc9068(issuer, Audience::parse("https://api.example").unwrap())
}

/// The header of a token of the subject `u1` with these scopes, delimited by spaces.
pub(crate) fn bearer(rules: TokenRules, scope: &str) -> String {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let now = Timestamp::from_unix(i64::try_from(now).unwrap());
    let scopes = scope.split(' ').map(|scope| scope.parse::<ScopeToken>().unwrap());
    let claims = AccessTokenClaims::new("u1", now, Lifetime::from_minutes(5))
        .with_scopes(scopes)
        .with_client_id(ClientId::parse("app").unwrap())
        .with_token_id(TokenId::parse("t1").unwrap());
    let token = Signer::new(rules, key()).issue(&claims).unwrap();
    format!("Bearer {}", token.expose())
}
