//! How the house is served over HTTP, apart from the Unix socket.

use core::net::{Ipv4Addr, SocketAddr};

/// The table `[http]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The names by which browsers may ask for it besides `localhost` and the address, in small letters, without a port.
    pub names: Vec<String>,
}

impl HttpSettings {
    /// Where it listens when nobody says otherwise: this machine alone gets there.
    pub const LISTEN: SocketAddr = SocketAddr::new(core::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8480);
}

impl Default for HttpSettings {
    fn default() -> HttpSettings {
        HttpSettings { listen: HttpSettings::LISTEN, names: Vec::new() }
    }
}
