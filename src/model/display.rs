//! Conditions as text: what a person would write in a rule.

use super::{
    Anchor, Comparison, Condition, Config, Date, DateRange, Number, Point, Summary, TimeOfDay, duration, number,
};

impl Condition {
    /// The condition in the rule language.
    pub fn describe(&self, config: &Config) -> String {
        let joined = |parts: &[Condition], word: &str| {
            let texts: Vec<String> = parts.iter().map(|part| part.describe_inside(config)).collect();
            texts.join(word)
        };
        match self {
            Condition::All(parts) => joined(parts, " and "),
            Condition::Any(parts) => joined(parts, " or "),
            Condition::Not(part) => match &**part {
                Condition::On(point) => on(*point, false, config),
                other => format!("not {}", other.describe_inside(config)),
            },
            Condition::Held { condition, duration, .. } => {
                format!("{} for {}", condition.describe_inside(config), duration::spell(*duration))
            }
            Condition::On(point) => on(*point, true, config),
            Condition::ClimateIs(zone, facet, word) => {
                format!("{} is {word}", config.point_name(Point::Climate(*zone, *facet)))
            }
            Condition::Compare(left, comparison, right) => {
                format!("{} {} {}", left.describe(config), comparison.symbol(), right.describe(config))
            }
            Condition::TimeBetween { from, to, .. } => format!("time between {from} and {to}"),
            Condition::Dark => "dark".into(),
            Condition::Daylight => "daylight".into(),
            Condition::Date(ranges) => {
                let texts: Vec<String> = ranges.iter().map(ToString::to_string).collect();
                match &texts[..] {
                    [range] if range.starts_with("between") => format!("date {range}"),
                    _ => format!("date is {}", texts.join(" or ")),
                }
            }
            Condition::Holiday => "holiday".into(),
            Condition::Night(day) => {
                let day = day.describe(config);
                let words = ["day is ", "date is ", "date "].into_iter().find_map(|words| day.strip_prefix(words));
                format!("night of {}", words.unwrap_or(&day))
            }
            Condition::Lost(point) => format!("{} is lost", config.point_name(*point)),
            Condition::Mode(modes) => {
                let modes: Vec<&str> =
                    modes.iter().filter_map(|mode| config.modes.list.get(*mode)).map(|mode| &**mode).collect();
                format!("mode is {}", modes.join(" or "))
            }
            Condition::Changed { point, within } => {
                format!("{} changed within {}", config.point_name(*point), duration::spell(*within))
            }
            Condition::Due { output, least } => {
                let (today, least) = (today(Point::Output(*output), config), duration::spell(*least));
                format!("{today} < {least}, and no more of the day is left than that takes")
            }
            Condition::PresenceSimulation { from, to, .. } => format!("by chance between {from} and {to}"),
            Condition::Day(days) => {
                const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
                let names: Vec<&str> =
                    (0..7u32).zip(DAYS).filter(|(day, _)| days.contains(*day)).map(|(_, n)| n).collect();
                format!("day is {}", names.join(" or "))
            }
        }
    }

    /// In parentheses, if it needs them beside others.
    fn describe_inside(&self, config: &Config) -> String {
        match self {
            Condition::All(_) | Condition::Any(_) => format!("({})", self.describe(config)),
            _ => self.describe(config),
        }
    }
}

impl Number {
    /// As it is written in a rule.
    pub fn describe(&self, config: &Config) -> String {
        let both = |left: &Number, sign, right: &Number| {
            format!("{} {sign} {}", left.describe_inside(config), right.describe_inside(config))
        };
        match self {
            Number::Constant(value) => number::shortest(*value),
            Number::Length(length) => duration::spell(*length),
            Number::Reading(sensor, quantity) => config.point_name(Point::Reading(*sensor, *quantity)),
            Number::Output(output, facet) => config.point_name(Point::OutputFacet(*output, *facet)),
            Number::Climate(zone, facet) => config.point_name(Point::Climate(*zone, *facet)),
            Number::Today(point) => today(*point, config),
            Number::SunElevation => "sun.elevation".into(),
            Number::Over(summary, series) => {
                let series = &config[*series];
                let name = config.point_name(Point::Reading(series.sensor, series.quantity));
                format!("{}({name}, {})", summary.word(), duration::spell(series.window))
            }
            Number::Add(left, right) => both(left, '+', right),
            Number::Subtract(left, right) => both(left, '-', right),
            Number::Multiply(left, right) => both(left, '*', right),
            Number::Divide(left, right) => both(left, '/', right),
        }
    }

    fn describe_inside(&self, config: &Config) -> String {
        match self {
            Number::Add(..) | Number::Subtract(..) | Number::Multiply(..) | Number::Divide(..) => {
                format!("({})", self.describe(config))
            }
            _ => self.describe(config),
        }
    }
}

impl Comparison {
    /// As it is written between two numbers.
    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
        }
    }
}

impl Summary {
    /// Its word in the rule language.
    pub fn word(self) -> &'static str {
        match self {
            Summary::Average => "average",
            Summary::Minimum => "minimum",
            Summary::Maximum => "maximum",
            Summary::Trend => "trend",
        }
    }
}

/// `22:30`, `sunset - 15m not before 16:30`.
impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = |seconds: i32| duration::spell(std::time::Duration::from_secs(seconds.unsigned_abs().into()));
        let anchor = match self.anchor {
            Anchor::Midnight => clock(self.offset_s),
            Anchor::AstronomicalDawn => "astronomical dawn".into(),
            Anchor::NauticalDawn => "nautical dawn".into(),
            Anchor::Dawn => "dawn".into(),
            Anchor::Sunrise => "sunrise".into(),
            Anchor::Sunset => "sunset".into(),
            Anchor::Dusk => "dusk".into(),
            Anchor::NauticalDusk => "nautical dusk".into(),
            Anchor::AstronomicalDusk => "astronomical dusk".into(),
        };
        f.write_str(&anchor)?;
        match self.offset_s.signum() {
            _ if self.anchor == Anchor::Midnight => {}
            0 => {}
            1 => write!(f, " + {}", seconds(self.offset_s))?,
            _ => write!(f, " - {}", seconds(self.offset_s))?,
        }
        if let Some(spread) = self.spread {
            write!(f, " spread {}", seconds(spread.most_s))?;
        }
        if let Some(earliest) = self.earliest_s {
            write!(f, " not before {}", clock(earliest))?;
        }
        match self.latest_s {
            Some(latest) => write!(f, " not after {}", clock(latest)),
            None => Ok(()),
        }
    }
}

/// `22:30`, or `22:30:15`.
fn clock(seconds: i32) -> String {
    let (minutes, rest) = (seconds.rem_euclid(86_401) / 60, seconds % 60);
    let text = format!("{:02}:{:02}", minutes / 60, minutes % 60);
    if rest == 0 { text } else { format!("{text}:{rest:02}") }
}

/// `is 24 december`, `between 15 october and 15 april`.
impl std::fmt::Display for DateRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else if self.is_month() {
            let text = self.first.to_string();
            f.write_str(text.trim_start_matches("1 "))
        } else {
            write!(f, "between {} and {}", self.first, self.last)
        }
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const MONTHS: [&str; 12] = [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ];
        let month = (self.month as usize).checked_sub(1).and_then(|index| MONTHS.get(index));
        write!(f, "{} {}", self.day, month.unwrap_or(&"?"))
    }
}

fn today(point: Point, config: &Config) -> String {
    format!("today({})", config.point_name(point))
}

fn on(point: Point, on: bool, config: &Config) -> String {
    let name = config.point_name(point);
    match (point, point.states(config), on) {
        (_, [(word, _), _], true) | (_, [_, (word, _)], false)
            if !matches!(point, Point::Occupied(_) | Point::Asleep(_)) =>
        {
            format!("{name} is {word}")
        }
        (_, _, true) => name,
        (_, _, false) => format!("not {name}"),
    }
}
