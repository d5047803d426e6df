//! Large houses of which a reload takes something away: what the broker keeps in the end, and what it was told on the way.

use super::*;
use crate::model::{Config, InputKind, OutputKind, RoomId};
use crate::mqtt::house;

/// What a broker keeps, and the announcements on the way there.
#[derive(Default)]
struct Kept {
    now: BTreeMap<String, String>,
    announced: Vec<(String, String)>,
}

impl Kept {
    /// Takes all that is said until nothing is left to say: Home Assistant is there, and has its time for each step.
    fn hear(&mut self, outbox: &mut Outbox) {
        outbox.home_assistant(true);
        loop {
            for message in std::iter::from_fn(|| outbox.next()).filter(|message| message.retain) {
                if message.topic.starts_with("homeassistant/") {
                    self.announced.push((message.topic.clone(), message.payload.clone()));
                }
                match message.payload.is_empty() {
                    true => drop(self.now.remove(&message.topic)),
                    false => drop(self.now.insert(message.topic, message.payload)),
                }
            }
            outbox.all_acknowledged();
            match () {
                () if outbox.begins_to_let_go() => outbox.moved(),
                () if outbox.has_a_step() => outbox.next_step(),
                () if outbox.has_to_clear() => outbox.clear(),
                () => return,
            }
        }
    }
}

/// Five lights and a motion detector in each room.
fn large(rooms: usize, form: Form) -> Config {
    let names: Vec<String> = (0..rooms * 5).map(|n| format!("ceiling_light_{n}")).collect();
    let outputs: Vec<(&str, OutputKind)> = names.iter().map(|name| (&**name, OutputKind::Light)).collect();
    let mut config = house::config(&outputs);
    (config.inputs, config.rooms) = Default::default();
    for room in 0..rooms {
        config.inputs.push(house::input(&format!("motion_{room}"), InputKind::Motion));
        if form != Form::WithoutRooms {
            config.rooms.push(crate::model::Room::plain(&format!("room_{room}"), vec![crate::model::InputId(room)]));
        }
    }
    for (n, output) in config.outputs.iter_mut().enumerate().filter(|_| form != Form::WithoutRooms) {
        output.room = Some(RoomId(n / 5));
    }
    config.mqtt.as_mut().unwrap().discovery_single = form == Form::Single;
    config
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Device,
    WithoutRooms,
    Single,
}

/// A house with this taken out of it: the last rooms, and of those that stay the last lights.
fn without(rooms: usize, lights_left: usize, all: usize, form: Form) -> Config {
    let mut config = large(all - rooms, form);
    let places = 0..config.outputs.len();
    let mut stays = places.map(|n| n % 5 < lights_left);
    config.outputs.retain(|_| stays.next().unwrap());
    config
}

fn begin(config: Config) -> Outbox {
    let settings = config.mqtt.clone().unwrap();
    Outbox::new(&settings, Arc::new(house::snapshot(&Arc::new(config))), Record::default(), Board::default())
}

/// What an announcement says of each entity, by its unique id.
fn entities(topic: &str, payload: &str) -> BTreeMap<String, serde_json::Value> {
    let Ok(announced) = serde_json::from_str::<serde_json::Value>(payload) else { return BTreeMap::new() };
    let single = announced.get("uniq_id").map(|_| announced.clone());
    let of_device = announced["cmps"].as_object().into_iter().flatten().map(|(_, component)| component.clone());
    let is_entity = |component: &serde_json::Value| component["uniq_id"].is_string();
    let id = |component: serde_json::Value| (component["uniq_id"].to_string(), component);
    assert!(single.is_some() || announced.get("cmps").is_some() || payload == discovery::LET_GO, "{topic} {payload}");
    single.into_iter().chain(of_device).filter(is_entity).map(id).collect()
}

#[test]
fn what_a_reload_takes_away_is_gone_and_nothing_else_moves() {
    for form in [Form::Device, Form::WithoutRooms, Form::Single] {
        // Of some two hundred entities, one; a room; half of the rooms, and half of what is in the others.
        for (rooms, lights_left) in [(0, 4), (1, 5), (8, 2)] {
            let mut outbox = begin(large(16, form));
            let mut kept = Kept::default();
            kept.hear(&mut outbox);
            let before = std::mem::take(&mut kept.announced);
            let count = before.iter().map(|(topic, payload)| entities(topic, payload).len()).sum::<usize>();
            assert!((150..300).contains(&count), "{count}");

            let after = without(rooms, lights_left, 16, form);
            outbox.update(Arc::new(house::snapshot(&Arc::new(after.clone()))));
            kept.hear(&mut outbox);

            let mut newcomer = Kept::default();
            newcomer.hear(&mut begin(after));
            assert_eq!(kept.now, newcomer.now, "{form:?}, {rooms} rooms: what stays is that of a new house");
            let stays: BTreeMap<String, serde_json::Value> =
                newcomer.announced.iter().flat_map(|(topic, payload)| entities(topic, payload)).collect();
            let was: BTreeMap<&str, &str> = before.iter().map(|(topic, payload)| (&**topic, &**payload)).collect();
            assert!(stays.len() < count);
            for (topic, payload) in &kept.announced {
                let (said, had) = (entities(topic, payload), entities(topic, was.get(&**topic).unwrap_or(&"")));
                for id in had.keys().filter(|id| stays.contains_key(*id)) {
                    // A part of a large device may be filled up by another.
                    let may_move = form == Form::WithoutRooms;
                    assert!(may_move || said.get(id) == Some(&stays[id]), "{form:?}: {id} is not as it was on {topic}");
                }
            }
        }
    }
}

/// What was removed a moment before the form changes is named where Home Assistant knows nothing else of it.
#[test]
fn what_is_gone_is_named_in_the_form_of_what_is_there() {
    let is_single_topic = |topic: &str| !topic.starts_with("homeassistant/device/");
    for form in [Form::Device, Form::Single] {
        let other = if form == Form::Single { Form::Device } else { Form::Single };
        let mut outbox = begin(large(2, form));
        let mut kept = Kept::default();
        kept.hear(&mut outbox);
        let smaller = without(0, 4, 2, form);
        outbox.update(Arc::new(house::snapshot(&Arc::new(smaller))));
        // Named as removed, and not yet for long enough.
        std::iter::from_fn(|| outbox.next()).for_each(drop);
        assert!(!outbox.gone_components.is_empty());

        let config = without(0, 4, 2, other);
        let settings = config.mqtt.clone().unwrap();
        let snapshot = Arc::new(house::snapshot(&Arc::new(config.clone())));
        let mut changed = Outbox::new(&settings, snapshot, outbox.record(), Board::default());
        kept.announced.clear();
        kept.hear(&mut changed);
        for (topic, payload) in &kept.announced {
            let is_former = is_single_topic(topic) != (other == Form::Single);
            let is_farewell = payload.is_empty() || payload == discovery::LET_GO;
            assert!(!is_former || is_farewell, "{other:?}: {topic} {payload}");
        }
        let lamp = "hearthd_cottage_ceiling_light_4\"";
        let said = |what: &dyn Fn(&str, &str) -> bool| {
            kept.announced.iter().rposition(|(topic, payload)| what(topic, payload))
        };
        let described = said(&|_, payload| payload.contains(lamp)).expect("it is described once more");
        let removed = said(&|topic, payload| {
            topic.ends_with("light-ceiling_light_4/config") && payload.is_empty()
                || payload.contains(r#""light-ceiling_light_4":{"p":"light"}"#)
        });
        assert!(removed > Some(described), "and removed at last");
        let mut newcomer = Kept::default();
        newcomer.hear(&mut begin(config));
        assert_eq!(kept.now, newcomer.now, "{other:?}");
    }
}
