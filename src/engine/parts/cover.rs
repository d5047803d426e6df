//! Covers: a position worked out from how long the motor ran, and the way to another.
//!
//! A position is counted in thousandths of a percent, 0 closed and 100,000 open. It is known once an end was reached: the
//! motor runs on there for a tenth of the way more, and stops by its own switch. A cover that nobody knows the position
//! of is first moved to the end that is nearer to where it is to be.

use crate::{
    clock::Moment,
    engine::wakeup::NextWakeup,
    model::{Cover, Level},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const CLOSED: i64 = 0;
const OPEN: i64 = 100_000;
/// At an end the motor runs on for this much of the way.
const BEYOND: i64 = 10_000;
/// Nearer than this it need not move.
const NEAR: i64 = 1_000;
/// So far it may have moved on before it was stopped, without being moved back.
const OVERSHOT: i64 = 3_000;
/// While it moves, its position is shown anew so often.
const SHOWN_EVERY: Duration = Duration::from_secs(1);

/// Where a cover is and where it is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::engine) struct Travel {
    /// Where it stood when its motor was last switched; None: nobody knows.
    position: Option<i64>,
    /// Where it is to be; None: where it is.
    goal: Option<Level>,
    /// Where it was last asked to be; None: nowhere yet, or to stand still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Level>,
}

/// Where somebody asks a cover or a door to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Asks {
    /// There.
    For(Level),
    /// It is to stay where it is: it was stopped, or it is not known what a rule asks.
    Stays,
    /// Nobody asks.
    Nothing,
}

/// Which way the motor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Way {
    Opening,
    Closing,
}

impl Way {
    pub fn opposite(self) -> Way {
        if self == Way::Opening { Way::Closing } else { Way::Opening }
    }
}

/// How the motor runs: which way and since when.
pub(in crate::engine) type Motion = Option<(Way, Moment)>;

impl Travel {
    /// It is to be there: somebody asks, perhaps once more.
    pub fn go(&mut self, goal: Level) {
        (self.goal, self.to) = (Some(goal), Some(goal));
    }

    /// Somebody asks all the time that it is there: what is new of that moves it.
    pub fn follow(&mut self, goal: Level) {
        if self.to != Some(goal) {
            self.go(goal);
        }
    }

    /// It is to stay where it is, until somebody asks.
    pub fn stay(&mut self) {
        (self.goal, self.to) = (None, None);
    }

    /// Where it is on its way to, or about to be.
    pub fn goal(&self) -> Option<Level> {
        self.goal
    }

    /// Nobody knows any more where it is.
    pub fn lose(&mut self) {
        self.position = None;
    }

    /// The motor is switched, having run so until now.
    pub fn settle(&mut self, cover: &Cover, motion: Motion, now: Moment) {
        self.position = self.at(cover, motion, now);
    }

    /// Where it is, 0 to 100,000; None: nobody knows.
    pub fn at(&self, cover: &Cover, motion: Motion, now: Moment) -> Option<i64> {
        let Some((way, _)) = motion else { return self.position };
        let reached = self.reckoned(cover, motion, now);
        match (self.position, way) {
            (Some(_), _) => Some(reached.clamp(CLOSED, OPEN)),
            (None, Way::Opening) => (reached >= OPEN + BEYOND).then_some(OPEN),
            (None, Way::Closing) => (reached <= CLOSED - BEYOND).then_some(CLOSED),
        }
    }

    /// Where it is, to be shown: while it moves, only now and then another. And when to show it anew.
    pub fn shown(&self, cover: &Cover, motion: Motion, now: Moment) -> (Option<i64>, Option<Moment>) {
        let Some((_, since)) = motion else { return (self.position, None) };
        let step = SHOWN_EVERY.as_millis();
        let steps = now.since(since).as_millis() / step;
        let shown_at = |steps: u128| since + Duration::from_millis(u64::try_from(steps * step).unwrap_or(u64::MAX));
        (self.at(cover, motion, shown_at(steps)), Some(shown_at(steps + 1)))
    }

    /// Which way the motor is to run now.
    pub fn way(&mut self, cover: &Cover, motion: Motion, now: Moment, wakeup: &mut NextWakeup) -> Option<Way> {
        let target = i64::from(self.goal?.percent()) * 1000;
        let at = self.reckoned(cover, motion, now);
        let way = match (self.position, motion) {
            (Some(position), None) => start(position, target),
            (Some(_), Some((way, _))) => on_the_way(way, at, target),
            (None, None) => Some(if target >= OPEN / 2 { Way::Opening } else { Way::Closing }),
            // Whichever way it runs, it runs on to the end there.
            (None, Some((Way::Opening, _))) if at < OPEN + BEYOND => Some(Way::Opening),
            (None, Some((Way::Closing, _))) if at > CLOSED - BEYOND => Some(Way::Closing),
            (None, Some((Way::Opening, _))) => start(OPEN, target),
            (None, Some((Way::Closing, _))) => start(CLOSED, target),
        };
        if way.is_none() {
            self.goal = None;
        }
        if let (Some(way), Some((running, since))) = (way, motion)
            && way == running
        {
            wakeup.at(since + self.capability(cover, way, target));
        }
        way
    }

    /// Where it would be without ends. Of a cover of unknown position: had it begun at the far end.
    fn reckoned(&self, cover: &Cover, motion: Motion, now: Moment) -> i64 {
        match motion {
            None => self.position.unwrap_or(CLOSED),
            Some((way, since)) => {
                let moved = scaled(ms(now.since(since)), OPEN, ms(time(cover, way)), false);
                if way == Way::Opening { self.begin(way) + moved } else { self.begin(way) - moved }
            }
        }
    }

    /// How long the motor runs this way until something is to be decided.
    fn capability(&self, cover: &Cover, way: Way, target: i64) -> Duration {
        let (end, begin) = (if way == Way::Opening { OPEN + BEYOND } else { CLOSED - BEYOND }, self.begin(way));
        let until = if self.position.is_none() || target == OPEN || target == CLOSED { end } else { target };
        let distance = if way == Way::Opening { until - begin } else { begin - until };
        Duration::from_millis(u64::try_from(scaled(distance, ms(time(cover, way)), OPEN, true)).unwrap_or(0))
    }

    fn begin(&self, way: Way) -> i64 {
        self.position.unwrap_or(if way == Way::Opening { CLOSED } else { OPEN })
    }
}

/// Which way a cover that stands still begins to run.
fn start(position: i64, target: i64) -> Option<Way> {
    let near = if target == OPEN || target == CLOSED { 1 } else { NEAR };
    match target - position {
        distance if distance.abs() < near => None,
        distance if distance > 0 => Some(Way::Opening),
        _ => Some(Way::Closing),
    }
}

/// Which way a cover runs on that is at `at`.
fn on_the_way(way: Way, at: i64, target: i64) -> Option<Way> {
    let (left, beyond) = match way {
        Way::Opening => (target - at, at - OPEN),
        Way::Closing => (at - target, CLOSED - at),
    };
    let ends_here = if way == Way::Opening { target == OPEN } else { target == CLOSED };
    match ends_here {
        true => (beyond < BEYOND).then_some(way),
        false if left > 0 => Some(way),
        false if left >= -OVERSHOT && target != OPEN && target != CLOSED => None,
        false => Some(way.opposite()),
    }
}

fn time(cover: &Cover, way: Way) -> Duration {
    if way == Way::Opening { cover.open_time } else { cover.close_time }
}

/// `value * by / of`, rounded down or up.
fn scaled(value: i64, by: i64, of: i64, up: bool) -> i64 {
    let (product, of) = (i128::from(value) * i128::from(by), i128::from(of.max(1)));
    let result = product.div_euclid(of) + i128::from(up && product.rem_euclid(of) > 0);
    i64::try_from(result).unwrap_or(i64::MAX)
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OutputId;

    /// 20 s up and 10 s down, whose motor obeys at once.
    struct Blind {
        cover: Cover,
        travel: Travel,
        motion: Motion,
        now: Moment,
    }

    impl Blind {
        fn new() -> Blind {
            let seconds = Duration::from_secs;
            let cover =
                Cover { open: OutputId(1), close: OutputId(2), open_time: seconds(20), close_time: seconds(10) };
            Blind { cover, travel: Travel::default(), motion: None, now: Moment::START }
        }

        /// Lets it run until it stands still; how long it ran each way, in milliseconds.
        fn go(&mut self, goal: u8) -> Vec<(Way, u128)> {
            self.travel.go(Level::new(goal).unwrap());
            let mut runs = Vec::new();
            loop {
                let mut wakeup = NextWakeup::default();
                let way = self.travel.way(&self.cover, self.motion, self.now, &mut wakeup);
                if way == self.motion.map(|(way, _)| way) {
                    match wakeup.earliest().filter(|_| way.is_some()) {
                        Some(next) => self.now = next,
                        None => return runs,
                    }
                    continue;
                }
                if let Some((way, since)) = self.motion {
                    runs.push((way, self.now.since(since).as_millis()));
                }
                self.travel.settle(&self.cover, self.motion, self.now);
                self.motion = way.map(|way| (way, self.now));
            }
        }

        fn at(&self) -> Option<i64> {
            self.travel.at(&self.cover, self.motion, self.now)
        }
    }

    #[test]
    fn an_unknown_position_is_made_known_at_the_nearer_end() {
        let mut blind = Blind::new();
        assert_eq!(blind.at(), None);
        assert_eq!(blind.go(30), [(Way::Closing, 11_000), (Way::Opening, 6_000)]);
        assert_eq!(blind.at(), Some(30_000));
        assert_eq!(Blind::new().go(80), [(Way::Opening, 22_000), (Way::Closing, 2_000)]);
        assert_eq!(Blind::new().go(0), [(Way::Closing, 11_000)]);
    }

    #[test]
    fn a_known_position_is_left_straight_and_ends_are_run_into() {
        let mut blind = Blind::new();
        blind.go(0);
        assert_eq!(blind.go(25), [(Way::Opening, 5_000)]);
        assert_eq!(blind.go(75), [(Way::Opening, 10_000)]);
        assert_eq!(blind.go(75), []);
        assert_eq!(blind.go(100), [(Way::Opening, 7_000)], "a tenth beyond the end");
        assert_eq!(blind.go(100), []);
        assert_eq!(blind.go(50), [(Way::Closing, 5_000)]);
    }

    #[test]
    fn it_turns_round_on_the_way_and_is_not_moved_back_for_a_little_too_far() {
        let mut blind = Blind::new();
        blind.go(0);
        let seconds = Duration::from_secs;
        let since = blind.now;
        blind.motion = Some((Way::Opening, since));
        let way = |goal: u8, after: u64| {
            let mut travel = blind.travel;
            travel.go(Level::new(goal).unwrap());
            travel.way(&blind.cover, blind.motion, since + seconds(after), &mut NextWakeup::default())
        };
        assert_eq!(way(50, 5), Some(Way::Opening));
        assert_eq!(way(50, 10), None);
        assert_eq!(way(48, 10), None, "2 % too far");
        assert_eq!(way(40, 10), Some(Way::Closing));
        assert_eq!(way(0, 10), Some(Way::Closing));
        blind.now = since + Duration::from_millis(1_999);
        assert_eq!(blind.travel.shown(&blind.cover, blind.motion, blind.now), (Some(5_000), Some(since + seconds(2))));
    }
}
