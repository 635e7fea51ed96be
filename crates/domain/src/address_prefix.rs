//! The network that one subscriber has.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The number of bits of the prefix of an IPv6 network.
const BITS: u32 = 64;

/// The network of an address: an IPv4 address, or an IPv6 network of 64 bits. A subscriber has all
/// addresses of such a network.
///
/// A mapped IPv4 address is the IPv4 address.
///
/// ```
/// use scopegate_domain::AddressPrefix;
///
/// let prefix = |text: &str| text.parse().map(|address| AddressPrefix::of(address).to_string());
/// assert_eq!(prefix("192.0.2.1")?, "192.0.2.1");
/// assert_eq!(prefix("::ffff:192.0.2.1")?, "192.0.2.1");
/// assert_eq!(prefix("2001:db8:1:2:3:4:5:6")?, "2001:db8:1:2::/64");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressPrefix(IpAddr);

/// The text is not the text of an [`AddressPrefix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text is not an IPv4 address or an IPv6 network of 64 bits")]
#[expect(clippy::exhaustive_structs, reason = "a text can be invalid only in this way")]
pub struct InvalidAddressPrefix;

impl AddressPrefix {
    /// Returns the network of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits((address.to_bits() >> BITS) << BITS)),
        })
    }

    /// Returns the first address of the network.
    #[must_use]
    pub const fn first(self) -> IpAddr {
        self.0
    }
}

impl fmt::Display for AddressPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/{BITS}"),
        }
    }
}

impl FromStr for AddressPrefix {
    type Err = InvalidAddressPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidAddressPrefix> {
        let prefix = match text.split_once('/') {
            None => text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
            Some((address, "64")) => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            Some(_) => None,
        };
        let prefix = prefix.filter(|address| Self::of(*address).0 == *address);
        prefix.map(Self).ok_or(InvalidAddressPrefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_survives_its_text() {
        for (address, text) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:c000:201", "192.0.2.1"),
            ("::192.0.2.1", "::/64"),
            ("2001:DB8:0:1::9", "2001:db8:0:1::/64"),
        ] {
            let prefix = AddressPrefix::of(address.parse().unwrap());
            assert_eq!(prefix.to_string(), text);
            assert_eq!(text.parse(), Ok(prefix));
        }
        for text in [
            "",
            "192.0.2.1/32",
            "2001:db8::1/64",
            "2001:db8::/48",
            "::ffff:192.0.2.1",
            "::ffff:0:0/64",
            "host",
        ] {
            assert_eq!(text.parse::<AddressPrefix>(), Err(InvalidAddressPrefix), "{text}");
        }
    }
}
