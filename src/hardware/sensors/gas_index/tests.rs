//! Against Sensirion's own program (Gas Index Algorithm 3.2, in C), over a week.

use super::{GasIndex, Usual};

const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;
/// The last that is compared.
const LAST: i64 = 604_700;

/// Made by formula: a wave of a day, a slow one of five, and noise; with `people`, breakfast, cooking, and painting every
/// third evening; or a signal that jumps every ten minutes.
#[derive(Clone, Copy, Debug)]
enum Air {
    Quiet,
    People,
    Jumps,
}

impl Air {
    fn signal(self, second: i64) -> u16 {
        let triangle = |length: i64| (second % length).min(length - second % length);
        let noise = i64::from((second as u32).wrapping_mul(1_103_515_245).wrapping_add(12_345) >> 20) % 41 - 20;
        let usual = 30_000 + triangle(DAY) / 36 - 600 + triangle(5 * DAY) / 720 + noise;
        let (day, hour, minute) = (second / DAY, second / 3_600 % 24, second / 60 % 60);
        let people =
            [(hour == 7 && minute < 20, 900), (hour == 18 && minute < 45, 2_500), (day % 3 == 2 && hour >= 20, 6_000)];
        let gas: i64 = people.iter().map(|(there, counts)| if *there { *counts } else { 0 }).sum();
        let signal = match self {
            Air::Quiet => usual,
            Air::People => usual - gas,
            Air::Jumps if second / 600 % 2 == 1 => 26_000,
            Air::Jumps => 31_000,
        };
        signal as u16
    }
}

/// The air, a signal every so many seconds, `second index` at some of them, and mean and deviation after the last.
type Trace = (Air, i64, &'static str, Usual);

/// What Sensirion's program says.
const TRACES: &[Trace] = &[
    (
        Air::Quiet,
        1,
        "100 93, 1800 100, 7200 59, 14400 30, 43200 20, 65400 99, 66400 104, 80000 182, 86400 216, 100000 98, 150000 106,
         171600 231, 172800 236, 200000 45, 250000 214, 255000 241, 259000 257, 300000 33, 345600 270, 400000 79,
         432000 271, 500000 143, 518000 245, 604700 241",
        [10_136.87, 339.16],
    ),
    (
        Air::People,
        1,
        "100 93, 1800 100, 7200 59, 14400 30, 43200 20, 65400 494, 66400 494, 80000 177, 86400 211, 100000 97, 150000 103,
         171600 225, 172800 230, 200000 43, 250000 500, 255000 500, 259000 479, 300000 57, 345600 177, 400000 80,
         432000 240, 500000 140, 518000 481, 604700 158",
        [10_069.53, 813.23],
    ),
    (
        Air::People,
        10,
        "100 89, 1800 101, 7200 59, 14400 30, 43200 20, 65400 494, 66400 494, 80000 178, 86400 212, 100000 96, 150000 103,
         171600 226, 172800 231, 200000 43, 250000 500, 255000 500, 259000 480, 300000 57, 345600 177, 400000 80,
         432000 241, 500000 141, 518000 481, 604700 158",
        [10_069.62, 811.59],
    ),
    (
        Air::Jumps,
        10,
        "100 87, 1800 231, 7200 295, 14400 299, 43200 294, 65400 151, 66400 68, 80000 330, 86400 242, 100000 49,
         150000 203, 171600 199, 172800 199, 200000 254, 250000 30, 255000 85, 259000 250, 300000 194, 345600 194,
         400000 30, 432000 194, 500000 249, 518000 249, 604700 248",
        [8_488.12, 2_499.92],
    ),
];

#[test]
fn it_says_for_a_week_what_the_program_of_the_maker_says() {
    for &(air, every, expected, usual) in TRACES {
        let mut index = GasIndex::new(every as f32);
        let pair =
            |pair: &str| pair.trim().split_once(' ').and_then(|(at, is)| Some((at.parse().ok()?, is.parse().ok()?)));
        let expected: Vec<(i64, f64)> = expected.split(',').map(|text| pair(text).unwrap()).collect();
        let mut expected = expected.iter().peekable();
        for second in (0..=LAST).step_by(every as usize) {
            let told = index.next(air.signal(second));
            if let Some((_, should)) = expected.next_if(|(at, _)| *at == second) {
                let told = told.unwrap_or(0.0);
                assert!(
                    (told - should).abs() <= 1.0,
                    "{air:?} every {every} s, after {second} s: {told}, not {should}"
                );
            }
            assert_eq!(told.is_none(), second <= 45, "after {second} s");
        }
        assert_eq!(expected.next(), None);
        let [mean, deviation] = index.learnt().unwrap();
        assert!((mean - usual[0]).abs() < 1.0 && (deviation - usual[1]).abs() < 1.0, "{mean} {deviation}");
    }
}

/// The same program, to which the state of the week was given.
#[test]
fn it_goes_on_where_it_was() {
    let mut index = GasIndex::new(1.0);
    index.recall([10_069.53, 813.23]);
    let mut expected = [(100, 161.0), (3_600, 142.0), (65_400, 491.0)].iter().peekable();
    for second in 0..=65_400 {
        let told = index.next(Air::People.signal(WEEK + second));
        if let Some((_, should)) = expected.next_if(|(at, _)| *at == second) {
            assert!((told.unwrap() - should).abs() <= 1.0, "after {second} s: {told:?}, not {should}");
        }
    }
    assert_eq!(expected.next(), None);
}

#[test]
fn it_tells_what_it_has_learnt_after_three_hours() {
    let mut index = GasIndex::new(10.0);
    for second in (0..4 * 3_600).step_by(10) {
        index.next(30_000);
        assert_eq!(index.learnt().is_some(), second >= 3 * 3_600 + 50, "after {second} s");
    }
}

/// 0 and all from 65000 on.
#[test]
fn what_is_no_signal_changes_nothing() {
    let mut index = GasIndex::new(1.0);
    for _ in 0..20_000 {
        index.next(30_000);
    }
    let before = index.next(30_000);
    for no_signal in [0, 65_000, 65_535] {
        assert_eq!(index.next(no_signal), before);
    }
}
