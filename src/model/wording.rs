//! Conditions as text: what a person would write in a rule.

use super::{Anchor, Comparison, Condition, Config, Number, Point, TimeOfDay, duration};

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

    /// The points that it looks at, each once.
    pub fn points(&self) -> Vec<Point> {
        let mut points = Vec::new();
        self.gather(&mut points);
        let mut seen = Vec::new();
        points.retain(|point| {
            !seen.contains(point) && {
                seen.push(*point);
                true
            }
        });
        points
    }

    fn gather(&self, points: &mut Vec<Point>) {
        match self {
            Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| part.gather(points)),
            Condition::Not(part) => part.gather(points),
            Condition::Held { condition, .. } => condition.gather(points),
            Condition::On(point) => points.push(*point),
            Condition::ClimateIs(zone, facet, _) => points.push(Point::Climate(*zone, *facet)),
            Condition::Compare(left, _, right) => {
                left.gather(points);
                right.gather(points);
            }
            Condition::TimeBetween { .. } | Condition::Dark | Condition::Daylight | Condition::Day(_) => {}
        }
    }
}

impl Number {
    fn describe(&self, config: &Config) -> String {
        let both = |left: &Number, sign, right: &Number| {
            format!("{} {sign} {}", left.describe_inside(config), right.describe_inside(config))
        };
        match self {
            Number::Constant(value) => value.to_string(),
            Number::Reading(sensor, quantity) => config.point_name(Point::Reading(*sensor, *quantity)),
            Number::Output(output, facet) => config.point_name(Point::OutputFacet(*output, *facet)),
            Number::Climate(zone, facet) => config.point_name(Point::Climate(*zone, *facet)),
            Number::SunElevation => "sun.elevation".into(),
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

    fn gather(&self, points: &mut Vec<Point>) {
        match self {
            Number::Climate(zone, facet) => points.push(Point::Climate(*zone, *facet)),
            Number::Reading(sensor, quantity) => points.push(Point::Reading(*sensor, *quantity)),
            Number::Output(output, facet) => points.push(Point::OutputFacet(*output, *facet)),
            Number::Add(left, right)
            | Number::Subtract(left, right)
            | Number::Multiply(left, right)
            | Number::Divide(left, right) => {
                left.gather(points);
                right.gather(points);
            }
            Number::Constant(_) | Number::SunElevation => {}
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

/// `22:30`, `sunset - 15m`.
impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let anchor = match self.anchor {
            Anchor::Midnight => {
                let (minutes, seconds) = (self.offset_s.rem_euclid(86_401) / 60, self.offset_s % 60);
                write!(f, "{:02}:{:02}", minutes / 60, minutes % 60)?;
                return if seconds == 0 { Ok(()) } else { write!(f, ":{seconds:02}") };
            }
            Anchor::Dawn => "dawn",
            Anchor::Sunrise => "sunrise",
            Anchor::Sunset => "sunset",
            Anchor::Dusk => "dusk",
        };
        let offset = duration::spell(std::time::Duration::from_secs(self.offset_s.unsigned_abs().into()));
        match self.offset_s.signum() {
            0 => f.write_str(anchor),
            1 => write!(f, "{anchor} + {offset}"),
            _ => write!(f, "{anchor} - {offset}"),
        }
    }
}

fn on(point: Point, on: bool, config: &Config) -> String {
    let name = config.point_name(point);
    match (point, point.states(config), on) {
        (_, [(word, _), _], true) | (_, [_, (word, _)], false) if !matches!(point, Point::Occupied(_)) => {
            format!("{name} is {word}")
        }
        (_, _, true) => name,
        (_, _, false) => format!("not {name}"),
    }
}
