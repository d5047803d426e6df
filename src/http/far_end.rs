//! Who is at the far end of a request, where proxies may be between.
//!
//! What a proxy says of that (`X-Forwarded-For`, `X-Forwarded-Proto`) anybody can write, too. So it counts only from an address
//! that the file names, and only as far as such proxies have seen for themselves: the last address that is none of theirs.

use axum::http::{HeaderMap, HeaderName};
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// By any of these a request shows that it came through a proxy.
const OF_PROXIES: [HeaderName; 6] = [
    FORWARDED_FOR,
    FORWARDED_PROTO,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("via"),
];

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FarEnd {
    /// Their address, as far as it is known.
    pub address: IpAddr,
    /// Whether they came by TLS, to us or to a proxy that is named.
    pub by_tls: bool,
}

impl FarEnd {
    /// Who asks over a connection from `peer`; `proxies` are those that are named.
    pub fn of(peer: IpAddr, by_tls: bool, proxies: &[IpAddr], headers: &HeaderMap) -> FarEnd {
        let is_proxy = |address: IpAddr| proxies.iter().any(|proxy| proxy.to_canonical() == address.to_canonical());
        if !is_proxy(peer) {
            return FarEnd { address: peer, by_tls };
        }
        // Each proxy adds whom it saw at the end.
        let mut address = peer;
        for text in items(headers, &FORWARDED_FOR).iter().rev() {
            let Some(seen) = ip(text) else { break };
            address = seen;
            if !is_proxy(seen) {
                break;
            }
        }
        let scheme = items(headers, &FORWARDED_PROTO).pop();
        FarEnd { address, by_tls: by_tls || scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")) }
    }
}

/// Whether a request came through a proxy that says so.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    OF_PROXIES.iter().any(|name| headers.contains_key(name))
}

/// The items of a header that is a list, over all its lines. Whoever asks may begin a line with any bytes; what a proxy adds
/// to it counts all the same.
fn items(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let items = headers.get_all(name).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    items.map(|item| String::from_utf8_lossy(item).trim().to_owned()).collect()
}

/// An address, which some proxies write with a port.
fn ip(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn far_end(peer: &str, proxies: &[&str], lines: &[(HeaderName, &[u8])]) -> (String, bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.clone(), HeaderValue::from_bytes(value).unwrap());
        }
        let proxies: Vec<IpAddr> = proxies.iter().map(|proxy| address(proxy)).collect();
        let FarEnd { address, by_tls } = FarEnd::of(address(peer), false, &proxies, &headers);
        (address.to_string(), by_tls)
    }

    #[test]
    fn only_proxies_that_are_named_are_believed_and_only_what_they_saw() {
        let by = |value: &'static [u8]| (FORWARDED_FOR, value);
        let scheme = |value: &'static [u8]| (FORWARDED_PROTO, value);
        for (peer, lines, expected, by_tls) in [
            ("10.0.0.9", vec![by(b"1.2.3.4"), scheme(b"https")], "10.0.0.9", false),
            ("10.0.0.1", vec![], "10.0.0.1", false),
            ("10.0.0.1", vec![by(b"1.2.3.4"), scheme(b"https")], "1.2.3.4", true),
            ("::ffff:10.0.0.1", vec![by(b"1.2.3.4")], "1.2.3.4", false),
            // Whoever asks wrote the first of them.
            ("10.0.0.1", vec![by(b"6.6.6.6, 1.2.3.4")], "1.2.3.4", false),
            ("10.0.0.1", vec![by(b"\xff, 1.2.3.4")], "1.2.3.4", false),
            ("10.0.0.1", vec![by(b"6.6.6.6"), by(b"1.2.3.4")], "1.2.3.4", false),
            ("10.0.0.1", vec![by(b"6.6.6.6, 1.2.3.4, 10.0.0.2")], "1.2.3.4", false),
            ("10.0.0.1", vec![by(b"10.0.0.2")], "10.0.0.2", false),
            ("10.0.0.1", vec![by(b"1.2.3.4:5678")], "1.2.3.4", false),
            ("10.0.0.1", vec![by(b"[fd00::7]:5678")], "fd00::7", false),
            ("10.0.0.1", vec![by(b"[fd00::7]")], "fd00::7", false),
            // Nobody knows who is behind that.
            ("10.0.0.1", vec![by(b"1.2.3.4, unknown")], "10.0.0.1", false),
            ("10.0.0.1", vec![by(b"1.2.3.4, unknown, 10.0.0.2")], "10.0.0.2", false),
            ("10.0.0.1", vec![scheme(b"https, http")], "10.0.0.1", false),
        ] {
            let found = far_end(peer, &["10.0.0.1", "10.0.0.2"], &lines);
            assert_eq!(found, (expected.to_owned(), by_tls), "{peer} {lines:?}");
        }
    }
}
