//! A tree to a typed condition: names become points, and each operator gets what it can work with.

use super::{
    Mistake,
    names::{self, Measure, Named},
    parser::{Kind, Node},
    range, states, times,
};
use crate::{
    almanac::Ever,
    config::{nearest, shape::one_of, suggestions},
    model::{
        ClimateFacet, ClimateId, Comparison, Condition, Config, Number, OutputFacet, Point, Series, SeriesId, Summary,
        Unit, duration,
    },
};
use std::{ops::Range, time::Duration};

/// What a condition can speak of.
pub(in crate::config) struct Scope<'c> {
    /// The house; its rules are not needed.
    pub config: &'c Config,
    /// Whether the house has a place on Earth, without which there is no sun.
    pub placed: bool,
    /// Whether there is a list of holidays.
    pub holidays: bool,
}

/// What conditions ask the engine to keep for them.
#[derive(Debug, Default)]
pub(in crate::config) struct Kept {
    /// How many `for` durations the conditions of one rule have.
    pub timers: usize,
    /// The readings that the conditions of all rules look back on.
    pub series: Vec<Series>,
    /// What is probably not meant, in the sentence that was read last.
    pub doubts: Vec<Mistake>,
}

/// The longest time that a condition looks back on readings, and the shortest.
const WINDOW_MAX: Duration = Duration::from_secs(7 * 86_400);
const WINDOW_MIN: Duration = Duration::from_secs(60);
/// The longest day of a year, on which clocks are put back.
const LONGEST_DAY: Duration = Duration::from_secs(25 * 3600);
/// What is lost without a word for how long is so for this long.
const LOST_FOR: Duration = Duration::from_secs(60);

/// The condition that a tree means, or all that is wrong with it.
pub(super) fn condition(node: &Node<'_>, scope: &Scope<'_>, kept: &mut Kept) -> Result<Condition, Vec<Mistake>> {
    let mut typing = Typing { scope, kept, mistakes: Vec::new(), holds: 0 };
    match typing.condition(node) {
        Some(condition) if typing.mistakes.is_empty() => Ok(condition),
        _ => Err(typing.mistakes),
    }
}

struct Typing<'s> {
    scope: &'s Scope<'s>,
    kept: &'s mut Kept,
    mistakes: Vec<Mistake>,
    /// Within how many `for` it is.
    holds: usize,
}

impl Typing<'_> {
    /// Nothing after a mistake, which is noted.
    fn condition(&mut self, node: &Node<'_>) -> Option<Condition> {
        let place = || node.place.clone();
        match &node.kind {
            Kind::All(nodes) => {
                let mut parts = Vec::new();
                for part in self.conditions(nodes)? {
                    match part {
                        Condition::All(inner) => parts.extend(inner),
                        other => parts.push(other),
                    }
                }
                if let Some((message, advice)) = range::contradiction(&parts, self.scope.config, &self.kept.series) {
                    return self.wrong(place(), message, advice);
                }
                if let Some((message, advice)) = times::cut_at_midnight(&parts, self.scope.config) {
                    self.kept.doubts.push(Mistake::new(place(), message, advice));
                }
                self.sometime(Condition::All(parts), place())
            }
            Kind::Any(nodes) => Some(Condition::Any(self.conditions(nodes)?)),
            Kind::Not(inner) => Some(Condition::Not(Box::new(self.condition(inner)?))),
            Kind::Held(inner, duration) => {
                self.holds += 1;
                let condition = self.condition(inner);
                self.holds -= 1;
                let held = self.held(condition?, *duration);
                self.sometime(held, place())
            }
            Kind::Compare(left, comparison, right) => self.compare(left, *comparison, right, place()),
            Kind::Between(middle, low, high) => {
                if let (Kind::Number(from, unit), Kind::Number(to, other)) = (&low.kind, &high.kind)
                    && unit == other
                    && from >= to
                {
                    return self.wrong(
                        place(),
                        format!("nothing is between {from} and {to}"),
                        "write the lower number first",
                    );
                }
                let above = self.compare(middle, Comparison::GreaterOrEqual, low, place());
                let below = self.compare(middle, Comparison::LessOrEqual, high, place());
                Some(Condition::All(vec![above?, below?]))
            }
            Kind::Is(subject, state, state_place) => self.is(subject, state, state_place.clone()),
            Kind::Window { from, to, next_day, sun } => {
                if let Some(sun) = sun {
                    self.sun(sun.clone())?;
                }
                let window = Condition::TimeBetween { from: *from, to: *to, next_day: *next_day };
                self.sometime(window, place())
            }
            Kind::Day(days) => Some(Condition::Day(*days)),
            Kind::Date(ranges) => Some(Condition::Date(ranges.clone())),
            Kind::Night(day) => Some(Condition::Night(Box::new(self.condition(day)?))),
            Kind::Holiday if self.scope.holidays => Some(Condition::Holiday),
            Kind::Holiday => self.wrong(
                place(),
                "there is no list of holidays",
                "add holidays = \"holidays.txt\" to [hub], and the file beside this one",
            ),
            Kind::Mode(modes) => self.modes(modes).map(Condition::Mode),
            Kind::Changed(what, within) => self.changed(what, *within),
            Kind::Dark if self.scope.config.dark.is_some() => Some(Condition::Dark),
            Kind::Dark => self.sun(place()).map(|()| Condition::Dark),
            Kind::Daylight => self.sun(place()).map(|()| Condition::Daylight),
            Kind::Name(name) => match self.name(name, place())? {
                Named::Binary(point) => Some(Condition::On(point)),
                Named::Word(zone, facet) => {
                    let word = facet.words(&self.scope.config[zone])[0];
                    self.wrong(place(), format!("`{name}` is a word"), format!("compare it, as in `{name} is {word}`"))
                }
                Named::Number(..) => {
                    self.wrong(place(), format!("`{name}` is a number"), format!("compare it, as in `{name} > 20`"))
                }
            },
            Kind::Number(..) | Kind::Negative(_) | Kind::Arithmetic(..) | Kind::Over(..) | Kind::Today(_) => self
                .wrong(place(), "a number, where something true or false is wanted", "compare it with another number"),
        }
    }

    /// The condition with a `for` of its own.
    fn held(&mut self, condition: Condition, duration: Duration) -> Condition {
        let timer = self.kept.timers;
        self.kept.timers += 1;
        Condition::Held { condition: Box::new(condition), duration, timer }
    }

    /// A condition that speaks of time, if it is ever so.
    fn sometime(&mut self, condition: Condition, place: Range<usize>) -> Option<Condition> {
        match times::never(&condition, self.scope.config) {
            None => Some(condition),
            Some((Ever::Never, advice)) => {
                self.wrong(place, "this can never be true: it is so at no time of any day of the year", advice)
            }
            Some((_, advice)) => {
                let message = "this is never true where the house is: it is so at no time of any day of the year";
                self.kept.doubts.push(Mistake::new(place, message, advice));
                Some(condition)
            }
        }
    }

    /// `living.temperature is lost`, `living is lost`: of a sensor, any of its readings.
    fn lost(&mut self, name: &str, place: Range<usize>) -> Option<Condition> {
        let config = self.scope.config;
        let whole = |suffix: &str| config.find_point(&format!("{name}{suffix}"));
        let found = config.find_point(name).or_else(|| whole(".occupied")).or_else(|| whole(".measured"));
        let points: Vec<Point> = match (found, config.find_sensor(name)) {
            (Some(Point::Mode), _) => return self.wrong(place, "the mode is never lost", "name an input or a sensor"),
            (Some(point), _) if !matches!(point, Point::Setting(_)) => vec![point],
            (None, Some(sensor)) => {
                config[sensor].quantities().map(|quantity| Point::Reading(sensor, quantity)).collect()
            }
            _ => {
                let (message, advice) = names::not_found(config, name);
                return self.wrong(place, message, advice);
            }
        };
        let mut lost: Vec<Condition> = points.into_iter().map(Condition::Lost).collect();
        let lost = if lost.len() == 1 { lost.remove(0) } else { Condition::Any(lost) };
        // After a start nothing was read yet, for a moment.
        Some(if self.holds > 0 { lost } else { self.held(lost, LOST_FOR) })
    }

    /// The places of modes, each once.
    fn modes(&mut self, written: &[(&str, Range<usize>)]) -> Option<Vec<usize>> {
        let modes = &self.scope.config.modes;
        let mut found = Vec::new();
        for (word, place) in written {
            match modes.find(word) {
                Some(mode) => found.push(mode),
                None => {
                    let (message, advice) = names::no_mode(word, modes);
                    return self.wrong(place.clone(), message, advice);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        Some(found)
    }

    fn changed(&mut self, what: &Node<'_>, within: Duration) -> Option<Condition> {
        let Kind::Name(name) = what.kind else {
            let advice = "write, for example, `front_door changed within 5m`";
            return self.wrong(what.place.clone(), "`changed` follows the name of a point", advice);
        };
        let config = self.scope.config;
        let room = config.rooms.iter().any(|room| &*room.id == name);
        let point = if name == "mode" {
            match config.find_point("mode") {
                Some(mode) => mode,
                None => return self.wrong(what.place.clone(), "there are no modes", "add the table [modes]"),
            }
        } else if room && names::find(config, name).is_none() {
            config.find_point(&format!("{name}.occupied"))?
        } else {
            match self.name(name, what.place.clone())? {
                Named::Binary(point) => point,
                Named::Word(..) => {
                    let advice = "write the name of something on or off, or `mode`";
                    return self.wrong(what.place.clone(), format!("`{name}` is a word"), advice);
                }
                Named::Number(..) => {
                    return self.wrong(
                        what.place.clone(),
                        format!("`{name}` is a number, which changes all the time"),
                        format!("write, for example, `trend({name}, 1h) > 1`"),
                    );
                }
            }
        };
        Some(Condition::Changed { point, within })
    }

    /// A series of readings to look back on: the same one for all that ask alike.
    fn over(
        &mut self,
        summary: Summary,
        of: &Node<'_>,
        window: Duration,
        place: Range<usize>,
    ) -> Option<(Number, Measure)> {
        let Kind::Name(name) = of.kind else { return None };
        let (sensor, quantity, measure) = match self.name(name, of.place.clone())? {
            Named::Number(Number::Reading(sensor, quantity), measure) => (sensor, quantity, measure),
            _ => {
                let advice = "write the reading of a sensor, such as `living.temperature`";
                return self.wrong(of.place.clone(), format!("`{name}` is not the reading of a sensor"), advice);
            }
        };
        if !(WINDOW_MIN..=WINDOW_MAX).contains(&window) {
            return self.wrong(place, "a time to look back that is too short or too long", "write 1m to 7d");
        }
        let series = Series { sensor, quantity, window };
        let known = self.kept.series.iter().position(|known| *known == series);
        let id = known.unwrap_or_else(|| {
            self.kept.series.push(series);
            self.kept.series.len() - 1
        });
        Some((Number::Over(summary, SeriesId(id)), measure))
    }

    /// What became of a point since midnight.
    fn today(&mut self, of: &Node<'_>) -> Option<(Number, Measure)> {
        let Kind::Name(name) = of.kind else { return None };
        let config = self.scope.config;
        let room = config.find_room(name).filter(|_| names::find(config, name).is_none()).map(Point::Occupied);
        let point = match room.map(Named::Binary).or_else(|| names::find(config, name)) {
            Some(Named::Binary(point)) => return Some((Number::Today(point), Measure::Time)),
            Some(Named::Number(Number::Reading(sensor, quantity), _)) => Point::Reading(sensor, quantity),
            Some(Named::Number(Number::Output(output, facet), _)) => Point::OutputFacet(output, facet),
            Some(_) => {
                let advice = "write the name of something on or off, or of a meter";
                return self.wrong(of.place.clone(), format!("`{name}` is neither on or off nor a meter"), advice);
            }
            None => return self.name(name, of.place.clone()).and(None),
        };
        if let Some(unit) = config.grows_in(point) {
            return Some((Number::Today(point), Measure::of(unit)));
        }
        let advice = match point {
            Point::Reading(..) => format!("write `average({name}, 1d)`, or minimum or maximum instead of average"),
            Point::OutputFacet(id, OutputFacet::Power) => format!("write `today({}.energy)`", config[id].id),
            _ => format!("write `today({})`", room_of(name)),
        };
        self.wrong(of.place.clone(), format!("`{name}` does not grow with time, as a meter does"), advice)
    }

    /// All of them, so that the mistakes of all are noted.
    fn conditions(&mut self, nodes: &[Node<'_>]) -> Option<Vec<Condition>> {
        let parts: Vec<Option<Condition>> = nodes.iter().map(|node| self.condition(node)).collect();
        parts.into_iter().collect()
    }

    fn compare(
        &mut self,
        left: &Node<'_>,
        comparison: Comparison,
        right: &Node<'_>,
        place: Range<usize>,
    ) -> Option<Condition> {
        if let Some((name, state)) = binary_equality(left, right)
            && let Some(Named::Binary(_)) = names::find(self.scope.config, name)
        {
            let not = if comparison == Comparison::NotEqual { "not " } else { "" };
            return self.wrong(place, format!("`{name}` is not a number"), format!("write `{name} is {not}{state}`"));
        }
        let (left_number, right_number) = (self.number(left), self.number(right));
        let ((left_number, one), (right_number, other)) = (left_number?, right_number?);
        if constant(&left_number) && constant(&right_number) {
            return self.wrong(
                place,
                "two fixed numbers are compared",
                "compare a reading, such as `living.temperature`",
            );
        }
        self.same_measure(one, other, left, right)?;
        for (number, node) in [(&left_number, left), (&right_number, right)] {
            if matches!(number, Number::Length(length) if *length > LONGEST_DAY) {
                return self.wrong(node.place.clone(), "no day is as long as that", "write at most 24h");
            }
        }
        let condition = Condition::Compare(left_number, comparison, right_number);
        match range::out_of_reach(&condition, self.scope.config) {
            Some((message, advice)) => self.wrong(place, message, advice),
            None => Some(condition),
        }
    }

    /// What two numbers measure that are compared, added or subtracted.
    fn same_measure(&mut self, one: Measure, other: Measure, left: &Node<'_>, right: &Node<'_>) -> Option<Measure> {
        match (one, other) {
            (Measure::Plain, Measure::Time) => self.without_unit_of_time(left),
            (Measure::Time, Measure::Plain) => self.without_unit_of_time(right),
            (Measure::Plain, measure) | (measure, Measure::Plain) => Some(measure),
            (one, other) if one == other => Some(one),
            _ => {
                // A number with a foreign unit is the slip; otherwise it is the combination.
                let (culprit, its, wanted) = match (&left.kind, &right.kind) {
                    (_, Kind::Number(..)) => (right.place.clone(), other, one),
                    (Kind::Number(..), _) => (left.place.clone(), one, other),
                    _ => (left.place.start..right.place.end, other, one),
                };
                let literal = matches!(left.kind, Kind::Number(..)) || matches!(right.kind, Kind::Number(..));
                let message = format!("{} does not go with {}", its.noun(), wanted.noun());
                let advice = match wanted {
                    _ if !literal => "use two readings of the same kind".to_owned(),
                    Measure::Time => "write a duration such as 90s, 5m or 1h30m".to_owned(),
                    Measure::Of(Unit::Index) => "write an index without a unit".to_owned(),
                    Measure::Of(Unit::Own(_)) => format!("write {}", wanted.noun()),
                    Measure::Of(unit) => format!("write {} in {}", wanted.noun(), unit.sign()),
                    _ => format!("write {}, without a unit", wanted.noun()),
                };
                self.wrong(culprit, message, advice)
            }
        }
    }

    /// A plain number beside a length of time.
    fn without_unit_of_time<T>(&mut self, node: &Node<'_>) -> Option<T> {
        let advice = match &node.kind {
            Kind::Number(number, None) => format!("write {number}h for hours or {number}m for minutes"),
            _ => "write a duration such as 90s, 5m or 1h30m".to_owned(),
        };
        self.wrong(node.place.clone(), "a length of time without a unit", advice)
    }

    fn number(&mut self, node: &Node<'_>) -> Option<(Number, Measure)> {
        let place = || node.place.clone();
        match &node.kind {
            Kind::Number(number, None) => Some((Number::Constant(*number), Measure::Plain)),
            Kind::Number(number, Some(unit)) if duration::parse(&format!("{number}{unit}")).is_ok() => {
                let length = duration::parse(&format!("{number}{unit}")).ok()?;
                Some((Number::Length(length), Measure::Time))
            }
            Kind::Number(number, Some(unit)) => Some((Number::Constant(*number), self.unit(*number, unit, place())?)),
            Kind::Negative(inner) => {
                let (number, measure) = self.number(inner)?;
                let negative = match number {
                    Number::Constant(number) => Number::Constant(-number),
                    other => Number::Subtract(Box::new(Number::Constant(0.0)), Box::new(other)),
                };
                Some((negative, measure))
            }
            Kind::Arithmetic(symbol, left, right) => self.arithmetic(symbol, left, right),
            Kind::Over(summary, of, window) => self.over(*summary, of, *window, place()),
            Kind::Today(of) => self.today(of),
            Kind::Name(name) => match self.name(name, place())? {
                Named::Number(number, measure) => Some((number, measure)),
                Named::Binary(point) => {
                    let (on, _) = states::usual(point, self.scope.config);
                    let stem =
                        if matches!(point, Point::Occupied(_) | Point::Asleep(_)) { room_of(name) } else { name };
                    self.wrong(
                        place(),
                        format!("`{name}` is {}, not a number", on_or_off(point, self.scope.config)),
                        format!("write `{stem} is {on}`"),
                    )
                }
                Named::Word(zone, facet) => {
                    let word = facet.words(&self.scope.config[zone])[0];
                    self.wrong(
                        place(),
                        format!("`{name}` is a word, not a number"),
                        format!("write `{name} is {word}`"),
                    )
                }
            },
            _ => self.wrong(place(), "this is true or false, not a number", "join conditions with `and` or `or`"),
        }
    }

    fn arithmetic(&mut self, symbol: &str, left: &Node<'_>, right: &Node<'_>) -> Option<(Number, Measure)> {
        let (one, other) = (self.number(left), self.number(right));
        let ((one, its), (other, others)) = (one?, other?);
        let whole = left.place.start..right.place.end;
        let constants = match (&one, &other) {
            (Number::Constant(one), Number::Constant(other)) => Some((*one, *other)),
            _ => None,
        };
        let (one, other) = (Box::new(one), Box::new(other));
        let (number, measure, value): (Number, Measure, fn(f64, f64) -> f64) = match symbol {
            "+" => (Number::Add(one, other), self.same_measure(its, others, left, right)?, |a, b| a + b),
            "-" => (Number::Subtract(one, other), self.same_measure(its, others, left, right)?, |a, b| a - b),
            "*" => {
                let measure = match (its, others) {
                    (Measure::Plain, measure) | (measure, Measure::Plain) => measure,
                    _ => {
                        let message = format!("{} times {} is no measure", its.noun(), others.noun());
                        return self.wrong(whole, message, "multiply with a plain number");
                    }
                };
                (Number::Multiply(one, other), measure, |a, b| a * b)
            }
            _ => {
                let measure = match (its, others) {
                    (measure, Measure::Plain) => measure,
                    (one, other) if one == other => Measure::Plain,
                    _ => {
                        let message = format!("{} divided by {} is no measure", its.noun(), others.noun());
                        return self.wrong(whole, message, "divide by a plain number");
                    }
                };
                (Number::Divide(one, other), measure, |a, b| a / b)
            }
        };
        // Constants are worked out once, so that a division by zero shows here.
        let Some((a, b)) = constants else { return Some((number, measure)) };
        let value = value(a, b);
        if value.is_finite() {
            Some((Number::Constant(value), measure))
        } else {
            self.wrong(whole, "this is not a finite number", "check the division")
        }
    }

    fn unit(&mut self, number: f64, unit: &str, place: Range<usize>) -> Option<Measure> {
        let own = self.scope.config.own_units();
        if let Some(unit) = Unit::ALL.iter().chain(&own).find(|known| known.spellings().contains(&unit)) {
            return Some(Measure::of(*unit));
        }
        if unit == "°" {
            return Some(Measure::Degrees);
        }
        let message = format!("unknown unit `{unit}`");
        let advice = match unit.to_lowercase().as_str() {
            "f" | "°f" => format!("temperatures are in °C: write {:.1}°C", (number - 32.0) / 1.8),
            "k" => format!("temperatures are in °C: write {:.1}°C", number - 273.15),
            "c" | "°c" | "degrees" => format!("write {number}°C"),
            "percent" => format!("write {number}%"),
            "hpa" | "mbar" => format!("write {number}hPa"),
            "pa" => format!("write {}hPa", number / 100.0),
            "kpa" => format!("write {}hPa", number * 10.0),
            "mv" => format!("write {}V", number / 1_000.0),
            "ma" => format!("write {}A", number / 1_000.0),
            "wh" => format!("write {}kWh", number / 1_000.0),
            "l" | "litre" | "litres" => format!("write {}m³", number / 1_000.0),
            "kw" => format!("write {}W", number * 1_000.0),
            "kω" | "kohm" => format!("write {}Ω", number * 1_000.0),
            "s" | "m" | "h" | "d" | "ms" | "hours" | "minutes" | "seconds" => {
                "write a duration such as 90s, 5m or 1h30m, in whole numbers".into()
            }
            _ => {
                let signs = Unit::ALL.iter().chain(&own).map(|unit| unit.sign()).filter(|sign| !sign.is_empty());
                format!("write {}, or no unit at all", one_of(signs.map(str::to_owned).collect()))
            }
        };
        self.wrong(place, message, advice)
    }

    fn is(&mut self, subject: &Node<'_>, state: &str, place: Range<usize>) -> Option<Condition> {
        let Kind::Name(name) = subject.kind else {
            return self.wrong(
                subject.place.clone(),
                "`is` follows the name of a point",
                "write, for example, `hall_light is on`",
            );
        };
        let config = self.scope.config;
        if state == "lost" {
            return self.lost(name, subject.place.clone());
        }
        let room = config.rooms.iter().any(|room| &*room.id == name);
        let named = if room && names::find(self.scope.config, name).is_none() {
            let word = if matches!(state, "asleep" | "awake") { "asleep" } else { "occupied" };
            self.name(&format!("{name}.{word}"), subject.place.clone())?
        } else {
            self.name(name, subject.place.clone())?
        };
        if let Named::Word(zone, facet) = named {
            return self.is_word(name, zone, facet, state, place);
        }
        let Named::Binary(point) = named else {
            return self.wrong(place, format!("`{name}` is a number"), format!("compare it, as in `{name} > 20`"));
        };
        match states::meaning(state, point, config) {
            Some(true) => Some(Condition::On(point)),
            Some(false) => Some(Condition::Not(Box::new(Condition::On(point)))),
            None => {
                let (on, off) = states::usual(point, config);
                let advice = match nearest::name(state, states::all(point, config)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write `{on}` or `{off}`"),
                };
                self.wrong(place, format!("`{name}` is never `{state}`"), advice)
            }
        }
    }

    /// A point of a climate zone and a word.
    fn is_word(
        &mut self,
        name: &str,
        zone: ClimateId,
        facet: ClimateFacet,
        word: &str,
        place: Range<usize>,
    ) -> Option<Condition> {
        let words = facet.words(&self.scope.config[zone]);
        if words.contains(&word) {
            return Some(Condition::ClimateIs(zone, facet, word.into()));
        }
        let advice = match nearest::name(word, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of {}", suggestions::list(&words)),
        };
        self.wrong(place, format!("`{name}` is never `{word}`"), advice)
    }

    /// The sun needs a place.
    fn sun(&mut self, place: Range<usize>) -> Option<()> {
        if self.scope.placed {
            return Some(());
        }
        self.mistakes.push(no_place(place));
        None
    }

    /// What a name stands for; when nothing, that is noted.
    fn name(&mut self, name: &str, place: Range<usize>) -> Option<Named> {
        if name == "sun.elevation" {
            self.sun(place.clone())?;
        }
        match names::find(self.scope.config, name) {
            Some(named) => Some(named),
            None => {
                let (message, advice) = names::not_found(self.scope.config, name);
                self.wrong(place, message, advice)
            }
        }
    }

    fn wrong<T>(&mut self, place: Range<usize>, message: impl Into<String>, advice: impl Into<String>) -> Option<T> {
        let mistake = Mistake::new(place, message, advice);
        // `X between A and B` looks at X twice.
        if !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
        None
    }
}

/// The sun is spoken of, and nobody knows where the house is.
pub(super) fn no_place(place: Range<usize>) -> Mistake {
    Mistake::new(
        place,
        "the sun's times need the place of the house",
        "add latitude = ... and longitude = ... to [hub]",
    )
}

fn constant(number: &Number) -> bool {
    matches!(number, Number::Constant(_) | Number::Length(_))
}

fn room_of(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// `hall_light == on`: the name and the state.
fn binary_equality<'t>(left: &Node<'t>, right: &Node<'t>) -> Option<(&'t str, &'t str)> {
    match (&left.kind, &right.kind) {
        (Kind::Name(name), Kind::Number(number, None)) if *number == 1.0 => Some((name, "on")),
        (Kind::Name(name), Kind::Number(number, None)) if *number == 0.0 => Some((name, "off")),
        _ => None,
    }
}

fn on_or_off(point: Point, config: &Config) -> String {
    let (on, off) = states::usual(point, config);
    format!("{on} or {off}")
}
