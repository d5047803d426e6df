//! The page in a real Chromium, on a running daemon: `tests/page/page.mjs` is the person, this is the house.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use chrono::Timelike;
use hearthd::{
    clock::{Clock, Moment},
    model::ClockTrust,
};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};
use support::{Broker, House, Watcher, free_port, hash, programs::browser, wait_until};

/// A house with something of every kind that the page draws in its own way.
fn cottage(http: u16, mqtt: u16) -> String {
    format!(
        "[hub]\nid = \"cottage\"\nname = \"Cottage <b>&\"\n[hardware]\nbackend = \"simulated\"\n\
         [http]\nlisten = \"127.0.0.1:{http}\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{mqtt}\"\n\
         [modes]\nlist = [\"home\", \"away\"]\n\
         [rooms.hall]\nmotion = [\"hall_motion\"]\nempty_after = \"1h\"\nsettable = true\n[rooms.living]\nname = \"Living room\"\nmotion = [\"living_motion\"]\n\
         [inputs.hall_motion]\nkind = \"motion\"\ngpio = 4\n[inputs.living_motion]\nkind = \"motion\"\ngpio = 5\n\
         [inputs.front_door]\nkind = \"door\"\ngpio = 6\n\
         [sensors.living]\nmqtt = \"shed/temperature\"\nquantities = {{ temperature = \"\" }}\nstale_after = \"5s\"\n\
         [outputs.hall_light]\nkind = \"light\"\ngpio = 17\nroom = \"hall\"\n\
         [outputs.reading_lamp]\nkind = \"light\"\nname = \"Reading lamp in the corner by the bookshelf\"\npwm = 18\nroom = \"living\"\n\
         [outputs.heater]\nkind = \"heater\"\ngpio = 22\nroom = \"living\"\n\
         [outputs.blind]\nkind = \"cover\"\nopen_gpio = 24\nclose_gpio = 25\nopen_time = \"20s\"\nclose_time = \"18s\"\nroom = \"living\"\n\
         [climate.living_zone]\nname = \"Living room\"\nsensor = \"living.temperature\"\nheat = \"heater\"\ntarget = 20.5\n\
         [scenes.evening]\nname = \"Evening\"\nset = {{ hall_light = \"on\" }}\n\
         [[rules]]\nname = \"Hall light while somebody is there\"\nset = {{ hall_light = \"on\" }}\nwhile = \"hall.occupied\"\n"
    )
}

const PUMP: &str =
    "[outputs.pump]\nkind = \"switch\"\nname = \"Pump\"\ngpio = 27\nlock = true\nmanual_for = \"next_change\"\n";
const ADDED: &str = "[outputs.added]\nkind = \"switch\"\nname = \"Added lamp\"\ngpio = 27\n";

#[test]
fn a_person_finds_the_house_on_the_page() {
    let (broker, http) = (Broker::start(), free_port());
    let (house_text, watcher) = (cottage(http, broker.port), Watcher::start(broker.port, "hearthd/cottage/#"));
    let mut house = House::new(&format!("{house_text}{PUMP}"));
    house.up(&[]);
    // It is not retained: before the daemon listens, nobody hears it.
    wait_until("the reading is there", || {
        watcher.publish("shed/temperature", "19.5");
        house.value("living.temperature") == "19.50"
    });

    attend(browser("page.mjs", &at(http)), |word| match word {
        "the hall light is on" => {
            wait_until("the wire is on", || house.value("hall_light") == "ON");
            watcher.wait_for("hearthd/cottage/hall_light/state", "ON");
        }
        "move in the hall" => drop(house.ask(&["set", "hall_motion", "on"])),
        "switch the pump on" => watcher.publish("hearthd/cottage/pump/set", "ON"),
        "the reading lamp is at 100 %" => wait_until("it is", || house.value("reading_lamp.level") == "100"),
        "the hall is empty after 90 min" => wait_until("it is", || house.value("hall.empty_after") == "90"),
        "lock the pump" => drop(house.ask(&["set", "pump.lock", "on"])),
        "add a lamp, take the pump away" => fs::write(&house.config, format!("{house_text}{ADDED}")).unwrap(),
        "break the sensor" => house.wait_for_log("living.temperature is stale"),
        "kill it" => house.kill(),
        "start it" => house.up(&[]),
        other => panic!("nobody knows how to {other}"),
    });
}

/// Runs a browser to its end and does what it asks for meanwhile.
fn attend(mut browser: Command, mut happen: impl FnMut(&str)) {
    browser.args(std::env::var_os("HEARTHD_PICTURES"));
    let mut browser = browser.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("apt install nodejs npm");
    let mut answers = browser.stdin.take().unwrap();
    for line in BufReader::new(browser.stdout.take().unwrap()).lines().map_while(Result::ok) {
        let Some(word) = line.strip_prefix("> ") else {
            println!("{line}");
            continue;
        };
        happen(word);
        writeln!(answers, "done").unwrap();
    }
    assert!(browser.wait().unwrap().success(), "see above what the browser says");
}

/// A house that remembers: what was measured and on today, and what is expected of it. It stands where it is early afternoon now:
/// what the person finds is the same at any hour at which the test runs. Not on the equator: at 0, 0 a house has no place.
fn remembering(http: u16) -> String {
    let east = 13 - i64::from(Clock::system(Moment::START, ClockTrust::Always).now().wall.hour());
    // The sign of these zones is that of POSIX: what is east is less.
    let (timezone, longitude) = (format!("Etc/GMT{:+}", -east), if east > 12 { -165 } else { east * 15 });
    format!(
        "[hub]\nid = \"cottage\"\nname = \"Cottage\"\nlatitude = 1.0\nlongitude = {longitude}\ntimezone = \"{timezone}\"\n\
         [hardware]\nbackend = \"simulated\"\n[history]\ncommit = \"1s\"\n[http]\nlisten = \"127.0.0.1:{http}\"\n[modes]\n\
         [rooms.living]\nname = \"Living room\"\nmotion = [\"living_motion\"]\n[rooms.hall]\nmotion = [\"hall_motion\"]\n\
         [inputs.living_motion]\nkind = \"motion\"\ngpio = 5\n[inputs.hall_motion]\nkind = \"motion\"\ngpio = 4\n\
         [sensors.living]\nchip = \"sht31\"\nroom = \"living\"\n\
         [outputs.hall_light]\nkind = \"light\"\ngpio = 17\nroom = \"hall\"\n\
         [outputs.reading_lamp]\nkind = \"light\"\nname = \"Reading lamp in the corner by the bookshelf\"\npwm = 18\nroom = \"living\"\n\
         [outputs.porch_light]\nkind = \"light\"\ngpio = 20\n\
         [outputs.heater]\nkind = \"heater\"\ngpio = 22\nroom = \"living\"\n\
         [climate.living_zone]\nname = \"Living room\"\nsensor = \"living.temperature\"\nheat = \"heater\"\ntarget = 20.5\nroom = \"living\"\n\
         [[rules]]\nname = \"Porch light before bed\"\nset = {{ porch_light = \"on\" }}\nwhile = \"time between 22:00 and 23:00\"\n\
         [[rules]]\nname = \"Who is there\"\non = \"hall_motion\"\ndo = \"notify somebody came in at the front door\"\n"
    )
}

/// Lines for `hearthd import`: a value each five minutes, from so many minutes ago to so many.
fn readings(spans: &[(usize, usize, &str)]) -> String {
    let lines = |&(from, to, value)| (to..from).rev().step_by(5).map(move |ago| format!("{ago}m,{value}\n"));
    spans.iter().flat_map(lines).collect()
}

#[test]
fn a_person_reads_what_was_and_what_comes() {
    let http = free_port();
    let text = remembering(http);
    let mut house = House::new(&text);
    house.up(&[]);
    house.ask(&["set", "living.temperature", "20.5"]);
    let state = house.folder.path().join("state");
    // Of an hour nothing is known: each value counts for one, and none came for two. What the running house tells of itself is
    // left alone: an hour after the last of these is over before it began.
    let past = [
        ("living.temperature", readings(&[(1380, 840, "18.0"), (720, 70, "21.5")])),
        (
            "heater",
            readings(&[
                (7200, 5760, "off"),
                (5760, 5520, "on"),
                (1380, 300, "off"),
                (300, 240, "on"),
                (240, 60, "off"),
            ]),
        ),
    ];
    for (point, lines) in past {
        let file = house.folder.path().join("past.csv");
        fs::write(&file, lines).unwrap();
        // Once it was recorded for the first time.
        let import = ["import", point, file.to_str().unwrap(), "--state", state.to_str().unwrap()];
        wait_until("it is imported", || house.console(&import).status.success());
    }
    attend(browser("past.mjs", &at(http)), |word| match word {
        "somebody comes" => {
            house.ask(&["set", "hall_motion", "on"]);
            let told = || house.ask(&["history", "notices"]).contains("somebody came in at the front door");
            wait_until("it is in the history", told);
        }
        "spoil the file" => {
            fs::write(&house.config, format!("{text}[outputs.spare]\nkind = \"lihgt\"\ngpio = 6\n")).unwrap()
        }
        // It is another than before, so that all is told anew.
        "mend the file" => {
            fs::write(&house.config, text.replace("name = \"Cottage\"", "name = \"Country cottage\"")).unwrap()
        }
        other => panic!("nobody knows how to {other}"),
    });
}

/// A house with zones of one and of two targets, each with a plan; on that day it is a Monday.
fn warm(http: u16) -> String {
    format!(
        "[hub]\nid = \"cottage\"\nname = \"Cottage\"\ntimezone = \"Europe/Amsterdam\"\n[hardware]\nbackend = \"simulated\"\n\
         [http]\nlisten = \"127.0.0.1:{http}\"\n[modes]\nlist = [\"home\", \"away\", \"night\"]\n\
         [sensors.living]\nchip = \"sht31\"\n[sensors.bedroom]\nchip = \"bme280\"\n[sensors.garden]\nchip = \"sht31\"\naddress = 0x45\n\
         [outputs.hall_light]\nkind = \"light\"\ngpio = 17\n[outputs.porch_light]\nkind = \"light\"\ngpio = 20\n\
         [outputs.heater]\nkind = \"heater\"\ngpio = 22\n[outputs.bed_heater]\nkind = \"heater\"\ngpio = 23\n\
         [outputs.air]\nkind = \"cooler\"\ngpio = 24\nmin_off = \"5m\"\n\
         [climate.living_zone]\nname = \"Living room\"\nsensor = \"living.temperature\"\noutdoor = \"garden.temperature\"\n\
         heat = \"heater\"\ntarget = 20.5\npresets = {{ night = 17, away = 15, cosy = 22.5 }}\n\
         plan = [\"weekday 06:30 21\", \"weekday 08:30 away\", \"daily 17:00 21\", \"daily 22:30 night\"]\n\
         [climate.bedroom]\nsensor = \"bedroom.temperature\"\nheat = \"bed_heater\"\ncool = \"air\"\ntarget = 19\ncool_target = 25\n\
         mode = \"heat_cool\"\nmin_idle = \"10m\"\npresets = {{ night = {{ heat = 16, cool = 24 }} }}\n\
         plan = [\"daily 07:00 19\", \"daily 22:00 night\"]\n\
         [[rules]]\nname = \"Porch light before bed\"\nset = {{ porch_light = \"on\" }}\nwhile = \"time between 22:00 and 23:00\"\n\
         [[rules]]\nname = \"Night\"\non = \"time 23:00\"\ndo = \"mode night\"\n"
    )
}

#[test]
fn a_person_sets_how_warm_it_is() {
    let http = free_port();
    let mut house = House::new(&warm(http));
    house.up(&["--from", "2026-11-23T14:10"]);
    for (sensor, value) in [("living", "19.4"), ("bedroom", "22.1"), ("garden", "2.1")] {
        let point = format!("{sensor}.temperature");
        house.ask(&["set", &point, value]);
        wait_until("it is measured", || house.value(&point).starts_with(value));
    }
    attend(browser("climate.mjs", &at(http)), |word| match word {
        "the heater is on" => wait_until("it is", || house.value("heater") == "ON"),
        other => panic!("nobody knows how to {other}"),
    });
}

/// So many rooms, each with a dozen points and more, and with names as people have them.
fn large(http: u16, rooms: u32) -> String {
    let mut text = format!(
        "[hub]\nid = \"manor\"\nname = \"Gutshof\"\n[hardware]\nbackend = \"simulated\"\n[http]\nlisten = \"127.0.0.1:{http}\"\n\
         [modes]\nlist = [\"zu_hause\", \"unterwegs\", \"nacht\", \"ferien\"]\n"
    );
    for room in 1..=rooms {
        // Lines of a chip that is not there do as well as others.
        let line = |place: u32| format!("gpio = \"gpiochip1/{}\"", room * 10 + place);
        let output = |id: &str, kind: &str, name: &str, place| {
            format!(
                "[outputs.{id}_{room}]\nkind = \"{kind}\"\nname = \"{name} {room}\"\nroom = \"room_{room}\"\n{}\n",
                line(place)
            )
        };
        text += &format!(
            "[rooms.room_{room}]\nname = \"Hauswirtschaftsraum im Untergeschoss {room}\"\nmotion = [\"motion_{room}\"]\n\
             [inputs.motion_{room}]\nkind = \"motion\"\n{}\n\
             [sensors.air_{room}]\nname = \"Raumlufttemperatur am Fensterbrett {room}\"\nchip = \"lm75\"\nbus = {}\naddress = {}\nroom = \"room_{room}\"\n",
            line(0),
            room / 8,
            0x48 + room % 8,
        );
        text += &output("table", "light", "Deckenleuchte über dem Küchentisch", 1);
        text += &output("shelf", "light", "Arbeitsplattenbeleuchtung", 2);
        text += &output("door", "light", "Licht", 3);
        text += &output("fan", "fan", "Feuchtigkeitsgesteuerter Abluftventilator", 4);
        text += &output("heater", "heater", "Fußbodenheizungsverteiler", 5);
        text += &format!(
            "[climate.zone_{room}]\nname = \"Wohnraumtemperatur {room}\"\nsensor = \"air_{room}.temperature\"\nheat = \"heater_{room}\"\n\
             target = 20\npresets = {{ absenkung = 17 }}\nplan = [\"daily 06:30 21\", \"daily 22:00 absenkung\"]\n"
        );
    }
    text
}

/// So many rooms have so many points.
fn is_a_page(rooms: u32, points: std::ops::RangeInclusive<usize>) {
    let http = free_port();
    let mut house = House::new(&large(http, rooms));
    house.up(&["--from", "2026-11-23T14:10"]);
    wait_until("the last sensor is read", || !house.value(&format!("air_{rooms}.temperature")).is_empty());
    let told = house.status()["points"].as_array().unwrap().len();
    assert!(points.contains(&told), "{told} points");
    attend(browser("large.mjs", &at(http)), |word| panic!("nobody knows how to {word}"));
}

#[test]
fn somebody_logs_in_and_out() {
    let http = free_port();
    let mut house = House::new(&format!(
        "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n[http]\nlisten = \"127.0.0.1:{http}\"\n\
         [http.users.anna]\nscope = \"control\"\nhash_file = \"anna.hash\"\n\
         [http.users.rita]\nscope = \"read\"\nhash_file = \"anna.hash\"\n\
         [modes]\n[scenes.evening]\nname = \"Evening\"\nset = {{ lamp = \"on\" }}\n\
         [outputs.lamp]\nkind = \"light\"\ngpio = 17\n\
         [outputs.desk]\nkind = \"light\"\npwm = 18\n\
         [outputs.blind]\nkind = \"cover\"\nopen_gpio = 24\nclose_gpio = 25\nopen_time = \"20s\"\nclose_time = \"18s\"\n\
         [sensors.room]\nchip = \"sht31\"\n[outputs.heater]\nkind = \"heater\"\ngpio = 22\n\
         [climate.zone]\nname = \"Living room\"\nsensor = \"room.temperature\"\nheat = \"heater\"\ntarget = 20.5\n"
    ));
    fs::write(house.folder.path().join("anna.hash"), hash("correct horse")).unwrap();
    house.up(&[]);
    attend(browser("scopes.mjs", &at(http)), |word| panic!("nobody knows how to {word}"));
}

#[test]
fn a_house_as_most_are_is_a_page() {
    is_a_page(3, 38..=45);
}

#[test]
fn a_large_house_stays_a_page() {
    is_a_page(16, 200..=300);
}

/// A house in which a minute takes a second, and whose history is the file of another program.
fn fragile(http: u16, mqtt: u16) -> String {
    format!(
        "[hub]\nid = \"cottage\"\nname = \"Cottage\"\n[hardware]\nbackend = \"simulated\"\n[history]\n\
         [http]\nlisten = \"127.0.0.1:{http}\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{mqtt}\"\n[modes]\nlist = [\"home\", \"away\"]\n\
         [rooms.hall]\nmotion = [\"hall_motion\"]\nempty_after = \"1m\"\n[inputs.hall_motion]\nkind = \"motion\"\ngpio = 4\n\
         [sensors.living]\nname = \"Thermometer beside the living room door\"\nmqtt = \"shed/temperature\"\nroom = \"hall\"\n\
         quantities = {{ temperature = \"\" }}\nstale_after = \"40m\"\n\
         [outputs.hall_light]\nkind = \"light\"\ngpio = 17\nroom = \"hall\"\n[outputs.blinker]\nkind = \"switch\"\ngpio = 27\n\
         [outputs.heater]\nkind = \"heater\"\ngpio = 22\nroom = \"hall\"\n\
         [climate.living_zone]\nname = \"Living room\"\nsensor = \"living.temperature\"\nheat = \"heater\"\ntarget = 20.5\nroom = \"hall\"\n\
         [[rules]]\nname = \"Blink\"\non = \"every 1m\"\ndo = \"toggle blinker\"\n\
         [[rules]]\nname = \"Only while away\"\non = \"every 1m\"\nif = \"mode is away\"\ndo = \"set hall_light on\"\n\
         [[rules]]\nname = \"Hall light while somebody is there\"\nset = {{ hall_light = \"on\" }}\nwhile = \"hall.occupied\"\n"
    )
}

#[test]
fn everything_that_breaks_is_said_and_heals() {
    let (mut broker, http) = (Broker::start(), free_port());
    let text = fragile(http, broker.port);
    let mut house = House::new(&text);
    let (state, away) = (house.folder.path().join("state"), house.folder.path().join("away"));
    fs::create_dir(&state).unwrap();
    rusqlite::Connection::open(state.join("history.db")).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    house.up(&["--from", "2026-11-23T14:10", "--speed", "60"]);
    let watcher = Watcher::start(broker.port, "hearthd/cottage/#");
    let measured = |house: &House| {
        watcher.publish("shed/temperature", "19.5");
        let points = house.status()["points"].clone();
        let point = points.as_array().unwrap().iter().find(|point| point["id"] == "living.temperature").cloned();
        point.is_some_and(|point| point["value"] == 19.5 && point["quality"] == "good")
    };
    wait_until("it is measured", || measured(&house));
    attend(browser("broken.mjs", &at(http)), |word| match word {
        // However long a browser takes, the thermometer is not stale before all breaks.
        "somebody comes" | "they leave" => {
            watcher.publish("shed/temperature", "19.5");
            house.ask(&["set", "hall_motion", if word == "they leave" { "off" } else { "on" }]);
        }
        "everything breaks" => {
            broker.kill();
            house.wait_for_log("living.temperature is stale");
            fs::write(&house.config, format!("{text}[outputs.spare]\nkind = \"lihgt\"\ngpio = 6\n")).unwrap();
            // Where its folder was, there is a file.
            fs::rename(&state, &away).unwrap();
            fs::write(&state, "").unwrap();
            house.ask(&["set", "blinker", "on"]);
            wait_until("it cannot be kept", || house.status()["state_unsaved"].is_string());
        }
        "all is mended" => {
            fs::remove_file(&state).unwrap();
            fs::rename(&away, &state).unwrap();
            fs::write(&house.config, &text).unwrap();
            broker.up();
            wait_until("it is measured", || measured(&house));
        }
        other => panic!("nobody knows how to {other}"),
    });
}

/// A house whose file anna may edit and bob may not.
fn edited(http: u16) -> String {
    format!(
        "[hub]\nid = \"cottage\"\nname = \"Cottage\"\nlatitude = 51.0\nlongitude = 7.0\ntimezone = \"Europe/Berlin\"\n\
         [hardware]\nbackend = \"simulated\"\n[http]\nlisten = \"127.0.0.1:{http}\"\nconfigure = true\n\
         [http.users.anna]\nscope = \"configure\"\nhash_file = \"anna.hash\"\n\
         [http.users.bob]\nscope = \"control\"\nhash_file = \"bob.hash\"\n\
         [rooms.hall]\nmotion = [\"hall_motion\"]\n[inputs.hall_motion]\nkind = \"motion\"\ngpio = 4\n\
         [sensors.living]\nchip = \"sht31\"\n\
         [outputs.hall_light]\nkind = \"light\"\ngpio = 17\nroom = \"hall\"\n\
         [outputs.porch_light]\nkind = \"light\"\ngpio = 20\n[outputs.pump]\nkind = \"switch\"\ngpio = 21\n\
         [[rules]]\nname = \"Hall light while somebody is there\"\nset = {{ hall_light = \"on\" }}\nwhile = \"hall.occupied\"\n\
         [[rules]]\nname = \"Porch before bed\"\nset = {{ porch_light = \"on\" }}\nwhile = \"time between 22:00 and 23:00\"\n"
    )
}

#[test]
fn somebody_edits_the_configuration() {
    let http = free_port();
    let text = edited(http);
    let mut house = House::new(&text);
    for name in ["anna", "bob"] {
        fs::write(house.folder.path().join(format!("{name}.hash")), hash("correct horse")).unwrap();
    }
    house.up(&[]);
    let renamed = text.replace("\"Cottage\"", "\"Country cottage\"");
    let windows = |last: &str| format!("{renamed}{last}").replace('\n', "\r\n");
    attend(browser("desk.mjs", &at(http)), |word| match word {
        "the pump is on" => wait_until("it is", || house.value("pump") == "ON"),
        "the pump is off" => {
            wait_until("it is", || house.value("pump") == "OFF");
            assert_eq!(fs::read_to_string(&house.config).unwrap(), text);
        }
        "write into the file" => fs::write(&house.config, format!("{text}# theirs\n")).unwrap(),
        "it is ours" => assert_eq!(fs::read_to_string(&house.config).unwrap(), format!("{text}# ours\n")),
        "end its lines as Windows does" => fs::write(&house.config, windows("# ours\n")).unwrap(),
        "its lines end as before" => {
            wait_until("they do", || fs::read_to_string(&house.config).unwrap() == windows("# theirs\n"))
        }
        "start it again" => {
            house.kill();
            house.up(&[]);
        }
        other => panic!("nobody knows how to {other}"),
    });
}

/// Where the page is.
fn at(port: u16) -> String {
    format!("http://127.0.0.1:{port}/")
}
