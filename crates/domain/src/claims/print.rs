//! Prints claims as JSON.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Claims;
use super::known::Claim;

/// Prints the claims that were read. If the text is parsed again, it gives the same claims. Unknown
/// claims are omitted, also kept ones. Of a foreign claim only the name is kept.
impl Serialize for Claims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (claim, text) in [
            (Claim::Issuer, &self.issuer),
            (Claim::Subject, &self.subject),
            (Claim::TokenId, &self.token_id),
            (Claim::ClientId, &self.client_id),
            (Claim::Scope, &self.scope),
            (Claim::Acr, &self.acr),
        ] {
            if let Some(text) = text {
                map.serialize_entry(claim.name(), text)?;
            }
        }
        for (claim, time) in [
            (Claim::ExpiresAt, self.expires_at),
            (Claim::NotBefore, self.not_before),
            (Claim::IssuedAt, self.issued_at),
            (Claim::AuthTime, self.auth_time),
        ] {
            if let Some(time) = time {
                map.serialize_entry(claim.name(), &time)?;
            }
        }
        for (claim, list) in [(Claim::Audience, &self.audience), (Claim::Scopes, &self.scopes)] {
            if let Some(list) = list {
                map.serialize_entry(claim.name(), list)?;
            }
        }
        if let Some(claim) = self.foreign {
            match claim {
                Claim::TokenUse | Claim::Type => map.serialize_entry(claim.name(), "id")?,
                _ => map.serialize_entry(claim.name(), &())?,
            }
        }
        if self.has_confirmation {
            map.serialize_entry(Claim::Confirmation.name(), &())?;
        }
        self.elsewhere.print(self.layout, &mut map)?;
        map.end()
    }
}
