//! How the house is served over HTTP, apart from the Unix socket.

use super::table::table;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::{fmt, path::PathBuf, sync::Arc};

/// The table `[http]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The names by which browsers may ask for it besides `localhost` and the address, in small letters, without a port.
    pub names: Vec<String>,
    /// The name by which it is found on the network, without `.local`; None: it is not announced there.
    pub mdns_name: Option<String>,
    /// The proxies that are believed when they say for whom they ask.
    pub proxies: Vec<IpAddr>,
    /// How connections are kept secret; None: they are not.
    pub tls: Option<HttpTls>,
    /// Whether those who may configure may edit the file.
    pub configure: bool,
    /// People, who log in with a password. With neither them nor tokens, nobody has to say who they are.
    pub users: Vec<Login>,
    /// Programs, which send a token with each request.
    pub tokens: Vec<Login>,
}

/// What shows others who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpTls {
    /// A certificate that somebody made.
    Files {
        /// It, and those between it and its authority.
        cert_file: PathBuf,
        /// Its private key.
        key_file: PathBuf,
        /// Tells what was in the files when the configuration was read from what is in them after a change.
        mark: u64,
    },
    /// One that hearthd makes for itself and keeps with its state.
    SelfMade,
}

/// Somebody who may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// By this name the log and `why` speak of them.
    pub name: Arc<str>,
    /// What they may do.
    pub scope: Scope,
    /// What their password or token is known by.
    pub hash: SecretHash,
}

table! {
    /// What somebody may do; each may do what those before may.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Scope {
        /// See everything.
        Read = "read";
        /// Command points.
        Control = "control";
        /// See and try the configuration.
        Configure = "configure";
    }
}

/// A hash by Argon2id, as `hearthd http hash` prints it; empty where the file was not read, so that nothing fits.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretHash(pub String);

/// Nobody is to guess at it.
impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

impl SecretHash {
    /// The most memory that working one out may take, in KiB, and the most rounds.
    pub const MOST: (u32, u32) = (64 << 10, 16);

    /// Whether it is one that can be worked out.
    pub fn is_good(&self) -> bool {
        let mut parts = self.0.split('$');
        let (Some(""), Some("argon2id"), Some("v=19"), Some(costs), Some(salt), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let cost = |name: &str| {
            let cost = costs.split(',').find_map(|cost| cost.strip_prefix(name)?.strip_prefix('='));
            cost.and_then(|cost| cost.parse::<u32>().ok())
        };
        let is_base64 = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
        let (most_memory, most_rounds) = SecretHash::MOST;
        cost("m").is_some_and(|memory| (1 << 10..=most_memory).contains(&memory))
            && cost("t").is_some_and(|rounds| (1..=most_rounds).contains(&rounds))
            && cost("p").is_some_and(|lanes| (1..=4).contains(&lanes))
            && (11..=64).contains(&salt.len())
            && (22..=86).contains(&hash.len())
            && is_base64(salt)
            && is_base64(hash)
    }
}

impl HttpSettings {
    /// Where it listens when nobody says otherwise: this machine alone gets there.
    pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8480);

    /// Whether nobody has to say who they are.
    pub fn is_open(&self) -> bool {
        self.users.is_empty() && self.tokens.is_empty()
    }

    /// The host name by which it is announced; None: it is not, or only this machine would get to it.
    pub fn mdns_host(&self) -> Option<String> {
        let name = self.mdns_name.as_ref().filter(|_| !HttpSettings::is_of_this_machine(self.listen))?;
        Some(format!("{name}.local"))
    }

    /// All names by which browsers may ask for it.
    pub fn all_names(&self) -> impl Iterator<Item = String> {
        self.names.iter().cloned().chain(self.mdns_host())
    }

    /// Whether only programs of this machine get to an address.
    pub fn is_of_this_machine(listen: SocketAddr) -> bool {
        listen.ip().to_canonical().is_loopback()
    }
}

impl Default for HttpSettings {
    fn default() -> HttpSettings {
        let listen = HttpSettings::LISTEN;
        let (names, proxies, users, tokens) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        HttpSettings { listen, names, mdns_name: None, proxies, tls: None, configure: false, users, tokens }
    }
}
