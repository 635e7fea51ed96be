//! Types of values that were verified: tokens and credentials.

use std::ops::Deref;

macro_rules! proof {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name<T>(T);

        impl<T> $name<T> {
            /// Constructs the proof. Only the function that did the check may call this; the lint
            /// `disallowed_methods` names every other caller.
            #[must_use]
            pub const fn assertion(value: T) -> Self {
                Self(value)
            }

            /// Returns the value without the proof.
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
    /// Constructed only where a token is verified (`scopegate_token::Verifier::verify`). The value
    /// can be read, but not changed:
    ///
    /// ```compile_fail
    /// fn widen(mut claims: scopegate_domain::Verified<String>) { claims.push('x'); }
    /// ```
    Verified
}

proof! {
    /// Proof that a credential was presented and checked: a password, a client secret, an API key.
    ///
    /// Constructed only after the credential was checked.
    ///
    /// ```compile_fail
    /// let user: scopegate_domain::Authenticated<u8> = scopegate_domain::Authenticated(1);
    /// ```
    Authenticated
}
