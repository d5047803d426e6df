//! What holds for the configuration as a whole; each bad file and its message is in `tests/config_errors`.

use super::*;
use crate::model::{
    ActiveLevel, AtStart, Backend, Chip, Encryption, InputId, InputKind, InterlockId, Level, Line, NoiseKey, OutputId,
    OutputKind, Password, Pull, SafeState, WiredChip,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use std::{fs, time::Duration};

const SHIPPED: &str = include_str!("../../config.toml");

fn shipped() -> Config {
    let loaded = parse(Path::new("config.toml"), SHIPPED).unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(loaded.warnings, []);
    loaded.config
}

fn house(text: &str) -> Config {
    parse(Path::new("config.toml"), text).unwrap_or_else(|report| panic!("{report}")).config
}

#[test]
fn the_shipped_file_is_a_whole_house() {
    let config = shipped();
    let outputs: Vec<&str> = config.outputs.iter().map(|output| &*output.id).collect();
    let in_file_order =
        ["hall_light", "living_light", "porch_light", "bedroom_fan", "living_heater", "bath_fan_high", "bath_fan_low"];
    assert_eq!(outputs, in_file_order);
    assert_eq!(&*config.hub.id, "cottage");
    assert_eq!(config.hub.timezone, Zone::find("Europe/Amsterdam").unwrap());
    assert_eq!(config.outputs[0].active, ActiveLevel::Low);
    assert_eq!(config.outputs[5].interlock, Some(InterlockId(0)));
    assert_eq!(config.interlocks[0].wait, Duration::from_secs(2));
    assert_eq!(config.rooms[0].motion, [InputId(0)]);
    assert_eq!(config.rules.len(), 10);
    assert_eq!(config.rules[7].timers, 1);
    assert_eq!(config.rules[1].set, [(OutputId(0), Level::ON)]);
}

/// `hearthd why` shows conditions in words; those words are a rule again, and the same one.
#[test]
fn conditions_are_told_in_the_words_of_rules() {
    let before = shipped();
    let (start, rest) = SHIPPED.split_once("while = \"dark and (hall.occupied or front_door is open)\"").unwrap();
    for rule in &before.rules {
        let told = rule.condition.describe(&before);
        let renewed = format!("{start}while = {}{rest}", serde_json::Value::from(told.as_str()));
        assert_eq!(house(&renewed).rules[1].condition, rule.condition, "{told}");
    }
}

#[test]
fn what_a_file_leaves_out_has_defaults() {
    let config = house(
        "[hub]\nid = 'h'\n[mqtt]\nurl = 'mqtt://broker'\n[outputs.pump]\nkind = 'heater'\ngpio = 'GPIO17'\n\
         [inputs.bell]\nkind = 'button'\ngpio = 'gpiochip1/4'\n[sensors.attic]\nchip = 'lm75'\n",
    );
    assert_eq!((config.hub.name.as_str(), config.hub.timezone), ("h", Zone::UTC));
    let mqtt = config.mqtt.unwrap();
    assert_eq!((mqtt.host.as_str(), mqtt.port, mqtt.client_id.as_str()), ("broker", 1883, "hearthd-h"));
    assert_eq!((mqtt.prefix.as_str(), mqtt.discovery_prefix.as_deref()), ("hearthd/h", Some("homeassistant")));
    assert_eq!((config.hardware.backend, config.hardware.gpiochip), (Backend::Auto, None));
    let pump = &config.outputs[0];
    assert_eq!((pump.name.as_str(), pump.kind, pump.at_start), ("Pump", OutputKind::Heater, AtStart::Off));
    assert_eq!(
        (&pump.line, pump.active, pump.safe),
        (&Some(Line::Named("GPIO17".into())), ActiveLevel::High, SafeState::Off)
    );
    let bell = &config.inputs[0];
    assert_eq!((bell.kind, bell.active, bell.pull), (InputKind::Button, ActiveLevel::Low, Pull::Up));
    assert_eq!(bell.line, Line::OnChip { chip: "gpiochip1".into(), offset: 4 });
    let attic = &config.sensors[0];
    assert_eq!(attic.i2c(), Some(&WiredChip::plain(Chip::Lm75)));
    assert_eq!((attic.every, attic.stale_after), (Duration::from_secs(10), Duration::from_secs(25)));
}

#[test]
fn a_counter_is_an_input_and_what_it_shows() {
    let config = house(
        "[hub]\nid = 'h'\n[outputs.fan]\nkind = 'fan'\ngpio = 17\n[sensors.attic]\nchip = 'lm75'\n\
         [inputs.tacho]\nkind = 'counter'\ngpio = 4\nmeasures = 'rotation'\npulses_per_unit = 2\n\
         [inputs.bell]\nkind = 'counter'\ngpio = 5\nmeasures = 'count'\n\
         [inputs.water]\nkind = 'counter'\ngpio = 6\nmeasures = 'water'\nevery = '1m'\n\
         [[rules]]\nname = 'R'\nset = { fan = 'on' }\n\
         while = 'bell.count > 3 and bell.rate > 2 /min and tacho.fan_speed > 100 rpm and water.volume/2 > 5m3 \
                  and average(water.flow, 5m) > 1.5 L/min and water.flow < 9L/min'\n",
    );
    let points: Vec<String> = config.points().map(|point| config.point_name(point)).collect();
    let counted = ["tacho.fan_speed", "bell.count", "bell.rate", "water.volume", "water.flow"];
    assert_eq!(
        (points[0].as_str(), points[1].as_str(), &points[2..]),
        ("fan", "attic.temperature", &counted.map(String::from)[..])
    );
    let inputs: Vec<_> = config.inputs.iter().map(|input| (input.debounce.as_millis(), input.max_rate)).collect();
    assert_eq!(inputs, [(0, 1000), (1, 1000), (1, 1000)]);
    assert_eq!((config.inputs[0].active, config.inputs[0].pull), (ActiveLevel::Low, Pull::Up));
    let zero_after = |id| config.find_counter(id).map(|(.., counter)| counter.zero_after.as_secs());
    assert_eq!((zero_after("tacho"), zero_after("bell"), zero_after("attic")), (Some(5), Some(300), None));
    assert_eq!((config.devices().count(), config.sensors[3].every), (1, Duration::from_secs(60)));
}

/// The default of `max_rate` is one that a wire can reach through its `debounce`.
#[test]
fn a_storm_can_be_seen_through_the_debounce() {
    for (debounce, max_rate) in
        [("", 15), ("debounce = '0s'", 50), ("debounce = '10ms'", 50), ("debounce = '20ms'", 37)]
    {
        let config = house(&format!("[hub]\nid = 'h'\n[inputs.door]\nkind = 'door'\ngpio = 4\n{debounce}\n"));
        let input = &config.inputs[0];
        assert_eq!(input.max_rate, max_rate, "{debounce}");
        assert!(input.debounce * max_rate < Duration::from_secs(1), "{debounce}");
    }
    let slow = house("[hub]\nid = 'h'\n[inputs.door]\nkind = 'door'\ngpio = 4\ndebounce = '10s'\n");
    assert_eq!(slow.inputs[0].max_rate, 2);
}

#[test]
fn a_gas_sensor_knows_how_thin_the_air_is() {
    let config = house("[hub]\nid = 'h'\naltitude = 1950.4\n[sensors.co2]\nchip = 'scd41'\n");
    assert_eq!(config.sensors[0].i2c().map(|chip| chip.settings.altitude_m), Some(1_950));
}

#[test]
fn rules_compare_what_chips_measure_in_its_unit() {
    let house = "[hub]\nid = 'h'\n[outputs.fan]\nkind = 'fan'\ngpio = 17\n[sensors.office]\nchip = 'scd41'\n\
                 [sensors.battery]\nchip = 'ina3221'\nchannels = [2]\n[sensors.garden]\nchip = 'bh1750'\n\
                 [sensors.air]\nchip = 'sgp40'\n[sensors.plate]\nchip = 'bme680'\n[sensors.stove]\nchip = 'mlx90614'\n";
    let check = |condition: &str| {
        let rule = format!("[[rules]]\nname = 'R'\nwhile = '{condition}'\nset = {{ fan = 'on' }}\n");
        parse(Path::new("c"), &format!("{house}{rule}")).map(drop).map_err(|report| report.to_string())
    };
    for condition in [
        "office.co2 > 1000",
        "office.co2 > 1000 ppm",
        "office.co2 > 1000ppm",
        "battery.voltage_2 < 11.5V and battery.current_2 > -2 A",
        "battery.power_2 > 60W",
        "garden.illuminance < 30 lx",
        "garden.illuminance < 30 lux",
        "air.voc_index > 250",
        "plate.gas_resistance < 20000 Ω",
        "stove.object_temperature > stove.temperature + 20",
        "stove.object_temperature > 60°C",
    ] {
        assert_eq!(check(condition), Ok(()), "{condition}");
    }
    for (condition, part) in [
        ("office.co2 > 21°C", "a temperature does not go with a concentration"),
        ("office.co2 > battery.voltage_2", "a voltage does not go with a concentration"),
        ("air.voc_index > 250%", "write an index without a unit"),
        ("battery.voltage_1 > 1", "is a sensor without `voltage_1`"),
        ("battery.voltage_2 < 11500 mV", "write 11.5V"),
        ("air.voc_index > 600", "air.voc_index is between 0 and 500"),
    ] {
        let told = check(condition).unwrap_err();
        assert!(told.contains(part), "{condition}: {told}");
    }
}

#[test]
fn the_order_is_the_files_even_for_tables_that_are_apart() {
    let config = house(
        "[hub]\nid = 'h'\n[outputs.zebra]\nkind = 'light'\ngpio = 5\n[inputs.a]\nkind = 'door'\ngpio = 6\n\
         [outputs.alpha]\nkind = 'light'\ngpio = 7\n",
    );
    assert_eq!(config.outputs.iter().map(|output| &*output.id).collect::<Vec<_>>(), ["zebra", "alpha"]);
}

#[test]
fn addresses_of_brokers() {
    for (url, host, port) in [
        ("mqtt://localhost", "localhost", 1883),
        ("mqtt://192.168.1.5:1884/", "192.168.1.5", 1884),
        ("mqtt://[::1]", "::1", 1883),
        ("mqtt://[fe80::1]:1885", "fe80::1", 1885),
    ] {
        let mqtt = house(&format!("[hub]\nid = 'h'\n[mqtt]\nurl = '{url}'\n")).mqtt.unwrap();
        assert_eq!((mqtt.host.as_str(), mqtt.port), (host, port), "{url}");
    }
    for url in [
        "mqtt://",
        "mqtt://:1883",
        "mqtt://h:0",
        "mqtt://h:70000",
        "mqtt://h:x",
        "mqtt://a b",
        "mqtt://[::1",
        "mqtt://h/x",
    ] {
        assert!(parse(Path::new("c"), &format!("[hub]\nid = 'h'\n[mqtt]\nurl = '{url}'\n")).is_err(), "{url}");
    }
}

#[test]
fn the_password_comes_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "[hub]\nid = 'h'\n[mqtt]\nurl = 'mqtt://b'\nusername = 'u'\npassword_file = 'secret'\n").unwrap();
    let refused = load(&path).unwrap_err();
    assert_eq!(refused.count(), 1);
    assert!(refused.to_string().contains("******: there is no such file"), "{refused}");
    fs::write(folder.path().join("secret"), "correct horse \n").unwrap();
    let mqtt = load(&path).unwrap().config.mqtt.unwrap();
    assert_eq!(mqtt.password, Some(Password("correct horse ".into())));
    fs::write(folder.path().join("secret"), "correct\nhorse\n").unwrap();
    assert!(load(&path).unwrap_err().to_string().contains("more than one line"));
}

#[test]
fn the_schema_in_the_repository_is_the_readers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.schema.json");
    let schema = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &schema).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    let mut lines = there.lines().zip(schema.lines()).enumerate();
    let first = lines.find(|(_, (there, made))| there != made).map(|(i, lines)| (i + 1, lines));
    assert_eq!(first, None, "the first line of config.schema.json that differs; UPDATE_EXPECTED=1 writes it anew");
    assert!(
        there == schema,
        "config.schema.json has more or fewer lines than it should; UPDATE_EXPECTED=1 writes it anew"
    );
}

#[test]
fn every_key_of_the_schema_is_described() {
    fn walk(schema: &serde_json::Value, path: &str) {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            assert!(property["description"].as_str().is_some_and(|text| text.len() > 10), "{path}.{key}");
            walk(property, &format!("{path}.{key}"));
        }
        for inner in ["items", "additionalProperties"] {
            if schema[inner].is_object() {
                walk(&schema[inner], path);
            }
        }
    }
    walk(&schema(), "");
}

#[test]
fn reports_are_sorted_by_line_and_count_errors_only() {
    let text = "[hub]\nid = 'h'\nfoo = 1\n[outputs.a]\nkind = 'light'\ngpio = 5000\ninterlock = 'alone'\n";
    let report = parse(Path::new("c.toml"), text).unwrap_err();
    let lines: Vec<usize> = report.diagnostics().iter().filter_map(|d| Some(d.place.as_ref()?.line)).collect();
    assert_eq!(lines, [3, 4, 6]);
    assert_eq!(report.count(), 2);
}

#[test]
fn carets_stand_under_wide_and_combining_characters_and_tabs() {
    let text = "[hub]\nid = 'h'\nname = '家e\u{301}'\t; x\n";
    let shown = parse(Path::new("c.toml"), text).unwrap_err().to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[1], "  --> c.toml:3:14");
    assert_eq!(lines[3], "3  | name = '家e\u{301}' ; x");
    // Two columns for the house, one for e with its accent.
    assert_eq!(lines[4].find('^'), Some("   | name = '..e' ".len()));
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let text = format!("[hub]\nid = 'h'\nname = '{}'\tx\n", "n".repeat(5000));
    let shown = parse(Path::new("c.toml"), &text).unwrap_err().to_string();
    assert!(shown.lines().all(|line| line.chars().count() < 200), "{shown}");
    assert!(shown.contains("…nnn"), "{shown}");
}

#[test]
fn passwords_are_not_shown() {
    for line in ["password = 'gEheim'", "url = 'mqtt://me:gEheim@broker'"] {
        let text = format!("[hub]\nid = 'h'\n[mqtt]\n{line}\n");
        let report = parse(Path::new("c.toml"), &text).unwrap_err().to_string();
        assert!(report.contains("*****") && !report.contains("gEheim"), "{report}");
    }
}

/// What is said by code that panics.
fn said_by_a_panic(code: impl FnOnce() + std::panic::UnwindSafe) -> String {
    *std::panic::catch_unwind(code).unwrap_err().downcast::<String>().unwrap()
}

/// What a panic prints of a house with all kinds of secrets.
#[test]
fn secrets_are_not_in_what_a_panic_prints() {
    let key = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I=";
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$UfjXcMzM6fzBnBrBHmXlGQoHGuUXNcqBQAVJxrBmzoA";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    for (name, content) in [("word", "gEheim"), ("key", key), ("hash", hash)] {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let text = "[hub]\nid = 'h'\n[mqtt]\nurl = 'mqtt://b'\nusername = 'me'\npassword_file = 'word'\n\
                [homeassistant]\nkey_file = 'key'\n[http]\nlisten = '127.0.0.1:8080'\n\
                [http.tokens.app]\nhash_file = 'hash'\nscope = 'read'\n";
    fs::write(&file, text).unwrap();
    let loaded = load(&file).unwrap();
    let Config { mqtt, homeassistant, http, .. } = &loaded.config;
    assert_eq!(mqtt.as_ref().unwrap().password, Some(Password("gEheim".into())));
    assert_eq!(homeassistant.as_ref().unwrap().encryption, Encryption::Key(NoiseKey::read(key)));
    let shown = format!("{loaded:?} {mqtt:?} {homeassistant:?} {http:?}");
    assert!(shown.contains("Password") && shown.contains("NoiseKey") && shown.contains("SecretHash"), "{shown}");
    // As code does that panics with what holds them.
    let shown = format!("{shown} {}", said_by_a_panic(|| panic!("{loaded:?}")));
    let bytes = format!("{:?}", STANDARD.decode(key).unwrap());
    for secret in ["gEheim", key, hash, bytes.trim_matches(['[', ']'])] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn a_file_full_of_mistakes_is_refused_at_once() {
    let many = format!("[hub]\nid = 'h'\n{}", "x = 1\n".repeat(150_000));
    let report = parse(Path::new("c.toml"), &many).unwrap_err();
    assert!(report.to_string().len() < 100_000);
    let one_line =
        format!("[hub]\nid = 'h'\nmqtt = {{ {} }}\n", (0..90_000).map(|i| format!("k{i} = 1, ")).collect::<String>());
    let report = parse(Path::new("c.toml"), &one_line).unwrap_err();
    assert!(report.to_string().len() < 100_000);
    let unknown: String = (0..50_000).map(|i| format!("k{i} = 1\n")).collect();
    let report = parse(Path::new("c.toml"), &format!("[hub]\nid = 'h'\n{unknown}")).unwrap_err();
    assert_eq!(report.count(), 50_000);
    assert!(report.to_string().ends_with("and 49900 more"), "{}", report.to_string().len());
}

#[test]
fn a_house_of_the_largest_size_is_read_in_time() {
    // It must not take minutes to refuse a file of this size, for the daemon reads it again when it is saved.
    let mut text = String::from("[hub]\nid = 'h'\n");
    for i in 0..4_000 {
        text += &format!("[outputs.light_{i}]\nkind = 'light'\ngpio = 'line{i}'\n");
        text += &format!(
            "[[rules]]\nname = 'rule {i}'\nwhile = 'light_{} or lihgt_{i}'\nset = {{ light_{i} = true }}\n",
            i / 2
        );
    }
    let report = parse(Path::new("c.toml"), &text).unwrap_err();
    assert!((200..4_000).contains(&report.count()), "{}", report.count());
    let right = text.replace("lihgt", "light");
    assert!(right.len() > 400_000);
    assert_eq!(house(&right).rules.len(), 4_000);
}

proptest! {
    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}") {
        let _ = parse(Path::new("c.toml"), &text).map_err(|report| report.to_string());
    }

    #[test]
    fn a_damaged_file_is_survived(from in 0..SHIPPED.len(), length in 0..40usize, with in "[\\[\\]\"'= .,a-z0-9\\n\\t{}°#-]{0,12}") {
        let end = (from + length).min(SHIPPED.len());
        let text = format!("{}{with}{}", &SHIPPED[..from], &SHIPPED[end..]);
        let _ = parse(Path::new("c.toml"), &text).map_err(|report| report.to_string());
    }

    #[test]
    fn any_condition_is_survived(condition in "([a-z.]{1,8}|and|or|not|for|is|between|time|day|dark|[0-9:]{1,5}|[0-9]{1,3}(m|s|°C|%)|living\\.temperature|hall\\.occupied|hall_light|sunset|[-+*/()<>=!,°]){0,12}( |)(and|or|for|\\PC){0,3}") {
        let text = condition.replace('\\', "/").replace('"', "'");
        let spaced: String = text.chars().flat_map(|c| [c, ' ']).collect();
        for text in [text, spaced] {
            let house = SHIPPED.replace("bedroom.temperature > 26", &text);
            let _ = parse(Path::new("c.toml"), &house).map_err(|report| report.to_string());
        }
    }
}

/// Or a right key would count as a misspelt place on the broker.
#[test]
fn no_key_of_a_point_looks_like_another_place_on_the_broker() {
    fn keys(schema: &serde_json::Value, found: &mut Vec<String>) {
        let Some(fields) = schema.as_object() else { return };
        found.extend(
            fields.get("properties").and_then(|all| all.as_object()).into_iter().flatten().map(|(key, _)| key.clone()),
        );
        fields.values().for_each(|inner| keys(inner, found));
    }
    let (schema, places) = (schema(), remote::source_keys().collect::<Vec<_>>());
    for kind in ["inputs", "sensors", "outputs"] {
        let mut found = Vec::new();
        keys(&schema["properties"][kind], &mut found);
        assert!(places.iter().all(|place| found.iter().any(|key| key == place)), "{kind}: {found:?}");
        for key in found.iter().filter(|key| !places.contains(&key.as_str())) {
            assert_eq!(nearest::name(key, places.iter().copied()), None, "{key}");
        }
    }
}

#[test]
fn what_was_renamed_is_known_by_its_first_name() {
    let config = house(
        r#"
        [hub]
        id = "test"
        [outputs.shade]
        kind = "cover"
        was = "blind"
        open_gpio = 17
        close_gpio = 27
        open_time = "20s"
        close_time = "20s"
        [outputs.lamp]
        kind = "light"
        gpio = 22
        [inputs.meter]
        kind = "counter"
        measures = "energy"
        was = ["pulses", "counter"]
        gpio = 4
        [inputs.motion]
        kind = "motion"
        gpio = 5
        [rooms.lounge]
        was = "living"
        motion = ["motion"]
        "#,
    );
    let names: Vec<(&str, &str)> = config.specs().iter().map(|spec| (&*spec.name, spec.first_name())).collect();
    let expected = [
        ("shade", "blind"),
        ("shade.position", "blind.position"),
        ("lamp", "lamp"),
        ("motion", "motion"),
        ("meter.energy", "pulses.energy"),
        ("meter.power", "pulses.power"),
        ("lounge.occupied", "living.occupied"),
    ];
    assert_eq!(names, expected);
    let first: Vec<_> =
        (0..config.outputs.len()).map(|id| config.first_id(crate::model::Owner::Output(OutputId(id)))).collect();
    assert_eq!(first.iter().map(|id| &**id).collect::<Vec<_>>(), ["blind", "lamp", "blind.open", "blind.close"]);
}

#[test]
fn a_cover_may_tell_no_more_than_its_position() {
    let text = "[hub]\nid = \"h\"\n[hardware]\nbackend = \"simulated\"\n[mqtt]\nurl = \"mqtt://127.0.0.1\"\n[outputs.shade]\n\
                kind = \"cover\"\nmqtt = \"shade/set\"\nlevel = \"{}\"\nlevel_state_topic = \"shade/state\"\n\
                level_pointer = \"/position\"\n";
    let config = parse(Path::new("h.toml"), text).unwrap_or_else(|report| panic!("{report}")).config;
    assert!(config.outputs[0].method.mover().is_some());
}

#[test]
fn relays_on_modbus_work_as_wires_do() {
    let config = house(
        "[hub]\nid = \"hut\"\n[modbus.rs485]\nport = \"/dev/ttyUSB0\"\n\
         [outputs.floor]\nkind = \"heater\"\nmodbus = \"rs485/1/2\"\nprofile = \"eletechsup-relay-8\"\nslow_pwm = \"10m\"\n\
         [outputs.bell]\nkind = \"siren\"\nmodbus = \"rs485/1/3\"\nprofile = \"eletechsup-relay-8\"\npulse = \"1s\"\n\
         [outputs.damper]\nkind = \"valve\"\nmodbus = \"rs485/2\"\nregister = 9\nfull = 200\n",
    );
    let line = |id: &str| config[config.find_output(id).unwrap()].line.as_ref().map(ToString::to_string);
    assert_eq!(line("floor"), None);
    assert_eq!(line("floor.wire").as_deref(), Some("register 2 of rs485/1"));
    assert_eq!(line("bell").as_deref(), Some("register 3 of rs485/1"));
    assert!(config[config.find_output("damper").unwrap()].is_dimmed());
    let moved = house(
        "[hub]\nid = \"hut\"\n[modbus.rs485]\nport = \"/dev/ttyUSB1\"\n\
         [outputs.bell]\nkind = \"siren\"\nmodbus = \"rs485/1/3\"\nprofile = \"eletechsup-relay-8\"\n",
    );
    let bell = moved.outputs[0].line.as_ref().unwrap();
    assert!(bell.is_moved(&config, &moved) && !bell.is_moved(&moved, &moved));
}

#[test]
fn a_wire_is_not_left_on_beside_what_its_interlock_has_elsewhere() {
    let left = |other: &str| {
        let config = house(&format!(
            "[hub]\nid = \"hut\"\n[modbus.rs485]\nport = \"/dev/ttyUSB0\"\n\
             [outputs.town]\nkind = \"valve\"\ngpio = 5\nsafe = \"on\"\ninterlock = \"water\"\n\
             [outputs.well]\nkind = \"valve\"\n{other}\ninterlock = \"water\"\n"
        ));
        config.wired().outputs[0].safe.level()
    };
    assert_eq!(left("gpio = 6"), Some(Level::ON));
    assert_eq!(left("modbus = \"rs485/1\"\ncoil = 0"), None);
}
