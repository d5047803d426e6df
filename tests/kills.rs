//! Kills at random moments: afterwards what the broker retains is what the daemon says, and no command that was answered
//! is lost.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use support::{Broker, Dice, House, Watcher, retained, wait_until};

const OUTPUTS: usize = 4;
/// Fifty kills in all, most of whose time is waiting for the next try to connect: so in rows side by side.
const ROWS: u64 = 5;
const KILLS_IN_A_ROW: u32 = 10;

fn config(port: u16) -> String {
    let outputs: String =
        (0..OUTPUTS).map(|i| format!("[outputs.relay_{i}]\nkind = \"switch\"\ngpio = {}\n", 17 + i)).collect();
    format!(
        "[hub]\nid = \"k\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n[hardware]\nbackend = \"simulated\"\n{outputs}"
    )
}

#[test]
fn fifty_kills_lose_nothing_that_was_answered() {
    std::thread::scope(|scope| {
        for row in 0..ROWS {
            scope.spawn(move || kills_lose_nothing_that_was_answered(2026 + row));
        }
    });
}

fn kills_lose_nothing_that_was_answered(seed: u64) {
    let mut broker = Broker::start();
    let mut house = House::new(&config(broker.port));
    house.up(&[]);
    let mut dice = Dice(seed);
    let mut wanted = ["OFF"; OUTPUTS];
    for kill in 0..KILLS_IN_A_ROW {
        let watcher = Watcher::start(broker.port, "hearthd/k/+/state");
        // The last command before the kill is answered, by the console or by its state on MQTT.
        for _ in 0..=dice.roll(4) {
            let relay = dice.roll(OUTPUTS as u64) as usize;
            // Always another value, so that its state is the answer to this very command.
            let value = if wanted[relay] == "ON" { "OFF" } else { "ON" };
            let topic = format!("hearthd/k/relay_{relay}");
            watcher.wait_for(&format!("{topic}/state"), wanted[relay]);
            if dice.roll(2) == 0 {
                house.ask(&["set", &format!("relay_{relay}"), value]);
            } else {
                watcher.publish(&format!("{topic}/set"), value);
            }
            watcher.wait_for(&format!("{topic}/state"), value);
            wanted[relay] = value;
        }
        std::thread::sleep(std::time::Duration::from_millis(dice.roll(60)));
        let (kill_broker, kill_house) = [(true, false), (false, true), (true, true)][dice.roll(3) as usize];
        drop(watcher);
        if kill_broker {
            broker.kill();
        }
        if kill_house {
            house.kill();
            house.up(&[]);
        }
        if kill_broker {
            broker.up();
        }

        let is = |relay: usize| house.value(&format!("relay_{relay}"));
        for (relay, wanted) in wanted.iter().enumerate() {
            assert_eq!(is(relay), *wanted, "relay {relay} after kill {kill} of row {seed}");
        }
        wait_until("the broker retains the daemon's truth", || {
            let kept = retained(broker.port, "hearthd/k");
            kept.get("hearthd/k/availability").is_some_and(|is| is == "online")
                && (0..OUTPUTS).all(|relay| kept.get(&format!("hearthd/k/relay_{relay}/state")) == Some(&is(relay)))
        });
    }
}

#[test]
fn what_a_counter_showed_is_not_taken_back_by_a_kill() {
    let broker = Broker::start();
    let text = config(broker.port)
        + "[inputs.meter]\nkind = \"counter\"\ngpio = 4\nmeasures = \"energy\"\npulses_per_unit = 1000\nevery = \"1s\"\n";
    let mut house = House::new(&text);
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "hearthd/k/#");
    let topic = "hearthd/k/meter/energy/state";
    watcher.wait_for(topic, "0.000");
    house.ask(&["set", "meter.energy", "12345.6"]);
    watcher.wait_for(topic, "12345.600");
    watcher.publish("hearthd/k/meter/energy/set", "-1");
    watcher.wait_until("hearthd/k/error", "a reason", |error| error.contains("write what the meter shows, 0 to"));
    // On simulated hardware, this is how many pulses its wire gives. A command takes them to the disk with it.
    house.ask(&["set", "meter", "50"]);
    house.ask(&["set", "relay_0", "ON"]);
    watcher.wait_for(topic, "12345.650");
    house.kill();
    house.up(&[]);
    assert_eq!(house.value("meter.energy"), "12345.650");
    house.ask(&["set", "meter", "7"]);
    house.ask(&["set", "relay_0", "OFF"]);
    watcher.wait_for(topic, "12345.657");
    assert!(house.stop(), "an orderly end");
    house.up(&[]);
    assert_eq!(house.value("meter.energy"), "12345.657");
}
