//! Which network addresses may be connected to: what is not on the open internet is private.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of IPv4 addresses: its first address and the length of its prefix in bits.
type Block4 = (Ipv4Addr, u32);

/// A block of IPv6 addresses: its first address and the length of its prefix in bits.
type Block6 = (Ipv6Addr, u32);

const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

const fn v6(a: u16, b: u16, c: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)
}

/// The IPv4 blocks of the IANA special-purpose registry (RFC 6890 and later) that are not for strangers.
const PRIVATE_V4: [Block4; 15] = [
    (v4(0, 0, 0, 0), 8),
    (v4(10, 0, 0, 0), 8),
    (v4(100, 64, 0, 0), 10),
    (v4(127, 0, 0, 0), 8),
    (v4(169, 254, 0, 0), 16),
    (v4(172, 16, 0, 0), 12),
    (v4(192, 0, 0, 0), 24),
    (v4(192, 0, 2, 0), 24),
    (v4(192, 88, 99, 0), 24),
    (v4(192, 168, 0, 0), 16),
    (v4(198, 18, 0, 0), 15),
    (v4(198, 51, 100, 0), 24),
    (v4(203, 0, 113, 0), 24),
    // Multicast, then what is reserved with the broadcast address.
    (v4(224, 0, 0, 0), 4),
    (v4(240, 0, 0, 0), 4),
];

/// The same of IPv6. Blocks that lead to an IPv4 address behind a translator are shut whole: nobody who is meant to be
/// reached lives there alone.
const PRIVATE_V6: [Block6; 15] = [
    // `::`, `::1` and what is IPv4-compatible.
    (v6(0, 0, 0), 96),
    // IPv4-mapped.
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    (v6(0x64, 0xff9b, 0), 96),
    (v6(0x64, 0xff9b, 1), 48),
    (v6(0x100, 0, 0), 64),
    // Teredo, and the other assignments to protocols: ORCHID, benchmarking.
    (v6(0x2001, 0, 0), 23),
    (v6(0x2001, 0xdb8, 0), 32),
    (v6(0x2002, 0, 0), 16),
    (v6(0x3fff, 0, 0), 20),
    (v6(0x5f00, 0, 0), 16),
    (v6(0xfc00, 0, 0), 7),
    (v6(0xfe80, 0, 0), 10),
    // Site-local, once.
    (v6(0xfec0, 0, 0), 10),
    (v6(0xff00, 0, 0), 8),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96),
];

/// True if an address is private: loopback, a local network, a test network, multicast or a way around that.
#[must_use]
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => PRIVATE_V4.iter().any(|(first, bits)| {
            same_prefix(
                u128::from(address.to_bits()) << 96,
                u128::from(first.to_bits()) << 96,
                *bits,
            )
        }),
        IpAddr::V6(address) => PRIVATE_V6
            .iter()
            .any(|(first, bits)| same_prefix(address.to_bits(), first.to_bits(), *bits)),
    }
}

const fn same_prefix(a: u128, b: u128, bits: u32) -> bool {
    // A shift by all 128 bits is none; no block is that wide.
    (a ^ b).leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use url::{Host, Url};

    #[test]
    fn every_private_block_is_shut_from_its_first_to_its_last_address() {
        for (first, last) in [
            ("0.0.0.0", "0.255.255.255"),
            ("10.0.0.0", "10.255.255.255"),
            ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"),
            ("169.254.0.0", "169.254.255.255"),
            ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"),
            ("192.0.2.0", "192.0.2.255"),
            ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"),
            ("198.18.0.0", "198.19.255.255"),
            ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"),
            ("224.0.0.0", "239.255.255.255"),
            ("240.0.0.0", "255.255.255.255"),
            ("::", "::ffff:ffff"),
            ("::1", "::127.0.0.1"),
            ("::ffff:0.0.0.0", "::ffff:255.255.255.255"),
            ("64:ff9b::", "64:ff9b::ffff:ffff"),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
            ("100::", "100::ffff:ffff:ffff:ffff"),
            ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            assert!(is_private(first.parse().unwrap()), "{first}");
            assert!(is_private(last.parse().unwrap()), "{last}");
        }
    }

    #[test]
    fn what_lies_beside_the_blocks_is_open() {
        for open in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700::1111",
            "2a00::1",
            "2003::1",
            "3ffe::1",
            "64:ff9c::1",
        ] {
            assert!(!is_private(open.parse().unwrap()), "{open}");
        }
    }

    #[test]
    fn other_spellings_of_an_address_are_the_same_address() {
        for text in [
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://0/",
            "http://127.0.0.1./",
            "http://①②⑦.⓪.⓪.①/",
            "http://[::ffff:7f00:1]/",
            "http://[0:0:0:0:0:0:0:1]/",
        ] {
            let url = Url::parse(text).unwrap();
            let address = match url.host().unwrap() {
                Host::Ipv4(address) => IpAddr::V4(address),
                Host::Ipv6(address) => IpAddr::V6(address),
                Host::Domain(name) => std::panic!("{name} is not read as an address"),
            };
            assert!(is_private(address), "{text}");
        }
    }
}
