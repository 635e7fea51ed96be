//! Versions of the tables that an earlier build of this program made in another way.
//!
//! No release had them. Their checksums are accepted, and the next migration converts them.

use std::fmt::Write as _;

use sqlx::migrate::AppliedMigration;

/// A version of the tables as an earlier build made it.
pub(crate) struct Earlier {
    version: i64,
    /// SHA-384 of its statements, in hexadecimal digits.
    checksum: &'static str,
    /// The statements that make the current tables of it. Those of earlier versions ran before.
    pub(crate) convert: &'static str,
}

const EARLIER: [Earlier; 6] = [
    // Without the manifest of a backup.
    Earlier {
        version: 11,
        checksum: "a3f83f32119f1901bb897bbaab549aa233833dab0b3b7079\
            d4f29deeae2a77ec759c4a41ed45d796eff97ada97425d80",
        convert: include_str!("../migrations/earlier/0011.sql"),
    },
    // With an index of all rows.
    Earlier {
        version: 11,
        checksum: "0eaf9780d10a383503010ae7afecccae0171c9c3090d1bfc\
            5eaee8e3d5f40039f5c5204af595233556b9650b6ce77eee",
        convert: include_str!("../migrations/earlier/0011.sql"),
    },
    // With an index of the rows that have a name.
    Earlier {
        version: 11,
        checksum: "72727ba7579e85418e486690028705c082985f340fe85ece\
            b96a448358ea378ac2390781c240420e1dc1fec56b8bffb7",
        convert: include_str!("../migrations/earlier/0011.sql"),
    },
    Earlier {
        version: 12,
        checksum: "6f31dd70fc805c6ad8006bb488f10aaffdfe5e9681741629\
            13e4bdfdaf31d2afbd196227b5c7b3c61b5dfcea3187cf3c",
        convert: include_str!("../migrations/earlier/0012.sql"),
    },
    Earlier {
        version: 13,
        checksum: "3e23f9e13b2c04daf10e7c7bcde4bf9c9bc48ec74d5059c8\
            8d7bd798fdf5da7f06fa46a19dde23da1caf20221100f5a8",
        convert: include_str!("../migrations/earlier/0013.sql"),
    },
    Earlier {
        version: 14,
        checksum: "29b641e8511d8de9a9b5aa84e5fa07c7ab8994cbe40a689c\
            3b58708e4dd86664526a0f4c5f664d35c408cce1664cedba",
        convert: include_str!("../migrations/earlier/0014.sql"),
    },
];

/// Returns the earlier build's version that was applied, if it was one.
pub(crate) fn earlier(applied: &AppliedMigration) -> Option<&'static Earlier> {
    let mut checksum = String::new();
    for byte in &*applied.checksum {
        // Writing to a text cannot fail.
        let _ = write!(checksum, "{byte:02x}");
    }
    let is_this = |earlier: &&Earlier| earlier.version == applied.version && earlier.checksum == checksum;
    EARLIER.iter().find(is_this)
}

#[cfg(test)]
mod tests;
