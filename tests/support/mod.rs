//! Real parts for the end-to-end tests: a mosquitto, a hearthd, an MQTT client; each ends with the test.

#![allow(dead_code, reason = "each test file uses some of it")]

pub mod ports;
pub mod programs;
pub mod proxy;
pub mod requests;

use hearthd::{
    clock::{Clock, Moment},
    model::ClockTrust,
};
pub use ports::free_port;
use rumqttc::{Client, Event, MqttOptions, Packet, PublishOptions, QoS};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine; reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at something that has no event of its own.
pub const LOOK: Duration = Duration::from_millis(20);

/// A small linear congruential generator (Knuth's MMIX constants): the same moments each run.
pub struct Dice(pub u64);

impl Dice {
    /// From 0 to one less than `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A connection to the socket of a daemon that reads no longer than [`PATIENCE`].
pub fn connect(socket: &Path) -> UnixStream {
    let stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Looks until `holds`, or fails saying `what`.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..PATIENCE.as_millis() / LOOK.as_millis() {
        if holds() {
            return;
        }
        thread::sleep(LOOK);
    }
    panic!("waited in vain until {what}");
}

/// As [`wait_until`], for so long, however long each look takes.
pub fn wait_within(patience: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let clock = Clock::system(Moment::START, ClockTrust::Always);
    let end = clock.now().moment + patience;
    while !holds() {
        assert!(clock.now().moment < end, "waited in vain until {what}");
        thread::sleep(LOOK);
    }
}

/// A mosquitto that keeps nothing.
pub struct Broker {
    pub port: u16,
    folder: TempDir,
    child: Option<Child>,
}

impl Broker {
    pub fn start() -> Broker {
        let mut broker = Broker::reserve();
        broker.up();
        broker
    }

    /// A place for a broker that is not up yet.
    pub fn reserve() -> Broker {
        let (port, folder) = (free_port(), TempDir::new().unwrap());
        // By default mosquitto drops what a client is more than 1,000 messages behind with: a storm would be its test.
        let settings = "allow_anonymous true\npersistence false\nset_tcp_nodelay true\nmax_queued_messages 0";
        let text = format!("listener {port} 127.0.0.1\n{settings}\n");
        fs::write(folder.path().join("mosquitto.conf"), text).unwrap();
        Broker { port, folder, child: None }
    }

    /// Gives it another listener, with settings of its own.
    pub fn add_listener(&self, lines: &str) {
        let file = self.folder.path().join("mosquitto.conf");
        let before = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("per_listener_settings true\n{before}{lines}\n")).unwrap();
    }

    pub fn up(&mut self) {
        let program =
            ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].into_iter().find(|path| Path::new(path).exists());
        let child = Command::new(program.unwrap_or("mosquitto"))
            .arg("-c")
            .arg(self.folder.path().join("mosquitto.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto is needed: apt install mosquitto");
        let (child, port) = (self.child.insert(child), self.port);
        wait_until("mosquitto listens", || {
            assert!(child.try_wait().unwrap().is_none(), "mosquitto ended at once: has another program port {port}?");
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// SIGKILL: it keeps nothing, so all retained messages are gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What the configuration knows a secret of HTTP by.
pub fn hash(secret: &str) -> String {
    let mut hash = Command::new(env!("CARGO_BIN_EXE_hearthd"));
    let mut hash = hash.args(["http", "hash"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    writeln!(hash.stdin.take().unwrap(), "{secret}").unwrap();
    let output = hash.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// A house: a configuration file, a state folder, a socket, and the daemon that may run on them.
pub struct House {
    pub folder: TempDir,
    pub config: PathBuf,
    child: Option<Child>,
    log: Arc<Mutex<String>>,
}

impl House {
    /// Writes the configuration; nothing runs yet.
    pub fn new(config: &str) -> House {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, config).unwrap();
        House { folder, config: file, child: None, log: Arc::default() }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("hearthd.sock")
    }

    /// Starts the daemon with more arguments and waits until it serves.
    pub fn up(&mut self, more: &[&str]) {
        self.spawn(more);
        wait_until("hearthd serves its socket", || self.console(&["status"]).status.success());
    }

    /// Starts the daemon and does not wait.
    pub fn spawn(&mut self, more: &[&str]) {
        self.spawn_in(more, &[]);
    }

    /// Starts the daemon with this in its environment and does not wait.
    pub fn spawn_with(&mut self, environment: &[(&str, &str)]) {
        self.spawn_in(&[], environment);
    }

    fn spawn_in(&mut self, more: &[&str], environment: &[(&str, &str)]) {
        let mut child = self
            .command(&["run"])
            .envs(environment.iter().copied())
            .arg("--state")
            .arg(self.folder.path().join("state"))
            .args(more)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (stderr, log) = (child.stderr.take().unwrap(), self.log.clone());
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = log.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        self.child = Some(child);
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// SIGTERM; returns whether it ended well.
    pub fn stop(&mut self) -> bool {
        self.signal("TERM");
        let mut child = self.child.take().expect("it runs");
        let mut ended = None;
        wait_until("hearthd ends", || {
            ended = child.try_wait().unwrap();
            ended.is_some()
        });
        ended.is_some_and(|status| status.success())
    }

    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The log as it grows, apart from the house.
    pub fn log_handle(&self) -> impl Fn() -> String + use<> {
        let log = self.log.clone();
        move || log.lock().unwrap().clone()
    }

    pub fn wait_for_log(&self, text: &str) {
        wait_until(&format!("the log says {text:?}"), || self.log().contains(text));
    }

    /// Runs a console command against the daemon.
    pub fn console(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// As [`House::console`], and it must succeed; returns what it printed.
    pub fn ask(&self, arguments: &[&str]) -> String {
        let output = self.console(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The JSON of `status`.
    pub fn status(&self) -> serde_json::Value {
        serde_json::from_str(&self.ask(&["status", "--json"])).unwrap()
    }

    /// A point's value by the console: the daemon's own truth.
    pub fn value(&self, point: &str) -> String {
        let why: serde_json::Value = serde_json::from_str(&self.ask(&["why", point, "--json"])).unwrap();
        why["point"]["text"].as_str().unwrap_or_default().to_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hearthd"));
        command.arg("--config").arg(&self.config).arg("--socket").arg(self.socket()).args(arguments);
        command
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("--- the daemon's log ---\n{}---", self.log());
        }
    }
}

/// A message as it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub topic: String,
    pub payload: String,
    pub retained: bool,
}

/// An MQTT client that remembers the last message of each topic and reconnects by itself.
pub struct Watcher {
    pub client: Client,
    seen: Arc<Mutex<Seen>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    last: BTreeMap<String, Message>,
    all: Vec<Message>,
}

impl Watcher {
    /// Connects and subscribes; returns when both are done.
    pub fn start(port: u16, filter: &str) -> Watcher {
        Watcher::start_as(port, filter, None)
    }

    /// As [`Watcher::start`], with user and password.
    pub fn start_as(port: u16, filter: &str, login: Option<(&str, &str)>) -> Watcher {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let id = format!("watcher-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut options = MqttOptions::new(id, ("127.0.0.1", port));
        options.set_max_packet_size(8 << 20, 8 << 20);
        if let Some((user, password)) = login {
            options.set_credentials(user, password.to_owned());
        }
        let (client, mut connection) = Client::builder(options).capacity(1000).build();
        let (seen, over) = (Arc::new(Mutex::new(Seen::default())), Arc::new(AtomicBool::new(false)));
        let (ready_in, ready) = mpsc::channel();
        let (ours, ended, subscriber, filter) = (seen.clone(), over.clone(), client.clone(), filter.to_owned());
        let thread = thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        subscriber.try_subscribe(&filter, QoS::AtLeastOnce).unwrap()
                    }
                    Ok(Event::Incoming(Packet::SubAck(_))) => {
                        let _ = ready_in.send(());
                    }
                    Ok(Event::Incoming(Packet::Publish(publish))) => {
                        let message = Message {
                            topic: String::from_utf8_lossy(&publish.topic).into_owned(),
                            payload: String::from_utf8_lossy(&publish.payload).into_owned(),
                            retained: publish.retain,
                        };
                        let mut seen = ours.lock().unwrap();
                        seen.last.insert(message.topic.clone(), message.clone());
                        seen.all.push(message);
                    }
                    Ok(_) => {}
                    Err(_) => thread::sleep(LOOK),
                }
                if ended.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        ready.recv_timeout(PATIENCE).expect("the watcher subscribes");
        Watcher { client, seen, over, thread: Some(thread) }
    }

    pub fn publish(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic, payload.into(), PublishOptions::at_least_once()).unwrap();
    }

    pub fn publish_retained(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic, payload.into(), PublishOptions::at_least_once().retained()).unwrap();
    }

    /// The last payload of a topic.
    pub fn last(&self, topic: &str) -> Option<String> {
        self.seen.lock().unwrap().last.get(topic).map(|message| message.payload.clone())
    }

    /// All messages of topics that begin so, in order.
    pub fn all_of_any(&self, beginning: &str) -> Vec<Message> {
        self.seen.lock().unwrap().all.iter().filter(|message| message.topic.starts_with(beginning)).cloned().collect()
    }

    /// All messages of a topic, in order.
    pub fn all(&self, topic: &str) -> Vec<Message> {
        self.seen.lock().unwrap().all.iter().filter(|message| message.topic == topic).cloned().collect()
    }

    pub fn forget(&self) {
        *self.seen.lock().unwrap() = Seen::default();
    }

    pub fn wait_for(&self, topic: &str, payload: &str) {
        self.wait_until(topic, payload, |last| last == payload);
    }

    pub fn wait_until(&self, topic: &str, what: &str, holds: impl Fn(&str) -> bool) {
        for _ in 0..PATIENCE.as_millis() / LOOK.as_millis() {
            if self.last(topic).is_some_and(|last| holds(&last)) {
                return;
            }
            thread::sleep(LOOK);
        }
        panic!("waited in vain for {what} on {topic}; last was {:?}", self.last(topic));
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.client.try_disconnect();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What a newcomer would be given: all retained messages under a prefix.
pub fn retained(port: u16, prefix: &str) -> BTreeMap<String, String> {
    let watcher = Watcher::start(port, &format!("{prefix}/#"));
    // The broker sends what it retained before what comes later.
    watcher.publish(&format!("{prefix}/marker"), "x");
    watcher.wait_for(&format!("{prefix}/marker"), "x");
    let seen = watcher.seen.lock().unwrap();
    // A retained message may be followed by a newer one while we look; that one is retained by now.
    let topics = seen.all.iter().filter(|message| message.retained).map(|message| &message.topic);
    topics.map(|topic| (topic.clone(), seen.last[topic].payload.clone())).collect()
}
