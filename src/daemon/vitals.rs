//! Keeps up to date what the hub tells of itself: now and then, beside the control loop, which never waits for it.

use super::systemd;
use crate::{
    clock::Moment,
    hardware::vitals,
    house::{House, Notice, Notification},
    model::{Vital, VitalState, Vitals, fitting_state},
};
use chrono::{DateTime, SecondsFormat, Utc};
use std::{future::pending, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{interval, timeout},
};

/// How often the machine's files are read.
const EVERY: Duration = Duration::from_secs(60);
/// The first time, adapters wait for them so long at most.
const FIRST_WITHIN: Duration = Duration::from_millis(100);
/// A time in the past that comes out so little different is the same.
const SAME_TIME_S: i64 = 60;

type Machine = Vec<(Vital, String)>;

/// Reads the machine and tells.
pub struct Watcher {
    house: House,
    told: watch::Sender<Arc<Vitals>>,
    /// Where state is kept.
    state: PathBuf,
    started: Moment,
    machine: Machine,
    reading: Option<JoinHandle<Machine>>,
    /// What people were told last.
    notice: Option<Notice>,
}

impl Watcher {
    /// Reads for the first time; a disk that hangs is not waited for. `notice` is the last before this start.
    pub async fn start(
        house: House,
        told: watch::Sender<Arc<Vitals>>,
        state: Option<PathBuf>,
        notice: Option<Notice>,
    ) -> Watcher {
        let (state, started) = (state.unwrap_or_else(|| "/".into()), house.clock.now().moment);
        let mut watcher = Watcher { house, told, state, started, machine: Machine::new(), reading: None, notice };
        watcher.read();
        let _ = timeout(FIRST_WITHIN, watcher.is_read()).await;
        watcher.tell();
        watcher
    }

    /// Goes on for ever; `heard` is what is told meanwhile.
    pub async fn run(mut self, mut heard: mpsc::Receiver<Notification>) {
        let mut ticks = interval(EVERY);
        // The first comes at once.
        ticks.tick().await;
        let mut refused = self.house.refused.clone();
        loop {
            tokio::select! {
                _ = ticks.tick() => self.read(),
                () = self.is_read() => {}
                Ok(()) = refused.changed() => {}
                Some(told) = heard.recv() => if !self.hear(told, &mut heard) { continue },
            }
            self.tell();
        }
    }

    /// Keeps the last notice of what was told and of all that waits. Returns whether there is one.
    fn hear(&mut self, told: Notification, heard: &mut mpsc::Receiver<Notification>) -> bool {
        let mut next = Some(told);
        let mut is_other = false;
        while let Some(told) = next {
            if let Notification::Notice(notice) = told {
                (self.notice, is_other) = (Some(notice), true);
            }
            next = heard.try_recv().ok();
        }
        is_other
    }

    /// Begins to read the machine, unless the last time has not ended yet.
    fn read(&mut self) {
        let state = self.state.clone();
        self.reading.get_or_insert_with(|| tokio::task::spawn_blocking(move || vitals::read(&state)));
    }

    /// Waits until the machine has been read.
    async fn is_read(&mut self) {
        let Some(reading) = &mut self.reading else { return pending().await };
        let read = reading.await;
        self.reading = None;
        self.machine = read.unwrap_or_default();
    }

    fn tell(&self) {
        let now = self.house.clock.now();
        let refused = self.house.refused.borrow().as_deref().map(summary);
        let mut vitals: Vitals = self.machine.iter().map(|(vital, value)| (*vital, value.clone().into())).collect();
        let started = now.wall - now.moment.since(self.started);
        vitals.insert(Vital::Started, started.to_rfc3339_opts(SecondsFormat::Secs, true).into());
        vitals.insert(Vital::Time, if now.wall_known { "ON" } else { "OFF" }.to_owned().into());
        let value = if refused.is_some() { "refused" } else { "good" };
        let why = Some(refused.unwrap_or_else(|| "none".into()));
        vitals.insert(Vital::Config, VitalState { value: value.into(), why, ..VitalState::default() });
        vitals.insert(Vital::LastNotice, self.notice.as_ref().map(message).unwrap_or_default());
        vitals.insert(Vital::Identify, VitalState::default());
        if systemd::starts_us_again() {
            vitals.insert(Vital::Restart, VitalState::default());
        }
        // The machine dates it by its own clock.
        let ahead = self.house.clock.ahead_of_machine();
        if let Some(booted) = vitals.get_mut(&Vital::Booted)
            && let Ok(by_machine) = booted.value.parse::<DateTime<Utc>>()
        {
            booted.value = (by_machine + ahead).to_rfc3339_opts(SecondsFormat::Secs, true);
        }
        if !now.wall_known {
            vitals.retain(|vital, _| vital.facts().class != Some("timestamp"));
        }
        self.told.send_if_modified(|told| {
            let vitals = follow(told, vitals);
            let is_other = vitals != **told;
            *told = Arc::new(vitals);
            is_other
        });
    }
}

/// A notice as the hub tells it.
fn message(notice: &Notice) -> VitalState {
    let Notice { text, rule, time } = notice.clone();
    let value = fitting_state(&text);
    VitalState { value, parts: [("text", text), ("rule", rule), ("time", time)].into(), ..VitalState::default() }
}

/// What is told after `before`: nothing that was there goes, and no time moves because it was worked out anew.
fn follow(before: &Vitals, mut now: Vitals) -> Vitals {
    for (vital, state) in before {
        let new = now.entry(*vital).or_default();
        if vital.facts().class == Some("timestamp") && is_same_time(&state.value, &new.value) {
            new.clone_from(state);
        }
    }
    now
}

fn is_same_time(before: &str, now: &str) -> bool {
    let time = |text: &str| text.parse::<DateTime<Utc>>().ok();
    let apart = || Some((time(now)? - time(before)?).num_seconds().abs());
    // While the time of day is not known, what was known of the past stays so.
    now.is_empty() || apart().is_some_and(|apart_s| apart_s < SAME_TIME_S)
}

/// The first of what is wrong with a file, and where: all of it is in the log.
fn summary(refused: &str) -> String {
    let mut lines = refused.lines().map(str::trim);
    let first = lines.next().unwrap_or_default();
    let place = lines.next().and_then(|line| line.strip_prefix("--> "));
    let first = first.strip_prefix("error: ").unwrap_or(first);
    place.map_or_else(|| first.to_owned(), |place| format!("{first} ({place})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vitals(all: &[(Vital, &str)]) -> Vitals {
        all.iter().map(|(vital, value)| (*vital, (*value).to_owned().into())).collect()
    }

    #[test]
    fn a_start_that_is_worked_out_anew_is_the_same_and_one_by_a_clock_that_was_set_is_not() {
        let before = vitals(&[(Vital::Started, "2026-11-29T10:00:00Z"), (Vital::Memory, "20")]);
        for (now, expected) in [
            ("2026-11-29T10:00:01Z", "2026-11-29T10:00:00Z"),
            ("2026-11-29T09:59:30Z", "2026-11-29T10:00:00Z"),
            ("2026-11-29T10:01:00Z", "2026-11-29T10:01:00Z"),
        ] {
            let now = follow(&before, vitals(&[(Vital::Started, now), (Vital::Memory, "21")]));
            assert_eq!(now, vitals(&[(Vital::Started, expected), (Vital::Memory, "21")]));
        }
    }

    #[test]
    fn what_cannot_be_read_any_more_is_unknown_and_stays() {
        let before = vitals(&[(Vital::Started, "2026-11-29T10:00:00Z"), (Vital::Memory, "20")]);
        let now = follow(&before, Vitals::new());
        assert_eq!(now, vitals(&[(Vital::Started, "2026-11-29T10:00:00Z"), (Vital::Memory, "")]));
    }

    #[test]
    fn a_refusal_is_told_in_one_line() {
        let text =
            "error: `lamp` is no output\n  --> config.toml:12:5\n   |\n12 | x\n   | ^ write light\n\nerror: more";
        assert_eq!(summary(text), "`lamp` is no output (config.toml:12:5)");
        assert_eq!(summary("[hardware] takes effect with a restart"), "[hardware] takes effect with a restart");
    }
}
