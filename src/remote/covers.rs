//! One cover on the broker: what it says of itself. What it is told goes through its parts, which are outputs.

use super::{payload::Found, points::Message};
use crate::model::{CoverSays, Event, Level, Remote, Told, Words};
use std::sync::Arc;

/// What is known of it.
pub(crate) struct CoverPoint {
    pub(crate) remote: Arc<Remote>,
    /// What it last said of its state; None: nothing yet.
    state: Option<State>,
    /// What it last said of its position.
    position: Option<Level>,
    told: Option<CoverSays>,
    /// It is to be asked where it is.
    pub(crate) is_to_ask: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    At(Level),
    Towards(Level),
    Stopped,
}

impl CoverPoint {
    pub(crate) fn new(remote: Arc<Remote>) -> CoverPoint {
        CoverPoint { remote, state: None, position: None, told: None, is_to_ask: true }
    }

    /// What makes it tell where it is, and where that goes, if it is to be asked.
    pub(crate) fn ask(&mut self) -> Option<(&Arc<str>, &Arc<str>)> {
        let is_to_ask = std::mem::take(&mut self.is_to_ask);
        let command = self.remote.command.as_ref().filter(|_| is_to_ask)?;
        Some((&command.topic, command.ask.as_ref()?))
    }

    /// A message came in.
    pub(crate) fn hear(&mut self, id: &Arc<str>, message: &Message<'_>, events: &mut Vec<Event>) {
        let remote = self.remote.clone();
        let also = remote.moves.as_ref().and_then(|moves| moves.also.as_deref());
        let is_here = |told: &Told| *told.topic == *message.topic || also == Some(message.topic);
        let find = |told| if is_here(told) { message.payload.at(&told.pointer) } else { Found::Absent };
        let mut says_state = false;
        if let Some(Found::Word(word)) = remote.state.as_ref().map(find) {
            let state = meaning(&remote, &word);
            if state.is_none() {
                let topic = message.topic;
                tracing::debug!("{id}: {topic} says {}, which no cover is", message.payload.shown());
            }
            says_state = state.is_some();
            self.state = state.or(self.state);
        }
        let level = remote.command.as_ref().and_then(|command| command.level.as_ref());
        if let Some((way, told)) = level.and_then(|way| Some((way, way.state.as_ref()?))) {
            let found = find(told);
            let number = if let Found::Word(word) = &found { word.parse::<f64>().ok() } else { None };
            let position = number.filter(|number| (0.0..=f64::from(way.full)).contains(number));
            if position.is_none() && !matches!(found, Found::Absent) {
                let topic = message.topic;
                tracing::debug!("{id}: {topic} says {}, in which is no position", message.payload.shown());
            }
            // It says that it does not know: another number, or none where the position stands beside the state.
            if number.is_some() || says_state && is_here(told) {
                self.position = position.map(|number| way.position(number));
            }
        }
        self.tell(id, events);
    }

    /// What was last told on this topic is not known any more.
    pub(crate) fn lose(&mut self, id: &Arc<str>, topic: &str, events: &mut Vec<Event>) {
        let level = self.remote.command.as_ref().and_then(|command| command.level.as_ref());
        if level.and_then(|way| way.state.as_ref()).is_some_and(|told| *told.topic == *topic) {
            self.position = None;
            self.tell(id, events);
        }
    }

    fn tell(&mut self, id: &Arc<str>, events: &mut Vec<Event>) {
        let (end, towards) = match self.state {
            Some(State::At(end)) => (Some(end), None),
            Some(State::Towards(end)) => (None, Some(end)),
            Some(State::Stopped) | None => (None, None),
        };
        // Open, it may be anywhere but closed.
        let says = CoverSays { position: self.position.or(end), towards };
        if (self.state.is_some() || self.position.is_some()) && self.told.replace(says) != Some(says) {
            events.push(Event::CoverTold { output: id.clone(), says });
        }
    }
}

fn meaning(remote: &Remote, word: &str) -> Option<State> {
    let is_any = |words: &[Arc<str>]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    let Words { on, off } = &remote.words;
    let ends = [(on, State::At(Level::ON)), (off, State::At(Level::OFF))];
    let moves = remote.moves.iter().flat_map(|moves| {
        [
            (&moves.opening, State::Towards(Level::ON)),
            (&moves.closing, State::Towards(Level::OFF)),
            (&moves.stopped, State::Stopped),
        ]
    });
    ends.into_iter().chain(moves).find(|(words, _)| is_any(words)).map(|(_, state)| state)
}

#[cfg(test)]
mod tests {
    use super::super::points::Points;
    use crate::{
        clock::{Moment, Now},
        model::*,
    };
    use std::{sync::Arc, time::Duration};

    fn at(seconds: u64) -> Now {
        let wall = "2026-11-29T12:00:00Z".parse().unwrap();
        Now { moment: Moment::START + Duration::from_secs(seconds), wall, wall_known: true }
    }

    /// A cover that tells its state and its position on topics of their own.
    fn config() -> Config {
        let told = |topic: &str| Some(Told { topic: topic.into(), pointer: "".into() });
        let words = |words: &[&str]| words.iter().map(|word| Arc::from(*word)).collect();
        let level = RemoteLevel { full: 200, state: told("b/pos"), ..RemoteLevel::plain("b/pos/set".into()) };
        let command = Commanded {
            topic: "b/set".into(),
            on: "OPEN".into(),
            off: Some("CLOSE".into()),
            stop: Some("STOP".into()),
            level: Some(level),
            ask: None,
            confirm_within: Duration::from_secs(10),
        };
        let up = Words { on: words(&["online"]), off: words(&["offline"]) };
        let remote = Remote {
            state: told("b/state"),
            words: Words { on: words(&["open"]), off: words(&["closed"]) },
            availability: vec![Availability { topic: "b/up".into(), words: up }],
            moves: Some(Moves {
                opening: words(&["opening"]),
                closing: words(&["closing"]),
                stopped: words(&["stopped"]),
                also: Some("b/all".into()),
            }),
            command: Some(command),
            ..Remote::plain(Via::Broker)
        };
        let [open, close, stop] = [OutputId(1), OutputId(2), OutputId(3)];
        // Its parts say whether it is there.
        let press = Arc::new(Remote { state: None, moves: None, ..remote.clone() });
        let part = |name: &str| Output {
            method: Method::Part { of: OutputId(0) },
            ..Output::plain(name, OutputKind::Cover, Line::Remote(press.clone()))
        };
        let mover = Mover { remote: Arc::new(remote), open, close, stop, to: None, release: None, is_gate: false };
        let plain = Output::plain("blind", OutputKind::Cover, Line::Number(0));
        let blind = Output { line: None, method: Method::Mover(mover), ..plain };
        let outputs = vec![blind, part("blind.open"), part("blind.close"), part("blind.stop")];
        Config { outputs, ..Config::empty("hut") }
    }

    fn points() -> Points {
        let mut points = Points::new(Via::Broker, at(0));
        points.follow(&config(), at(0));
        points.connected(true, at(0));
        points
    }

    fn hear(points: &mut Points, topic: &str, payload: &str, retained: bool) -> Option<(Option<u8>, Option<bool>)> {
        let told =
            points.hear(topic, payload.as_bytes(), retained, at(1)).into_iter().filter_map(|event| match event {
                Event::CoverTold { output, says: CoverSays { position, towards } } => {
                    assert_eq!(&*output, "blind");
                    Some((position.map(Level::percent), towards.map(Level::is_on)))
                }
                _ => None,
            });
        let told: Vec<_> = told.collect();
        assert!(told.len() < 2, "{told:?}");
        told.first().copied()
    }

    #[test]
    fn it_is_where_it_says_and_its_position_says_more_than_open() {
        let mut points = points();
        assert_eq!(points.topics(), ["b/up".into(), "b/all".into(), "b/pos".into(), "b/state".into()] as [Arc<str>; 4]);
        assert_eq!(hear(&mut points, "b/state", "open", true), Some((Some(100), None)), "as far as it says");
        assert_eq!(hear(&mut points, "b/pos", "60", false), Some((Some(30), None)), "of 200");
        assert_eq!(hear(&mut points, "b/pos", "60.0", false), None, "no news");
        assert_eq!(hear(&mut points, "b/state", "CLOSING", false), Some((Some(30), Some(false))));
        for nonsense in ["", "half"] {
            assert_eq!(hear(&mut points, "b/pos", nonsense, false), None, "{nonsense}");
        }
        for unknown in ["-1", "201", "NaN"] {
            assert_eq!(hear(&mut points, "b/pos", unknown, false), Some((None, Some(false))), "{unknown}");
            assert_eq!(hear(&mut points, "b/pos", "60", false), Some((Some(30), Some(false))));
        }
        assert_eq!(hear(&mut points, "b/state", "calibrating", false), None);
        assert_eq!(hear(&mut points, "b/pos", "0", false), Some((Some(0), Some(false))));
        assert_eq!(hear(&mut points, "b/state", "closed", false), Some((Some(0), None)));
        assert_eq!(hear(&mut points, "b/state", "opening", false), Some((Some(0), Some(true))));
        assert_eq!(hear(&mut points, "b/state", "stopped", false), Some((Some(0), None)));
    }

    /// As many devices tell it: all in one message.
    #[test]
    fn a_position_that_is_not_told_beside_the_state_is_not_known() {
        let mut points = points();
        let Some(cover) = points.covers.get_mut("blind") else { panic!("it is there") };
        let mut remote = Remote::clone(&cover.remote);
        let told = |pointer: &str| Some(Told { topic: "b".into(), pointer: pointer.into() });
        remote.state = told("/state");
        if let Some(level) = remote.command.as_mut().and_then(|command| command.level.as_mut()) {
            level.state = told("/pos");
        }
        cover.remote = Arc::new(remote);
        let all = |state: &str, position: &str| format!(r#"{{"state":"{state}","pos":{position}}}"#);
        assert_eq!(hear(&mut points, "b", &all("open", "120"), false), Some((Some(60), None)));
        for lost in ["null", "-1", "\"?\""] {
            assert_eq!(hear(&mut points, "b", &all("stopped", lost), false), Some((None, None)), "{lost}");
            assert_eq!(hear(&mut points, "b", &all("closed", lost), false), Some((Some(0), None)), "{lost}");
            assert_eq!(hear(&mut points, "b", &all("open", "120"), false), Some((Some(60), None)));
        }
        assert_eq!(hear(&mut points, "b", r#"{"battery":70}"#, false), None, "of something else");
        assert_eq!(hear(&mut points, "b", r#"{"state":"stopped"}"#, false), Some((None, None)));
        // Its other topic tells the same, now and then with other things.
        assert_eq!(hear(&mut points, "b/all", &all("open", "80"), false), Some((Some(40), None)));
        assert_eq!(hear(&mut points, "b/all", r#"{"power":3}"#, false), None);
    }

    #[test]
    fn another_broker_has_said_nothing_yet() {
        let mut points = points();
        assert_eq!(hear(&mut points, "b/pos", "60", true), Some((Some(30), None)));
        points.follow(&config(), at(1));
        assert_eq!(hear(&mut points, "b/state", "stopped", true), None, "no news from the same one");
        points.forget();
        points.follow(&config(), at(1));
        assert_eq!(hear(&mut points, "b/state", "open", true), Some((Some(100), None)));
    }

    #[test]
    fn what_was_kept_of_one_that_is_away_is_not_believed() {
        let mut points = points();
        assert_eq!(hear(&mut points, "b/up", "offline", true), None);
        assert_eq!(hear(&mut points, "b/state", "open", true), None);
        assert_eq!(hear(&mut points, "b/state", "open", false), Some((Some(100), None)));
    }
}
