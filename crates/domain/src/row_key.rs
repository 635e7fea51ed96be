//! Keys of rows that are found by a random value: the day of the end, and a digest.

use std::fmt;

use crate::Day;

macro_rules! row_keys {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// The digest is SHA-256 of the whole opaque value, so it does not reveal the value.
        /// `Debug` prints its first 8 hexadecimal digits.
        ///
        /// ```
        #[doc = concat!("use scopegate_domain::{Day, ", stringify!($name), "};")]
        ///
        #[doc = concat!("let id = ", stringify!($name), "::new(Day::from_number(20_000), [0xAB; 32]);")]
        #[doc = concat!("assert_eq!(", stringify!($name), "::from_bytes(id.to_bytes()), id);")]
        #[doc = concat!("assert_eq!(format!(\"{id:?}\"), \"", stringify!($name), "(abababab)\");")]
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            ends_on: Day,
            digest: [u8; 32],
        }

        impl $name {
            /// The length of the stored bytes.
            pub const LEN: usize = 34;

            /// Creates the id of a row that ends on this day.
            #[must_use]
            pub const fn new(ends_on: Day, digest: [u8; 32]) -> Self {
                Self { ends_on, digest }
            }

            /// Creates the id from its stored bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
                let [first, second, digest @ ..] = bytes;
                Self::new(Day::from_number(u16::from_be_bytes([first, second])), digest)
            }

            /// Returns the day of the end of the row.
            #[must_use]
            pub const fn ends_on(&self) -> Day {
                self.ends_on
            }

            /// Returns the digest.
            #[must_use]
            pub const fn digest(&self) -> &[u8; 32] {
                &self.digest
            }

            /// Returns the bytes: the day, big-endian, then the digest.
            #[must_use]
            pub fn to_bytes(&self) -> [u8; Self::LEN] {
                let mut bytes = [0; Self::LEN];
                let all = self.ends_on.number().to_be_bytes().into_iter().chain(self.digest);
                for (to, from) in bytes.iter_mut().zip(all) {
                    *to = from;
                }
                bytes
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let [first, second, third, fourth, ..] = self.digest;
                let start = u32::from_be_bytes([first, second, third, fourth]);
                write!(f, concat!(stringify!($name), "({:08x})"), start)
            }
        }
    )*};
}

row_keys! {
    /// The id of the stored row of an authorization code.
    CodeId;
    /// The id of the session of a user in a browser.
    SessionId;
}
