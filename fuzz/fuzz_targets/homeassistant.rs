//! Any client of the API for Home Assistant, with or without encryption: answers that can be read again, never a panic. The
//! input is a byte (its lowest bit: whether there is a key; the rest: in which pieces it comes) and what the client sends.

#![no_main]

use chrono::DateTime;
use hearthd::{
    clock::{Moment, Now},
    config,
    engine::Engine,
    homeassistant::{
        board::Board,
        entities::Seen,
        session::Session,
        wire::{Greeting, Wire},
    },
    model::NoiseKey,
};
use libfuzzer_sys::fuzz_target;
use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

static BOARD: LazyLock<Board> = LazyLock::new(|| {
    let loaded = config::parse(Path::new("config.toml"), include_str!("../../config.toml"));
    let config = Arc::new(loaded.expect("the shipped file is right").config);
    let now = Now { moment: Moment::START, wall: DateTime::UNIX_EPOCH, wall_known: true };
    let snapshot = Arc::new(Engine::new(config, None, now).snapshot(now));
    Board::new(Seen { snapshot, vitals: Arc::default(), trouble: None }, &greeting(false))
});

fn greeting(with_key: bool) -> Greeting {
    Greeting { key: with_key.then_some(NoiseKey([7; 32])), name: "hearthd-cottage".into(), mac: [2, 0, 0, 0, 0, 1] }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((how, said)) = bytes.split_first() else { return };
    let greeting = Arc::new(greeting(how & 1 == 1));
    let (mut wire, mut session) = (Wire::new(greeting.clone()), Session::new(greeting.clone()));
    for piece in said.chunks(usize::from(how >> 1).max(1)) {
        wire.receive(piece);
        while let Ok(Some(message)) = wire.read() {
            let mut answers = Vec::new();
            if session.take(&message, &BOARD, &mut answers).is_err() {
                return;
            }
            answers.iter().for_each(|answer| wire.send(answer));
            let output = wire.output();
            if greeting.key.is_none() {
                let mut heard = Wire::new(greeting.clone());
                heard.receive(&output);
                for answer in answers {
                    assert_eq!(heard.read(), Ok(Some(answer)));
                }
            }
        }
    }
});
