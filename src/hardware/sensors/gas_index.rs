//! Sensirion's VOC index: what the signal of an SGP40 says of the air, beside the air of the last half day.
//!
//! The structure and its constants are those that Sensirion publishes with its Gas Index Algorithm 3.2 for signals of
//! volatile organic compounds. It counts in `f32`, as that does, so that both tell the same for weeks.
//!
//! A slow estimate of mean and deviation says what is usual. The signal's distance from it is bent onto 0 to 500, so that
//! the mean is 100, and smoothed. While the air is bad, the estimate holds still, so that it does not learn that as usual.

/// Nothing is told for so long after the start.
const SILENT_S: f32 = 45.0;
/// Counts of the signal are from here on, and no more than `SIGNAL_SPAN`.
const SIGNAL_BEGINS: i32 = 20_000;
const SIGNAL_SPAN: i32 = 32_767;
/// Outside of these it is no signal.
const SIGNALS: std::ops::Range<i32> = 1..65_000;

const INDEX_OF_USUAL_AIR: f32 = 100.0;
const INDEX_MOST: f32 = 500.0;
const INDEX_LEAST: f32 = 0.5;
const INDEX_GAIN: f32 = 230.0;
const INDEX_BEND: Bend = Bend { middle: 213.0, slope: -0.0065 };
/// Added to the deviation, so that calm air makes no index jump.
const DEVIATION_BONUS: f32 = 220.0;
const DEVIATION_FIRST: f32 = 50.0;

/// The time constants of mean and deviation: half a day, and those of the first hours.
const LEARNING_S: f32 = 12.0 * 3_600.0;
const FIRST_MEAN_S: f32 = 20.0;
const FIRST_DEVIATION_S: f32 = 2_500.0;
const MEAN_FIRST_UNTIL: Bend = Bend { middle: 0.75 * 3_600.0, slope: 0.01 };
const DEVIATION_FIRST_UNTIL: Bend = Bend { middle: 1.45 * 3_600.0, slope: 0.01 };
/// Of small numbers, for those of Sensirion's have fixed points.
const SCALE: f32 = 64.0;
const MEAN_SCALE: f32 = 8.0;
/// A distance beyond this, over `SCALE`, is scaled down.
const DISTANCE_MOST: f32 = 1_440.0;
/// The mean is counted from an offset, which follows it in steps.
const OFFSET_STEP: f32 = 100.0;
const UPTIME_MOST_S: f32 = 32_767.0;
/// A state that was learnt counts as one of three hours.
const RECALLED_S: f32 = 3.0 * 3_600.0;

/// An index above this holds the estimate still, for three hours at most; at first, above `HOLD_ABOVE_FIRST`.
const HOLD_ABOVE: f32 = 340.0;
const HOLD_ABOVE_FIRST: f32 = 510.0;
const HOLD_SLOPE: f32 = 0.09;
const HOLD_MINUTES: f32 = 180.0;
/// Time without a hold makes up for this share of it.
const HOLD_MAKES_UP: f32 = 0.3;

/// The time constants of the smoothing: slow in calm air, fast when it changes.
const SMOOTH_FAST_S: f32 = 20.0;
const SMOOTH_SLOW_S: f32 = 500.0;
const SMOOTH_SLOPE: f32 = -0.2;

/// A soft step from 1 to 0, or from 0 to 1 where the slope is negative.
#[derive(Clone, Copy)]
struct Bend {
    middle: f32,
    slope: f32,
}

impl Bend {
    fn at(self, x: f32) -> f32 {
        match self.slope * (x - self.middle) {
            x if x < -50.0 => 1.0,
            x if x > 50.0 => 0.0,
            x => 1.0 / (1.0 + x.exp()),
        }
    }
}

/// What it has learnt: mean and deviation of the signal.
pub(super) type Usual = [f32; 2];

pub(super) struct GasIndex {
    /// Between two signals.
    every_s: f32,
    uptime_s: f32,
    /// Above `SIGNAL_BEGINS`; 0 before the first.
    signal: f32,
    index: f32,
    usual: Estimate,
    smooth: Option<Smooth>,
    /// It goes on from what was learnt before.
    recalled: bool,
}

impl GasIndex {
    /// `every_s`: the time between two signals, which is 1 to 10 s.
    pub fn new(every_s: f32) -> GasIndex {
        let usual = Estimate::new(every_s);
        GasIndex { every_s, uptime_s: 0.0, signal: 0.0, index: 0.0, usual, smooth: None, recalled: false }
    }

    /// What it has learnt; nothing before it has learnt enough, which takes three hours.
    pub fn learnt(&self) -> Option<Usual> {
        let enough = self.recalled || self.usual.uptime_s >= RECALLED_S;
        enough.then_some([self.usual.mean + self.usual.offset, self.usual.deviation])
    }

    /// Goes on with what it had learnt no more than ten minutes ago.
    pub fn recall(&mut self, [mean, deviation]: Usual) {
        self.usual = Estimate { started: true, mean, deviation, uptime_s: RECALLED_S, ..Estimate::new(self.every_s) };
        self.signal = mean;
        self.recalled = true;
    }

    /// Takes in the next signal. The index, 1 to 500; nothing in the first 45 s.
    pub fn next(&mut self, signal: u16) -> Option<f64> {
        if self.uptime_s <= SILENT_S {
            self.uptime_s += self.every_s;
            return None;
        }
        let signal = i32::from(signal);
        if SIGNALS.contains(&signal) {
            self.signal = (signal - SIGNAL_BEGINS).clamp(1, SIGNAL_SPAN) as f32;
        }
        // More gas is a lower signal.
        let distance = self.signal - (self.usual.mean + self.usual.offset);
        let bent = bend(distance / -(self.usual.deviation + DEVIATION_BONUS) * INDEX_GAIN);
        let every_s = self.every_s;
        self.index = self.smooth.get_or_insert(Smooth([bent; 3])).next(bent, every_s).max(INDEX_LEAST);
        if self.signal > 0.0 {
            self.usual.learn(self.signal, self.index);
        }
        Some(f64::from((self.index + 0.5).floor()))
    }
}

/// Onto 0 to 500, so that 0 becomes 100.
fn bend(x: f32) -> f32 {
    let share = INDEX_BEND.at(x);
    if x < 0.0 || share == 0.0 || share == 1.0 {
        return INDEX_MOST * share;
    }
    let shift = (INDEX_MOST - 5.0 * INDEX_OF_USUAL_AIR) / 4.0;
    (INDEX_MOST + shift) * share - shift
}

/// What is usual: mean and deviation of the signal.
struct Estimate {
    every_s: f32,
    started: bool,
    mean: f32,
    offset: f32,
    deviation: f32,
    uptime_s: f32,
    /// Since a hold was given up.
    gating_s: f32,
    held_minutes: f32,
}

impl Estimate {
    fn new(every_s: f32) -> Estimate {
        Estimate {
            every_s,
            started: false,
            mean: 0.0,
            offset: 0.0,
            deviation: DEVIATION_FIRST,
            uptime_s: 0.0,
            gating_s: 0.0,
            held_minutes: 0.0,
        }
    }

    fn learn(&mut self, signal: f32, index: f32) {
        if !self.started {
            (self.started, self.offset, self.mean) = (true, signal, 0.0);
            return;
        }
        if self.mean.abs() >= OFFSET_STEP {
            self.offset += self.mean;
            self.mean = 0.0;
        }
        let (mean_speed, deviation_speed) = self.speeds(index);
        let distance = (signal - self.offset - self.mean) / SCALE;
        let far = self.deviation + distance.abs();
        let down = if far > DISTANCE_MOST { (far / DISTANCE_MOST) * (far / DISTANCE_MOST) } else { 1.0 };
        let before = self.deviation * (self.deviation / (SCALE * down));
        let now = deviation_speed * distance / down * distance;
        self.deviation = (down * (SCALE - deviation_speed)).sqrt() * (before + now).sqrt();
        self.mean += mean_speed * distance / MEAN_SCALE;
    }

    /// How fast mean and deviation follow the signal now, times `SCALE`.
    fn speeds(&mut self, index: f32) -> (f32, f32) {
        let uptime_most = UPTIME_MOST_S - self.every_s;
        for uptime in [&mut self.uptime_s, &mut self.gating_s] {
            if *uptime < uptime_most {
                *uptime += self.every_s;
            }
        }
        let speed = |seconds: f32| SCALE * self.every_s / (seconds + self.every_s);
        let learning = |scale: f32| {
            let hours = |seconds: f32| seconds / 3_600.0;
            scale * SCALE * hours(self.every_s) / (hours(LEARNING_S) + hours(self.every_s))
        };
        let mean_is_first = MEAN_FIRST_UNTIL.at(self.uptime_s);
        let mean = learning(MEAN_SCALE);
        let mean = mean + (MEAN_SCALE * speed(FIRST_MEAN_S) - mean) * mean_is_first;
        let deviation = learning(1.0);
        let deviation_is_first = DEVIATION_FIRST_UNTIL.at(self.uptime_s) - mean_is_first;
        let deviation = deviation + (speed(FIRST_DEVIATION_S) - deviation) * deviation_is_first;

        let hold = |first_until: Bend| {
            let above = HOLD_ABOVE + (HOLD_ABOVE_FIRST - HOLD_ABOVE) * first_until.at(self.gating_s);
            Bend { middle: above, slope: HOLD_SLOPE }.at(index)
        };
        let (mean_goes_on, deviation_goes_on) = (hold(MEAN_FIRST_UNTIL), hold(DEVIATION_FIRST_UNTIL));
        let held = (1.0 - mean_goes_on) * (1.0 + HOLD_MAKES_UP) - HOLD_MAKES_UP;
        self.held_minutes = (self.held_minutes + self.every_s / 60.0 * held).max(0.0);
        if self.held_minutes > HOLD_MINUTES {
            self.gating_s = 0.0;
        }
        (mean_goes_on * mean, deviation_goes_on * deviation)
    }
}

/// A low pass whose time constant depends on how far a fast and a slow one are apart.
struct Smooth([f32; 3]);

impl Smooth {
    fn next(&mut self, sample: f32, every_s: f32) -> f32 {
        let [fast, slow, smooth] = &mut self.0;
        let follow = |value: &mut f32, seconds: f32| {
            let share = every_s / (seconds + every_s);
            *value = (1.0 - share) * *value + share * sample;
        };
        follow(fast, SMOOTH_FAST_S);
        follow(slow, SMOOTH_SLOW_S);
        let calm = (SMOOTH_SLOPE * (*fast - *slow).abs()).exp();
        follow(smooth, (SMOOTH_SLOW_S - SMOOTH_FAST_S) * calm + SMOOTH_FAST_S);
        *smooth
    }
}

#[cfg(test)]
mod tests;
