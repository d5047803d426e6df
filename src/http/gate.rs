//! What a request over TCP must be like to be looked at: one that a page of somebody else makes a browser send is not.
//!
//! - **DNS rebinding.** A name of somebody else may lead to this machine, so the host that is asked for must be one of ours.
//! - **Forged requests.** Browsers say from which page a request comes (`Origin`, `Sec-Fetch-Site`): from none but ours.
//! - **Proxies.** Whoever puts one before a house where nobody has to say who they are, opens it to all who get to the proxy.
//! - **Smuggled requests.** A body has a `Content-Length` and nothing else that says how long it is.

use super::{
    far_end::{FarEnd, is_forwarded},
    problem::problem,
};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, Method, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderMap, ORIGIN, REFERRER_POLICY,
            TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
        request::Parts,
        uri::Authority,
    },
    middleware::Next,
    response::Response,
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What answers carry that do not say otherwise: nothing of them is shown in, used by or kept for anything else.
const HEADERS: [(HeaderName, &str); 6] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (RESOURCE_POLICY, "same-origin"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (CACHE_CONTROL, "no-store"),
];

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// Ours.
    pub local: SocketAddr,
    /// Theirs.
    pub peer: SocketAddr,
}

/// Who is let in.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// Names of this machine, in small letters.
    pub names: Vec<String>,
    /// The proxies that are believed.
    pub proxies: Vec<IpAddr>,
    /// Whether nobody has to say who they are.
    pub is_open: bool,
    /// Whether connections are by TLS.
    pub by_tls: bool,
}

type Refused = (StatusCode, String);

/// Lets a request pass, or says why not.
pub(super) async fn guard(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if let Some(link) = parts.extensions.get::<Link>() {
        let far_end = FarEnd::of(link.peer.ip(), gate.by_tls, &gate.proxies, &parts.headers);
        parts.extensions.insert(far_end);
    }
    let mut response = match gate.judge(&parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err((status, text)) => refuse(body, status, &text),
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The body is not read, so the connection ends.
fn refuse(body: Body, status: StatusCode, text: &str) -> Response {
    drop(body);
    problem(status, text)
}

impl Gate {
    fn judge(&self, parts: &Parts) -> Result<(), Refused> {
        let host = host(parts)?;
        let local = parts.extensions.get::<Link>().map(|link| link.local.ip());
        if !self.is_ours(host.host(), local) {
            let text = format!(
                "{} is no name of this hearthd: ask for it by its address or as localhost, or add the name to \
                 http.names in the configuration",
                crate::model::shown(host.as_str())
            );
            return Err((StatusCode::MISDIRECTED_REQUEST, text));
        }
        if parts.headers.contains_key(TRANSFER_ENCODING) {
            let text = "send the body with its length (content-length), not in chunks";
            return Err((StatusCode::LENGTH_REQUIRED, text.into()));
        }
        if is_foreign(parts, &host) {
            return Err((StatusCode::FORBIDDEN, "this comes from a page of somebody else".into()));
        }
        if self.is_open && is_forwarded(&parts.headers) {
            let text = "this comes through a proxy, and nobody has to say who they are: add [http.users.NAME] or \
                        [http.tokens.NAME] to the configuration, and the proxy's address to http.proxies";
            return Err((StatusCode::FORBIDDEN, text.into()));
        }
        if parts.method == Method::POST && !is_json(&parts.headers) {
            let text = "say what the body is: content-type: application/json";
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, text.into()));
        }
        Ok(())
    }

    fn is_ours(&self, host: &str, local: Option<IpAddr>) -> bool {
        let host = host.to_ascii_lowercase();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if host == "localhost" || self.names.iter().any(|name| *name == bare) {
            return true;
        }
        // Nobody can make an address lead elsewhere.
        let Ok(address) = bare.parse::<IpAddr>() else { return false };
        let (address, local) = (address.to_canonical(), local.map(|local| local.to_canonical()));
        address.is_loopback() || local == Some(address)
    }
}

/// The host that is asked for.
fn host(parts: &Parts) -> Result<Authority, Refused> {
    let bad = |text: &str| (StatusCode::BAD_REQUEST, text.to_owned());
    let mut all = parts.headers.get_all(HOST).iter();
    let (Some(host), None) = (all.next(), all.next()) else {
        return Err(bad("a request names its host once"));
    };
    let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    let host = host.filter(|host| !host.as_str().contains('@')).ok_or_else(|| bad("this is not the name of a host"))?;
    match parts.uri.authority() {
        Some(other) if *other != host => Err(bad("the path and the host name two hosts")),
        _ => Ok(host),
    }
}

/// Whether a browser says that another page than ours asks.
fn is_foreign(parts: &Parts, host: &Authority) -> bool {
    let of_other_page = |origin: &HeaderValue| {
        let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, rest)| rest);
        !authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host.as_str()))
    };
    if parts.headers.get_all(ORIGIN).iter().any(of_other_page) {
        return true;
    }
    // A link on another page may lead to ours, and to nothing else.
    let is_link = parts.method.is_safe() && !parts.uri.path().starts_with("/api/");
    let ours = |site: &HeaderValue| site == "same-origin" || site == "none";
    !is_link && !parts.headers.get_all(SEC_FETCH_SITE).iter().all(ours)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(method: &str, uri: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = axum::http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        parts.extensions.insert(Link {
            local: "[::ffff:192.168.1.5]:8480".parse().unwrap(),
            peer: "192.168.1.9:1".parse().unwrap(),
        });
        let gate = Gate { names: vec!["hearth.local".into(), "fd00::7".into()], is_open: true, ..Gate::default() };
        gate.judge(&parts).map_or_else(|(status, _)| status.as_u16(), |()| 200)
    }

    #[test]
    fn a_host_is_one_of_ours() {
        for (host, status) in [
            ("localhost", 200),
            ("LOCALHOST:8480", 200),
            ("127.0.0.1:8480", 200),
            ("127.0.0.2", 200),
            ("[::1]:8480", 200),
            ("192.168.1.5:8480", 200),
            ("192.168.1.6:8480", 421),
            ("hearth.local:8480", 200),
            ("Hearth.Local", 200),
            ("[fd00::7]", 200),
            ("hearth.local.evil.example", 421),
            ("evil.example:8480", 421),
            ("localhost.evil.example", 421),
            ("localhost.", 421),
            ("127.0.0.1.evil.example", 421),
            ("0.0.0.0:8480", 421),
            ("", 400),
            ("localhost@evil.example", 400),
            ("local host", 400),
            ("evil.example/localhost", 400),
        ] {
            assert_eq!(judge("GET", "/api/v1/points", &[("host", host)]), status, "{host:?}");
        }
        assert_eq!(judge("GET", "/", &[]), 400);
        assert_eq!(judge("GET", "/", &[("host", "localhost"), ("host", "localhost")]), 400);
        assert_eq!(judge("GET", "http://evil.example/", &[("host", "localhost")]), 400);
        assert_eq!(judge("GET", "http://localhost/", &[("host", "localhost")]), 200);
    }

    #[test]
    fn a_page_of_somebody_else_gets_nothing() {
        let (api, json) = ("/api/v1/points/lamp", ("content-type", "application/json"));
        let from = |method: &str, path: &str, name: &str, value: &str| {
            judge(method, path, &[("host", "localhost:8480"), json, (name, value)])
        };
        for method in ["GET", "PUT", "DELETE", "POST"] {
            for (name, value, status) in [
                ("origin", "http://localhost:8480", 200),
                ("origin", "https://localhost:8480", 200),
                ("origin", "http://localhost:3000", 403),
                ("origin", "http://localhost", 403),
                ("origin", "http://evil.example", 403),
                ("origin", "null", 403),
                ("origin", "", 403),
                ("sec-fetch-site", "same-origin", 200),
                ("sec-fetch-site", "none", 200),
                ("sec-fetch-site", "same-site", 403),
                ("sec-fetch-site", "cross-site", 403),
            ] {
                assert_eq!(from(method, api, name, value), status, "{method} {name}: {value}");
            }
        }
        assert_eq!(from("GET", "/", "sec-fetch-site", "cross-site"), 200, "a link to the page");
        assert_eq!(from("POST", "/", "sec-fetch-site", "cross-site"), 403);
        for (kind, status) in [("application/json; charset=utf-8", 200), ("text/plain", 415), ("", 415)] {
            assert_eq!(judge("POST", api, &[("host", "localhost"), ("content-type", kind)]), status, "{kind}");
        }
        assert_eq!(judge("PUT", api, &[("host", "localhost"), ("transfer-encoding", "chunked")]), 411);
        for name in ["x-forwarded-for", "x-forwarded-proto", "forwarded", "via"] {
            assert_eq!(judge("GET", "/", &[("host", "localhost"), (name, "127.0.0.1")]), 403, "{name}");
        }
    }
}
