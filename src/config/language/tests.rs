//! Text to condition, and text to mistake with its place.

use super::*;
use crate::model::{Anchor, Config, Date, Point, TimeOfDay};
use std::path::Path;

const HOUSE: &str = "\
[hub]
id = 'home'
latitude = 52.0
longitude = 5.0
[outputs.hall_light]
kind = 'light'
gpio = 17
[outputs.gate]
kind = 'valve'
gpio = 18
[inputs.hall_motion]
kind = 'motion'
gpio = 4
[inputs.front_door]
kind = 'door'
gpio = 5
[inputs.washer]
kind = 'leak'
gpio = 6
[sensors.living]
chip = 'bme280'
[sensors.bedroom]
chip = 'tmp102'
[rooms.hall]
motion = ['hall_motion']
[outputs.heater]
kind = 'heater'
gpio = 19
[climate.hall]
sensor = 'living.temperature'
heat = 'heater'
target = 20
presets = { night = 17 }
[modes]
";

fn house() -> Config {
    crate::config::parse(Path::new("c.toml"), HOUSE).unwrap().config
}

fn parsed(text: &str) -> Result<Condition, Vec<Mistake>> {
    condition(text, &Scope { config: &house(), placed: true, holidays: true }, &mut Kept::default())
}

/// A condition in one line, with names for points.
fn spelt(condition: &Condition, config: &Config) -> String {
    let all = |parts: &[Condition]| parts.iter().map(|part| spelt(part, config)).collect::<Vec<_>>().join(", ");
    match condition {
        Condition::All(parts) => format!("all({})", all(parts)),
        Condition::Any(parts) => format!("any({})", all(parts)),
        Condition::Not(inner) => format!("not({})", spelt(inner, config)),
        Condition::Held { condition, duration, timer } => {
            format!("held#{timer}({}, {duration:?})", spelt(condition, config))
        }
        Condition::On(point) => config.point_name(*point),
        Condition::ClimateIs(zone, facet, word) => {
            format!("is({}, {word})", config.point_name(Point::Climate(*zone, *facet)))
        }
        Condition::Compare(left, comparison, right) => {
            format!("{comparison:?}({}, {})", number(left, config), number(right, config))
        }
        Condition::TimeBetween { from, to, next_day } => {
            let time = |time: &TimeOfDay| {
                let spread = time.spread.map(|spread| format!(" ~{}", spread.most_s)).unwrap_or_default();
                let bound = |name: &str, bound: Option<i32>| bound.map(|s| format!(" {name}{s}")).unwrap_or_default();
                let (earliest, latest) = (bound(">=", time.earliest_s), bound("<=", time.latest_s));
                format!("{:?}{:+}{spread}{earliest}{latest}", time.anchor, time.offset_s)
            };
            format!("time({}, {}{})", time(from), time(to), if *next_day { ", next day" } else { "" })
        }
        Condition::Dark => "dark".into(),
        Condition::Daylight => "daylight".into(),
        Condition::Holiday => "holiday".into(),
        Condition::Date(ranges) => {
            let date = |date: Date| format!("{}.{}", date.day, date.month);
            let ranges: Vec<_> = ranges.iter().map(|r| format!("{}-{}", date(r.first), date(r.last))).collect();
            format!("date({})", ranges.join(", "))
        }
        Condition::Mode(modes) => {
            format!("mode({})", modes.iter().map(|mode| &*config.modes.list[*mode]).collect::<Vec<_>>().join(", "))
        }
        Condition::Changed { point, within } => format!("changed({}, {within:?})", config.point_name(*point)),
        Condition::PresenceSimulation { .. } | Condition::Due { .. } => "made of a key".into(),
        Condition::Night(_) | Condition::Lost(_) => condition.describe(config),
        Condition::Day(set) => {
            format!("day({})", (0..7).filter(|day| set.contains(*day)).map(|day| day.to_string()).collect::<String>())
        }
    }
}

fn number(written: &crate::model::Number, config: &Config) -> String {
    use crate::model::Number;
    match written {
        Number::Constant(number) => number.to_string(),
        Number::Reading(sensor, quantity) => config.point_name(Point::Reading(*sensor, *quantity)),
        Number::Output(output, facet) => config.point_name(Point::OutputFacet(*output, *facet)),
        Number::Climate(zone, facet) => config.point_name(Point::Climate(*zone, *facet)),
        Number::SunElevation => "sun".into(),
        Number::Length(_) | Number::Today(_) => written.describe(config),
        Number::Over(summary, series) => format!("{summary:?}#{}", series.0),
        Number::Add(a, b) => format!("({} + {})", number(a, config), number(b, config)),
        Number::Subtract(a, b) => format!("({} - {})", number(a, config), number(b, config)),
        Number::Multiply(a, b) => format!("({} * {})", number(a, config), number(b, config)),
        Number::Divide(a, b) => format!("({} / {})", number(a, config), number(b, config)),
    }
}

#[test]
fn sentences() {
    let config = house();
    for (text, expected) in [
        // What binds how tightly.
        ("dark and hall.occupied", "all(dark, hall.occupied)"),
        ("dark or daylight and hall_light", "any(dark, all(daylight, hall_light))"),
        ("(dark or daylight) and hall_light", "all(any(dark, daylight), hall_light)"),
        ("dark and (hall_motion and hall_light)", "all(dark, hall_motion, hall_light)"),
        ("not hall.occupied for 10m", "held#0(not(hall.occupied), 600s)"),
        ("dark and hall.occupied for 10m", "all(dark, held#0(hall.occupied, 600s))"),
        (
            "dark for 1m or (hall.occupied and dark) for 1h30m",
            "any(held#0(dark, 60s), held#1(all(hall.occupied, dark), 5400s))",
        ),
        ("not not dark", "not(not(dark))"),
        ("not bedroom.temperature > 26", "not(Greater(bedroom.temperature, 26))"),
        ("dark\n  and hall_light", "all(dark, hall_light)"),
        // Climate zones.
        ("hall.action is heating", "is(hall.action, heating)"),
        ("hall.mode is not off", "not(is(hall.mode, off))"),
        ("hall.preset is night or hall.alarm is none", "any(is(hall.preset, night), is(hall.alarm, none))"),
        ("bedroom.temperature < hall.target - 2", "Less(bedroom.temperature, (hall.target - 2))"),
        // Numbers.
        ("bedroom.temperature > 26", "Greater(bedroom.temperature, 26)"),
        ("bedroom.temperature >= 26°C", "GreaterOrEqual(bedroom.temperature, 26)"),
        ("bedroom.temperature < 26 °C", "Less(bedroom.temperature, 26)"),
        ("26C <= bedroom.temperature", "LessOrEqual(26, bedroom.temperature)"),
        ("bedroom.temperature above 26 C", "Greater(bedroom.temperature, 26)"),
        ("bedroom.temperature is below -5.5", "Less(bedroom.temperature, -5.5)"),
        ("living.humidity at least 60%", "GreaterOrEqual(living.humidity, 60)"),
        ("living.humidity is at most 60 %", "LessOrEqual(living.humidity, 60)"),
        ("living.pressure == 1013hPa", "Equal(living.pressure, 1013)"),
        ("living.pressure != 1013 hPa", "NotEqual(living.pressure, 1013)"),
        ("bedroom.temperature is not above 26", "not(Greater(bedroom.temperature, 26))"),
        (
            "bedroom.temperature between 20 and 22 and dark",
            "all(GreaterOrEqual(bedroom.temperature, 20), LessOrEqual(bedroom.temperature, 22), dark)",
        ),
        (
            "living.temperature - bedroom.temperature * 2 > 3",
            "Greater((living.temperature - (bedroom.temperature * 2)), 3)",
        ),
        (
            "(living.temperature + bedroom.temperature) / 2 > 20",
            "Greater(((living.temperature + bedroom.temperature) / 2), 20)",
        ),
        ("living.temperature > bedroom.temperature + 2°C", "Greater(living.temperature, (bedroom.temperature + 2))"),
        ("living.temperature > 2 * 10 + 1", "Greater(living.temperature, 21)"),
        ("sun.elevation < -3", "Less(sun, -3)"),
        ("sun.elevation < -3°", "Less(sun, -3)"),
        // States.
        ("front_door is open", "front_door"),
        ("front_door is closed", "not(front_door)"),
        ("front_door is not open", "not(front_door)"),
        ("washer is wet or gate is closed", "any(washer, not(gate))"),
        ("hall is occupied", "hall.occupied"),
        ("hall.occupied is empty", "not(hall.occupied)"),
        ("hall_light is on and hall_motion is inactive", "all(hall_light, not(hall_motion))"),
        // Times.
        ("time between 08:00 and 22:30", "time(Midnight+28800, Midnight+81000)"),
        ("time between 22:30 and 08:00:30", "time(Midnight+81000, Midnight+28830, next day)"),
        ("time between 22:00 and 24:00", "time(Midnight+79200, Midnight+86400)"),
        ("time between 22:00 and 00:00", "time(Midnight+79200, Midnight+0, next day)"),
        ("time after 22:00", "time(Midnight+79200, Midnight+86400)"),
        ("time before sunrise", "time(Midnight+0, Sunrise+0)"),
        ("time after sunset+1h", "time(Sunset+3600, Midnight+86400)"),
        ("time between sunset-15m and 23:30", "time(Sunset-900, Midnight+84600)"),
        ("time between sunset - 15m and 01:00", "time(Sunset-900, Midnight+3600, next day)"),
        ("time between 06:00 and sunrise", "time(Midnight+21600, Sunrise+0)"),
        ("time between 20:00 and dawn", "time(Midnight+72000, Dawn+0, next day)"),
        ("time between 16:00 and dusk", "time(Midnight+57600, Dusk+0)"),
        ("time between 22:00 and sunset", "time(Midnight+79200, Sunset+0, next day)"),
        ("time between sunrise and 09:00", "time(Sunrise+0, Midnight+32400)"),
        ("time between dawn and 02:00", "time(Dawn+0, Midnight+7200, next day)"),
        ("time between sunset and sunrise", "time(Sunset+0, Sunrise+0, next day)"),
        ("time between sunrise and sunset", "time(Sunrise+0, Sunset+0)"),
        ("time between sunset and sunset + 2h", "time(Sunset+0, Sunset+7200)"),
        ("time between sunset + 2h and sunset", "time(Sunset+7200, Sunset+0, next day)"),
        // Days.
        ("day is saturday", "day(5)"),
        ("day is saturday or sunday", "day(56)"),
        ("day is saturday or dark", "any(day(5), dark)"),
        ("day is saturday or day is sunday", "any(day(5), day(6))"),
        ("day in monday, tuesday or friday and dark", "all(day(014), dark)"),
        ("day is not saturday or sunday", "day(01234)"),
        ("day between monday and friday", "day(01234)"),
        ("day between friday and monday", "day(0456)"),
        ("weekday or weekend", "any(day(01234), day(56))"),
        ("weekday and not holiday", "all(day(01234), not(holiday))"),
        // Times that move.
        ("time after nautical dusk", "time(NauticalDusk+0, Midnight+86400)"),
        ("time between astronomical dusk and nautical dawn", "time(AstronomicalDusk+0, NauticalDawn+0, next day)"),
        ("time between sunset not before 16:30 and 23:00", "time(Sunset+0 >=59400, Midnight+82800)"),
        (
            "time between sunset - 10m not after 21:00 not before 17:00 and 23:00 spread 20m and dark",
            "all(time(Sunset-600 >=61200 <=75600, Midnight+82800 ~1200), dark)",
        ),
        ("time after 22:00 spread 15m", "time(Midnight+79200 ~900, Midnight+86400)"),
        // Dates.
        ("date between 15 october and 15 april", "date(15.10-15.4)"),
        ("date is 24 december or 31 december", "date(24.12-24.12, 31.12-31.12)"),
        ("date is not 1 january and dark", "all(not(date(1.1-1.1)), dark)"),
        ("date in july, august or dark", "any(date(1.7-31.7, 1.8-31.8), dark)"),
        // Modes.
        ("mode is away", "mode(away)"),
        ("mode is not away", "not(mode(away))"),
        ("mode is vacation or away and dark", "all(mode(away, vacation), dark)"),
        ("mode is away or hall_light and dark", "any(mode(away), all(hall_light, dark))"),
        ("mode in night, away", "mode(away, night)"),
        ("mode changed within 5m", "changed(mode, 300s)"),
        ("front_door changed within 5m and dark", "all(changed(front_door, 300s), dark)"),
        ("hall changed within 1h", "changed(hall.occupied, 3600s)"),
        // Looking back.
        ("average(living.temperature, 10m) > 21", "Greater(Average#0, 21)"),
        ("today(hall_light) below 4h", "Less(today(hall_light), 4h)"),
        ("today(hall) at least 1h30m", "GreaterOrEqual(today(hall.occupied), 1h30m)"),
        (
            "today(hall_light) between 30m and 2h",
            "all(GreaterOrEqual(today(hall_light), 30m), LessOrEqual(today(hall_light), 2h))",
        ),
        (
            "today(hall_light) * 2 > today(hall_motion) + 5m",
            "Greater((today(hall_light) * 2), (today(hall_motion) + 5m))",
        ),
        ("living.humidity > average(living.humidity, 1h) + 5", "Greater(living.humidity, (Average#0 + 5))"),
        (
            "trend(living.temperature, 1h) < -1 and minimum(living.temperature, 1h) < maximum(bedroom.temperature, 2h)",
            "all(Less(Trend#0, -1), Less(Minimum#0, Maximum#1))",
        ),
    ] {
        match parsed(text) {
            Ok(condition) => assert_eq!(spelt(&condition, &config), expected, "{text}"),
            Err(mistakes) => panic!("{text}: {mistakes:?}"),
        }
    }
}

#[test]
fn mistakes_point_at_their_words() {
    for (text, culprit, advice) in [
        ("dark and bedrom.temperature > 26", "bedrom.temperature", "did you mean `bedroom.temperature`?"),
        ("dark && daylight", "&&", "write `and`"),
        ("bedroom.temperature > 60 %", "60 %", "write a temperature in °C"),
        ("bedroom.temperature > 80°F and dark", "80°F", "temperatures are in °C: write 26.7°C"),
        ("dark and bedroom > 3", "bedroom", "write `bedroom.temperature`"),
        ("front_door is opn or dark", "opn", "did you mean `open`?"),
        ("time between 22:00 and 7:30pm", "7:30pm", "write 19:30"),
        ("hall.occupied for 10min", "10min", "write 10m"),
        ("hall.occupied for 10 minutes", "10 minutes", "write 10m"),
        ("dark and time > 22:00", ">", "write `time after 22:00`"),
        ("time after civil dusk", "civil", "leave out `civil`"),
        ("time after nautical sunset", "sunset", "write `dawn` or `dusk`"),
        ("time after 22:00 not before 21:00", "before", "leave it out: 22:00 is always 22:00"),
        (
            "time after sunset not before 21:00 not after 20:00",
            "sunset not before 21:00 not after 20:00",
            "write the earlier time after `not before`",
        ),
        ("time after sunset spread 5h", "5h", "write at most 4h"),
        ("date is december 24", "december 24", "write `24 december`"),
        ("date is 24th december", "24th", "write 24"),
        ("date is 24 dec", "dec", "write `december`"),
        ("date between 31 november and 2 december", "31 november", "write 1 to 30"),
        ("date after 1 june", "after", "a year has no beginning here: write `date between 1 june and 31 august`"),
        ("mode is awy", "awy", "did you mean `away`?"),
        ("vacation and dark", "vacation", "write `mode is vacation`"),
        ("changed front_door", "changed", "write `front_door changed within 5m`"),
        ("front_door changed in 5m", "in", "write `within`"),
        (
            "living.temperature changed within 5m",
            "living.temperature",
            "write, for example, `trend(living.temperature, 1h) > 1`",
        ),
        ("today hall_light < 4h", "hall_light", "write what it is of, as in `today(hall_light)`"),
        ("today(hall_light, 1d) < 4h", ",", "write `)`"),
        ("today(hall_light) < 4", "4", "write 4h for hours or 4m for minutes"),
        ("today(hall_light) < 30h", "30h", "write at most 24h"),
        ("today(hall_light) < 4%", "4%", "write a duration such as 90s, 5m or 1h30m"),
        (
            "today(living.temperature) > 3",
            "living.temperature",
            "write `average(living.temperature, 1d)`, or minimum or maximum instead of average",
        ),
        ("hall_light today < 4h", "today", "write `today(hall_light)`"),
        ("on_today(hall_light) < 4h", "(", "write `today(...)`, without anything before or after `today`"),
        ("hall_light.on_today < 4h", "hall_light.on_today", "write `today(hall_light)`"),
        ("average(hall_light, 5m) > 1", "hall_light", "write the reading of a sensor, such as `living.temperature`"),
        (
            "average(living.temperature) > 1",
            ")",
            "write a comma and a duration, as in `average(living.temperature, 1h)`",
        ),
        ("average(living.temperature, 5s) > 1", "average(living.temperature, 5s)", "write 1m to 7d"),
        ("average(living.temperature, 1h) > 5%", "5%", "write a temperature in °C"),
        ("july", "july", "write `date in july`"),
    ] {
        let mistakes = parsed(text).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
        assert_eq!(&text[mistakes[0].place.clone()], culprit, "{text}");
        assert_eq!(mistakes[0].advice, advice, "{text}");
    }
}

#[test]
fn all_unknown_names_of_a_condition_are_told() {
    let mistakes = parsed("hall.ocupied and drak or frontdoor").unwrap_err();
    let advice: Vec<&str> = mistakes.iter().map(|mistake| mistake.advice.as_str()).collect();
    assert_eq!(advice, ["did you mean `hall.occupied`?", "did you mean `dark`?", "did you mean `front_door`?"]);
}

#[test]
fn timers_are_numbered_over_both_conditions_of_a_rule() {
    let text = format!(
        "{HOUSE}[[rules]]\nname = 'r'\nwhile = 'dark for 1m'\nuntil = 'daylight for 1m or hall_motion for 2m'\n\
         set = {{ hall_light = true }}\n"
    );
    let config = crate::config::parse(Path::new("c.toml"), &text).unwrap().config;
    let rule = &config.rules[0];
    assert_eq!(rule.timers, 3);
    assert_eq!(spelt(&rule.condition, &config), "held#0(dark, 60s)");
    let until = rule.until.as_ref().map(|until| spelt(until, &config));
    assert_eq!(until.as_deref(), Some("any(held#1(daylight, 60s), held#2(hall_motion, 120s))"));
}

#[test]
fn contradictions_are_seen_only_where_they_are() {
    for text in [
        "bedroom.temperature >= 20 and bedroom.temperature <= 20",
        "bedroom.temperature > 20 and living.temperature < 20",
        "bedroom.temperature > 30 or bedroom.temperature < 20",
        "time after 22:00 or time before 06:00",
        "time between 22:00 and 06:00 and time after 05:00",
        "time between 22:00 and 06:00 and time between 05:00 and 23:00",
        "living.humidity >= 100",
        "hall_light and not hall_motion",
    ] {
        assert!(parsed(text).is_ok(), "{text}: {:?}", parsed(text));
    }
    for text in [
        "bedroom.temperature > 20 and bedroom.temperature <= 20",
        "dark and 30 < bedroom.temperature and bedroom.temperature below 20",
        "time between 22:00 and 06:00 and time between 07:00 and 21:00",
        "living.humidity < 0",
        "hall_light and (dark and not hall_light)",
        "weekend and day is monday",
    ] {
        assert!(parsed(text).is_err(), "{text}");
    }
}

#[test]
fn a_window_between_clock_and_sun_ends_on_the_day_that_people_mean() {
    let at = TimeOfDay::new;
    let clock = |hour: i32| at(Anchor::Midnight, hour * 3600);
    for (from, to, next_day) in [
        (clock(11), at(Anchor::Sunrise, 0), Some(false)),
        (clock(12), at(Anchor::Sunrise, 0), Some(true)),
        (clock(20), at(Anchor::Dusk, 0), Some(false)),
        (clock(21), at(Anchor::Dusk, 0), Some(true)),
        (at(Anchor::Dawn, 0), clock(2), Some(true)),
        (at(Anchor::Dawn, 0), clock(3), Some(false)),
        (at(Anchor::Sunset, 0), clock(11), Some(true)),
        (at(Anchor::Sunset, 0), clock(12), Some(false)),
        (at(Anchor::Dusk, 0), at(Anchor::Dusk, 0), None),
        (clock(8), clock(8), None),
    ] {
        assert_eq!(time_of_day::ends_next_day(from, to), next_day, "{from:?} {to:?}");
    }
}
