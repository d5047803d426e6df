//! The house is found on the network without typing: page and API are announced by multicast DNS (RFC 6762), as services
//! (RFC 6763) and by a host name of their own.
//!
//! | service | TXT record |
//! | --- | --- |
//! | `_http._tcp`, with TLS `_https._tcp` | `path=/` |
//! | `_hearthd._tcp` | `path=/`, `id=` that of the hub, `version=`, `tls=1` or `0` |

use super::{House, Listening};
use crate::model::Config;
use mdns_sd::{DaemonEvent, IfKind, Receiver, ServiceDaemon, ServiceInfo};
use std::{future::pending, net::SocketAddr};
use tokio::sync::watch;

/// The longest label of a name, in bytes (RFC 1035, section 2.3.4).
const LABEL_MAX: usize = 63;

/// Announces where HTTP is served, if others get there, until the house is stopping.
pub fn announce(house: &House, mut web: watch::Receiver<Listening>) -> impl Future<Output = ()> + Send + use<> {
    let mut house = house.clone();
    let mut configs = house.config.clone();
    async move {
        let mut responder: Option<Responder> = None;
        loop {
            let wanted = Announced::of(&configs.borrow_and_update(), &web.borrow_and_update());
            if responder.as_ref().map(|responder| &responder.announced) != wanted.as_ref() {
                if let Some(before) = responder.take() {
                    before.leave().await;
                }
                responder = wanted.and_then(Responder::begin);
            }
            tokio::select! {
                Ok(()) = configs.changed() => {}
                Ok(()) = web.changed() => {}
                () = watch(responder.as_mut()) => {}
                () = house.stopping() => break,
            }
        }
        if let Some(responder) = responder {
            responder.leave().await;
        }
    }
}

/// What is said of the house.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Announced {
    title: String,
    id: String,
    host: String,
    address: SocketAddr,
    by_tls: bool,
}

impl Announced {
    /// None: nothing is to be said, or nobody else would get there.
    fn of(config: &Config, web: &Listening) -> Option<Announced> {
        let (settings, Some(Ok(address))) = (config.http.as_ref()?, web) else { return None };
        let host = settings.mdns_host()?;
        let mut title = config.hub.name.clone();
        while title.len() > LABEL_MAX {
            title.pop();
        }
        let (id, by_tls) = (config.hub.id.to_string(), settings.tls.is_some());
        Some(Announced { title, id, host, address: *address, by_tls })
    }

    fn services(&self) -> Result<[ServiceInfo; 2], mdns_sd::Error> {
        let tls = if self.by_tls { "1" } else { "0" };
        let page = if self.by_tls { "_https._tcp.local." } else { "_http._tcp.local." };
        let own = [("path", "/"), ("id", &self.id), ("version", env!("CARGO_PKG_VERSION")), ("tls", tls)];
        Ok([self.service(page, &own[..1])?, self.service("_hearthd._tcp.local.", &own)?])
    }

    fn service(&self, kind: &str, facts: &[(&str, &str)]) -> Result<ServiceInfo, mdns_sd::Error> {
        let (host, port) = (format!("{}.", self.host), self.address.port());
        let mut service = ServiceInfo::new(kind, &self.title, &host, (), port, facts)?.enable_addr_auto();
        service.set_interfaces(vec![match self.address {
            SocketAddr::V4(address) if address.ip().is_unspecified() => IfKind::IPv4,
            SocketAddr::V6(address) if address.ip().is_unspecified() => IfKind::All,
            address => IfKind::Addr(address.ip()),
        }]);
        Ok(service)
    }
}

/// Answers those on the network who ask, in a thread of its own.
struct Responder {
    announced: Announced,
    daemon: ServiceDaemon,
    events: Receiver<DaemonEvent>,
    is_heard: bool,
}

impl Responder {
    fn begin(announced: Announced) -> Option<Responder> {
        let begun = || {
            let daemon = ServiceDaemon::new()?;
            let events = daemon.monitor()?;
            for service in announced.services()? {
                daemon.register(service)?;
            }
            Ok::<_, mdns_sd::Error>((daemon, events))
        };
        match begun() {
            Ok((daemon, events)) => Some(Responder { announced, daemon, events, is_heard: false }),
            Err(why) => {
                tracing::warn!("HTTP is not announced on the network: {why}");
                None
            }
        }
    }

    /// Takes back what was said, so that nobody goes on showing it.
    async fn leave(self) {
        if let Ok(done) = self.daemon.shutdown() {
            let _ = done.recv_async().await;
        }
    }
}

/// Tells that it was said, and of names that others have; it does not end.
async fn watch(responder: Option<&mut Responder>) {
    let Some(Responder { events, announced, is_heard, .. }) = responder else { return pending().await };
    while let Ok(event) = events.recv_async().await {
        match event {
            DaemonEvent::Announce(..) if !*is_heard => {
                *is_heard = true;
                tracing::info!("HTTP is announced on the network as {}", announced.host);
            }
            DaemonEvent::NameChange(change) if change.original.starts_with(&announced.host) => tracing::warn!(
                "another machine is called {} already: this one is announced as {}, by which browsers may not ask for \
                 it; give http.mdns_name another name",
                announced.host,
                change.new_name.trim_end_matches('.')
            ),
            DaemonEvent::Error(why) => tracing::warn!("mDNS: {why}"),
            _ => {}
        }
    }
    pending().await
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
            let mut config = Config { http: Some(http), ..Config::empty("hut") };
            config.hub.name = "Ü".repeat(40);
            Announced::of(&config, &web)
        };
        let serves = |address: &str| Some(Ok(address.parse().unwrap()));
        let found = said("0.0.0.0:8480", "hearthd", serves("0.0.0.0:8480")).unwrap();
        assert_eq!((found.host.as_str(), found.title.len()), ("hearthd.local", 62));
        assert!(found.services().is_ok());
        assert_eq!(said("127.0.0.1:8480", "hearthd", serves("127.0.0.1:8480")), None);
        assert_eq!(said("0.0.0.0:8480", "", serves("0.0.0.0:8480")), None);
        assert_eq!(said("0.0.0.0:8480", "hearthd", Some(Err("taken".into()))), None);
        assert_eq!(said("0.0.0.0:8480", "hearthd", None), None);
    }
}
