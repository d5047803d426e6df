//! `hearthd simulate` as a user runs it: reports of houses whose sums are known.

#![allow(clippy::unwrap_used)]

use serde_json::Value as Json;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn simulate(arguments: &[&str]) -> Output {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    Command::new(env!("CARGO_BIN_EXE_hearthd"))
        .args(["simulate", "--config", shipped.to_str().unwrap()])
        .args(arguments)
        .output()
        .unwrap()
}

fn text(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[&str]) -> Json {
    serde_json::from_str(&text(simulate(arguments))).unwrap()
}

/// A scenario file in a folder of its own.
fn scenario(content: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.scenario");
    fs::write(&file, content).unwrap();
    (folder, file.to_str().unwrap().to_owned())
}

/// The whole report of a scenario, as text.
fn told(file: &str) -> String {
    let page = Path::new(file).with_extension("html");
    text(simulate(&["--scenario", file, "--html", page.to_str().unwrap()]))
}

const HOUSE: &str = "Two lights and a fridge.
--- house
[outputs.hall_light]
kind = \"light\"
gpio = 17
[outputs.fridge]
kind = \"cooler\"
gpio = 24
min_on = \"10m\"
[inputs.motion]
kind = \"motion\"
gpio = 4
[sensors.air]
chip = \"tmp102\"
[[rules]]
name = \"Off in the night\"
while = \"time between 22:00 and 06:00\"
set = { hall_light = \"off\" }
[[rules]]
name = \"On with motion\"
while = \"motion\"
set = { hall_light = \"on\" }
[[rules]]
name = \"Cold\"
while = \"air.temperature > 6\"
set = { fridge = \"on\" }
[[rules]]
name = \"Never\"
while = \"air.temperature > 90\"
set = { fridge = \"on\" }
";

#[test]
fn the_sums_of_a_report_are_right() {
    let (_folder, file) = scenario(&format!(
        "{HOUSE}--- from 2026-11-23 21:00 for 3h
21:00  air.temperature 5
21:10  motion on for 20m
21:50  motion on for 30m
22:30  air.temperature 7
22:33  air.temperature 5
23:00  air lost
23:30  air back
"
    ));
    let report = json(&["--scenario", &file, "--json"]);
    let output = |index: usize, key: &str| report["outputs"][index][key].clone();
    assert_eq!((output(0, "on_s"), output(0, "times")), (1_800.0.into(), 2.into()), "20 and 10 minutes");
    assert_eq!((output(1, "on_s"), output(1, "times")), (600.0.into(), 1.into()), "its min_on");
    assert_eq!((output(1, "held_by_minimum_s"), output(1, "held_by_minimum_times")), (420.0.into(), 1.into()));
    assert_eq!(report["fights"][0]["winner"], "Off in the night");
    assert_eq!((&report["fights"][0]["s"], &report["fights"][0]["times"]), (&1_200.0.into(), &1.into()));
    assert_eq!(report["rules"][3]["times"], 0);
    // Stale half a minute after the last reading, at 22:59:53, until it is back.
    let unknown = report["rules"][2]["unknown_s"].as_f64().unwrap();
    assert!((1_760.0..=1_800.0).contains(&unknown), "{unknown}");
    assert_eq!(report["trouble"].as_array().unwrap().len(), 3, "{:#}", report["trouble"]);

    let shown = text(simulate(&["--scenario", &file]));
    assert!(shown.contains("22:33:00  fridge ON") && shown.contains("protect: min_on"), "{shown}");
}

#[test]
fn the_same_seed_makes_the_same_days_and_another_makes_others() {
    let run = |seed: &str| text(simulate(&["--from", "2026-06-01T00:00", "--for", "3d", "--seed", seed]));
    assert_eq!(run("1"), run("1"));
    assert_ne!(run("1"), run("2"));
}

#[test]
fn a_measured_frost_makes_the_heater_work() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weather.csv");
    let heating = |from: f64, to: f64| {
        fs::write(&file, format!("time,outdoor\n2026-02-01 00:00,{from}\n2026-02-03 00:00,{to}\n")).unwrap();
        let report =
            json(&["--from", "2026-02-01T00:00", "--for", "2d", "--json", "--weather", file.to_str().unwrap()]);
        let heater = report["outputs"].as_array().unwrap().iter().find(|output| output["id"] == "living_heater");
        heater.unwrap()["on_s"].as_f64().unwrap()
    };
    let (frost, spring) = (heating(-3.0, -3.0), heating(12.0, 14.0));
    assert!(frost > spring + 20_000.0, "{frost} s and {spring} s of two days");
    fs::write(&file, "2026-02-01 00:00,cold\n2026-02-03 00:00,1\n").unwrap();
    let refused = simulate(&["--weather", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("`cold` is not a temperature") && message.contains("weather.csv:1:1"), "{message}");
}

#[test]
fn a_scenario_with_a_world_breaks_things_in_it() {
    let (_folder, file) = scenario(
        "A January day in which the thermometer is lost and the power fails.
--- from 2026-01-13 00:00 for 1d world
08:00  living lost
10:00  living back
12:00  power cut for 40m
",
    );
    let report = json(&["--scenario", &file, "--json"]);
    let living = report["points"].as_array().unwrap().iter().find(|point| point["point"] == "living.temperature");
    assert!(living.unwrap()["unknown_samples"].as_u64().unwrap() >= 30, "{living:?}");
    assert!(living.unwrap()["lowest"].as_f64().unwrap() > 5.0, "the world had warmed it");
    let unpowered = |output: &Json| {
        let changes = output["changes"].as_array().unwrap();
        changes.iter().filter(|change| change["why"] == "no power" && change["slot"].is_null()).count()
    };
    assert!(report["outputs"].as_array().unwrap().iter().all(|output| unpowered(output) == 1));
    assert_eq!(report["absences"][0]["why"], "power_cut");
    let unknown = |rule: &Json| rule["unknown_s"].as_f64().unwrap();
    let rules = report["rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| unknown(rule) == 0.0), "nobody wonders about a rule while there is no power");
    assert!(rules.iter().any(|rule| unknown(rule) > 7_000.0), "the thermometer was lost for two hours");
}

#[test]
fn a_log_that_does_not_come_true_is_an_exit_code() {
    let (_folder, file) = scenario(&format!(
        "{HOUSE}--- from 2026-11-23 12:00 for 1h\n12:10  motion on\n--- log\n12:11:00  hall_light ON  rule: On with motion\n"
    ));
    let output = simulate(&["--scenario", &file]);
    assert_eq!(output.status.code(), Some(1));
    let difference = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(difference.starts_with("- 12:11:00") && difference.contains("\n+ 12:10:00"), "{difference}");
    for wrong in [&["--from", "tomorrow"][..], &["--for", "soon"], &["--scenario", &file, "--for", "1d"]] {
        assert_eq!(simulate(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_page_needs_nothing_else_and_shows_every_output() {
    let (folder, file) = scenario(
        "A name that must not become markup.
--- house
[outputs.lamp]
kind = \"light\"
gpio = 17
name = 'Lamp <script>&\"'
[sensors.air]
chip = \"bme280\"
--- from 2026-11-23 00:00 for 3d
08:00  air.temperature 18
08:00  air.humidity 40
08:30  set lamp on for 10m
12:00  air.temperature 22 over 4h
",
    );
    let page = folder.path().join("page.html");
    text(simulate(&["--scenario", &file, "--html", page.to_str().unwrap()]));
    let html = fs::read_to_string(page).unwrap();
    for outside in ["http:", "https:", "src=", "url(", "@import", "<script", "<link"] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert!(html.contains("Lamp &lt;script&gt;&amp;&quot;"), "names are escaped");
    assert!(html.contains("08:30:00–08:40:00 (10m)\nON manual: command by MQTT"), "a bar says why");
    assert_eq!(html.matches("<h2>Monday 23 November 2026</h2>").count(), 1);
    assert_eq!(html.matches("class=\"plot").count(), 6, "temperature and humidity on three days");
}

#[test]
fn a_house_in_which_nobody_is_seen_still_lives() {
    let heated = "[sensors.probe]\nchip = \"tmp102\"\n[outputs.boiler]\nkind = \"heater\"\ngpio = 24\nmax_on = \"24h\"\n\
                  [climate.flat]\nsensor = \"probe.temperature\"\nheat = \"boiler\"\ntarget = 22\n";
    let leak = "[inputs.leak]\nkind = \"leak\"\ngpio = 4\n";
    for house in ["[outputs.lamp]\nkind = \"light\"\ngpio = 17\n", heated, leak] {
        let (_folder, file) =
            scenario(&format!("A house without motion.\n--- house\n{house}--- from 2026-01-13 00:00 for 3d world\n"));
        let report = json(&["--scenario", &file, "--json"]);
        if house == heated {
            assert!(report["outputs"][0]["on_s"].as_f64() > Some(3_600.0), "{:#}", report["outputs"]);
            let warm = report["points"].as_array().unwrap().iter().find(|point| point["point"] == "probe.temperature");
            assert!(
                warm.unwrap()["highest"].as_f64() > Some(21.0),
                "the boiler warms what the zone measures: {warm:?}"
            );
        }
    }
}

const EVENTS: &str = "A house of events.
--- house
[outputs.lamp]
kind = \"light\"
gpio = 17
[outputs.gong]
kind = \"siren\"
gpio = 18
max_on = \"10m\"
[inputs.bell]
kind = \"button\"
gpio = 4
[inputs.door]
kind = \"door\"
gpio = 5
[modes]
list = [\"home\", \"vacation\"]
[modes.presence]
when = \"vacation\"
outputs = [\"lamp\"]
between = \"18:00 and 23:00\"
[scenes.evening]
set = { lamp = \"on\" }
[[rules]]
name = \"Gong while the door is open\"
while = \"door is open\"
set = { gong = \"on\" }
[[rules]]
name = \"Bell\"
on = \"bell click\"
if = \"door is closed\"
do = [\"set lamp on\", \"wait 1m\", \"set lamp off\"]
[[rules]]
name = \"Leap day\"
on = \"cron 0 0 29 2 *\"
do = \"toggle lamp\"
";

#[test]
fn rules_that_act_on_events_are_counted_with_what_was_left_out() {
    let (folder, file) = scenario(&format!(
        "{EVENTS}--- from 2026-11-23 08:00 for 4h
09:00:00  bell click
09:00:30  bell click
09:05:00  door open
09:05:10  bell click
09:45:00  door closed
10:00:00  restart for 10s
10:05:00  bell click
"
    ));
    let report = json(&["--scenario", &file, "--json"]);
    let bell = &report["event_rules"][0];
    assert_eq!((&bell["happened"], &bell["acted"]), (&4.into(), &2.into()), "also over a restart: {bell}");
    assert_eq!(bell["left_out"], serde_json::json!({ "if_false": 1, "not_over": 1 }));
    assert_eq!(report["event_rules"][1]["happened"], 0);
    assert_eq!(report["contents"], "2 outputs, 2 inputs, 3 rules, 1 scene", "without the hidden rule");
    assert_eq!(report["kept_off"][0]["by"], "max_on");
    assert_eq!(report["kept_off"][0]["s"], 1_800.0, "the gong, from 09:15 to 09:45");
    let cut = report["outputs"][1]["changes"].as_array().unwrap().iter().find(|change| change["slot"] == "safety");
    assert_eq!(cut.unwrap()["overruled"][0]["why"], "Gong while the door is open");
    let shown = told(&file);
    for part in [
        "2 outputs, 2 inputs, 3 rules, 1 scene",
        "\n\nRules whose event never happened:\n  \"Leap day\"\n",
        "\"Bell\": acted 2 times; once: its `if` was not true; once: its actions were not over",
        "\n\nOutputs that safety kept off while something asked for them:\n  gong: by max_on, once, 30m in all",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    assert!(!shown.contains("As if somebody"), "its mode did not occur:\n{shown}");
    let house = folder.path().join("house.toml");
    let toml = EVENTS.split_once("--- house\n").unwrap().1;
    fs::write(&house, format!("[hub]\nid = \"h\"\n{toml}")).unwrap();
    let checked = Command::new(env!("CARGO_BIN_EXE_hearthd")).arg("check").arg(&house).output().unwrap();
    assert!(String::from_utf8_lossy(&checked.stdout).contains("good (2 outputs, 2 inputs, 3 rules, 1 scene)"));

    let (_folder, file) = scenario(&format!(
        "{EVENTS}--- from 2026-11-23 08:00 for 4h\n09:00  set mode vacation\n10:00  set mode home\n"
    ));
    let shown = told(&file);
    assert!(shown.contains("As if somebody were there: Lamp"), "its mode occurred, in the morning:\n{shown}");
}

#[test]
fn an_alarm_of_a_zone_is_told() {
    let (_folder, file) = scenario(
        "A thermometer is lost.
--- house
[outputs.boiler]
kind = \"heater\"
gpio = 24
max_on = \"6h\"
[sensors.air]
chip = \"tmp102\"
[climate.flat]
sensor = \"air.temperature\"
heat = \"boiler\"
target = 20
--- from 2026-11-23 08:00 for 4h
08:00  air.temperature 19
09:00  air lost
10:00  air back
",
    );
    let shown = told(&file);
    assert!(shown.contains("flat.alarm sensor_lost") && shown.contains("flat.alarm none"), "{shown}");
    assert!(shown.contains("\nAlarms of climate zones:\n  flat.alarm sensor_lost: once, "), "{shown}");
    assert!(shown.contains("19.0 to 19.0 °C") && shown.contains("20.0 to 20.0 °C"), "{shown}");
}

#[test]
fn a_page_of_a_noisy_day_stays_small_and_marks_a_power_cut() {
    let noise: String = (0..4_000)
        .map(|n| format!("{:02}:{:02}:{:02}  motion on for 2s\n", n / 400 + 8, n / 7 % 57, n % 7 * 8))
        .collect::<std::collections::BTreeSet<String>>()
        .into_iter()
        .collect();
    let (folder, file) = scenario(&format!(
        "{HOUSE}--- from 2026-11-23 00:00 for 1d\n00:00  air.temperature 5\n{noise}20:00  power cut for 40m\n"
    ));
    let page = folder.path().join("page.html");
    text(simulate(&["--scenario", &file, "--html", page.to_str().unwrap()]));
    let html = fs::read_to_string(page).unwrap();
    assert!(html.len() < 100_000, "{} bytes", html.len());
    assert!(html.contains("times, ") && html.contains("% on average"), "what is too short is drawn as its mean");
    assert!(html.contains("no power 20:00–20:40") && html.contains("class=\"gone"), "the power cut is marked");
    assert!(!html.contains("All days"));
}

#[test]
fn a_point_is_explained_at_any_time_of_a_simulation() {
    let (_folder, file) = scenario(
        "A fridge that just went off must rest.
--- house
[outputs.fridge]
kind = \"cooler\"
gpio = 24
min_off = \"10m\"
[sensors.air]
chip = \"tmp102\"
[[rules]]
name = \"Cool when it is warm\"
while = \"air.temperature > 6\"
set = { fridge = \"on\" }
--- from 2026-11-23 08:00 for 4h
08:00  air.temperature 7
09:00  air.temperature 5
09:05  air.temperature 7
10:00  restart for 10m
",
    );
    let ask = |point: &str, at: &str| simulate(&["--scenario", &file, "--why", point, "--at", at]);
    let explained = text(ask("fridge", "2026-11-23T09:06"));
    let expected = "fridge has been OFF for 6m00s. protect: min_off keeps it off until 2026-11-23 09:10:00\n";
    assert!(explained.starts_with(expected), "{explained}");
    for part in [
        "> protect   OFF  min_off keeps it off",
        "  rule       ON  Cool when it is warm (overruled by protect)",
        "    yes      air.temperature > 6  (air.temperature 7.00 °C for 1m00s)",
        "waited for\n  2026-11-23 09:10:00  min_off is over",
    ] {
        assert!(explained.contains(part), "{part} is not in\n{explained}");
    }
    let at_the_instant = text(ask("fridge", "2026-11-23T09:10"));
    assert!(at_the_instant.starts_with("fridge has been ON for 0s. rule: Cool when it is warm"), "{at_the_instant}");
    let told = json(&["--scenario", &file, "--why", "fridge", "--at", "2026-11-23T08:30", "--json"]);
    assert_eq!((&told["point"]["text"], &told["slots"][0]["slot"]), (&"ON".into(), &"rule".into()));

    for (point, at, problem) in [
        ("fridg", "2026-11-23T09:06", "--why: no such point: fridg; did you mean `fridge`?"),
        ("fridge", "2026-11-23T07:59", "--at: 2026-11-23T07:59 is not simulated; write a time from 2026-11-23T08:00"),
        ("fridge", "2026-11-23T12:00", "--at: 2026-11-23T12:00 is not simulated"),
        ("fridge", "2026-11-23T10:05", "hearthd does not run at 2026-11-23T10:05"),
    ] {
        let output = ask(point, at);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && error.contains(problem), "{error}");
    }
    let of_the_world = ["--from", "2026-11-23", "--why", "hall_light", "--at", "2026-11-23T20:00"];
    assert!(text(simulate(&of_the_world)).starts_with("hall_light has been "));
}

#[test]
fn what_is_switched_to_and_fro_in_one_instant_is_told() {
    let life = format!(
        "{HOUSE}--- from 2026-11-23 07:00 for 1h\n07:10  set hall_light on\n07:10  set hall_light off\n07:20  set hall_light on\n"
    );
    let (_folder, file) = scenario(&life);
    let report = json(&["--scenario", &file, "--json"]);
    assert_eq!(report["outputs"][0]["at_once_times"], 1, "{report:#}");
}

/// A long run that keeps only sums says the same as one that keeps everything for a page.
#[test]
fn a_report_of_sums_is_that_of_everything() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("x.html");
    let run = ["--from", "2026-03-01", "--for", "20d"];
    let sums = text(simulate(&run));
    let everything = text(simulate(&[&run[..], &["--html", page.to_str().unwrap()]].concat()));
    assert_eq!(sums, everything);
}

/// Where only sums are told, nothing is kept of what changed, however long it takes.
#[test]
fn sums_need_no_memory_for_each_change() {
    use hearthd::simulator::{
        play::{Play, least_interval, paced, play},
        report::{Keep, Recording, Track},
        world::VirtualWorld,
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/simulate/house.toml");
    let config =
        std::sync::Arc::new(hearthd::config::parse(&file, &fs::read_to_string(&file).unwrap()).unwrap().config);
    let (from, until) = ("2026-01-01T00:00:00Z".parse().unwrap(), "2026-01-09T00:00:00Z".parse().unwrap());
    let mut recording = Recording::new(&config, from, until, Keep::Sums);
    let config = paced(&config, least_interval(until - from));
    let world = Some(VirtualWorld::new(&config, from, 1, None));
    play(Play { config: config.clone(), from, until, happenings: Vec::new(), world }, &mut recording);
    assert!(recording.outputs.iter().all(|spans| spans.len() <= 2));
    assert!(recording.outdoor.is_empty() && recording.lines.len() <= 100);
    let is_empty = |track: &Track| match track {
        Track::Binary(changes) => changes.is_empty(),
        Track::Number(samples) => samples.is_empty(),
        Track::Word(changes) => changes.is_empty(),
    };
    assert!(recording.tracks.iter().all(|(_, track)| is_empty(track)));
    assert!(config.visible_outputs().any(|id| recording.usage(id, from, until).times > 10));
}

/// The shipped example: a boiler, a buffer, four zones, two of them with valves that take any level.
#[test]
fn a_week_in_january_keeps_four_zones_behind_one_boiler_within_a_degree() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/house.toml");
    let hearthd =
        |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_hearthd")).args(arguments).arg(&house).output().unwrap();
    let checked = hearthd(&["check"]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned() + &String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success() && !said.contains("warning"), "{said}");
    let report: Json = serde_json::from_str(&text(hearthd(&[
        "simulate",
        "--from",
        "2026-01-12",
        "--for",
        "7d",
        "--json",
        "--config",
    ])))
    .unwrap();
    let point =
        |name: &str| report["points"].as_array().unwrap().iter().find(|point| point["point"] == name).unwrap().clone();
    for (zone, target) in [("living", 20.5), ("kitchen", 20.0), ("bath", 22.0), ("bedroom", 18.0)] {
        // The targets never change, so that every sample of the week must lie within a degree.
        let set = point(&format!("{zone}.target"));
        assert_eq!((&set["lowest"], &set["highest"]), (&target.into(), &target.into()));
        let measured = point(&format!("{zone}.measured"));
        let (low, high) = (measured["lowest"].as_f64().unwrap(), measured["highest"].as_f64().unwrap());
        assert!(target - 1.0 <= low && high <= target + 1.0, "{zone} from {low} to {high} at {target}");
        let alarm = point(&format!("{zone}.alarm"));
        let words: Vec<&Json> = alarm["changes"].as_array().unwrap().iter().map(|change| &change["word"]).collect();
        assert!(words.iter().all(|word| **word == "none" || word.is_null()), "{zone}: {words:?}");
    }
    assert!(report["trouble"].as_array().unwrap().is_empty(), "{:#}", report["trouble"]);
    assert_eq!(report["not_modelled"]["outputs"], serde_json::json!([]));
}

#[test]
fn a_report_says_what_its_world_leaves_out_and_its_table_of_days_is_not_wide() {
    let lights: String = (0..12)
        .map(|n| format!("[outputs.lamp_number_{n}]\nkind = \"light\"\ngpio = {}\ndefault = \"on\"\n", n + 7))
        .collect();
    let house = format!(
        "{lights}[outputs.blind]\nkind = \"cover\"\nopen_gpio = 5\nclose_gpio = 6\nopen_time = \"20s\"\nclose_time = \"20s\"\n\
         [inputs.leak]\nkind = \"leak\"\ngpio = 4\n[sensors.air]\nchip = \"scd4x\"\n"
    );
    let (_folder, file) =
        scenario(&format!("A house of lamps.\n--- house\n{house}--- from 2026-01-13 00:00 for 4d world\n"));
    let shown = told(&file);
    for part in [
        "\nNot modelled:\n  outputs that act on nothing here: blind\n",
        "\n  readings that stay the same: air.co2\n",
        "\n  inputs that never move: leak\n",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    let days: Vec<&str> =
        shown.lines().filter(|line| line.starts_with("on, times") || line.starts_with("Tue ")).collect();
    assert!(days.len() >= 4 && days.iter().all(|line| line.len() <= 100), "{shown}");
    let left_out = &json(&["--scenario", &file, "--json"])["not_modelled"];
    assert_eq!(*left_out, serde_json::json!({ "outputs": ["blind"], "readings": ["air.co2"], "inputs": ["leak"] }));
}

const GARAGE: &str = "A garage door that a rule opens and another shuts.
--- house
[inputs.shut]
kind = \"door\"
gpio = 5
[inputs.up]
kind = \"switch\"
gpio = 6
[outputs.garage]
kind = \"cover\"
button_gpio = 17
closed_switch = \"shut\"
open_switch = \"up\"
open_time = \"15s\"
close_time = \"20s\"
[[rules]]
name = \"By day\"
while = \"time between 08:00 and 18:00\"
set = { garage = \"open\" }
[[rules]]
name = \"By night\"
while = \"time between 18:00 and 08:00\"
set = { garage = \"closed\" }
--- from 2026-11-23 06:00 for 6h world
09:00:00  set garage CLOSE for 1m
09:00:05  set garage STOP
--- log with garage
06:00:00  garage closed   rule: By night
08:00:00  garage OPEN     rule: By day
08:00:00  garage opening  rule: By day
08:00:15  garage open     rule: By day
09:00:00  garage CLOSED   manual: command by MQTT, until 2026-11-23 09:01:00
09:00:00  garage closing  manual: command by MQTT, until 2026-11-23 09:01:00
09:00:05  garage stopped  manual: command by MQTT, until AUTO
";

#[test]
fn a_garage_door_moves_as_its_opener_does() {
    let (_folder, file) = scenario(GARAGE);
    told(&file);
}
