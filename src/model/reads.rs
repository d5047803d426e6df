//! What conditions read of a house: the one place that says so.

use super::{Condition, Config, Number, OutputFacet, Point, SeriesId, Trigger, Unit};

/// One thing that a condition reads. What the clock and the calendar alone decide is none: they say when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The value of a point.
    Value(Point),
    /// Whether a point is lost, whatever its value.
    Loss(Point),
    /// What a sensor read over a while.
    Series(SeriesId),
    /// What became of a point since midnight.
    Today(Point),
    /// Whether it is dark.
    Dark,
    /// The height of the sun.
    Sun,
}

impl Condition {
    /// Tells all that it reads, in the order in which it is written.
    pub fn reads(&self, tell: &mut dyn FnMut(Read)) {
        match self {
            Condition::All(_) | Condition::Any(_) | Condition::Not(_) | Condition::Held { .. } => {
                self.parts().iter().for_each(|part| part.reads(tell));
            }
            Condition::On(point) | Condition::Changed { point, .. } => tell(Read::Value(*point)),
            Condition::ClimateIs(zone, facet, _) => tell(Read::Value(Point::Climate(*zone, *facet))),
            Condition::Mode(_) => tell(Read::Value(Point::Mode)),
            Condition::Compare(left, _, right) => [left, right].into_iter().for_each(|side| side.reads(tell)),
            Condition::Lost(point) => tell(Read::Loss(*point)),
            Condition::Due { output, .. } => tell(Read::Today(Point::Output(*output))),
            Condition::Dark => tell(Read::Dark),
            Condition::TimeBetween { .. }
            | Condition::Daylight
            | Condition::Day(_)
            | Condition::Date(_)
            | Condition::Holiday
            | Condition::Night(_)
            | Condition::PresenceSimulation { .. } => {}
        }
    }

    /// The points whose values it reads, each once, also those that it looks back on.
    pub fn points(&self, config: &Config) -> Vec<Point> {
        self.points_of(|read| match read {
            Read::Value(point) | Read::Today(point) => Some(point),
            Read::Series(id) => Some(Point::Reading(config[id].sensor, config[id].quantity)),
            Read::Loss(_) | Read::Dark | Read::Sun => None,
        })
    }

    /// The same but for those that it only looks back on.
    pub fn plain_points(&self) -> Vec<Point> {
        self.points_of(|read| match read {
            Read::Value(point) => Some(point),
            Read::Loss(_) | Read::Series(_) | Read::Today(_) | Read::Dark | Read::Sun => None,
        })
    }

    fn points_of(&self, point: impl Fn(Read) -> Option<Point>) -> Vec<Point> {
        let mut points = Vec::new();
        self.reads(&mut |read| points.extend(point(read).filter(|point| !points.contains(point))));
        points
    }

    /// Shows each number that it compares.
    pub fn each_number(&self, show: &mut dyn FnMut(&Number)) {
        match self {
            Condition::Compare(left, _, right) => [left, right].into_iter().for_each(&mut *show),
            Condition::Due { output, .. } => show(&Number::Today(Point::Output(*output))),
            _ => {}
        }
        self.parts().iter().for_each(|part| part.each_number(show));
    }
}

impl Number {
    /// Tells all that it reads, in the order in which it is written.
    pub fn reads(&self, tell: &mut dyn FnMut(Read)) {
        match self {
            Number::Constant(_) | Number::Length(_) => {}
            Number::Reading(sensor, quantity) => tell(Read::Value(Point::Reading(*sensor, *quantity))),
            Number::Output(output, facet) => tell(Read::Value(Point::OutputFacet(*output, *facet))),
            Number::Climate(zone, facet) => tell(Read::Value(Point::Climate(*zone, *facet))),
            Number::Over(_, series) => tell(Read::Series(*series)),
            Number::Today(point) => tell(Read::Today(*point)),
            Number::SunElevation => tell(Read::Sun),
            Number::Add(left, right)
            | Number::Subtract(left, right)
            | Number::Multiply(left, right)
            | Number::Divide(left, right) => [left, right].into_iter().for_each(|side| side.reads(tell)),
        }
    }
}

impl Config {
    /// Every condition of the house, wherever it stands.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let rooms = self.rooms.iter().flat_map(|room| [&room.occupied_while, &room.asleep_while]).flatten();
        let rules = self.rules.iter().chain(rooms).chain(&self.dark);
        let of_rules = rules.flat_map(|rule| std::iter::once(&rule.condition).chain(&rule.until));
        let of_events = self.events.iter().flat_map(|event| {
            let triggers = event.on.iter().filter_map(|trigger| match trigger {
                Trigger::Becomes(condition) => Some(condition),
                _ => None,
            });
            triggers.chain(&event.condition)
        });
        of_rules.chain(of_events)
    }

    /// The points of which some condition asks what became of them today, in their order.
    pub fn looked_at_by_day(&self) -> Vec<Point> {
        let mut points = Vec::new();
        for condition in self.conditions() {
            condition.reads(&mut |read| match read {
                Read::Today(point) => points.push(point),
                Read::Value(_) | Read::Loss(_) | Read::Series(_) | Read::Dark | Read::Sun => {}
            });
        }
        points.sort_unstable();
        points.dedup();
        points
    }

    /// The unit of a point that shows what was counted so far: the total of a counter, an energy, a volume. None: it is
    /// another point.
    pub fn grows_in(&self, point: Point) -> Option<Unit> {
        match point {
            Point::Reading(sensor, quantity) => {
                let unit = quantity.unit();
                let grows = matches!(unit, Unit::KilowattHour | Unit::CubicMetre) || self.is_total(sensor, quantity);
                grows.then_some(unit)
            }
            Point::OutputFacet(_, facet @ OutputFacet::Energy) => facet.unit(),
            _ => None,
        }
    }
}
