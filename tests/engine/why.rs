//! Why an output is as it is: rules and their parts, what is waited for, what comes next.

use crate::support::{engine_config::*, engine_house::*};
use hearthd::almanac::sun;
use hearthd::model::{
    ClimateFacet, Comparison, Condition, Expected, Number, Output, OutputFacet, Pending, Point, ReasonSlot, Reasons,
    RuleAhead, Slot, Summary, Truth,
};

fn told(pending: &[Pending]) -> Vec<(String, String)> {
    pending.iter().map(|pending| (pending.ends.format("%T").to_string(), pending.what.clone())).collect()
}

/// A lamp that is on while somebody is in the hall after dark, and a rule above it that keeps it off at night.
#[test]
fn each_part_of_each_rule_is_told_with_its_points() {
    let mut builder = Builder::new();
    let lamp = builder.output(Output { min_on: Some(mins(1)), ..output("lamp") });
    let motion = builder.input("motion");
    let hall = builder.room("hall", &[motion], mins(5));
    let sensor = builder.sensor("living");
    builder.rule("Night", between(at(1, 0), at(5, 0)), &[(lamp, OFF)]);
    let parts = vec![Condition::Dark, occupied(hall), warmer(sensor, 18.0)];
    builder.rule("Evening", Condition::All(parts), &[(lamp, ON)]);
    let mut house = House::at(builder.build(), "2026-11-23T17:00:00");
    house.input("motion", true);
    house.reads("living", 20.5);
    house.live(secs(10));
    house.input("motion", false);

    let reasons = house.engine.reasons(Point::Output(lamp), house.now);
    let rules: Vec<_> = reasons.rules.iter().map(|rule| (rule.level, rule.active)).collect();
    assert_eq!(rules, [(OFF, Truth::False), (ON, Truth::True)]);
    let texts: Vec<_> = reasons.rules[1].parts.iter().map(|part| (&*part.text, part.truth)).collect();
    let expected = [("dark", Truth::True), ("hall.occupied", Truth::True), ("living.temperature > 18", Truth::True)];
    assert_eq!(texts, expected);
    let points: Vec<_> = reasons.rules[1].parts[2].points.iter().map(|point| house.config.point_name(*point)).collect();
    assert_eq!(points, ["living.temperature"]);
    let pending = [("17:01:00", "min_on is over"), ("17:05:10", "hall is empty")];
    assert_eq!(told(&reasons.pending), pending.map(|(ends, what)| (ends.into(), what.into())));
    let next = reasons.next.unwrap();
    assert_eq!((next.at, next.value.as_str()), (utc("2026-11-23T17:05:10"), "OFF"));
    assert_eq!(next.line, "default: nobody asks for anything");
}

/// What follows from an output is as it is for its reasons; a lock is not.
#[test]
fn what_belongs_to_an_output_has_its_reasons() {
    let mut builder = Builder::new();
    let lamp = builder.output(Output { power: Some(8.0), lock: true, ..output("lamp") });
    builder.rule("Evening", between(at(17, 0), at(20, 0)), &[(lamp, ON)]);
    let house = House::at(builder.build(), "2026-11-23T17:00:00");
    let of = |point| house.engine.reasons(point, house.now);
    let whole = of(Point::Output(lamp));
    assert_eq!((whole.rules.len(), whole.next.is_some()), (1, true));
    for facet in [OutputFacet::Power, OutputFacet::Energy] {
        let reasons = of(Point::OutputFacet(lamp, facet));
        let slots: Vec<_> = reasons.slots.iter().map(|slot| (slot.slot, &*slot.value, &*slot.cause)).collect();
        assert_eq!(slots, [("rule", "ON", "Evening"), ("default", "OFF", "nobody asks for anything")], "{facet:?}");
        assert_eq!(Reasons { slots: Vec::new(), ..reasons }, whole, "{facet:?}");
    }
    assert_eq!(of(Point::OutputFacet(lamp, OutputFacet::Lock)), Reasons::default());
}

/// A scene holds nothing: of each that it sets it is told whether that is so.
#[test]
fn a_scene_tells_what_of_it_is_so() {
    let text = "[outputs.lamp]\nkind = \"light\"\ngpio = 17\n[outputs.fan]\nkind = \"fan\"\ngpio = 18\n\
                [scenes.evening]\nset = { lamp = \"on\", fan = \"off\" }\n";
    let mut house = House::new(from_text(text));
    let told = |house: &House| -> Vec<(String, Truth)> {
        let reasons = house.engine.reasons_of("scene.evening", house.now).unwrap();
        reasons.signs.into_iter().map(|sign| (sign.text, sign.truth)).collect()
    };
    let of = |lamp, fan| [("lamp ON".to_owned(), lamp), ("fan OFF".to_owned(), fan)];
    assert_eq!(told(&house), of(Truth::False, Truth::True));
    house.command("scene.evening", "ON");
    assert_eq!(told(&house), of(Truth::True, Truth::True));
    house.break_wire("fan");
    house.command("fan", "ON");
    assert_eq!(told(&house), of(Truth::True, Truth::Unknown));
    assert_eq!(house.engine.reasons_of("scene.morning", house.now), None);
}

/// Readings are taken to stay as they are: the next change is the window's end, not the sensor going stale.
#[test]
fn what_comes_next_takes_readings_to_stay() {
    let mut builder = Builder::new();
    let fan = builder.output(output("fan"));
    let sensor = builder.sensor("living");
    let condition = Condition::All(vec![warmer(sensor, 18.0), between(at(8, 0), at(20, 0))]);
    builder.rule("Day", condition, &[(fan, ON)]);
    let mut house = House::at(builder.build(), "2026-11-23T12:00:00");
    house.reads("living", 20.5);
    let before = house.engine.memory(house.now);
    let next = house.engine.reasons(Point::Output(fan), house.now).next.unwrap();
    assert_eq!((next.at, next.value.as_str()), (utc("2026-11-23T19:00:00"), "OFF"));
    assert_eq!(house.engine.memory(house.now), before, "looking ahead changes nothing");
}

/// All of a day at once, the soonest first; whatever stays as it is, is not told of.
#[test]
fn an_outlook_tells_each_change_of_a_day_and_the_sun() {
    let mut builder = Builder::new();
    let (lamp, fan) = (builder.output(output("lamp")), builder.output(output("fan")));
    builder.output(output("pump"));
    builder.rule("Night", between(at(22, 0), at(6, 0)), &[(lamp, ON)]);
    builder.rule("Day", between(at(8, 0), at(20, 0)), &[(fan, ON)]);
    builder.place(52.37, 4.89, "Europe/Amsterdam".parse().unwrap());
    let house = House::at(builder.build(), "2026-11-23T12:00:00");
    let before = house.engine.memory(house.now);
    let outlook = house.engine.outlook(house.now);
    let told = |Expected { point, next, .. }: &Expected| {
        (house.config.point_name(*point), next.at.to_rfc3339(), next.value.clone(), next.line.clone())
    };
    let expected = [
        ("fan", "2026-11-23T19:00:00+00:00", "OFF", "default: nobody asks for anything"),
        ("lamp", "2026-11-23T21:00:00+00:00", "ON", "rule: Night"),
        ("lamp", "2026-11-24T05:00:00+00:00", "OFF", "default: nobody asks for anything"),
        ("fan", "2026-11-24T07:00:00+00:00", "ON", "rule: Day"),
    ];
    let expected = expected.map(|(id, at, value, line)| (id.into(), at.into(), value.into(), line.into()));
    assert_eq!(outlook.changes.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(outlook.until, utc("2026-11-24T12:00:00"));
    let today = outlook.sun[1];
    let day = sun::day("2026-11-23".parse().unwrap(), 52.37, 4.89, "Europe/Amsterdam".parse().unwrap()).unwrap();
    let times = [day.dawn, day.sunrise, day.sunset, day.dusk];
    assert_eq!([today.dawn, today.sunrise, today.sunset, today.dusk], times);
    assert!(outlook.sun[0].dusk < today.dawn && outlook.sun[2].dawn > today.dusk);
    assert_eq!(house.engine.memory(house.now), before, "looking ahead changes nothing");
}

/// Also a level while the output stays on, what a zone is to hold, and the mode; the levels of a zone are on and off only.
#[test]
fn an_outlook_tells_levels_targets_and_the_mode() {
    let house = "[modes]\nlist = [\"home\", \"night\"]\n[outputs.dimmer]\nkind = \"light\"\npwm = 18\n\
                 [[rules]]\nname = \"Day\"\nset = { dimmer = 30 }\nwhile = 'time between 08:00 and 20:00'\n\
                 [[rules]]\nname = \"Evening\"\nset = { dimmer = 80 }\nwhile = 'time between 20:00 and 23:00'\n\
                 [[rules]]\nname = \"Bed\"\non = 'time 23:30'\ndo = \"mode night\"\n\
                 [outputs.heater]\nkind = \"heater\"\ngpio = 17\nslow_pwm = \"10m\"\n[sensors.living]\nchip = \"tmp102\"\n\
                 [climate.zone]\nsensor = \"living.temperature\"\nheat = \"heater\"\npid = { kp = 40, ti = \"30m\" }\ntarget = 20\n\
                 plan = [\"daily 06:30 21\", \"daily 22:30 17\"]\n";
    let mut house = House::at(from_text(house), "2026-11-23T12:00:00");
    house.reads("living", 20.5);
    let told = |Expected { point, percent, next }: &Expected| {
        let (time, value) = (next.at.format("%T").to_string(), next.value.clone());
        (house.config.point_name(*point), time, value, *percent)
    };
    let expected = [
        ("dimmer", "19:00:00", "ON", Some(80)),
        ("heater", "21:30:00", "OFF", Some(0)),
        ("zone.target", "21:30:00", "17", None),
        ("dimmer", "22:00:00", "OFF", Some(0)),
        ("mode", "22:30:00", "night", None),
        ("heater", "05:30:00", "ON", Some(20)),
        ("zone.target", "05:30:00", "21", None),
        ("dimmer", "07:00:00", "ON", Some(30)),
    ];
    let expected = expected.map(|(id, time, value, percent)| (id.into(), time.into(), value.into(), percent));
    let outlook = house.engine.outlook(house.now);
    assert_eq!(outlook.changes.iter().map(told).collect::<Vec<_>>(), expected);
    // And of each rule what it does first.
    let told = |rule: &RuleAhead| (rule.name.to_string(), rule.at.format("%T").to_string(), rule.active);
    let expected = [
        ("Day", "19:00:00", Some(Truth::False)),
        ("Evening", "19:00:00", Some(Truth::True)),
        ("Bed", "22:30:00", None),
    ];
    let expected = expected.map(|(name, time, active)| (name.to_owned(), time.to_owned(), active));
    assert_eq!(outlook.rules.iter().map(told).collect::<Vec<_>>(), expected);
}

/// Also after a restart.
#[test]
fn the_mode_is_due_to_who_set_it_last() {
    let house = "[modes]\nlist = [\"home\", \"away\", \"night\"]\n\
                 [[rules]]\nname = \"Bed\"\non = 'time 23:30'\ndo = \"mode night\"\n";
    let mut house = House::at(from_text(house), "2026-11-23T22:20:00");
    let why = |house: &House| house.point("mode").why().unwrap().to_owned();
    assert_eq!(why(&house), "default: the mode of the file");
    house.command("mode", "away");
    assert_eq!(why(&house), "manual: command by MQTT");
    house.live(mins(15));
    assert_eq!(why(&house), "rule: Bed");
    house.restart(secs(5));
    assert_eq!(why(&house), "rule: Bed");
    let slots = house.engine.reasons(Point::Mode, house.now).slots;
    let told = |slot: &ReasonSlot| (slot.slot, slot.value.clone(), slot.cause.clone());
    assert_eq!(slots.iter().map(told).collect::<Vec<_>>(), [("rule", "night".to_owned(), "Bed".to_owned())]);
}

/// Without a line, a broker would keep the one before.
#[test]
fn a_mode_has_a_reason_also_if_the_file_begins_with_another_or_the_state_is_old() {
    let modes = |start: &str| from_text(&format!("[modes]\nlist = [\"home\", \"away\"]\nstart = \"{start}\"\n"));
    let why = |house: &House| house.point("mode").why().unwrap_or_default().to_owned();
    let mode = |house: &House| house.point("mode").value;
    let mut house = House::new(modes("home"));
    let memory = house.engine.memory(house.now);
    let other = House::start(modes("away"), Some(memory.clone()), house.now);
    assert_eq!(mode(&other), mode(&house));
    assert_eq!(why(&other), "default: as it was before the file named another to begin with");
    let back = House::start(modes("home"), Some(other.engine.memory(other.now)), other.now);
    assert_eq!(why(&back), "default: the mode of the file");

    // Earlier versions did not write down who.
    for word in ["away", "home"] {
        house.command("mode", word);
        let mut memory = serde_json::to_value(house.engine.memory(house.now)).unwrap();
        assert!(memory["mode"].as_object_mut().unwrap().remove("by").is_some());
        let old = House::start(modes("home"), Some(serde_json::from_value(memory).unwrap()), house.now);
        assert_eq!(mode(&old), mode(&house));
        assert_eq!(why(&old), "default: as it was left; it is not known who set it");
    }
}

/// Where clocks change, a day has 23 or 25 hours.
#[test]
fn the_sun_is_told_of_yesterday_today_and_tomorrow_also_where_clocks_change() {
    let zone = "Europe/Amsterdam".parse().unwrap();
    let mut builder = Builder::new();
    builder.place(52.37, 4.89, zone);
    let config = builder.build();
    // By local time, a quarter past midnight and half past.
    for (now, days) in [
        ("2026-10-24T22:15:00", ["2026-10-24", "2026-10-25", "2026-10-26"]),
        ("2026-03-29T22:30:00", ["2026-03-29", "2026-03-30", "2026-03-31"]),
    ] {
        let house = House::at(config.clone(), now);
        let sunrises = house.engine.outlook(house.now).sun.into_iter().map(|sun| sun.sunrise).collect::<Vec<_>>();
        let expected = days.map(|day| sun::day(day.parse().unwrap(), 52.37, 4.89, zone).unwrap().sunrise);
        assert_eq!(sunrises, expected, "{now}");
    }
}

/// A house that nobody placed has no sun, and one that switches all the time is not followed for ever.
#[test]
fn an_outlook_ends_where_too_much_happens() {
    let blinker = "[outputs.blinker]\nkind = \"switch\"\ngpio = 19\n\
                   [[rules]]\nname = \"Blink\"\non = 'every 2s'\ndo = \"toggle blinker\"\n";
    let house = House::at(from_text(blinker), "2026-11-23T12:00:00");
    let outlook = house.engine.outlook(house.now);
    assert_eq!((outlook.changes.len(), outlook.sun.len()), (500, 0));
    assert_eq!(outlook.until, outlook.changes[499].next.at);
}

#[test]
fn what_stays_for_a_day_has_no_next() {
    let mut builder = Builder::new();
    let lamp = builder.output(output("lamp"));
    let house = House::new(builder.build());
    assert_eq!(house.engine.reasons(Point::Output(lamp), house.now).next, None);
}

#[test]
fn a_command_and_a_for_are_waited_for() {
    let mut builder = Builder::new();
    let lamp = builder.output(output("lamp"));
    let motion = builder.input("motion");
    builder.rule("Still there", held(is_on(motion), mins(10)), &[(lamp, ON)]);
    let mut house = House::new(builder.build());
    house.input("motion", true);
    house.command_for("lamp", "OFF", Some(mins(3)));
    let reasons = house.engine.reasons(Point::Output(lamp), house.now);
    let pending = [("12:03:00", "the command ends"), ("12:10:00", "motion for 10m")];
    assert_eq!(told(&reasons.pending), pending.map(|(ends, what)| (ends.into(), what.into())));
}

/// A zone with a plan, at noon UTC (13:00 in Amsterdam).
#[test]
fn a_zone_tells_who_set_its_points_since_when_and_until_when() {
    let mut house = House::new(from_text(
        "[outputs.heater]\nkind = \"heater\"\ngpio = 17\n[sensors.living]\nchip = \"tmp102\"\n\
         [climate.living]\nsensor = \"living.temperature\"\nheat = \"heater\"\ntarget = 20\n\
         presets = { night = 17 }\nplan = [\"daily 06:30 21\", \"daily 22:30 night\"]\n",
    ));
    house.reads("living", 19.0);
    let why = |house: &House, point: &str| house.point(point).why().unwrap_or_default().to_owned();
    let plan = "plan: the plan since 2026-11-23 06:30:00, until 2026-11-23 22:30:00";
    assert_eq!(why(&house, "living.target"), plan);
    assert_eq!(why(&house, "living.mode"), "default: the mode of the file");
    assert_eq!(why(&house, "living.action"), "climate: living heating to 21 °C (19 °C)");
    house.live(mins(1));
    house.command("living.target", "23");
    assert_eq!(house.point("living.target").changed, Some(utc("2026-11-23T12:01:00")));
    assert_eq!(why(&house, "living.target"), "manual: command by MQTT, until 2026-11-23 22:30:00");

    let zone = house.config.find_climate("living").unwrap();
    let reasons = house.engine.reasons(Point::Climate(zone, ClimateFacet::Target), house.now);
    let slots: Vec<_> = reasons.slots.iter().map(|slot| (slot.slot, slot.value.as_str())).collect();
    assert_eq!(slots, [("manual", "23 °C"), ("plan", "21 °C"), ("default", "20 °C")]);
    let next = reasons.next.unwrap();
    assert_eq!((next.at, next.value.as_str()), (utc("2026-11-23T21:30:00"), "17 °C"));
    assert!(next.line.starts_with("plan: preset night, the plan since"), "{}", next.line);

    let all = house.engine.reasons_of_zone(zone, house.now);
    let points: Vec<_> = all.points.iter().map(|point| house.config.point_name(*point)).collect();
    assert!(points.contains(&"living.preset".into()) && points.contains(&"heater".into()), "{points:?}");
}

#[test]
fn the_wire_of_slow_pwm_tells_what_holds_it() {
    let text = "[outputs.heater]\nkind = \"heater\"\ngpio = 17\nslow_pwm = \"10s\"\nmin_off = \"1m\"\n";
    let mut house = House::new(from_text(text));
    house.command("heater", "ON");
    house.live(mins(1));
    house.command("heater", "OFF");
    house.live(secs(5));
    house.command("heater", "ON");
    let heater = house.config.find_output("heater").unwrap();
    let reasons = house.engine.reasons(Point::Output(heater), house.now);
    let slots: Vec<_> = reasons.wires[0].explanation.slots.iter().map(|(slot, _)| *slot).collect();
    assert_eq!(slots[0], Slot::Protect);
    assert!(reasons.pending.iter().any(|pending| pending.what == "min_off of heater.wire is over"));
}

/// A thermometer that is silent since long tells nothing of what comes.
#[test]
fn a_stale_reading_promises_nothing() {
    let mut builder = Builder::new();
    let heater = builder.output(output("heater"));
    let living = builder.sensor("living");
    builder.rule("Cold", held(colder(living, 20.0), mins(30)), &[(heater, ON)]);
    let mut house = House::new(builder.build());
    house.reads("living", 18.0);
    let next = house.engine.reasons(Point::Output(heater), house.now).next.unwrap();
    assert_eq!((next.at, &*next.value), (utc("2026-11-23T12:30:00"), "ON"));
    house.live(mins(10));
    assert_eq!(house.engine.reasons(Point::Output(heater), house.now).next, None, "it is stale");
    house.live(mins(60));
    assert!(!house.is_on("heater"));
}

#[test]
fn an_until_that_keeps_a_rule_off_is_told() {
    let mut builder = Builder::new();
    let fan = builder.output(output("fan"));
    let (motion, window) = (builder.input("motion"), builder.input("window"));
    builder.rule_until("Air", is_on(motion), is_on(window), &[(fan, ON)]);
    let mut house = House::new(builder.build());
    house.input("window", true);
    house.input("motion", true);
    let parts = |house: &House| -> Vec<(String, Truth)> {
        let reasons = house.engine.reasons(Point::Output(fan), house.now);
        reasons.rules[0].parts.iter().map(|part| (part.text.clone(), part.truth)).collect()
    };
    assert_eq!(parts(&house), [("motion".to_owned(), Truth::True), ("until window".to_owned(), Truth::True)]);
    house.input("window", false);
    assert!(house.is_on("fan"));
    assert_eq!(parts(&house), [("until window".to_owned(), Truth::False)]);
    house.input("motion", false);
    house.input("window", true);
    house.input("window", false);
    assert_eq!(parts(&house), [("motion".to_owned(), Truth::False)]);
}

#[test]
fn an_average_is_told_where_an_average_is_compared() {
    let mut builder = Builder::new();
    let fan = builder.output(output("fan"));
    let living = builder.sensor("living");
    let average = Number::Over(Summary::Average, builder.series(living, mins(1)));
    let warm = Condition::Compare(average, Comparison::Greater, Number::Constant(21.0));
    builder.rule("Warm", warm, &[(fan, ON)]);
    let mut house = House::new(builder.build());
    for value in [20.0, 20.0, 20.0, 26.0] {
        house.reads("living", value);
        house.live(secs(20));
    }
    let reasons = house.engine.reasons(Point::Output(fan), house.now);
    let part = &reasons.rules[0].parts[0];
    assert_eq!((part.truth, part.points.len()), (Truth::False, 0));
    assert_eq!(part.numbers, ["average(living.temperature, 1m) 20.00 °C"]);
}

/// Slow PWM switches its wire thousands of times a day, and still the end of a command is seen.
#[test]
fn the_end_of_a_command_is_seen_behind_slow_pwm() {
    let text = "[outputs.floor]\nkind = \"heater\"\ngpio = 5\nslow_pwm = \"4s\"\n\
                [outputs.lamp]\nkind = \"light\"\ngpio = 6\n";
    let mut house = House::new(from_text(text));
    house.command("floor", "40");
    house.command_for("lamp", "ON", Some(mins(300)));
    house.live(secs(3));
    let reasons = |name: &str| house.engine.reasons(house.config.find_point(name).unwrap(), house.now);
    assert_eq!(reasons("lamp").next.unwrap().at, utc("2026-11-23T17:00:00"));
    let mut house = house.clone();
    house.command_for("floor", "40", Some(mins(300)));
    let next = house.engine.reasons(house.config.find_point("floor").unwrap(), house.now).next.unwrap();
    assert_eq!((next.at, &*next.value), (utc("2026-11-23T17:00:03"), "OFF"));
}
