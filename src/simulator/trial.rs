//! A day of a configuration that is being edited, beside that of the one in force: the same weather, the same people.

use super::{
    house::House,
    play::{self, Play, Witness},
    report::{Keep, Recording, Track, text::unit},
    scenario,
    watch::Change,
    world::{Measured, PEOPLE, VirtualWorld},
};
use crate::{
    almanac::{local_instant, written::date_or_time},
    clock::{Clock, Moment},
    config::Source,
    house::editing::{Day, NumberDay, OutputDay, Trial, Trialled, Turn},
    model::{ClockTrust, Config, duration},
};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use std::{sync::Arc, time::Duration};

/// A week.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);
const DAY: Duration = Duration::from_secs(86_400);
/// So long it may take, of real time: then somebody waits no more.
const WITHIN: Duration = Duration::from_secs(20);
/// How often it is looked whether that is over: so many steps.
const STEPS: u32 = 256;
/// So many changes of all points are recorded: more is no day of a house, and takes the memory of the running one.
const RECORDED: usize = 50_000;
/// So many changes are told of all outputs together.
const CHANGES: usize = 10_000;

/// Plays the day in both houses.
///
/// # Errors
/// What is wrong with the trial, or that it takes too long.
pub fn run(edited: &Arc<Config>, running: &Arc<Config>, trial: &Trial) -> Result<Trialled, String> {
    run_bounded(edited, running, trial, Bounds { within: WITHIN, recorded: RECORDED })
}

struct Bounds {
    within: Duration,
    recorded: usize,
}

fn run_bounded(edited: &Arc<Config>, running: &Arc<Config>, trial: &Trial, bounds: Bounds) -> Result<Trialled, String> {
    let clock = Clock::system(Moment::START, ClockTrust::Always);
    let over = clock.now().moment + bounds.within;
    // Once: both houses live the same day, also when it is midnight meanwhile or the zone was edited.
    let lived = match &trial.scenario {
        Some(text) => Lived::Scenario(text),
        None => Lived::From(begins(edited, trial.from.as_deref(), &clock)?),
    };
    let record = |config: &Arc<Config>| {
        let play = play_of(config, trial, &lived)?;
        let recording = Recording::new(&play.config, play.from, play.until, Keep::Everything);
        let mut bounded = Bounded { recording, clock: &clock, over, bounds: &bounds, steps: 0, too_much: None };
        play::play(play, &mut bounded);
        match bounded.too_much {
            Some(what) => Err(format!("{what}; write a shorter `for`")),
            None => Ok(bounded.recording),
        }
    };
    // One after the other: each may be large.
    let (from, until, edited) = {
        let made = record(edited)?;
        (made.config.hub.on_the_clock(made.from), made.config.hub.on_the_clock(made.until), day(&made))
    };
    Ok(Trialled { from, until, edited, running: day(&record(running)?) })
}

/// What both houses live through.
enum Lived<'t> {
    /// It stands in this text.
    Scenario(&'t str),
    /// What a house by itself goes through from here on.
    From(DateTime<Utc>),
}

fn play_of(config: &Arc<Config>, trial: &Trial, lived: &Lived<'_>) -> Result<Play, String> {
    let seed = u64::from(trial.seed.unwrap_or(1));
    let source = |name: &str, text: &str| Source { path: name.into(), text: text.to_owned() };
    let measured = trial.weather.as_deref().map(|text| Measured::read(&source("weather", text), config.hub.timezone));
    let measured = measured.transpose().map_err(|report| report.to_string())?;
    let play = match *lived {
        Lived::Scenario(text) => {
            if trial.from.is_some() || trial.length.is_some() {
                return Err("from, for: they stand in the scenario".into());
            }
            if trial.people.is_some() {
                return Err("people: leave it out beside a scenario, which says itself who moves".into());
            }
            if scenario::has_house(text) {
                return Err("scenario: leave out its house: it is played in this one".into());
            }
            let scenario =
                scenario::read(&source("scenario", text), Some(config)).map_err(|report| report.to_string())?;
            scenario.play(seed, measured)
        }
        Lived::From(from) => {
            let length =
                trial.length.as_deref().map_or(Ok(DAY), duration::parse).map_err(|wrong| format!("for: {wrong}"))?;
            let until = TimeDelta::from_std(length).ok().and_then(|length| from.checked_add_signed(length));
            let until = until.ok_or("for: this is beyond the calendar")?;
            let people = trial.people.map_or(PEOPLE, usize::from);
            if people > PEOPLE {
                return Err(format!("people: {people} are more than live there; write 0 to {PEOPLE}"));
            }
            let world = Some(VirtualWorld::new(config, from, seed, measured).with_people(people));
            Play { config: config.clone(), from, until, happenings: Vec::new(), world }
        }
    };
    let length = (play.until - play.from).to_std().unwrap_or_default();
    if length.is_zero() || length > LONGEST {
        return Err("for: write a duration from 1s to 7d".into());
    }
    Ok(Play { config: play::paced(&play.config, play::least_interval(play.until - play.from)), ..play })
}

fn begins(config: &Config, from: Option<&str>, clock: &Clock) -> Result<DateTime<Utc>, String> {
    let zone = config.hub.timezone;
    let Some(text) = from else {
        let today = clock.now().wall.with_timezone(&zone).date_naive();
        return local_instant(today, 0, zone).ok_or_else(|| "today is beyond the calendar".into());
    };
    let local = date_or_time(text).map_err(|wrong| format!("from: {wrong}"))?;
    let instant = zone.from_local_datetime(&local).earliest();
    instant.map(|instant| instant.to_utc()).ok_or_else(|| format!("from: {local} does not exist in {zone}"))
}

/// A recording that is given up when its time is over or it is full.
struct Bounded<'c> {
    recording: Recording,
    clock: &'c Clock,
    over: Moment,
    bounds: &'c Bounds,
    steps: u32,
    too_much: Option<String>,
}

impl Witness for Bounded<'_> {
    fn look(&mut self, house: &mut House, world: Option<&VirtualWorld>) {
        self.steps += 1;
        let Bounds { within, recorded } = self.bounds;
        if self.recording.lines.len() > *recorded {
            self.too_much = Some(format!("there are more than {recorded} changes in this time"));
        } else if self.steps.is_multiple_of(STEPS) && self.clock.now().moment >= self.over {
            self.too_much = Some(format!("it takes longer than {} s on this machine", within.as_secs()));
        }
        self.recording.look(house, world);
    }

    fn note(&mut self, at: DateTime<Utc>, change: Change) {
        self.recording.note(at, change);
    }

    fn has_enough(&self) -> bool {
        self.too_much.is_some()
    }
}

fn day(recording: &Recording) -> Day {
    let config = &recording.config;
    let mut left = CHANGES;
    let mut is_cut = false;
    let mut outputs = Vec::new();
    for id in config.visible_outputs() {
        let (output, usage) = (&config[id], recording.usage(id, recording.from, recording.until));
        let spans = &recording.outputs[id.0];
        is_cut |= spans.len() > left;
        let told = &spans[..spans.len().min(left)];
        left -= told.len();
        let turn = |span: &super::report::Span| Turn {
            at: config.hub.on_the_clock(span.from),
            percent: f64::from(span.level.percent()),
            why: span.why().to_owned(),
        };
        outputs.push(OutputDay {
            id: output.id.to_string(),
            name: output.name.to_string(),
            on_s: usage.on.num_seconds(),
            times: usage.times,
            kwh: recording.energy_kwh(id, &usage),
            changes: told.iter().map(turn).collect(),
        });
    }
    let numbers = recording.tracks.iter().filter_map(|(point, track)| {
        let Track::Number(samples) = track else { return None };
        let known: Vec<f64> = samples.iter().filter_map(|(_, value)| *value).collect();
        Some(NumberDay {
            id: config.point_name(*point),
            name: config.spec(*point)?.title.to_string(),
            unit: unit(config, *point),
            lowest: known.iter().copied().reduce(f64::min),
            mean: (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64),
            highest: known.iter().copied().reduce(f64::max),
        })
    });
    Day { outputs, numbers: numbers.collect(), is_cut }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use std::path::Path;

    const HOUSE: &str = "[hub]\nid = \"h\"\nlatitude = 51.0\nlongitude = 7.0\ntimezone = \"Europe/Berlin\"\n\
        [outputs.porch]\nkind = \"light\"\ngpio = 17\npower = 10\n\
        [[rules]]\nname = \"Porch\"\nset = { porch = \"on\" }\nwhile = \"time between 20:00 and 22:00\"\n";

    fn house(text: &str) -> Arc<Config> {
        Arc::new(config::parse(Path::new("h.toml"), text).unwrap().config)
    }

    fn trial(from: &str, length: &str) -> Trial {
        Trial { from: Some(from.into()), length: Some(length.into()), ..Trial::default() }
    }

    #[test]
    fn both_houses_live_the_same_day() {
        let (running, edited) = (house(HOUSE), house(&HOUSE.replace("22:00", "23:30")));
        let both = run(&edited, &running, &trial("2026-11-30", "1d")).unwrap();
        assert_eq!((&*both.from, &*both.until), ("2026-11-30T00:00:00+01:00", "2026-12-01T00:00:00+01:00"));
        let on = |day: &Day| (day.outputs[0].on_s, day.outputs[0].times, day.outputs[0].kwh);
        assert_eq!(on(&both.running), (7_200, 1, Some(0.02)));
        assert_eq!(on(&both.edited), (12_600, 1, Some(0.035)));
        let turns: Vec<(&str, f64)> =
            both.edited.outputs[0].changes.iter().map(|turn| (&turn.at[11..16], turn.percent)).collect();
        assert_eq!(turns, [("00:00", 0.0), ("20:00", 100.0), ("23:30", 0.0)]);
        assert!(both.edited.outputs[0].changes[1].why.contains("Porch"));
    }

    /// Who is there moves, and who is not does not.
    #[test]
    fn as_many_are_at_home_as_is_said() {
        let rooms = "[inputs.hall_motion]\nkind = \"motion\"\ngpio = 5\n[rooms.hall]\nmotion = [\"hall_motion\"]\n\
            [outputs.hall]\nkind = \"light\"\ngpio = 18\n\
            [[rules]]\nname = \"Hall\"\nset = { hall = \"on\" }\nwhile = \"hall.occupied\"\n";
        let house = house(&format!("{HOUSE}{rooms}"));
        let lit = |people| {
            let trial = Trial { people, ..trial("2026-11-30", "1d") };
            run(&house, &house, &trial).unwrap().running.outputs.iter().find(|day| day.id == "hall").unwrap().on_s
        };
        assert_eq!(lit(None), lit(Some(2)));
        assert!(lit(Some(2)) > lit(Some(1)) && lit(Some(1)) > 600, "{} {}", lit(Some(2)), lit(Some(1)));
        assert_eq!(lit(Some(0)), 0);
        let three = Trial { people: Some(3), ..trial("2026-11-30", "1d") };
        assert!(run(&house, &house, &three).unwrap_err().starts_with("people: 3 are more"));
    }

    #[test]
    fn what_takes_too_much_is_given_up() {
        let house = house(&format!("{HOUSE}[sensors.air]\nchip = \"bme280\"\n"));
        let given_up = |within, recorded| {
            run_bounded(&house, &house, &trial("2026-11-30", "1d"), Bounds { within, recorded }).unwrap_err()
        };
        assert!(given_up(WITHIN, 1).contains("more than 1 changes"));
        assert!(given_up(Duration::ZERO, RECORDED).contains("takes longer than 0 s"));
    }

    #[test]
    fn what_cannot_be_played_says_why() {
        let house = house(HOUSE);
        let wrong = |trial: &Trial| run(&house, &house, trial).unwrap_err();
        assert!(wrong(&trial("yesterday", "1d")).contains("2026-11-23T21:00"));
        assert!(wrong(&trial("2026-03-29T02:30", "1d")).contains("does not exist"));
        assert!(wrong(&trial("2026-11-30", "8d")).contains("7d"));
        assert!(wrong(&trial("2026-11-30", "soon")).contains("for:"));
        let weather = Trial { weather: Some("cold\n".into()), ..trial("2026-11-30", "1d") };
        assert!(wrong(&weather).contains("weather:1"), "{}", wrong(&weather));
        let scenario = "Dusk.\n--- from 2026-11-30 19:59 for 2m\n";
        let own = Trial {
            scenario: Some(format!("Dusk.\n--- house\n{HOUSE}--- from 2026-11-30 19:59 for 2m\n")),
            ..Trial::default()
        };
        assert!(wrong(&own).contains("leave out"));
        let played = Trial { scenario: Some(scenario.into()), ..Trial::default() };
        assert_eq!(run(&house, &house, &played).unwrap().edited.outputs[0].on_s, 60);
    }
}
