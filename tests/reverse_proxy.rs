//! nginx and Caddy before a running daemon, with the files that are shipped: a path of their own, TLS, and who asks.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use rcgen::{CertificateParams, KeyPair};
use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};
use support::{
    House, PATIENCE, free_port, hash,
    programs::{browser, unpacked},
    wait_until,
};
use tempfile::TempDir;

/// A proxy that ends with the test.
struct Proxy {
    process: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Unlike a kill, it ends nginx's workers as well.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

/// A shipped file, with these things replaced.
fn shipped(name: &str, changes: &[(&str, &str)]) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)).unwrap();
    changes.iter().fold(text, |text, (before, after)| {
        assert!(text.contains(before), "{name} has no {before}");
        text.replace(before, after)
    })
}

/// A folder with the certificate of the proxy, and a port.
fn prepared() -> (TempDir, u16) {
    let folder = TempDir::new().unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "home.example".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    fs::write(folder.path().join("proxy.crt"), certificate.pem()).unwrap();
    fs::write(folder.path().join("proxy.key"), key.serialize_pem()).unwrap();
    (folder, free_port())
}

fn nginx(house: u16) -> Proxy {
    let (folder, port) = prepared();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let server = shipped(
        "nginx.conf",
        &[
            ("listen 443 ssl", &format!("listen 127.0.0.1:{port} ssl")),
            ("server_name home.example", "server_name home.example localhost"),
            ("/etc/ssl/home.example.crt", &path("proxy.crt")),
            ("/etc/ssl/home.example.key", &path("proxy.key")),
            ("127.0.0.1:8480", &format!("127.0.0.1:{house}")),
        ],
    );
    let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {};\n", path(name)))
        .concat();
    let text = format!(
        "daemon off;\npid {};\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{places}{server}}}\n",
        path("nginx.pid")
    );
    fs::write(folder.path().join("nginx.conf"), text).unwrap();
    let mut command = Command::new(unpacked("sbin/nginx"));
    command.args(["-e", "stderr", "-p"]).arg(folder.path()).args(["-c", &path("nginx.conf")]);
    begin(command, folder, port)
}

fn caddy(house: u16) -> Proxy {
    let (folder, port) = prepared();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let sites = format!(
        "{{\n\tadmin off\n\tauto_https off\n}}\nhttps://home.example:{port}, https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls {} {}",
        path("proxy.crt"),
        path("proxy.key")
    );
    let text = shipped("Caddyfile", &[("home.example {", &sites), ("127.0.0.1:8480", &format!("127.0.0.1:{house}"))]);
    fs::write(folder.path().join("Caddyfile"), text).unwrap();
    let mut command = Command::new(unpacked("bin/caddy"));
    command.args(["run", "--adapter", "caddyfile", "--config", &path("Caddyfile")]);
    command.env("HOME", folder.path()).env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME");
    begin(command, folder, port)
}

fn begin(mut command: Command, folder: TempDir, port: u16) -> Proxy {
    let log = fs::File::create(folder.path().join("log")).unwrap();
    let process = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
    let proxy = Proxy { process, port, folder };
    wait_until("the proxy serves", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    proxy
}

impl Proxy {
    /// curl, which asks from an address of its own and prints head and body in one, as they come.
    fn curl(&self, path: &str, more: &[&str]) -> Command {
        let mut curl = Command::new("curl");
        curl.args(["-s", "-i", "-N", "--interface", "127.0.0.2", "--cacert"]);
        curl.arg(self.folder.path().join("proxy.crt")).args(["--max-time", &PATIENCE.as_secs().to_string()]);
        curl.args(["--resolve", &format!("home.example:{0}:127.0.0.1", self.port)]).args(more);
        curl.arg(format!("https://home.example:{}{path}", self.port));
        curl
    }

    fn get(&self, path: &str, more: &[&str]) -> String {
        let output = self.curl(path, more).output().expect("curl is needed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// A house with a lamp and Anna, behind a proxy on this machine.
fn hut(http: u16, proxies: &str) -> House {
    let house = House::new(&format!(
        "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n\
         [http]\nlisten = \"127.0.0.1:{http}\"\nnames = [\"home.example\"]\n{proxies}\
         [http.users.anna]\nscope = \"control\"\nhash_file = \"anna.hash\"\n\
         [outputs.lamp]\nkind = \"light\"\ngpio = 17\n"
    ));
    fs::write(house.folder.path().join("anna.hash"), hash("correct horse")).unwrap();
    house
}

const JSON: &str = "content-type: application/json";
const RIGHT: &str = "{\"user\": \"anna\", \"password\": \"correct horse\"}";
const WRONG: &str = "{\"user\": \"anna\", \"password\": \"horse\"}";

fn works_behind(start: fn(u16) -> Proxy) {
    let http = free_port();
    let mut house = hut(http, "proxies = [\"127.0.0.1\"]\n");
    house.up(&[]);
    let proxy = start(http);
    let url = format!("https://localhost:{}/house/", proxy.port);
    assert!(browser("login.mjs", &url).status().unwrap().success(), "see above what the browser says");

    let moved = proxy.get("/house", &[]);
    assert!(moved.contains("/house/\r\n"), "{moved}");
    assert!(proxy.get("/house/api/v1/points", &[]).contains("401"));
    let in_it = proxy.get("/house/api/v1/login", &["-H", JSON, "-d", RIGHT]);
    let cookie = in_it.lines().find(|line| line.to_lowercase().starts_with("set-cookie"));
    let cookie = cookie.unwrap_or_else(|| panic!("{in_it}"));
    assert!(cookie.contains("; Secure"), "{cookie}");
    let session = cookie.split([' ', ';']).nth(1).unwrap();
    // They have no end: a proxy that held them back until there is one would show none.
    let mut events = proxy.curl("/house/api/v1/events", &["-b", session]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(events.stdout.take().unwrap()).lines().map_while(Result::ok);
    let came = lines.any(|line| line == "event: snapshot");
    events.kill().unwrap();
    events.wait().unwrap();
    assert!(came, "no event comes");

    // What others write into the header is of no account: they are who the proxy sees.
    let forged = ["-H", JSON, "-H", "x-forwarded-for: 203.0.113.9", "-d", WRONG];
    let attempt = || proxy.get("/house/api/v1/login", &forged).split(' ').nth(1).unwrap_or_default().to_owned();
    assert_eq!(attempt(), "401");
    wait_until("they are held off", || attempt() == "429");
    let log = house.log();
    assert!(log.contains("anna logged in from 127.0.0.2") && log.contains("a wrong password for anna from 127.0.0.2"));
    assert!(!log.contains("203.0.113.9"), "{log}");
}

#[test]
fn the_page_works_behind_nginx() {
    works_behind(nginx);
}

#[test]
fn the_page_works_behind_caddy() {
    works_behind(caddy);
}

/// Through a proxy that nobody named all are one, and it does not make a cookie of TLS; without log-ins nobody gets through.
#[test]
fn a_proxy_that_is_not_named_is_not_believed() {
    let http = free_port();
    let mut house = hut(http, "");
    house.up(&[]);
    let proxy = caddy(http);
    let in_it = proxy.get("/house/api/v1/login", &["-H", JSON, "-d", RIGHT]);
    assert!(in_it.contains("200") && !in_it.contains("Secure"), "{in_it}");
    house.wait_for_log("anna logged in from 127.0.0.1");

    let text = fs::read_to_string(&house.config).unwrap();
    let (before, rest) = text.split_once("[http.users.anna]").unwrap();
    fs::write(&house.config, format!("{before}{}", &rest[rest.find("[outputs").unwrap()..])).unwrap();
    wait_until("the door is shut", || proxy.get("/house/", &[]).contains("403"));
    assert!(proxy.get("/house/api/v1/points", &[]).contains("nobody has to say who they are"));
}
