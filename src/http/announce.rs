//! The house is found on the network without typing: page and API are announced as services and by a host name of their own.
//!
//! | service | TXT record |
//! | --- | --- |
//! | `_http._tcp`, with TLS `_https._tcp` | `path=/` |
//! | `_hearthd._tcp` | `path=/`, `id=` that of the hub, `version=`, `tls=1` or `0` |

use super::{House, Listening};
use crate::{
    mdns::{self, Announced, Responder},
    model::Config,
};
use tokio::sync::watch;

/// Announces where HTTP is served, if others get there, until the house is stopping.
pub fn announce(house: &House, mut web: watch::Receiver<Listening>) -> impl Future<Output = ()> + Send + use<> {
    let mut house = house.clone();
    let mut configs = house.config.clone();
    async move {
        let mut responder: Option<Responder> = None;
        loop {
            let wanted = announced(&configs.borrow_and_update(), &web.borrow_and_update());
            if responder.as_ref().map(Responder::announced) != wanted.as_ref() {
                if let Some(before) = responder.take() {
                    before.leave().await;
                }
                responder = wanted.and_then(Responder::begin);
            }
            tokio::select! {
                Ok(()) = configs.changed() => {}
                Ok(()) = web.changed() => {}
                () = mdns::watch(responder.as_mut()) => {}
                () = house.stopping() => break,
            }
        }
        if let Some(responder) = responder {
            responder.leave().await;
        }
    }
}

/// What is said of the house. None: nothing is to be said, or nobody else would get there.
fn announced(config: &Config, web: &Listening) -> Option<Announced> {
    let (settings, Some(Ok(address))) = (config.http.as_ref()?, web) else { return None };
    let (tls, page) = if settings.tls.is_some() { ("1", "_https._tcp") } else { ("0", "_http._tcp") };
    let path = ("path", "/".to_owned());
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let own = vec![path.clone(), ("id", config.hub.id.to_string()), ("version", version), ("tls", tls.to_owned())];
    Some(Announced {
        what: "HTTP",
        when_taken: "by which browsers may not ask for it; give http.mdns_name another name",
        title: config.hub.name.clone(),
        host: settings.mdns_host()?,
        address: *address,
        services: vec![(page, vec![path]), ("_hearthd._tcp", own)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HttpSettings;

    #[test]
    fn what_others_get_to_is_announced() {
        let said = |listen: &str, mdns_name: &str, web: Listening| {
            let http = HttpSettings {
                listen: listen.parse().unwrap(),
                mdns_name: Some(mdns_name.to_owned()).filter(|name| !name.is_empty()),
                ..HttpSettings::default()
            };
            announced(&Config { http: Some(http), ..Config::empty("hut") }, &web)
        };
        let serves = |address: &str| Some(Ok(address.parse().unwrap()));
        let found = said("0.0.0.0:8480", "hearthd", serves("0.0.0.0:8480")).unwrap();
        assert_eq!(found.host, "hearthd.local");
        let kinds: Vec<_> = found.services.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, ["_http._tcp", "_hearthd._tcp"]);
        assert_eq!(said("127.0.0.1:8480", "hearthd", serves("127.0.0.1:8480")), None);
        assert_eq!(said("0.0.0.0:8480", "", serves("0.0.0.0:8480")), None);
        assert_eq!(said("0.0.0.0:8480", "hearthd", Some(Err("taken".into()))), None);
        assert_eq!(said("0.0.0.0:8480", "hearthd", None), None);
    }
}
