//! The claims that are read with every layout.

use super::ClaimsError;

macro_rules! claim_names {
    ($($claim:ident = $name:literal,)*) => {
        /// The supported claims.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Claim {
            $($claim,)*
        }

        impl Claim {
            /// Returns the claim of this name. Compares bytes, because the compiler makes a tree of
            /// them; it compares texts one by one.
            #[inline]
            #[expect(non_upper_case_globals, reason = "named for the claims")]
            pub(super) fn find(name: &[u8]) -> Option<Self> {
                $(const $claim: &[u8] = $name.as_bytes();)*
                match name {
                    $($claim => Some(Self::$claim),)*
                    _ => None,
                }
            }

            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$claim => $name,)*
                }
            }
        }
    };
}

claim_names! {
    Acr = "acr",
    AtHash = "at_hash",
    Audience = "aud",
    AuthTime = "auth_time",
    CHash = "c_hash",
    ClientId = "client_id",
    Confirmation = "cnf",
    Events = "events",
    ExpiresAt = "exp",
    IssuedAt = "iat",
    Issuer = "iss",
    Nonce = "nonce",
    NotBefore = "nbf",
    Scope = "scope",
    Scopes = "scopes",
    Subject = "sub",
    TokenId = "jti",
    TokenUse = "token_use",
    Type = "typ",
}

impl Claim {
    #[expect(clippy::as_conversions, reason = "the number of a variant")]
    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }

    pub(super) const fn wrong_type(self) -> ClaimsError {
        ClaimsError::WrongType { claim: self.name() }
    }
}
