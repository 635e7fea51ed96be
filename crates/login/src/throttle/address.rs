//! The bucket of an address.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use scopegate_domain::AddressPrefix;
use tokio::time::Instant;

use super::decision::BucketDecision;

/// The number of failures that an address has, and how soon each of them is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    failures: u32,
    each: Duration,
}

/// One IPv4 address, or one IPv6 network of 64 bits: one subscriber.
const NEAR: Limit = Limit {
    failures: 30,
    each: Duration::from_secs(10),
};

/// One IPv6 network of 48 bits: one site with many networks.
const WIDE: Limit = Limit {
    failures: 300,
    each: Duration::from_secs(1),
};

/// A network with the length of its prefix.
pub(super) type Network = (u128, u8);

/// Returns the networks that count for an address, the nearest first. A mapped IPv4 address is the
/// IPv4 address.
pub(super) fn keys(address: IpAddr) -> [Option<(Network, Limit)>; 2] {
    match AddressPrefix::of(address).first() {
        IpAddr::V4(address) => [Some(((address.to_bits().into(), 32), NEAR)), None],
        IpAddr::V6(address) => [
            Some(((prefix(address, 64), 64), NEAR)),
            Some(((prefix(address, 48), 48), WIDE)),
        ],
    }
}

const fn prefix(address: Ipv6Addr, length: u32) -> u128 {
    address.to_bits() >> (128 - length)
}

/// Failed attempts from one network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address {
    /// The moment at which all failures are forgotten: each adds its time.
    full_until: Instant,
    under_way: u32,
    is_logged: bool,
}

impl Address {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            full_until: now,
            under_way: 0,
            is_logged: false,
        }
    }

    pub(super) fn check(&mut self, limit: Limit, now: Instant) -> BucketDecision {
        let left = self.full_until.saturating_duration_since(now);
        let room = limit.each.saturating_mul(limit.failures);
        // The next failure must fit.
        let after = left + limit.each.saturating_mul(self.under_way.saturating_add(1));
        if after <= room {
            self.is_logged = false;
            return BucketDecision::Free;
        }
        if self.under_way > 0 && left + limit.each <= room {
            return BucketDecision::Busy;
        }
        let is_first = !std::mem::replace(&mut self.is_logged, true);
        BucketDecision::Blocked {
            wait: (left + limit.each).saturating_sub(room),
            is_first,
        }
    }

    pub(super) const fn begin(&mut self) {
        self.under_way = self.under_way.saturating_add(1);
    }

    pub(super) fn end(&mut self, limit: Limit, has_failed: bool, now: Instant) {
        self.under_way = self.under_way.saturating_sub(1);
        if has_failed {
            self.full_until = self.full_until.max(now) + limit.each;
        }
    }

    /// Returns whether the bucket has the same effect as a new one.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.under_way == 0 && self.full_until <= now
    }

    /// Returns the loss if it is dropped.
    pub(super) const fn weight(&self) -> (u32, Instant) {
        (self.under_way, self.full_until)
    }
}
