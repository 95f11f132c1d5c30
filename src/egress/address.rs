//! Which addresses of the network a definition may reach.
//!
//! Promises: an address is public, or it is refused; one that carries another inside (mapped, NAT64, 6to4,
//! Teredo) is judged by the one inside, or refused.
//! Never: resolves a name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Of no registry, and yet inside: the host of a machine in Azure's cloud answers it there ("What is IP address
/// 168.63.129.16?" in its documentation). Other clouds' metadata lie at addresses that are no public ones.
const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Whether an address is out on the public internet, by the special-purpose registries of IANA (RFC 6890).
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation()
        || a == 0                                   // this network
        || (a == 100 && (64..128).contains(&b))     // carrier-grade NAT, RFC 6598
        || (a == 192 && b == 0 && c == 0)           // protocol assignments, RFC 6890
        || (a == 192 && b == 88 && c == 99)         // 6to4 relays, RFC 7526
        || (a == 198 && (18..20).contains(&b))      // benchmarks, RFC 2544
        || a >= 240                                 // reserved, and broadcast
        || v4 == AZURE;
    !special
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    if let Some(inside) = v6.to_ipv4_mapped() {
        return is_public_v4(inside);
    }
    let s = v6.segments();
    // Only 2000::/3 is global unicast; what lies outside (loopback, unique local, link local, multicast, the
    // translation prefix 64:ff9b::/96 with any IPv4 inside) is refused.
    let global_unicast = s[0] & 0xe000 == 0x2000;
    let embeds = s[0] == 0x2002 || (s[0] == 0x2001 && s[1] == 0); // 6to4 and Teredo carry an IPv4 inside
    let special = match s[0] {
        0x2001 => s[1] < 0x0200 || s[1] == 0x0db8, // protocol assignments, RFC 2928; documentation, RFC 3849
        0x3fff => s[1] < 0x1000,                   // documentation, RFC 9637
        _ => false,
    };
    global_unicast && !embeds && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_public_is_refused() {
        for refused in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "168.63.129.16",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.1.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:1::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(refused.parse().expect("it is written as it should be")), "{refused}");
        }
    }

    #[test]
    fn what_is_public_is_reached() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.1",
            "::ffff:8.8.8.8",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00::1",
        ] {
            assert!(is_public(public.parse().expect("it is written as it should be")), "{public}");
        }
    }
}
