//! Any message from the broker: a command for the engine, a refusal, or nothing, never a panic; and what the house says
//! afterwards can still be written and read back. The input is the topic, a zero byte and the payload; `!` before it is
//! the retain flag.

#![no_main]

use chrono::DateTime;
use hearthd::{
    clock::{Moment, Now},
    config,
    engine::{Engine, Memory},
    model::{Config, Event},
    mqtt::{
        Delivery, Qos, discovery,
        inbox::{Inbox, Incoming},
        topics::Topics,
    },
};
use libfuzzer_sys::fuzz_target;
use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

static HOUSE: LazyLock<Arc<Config>> = LazyLock::new(|| {
    let loaded = config::parse(Path::new("config.toml"), include_str!("../../config.toml"));
    Arc::new(loaded.expect("the shipped file is right").config)
});

fuzz_target!(|bytes: &[u8]| {
    let (retain, bytes) = bytes.strip_prefix(b"!").map_or((false, bytes), |rest| (true, rest));
    let cut = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let Ok(topic) = std::str::from_utf8(&bytes[..cut]) else { return };
    let payload = bytes.get(cut + 1..).unwrap_or_default().to_vec();
    let message = Delivery { topic: topic.into(), payload, retain, qos: Qos::AtLeastOnce, dup: false, packet: 1, reply: None };
    let settings = HOUSE.mqtt.as_ref().expect("the shipped house has a broker");
    let topics = Topics::new(&settings.prefix);
    match Inbox::new(settings, &HOUSE.hub.id).sort(&message) {
        Incoming::Command(command) => {
            let now = Now { moment: Moment::START, wall: DateTime::UNIX_EPOCH, wall_known: true };
            let mut engine = Engine::new(HOUSE.clone(), None, now);
            engine.handle(now, Event::Command { command, request: None });
            let text = serde_json::to_string(&engine.memory(now)).expect("what must survive can be written");
            serde_json::from_str::<Memory>(&text).expect("and read back");
        }
        Incoming::Refused(refused) => drop(serde_json::to_string(&refused).expect("a refusal is JSON")),
        Incoming::EarlierDiscovery(device, payload) => drop(discovery::read(&device, &payload, &topics)),
        Incoming::Birth
        | Incoming::HomeAssistant(_)
        | Incoming::Earlier(..)
        | Incoming::Ours(_)
        | Incoming::Nothing => {}
    }
});
