//! Houses whose network to a real mosquitto breaks at random: afterwards, what the broker keeps of each point is what the
//! daemon knows, what lives on the broker is right, and the broker keeps nothing else and no less than a new one would be given.
//!
//! `FAULT_SEED=7 cargo test --test network` draws other schedules.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "tls/authority.rs"]
#[allow(dead_code, reason = "it is made for another test")]
mod authority;
mod support;

use authority::{Authority, Valid};
use rumqttc::{Client, Event, MqttOptions, Packet, PublishOptions, QoS};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use support::{
    Broker, Dice, House, LOOK, PATIENCE, Watcher, free_port,
    proxy::{Fault, Proxy},
    retained, wait_until, wait_within,
};
use tempfile::TempDir;

const HOUSES: usize = 40;
/// For each house: two hundred in all.
const SCHEDULES: usize = 5;
/// One that was thrown out again and again waits for up to a minute before it tries, and one that was not answered believes the
/// broker after another.
const BACK_WITHIN: Duration = Duration::from_secs(180);
/// Megabytes of a daemon. One built for tests is much larger than a released one; it must not grow with what breaks.
const LARGEST_MB: u64 = 80;

/// The devices of all houses: each plug does what it is told and says so, retained.
struct Devices {
    client: Client,
    plugs: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Devices {
    fn start(port: u16) -> Devices {
        let (client, mut connection) =
            Client::builder(MqttOptions::new("devices", ("127.0.0.1", port))).capacity(1000).build();
        let plugs: Arc<Mutex<BTreeMap<String, String>>> = Arc::default();
        let (ours, answers) = (plugs.clone(), client.clone());
        thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        answers.try_subscribe("dev/+/plug/set", QoS::AtLeastOnce).unwrap();
                    }
                    Ok(Event::Incoming(Packet::Publish(publish))) => {
                        let topic = String::from_utf8_lossy(&publish.topic).trim_end_matches("/set").to_owned();
                        let payload = String::from_utf8_lossy(&publish.payload).into_owned();
                        ours.lock().unwrap().insert(topic.clone(), payload.clone());
                        let options = PublishOptions::at_least_once().retained();
                        answers.try_publish(topic, payload, options).unwrap();
                    }
                    Ok(_) => {}
                    Err(_) => return,
                }
            }
        });
        Devices { client, plugs }
    }

    fn tell(&self, topic: &str, payload: &str) {
        self.client.publish(topic, payload.to_owned(), PublishOptions::at_least_once().retained()).unwrap();
    }
}

/// One house behind a network of its own.
struct Behind<'t> {
    id: String,
    house: House,
    proxy: Proxy,
    with_tls: bool,
    dice: Dice,
    devices: &'t Devices,
    watcher: &'t Watcher,
    motion: &'static str,
    temperature: String,
    plug: &'static str,
}

const WORDS: [&str; 2] = ["OFF", "ON"];

impl Behind<'_> {
    fn toss(&mut self) -> &'static str {
        WORDS[self.dice.roll(2) as usize]
    }

    /// Something happens: in the house, to a device, or by a command.
    fn happen(&mut self, what: u64) {
        let word = self.toss();
        let id = &self.id;
        match what {
            0 => drop(self.house.console(&["set", "door", word])),
            1 => drop(self.house.console(&["set", "lamp", word])),
            2 => {
                self.motion = word;
                self.devices.tell(&format!("dev/{id}/motion"), word);
            }
            3 => {
                self.temperature = format!("{}.50", 15 + self.dice.roll(10));
                self.devices.tell(&format!("dev/{id}/climate"), &format!(r#"{{"t":{}}}"#, self.temperature));
            }
            _ => {
                self.plug = word;
                drop(self.house.console(&["set", "plug", word]));
            }
        }
    }

    fn break_for_a_while(&mut self) -> Vec<Fault> {
        let mut all = Vec::new();
        for _ in 0..=self.dice.roll(3) {
            let fault = match self.dice.roll(9) {
                0 => Fault::Refuse,
                1 | 2 => Fault::Stall,
                3 => Fault::Delay(Duration::from_millis(20 + self.dice.roll(300))),
                4 => Fault::LosesWhatTheHouseSends,
                5 => Fault::LosesWhatTheBrokerSends,
                6 => Fault::Truncate,
                // Without TLS, nobody could tell.
                7 if self.with_tls => Fault::Garble,
                _ => Fault::Nothing,
            };
            self.proxy.set(fault);
            if matches!(fault, Fault::Refuse | Fault::Nothing) {
                self.proxy.cut();
            }
            for _ in 0..1 + self.dice.roll(3) {
                let what = self.dice.roll(5);
                self.happen(what);
                thread::sleep(Duration::from_millis(20 + self.dice.roll(200)));
            }
            all.push(fault);
        }
        self.proxy.set(Fault::Nothing);
        all
    }

    /// What is not as it should be, of what the broker keeps, and of what lives on the broker.
    fn differences(&self) -> Vec<String> {
        let prefix = format!("hearthd/{}", self.id);
        let (mut wrong, mut wrong_attributes) = (Vec::new(), Vec::new());
        let mut same = |topic: String, expected: &str| {
            let kept = self.watcher.last(&topic);
            if kept.as_deref() != Some(expected) {
                wrong.push(format!("{topic} is {kept:?}, not {expected}"));
            }
        };
        same(format!("{prefix}/availability"), "online");
        let status = self.house.status();
        // Of other hubs' points, those tell.
        let own = |point: &&serde_json::Value| !point["id"].as_str().unwrap().starts_with("next.");
        for point in status["points"].as_array().unwrap().iter().filter(own) {
            let (id, good) = (point["id"].as_str().unwrap().replace('.', "/"), point["quality"] == "good");
            same(format!("{prefix}/{id}/availability"), if good { "online" } else { "offline" });
            let wrong = match point["quality"].as_str() {
                Some("good") => "none",
                Some("unknown") => "nothing was heard yet",
                Some("stale") => "nothing was heard for too long",
                _ => point["fault"].as_str().unwrap(),
            };
            same(format!("{prefix}/{id}/fault"), wrong);
            if let Some(text) = point["text"].as_str().filter(|_| !point["value"].is_null()) {
                same(format!("{prefix}/{id}/state"), text);
            }
            if let Some(why) = point["why"].as_str() {
                same(format!("{prefix}/{id}/why"), why);
                let attributes = self.watcher.last(&format!("{prefix}/{id}/attributes")).unwrap_or_default();
                let told: serde_json::Value = serde_json::from_str(&attributes).unwrap_or_default();
                // No reason here has a reading in it.
                if told["why"] != why {
                    wrong_attributes.push(format!("the attributes of {id} are {attributes}, not of {why}"));
                }
            }
        }
        wrong.extend(wrong_attributes);
        let real = self.devices.plugs.lock().unwrap().get(&format!("dev/{}/plug", self.id)).cloned();
        let expected = [
            ("motion", Some(self.motion)),
            ("climate.temperature", Some(&*self.temperature)),
            ("plug", Some(self.plug)),
            ("plug", real.as_deref()),
        ];
        for (id, expected) in expected {
            let point = status["points"].as_array().unwrap().iter().find(|point| point["id"] == id).unwrap();
            let is = point["text"].as_str().filter(|_| point["quality"] == "good");
            if is != expected {
                wrong.push(format!("{id} is {} ({}), not {expected:?}", point["value"], point["fault"]));
            }
        }
        wrong
    }

    fn settle(&self, faults: &[Fault]) -> Duration {
        // Twice what anything else gets: what is lost without a word is noticed late, and then is waited.
        let looks = 2 * PATIENCE.as_millis() / (15 * LOOK.as_millis());
        for look in 0..looks {
            if self.differences().is_empty() {
                return (15 * LOOK) * look as u32;
            }
            thread::sleep(15 * LOOK);
        }
        panic!("{} after {faults:?}: {:#?}\n{}", self.id, self.differences(), self.house.log());
    }

    fn topic(&self, leaf: &str) -> String {
        format!("hearthd/{}/{leaf}", self.id)
    }

    /// Waits until the house is there and takes the broker for good.
    fn is_back(&self) {
        let says = |leaf, word: &str| self.watcher.last(&self.topic(leaf)).as_deref() == Some(word);
        wait_within(BACK_WITHIN, &format!("{} is there, and has no problem", self.id), || {
            says("availability", "online") && says("problem", "none")
        });
    }

    /// Whether it sees the door of the next house, over both networks.
    fn sees(&self, next: &Behind<'_>) -> bool {
        let why: serde_json::Value = serde_json::from_str(&self.house.ask(&["why", "next.door", "--json"])).unwrap();
        why["point"]["quality"] == "good" && why["point"]["text"] == *next.house.value("door")
    }

    /// All that the broker keeps of the house while it is there and nothing is wrong. An answer that was lost may still end its
    /// connection, half a minute later.
    fn keeps(&self, next: &Behind<'_>, port: u16) -> BTreeMap<String, String> {
        let mut kept = BTreeMap::new();
        let is_right = || self.differences().is_empty() && self.sees(next);
        wait_within(BACK_WITHIN, &format!("{} is there, and has no problem", self.id), || {
            is_right() && {
                kept = self.kept(port);
                let says = |leaf, word: &str| kept.get(&self.topic(leaf)).is_some_and(|kept| kept == word);
                says("availability", "online") && says("problem", "none") && is_right()
            }
        });
        kept
    }

    /// Ends its connections, and lets it have no other.
    fn leaves(&self, port: u16) {
        self.proxy.set(Fault::Refuse);
        // The broker is asked: it may have been gone before. A connection that was just being made is cut at the next look.
        wait_until(&format!("{} is gone", self.id), || {
            self.proxy.cut();
            self.kept(port).get(&self.topic("availability")).is_some_and(|word| word == "offline")
        });
    }

    /// All that the broker keeps of the house, but for what the machine tells of itself, which changes.
    fn kept(&self, port: u16) -> BTreeMap<String, String> {
        let mut kept = retained(port, &format!("hearthd/{}", self.id));
        kept.extend(retained(port, &format!("homeassistant/device/hearthd_{}", self.id)));
        kept.retain(|topic, _| !topic.starts_with(&format!("hearthd/{}/hub/", self.id)));
        kept
    }

    /// All that the house has told since the watcher forgot what was before.
    fn told(&self) -> BTreeMap<String, String> {
        let ours = [format!("hearthd/{}/", self.id), format!("homeassistant/device/hearthd_{}/", self.id)];
        let told = ours.iter().flat_map(|beginning| self.watcher.all_of_any(beginning));
        let told = told.filter(|message| !message.topic.starts_with(&format!("{}hub/", ours[0])));
        told.map(|message| (message.topic, message.payload)).collect()
    }

    fn resident_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.house.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

#[test]
fn two_hundred_broken_networks_leave_nothing_wrong() {
    let seed = std::env::var("FAULT_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_129_u64);
    println!("FAULT_SEED={seed}");
    let authority = Authority::new("Home");
    let (folder, tls_port) = (TempDir::new().unwrap(), free_port());
    let (certificate, key) = authority.broker(&["localhost"], Valid::Now).write(folder.path(), "broker");
    for path in [folder.path(), &certificate, &key] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut broker = Broker::reserve();
    broker.add_listener(&format!(
        "listener {tls_port} 127.0.0.1\nallow_anonymous true\ncertfile {}\nkeyfile {}",
        certificate.display(),
        key.display()
    ));
    broker.up();
    let (devices, watcher) = (Devices::start(broker.port), Watcher::start(broker.port, "#"));
    let behind = |number: usize| {
        let (id, with_tls) = (format!("house{number}"), number % 2 == 1);
        let proxy = Proxy::start(if with_tls { tls_port } else { broker.port });
        let (scheme, ca) = if with_tls { ("mqtts", "ca_file = \"ca.crt\"\n") } else { ("mqtt", "") };
        let version = if number % 3 == 2 { "3.1.1" } else { "auto" };
        let mut house = House::new(&format!(
            "[hub]\nid = \"{id}\"\n[mqtt]\nurl = \"{scheme}://localhost:{}\"\n{ca}version = \"{version}\"\nkeep_alive = \"5s\"\n\
             [hardware]\nbackend = \"simulated\"\n\
             [outputs.lamp]\nkind = \"light\"\ngpio = 17\n[inputs.door]\nkind = \"door\"\ngpio = 4\n\
             [inputs.motion]\nkind = \"motion\"\nmqtt = \"dev/{id}/motion\"\n\
             [sensors.climate]\nmqtt = \"dev/{id}/climate\"\nquantities = {{ temperature = \"/t\" }}\n\
             [outputs.plug]\nkind = \"switch\"\nmqtt = \"dev/{id}/plug/set\"\nstate_topic = \"dev/{id}/plug\"\n\
             [hubs.next]\nid = \"house{}\"\ninputs = {{ door = \"door\" }}\n\
             [[rules]]\nname = \"Door\"\nwhile = \"door is open and motion\"\nset = {{ lamp = \"on\" }}\n",
            proxy.port,
            (number + 1) % HOUSES
        ));
        fs::write(house.folder.path().join("ca.crt"), &authority.pem).unwrap();
        house.up(&[]);
        let dice = Dice(seed.wrapping_add(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (devices, watcher) = (&devices, &watcher);
        let (motion, plug) = ("OFF", "OFF");
        Behind { id, house, proxy, with_tls, dice, devices, watcher, motion, temperature: String::new(), plug }
    };
    let mut houses: Vec<Behind<'_>> = (0..HOUSES).map(behind).collect();
    let mut settled: Vec<Duration> = Vec::new();
    let mut sizes = Vec::new();
    let mut weigh = |houses: &[Behind<'_>]| sizes.push(houses.iter().map(Behind::resident_kb).max().unwrap());
    weigh(&houses);
    thread::scope(|scope| {
        let live = |behind: &mut Behind<'_>| -> Vec<Duration> {
            let schedule = |_| {
                let faults = behind.break_for_a_while();
                (0..5).for_each(|what| behind.happen(what));
                behind.settle(&faults)
            };
            (0..SCHEDULES).map(schedule).collect()
        };
        let all: Vec<_> = houses.iter_mut().map(|behind| scope.spawn(move || live(behind))).collect();
        settled.extend(all.into_iter().flat_map(|one| one.join().unwrap()));
    });
    weigh(&houses);
    settled.sort_unstable();
    let (median, longest) = (settled[settled.len() / 2], settled[settled.len() - 1]);
    println!("{} schedules, right again after {median:?} (median), {longest:?} at the longest", settled.len());
    println!("resident at most {} kB before, {} kB after", sizes[0], sizes[1]);
    assert!(sizes[1] < LARGEST_MB * 1024, "{sizes:?}");
    let see_each_other = || {
        for (behind, next) in houses.iter().zip(houses.iter().cycle().skip(1)) {
            wait_until(&format!("{} sees the door of {}", behind.id, next.id), || behind.sees(next));
            behind.settle(&[]);
        }
    };
    see_each_other();
    // What a newcomer would be given is what the house would tell a new broker on a new connection: nothing is missing or left
    // over, and no reason, attribute or announcement is an old one.
    let nexts = houses.iter().cycle().skip(1);
    let kept: Vec<_> = houses.iter().zip(nexts).map(|(behind, next)| behind.keeps(next, broker.port)).collect();
    houses.iter().for_each(|behind| behind.leaves(broker.port));
    watcher.forget();
    houses.iter().for_each(|behind| behind.proxy.set(Fault::Nothing));
    houses.iter().for_each(Behind::is_back);
    see_each_other();
    for (behind, kept) in houses.iter().zip(kept) {
        let told = behind.told();
        assert!(told.keys().filter(|topic| topic.ends_with("/attributes")).count() >= 2, "{told:?}");
        assert!(told.contains_key(&format!("homeassistant/device/hearthd_{}/config", behind.id)));
        assert_eq!(kept, told, "what is kept of {} and what it tells", behind.id);
    }
}
