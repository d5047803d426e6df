//! `[http]`: the web page and the API, for others than those on the Unix socket.

use super::{
    diagnostic::Problems,
    pem_files::{FileName, FindPem, Named, PemFiles},
    shape::{Address, Flag, OneOf, Shape, Wrong, shorten},
    table::{Id, Table},
};
use crate::model::{HttpSettings, HttpTls, Login, Scope, SecretHash};
use core::net::{IpAddr, SocketAddr};
use serde_json::{Value as Json, json};
use toml::de::DeValue;

/// The settings as far as the file alone tells.
pub(super) struct Draft {
    settings: HttpSettings,
    tls: Option<(Named, Named)>,
    /// Of users, then of tokens.
    hashes: [Vec<Option<Named>>; 2],
}

pub(super) fn read(table: &mut Table<'_>) -> Draft {
    let listen = table.defaulted(
        "listen",
        "The address and the port; 127.0.0.1 and [::1] are reached from this machine only.",
        Address(HttpSettings::LISTEN),
        HttpSettings::LISTEN,
    );
    let names = table.defaulted(
        "names",
        "Host names by which browsers may ask for it, besides localhost and the address.",
        HostNames,
        Vec::new(),
    );
    let mdns_name = table.defaulted(
        "mdns_name",
        "The name by which it is found on the network, without .local; empty: it is not announced there.",
        Label,
        "hearthd".to_owned(),
    );
    let proxies = table.defaulted(
        "proxies",
        "Addresses of proxies that are believed when they say for whom they ask.",
        Addresses,
        Vec::new(),
    );
    let cert = table.optional("cert_file", "TLS: our certificate (PEM), beside this file.", FileName);
    let key = table.optional(
        "key_file",
        "TLS: the private key of cert_file (PEM): beside this file, or a systemd credential of this name.",
        FileName,
    );
    let allow_plaintext = table.defaulted(
        "allow_plaintext",
        "Passwords, tokens and everything else go over the network without TLS, for everybody on the way to read.",
        Flag,
        false,
    );
    let configure = table.defaulted(
        "configure",
        "Those with the scope \"configure\" may edit this file from the page and over the API.",
        Flag,
        false,
    );
    let users = table.tables_by_name("users", "People, who log in with a password.", login);
    let tokens = table.tables_by_name("tokens", "Programs, which send a token with each request.", login);
    for (key, other) in [("cert_file", "key_file"), ("key_file", "cert_file")] {
        if table.has(key) && !table.has(other) {
            table.error_at(key, format!("`{key}` without `{other}`"), format!("add {other} = ..."));
        }
    }
    if !proxies.is_empty() && users.is_empty() && tokens.is_empty() {
        table.error_at(
            "proxies",
            "whoever gets to the proxy would reach the house, and nobody would have to say who they are",
            "add [http.users.NAME] or [http.tokens.NAME]",
        );
    }
    if configure && users.is_empty() && tokens.is_empty() {
        table.error_at(
            "configure",
            "every program of this machine could change the house, and nobody would have to say who they are",
            "add [http.users.NAME] with scope = \"configure\"",
        );
    } else if configure && !users.iter().chain(&tokens).any(|(login, _)| login.scope == Scope::Configure) {
        table.warning_at(
            "configure",
            "nobody may edit the file: no user and no token has scope = \"configure\"",
            "write scope = \"configure\" in [http.users.NAME], or remove it",
        );
    }
    if !HttpSettings::is_of_this_machine(listen) {
        if users.is_empty() && tokens.is_empty() {
            table.error_at(
                "listen",
                "others than this machine would reach the house, and nobody would have to say who they are",
                "write listen = \"127.0.0.1:8480\", or add [http.users.NAME] or [http.tokens.NAME]",
            );
        }
    } else if table.has("allow_plaintext") && allow_plaintext {
        table.warning_at("allow_plaintext", "nothing goes over the network: `listen` is on this machine", "remove it");
    }
    let named = |key: &str, name: String| (name, table.place_of(key));
    let tls = cert.zip(key).map(|(cert, key)| (named("cert_file", cert), named("key_file", key)));
    let (users, of_users) = users.into_iter().unzip();
    let (tokens, of_tokens) = tokens.into_iter().unzip();
    // Nobody on the way is to read passwords and tokens.
    let by_ourselves = !HttpSettings::is_of_this_machine(listen) && !allow_plaintext;
    let settings = HttpSettings {
        listen,
        names,
        mdns_name: Some(mdns_name).filter(|name| !name.is_empty()),
        proxies,
        tls: by_ourselves.then_some(HttpTls::SelfMade),
        configure,
        users,
        tokens,
    };
    Draft { settings, tls, hashes: [of_users, of_tokens] }
}

impl Draft {
    pub fn listen(&self) -> SocketAddr {
        self.settings.listen
    }
}

fn login(id: &Id, table: &mut Table<'_>) -> (Login, Option<Named>) {
    let scope = table.defaulted(
        "scope",
        "What they may do: \"read\", \"control\" (command points, too) or \"configure\" (plan changes, too, and make them where http.configure is true).",
        OneOf(&Scope::WORDS),
        Scope::Read,
    );
    let file = table.required(
        "hash_file",
        "A file that holds only what `hearthd http hash` printed: beside this one, or a systemd credential of this name.",
        "\"NAME.hash\"",
        FileName,
    );
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if table.is_real()
        && !(id.text.len() <= 64
            && id.text.starts_with(|c: char| c.is_ascii_lowercase())
            && id.text.chars().all(is_name))
    {
        let advice = "write at most 64 of the letters a-z, digits and _, a letter first";
        table.error(id.place.clone(), format!("\"{}\" is no name for a login", shorten(&id.text)), advice);
    }
    let file = file.map(|file| (file, table.place_of("hash_file"))).filter(|(file, place)| {
        let is_name = !file.starts_with("$argon2");
        if !is_name {
            let advice = "write it into a file beside this one, and the name of that file here";
            table.error(place.clone(), "this is what should stand in the file, not its name", advice);
        }
        is_name
    });
    (Login { name: (&*id.text).into(), scope, hash: SecretHash::default() }, file)
}

/// The settings, with the hashes that `secret` finds, and the files of TLS that `pem` finds.
pub(super) fn resolve(
    draft: Draft,
    secret: &dyn Fn(&str) -> Result<Option<String>, Wrong>,
    pem: &FindPem<'_>,
    problems: &Problems,
) -> HttpSettings {
    let mut settings = draft.settings;
    let [of_users, of_tokens] = draft.hashes;
    let logins = settings.users.iter_mut().zip(of_users).chain(settings.tokens.iter_mut().zip(of_tokens));
    for (login, file) in logins {
        let Some((name, place)) = file else { continue };
        match secret(&name).map(|hash| hash.map(SecretHash)) {
            Ok(Some(hash)) if !hash.is_good() => problems.error(
                place,
                format!("\"{}\" does not hold a hash by Argon2id", shorten(&name)),
                "make one with `hearthd http hash`, and keep the secret itself elsewhere",
            ),
            Ok(hash) => login.hash = hash.unwrap_or_default(),
            Err(wrong) => problems.error(place, wrong.message, wrong.advice),
        }
    }
    if let Some((cert, key)) = draft.tls {
        let mut files = PemFiles::new(pem, problems);
        let (cert_file, key_file) = files.pair(&cert, &key);
        settings.tls = Some(HttpTls::Files { cert_file, key_file, mark: files.mark() });
    }
    settings
}

/// Names that a browser may have in its address line.
struct HostNames;

impl Shape for HostNames {
    type Value = Vec<String>;

    fn noun(&self) -> String {
        "a list of host names".into()
    }

    fn example(&self) -> String {
        "names in square brackets, such as [\"hearth.local\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Vec<String>>, Wrong> {
        let Some(items) = value.as_array() else { return Ok(None) };
        let name = |item: &toml::Spanned<DeValue<'_>>| {
            let Some(text) = item.get_ref().as_str() else {
                return Err(Wrong::new("host names are words in double quotes", format!("write {}", self.example())));
            };
            // As `rustls` reads the names of certificates: a DNS name or an IP address.
            match rustls_pki_types::ServerName::try_from(text) {
                Ok(_) => Ok(text.to_ascii_lowercase()),
                Err(_) => Err(Wrong::new(
                    format!("\"{}\" is not a host name", shorten(text)),
                    "write only the name, without scheme and port, such as \"hearth.local\"",
                )),
            }
        };
        items.iter().map(name).collect::<Result<_, _>>().map(Some)
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": { "type": "string", "pattern": "^[A-Za-z0-9._:-]+$" }, "uniqueItems": true })
    }

    fn show(&self, value: &Vec<String>) -> Json {
        json!(value)
    }
}

/// One part of a host name (RFC 1035, section 2.3.1), or none.
struct Label;

impl Shape for Label {
    type Value = String;

    fn noun(&self) -> String {
        "a name".into()
    }

    fn example(&self) -> String {
        "it in double quotes, such as \"hearthd\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        let is_label = text.len() <= 63
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if is_label {
            return Ok(Some(text.to_ascii_lowercase()));
        }
        let message = format!("\"{}\" is no name of a machine", shorten(text));
        Err(Wrong::new(message, "write at most 63 letters a-z, digits and -, without .local, such as \"hearthd\""))
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": "^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)?$" })
    }

    fn show(&self, value: &String) -> Json {
        json!(value)
    }
}

/// IP addresses.
struct Addresses;

impl Shape for Addresses {
    type Value = Vec<IpAddr>;

    fn noun(&self) -> String {
        "a list of IP addresses".into()
    }

    fn example(&self) -> String {
        "addresses in square brackets, such as [\"127.0.0.1\"]".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Vec<IpAddr>>, Wrong> {
        let Some(items) = value.as_array() else { return Ok(None) };
        let address = |item: &toml::Spanned<DeValue<'_>>| {
            let Some(text) = item.get_ref().as_str() else {
                let advice = format!("write {}", self.example());
                return Err(Wrong::new("IP addresses are words in double quotes", advice));
            };
            text.parse::<IpAddr>().map_err(|_| {
                let message = format!("\"{}\" is not an IP address", shorten(text));
                Wrong::new(
                    message,
                    "write only the address, without a port, a name or a network, such as \"127.0.0.1\"",
                )
            })
        };
        items.iter().map(address).collect::<Result<_, _>>().map(Some)
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": { "type": "string", "pattern": "^[0-9a-fA-F:.]+$" }, "uniqueItems": true })
    }

    fn show(&self, value: &Vec<IpAddr>) -> Json {
        json!(value)
    }
}
