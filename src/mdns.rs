//! Services are found on the network without typing: multicast DNS (RFC 6762, RFC 6763), in a thread of its own.

use mdns_sd::{DaemonEvent, IfKind, Receiver, ServiceDaemon, ServiceInfo};
use std::{future::pending, net::SocketAddr};

/// The longest label of a name, in bytes (RFC 1035, section 2.3.4).
const LABEL_MAX: usize = 63;

/// What is announced together: services on one host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// What the log calls it.
    pub what: &'static str,
    /// What to do when another machine has the name of the host.
    pub when_taken: &'static str,
    /// The name of all services; what is too long for the network is cut off.
    pub title: String,
    /// The name of the host, with `.local`.
    pub host: String,
    /// Where it is served; of an address that is not given, on all interfaces.
    pub address: SocketAddr,
    /// The type of each service, such as `_http._tcp`, and what is said of it.
    pub services: Vec<(&'static str, Vec<(&'static str, String)>)>,
}

impl Announced {
    fn services(&self) -> Result<Vec<ServiceInfo>, mdns_sd::Error> {
        let mut title = self.title.clone();
        while title.len() > LABEL_MAX {
            title.pop();
        }
        let (host, port) = (format!("{}.", self.host), self.address.port());
        let service = |(kind, facts): &(&str, Vec<(&str, String)>)| {
            let kind = format!("{kind}.local.");
            let mut service = ServiceInfo::new(&kind, &title, &host, (), port, &facts[..])?.enable_addr_auto();
            service.set_interfaces(vec![match self.address {
                SocketAddr::V4(address) if address.ip().is_unspecified() => IfKind::IPv4,
                SocketAddr::V6(address) if address.ip().is_unspecified() => IfKind::All,
                address => IfKind::Addr(address.ip()),
            }]);
            Ok(service)
        };
        self.services.iter().map(service).collect()
    }
}

/// Answers those on the network who ask.
pub struct Responder {
    announced: Announced,
    daemon: ServiceDaemon,
    events: Receiver<DaemonEvent>,
    is_heard: bool,
}

impl Responder {
    /// Begins to answer. None: that cannot be; the log says why.
    pub fn begin(announced: Announced) -> Option<Responder> {
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
                tracing::warn!("{} is not announced on the network: {why}", announced.what);
                None
            }
        }
    }

    /// What it answers.
    pub fn announced(&self) -> &Announced {
        &self.announced
    }

    /// Takes back what was said, so that nobody goes on showing it.
    pub async fn leave(self) {
        if let Ok(done) = self.daemon.shutdown() {
            let _ = done.recv_async().await;
        }
    }
}

/// Logs that it was said, and names that others have; it does not end.
pub async fn watch(responder: Option<&mut Responder>) {
    let Some(Responder { events, announced, is_heard, .. }) = responder else { return pending().await };
    while let Ok(event) = events.recv_async().await {
        match event {
            DaemonEvent::Announce(..) if !*is_heard => {
                *is_heard = true;
                tracing::info!("{} is announced on the network as {}", announced.what, announced.host);
            }
            DaemonEvent::NameChange(change) if change.original.starts_with(&announced.host) => tracing::warn!(
                "another machine is called {} already: this one is announced as {}, {}",
                announced.host,
                change.new_name.trim_end_matches('.'),
                announced.when_taken
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

    #[test]
    fn a_title_of_any_length_is_announced() {
        let services = vec![("_http._tcp", vec![("path", "/".to_owned())]), ("_hearthd._tcp", Vec::new())];
        let (title, host) = ("Ü".repeat(40), "hearthd.local".to_owned());
        let address = "0.0.0.0:8480".parse().unwrap();
        let announced = Announced { what: "HTTP", when_taken: "", title, host, address, services };
        let services = announced.services().unwrap();
        let names: Vec<&str> = services.iter().map(ServiceInfo::get_fullname).collect();
        let cut = "Ü".repeat(31);
        assert_eq!(names, [format!("{cut}._http._tcp.local."), format!("{cut}._hearthd._tcp.local.")]);
        assert_eq!(services[0].get_property_val_str("path"), Some("/"));
    }
}
