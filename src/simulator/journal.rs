//! What happened: found by comparing snapshots, kept for the view, counted for the summary of the day.

use crate::model::{
    Config, Kind, Owner, PointSpec, PointState, Quality, Role, Slot, Snapshot, Unit, Value, duration, number,
};
use chrono::{DateTime, NaiveDateTime, Utc};
use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    time::Duration,
};

/// The last entries, the course of the readings, and the sums of the day.
#[derive(Default)]
pub struct Journal {
    entries: VecDeque<Entry>,
    /// By the name of the point: the last value of each [`TREND_S`], with that period's number.
    trends: BTreeMap<String, VecDeque<(i64, f64)>>,
    /// First and last local time heard of.
    span: Option<(NaiveDateTime, NaiveDateTime)>,
    /// All in the order of the file.
    outputs: Vec<(String, Use)>,
    rooms: Vec<(String, Use)>,
    readings: Vec<(String, Range)>,
    elapsed: Duration,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Local time.
    pub at: NaiveDateTime,
    /// The dotted name of the point.
    pub point: String,
    /// What it is now: `ON`, `occupied`, `open`.
    pub what: String,
    /// Due to what; may be empty.
    pub why: String,
    /// How it strikes the eye.
    pub tone: Tone,
}

/// How a value strikes the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// On, occupied, open.
    Active,
    /// Off, empty, closed.
    Idle,
    /// Something does not work.
    Trouble,
}

/// How an output or a room was used.
#[derive(Clone, Copy, Default)]
struct Use {
    on: Duration,
    times: u32,
}

#[derive(Clone, Copy)]
struct Range {
    decimals: usize,
    unit: Unit,
    lowest: f64,
    highest: f64,
}

/// How many entries are kept.
const KEPT: usize = 200;

/// A trend has one value for each quarter of an hour, a day long.
const TREND_S: i64 = 900;
const TREND_LENGTH: usize = 96;

impl Journal {
    /// Compares the newest snapshot with the one noted before it (nothing the first time) and returns what changed,
    /// in the order of the points. Motion is told by the occupancy of its room.
    pub fn note(&mut self, old: Option<&Snapshot>, new: &Snapshot) -> Vec<Entry> {
        let at = local(&new.config, new.now.wall);
        self.span = Some((self.span.map_or(at, |(first, _)| first), at));
        let elapsed = old.map_or(Duration::ZERO, |old| new.now.moment.since(old.now.moment));
        self.elapsed += elapsed;
        let mut fresh = Vec::new();
        for (spec, state) in new.described() {
            let before = old.and_then(|old| old.find(&spec.name));
            self.count(spec, before, state, elapsed);
            if let (Role::Reading, Some(Value::Number(value)), Quality::Good) = (spec.role, &state.value, state.quality)
            {
                self.trend(&spec.name, new.now.wall, *value);
            }
            if let Some((what, why, tone)) = change(&new.config, spec, before, state) {
                fresh.push(Entry { at, point: spec.name.clone(), what, why, tone });
            }
        }
        self.entries.extend(fresh.iter().cloned());
        self.entries.drain(..self.entries.len().saturating_sub(KEPT));
        fresh
    }

    /// The last changes, newest first.
    pub fn latest(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// The course of a reading up to `wall`: the newest `count` quarters of an hour, oldest first, with gaps where
    /// nothing good was read.
    pub fn course(&self, point: &str, wall: DateTime<Utc>, count: usize) -> Vec<Option<f64>> {
        let now = wall.timestamp().div_euclid(TREND_S);
        let trend = self.trends.get(point);
        let at = |period| trend?.iter().find(|(there, _)| *there == period).map(|(_, value)| *value);
        (0..count as i64).rev().map(|ago| at(now - ago)).collect()
    }

    /// The sums of the time that was noted, as lines of plain text.
    pub fn summary(&self) -> Vec<String> {
        let Some((first, last)) = self.span else { return vec!["Nothing happened yet.".into()] };
        let width = self.outputs.iter().chain(&self.rooms).map(|(name, _)| name.chars().count());
        let width = width.chain(self.readings.iter().map(|(name, _)| name.chars().count())).max().unwrap_or(0);
        let minutes = |time: Duration| duration::spell(Duration::from_secs(time.as_secs() / 60 * 60));
        let times = |count| if count == 1 { "once".into() } else { format!("{count} times") };
        let switched =
            |count| if count == 0 { "never switched on".into() } else { format!("switched on {}", times(count)) };
        let mut lines = vec![format!(
            "{} of the house, from {} to {}:",
            minutes(self.elapsed),
            first.format("%a %-d %b %H:%M"),
            last.format("%a %-d %b %H:%M")
        )];
        for (name, used) in &self.outputs {
            lines.push(format!("  {name:width$}  on for {:>7}, {}", minutes(used.on), switched(used.times)));
        }
        for (name, used) in &self.rooms {
            lines.push(format!("  {name:width$}  occupied for {}, {}", minutes(used.on), times(used.times)));
        }
        for (name, Range { decimals, unit, lowest, highest }) in &self.readings {
            let decimals = (*decimals).min(1);
            let (lowest, highest) = (number::fixed(*lowest, decimals), number::fixed(*highest, decimals));
            lines.push(format!("  {name:width$}  {lowest} to {highest} {unit}"));
        }
        lines
    }

    fn count(&mut self, spec: &PointSpec, before: Option<&PointState>, now: &PointState, elapsed: Duration) {
        let was_on = before.is_some_and(is_on);
        let uses = match (spec.role, &spec.kind) {
            (Role::Output, _) => &mut self.outputs,
            (Role::Occupied, _) => &mut self.rooms,
            (Role::Reading, Kind::Number(number)) => {
                if let (Some(Value::Number(value)), Quality::Good) = (&now.value, now.quality) {
                    let (value, decimals) = (*value, number.decimals.unwrap_or_default());
                    let first = Range { decimals, unit: number.unit, lowest: value, highest: value };
                    let range = at_name(&mut self.readings, &spec.name, first);
                    (range.lowest, range.highest) = (range.lowest.min(value), range.highest.max(value));
                }
                return;
            }
            _ => return,
        };
        let used = at_name(uses, &spec.name, Use::default());
        if was_on {
            used.on += elapsed;
        } else if is_on(now) {
            used.times += 1;
        }
    }

    fn trend(&mut self, name: &str, wall: DateTime<Utc>, value: f64) {
        let period = wall.timestamp().div_euclid(TREND_S);
        let trend = self.trends.entry(name.into()).or_default();
        match trend.back_mut() {
            Some((last, latest)) if *last == period => *latest = value,
            _ => trend.push_back((period, value)),
        }
        if trend.len() > TREND_LENGTH {
            trend.pop_front();
        }
    }
}

/// One line for a pipe: `18:42  hall_light            ON        rule: Hall light after dark`.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format!("{}  {:<20}  {:<8}  {}", self.at.format("%H:%M"), self.point, self.what, self.why);
        f.write_str(line.trim_end())
    }
}

/// The local time of the house.
pub(super) fn local(config: &Config, wall: DateTime<Utc>) -> NaiveDateTime {
    wall.with_timezone(&config.hub.timezone).naive_local()
}

/// Whether an output is on, an input active, a room occupied.
pub(super) fn is_on(state: &PointState) -> bool {
    match &state.value {
        Some(Value::Switch(on)) => *on,
        Some(Value::Level(level)) => level.is_on(),
        // Of a cover.
        Some(Value::Word(word)) => **word != *"closed",
        Some(Value::Number(_)) | None => false,
    }
}

/// What is worth telling of a point, in words.
fn change(
    config: &Config,
    spec: &PointSpec,
    before: Option<&PointState>,
    now: &PointState,
) -> Option<(String, String, Tone)> {
    if let Some(trouble) = change_of_quality(config, spec, before, now) {
        return Some(trouble);
    }
    let turned = before.map_or(is_on(now), |before| is_on(before) != is_on(now));
    let tone = if is_on(now) { Tone::Active } else { Tone::Idle };
    match (spec.role, spec.owner) {
        (Role::Output, _) => {
            let winner = |state: &PointState| state.explanation.as_ref().map(|explanation| explanation.winner);
            // That a command or a limit takes over or lets go is worth a line even if nothing moves.
            let notable = |state| winner(state).is_some_and(|slot| slot <= Slot::Manual);
            let handed_over =
                before.is_some_and(|before| winner(before) != winner(now) && (notable(before) || notable(now)));
            let why = now.explanation.as_ref().map(|explanation| explanation.line.clone()).unwrap_or_default();
            (turned || handed_over).then(|| (now.text().unwrap_or_default(), why, tone))
        }
        (Role::Occupied | Role::Asleep, _) => {
            turned.then(|| (spec.state_word(is_on(now)).into(), now.why().unwrap_or_default().into(), tone))
        }
        (Role::Input, Owner::Input(id)) if turned && !config.is_told_by_room(spec) => {
            Some((config[id].kind.says(is_on(now)).into(), String::new(), tone))
        }
        (Role::Mode, _) => {
            let changed = before.is_some_and(|before| before.value != now.value);
            changed.then(|| (now.text().unwrap_or_default(), String::new(), Tone::Active))
        }
        _ => None,
    }
}

/// Into a fault, into staleness, and out of both. A sensor is told of once, by its first quantity.
fn change_of_quality(
    config: &Config,
    spec: &PointSpec,
    before: Option<&PointState>,
    now: &PointState,
) -> Option<(String, String, Tone)> {
    let was = before.map_or(Quality::Good, |before| before.quality);
    if was == now.quality || spec.role == Role::Reading && !config.is_first(spec) {
        return None;
    }
    match (was, now.quality) {
        (_, Quality::Fault) => {
            let why = now.fault.as_deref().unwrap_or("does not work");
            Some(("FAULT".into(), why.into(), Tone::Trouble))
        }
        (_, Quality::Stale) => Some(("stale".into(), stale_why(config, spec.owner), Tone::Trouble)),
        (Quality::Fault | Quality::Stale, Quality::Good) => {
            Some(("works".into(), "it is heard of again".into(), Tone::Idle))
        }
        _ => None,
    }
}

fn stale_why(config: &Config, owner: Owner) -> String {
    match owner {
        Owner::Sensor(sensor) => format!("not read for {}", duration::spell(config[sensor].stale_after)),
        _ => "not heard of for too long".into(),
    }
}

fn at_name<'a, T>(list: &'a mut Vec<(String, T)>, name: &str, new: T) -> &'a mut T {
    let place = list.iter().position(|(there, _)| there == name).unwrap_or_else(|| {
        list.push((name.into(), new));
        list.len() - 1
    });
    &mut list[place].1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Moment, Now},
        simulator::fixtures::{Picture, cottage},
    };
    use chrono::TimeZone;

    fn evening() -> Picture {
        let wall = Utc.with_ymd_and_hms(2026, 11, 23, 17, 42, 0).unwrap();
        Picture::new(cottage(), Now { moment: Moment::START, wall, wall_known: true })
    }

    fn lines(entries: &[Entry]) -> Vec<String> {
        entries.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn changes_are_told_with_their_reason_and_nothing_else_is() {
        let mut journal = Journal::default();
        let before = evening();
        assert_eq!(journal.note(None, &before.0), []);
        let after = before
            .later(Duration::from_secs(60))
            .drive("hall_light", true, Slot::Rule, "rule: Hall light after dark while somebody is there")
            .set("hall_motion", Value::Switch(true))
            .set("hall.occupied", Value::Switch(true))
            .set("front_door", Value::Switch(true))
            .set("living.temperature", Value::Number(20.7));
        assert_eq!(
            lines(&journal.note(Some(&before.0), &after.0)),
            [
                "18:43  hall_light            ON        rule: Hall light after dark while somebody is there",
                "18:43  front_door            open",
                "18:43  hall.occupied         occupied  somebody moved",
            ]
        );
        assert_eq!(journal.note(Some(&after.0), &after.later(Duration::from_secs(60)).0), []);
        assert_eq!(journal.latest().next().unwrap().point, "hall.occupied", "newest first");
    }

    #[test]
    fn a_command_is_told_even_if_nothing_moves() {
        let mut journal = Journal::default();
        let before = evening();
        let after = evening().drive("hall_light", false, Slot::Manual, "manual: command by the console, until AUTO");
        let told = lines(&journal.note(Some(&before.0), &after.0));
        assert_eq!(told, ["18:42  hall_light            OFF       manual: command by the console, until AUTO"]);
    }

    #[test]
    fn a_broken_sensor_is_told_once_and_its_recovery_too() {
        let mut journal = Journal::default();
        let broken = evening()
            .fail("living.temperature", "no answer from 0x76 on /dev/i2c-1")
            .fail("living.humidity", "no answer from 0x76 on /dev/i2c-1");
        let told = lines(&journal.note(Some(&evening().0), &broken.0));
        assert_eq!(told, ["18:42  living.temperature    FAULT     no answer from 0x76 on /dev/i2c-1"]);
        let told = lines(&journal.note(Some(&broken.0), &evening().0));
        assert_eq!(told, ["18:42  living.temperature    works     it is heard of again"]);
    }

    #[test]
    fn the_summary_adds_up_the_day() {
        let mut journal = Journal::default();
        let mut old = evening();
        journal.note(None, &old.0);
        for (on, celsius) in [(true, 19.0), (true, 18.5), (false, 22.25), (true, 20.0)] {
            let new = old
                .later(Duration::from_secs(1_800))
                .drive("hall_light", on, Slot::Rule, "rule: test")
                .set("hall.occupied", Value::Switch(on))
                .set("living.temperature", Value::Number(celsius));
            journal.note(Some(&old.0), &new.0);
            old = new;
        }
        assert_eq!(
            journal.summary(),
            [
                "2h of the house, from Mon 23 Nov 18:42 to Mon 23 Nov 20:42:",
                "  hall_light           on for      1h, switched on 2 times",
                "  bedroom_fan          on for      0s, never switched on",
                "  living_heater        on for      0s, never switched on",
                "  hall.occupied        occupied for 1h, 2 times",
                "  living.temperature   18.5 to 22.2 °C",
                "  living.humidity      41.0 to 41.0 %",
                "  living.pressure      1013.2 to 1013.2 hPa",
                "  bedroom.temperature  20.5 to 20.5 °C",
            ]
        );
        assert_eq!(Journal::default().summary(), ["Nothing happened yet."]);
    }

    #[test]
    fn the_course_of_a_reading_has_gaps_where_nothing_was_read() {
        let mut journal = Journal::default();
        let first = evening();
        journal.note(None, &first.0);
        let later = first.later(Duration::from_secs(1_800)).set("living.temperature", Value::Number(22.0));
        journal.note(Some(&first.0), &later.0);
        let course = journal.course("living.temperature", later.0.now.wall, 4);
        assert_eq!(course, [None, Some(20.5), None, Some(22.0)]);
    }
}
