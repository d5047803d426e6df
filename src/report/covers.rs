//! How covers and doors were moved, by what they were said to be.

use super::{Longest, Moved};
use crate::{
    house::{
        Change, UNKNOWN,
        past::{Became, LONG_BEFORE, Source, Time, states},
    },
    model::PointSpec,
};
use chrono::{DateTime, FixedOffset, TimeDelta};

/// None: nothing is known of it.
///
/// # Errors
/// Those of the source.
pub(super) fn moved<E>(spec: &PointSpec, time: Time, source: Source<'_, E>) -> Result<Option<Moved>, E> {
    let told = states(source, &spec.name, time, LONG_BEFORE)?;
    Ok((!told.is_empty()).then(|| sum_up(spec, &told, time)))
}

fn sum_up(spec: &PointSpec, told: &[Became], time: Time) -> Moved {
    // What it was when the time began is no move in it.
    let began = |word: &str| {
        let is_it = |(at, change): &&Became| *at > time.from && change.value == word;
        told.iter().filter(is_it).count() as u64
    };
    let mut open: Vec<(DateTime<FixedOffset>, TimeDelta)> = Vec::new();
    let mut since = None;
    for (at, change) in told {
        match (since, is_open(change)) {
            (None, true) => since = Some(*at),
            (Some(from), false) => {
                open.push((from, *at - from));
                since = None;
            }
            _ => {}
        }
    }
    open.extend(since.map(|from| (from, time.to - from)));
    let hours = |length: TimeDelta| length.num_seconds() as f64 / 3_600.0;
    let longest = open.iter().rev().max_by_key(|(_, length)| *length);
    Moved {
        id: spec.name.clone(),
        name: spec.title.clone(),
        opened: began("opening"),
        closed: began("closing"),
        open_h: open.iter().map(|(_, length)| hours(*length)).sum(),
        longest: longest.map(|(from, length)| Longest { from: *from, hours: hours(*length) }),
    }
}

/// As long as it is known not to be closed: what moves is open, too.
fn is_open(change: &Change) -> bool {
    change.value != "closed" && change.value != UNKNOWN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn moves_are_counted_and_what_is_open_at_an_end_counts_up_to_there() {
        let text = "hub.id = \"hut\"\nhardware.backend = \"simulated\"\n\
                    outputs.blind = { kind = \"cover\", open_gpio = 5, close_gpio = 6, open_time = \"20s\", close_time = \"20s\" }\n";
        let config = config::parse("c.toml".as_ref(), text).unwrap().config;
        let spec = &config.specs()[0];
        let at = |hour: u32| DateTime::parse_from_rfc3339(&format!("2026-11-23T{hour:02}:00:00+01:00")).unwrap();
        let told = |all: &[(u32, &str)]| -> Vec<Became> {
            all.iter()
                .map(|(hour, value)| (at(*hour), Change { value: (*value).into(), ..Change::default() }))
                .collect()
        };
        let time = Time { from: at(0), to: at(20) };
        let day = told(&[
            (0, "open"),
            (2, "closing"),
            (3, "closed"),
            (8, "opening"),
            (9, "stopped"),
            (12, "closing"),
            (13, "closed"),
            (18, "opening"),
            (19, "open"),
        ]);
        let moved = sum_up(spec, &day, time);
        assert_eq!((moved.opened, moved.closed, moved.open_h), (2, 2, 3.0 + 5.0 + 2.0));
        assert_eq!(moved.longest, Some(Longest { from: at(8), hours: 5.0 }));
        let lost = sum_up(spec, &told(&[(0, "open"), (4, "unknown"), (10, "closed")]), time);
        assert_eq!((lost.opened, lost.closed, lost.open_h), (0, 0, 4.0));
    }
}
