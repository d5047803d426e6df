//! What a changed configuration would change, before it is in force: keys, wires, topics, entities of Home Assistant, and
//! outputs that would move.

use super::announced::{self, differences};
use crate::{
    clock::Now,
    config::{self, Loaded, Sources},
    engine::Engine,
    house::{Candidate, Difference, Move, Plan},
    model::{Config, Event, Kind, Output, Owner, PointSpec, PointState, Role, Snapshot},
};
use std::{collections::BTreeMap, sync::Arc};

/// The configuration in force and what it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct InForce {
    /// The house.
    pub config: Arc<Config>,
    /// The file, and all that it names.
    pub sources: Arc<Sources>,
}

impl From<Loaded> for InForce {
    fn from(loaded: Loaded) -> InForce {
        InForce { config: Arc::new(loaded.config), sources: Arc::new(loaded.sources) }
    }
}

/// Compares `candidate` with what is in force, and rehearses it on a copy of the engine.
///
/// # Errors
/// All problems of the candidate.
pub fn plan(in_force: &InForce, engine: &Engine, now: Now, candidate: &Candidate) -> Result<Plan, String> {
    let old = &in_force.config;
    let sources = Sources {
        path: candidate.name.clone().into(),
        zone: candidate.zone.clone().unwrap_or_else(|| in_force.sources.zone.clone()),
        text: candidate.text.clone(),
        files: candidate.files.clone().unwrap_or_default(),
        // They change nothing that is told here, so nobody sends them.
        secrets: BTreeMap::new(),
    };
    let new = Arc::new(config::again(&sources).map_err(|report| report.to_string())?.config);
    let restart = (old.hardware != new.hardware || old.hub.clock != new.hub.clock)
        .then(|| "[hardware] and hub.clock take effect with a restart: systemctl restart hearthd".to_owned());
    let rehearsed = engine.rehearse(now, Event::Reconfigure(new.clone()));
    let (before, after) = (engine.snapshot(now), rehearsed.snapshot(now));
    Ok(Plan {
        settings: without_secrets(differences(&settings(&in_force.sources.text), &settings(&candidate.text))),
        wires: differences(&wires(old), &wires(&new)),
        topics: announced::topics(&before, &after),
        entities: announced::entities(old, &new),
        by_hand: taken_back(&before, &after),
        moves: moves(&before, &after),
        restart,
    })
}

/// Every key of a file with its value.
fn settings(text: &str) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    if let Ok(table) = text.parse::<toml::Table>() {
        flatten(String::new(), &toml::Value::Table(table), &mut keys);
    }
    keys
}

fn flatten(path: String, value: &toml::Value, keys: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        toml::Value::Table(table) => table.iter().for_each(|(key, value)| flatten(below(key), value, keys)),
        // Rules and their like: known by their names, wherever they stand in the file.
        toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
            for (index, item) in items.iter().enumerate() {
                let name = item.get("name").and_then(toml::Value::as_str).map(str::to_owned);
                flatten(below(&format!("{:?}", name.unwrap_or_else(|| index.to_string()))), item, keys);
            }
        }
        value => drop(keys.insert(path, value.to_string())),
    }
}

/// Who uses which wire.
fn wires(config: &Config) -> BTreeMap<String, String> {
    let wired = |output: &Output| Some((output.line.as_ref()?.to_string(), format!("output {}", output.id)));
    let outputs = config.outputs.iter().filter_map(wired);
    let inputs = config.inputs.iter().map(|input| (input.line.to_string(), format!("input {}", input.id)));
    outputs.chain(inputs).collect()
}

/// No secret leaves the file.
fn without_secrets(mut differences: Vec<Difference>) -> Vec<Difference> {
    for difference in differences.iter_mut().filter(|difference| difference.what.ends_with("password")) {
        for value in [&mut difference.before, &mut difference.after].into_iter().flatten() {
            *value = "(hidden)".into();
        }
    }
    differences
}

/// Numbers that somebody set and that the file would take back.
fn taken_back(before: &Snapshot, after: &Snapshot) -> Vec<Difference> {
    let with_unit = |spec: &PointSpec, state: &PointState| match &spec.kind {
        Kind::Number(number) => state.text().map(|text| number.unit.with(text)),
        _ => state.text(),
    };
    let is_by_hand =
        |house: &Snapshot, state: &PointState| state.attributes(&house.config).is_some_and(|told| told.manual);
    let set = before.described().filter(|(spec, state)| spec.role == Role::Setting && is_by_hand(before, state));
    let differences = set.filter_map(|(spec, state)| {
        let is_it = |(other, _): &(&PointSpec, &PointState)| other.name == spec.name || other.was.contains(&spec.name);
        let now = after.described().find(is_it);
        let stays = now.is_some_and(|(_, now)| is_by_hand(after, now));
        let is_then = now.and_then(|(spec, now)| with_unit(spec, now));
        (!stays).then(|| Difference { what: spec.name.clone(), before: with_unit(spec, state), after: is_then })
    });
    differences.collect()
}

fn moves(before: &Snapshot, after: &Snapshot) -> Vec<Move> {
    let outputs = |snapshot: &Snapshot| {
        let ids = snapshot.config.visible_outputs().map(|id| snapshot.config[id].id.to_string());
        ids.collect::<Vec<_>>()
    };
    let text = |snapshot: &Snapshot, output: &str| snapshot.find(output).and_then(|state| state.text());
    // What it is called before.
    let before_it = |output: &str| {
        let owner = after.config.find_output(output).map(Owner::Output)?;
        after.config.ids_before(owner).find(|id| before.find(id).is_some())
    };
    let stays: Vec<_> = outputs(after).iter().filter_map(|output| before_it(output)).collect();
    let is_gone = |output: &String| !stays.iter().any(|id| **id == **output);
    let mut moves = Vec::new();
    for output in outputs(before).into_iter().filter(is_gone) {
        let why = "it is no longer in the file: its safe state".into();
        moves.push(Move { before: text(before, &output), after: None, why, output });
    }
    for output in outputs(after) {
        let (was, is) = (before_it(&output).and_then(|id| text(before, &id)), text(after, &output));
        if was != is {
            let explanation = after.find(&output).and_then(|state| state.explanation.clone());
            let why = explanation.map(|explanation| explanation.line.clone()).unwrap_or_default();
            moves.push(Move { output, before: was, after: is, why });
        }
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Moment,
        model::{Command, Effect, Refusal, Source},
    };
    use chrono::DateTime;
    use std::path::Path;

    const HOUSE: &str = "[hub]\nid = \"h\"\n[mqtt]\nurl = \"mqtt://localhost\"\nusername = \"me\"\npassword = \"secret\"\n\
        [outputs.lamp]\nkind = \"light\"\ngpio = 17\n[outputs.pump]\nkind = \"switch\"\ngpio = 18\ndefault = \"on\"\n\
        [[rules]]\nname = \"Never\"\nwhile = \"time between 03:00 and 03:01\"\nset = { lamp = \"on\" }\n";

    fn planned(text: &str) -> Result<Plan, String> {
        let config = Arc::new(config::parse(Path::new("old.toml"), HOUSE).unwrap().config);
        let now = Now { moment: Moment::START, wall: DateTime::UNIX_EPOCH, wall_known: true };
        let engine = Engine::new(config.clone(), None, now).rehearse(now, Event::Wake);
        let candidate = Candidate { name: "new.toml".into(), text: text.into(), ..Candidate::default() };
        let sources = Arc::new(Sources::of_text(Path::new("old.toml"), HOUSE));
        plan(&InForce { config, sources }, &engine, now, &candidate)
    }

    fn lines(differences: &[Difference]) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
        differences.iter().map(|d| format!("{}: {} -> {}", d.what, text(&d.before), text(&d.after))).collect()
    }

    #[test]
    fn what_an_entity_becomes_is_told_by_what_differs() {
        let dimmed = HOUSE.replace("gpio = 17\n", "pwm = 18\nname = \"Ceiling\"\n").replace("gpio = 18", "gpio = 19");
        let plan =
            planned(&dimmed.replace("outputs.pump]\nkind = \"switch\"", "outputs.pump]\nkind = \"fan\"")).unwrap();
        assert_eq!(lines(&plan.topics), ["lamp/level: - -> {state,set,fault,availability}"]);
        assert_eq!(
            lines(&plan.entities),
            [
                "button.h_lamp_auto: name Lamp auto -> name Ceiling auto",
                "fan.h_pump: - -> name Pump",
                "light.h_lamp: name Lamp -> bri_scl 100, brightness_command_topic /lamp/level/set, \
                 brightness_state_topic /lamp/level/state, name Ceiling",
                "switch.h_pump: name Pump -> -",
            ]
        );
    }

    #[test]
    fn a_hub_that_moves_is_told_in_one_line() {
        let moved = HOUSE.replace("id = \"h\"", "id = \"barn\"").replace("outputs.pump", "outputs.well");
        let plan = planned(&moved).unwrap();
        let topics = lines(&plan.topics);
        assert_eq!(topics[0], "all topics: hearthd/h/# -> hearthd/barn/#");
        assert_eq!(topics.len(), 3, "{topics:?}");
        let entities = lines(&plan.entities);
        assert_eq!(
            entities[0],
            "device: homeassistant/device/hearthd_h/config -> homeassistant/device/hearthd_barn/config"
        );
        assert_eq!(entities.len(), 5, "{entities:?}");
        let plan = planned(&HOUSE.replace("[mqtt]\n", "[mqtt]\ndiscovery = false\n")).unwrap();
        assert_eq!(lines(&plan.entities), ["device: homeassistant/device/hearthd_h/config -> -"]);
        assert!(plan.topics.is_empty());
    }

    /// What a plan says of `set` is what the engine does: it refuses commands for other points as such.
    #[test]
    fn points_that_are_commanded_are_those_that_the_engine_takes_commands_for() {
        let text = include_str!("../../config.toml");
        let config = Arc::new(config::parse(Path::new("config.toml"), text).unwrap().config);
        let now = Now { moment: Moment::START, wall: DateTime::UNIX_EPOCH, wall_known: true };
        let mut engine = Engine::new(config.clone(), None, now);
        for point in config.points() {
            let command =
                Command { source: Source::Mqtt, point: config.point_name(point), payload: "?".into(), hold: None };
            let effects = engine.handle(now, Event::Command { command, request: None });
            let read_only =
                effects.iter().any(|effect| matches!(effect, Effect::Answer { result: Err(Refusal::ReadOnly), .. }));
            assert_eq!(config.is_commanded(point), !read_only, "{}", config.point_name(point));
        }
    }

    #[test]
    fn the_same_file_changes_nothing() {
        assert_eq!(planned(HOUSE), Ok(Plan::default()));
        assert_eq!(planned(&format!("# a remark\n{HOUSE}")), Ok(Plan::default()));
    }

    #[test]
    fn what_is_renamed_moves_nothing() {
        let renamed = HOUSE.replace("[outputs.pump]\n", "[outputs.well]\nwas = \"pump\"\n");
        assert_eq!(planned(&renamed).unwrap().moves, []);
        let other = planned(&renamed.replace("was = \"pump\"\n", "")).unwrap();
        assert_eq!(other.moves.len(), 2, "one goes, and one comes: {:?}", other.moves);
    }

    #[test]
    fn each_kind_of_change_is_told() {
        let renewed = HOUSE
            .replace("gpio = 17", "gpio = 27\ndefault = \"on\"")
            .replace("secret", "other")
            .replace("outputs.pump", "outputs.well")
            .replace("03:01", "04:00");
        let plan = planned(&renewed).unwrap();
        assert_eq!(
            lines(&plan.settings),
            [
                "mqtt.password: (hidden) -> (hidden)",
                "outputs.lamp.default: - -> \"on\"",
                "outputs.lamp.gpio: 17 -> 27",
                "outputs.pump.default: \"on\" -> -",
                "outputs.pump.gpio: 18 -> -",
                "outputs.pump.kind: \"switch\" -> -",
                "outputs.well.default: - -> \"on\"",
                "outputs.well.gpio: - -> 18",
                "outputs.well.kind: - -> \"switch\"",
                "rules.\"Never\".while: \"time between 03:00 and 03:01\" -> \"time between 03:00 and 04:00\"",
            ]
        );
        let wires: Vec<&str> = plan.wires.iter().map(|wire| &*wire.what).collect();
        assert_eq!(wires, ["GPIO 17", "GPIO 18", "GPIO 27"]);
        let gone_and_come = "{state,set,why,attributes,fault,availability}";
        assert_eq!(lines(&plan.topics), [format!("pump: {gone_and_come} -> -"), format!("well: - -> {gone_and_come}")]);
        assert_eq!(
            lines(&plan.entities),
            [
                "button.h_pump_auto: name Pump auto -> -",
                "button.h_well_auto: - -> name Well auto",
                "switch.h_pump: name Pump -> -",
                "switch.h_well: - -> name Well",
            ]
        );
        let moves: Vec<(&str, Option<&str>, Option<&str>)> =
            plan.moves.iter().map(|m| (&*m.output, m.before.as_deref(), m.after.as_deref())).collect();
        assert_eq!(moves, [("pump", Some("ON"), None), ("lamp", Some("OFF"), Some("ON")), ("well", None, Some("ON")),]);
    }

    /// What stands in another file is part of what is planned.
    #[test]
    fn holidays_move_outputs() {
        let text = HOUSE.replace("id = \"h\"", "id = \"h\"\nholidays = \"days.txt\"");
        let text = text.replace("time between 03:00 and 03:01", "holiday");
        let config = Arc::new(config::parse(Path::new("old.toml"), HOUSE).unwrap().config);
        let now = Now { moment: Moment::START, wall: DateTime::UNIX_EPOCH, wall_known: true };
        let engine = Engine::new(config.clone(), None, now).rehearse(now, Event::Wake);
        let sources = Arc::new(Sources::of_text(Path::new("old.toml"), HOUSE));
        let in_force = InForce { config, sources };
        for (days, moved) in [("01-01", true), ("12-25", false)] {
            let files = [("days.txt".to_owned(), days.to_owned())].into();
            let candidate = Candidate { name: "new.toml".into(), text: text.clone(), files: Some(files), zone: None };
            let plan = plan(&in_force, &engine, now, &candidate).unwrap();
            assert_eq!(plan.moves.iter().any(|one| one.output == "lamp"), moved, "{days}");
        }
    }

    #[test]
    fn problems_and_restarts_are_said() {
        assert!(planned("[hub]\n").unwrap_err().contains("new.toml:1"));
        let plan = planned(&format!("{HOUSE}[hardware]\nbackend = \"simulated\"\n")).unwrap();
        assert!(plan.restart.is_some_and(|text| text.contains("systemctl restart hearthd")));
    }
}
