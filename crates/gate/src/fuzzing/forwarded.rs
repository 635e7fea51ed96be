//! An oracle for the client address behind proxies. It shares no code with `TrustedProxies`.

use std::net::{IpAddr, SocketAddr};

/// Returns the client: the first address from the right that no network contains. A text that is
/// not an address ends the search at the address after it.
pub(super) fn client(networks: &str, peer: IpAddr, lines: &[&str]) -> IpAddr {
    let networks: Vec<_> = networks.split(',').filter_map(|text| network(text.trim())).collect();
    let is_trusted = |address: IpAddr| {
        let bits = bits(address);
        networks.iter().any(|network| bits.starts_with(network))
    };
    let chain = lines.join(",");
    let mut client = peer.to_canonical();
    for text in chain.rsplit(',') {
        if !is_trusted(client) {
            break;
        }
        match address(text.trim()) {
            Some(address) if !lines.is_empty() => client = address,
            _ => break,
        }
    }
    client
}

/// The family and the bits of an address, as text.
fn bits(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("4{:032b}", address.to_bits()),
        IpAddr::V6(address) => format!("6{:0128b}", address.to_bits()),
    }
}

/// The family and the bits of a network, up to its prefix. `None` is the empty text.
fn network(text: &str) -> Option<String> {
    let (written, prefix) = text.split_once('/').unwrap_or((text, ""));
    let written: IpAddr = written.parse().ok()?;
    let whole = bits(written);
    let mapped = if written.is_ipv6() && written.to_canonical().is_ipv4() {
        96
    } else {
        0
    };
    let kept = match prefix {
        "" => whole.len(),
        prefix => 1 + prefix.parse::<usize>().ok()? - mapped,
    };
    whole.get(..kept).map(str::to_owned)
}

fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let found = text.parse().ok().or_else(bare).or_else(with_port)?;
    Some(found.to_canonical())
}
