//! Address ranges, and which addresses are public.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses, as an address with the length of a prefix: `10.0.0.0/8`, `fd00::/8`. A
/// single address is a range of one.
///
/// ```
/// use scopegate_issuers::AllowedNetwork;
///
/// let inside: AllowedNetwork = "10.1.0.0/16".parse()?;
/// assert!(inside.contains("10.1.2.3".parse()?));
/// assert!(inside.contains("::ffff:10.1.2.3".parse()?), "the same address, written as IPv6");
/// assert!(!inside.contains("10.2.0.1".parse()?));
/// assert!("10.1.2.3/16".parse::<AllowedNetwork>().is_err(), "bits behind the prefix");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowedNetwork {
    address: IpAddr,
    prefix: u8,
}

impl AllowedNetwork {
    /// The addresses of this machine itself: `127.0.0.0/8` and `::1`.
    pub const LOOPBACK: [Self; 2] = [v4([127, 0, 0, 0], 8), v6([0, 0, 0, 0, 0, 0, 0, 1], 128)];

    /// Returns whether the range contains an address. An IPv4 address written as IPv6 counts as
    /// IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => mask_v4(other, self.prefix) == own.to_bits(),
            (IpAddr::V6(own), IpAddr::V6(other)) => mask_v6(other, self.prefix) == own.to_bits(),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

const fn v4(octets: [u8; 4], prefix: u8) -> AllowedNetwork {
    let address = IpAddr::V4(Ipv4Addr::from_octets(octets));
    AllowedNetwork { address, prefix }
}

const fn v6(segments: [u16; 8], prefix: u8) -> AllowedNetwork {
    let address = IpAddr::V6(Ipv6Addr::from_segments(segments));
    AllowedNetwork { address, prefix }
}

fn mask_v4(address: Ipv4Addr, prefix: u8) -> u32 {
    address.to_bits() & u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

fn mask_v6(address: Ipv6Addr, prefix: u8) -> u128 {
    address.to_bits() & u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for AllowedNetwork {
    type Err = InvalidAllowedNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidAllowedNetwork> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| InvalidAllowedNetwork::Address)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            // The standard library reads `+8` as a number, too.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| InvalidAllowedNetwork::Prefix)?
            }
            Some(_) => return Err(InvalidAllowedNetwork::Prefix),
        };
        if prefix > longest {
            return Err(InvalidAllowedNetwork::Prefix);
        }
        let is_sound = match address {
            // `contains` converts mapped addresses to IPv4, so this range would contain none.
            IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => return Err(InvalidAllowedNetwork::Mapped),
            IpAddr::V4(address) => mask_v4(address, prefix) == address.to_bits(),
            IpAddr::V6(address) => mask_v6(address, prefix) == address.to_bits(),
        };
        if is_sound {
            Ok(Self { address, prefix })
        } else {
            Err(InvalidAllowedNetwork::Bits)
        }
    }
}

impl fmt::Display for AllowedNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// The reason why a text is not a range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAllowedNetwork {
    /// The text has no address before the slash.
    #[error("range does not begin with an address")]
    Address,
    /// Bits are set behind the prefix: one of the two numbers is mistyped.
    #[error("address has bits behind its prefix")]
    Bits,
    /// An IPv4 address written as IPv6.
    #[error("range contains IPv4 addresses in IPv6 notation; write them as IPv4")]
    Mapped,
    /// The length of the prefix is not a number, or longer than an address.
    #[error("length of the prefix is out of range")]
    Prefix,
}

/// IPv4 addresses that are not public, by the registries of special addresses, and one address of a
/// cloud.
const NOT_PUBLIC_V4: [AllowedNetwork; 18] = [
    v4([0, 0, 0, 0], 8),        // this network: Linux connects to itself
    v4([10, 0, 0, 0], 8),       // private
    v4([100, 64, 0, 0], 10),    // behind a carrier's address translation; Alibaba's metadata
    v4([127, 0, 0, 0], 8),      // loopback
    v4([168, 63, 129, 16], 32), // Azure's platform, seen from inside
    v4([169, 254, 0, 0], 16),   // link-local; metadata of AWS, Azure, Google
    v4([172, 16, 0, 0], 12),    // private
    v4([192, 0, 0, 0], 24),     // protocols; Oracle's metadata
    v4([192, 0, 2, 0], 24),     // documentation
    v4([192, 31, 196, 0], 24),  // AS112
    v4([192, 52, 193, 0], 24),  // tunnels
    v4([192, 88, 99, 0], 24),   // relays of 6to4
    v4([192, 168, 0, 0], 16),   // private
    v4([198, 18, 0, 0], 15),    // benchmarks
    v4([198, 51, 100, 0], 24),  // documentation
    v4([203, 0, 113, 0], 24),   // documentation
    v4([224, 0, 0, 0], 4),      // multicast
    v4([240, 0, 0, 0], 4),      // reserved; broadcast
];

/// All allocated IPv6 addresses; others are loopback, unique local, link-local, multicast or
/// unknown.
const ALLOCATED_V6: AllowedNetwork = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Allocated addresses that are not public.
const NOT_PUBLIC_V6: [AllowedNetwork; 5] = [
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),         // protocols; Teredo
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),     // documentation
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),         // 6to4: contains an IPv4 address
    v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), // AS112
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),         // documentation
];

/// The range of IPv4 addresses behind a translating gateway (RFC 6052).
const TRANSLATED: AllowedNetwork = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// Returns whether an address is public.
// SECURITY: an address counts as public only if it is known to be. Tested by
// `tests::internal_addresses_are_not_public`.
pub(crate) fn is_public(address: IpAddr) -> bool {
    let is_in = |networks: &[AllowedNetwork]| networks.iter().any(|network| network.contains(address));
    match address.to_canonical() {
        IpAddr::V4(_) => !is_in(&NOT_PUBLIC_V4),
        IpAddr::V6(inner) if TRANSLATED.contains(address) => is_public(last_four_bytes(inner)),
        IpAddr::V6(_) => ALLOCATED_V6.contains(address) && !is_in(&NOT_PUBLIC_V6),
    }
}

fn last_four_bytes(address: Ipv6Addr) -> IpAddr {
    let [.., a, b, c, d] = address.octets();
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

#[cfg(test)]
mod tests;
