//! Sessions without a network, against bytes that another library makes of the same.

use super::{
    board::Board,
    entities::Seen,
    message::{LIST_ASKED, LIST_ENDED, PING, PONG, STATES_ASKED},
    session::{Session, Step},
    wire::{Fault, Greeting, Message, Wire},
};
use crate::{
    clock::{Moment, Now},
    config,
    engine::Engine,
    model::{Command, Effect, Event, Source, Vital, VitalState},
};
use chrono::DateTime;
use proptest::prelude::*;
use std::{path::Path, sync::Arc};

const NOW: Now = Now { moment: Moment::START, wall: DateTime::UNIX_EPOCH, wall_known: true };
const HOUSE: &str = "[hub]\nid = \"hut\"\nname = \"Hut\"\n[hardware]\nbackend = \"simulated\"\n[homeassistant]\n\
     [inputs.hall_motion]\nkind = \"motion\"\ngpio = 27\n[rooms.hall]\nmotion = [\"hall_motion\"]\n\
     [outputs.hall_light]\nkind = \"light\"\npwm = 18\nroom = \"hall\"\n\
     [outputs.pump]\nkind = \"switch\"\ngpio = 17\n";

fn engine(text: &str) -> Engine {
    let config = config::parse(Path::new("hut.toml"), text).unwrap().config;
    Engine::new(Arc::new(config), None, NOW)
}

fn seen(engine: &mut Engine) -> Seen {
    let told = [(Vital::Kernel, "6.12"), (Vital::LastNotice, "Wet"), (Vital::Restart, "")];
    let vitals = told.map(|(vital, text)| (vital, VitalState::from(text.to_owned())));
    Seen { snapshot: Arc::new(engine.publish(NOW)), vitals: Arc::new(vitals.into()), trouble: None }
}

/// Hands over an event, and drives what is to be driven.
fn settle(engine: &mut Engine, event: Event) {
    for effect in engine.handle(NOW, event) {
        if let Effect::Drive { drive, .. } = effect {
            settle(engine, Event::Driven { drive, result: Ok(()) });
        }
    }
}

fn greeting() -> Greeting {
    Greeting { key: None, name: "hearthd-hut".into(), mac: [2, 0xaa, 0xbb, 0xcc, 0xdd, 0xee] }
}

fn message(id: u32, hex: &str) -> Message {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    Message { id, body: (0..hex.len()).step_by(2).map(byte).collect() }
}

#[test]
fn a_time_is_told_with_or_without_a_zone() {
    let mut engine = engine(HOUSE);
    let board = Board::new(seen(&mut engine), &greeting());
    let mut session = Session::new(Arc::new(greeting()));
    take(&mut session, &message(1, "0a024841"), &board);
    for told in ["0d15cd5b07", "0d15cd5b071203434554"] {
        let (answers, step) = take(&mut session, &message(37, told), &board);
        assert!(answers.is_empty());
        assert_eq!(step, Step::Time(super::message::time::Told { seconds: 123_456_789 }), "{told}");
    }
}

fn hex(message: &Message) -> String {
    message.body.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is answered to a message, and what is to be done.
fn take(session: &mut Session, said: &Message, board: &Board) -> (Vec<Message>, Step) {
    let mut answers = Vec::new();
    let step = session.take(said, board, &mut answers).unwrap();
    (answers, step)
}

fn greeted(board: &Board) -> Session {
    let mut session = Session::new(Arc::new(greeting()));
    assert_eq!(take(&mut session, &message(1, "0a02484110011811"), board).1, Step::Greeted);
    assert_eq!(session.client(), Some("HA"));
    session
}

/// The place of the light.
fn light(board: &Board) -> usize {
    board.listing.entities.iter().position(|listed| &*listed.about.object_id == "hall_light").unwrap()
}

#[test]
fn messages_are_the_bytes_that_others_make_of_them() {
    let board = Board::new(seen(&mut engine(HOUSE)), &greeting());
    let mut session = Session::new(Arc::new(greeting()));
    let (answers, _) = take(&mut session, &message(1, "0a024841"), &board);
    // 1.14, "hearthd 0.1.0", "hearthd-hut".
    assert_eq!(hex(&answers[0]), "0801100e1a0d6865617274686420302e312e30220b686561727468642d687574");
    let listed = &board.listing.entities[light(&board)];
    assert_eq!((listed.entity.kind(), &*listed.about.object_id, &*listed.about.name), ("light", "hall_light", "Light"));
    let about = super::entities::About { key: 0x0102_0304, device: 7, ..listed.about.clone() };
    let described = listed.entity.describe(&about);
    assert_eq!(
        (described.id, hex(&described)),
        (15, "0a0a68616c6c5f6c696768741504030201".to_owned() + "1a054c69676874620103800107")
    );
}

#[test]
fn a_light_is_told_and_commanded() {
    let mut engine = engine(HOUSE);
    let board = Board::new(seen(&mut engine), &greeting());
    let place = light(&board);
    let listed = &board.listing.entities[place];
    let key = listed.about.key;
    let key: String = key.to_le_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut session = greeted(&board);
    for (fields, wish) in [
        // On with 0.4, off, on, on and dark, no number.
        ("180120012dcdcccc3ee00107", Some(("hall_light.level", "40"))),
        ("1001", Some(("hall_light", "OFF"))),
        ("10011801", Some(("hall_light", "ON"))),
        ("100118012001", Some(("hall_light.level", "1"))),
        ("1001180120012d0000c07f", None),
    ] {
        let (_, step) = take(&mut session, &message(32, &format!("0d{key}{fields}")), &board);
        match wish {
            Some((point, payload)) => {
                assert_eq!(step, Step::Commanded(place, vec![(point.into(), payload.into())]), "{fields}")
            }
            None => assert_eq!(step, Step::Refused(Some(place), Fault::Malformed("no number").to_string())),
        }
    }
    let (answers, _) = take(&mut session, &message(STATES_ASKED, ""), &board);
    assert!(answers.iter().any(|state| state.id == 24 && !hex(state).contains("1001")), "it is off");
    let command = |payload: &str| {
        let (point, payload) = ("hall_light.level".to_owned(), payload.to_owned());
        Event::Command { command: Command { source: Source::HomeAssistant, point, payload, hold: None }, request: None }
    };
    settle(&mut engine, command("40"));
    let after = board.next(seen(&mut engine), &greeting());
    assert_eq!(after.generation, board.generation);
    let device: u32 = listed.about.device;
    let news = session.news(&after);
    let state = news.iter().find(|state| state.id == 24).expect("the light is told");
    assert!(hex(state).starts_with(&format!("0d{key}10011dcdcccc3e580370")), "{} of {device}", hex(state));
    assert!(session.news(&after).is_empty(), "once");
    // What did not change is not told again.
    assert!(news.iter().all(|state| state.id != 26), "{news:?}");
    let again = after.next(seen(&mut engine), &greeting());
    assert!(session.news(&again).is_empty());
}

#[test]
fn what_the_hub_tells_later_is_on_the_list_from_the_start() {
    let mut engine = engine(HOUSE);
    let board = Board::new(seen(&mut engine), &greeting());
    let mut later = seen(&mut engine);
    let mut vitals = (*later.vitals).clone();
    vitals.insert(Vital::Started, "2026-11-30T07:00:00Z".to_owned().into());
    later.vitals = Arc::new(vitals);
    let after = board.next(later, &greeting());
    assert_eq!(after.generation, board.generation, "nobody has to list them anew");
    let told = |board: &Board| {
        let mut entities = board.listing.entities.iter();
        let ids: Vec<_> = entities.clone().map(|listed| listed.about.object_id.clone()).collect();
        let place = entities.position(|listed| listed.about.object_id.contains("started"));
        board.states[place.unwrap_or_else(|| panic!("{ids:?}"))].as_ref().map(|state| hex(&state.message))
    };
    assert_ne!(told(&board), told(&after));
}

#[test]
fn a_list_is_told_again_only_when_it_is_another() {
    let board = Board::new(seen(&mut engine(HOUSE)), &greeting());
    let mut session = greeted(&board);
    let (answers, _) = take(&mut session, &message(LIST_ASKED, ""), &board);
    assert_eq!(answers.last(), Some(&Message { id: LIST_ENDED, body: Vec::new() }));
    assert_eq!(answers.len(), board.listing.told.len() + 1);
    let moved = board.next(seen(&mut engine(&HOUSE.replace("gpio = 17", "gpio = 22"))), &greeting());
    assert!(!session.is_outdated(&moved), "a wire is no matter of the list");
    let other = moved.next(seen(&mut engine(&HOUSE.replace("\"switch\"", "\"fan\""))), &greeting());
    assert!(session.is_outdated(&other));
    let mut session = greeted(&other);
    assert!(!session.is_outdated(&other), "who has not listed yet knows nothing old");
    assert!(session.news(&other).is_empty(), "and did not ask for states");
    // Names and rooms change, numbers stay.
    let keys = |board: &Board| -> Vec<u32> { board.listing.entities.iter().map(|listed| listed.about.key).collect() };
    let text = HOUSE.replace("[outputs.pump]", "[outputs.well]\nwas = \"pump\"\nroom = \"hall\"\nname = \"Well\"");
    assert_eq!(keys(&Board::new(seen(&mut engine(&text)), &greeting())), keys(&board));
}

#[test]
fn before_the_hello_nothing_is_said_and_what_is_not_for_us_is_skipped() {
    let board = Board::new(seen(&mut engine(HOUSE)), &greeting());
    let mut session = Session::new(Arc::new(greeting()));
    assert_eq!(take(&mut session, &message(PING, ""), &board).0[0].id, PONG);
    assert_eq!(session.take(&message(LIST_ASKED, ""), &board, &mut Vec::new()), Err(Fault::Malformed("no hello")));
    let mut session = greeted(&board);
    for other in [message(300, "ffff"), Message { id: 32, body: vec![0; 9_000] }, message(21, "")] {
        assert_eq!(take(&mut session, &other, &board), (Vec::new(), Step::Answered));
    }
    let (_, step) = take(&mut session, &message(33, "0d01000000"), &board);
    assert!(matches!(step, Step::Refused(None, why) if why.starts_with("no such entity")));
    assert!(session.take(&message(33, "0d0100"), &board, &mut Vec::new()).is_err());
    assert_eq!(take(&mut session, &message(5, ""), &board).1, Step::Over);
}

#[test]
fn why_is_there_for_who_asks_and_buttons_give_back() {
    let board = Board::new(seen(&mut engine(HOUSE)), &greeting());
    let find = |kind: &str, id: &str| {
        let is_it = |listed: &&super::listing::Listed| listed.entity.kind() == kind && listed.about.object_id == id;
        board.listing.entities.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {id}"))
    };
    let why = find("text_sensor", "hall_light-why");
    assert!(why.about.is_hidden && why.about.category == 2 && why.about.device != 0);
    let auto = find("button", "pump-auto");
    let wishes = auto.entity.wishes(&message(62, ""), &board.seen).unwrap();
    assert_eq!(wishes, [("pump".to_owned(), "AUTO".to_owned())]);
    assert_eq!(find("button", "hub-restart").about.category, 1);
    assert!(find("text_sensor", "hub-kernel").about.is_hidden);
    let notice = find("text_sensor", "hub-last_notice");
    assert!(!notice.about.is_hidden && notice.about.category == 2);
    let told = notice.entity.state(&notice.about, &board.seen).unwrap();
    assert!(hex(&told).contains("1203576574"), "Wet: {}", hex(&told));
    find("binary_sensor", "hub-problem");
    find("binary_sensor", "room-hall-problem");
}

proptest! {
    /// Whatever comes, and in whatever pieces.
    #[test]
    fn nothing_that_a_client_sends_harms(said in proptest::collection::vec((0_u32..160, proptest::collection::vec(any::<u8>(), 0..60)), 0..20), cut in 1_usize..50) {
        let board = Board::new(seen(&mut engine(HOUSE)), &greeting());
        let mut speaker = Wire::new(Arc::new(greeting()));
        speaker.receive(&[0, 0, 7]);
        speaker.read().unwrap();
        speaker.send(&message(1, ""));
        let key = board.listing.entities[light(&board)].about.key.to_le_bytes();
        for (id, body) in said {
            speaker.send(&Message { id, body: [&[0x0d][..], &key, &body].concat() });
        }
        let bytes = speaker.output();
        let (mut wire, mut session) = (Wire::new(Arc::new(greeting())), Session::new(Arc::new(greeting())));
        for part in bytes.chunks(cut) {
            wire.receive(part);
            while let Ok(Some(message)) = wire.read() {
                let mut answers = Vec::new();
                let _ = session.take(&message, &board, &mut answers);
                answers.iter().for_each(|answer| wire.send(answer));
            }
        }
        prop_assert!(!wire.has_part());
    }
}
