//! Finds the client address of a request behind trusted proxies (`X-Forwarded-For`).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use http::{HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The trusted proxies, whose `X-Forwarded-For` is used: addresses and networks. Default: none.
///
/// The header is read from the right, as each proxy appends the address of its peer. The first
/// address that is not a trusted proxy is the client's. The client wrote the addresses before it,
/// so they are ignored. `Forwarded` is not read.
///
/// ```
/// use scopegate_gate::TrustedProxies;
///
/// let proxies: TrustedProxies = "10.0.0.0/8, 2001:db8::1".parse()?;
/// let mut headers = http::HeaderMap::new();
/// headers.insert("x-forwarded-for", "203.0.113.9, 198.51.100.7".parse()?);
/// let client = |peer: &str| proxies.client(peer.parse().unwrap(), &headers).to_string();
/// assert_eq!(client("10.1.2.3"), "198.51.100.7");
/// assert_eq!(client("192.0.2.1"), "192.0.2.1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

/// An address with the length of the prefix that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

impl TrustedProxies {
    /// Returns the address of the client: the peer, or the address that trusted proxies forward.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trust(client) {
            return client;
        }
        let values = headers.get_all(FORWARDED_FOR);
        for value in values.into_iter().rev() {
            // SECURITY: a text that is not an address ends the chain at the last known proxy.
            let Ok(value) = value.to_str() else { return client };
            for text in value.rsplit(',') {
                let Some(address) = parse(text.trim()) else {
                    return client;
                };
                client = address;
                if !self.trust(client) {
                    return client;
                }
            }
        }
        client
    }

    /// Whether no proxy is trusted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the networks together contain every IPv4 address, or every IPv6 address.
    ///
    /// Then each client is a trusted proxy, and chooses its own address.
    #[must_use]
    pub fn contain_every_address(&self) -> bool {
        [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)]
            .into_iter()
            .any(|first| self.contain_all_after(first))
    }

    /// Whether the networks contain this address and all addresses after it. Each step skips a
    /// network.
    fn contain_all_after(&self, first: IpAddr) -> bool {
        let mut next = first;
        loop {
            let containing = self.0.iter().filter(|network| network.contains(next));
            let Some(network) = containing.min_by_key(|network| network.prefix) else {
                return false;
            };
            match network.after() {
                Some(after) => next = after,
                None => return true,
            }
        }
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// An address, with or without a port.
fn parse(text: &str) -> Option<IpAddr> {
    let bracketed = text
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .filter(|(_, port)| port.is_empty() || is_port(port))
        .map(|(address, _)| address);
    let with_port = || {
        text.split_once(':')
            .filter(|(_, port)| is_number(port))
            .map(|(address, _)| address)
    };
    let address: IpAddr = match bracketed {
        Some(address) => IpAddr::V6(address.parse().ok()?),
        None => text
            .parse()
            .ok()
            .or_else(|| Some(IpAddr::V4(with_port()?.parse().ok()?)))?,
    };
    Some(address.to_canonical())
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(is_number)
}

fn is_number(text: &str) -> bool {
    text.parse::<u16>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Network {
    /// Returns the first address after the network; `None` if it contains the last address.
    fn after(self) -> Option<IpAddr> {
        let prefix = u32::from(self.prefix);
        match self.address {
            IpAddr::V4(address) => {
                let rest = u32::MAX.checked_shr(prefix).unwrap_or(0);
                let after = (address.to_bits() | rest).checked_add(1);
                after.map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))
            }
            IpAddr::V6(address) => {
                let rest = u128::MAX.checked_shr(prefix).unwrap_or(0);
                let after = (address.to_bits() | rest).checked_add(1);
                after.map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)))
            }
        }
    }

    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.leading_zeros() >= u32::from(self.prefix)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.leading_zeros() >= u32::from(self.prefix)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = InvalidProxies;

    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| InvalidProxies)?;
        let address = written.to_canonical();
        // The prefix of a mapped IPv4 network counts the 96 bits before it.
        let before = if address.is_ipv4() && written.is_ipv6() { 96 } else { 0 };
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                let prefix: u8 = prefix.parse().map_err(|_| InvalidProxies)?;
                prefix
                    .checked_sub(before)
                    .filter(|prefix| *prefix <= most)
                    .ok_or(InvalidProxies)?
            }
            Some(_) => return Err(InvalidProxies),
        };
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, network) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(f, "{comma}{}/{}", network.address, network.prefix)?;
        }
        Ok(())
    }
}

impl FromStr for TrustedProxies {
    type Err = InvalidProxies;

    /// Reads addresses and networks with commas between them.
    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(Network::from_str).collect::<Result<_, _>>().map(Self)
    }
}

/// A text that is not a list of addresses and networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a list of addresses and networks")]
#[non_exhaustive]
pub struct InvalidProxies;

#[cfg(test)]
mod tests;
