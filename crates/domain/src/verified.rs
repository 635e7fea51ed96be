//! Types of values that were verified: tokens and credentials.

use std::ops::Deref;

macro_rules! proof {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name<T>(T);

        impl<T> $name<T> {
            /// States that the value was checked. Only the function that did the check may call
            /// this; the lint `disallowed_methods` names every other caller.
            #[must_use]
            pub const fn assertion(value: T) -> Self {
                Self(value)
            }

            /// Gives up the proof and keeps the value.
            #[must_use]
            pub fn into_inner(self) -> T {
                self.0
            }
        }

        impl<T> Deref for $name<T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.0
            }
        }
    };
}

proof! {
    /// Proof that a token is genuine: signature, times and every rule of its kind were checked.
    ///
    /// Made only where a token is verified (`scopegate_token::Verifier::verify`). The proof can be
    /// read, not altered:
    ///
    /// ```compile_fail
    /// fn widen(mut claims: scopegate_domain::Verified<String>) { claims.push('x'); }
    /// ```
    Verified
}

proof! {
    /// Proof that a credential was presented and checked: a password, a client secret, an API key.
    ///
    /// Made only where the credential was checked.
    ///
    /// ```compile_fail
    /// let user: scopegate_domain::Authenticated<u8> = scopegate_domain::Authenticated(1);
    /// ```
    Authenticated
}
