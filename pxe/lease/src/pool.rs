//! The addresses of a subnet that nobody has: untouched, or given up.
//!
//! Kept as intervals, so that an empty /8 costs as much as an empty /24, and that the free address
//! next to any number is found in O(log n) however full the pool is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use machine_core::network::{DhcpMode, Subnet};
use machine_core::sabotage::Sabotage;

/// Free addresses, and which addresses may be free at all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool {
    /// What may be leased, in order and apart: first and last.
    ranges: Vec<(u128, u128)>,
    /// What in them may not, since it is ours.
    excluded: BTreeSet<u128>,
    /// What in them may not, since it is kept for one client.
    reserved: BTreeSet<u128>,
    /// How many addresses of the ranges are in neither of these.
    usable: usize,
    /// First to last of each free interval; never two that touch.
    free: BTreeMap<u128, u128>,
}

impl Pool {
    /// Everything that may be leased in the subnet, all of it free. The addresses of network,
    /// broadcast, server, router and name servers are left out wherever the ranges put them.
    pub(crate) fn new(subnet: &Subnet) -> Self {
        let mut pool = Self::default();
        if let DhcpMode::Authoritative { ranges } = &subnet.mode {
            let mut sorted: Vec<_> = ranges
                .iter()
                .map(|it| (number(it.first()), number(it.last())))
                .collect();
            sorted.sort_unstable();
            for (first, last) in sorted {
                match pool.ranges.last_mut() {
                    Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                    _ => pool.ranges.push((first, last)),
                }
            }
        }
        pool.free = pool.ranges.iter().copied().collect();
        let network = subnet.network;
        let edges = network.broadcast();
        let own = [Some(subnet.server), subnet.router, edges];
        for address in own.into_iter().flatten().chain(subnet.dns.iter().copied()) {
            pool.exclude(address);
        }
        // Of IPv6, every router of the network has its first address (RFC 4291 §2.6.1), except on a
        // link of two (RFC 6164 §4).
        let is_routers = network.address().is_ipv6() && network.prefix() < 127;
        if edges.is_some() || is_routers {
            pool.exclude(network.address());
        }
        let mut excluded = pool.excluded.iter();
        let inside = excluded
            .by_ref()
            .filter(|number| pool.is_in_range(**number));
        let inside = u128::try_from(inside.count()).unwrap_or(u128::MAX);
        let usable = pool.size().saturating_sub(inside);
        pool.usable = usize::try_from(usable).unwrap_or(usize::MAX);
        pool
    }

    /// How many addresses may be leased, before exclusions.
    pub(crate) fn size(&self) -> u128 {
        self.ranges
            .iter()
            .map(|(first, last)| (last - first).saturating_add(1))
            .sum()
    }

    /// Whether none is free.
    pub(crate) fn is_empty(&self) -> bool {
        self.free.is_empty()
    }

    /// How many addresses may be leased to anybody, now that some are ours or reserved.
    pub(crate) const fn usable(&self) -> usize {
        self.usable
    }

    /// Whether an address may be leased to anybody.
    pub(crate) fn may_hold(&self, address: IpAddr) -> bool {
        let number = number(address);
        !self.excluded.contains(&number)
            && !self.reserved.contains(&number)
            && self.is_in_range(number)
    }

    fn is_in_range(&self, number: u128) -> bool {
        let mut ranges = self.ranges.iter();
        ranges.any(|(first, last)| (first..=last).contains(&&number))
    }

    /// Whether an address is ours: nobody may have it.
    pub(crate) fn is_excluded(&self, address: IpAddr) -> bool {
        self.excluded.contains(&number(address))
    }

    /// Keeps an address out of the pool, in or out of the ranges.
    pub(crate) fn reserve(&mut self, address: IpAddr) {
        self.take(address);
        if self.may_hold(address) {
            self.usable -= 1;
        }
        self.reserved.insert(number(address));
    }

    /// Ends a reservation. The address is not free before it is put back.
    pub(crate) fn unreserve(&mut self, address: IpAddr) {
        let was_reserved = self.reserved.remove(&number(address));
        if was_reserved && self.may_hold(address) {
            self.usable += 1;
        }
    }

    fn exclude(&mut self, address: IpAddr) {
        self.take(address);
        self.excluded.insert(number(address));
    }

    /// Takes an address; false if it was not free.
    pub(crate) fn take(&mut self, address: IpAddr) -> bool {
        let number = number(address);
        let Some((first, last)) = self.interval(number) else {
            return false;
        };
        self.free.remove(&first);
        if first < number {
            self.free.insert(first, number - 1);
        }
        if number < last {
            self.free.insert(number + 1, last);
        }
        true
    }

    /// Takes the address that `spread` points to, or the next free one behind it.
    pub(crate) fn take_near(&mut self, spread: u64) -> Option<IpAddr> {
        if Sabotage::AddressGivenTwice.is_on() {
            return self.nth(0).map(address);
        }
        let wanted = self.nth(u128::from(spread).checked_rem(self.size())?)?;
        let number = if self.interval(wanted).is_some() {
            wanted
        } else {
            let next = self
                .free
                .range(wanted..)
                .next()
                .or_else(|| self.free.iter().next());
            *next?.0
        };
        let address = address(number);
        self.take(address).then_some(address)
    }

    /// Gives an address back. One that may not be leased stays away.
    pub(crate) fn put(&mut self, address: IpAddr) {
        let number = number(address);
        if !self.may_hold(address) || self.interval(number).is_some() {
            return;
        }
        let before = self
            .free
            .range(..number)
            .next_back()
            .map(|(first, last)| (*first, *last));
        let first = match before {
            Some((first, last)) if last.checked_add(1) == Some(number) => first,
            _ => number,
        };
        let behind = number
            .checked_add(1)
            .and_then(|next| self.free.remove(&next));
        self.free.insert(first, behind.unwrap_or(number));
    }

    /// The free interval that holds a number.
    fn interval(&self, number: u128) -> Option<(u128, u128)> {
        let (first, last) = self.free.range(..=number).next_back()?;
        (number <= *last).then_some((*first, *last))
    }

    /// The address with this index over all ranges.
    fn nth(&self, mut index: u128) -> Option<u128> {
        for (first, last) in &self.ranges {
            let length = (last - first).saturating_add(1);
            if index < length {
                return Some(first + index);
            }
            index -= length;
        }
        None
    }
}

/// Both families in one line of numbers: IPv4 as IPv4-mapped IPv6.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn address(number: u128) -> IpAddr {
    Ipv6Addr::from_bits(number).to_canonical()
}
