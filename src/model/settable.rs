//! Numbers of the configuration that people may set without editing the file: where its table says `settable = true`.

use super::table::table;
use super::{
    ClimateFacet, ClimateId, Config, HIGHEST_TARGET, LOWEST_TARGET, ManualFor, OutputId, Owner, Point, Refusal, RoomId,
    Setpoints, Unit, duration,
    number::{self, Amount},
    wish::hundredths,
};
use std::{ops::RangeInclusive, time::Duration};

/// One such number; valid for the configuration that it is of only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Settable {
    /// `hall_light.manual_for`
    ManualFor(OutputId),
    /// `hall.empty_after`
    EmptyAfter(RoomId),
    /// `living_room.away_heat`: of the preset of this place, what is warmed to.
    Heat(ClimateId, usize),
    /// `living_room.away_cool`: what is cooled to.
    Cool(ClimateId, usize),
}

/// What is known of a kind of such numbers.
pub struct SettableFacts {
    /// In which people set it.
    pub unit: Unit,
    /// The step in which they do, in its unit.
    pub step: f64,
    /// What Home Assistant calls it.
    pub class: &'static str,
    /// How apps show it, as a Material Design icon.
    pub icon: &'static str,
    /// What it can be at the most, in its unit.
    range: RangeInclusive<f64>,
}

const fn minutes(icon: &'static str, most: f64) -> SettableFacts {
    SettableFacts { unit: Unit::Minute, step: 0.5, class: "duration", icon, range: 0.5..=most }
}

const fn degrees(icon: &'static str) -> SettableFacts {
    let range = LOWEST_TARGET..=HIGHEST_TARGET;
    SettableFacts { unit: Unit::Celsius, step: 0.5, class: "temperature", icon, range }
}

table! {
    /// A kind of such numbers. The word is what stands in the file; of a preset's targets it is the end of the point's name.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum SettableKind: SettableFacts {
        /// How long a command for an output holds: up to a week.
        ManualFor = "manual_for", minutes("mdi:timer-sand", 10_080.0);
        /// When a room is empty: up to a day.
        EmptyAfter = "empty_after", minutes("mdi:timer-outline", 1_440.0);
        /// What a preset warms to.
        Heat = "heat", degrees("mdi:thermometer-chevron-up");
        /// What a preset cools to.
        Cool = "cool", degrees("mdi:thermometer-chevron-down");
    }
}

impl SettableKind {
    /// Of a target of the preset of this name, the second part of the point's name: `away_heat`.
    pub fn of_preset(self, name: &str) -> String {
        format!("{name}_{}", self.word())
    }
}

impl Settable {
    /// What it is one of.
    pub fn kind(self) -> SettableKind {
        match self {
            Settable::ManualFor(_) => SettableKind::ManualFor,
            Settable::EmptyAfter(_) => SettableKind::EmptyAfter,
            Settable::Heat(..) => SettableKind::Heat,
            Settable::Cool(..) => SettableKind::Cool,
        }
    }

    /// Whose it is.
    pub fn owner(self) -> Owner {
        match self {
            Settable::ManualFor(id) => Owner::Output(id),
            Settable::EmptyAfter(id) => Owner::Room(id),
            Settable::Heat(id, _) | Settable::Cool(id, _) => Owner::Zone(id),
        }
    }

    /// The unit in which it is set, and all else that is known of its kind.
    pub fn facts(self) -> &'static SettableFacts {
        self.kind().facts()
    }

    /// A value for people: `30 min`.
    pub fn text(self, value: f64) -> String {
        self.facts().unit.with(number::shortest(self.shown(value)))
    }

    /// A value as it is published, in hundredths: 20 s are 0.33 min.
    pub fn shown(self, value: f64) -> f64 {
        hundredths(value)
    }
}

/// The nearest hundredth that is not above.
fn hundredths_down(number: f64) -> f64 {
    let nearest = hundredths(number);
    if nearest > number { hundredths(nearest - 0.01) } else { nearest }
}

/// The nearest hundredth that is not below.
fn hundredths_up(number: f64) -> f64 {
    -hundredths_down(-number) + 0.0
}

/// A time in minutes, as settings have it.
fn in_minutes(time: Duration) -> f64 {
    time.as_secs_f64() / 60.0
}

/// The time of a setting in minutes, to the millisecond.
pub fn of_minutes(minutes: f64) -> Duration {
    Duration::from_millis((minutes * 60_000.0).round() as u64)
}

impl Config {
    /// The second part of its name: `manual_for`, `away_heat`.
    pub fn settable_word(&self, setting: Settable) -> String {
        let kind = setting.kind();
        match setting {
            Settable::ManualFor(_) | Settable::EmptyAfter(_) => kind.word().into(),
            Settable::Heat(id, preset) | Settable::Cool(id, preset) => kind.of_preset(&self[id].presets[preset].name),
        }
    }

    /// What the file says, in its unit. None: no number.
    pub fn settable_in_file(&self, setting: Settable) -> Option<f64> {
        match setting {
            Settable::ManualFor(id) => match self[id].manual_for {
                ManualFor::Time(time) => Some(in_minutes(time)),
                ManualFor::Auto | ManualFor::NextChange | ManualFor::RoomEmpty | ManualFor::TimeOfDay(_) => None,
            },
            Settable::EmptyAfter(id) => Some(in_minutes(self[id].empty_after)),
            Settable::Heat(id, preset) => self[id].presets.get(preset)?.setpoints.heat,
            Settable::Cool(id, preset) => self[id].presets.get(preset)?.setpoints.cool,
        }
    }

    /// What it can be set to, in its unit, in hundredths; what the file says is always part of it, exactly and as it is shown.
    pub fn settable_range(&self, setting: Settable) -> RangeInclusive<f64> {
        let of_kind = setting.facts().range.clone();
        let range = match setting {
            Settable::ManualFor(_) => of_kind,
            // With doors, it is not longer than what is forgotten.
            Settable::EmptyAfter(id) if !self[id].doors.is_empty() => {
                *of_kind.start()..=of_kind.end().min(hundredths_down(in_minutes(self[id].forget_after)))
            }
            Settable::EmptyAfter(_) => of_kind,
            Settable::Heat(id, _) => self[id].target_range(ClimateFacet::Target),
            Settable::Cool(id, _) => self[id].target_range(ClimateFacet::CoolTarget),
        };
        let file = self.settable_in_file(setting).unwrap_or(*range.start());
        hundredths_down(range.start().min(file))..=hundredths_up(range.end().max(file))
    }

    /// What `text` sets it to, in its unit. None: to what the file says.
    ///
    /// # Errors
    /// Why it sets nothing.
    pub(super) fn ask_settable(&self, setting: Settable, text: &str) -> Result<Option<f64>, Refusal> {
        if text.eq_ignore_ascii_case("auto") {
            return Ok(None);
        }
        let unit = setting.facts().unit;
        let number = match Amount::read(text, unit.sign()) {
            Some(Amount::To(number)) => Some(number),
            Some(Amount::Minus(number)) => Some(-number),
            Some(Amount::By(_)) => None,
            // As the file writes it.
            None if unit == Unit::Minute => duration::parse(text).ok().map(in_minutes),
            None => None,
        };
        let number = number.map(|number| if unit == Unit::Minute { number } else { hundredths(number) });
        let refusal = || self.unfit_setting(setting, number);
        number.filter(|number| self.settable_range(setting).contains(number)).map(Some).ok_or_else(refusal)
    }

    /// Why a number, or what is none, cannot be set.
    fn unfit_setting(&self, setting: Settable, number: Option<f64>) -> Refusal {
        let wrong = match setting {
            Settable::Heat(id, _) => self[id].unfit(Setpoints { heat: number, cool: None }),
            Settable::Cool(id, _) => self[id].unfit(Setpoints { heat: None, cool: number }),
            Settable::ManualFor(_) | Settable::EmptyAfter(_) => None,
        };
        let unfit = |(what, advice)| Refusal::Unfit { what, advice };
        wrong.map_or_else(|| self.bad_value(Point::Setting(setting)), unfit)
    }
}
