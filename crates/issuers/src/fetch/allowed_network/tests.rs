use super::*;

/// IPv4 addresses that are not public.
const CLOSED_V4: &[&str] = &[
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
];

/// The same, in the IPv6 notations of an IPv4 address.
const MAPPED_V4: &[&str] = &[
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "::127.0.0.1",
    "::10.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "64:ff9b:1::8.8.8.8",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
];

/// IPv6 addresses that are not public.
const CLOSED_V6: &[&str] = &[
    "::",
    "::1",
    "::2",
    "100::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::a9fe:a9fe",
    "fec0::1",
    "ff02::1",
    "4000::1",
];

#[test]
fn internal_addresses_are_not_public() {
    for address in [CLOSED_V4, MAPPED_V4, CLOSED_V6].into_iter().flatten() {
        assert!(!is_public(address.parse().unwrap()), "{address}");
    }
}

#[test]
fn internet_addresses_are_public() {
    let open = [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.17",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "2a00:1450::1",
    ];
    for address in open {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
}

#[test]
fn network_contains_its_addresses() {
    let cases = [
        ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("0.0.0.0/0", "255.255.255.255", true),
        ("0.0.0.0/0", "::1", false),
        ("127.0.0.1", "127.0.0.1", true),
        ("127.0.0.1", "127.0.0.2", false),
        ("fd00::/8", "fdff::1", true),
        ("fd00::/8", "fc00::1", false),
        ("::/0", "2001:db8::1", true),
        ("::1", "::1", true),
        ("::1/128", "::2", false),
    ];
    for (network, address, is_in) in cases {
        let network: AllowedNetwork = network.parse().unwrap();
        assert_eq!(network.contains(address.parse().unwrap()), is_in, "{network} {address}");
        assert_eq!(network.to_string().parse(), Ok(network));
    }
}

#[test]
fn malformed_network_is_rejected() {
    let cases = [
        ("", InvalidAllowedNetwork::Address),
        ("localhost", InvalidAllowedNetwork::Address),
        ("10.0.0/8", InvalidAllowedNetwork::Address),
        ("10.0.0.0/", InvalidAllowedNetwork::Prefix),
        ("10.0.0.0/33", InvalidAllowedNetwork::Prefix),
        ("10.0.0.0/+8", InvalidAllowedNetwork::Prefix),
        ("::/129", InvalidAllowedNetwork::Prefix),
        ("10.0.0.1/8", InvalidAllowedNetwork::Bits),
        ("fd00::1/8", InvalidAllowedNetwork::Bits),
        ("::ffff:10.0.0.0/104", InvalidAllowedNetwork::Mapped),
    ];
    for (text, fault) in cases {
        assert_eq!(text.parse::<AllowedNetwork>(), Err(fault), "{text}");
    }
}
