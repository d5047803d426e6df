//! What conditions read of a house: the one place that says so.

use super::{Condition, Config, Number, Point, SeriesId};

/// One thing that a condition reads. What the clock and the calendar alone decide is none: they say when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The value of a point.
    Value(Point),
    /// Whether a point is lost, whatever its value.
    Loss(Point),
    /// What a sensor read over a while.
    Series(SeriesId),
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
            Read::Value(point) => Some(point),
            Read::Series(id) => Some(Point::Reading(config[id].sensor, config[id].quantity)),
            Read::Loss(_) | Read::Dark | Read::Sun => None,
        })
    }

    /// The same but for readings that it only looks back on.
    pub fn plain_points(&self) -> Vec<Point> {
        self.points_of(|read| match read {
            Read::Value(point) => Some(point),
            Read::Loss(_) | Read::Series(_) | Read::Dark | Read::Sun => None,
        })
    }

    fn points_of(&self, point: impl Fn(Read) -> Option<Point>) -> Vec<Point> {
        let mut points = Vec::new();
        self.reads(&mut |read| points.extend(point(read).filter(|point| !points.contains(point))));
        points
    }

    /// Shows each number that it compares.
    pub fn each_number<'c>(&'c self, show: &mut dyn FnMut(&'c Number)) {
        if let Condition::Compare(left, _, right) = self {
            [left, right].into_iter().for_each(&mut *show);
        }
        self.parts().iter().for_each(|part| part.each_number(show));
    }
}

impl Number {
    /// Tells all that it reads, in the order in which it is written.
    pub fn reads(&self, tell: &mut dyn FnMut(Read)) {
        match self {
            Number::Constant(_) => {}
            Number::Reading(sensor, quantity) => tell(Read::Value(Point::Reading(*sensor, *quantity))),
            Number::Output(output, facet) => tell(Read::Value(Point::OutputFacet(*output, *facet))),
            Number::Climate(zone, facet) => tell(Read::Value(Point::Climate(*zone, *facet))),
            Number::Over(_, series) => tell(Read::Series(*series)),
            Number::SunElevation => tell(Read::Sun),
            Number::Add(left, right)
            | Number::Subtract(left, right)
            | Number::Multiply(left, right)
            | Number::Divide(left, right) => [left, right].into_iter().for_each(|side| side.reads(tell)),
        }
    }
}
