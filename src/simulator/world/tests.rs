//! The physics stay sane, and people do what people do.

use super::*;
use crate::model::OutputKind;
use crate::simulator::fixtures::{cottage, empty_house, input, output, sensor};
use chrono::TimeZone;

fn start() -> DateTime<Utc> {
    // A Monday, 00:00 in Amsterdam.
    Utc.with_ymd_and_hms(2026, 11, 22, 23, 0, 0).unwrap()
}

const NOTHING_ON: &dyn Fn(&str) -> f64 = &|_| 0.0;

fn temperature(news: &[Stimulus], wanted: &str) -> f64 {
    let found = news.iter().find_map(|stimulus| match stimulus {
        Stimulus::Reading { sensor, quantity: Quantity::Temperature, value } if &**sensor == wanted => Some(*value),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn a_year_is_plausible_at_every_latitude_and_step() {
    for latitude in [-90.0, -54.8, 0.0, 23.4, 52.37, 69.6, 90.0] {
        let mut config = cottage();
        config.hub.latitude = latitude;
        config.sensors.push(sensor("outdoor", Chip::Bme280));
        let mut world = World::new(&config, start(), 5);
        let mut wall = start();
        while wall < start() + TimeDelta::days(366) {
            wall += TimeDelta::hours(1);
            let fan = wall.timestamp() / 3_600 % 7 < 3;
            for stimulus in world.advance(wall, &|id| f64::from(fan && id == "bedroom_fan")) {
                if let Stimulus::Reading { sensor, quantity, value } = stimulus {
                    let range = match quantity {
                        Quantity::Temperature => -55.0..=55.0,
                        Quantity::Humidity => 2.0..=100.0,
                        Quantity::Pressure => 950.0..=1_060.0,
                        other => other.plausible(),
                    };
                    assert!(range.contains(&value), "{latitude} {wall} {sensor} {value}");
                }
            }
        }
    }
}

#[test]
fn steps_of_any_size_lead_to_the_same_house() {
    let end = start() + TimeDelta::hours(20);
    let at_end = |step_s: i64| {
        let mut world = World::new(&cottage(), start(), 5);
        let mut wall = start();
        while wall < end {
            wall += TimeDelta::seconds(step_s);
            world.advance(wall, &|id| f64::from(id == "living_heater"));
        }
        world.airs.iter().map(|air| air.temperature_c).collect::<Vec<_>>()
    };
    let fine = at_end(1);
    for step_s in [10, 45, 600, 3_600, 72_000] {
        for (fine, coarse) in fine.iter().zip(at_end(step_s)) {
            assert!((fine - coarse).abs() < 0.1, "{step_s}: {fine} {coarse}");
        }
    }
}

#[test]
fn a_jump_of_years_and_time_running_back_do_no_harm() {
    let mut world = World::new(&cottage(), start(), 5);
    let ahead = start() + TimeDelta::days(20_000);
    assert!(temperature(&world.advance(ahead, NOTHING_ON), "living").is_finite());
    let before = world.airs[0].temperature_c;
    world.advance(start(), NOTHING_ON);
    assert_eq!(world.airs[0].temperature_c, before);
}

#[test]
fn a_heater_warms_its_room_and_no_other() {
    let end = start() + TimeDelta::hours(2);
    let with = World::new(&cottage(), start(), 5).advance(end, &|id| f64::from(id == "living_heater"));
    let without = World::new(&cottage(), start(), 5).advance(end, NOTHING_ON);
    assert!(temperature(&with, "living") > temperature(&without, "living") + 5.0);
    assert_eq!(temperature(&with, "bedroom"), temperature(&without, "bedroom"));
}

#[test]
fn a_fan_cools_its_room() {
    let end = start() + TimeDelta::hours(2);
    let with = World::new(&cottage(), start(), 5).advance(end, &|id| f64::from(id == "bedroom_fan"));
    let without = World::new(&cottage(), start(), 5).advance(end, NOTHING_ON);
    assert!(temperature(&with, "bedroom") < temperature(&without, "bedroom") - 1.0);
}

#[test]
fn a_heater_without_a_sensor_of_its_own_warms_all_rooms_and_not_the_outdoors() {
    let mut config = empty_house();
    config.sensors = vec![sensor("porch", Chip::Lm75), sensor("attic", Chip::Lm75), sensor("study", Chip::Lm75)];
    config.outputs = vec![output("boiler", OutputKind::Heater)];
    let world = World::new(&config, start(), 1);
    assert_eq!([0, 1, 2].map(|air| world.plant.heats(air)), [false, true, true]);
}

/// A house of the rule language and zones.
fn house(text: &str) -> Config {
    let text = format!("[hub]\nid = 'home'\nlatitude = 52.0\nlongitude = 5.0\n{text}");
    crate::config::parse(std::path::Path::new("c.toml"), &text).unwrap_or_else(|report| panic!("{report}")).config
}

const TWO_ROOMS: &str = "[sensors.living]\nchip = 'tmp102'\n[sensors.bedroom]\nchip = 'tmp102'\naddress = 0x49\n\
                         [outputs.valve_a]\nkind = 'valve'\ngpio = 17\n[outputs.valve_b]\nkind = 'valve'\ngpio = 18\n\
                         [outputs.boiler]\nkind = 'heater'\ngpio = 19\nmax_on = '24h'\n";

/// How warm these sensors are after six hours with some outputs on.
fn after_six_hours(config: &Config, on: &[&str], sensors: [&str; 2]) -> [f64; 2] {
    let winter = Utc.with_ymd_and_hms(2026, 1, 11, 23, 0, 0).unwrap();
    let mut world = World::new(config, winter, 5);
    let mut news = Vec::new();
    for minutes in 1..=360 {
        news = world.advance(winter + TimeDelta::minutes(minutes), &|id| f64::from(on.contains(&id)));
    }
    sensors.map(|sensor| temperature(&news, sensor))
}

#[test]
fn a_boiler_warms_the_rooms_whose_valves_are_open() {
    let named = "[climate.living]\nsensor = 'living.temperature'\nheat = ['valve_a', 'boiler']\ntarget = 20\n\
                 [climate.bedroom]\nsensor = 'bedroom.temperature'\nheat = ['valve_b', 'boiler']\ntarget = 20\n";
    let by_rule = "[climate.living]\nsensor = 'living.temperature'\nheat = 'valve_a'\ntarget = 20\n\
                   [climate.bedroom]\nsensor = 'bedroom.temperature'\nheat = 'valve_b'\ntarget = 20\n\
                   [[rules]]\nname = 'Boiler'\nwhile = 'valve_a or valve_b'\nset = { boiler = 'on' }\n";
    for zones in [named, by_rule] {
        let config = house(&format!("{TWO_ROOMS}{zones}"));
        let rooms = ["living", "bedroom"];
        let [living, bedroom] = after_six_hours(&config, &["valve_a", "boiler"], rooms);
        assert!(living > 25.0 && bedroom < 19.0, "a closed valve lets the room cool: {living} {bedroom}");
        let [living, bedroom] = after_six_hours(&config, &["valve_a", "valve_b"], rooms);
        assert!(living < 19.0 && bedroom < 19.0, "no valve warms without the boiler: {living} {bedroom}");
        let [living, bedroom] = after_six_hours(&config, &["valve_a", "valve_b", "boiler"], rooms);
        assert!(living > 25.0 && bedroom > 25.0, "{living} {bedroom}");
        let [living, _] = after_six_hours(&config, &["boiler"], rooms);
        assert!(living < 19.0, "{living}");
    }
}

#[test]
fn valves_without_a_boiler_are_warmed_from_elsewhere() {
    let config = house(&format!(
        "{}[climate.living]\nsensor = 'living.temperature'\nheat = 'valve_a'\ntarget = 20\n",
        TWO_ROOMS.split("[outputs.boiler]").next().unwrap_or_default()
    ));
    let [living, _] = after_six_hours(&config, &["valve_a"], ["living", "bedroom"]);
    assert!(living > 25.0, "{living}");
}

#[test]
fn a_buffer_is_warmed_by_the_boiler_and_drained_by_open_valves() {
    let config = house(&format!(
        "{TWO_ROOMS}[sensors.buffer]\nchip = 'tmp102'\naddress = 0x4a\n\
         [climate.buffer]\nsensor = 'buffer.temperature'\nheat = 'boiler'\ntarget = 50\noverheat = 80\n\
         [climate.living]\nsensor = 'living.temperature'\nheat = 'valve_a'\ntarget = 20\n"
    ));
    let [buffer, living] = after_six_hours(&config, &["boiler", "valve_a"], ["buffer", "living"]);
    assert!(buffer > 70.0 && living > 25.0, "{buffer} {living}");
    let [drained, living] = after_six_hours(&config, &["valve_a"], ["buffer", "living"]);
    assert!(drained < 28.0 && living < 20.0, "cold water warms nothing: {drained} {living}");
    let [kept, _] = after_six_hours(&config, &[], ["buffer", "living"]);
    assert!(kept > drained + 5.0, "{kept} {drained}");
}

#[test]
fn rooms_of_two_zones_are_two_rooms_whatever_their_names_begin_with() {
    let text = TWO_ROOMS.replace("sensors.living", "sensors.temp_a").replace("sensors.bedroom", "sensors.temp_b");
    let config = house(&format!(
        "{text}[climate.a]\nsensor = 'temp_a.temperature'\nheat = ['valve_a', 'boiler']\ntarget = 20\n\
         [climate.b]\nsensor = 'temp_b.temperature'\nheat = ['valve_b', 'boiler']\ntarget = 20\n"
    ));
    let [a, b] = after_six_hours(&config, &["valve_a", "boiler"], ["temp_a", "temp_b"]);
    assert!(a > b + 5.0, "{a} {b}");
}

#[test]
fn a_button_is_clicked_and_never_held() {
    let mut config = empty_house();
    config.inputs = vec![input("hall_button", InputKind::Button)];
    let mut world = World::new(&config, start(), 5);
    let mut wall = start() + TimeDelta::hours(22);
    world.advance(wall, NOTHING_ON);
    let (mut pressed, mut presses) = (None, Vec::new());
    while wall < start() + TimeDelta::hours(24) {
        wall += world.step();
        for stimulus in world.advance(wall, NOTHING_ON) {
            match (stimulus, pressed) {
                (Stimulus::Input { active: true, .. }, _) => pressed = Some(wall),
                (Stimulus::Input { active: false, .. }, Some(since)) => presses.push(wall - since),
                _ => {}
            }
        }
    }
    assert_eq!(presses, [PRESSED_FOR]);
}

#[test]
fn what_the_world_leaves_out_is_known() {
    let mut config = cottage();
    config.outputs.extend([output("blind", OutputKind::Cover), output("alarm", OutputKind::Siren)]);
    config.inputs.push(input("kitchen_leak", InputKind::Leak));
    config.sensors.push(sensor("study", Chip::Scd4x));
    let left_out = not_modelled(&config);
    assert_eq!(left_out.outputs, ["blind", "alarm"]);
    assert_eq!((left_out.readings, left_out.inputs), (vec!["study.co2".to_owned()], vec!["kitchen_leak".to_owned()]));
    assert_eq!(not_modelled(&cottage()), NotModelled::default());
}

#[test]
fn the_same_seed_makes_the_same_day() {
    let day = |seed| {
        let mut world = World::new(&cottage(), start(), seed);
        (1..1_440).map(|minute| world.advance(start() + TimeDelta::minutes(minute), NOTHING_ON)).collect::<Vec<_>>()
    };
    assert_eq!(day(5), day(5));
    assert_ne!(day(5), day(6));
}

/// The minutes of a day, from midnight, at which an input was active.
fn active_minutes(config: &Config, wanted: &str) -> Vec<i64> {
    let mut world = World::new(config, start(), 5);
    let (mut active, mut minutes) = (false, Vec::new());
    for minute in 1..1_440 {
        for stimulus in world.advance(start() + TimeDelta::minutes(minute), NOTHING_ON) {
            if let Stimulus::Input { id, active: now } = stimulus
                && &*id == wanted
            {
                active = now;
            }
        }
        if active {
            minutes.push(minute);
        }
    }
    minutes
}

#[test]
fn people_pass_the_hall_in_the_evening_and_not_while_they_are_out() {
    let minutes = active_minutes(&cottage(), "hall_motion");
    let within = |from_h: i64, to_h: i64| minutes.iter().filter(|m| (from_h * 60..to_h * 60).contains(m)).count();
    assert!(within(17, 23) >= 10, "{minutes:?}");
    assert!(within(6, 9) >= 3, "{minutes:?}");
    assert_eq!(within(10, 16), 0, "{minutes:?}");
}

#[test]
fn the_front_door_opens_when_people_leave_and_come_home() {
    let minutes = active_minutes(&cottage(), "front_door");
    let within = |from_h: i64, to_h: i64| minutes.iter().filter(|m| (from_h * 60..to_h * 60).contains(m)).count();
    assert!(within(7, 9) >= 1 && within(16, 19) >= 1, "{minutes:?}");
    assert_eq!(within(7, 9) + within(16, 19), minutes.len(), "{minutes:?}");
}

#[test]
fn a_room_of_no_known_use_is_visited() {
    let mut config = empty_house();
    config.inputs = vec![input("attic_motion", InputKind::Motion), input("attic_leak", InputKind::Leak)];
    assert!(!active_minutes(&config, "attic_motion").is_empty());
    assert!(active_minutes(&config, "attic_leak").is_empty());
}

#[test]
fn a_walk_through_the_hall_is_seen_once() {
    let mut world = World::new(&cottage(), start(), 5);
    let step = |n| start() + TimeDelta::hours(11) + TimeDelta::seconds(n);
    world.advance(step(0), NOTHING_ON);
    assert_eq!(world.walk_through_hall().as_deref(), Some("hall_motion"));
    let moved = |news: Vec<Stimulus>| {
        news.into_iter()
            .filter_map(|s| match s {
                Stimulus::Input { active, .. } => Some(active),
                Stimulus::Reading { .. } => None,
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(moved(world.advance(step(10), NOTHING_ON)), [true]);
    assert_eq!(moved(world.advance(step(20), NOTHING_ON)), [false]);
    assert_eq!(World::new(&empty_house(), start(), 5).walk_through_hall(), None);
}

#[test]
fn an_empty_house_says_nothing() {
    let mut world = World::new(&empty_house(), start(), 5);
    assert_eq!(world.advance(start() + TimeDelta::hours(3), NOTHING_ON), []);
    assert_eq!(world.describe_people(), "everybody asleep");
    assert!(world.outdoor_c().is_finite());
}

const GARAGE: &str = "[inputs.shut]\nkind = 'switch'\ngpio = 5\n[inputs.up]\nkind = 'door'\ngpio = 6\n\
                      [outputs.garage]\nkind = 'cover'\nbutton_gpio = 17\nclosed_switch = 'shut'\n\
                      open_switch = 'up'\nopen_time = '15s'\nclose_time = '20s'\n";

/// What the end switches of the garage tell in these steps, seconds: how often its button is pressed before each.
fn switches(steps: &[(i64, u32)]) -> Vec<(i64, String, bool)> {
    let config = house(GARAGE);
    let mut world = World::new(&config, start(), 5);
    let mut told = Vec::new();
    for (second, presses) in steps {
        world.press_buttons(|id| if id == "garage.button" { *presses } else { 0 });
        for stimulus in world.advance(start() + TimeDelta::seconds(*second), NOTHING_ON) {
            if let Stimulus::Input { id, active } = stimulus {
                told.push((*second, id.to_string(), active));
            }
        }
    }
    told
}

#[test]
fn a_door_moves_when_its_button_is_pressed_and_its_switches_tell() {
    let at = |second: i64, id: &str, active: bool| (second, id.to_owned(), active);
    let begins = [at(1, "shut", true), at(1, "up", false)];
    let steps: Vec<(i64, u32)> = (1..60).map(|second| (second, (second == 5).into())).collect();
    assert_eq!(switches(&steps), [&begins[..], &[at(5, "shut", false), at(19, "up", true)]].concat());
    // Up, stopped half open, down.
    let steps = [(1, 0), (10, 1), (11, 1), (20, 0), (30, 1), (45, 0)];
    assert_eq!(switches(&steps), [&begins[..], &[at(10, "shut", false), at(45, "shut", true)]].concat());
    // Two presses between two looks: it has not come far, but left.
    assert_eq!(switches(&[(1, 0), (10, 2), (60, 0)]), [&begins[..], &[at(10, "shut", false)]].concat());
}

#[test]
fn a_world_with_a_door_on_its_way_is_asked_when_it_arrives() {
    let config = house(GARAGE);
    let mut world = World::new(&config, start(), 5);
    assert_eq!(world.step(), FINE_STEP);
    world.press_buttons(|_| 1);
    world.advance(start() + TimeDelta::seconds(9), NOTHING_ON);
    assert_eq!(world.step(), TimeDelta::seconds(6));
    assert_eq!(not_modelled(&config), NotModelled::default(), "a door and its switches are modelled");
}
