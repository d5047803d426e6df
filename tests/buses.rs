//! Outputs on buses, with the real binary: a bus that is slow or hangs holds up its own outputs, and nothing else.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{
    fs,
    os::unix::net::UnixDatagram,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use support::{Broker, House, Watcher, wait_until};

/// `slow` and `beside` are on one bus, `far` is on another, `quick` on a line of the board; `door` switches `quick` by a
/// rule.
fn hut(port: u16) -> String {
    format!(
        "[hub]\nid = \"hut\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\ndiscovery = false\n\
         [hardware]\nbackend = \"simulated\"\n\
         [expanders.box]\nchip = \"mcp23017\"\nbus = 1\n[expanders.shed]\nchip = \"mcp23017\"\nbus = 3\n\
         {SLOW}{BESIDE}\
         [outputs.far]\nkind = \"switch\"\ngpio = \"shed/1\"\n\
         [outputs.quick]\nkind = \"switch\"\ngpio = 17\n\
         [inputs.door]\nkind = \"door\"\ngpio = 22\n\
         [[rules]]\nname = \"Door\"\nwhile = \"door is open\"\nset = {{ quick = \"on\" }}\n"
    )
}

const SLOW: &str = "[outputs.slow]\nkind = \"switch\"\ngpio = \"box/1\"\n";
const BESIDE: &str = "[outputs.beside]\nkind = \"switch\"\ngpio = \"box/2\"\n";

fn topic(point: &str, what: &str) -> String {
    format!("hearthd/hut/{point}/{what}")
}

struct Hut {
    watcher: Watcher,
    house: House,
    /// How often systemd was told that all is well.
    lives: Arc<AtomicUsize>,
    _broker: Broker,
}

impl Hut {
    fn new() -> Hut {
        let broker = Broker::start();
        let mut house = House::new(&hut(broker.port));
        let notify = house.folder.path().join("notify");
        let systemd = UnixDatagram::bind(&notify).unwrap();
        let lives = Arc::<AtomicUsize>::default();
        let seen = lives.clone();
        // Ends with the test; systemd always reads, and who is not read waits.
        thread::spawn(move || {
            let mut message = [0; 4096];
            while let Ok(length) = systemd.recv(&mut message) {
                let lives = String::from_utf8_lossy(&message[..length]).contains("WATCHDOG=1");
                seen.fetch_add(usize::from(lives), Ordering::Relaxed);
            }
        });
        // A watchdog that wants a sign of life each 0.4 s; nobody acts on it.
        house.spawn_with(&[("NOTIFY_SOCKET", notify.to_str().unwrap()), ("WATCHDOG_USEC", "400000")]);
        wait_until("hearthd serves its socket", || house.console(&["status"]).status.success());
        let watcher = Watcher::start(broker.port, "hearthd/hut/#");
        watcher.wait_for(&topic("slow", "state"), "OFF");
        Hut { watcher, house, lives, _broker: broker }
    }

    fn command(&self, point: &str, payload: &str) {
        self.watcher.publish(&topic(point, "set"), payload);
    }

    fn state(&self, point: &str, payload: &str) {
        self.watcher.wait_for(&topic(point, "state"), payload);
    }

    /// Has `slow` driven on; its wire answers when it is told to.
    fn hang(&self) {
        self.house.ask(&["set", "slow", "delay 1h"]);
        self.command("slow", "ON");
        self.watcher.wait_until(&topic("slow", "why"), "the command", |why| why.starts_with("manual"));
    }

    fn answer(&self) {
        self.house.ask(&["set", "slow", "delay 0s"]);
    }

    fn reload(&self, change: impl FnOnce(String) -> String) {
        fs::write(&self.house.config, change(fs::read_to_string(&self.house.config).unwrap())).unwrap();
        self.house.wait_for_log("the changed configuration is in force");
    }

    /// Waits until systemd was told five times more that all is well.
    fn lives(&self) {
        let before = self.lives.load(Ordering::Relaxed);
        wait_until("it lives", || self.lives.load(Ordering::Relaxed) >= before + 5);
    }

    fn is_in_fault(&self, point: &str) -> bool {
        self.house.log().contains(&format!("{point} is in fault"))
    }
}

#[test]
fn a_bus_that_hangs_holds_up_its_own_outputs_and_nothing_else() {
    let hut = Hut::new();
    hut.hang();
    hut.command("far", "ON");
    hut.state("far", "ON");
    assert_eq!(hut.house.ask(&["set", "quick", "ON"]), "quick is ON. manual: command by the console, until AUTO\n");
    hut.state("quick", "ON");
    hut.house.ask(&["auto", "quick"]);
    hut.state("quick", "OFF");
    hut.house.ask(&["set", "door", "open"]);
    hut.state("quick", "ON");
    hut.house.ask(&["set", "door", "closed"]);
    hut.state("quick", "OFF");
    assert_eq!(hut.house.value("slow"), "OFF", "its wire has not answered");
    hut.lives();
    hut.house.wait_for_log("slow is in fault: no answer within 5 s: its bus or device hangs");
    hut.command("beside", "ON");
    hut.house.wait_for_log("beside is in fault");
    assert!(!hut.is_in_fault("far") && !hut.is_in_fault("quick"));
    hut.lives();
    hut.answer();
    hut.state("slow", "ON");
    hut.state("beside", "ON");
    hut.house.wait_for_log("slow is good again");
    hut.house.wait_for_log("beside is good again");
}

#[test]
fn a_drive_of_one_and_a_half_seconds_is_slow_and_no_fault() {
    let hut = Hut::new();
    hut.house.ask(&["set", "slow", "delay 1500ms"]);
    // Whoever asks at the console is shown what became of it.
    let told = "slow is ON. manual: command by the console, until AUTO\n";
    assert_eq!(hut.house.ask(&["set", "slow", "ON"]), told);
    hut.state("slow", "ON");
    for payload in ["OFF", "ON", "OFF"] {
        hut.command("slow", payload);
    }
    hut.state("slow", "OFF");
    assert_eq!(hut.house.value("slow"), "OFF", "of what came meanwhile, the newest counts");
    assert!(!hut.is_in_fault("slow"), "{}", hut.house.log());
    assert!(hut.house.console(&["set", "quick", "delay 2s"]).status.code() == Some(1), "it is on no bus");
}

#[test]
fn a_reload_keeps_a_drive_of_an_output_that_stays() {
    let hut = Hut::new();
    hut.hang();
    // It gets another place among the outputs.
    hut.reload(|text| text.replace(SLOW, "").replace(BESIDE, &format!("{BESIDE}{SLOW}")));
    assert_eq!([hut.house.value("slow"), hut.house.value("beside")], ["OFF", "OFF"]);
    hut.answer();
    hut.state("slow", "ON");
    assert_eq!(hut.house.value("beside"), "OFF");
    assert_eq!(hut.watcher.all(&topic("beside", "state")).iter().filter(|message| message.payload == "ON").count(), 0);
    hut.command("slow", "OFF");
    hut.state("slow", "OFF");
}

#[test]
fn what_takes_the_place_of_an_output_that_went_gets_no_answer_of_its() {
    let hut = Hut::new();
    hut.house.ask(&["set", "slow", "delay 4s"]);
    hut.command("slow", "ON");
    hut.watcher.wait_until(&topic("slow", "why"), "the command", |why| why.starts_with("manual"));
    hut.reload(|text| text.replace(SLOW, "[outputs.fresh]\nkind = \"switch\"\ngpio = \"box/5\"\n"));
    hut.state("fresh", "OFF");
    hut.command("quick", "ON");
    hut.state("quick", "ON");
    // Behind the drive that was under way and the safe state of its line.
    hut.command("beside", "ON");
    hut.state("beside", "ON");
    assert_eq!(hut.house.value("fresh"), "OFF");
    hut.command("fresh", "ON");
    hut.state("fresh", "ON");
    let states = hut.watcher.all(&topic("fresh", "state"));
    assert_eq!(states.iter().map(|message| &*message.payload).collect::<Vec<_>>(), ["OFF", "ON"]);
}

#[test]
fn the_end_waits_for_a_slow_bus_and_not_for_one_that_hangs() {
    let mut hut = Hut::new();
    hut.command("quick", "ON");
    hut.state("quick", "ON");
    hut.house.ask(&["set", "slow", "ON"]);
    hut.house.ask(&["set", "slow", "delay 2s"]);
    assert!(hut.house.stop());
    hut.house.wait_for_log("slow OFF: hearthd is stopping: safe state");

    let mut hut = Hut::new();
    hut.command("quick", "ON");
    hut.state("quick", "ON");
    hut.hang();
    assert!(hut.house.stop());
    hut.house.wait_for_log("quick OFF: hearthd is stopping: safe state");
    hut.house.wait_for_log("not driven to a safe state, since the bus hangs: slow");
}
