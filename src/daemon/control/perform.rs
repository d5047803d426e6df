//! What the engine wants done: outputs driven, commands answered, people told.

use super::{Control, DRIVE_WITHIN};
use crate::{
    daemon::under_way::LogLine,
    house::{Answerer, Notice, Notification, Refused, Reply},
    model::{Cause, Command, DriveId, Effect, Event, Level, Method, OutputId, Owner, Refusal, RequestId, shown},
};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// A level that moves by less, in percent, is not worth a line in the log.
const SMALL_STEP: u8 = 10;

impl Control {
    pub(super) fn perform(&mut self, effects: Vec<Effect>) {
        self.effects.add(effects);
        while let Some(effect) = self.effects.next(&self.engine) {
            match effect {
                Effect::Drive { drive, output, level, cause } => {
                    let result = self.drive(drive, output, level, &cause);
                    let plays = self.config.hardware.plays_remote && !matches!(result, Some(Err(_)));
                    if let Some(result) = result {
                        self.effects.add(self.engine.handle(self.clock.now(), Event::Driven { drive, result }));
                    }
                    let moved = self.config.moved_at_once(output, level).filter(|_| plays);
                    if let Some((output, says)) = moved {
                        self.effects.add(self.engine.handle(self.clock.now(), Event::CoverTold { output, says }));
                    }
                }
                Effect::Answer { command, request, result } => self.answer(command, request, result),
                Effect::Notify { rule, text, at } => {
                    tracing::info!("{rule}: {text}");
                    self.tell_notice(&rule, text, at);
                }
                Effect::Clicked { input, click } => {
                    tracing::info!("{} {}", self.config[input].id, click.word());
                    // Another hub tells of its buttons itself.
                    if self.config.is_of_another_hub(Owner::Input(input)) {
                        continue;
                    }
                    self.next.told.push(Notification::Clicked(self.config.event_name(input), click.word()));
                }
                Effect::Note { about, text } => tracing::info!("{about}: {text}"),
            }
        }
        if self.effects.is_behind() {
            tracing::error!(
                "outputs switch each other without an end: they go on slowly; `hearthd why` shows the causes"
            );
        }
    }

    /// Drives an output. None: its bus answers later.
    fn drive(&mut self, drive: DriveId, output: OutputId, level: Level, cause: &Cause) -> Option<Result<(), String>> {
        let before = self.engine.start_level(output);
        let elsewhere = self.door.drive(drive, &self.config, output, level, cause);
        let result = match elsewhere.or_else(|| self.modbus.drive(drive, &self.config, output, level)) {
            Some(Ok(())) => None,
            Some(Err(text)) => Some(Err(text)),
            None => self.hardware.drive(drive, output, level).map(|result| result.map_err(|error| error.to_string())),
        };
        let (id, level_text) = (&self.config[output].id, self.config.level_text(output, level));
        let cause_text = cause.describe(&self.config);
        let line = LogLine {
            text: match self.config.given_back_by(output, level) {
                Some(cover) => format!("{} is given back: {cause_text}", self.config[cover].id),
                None if self.config.takes_back(output, cause) => format!("{id} is given back: {cause_text}"),
                None => format!("{id} {level_text}: {cause_text}"),
            },
            is_small: is_small_step(before, level) || self.is_modulated(output),
        };
        let Some(result) = result else {
            // In real time, however fast the clock runs.
            let pace = self.clock.real_time(Duration::from_secs(1)).as_secs_f64().max(1e-6);
            let remote = self.config.remote_output(output).and_then(|remote| remote.command.as_ref());
            // What is on the broker answers by itself when its own time is over.
            let within = remote.map_or(DRIVE_WITHIN, |command| DRIVE_WITHIN + command.confirm_within);
            let due = self.clock.now().moment + within.div_f64(pace);
            self.under_way.begin(drive, id.clone(), line, due);
            self.begun.push(drive);
            return None;
        };
        log_drive(&line, &result);
        Some(result)
    }

    /// Whether it is the wire of slow PWM, which goes on and off all day.
    fn is_modulated(&self, output: OutputId) -> bool {
        match self.config[output].method {
            Method::Part { of } => matches!(self.config[of].method, Method::SlowPwm { .. }),
            _ => false,
        }
    }

    /// Answers whoever asked.
    fn answer(&mut self, command: Command, request: Option<RequestId>, result: Result<(), Refusal>) {
        let asked = request.and_then(|request| self.asking.remove(&request));
        self.give_answer(asked, command, result);
    }

    pub(super) fn give_answer(&mut self, to: Option<Answerer>, command: Command, result: Result<(), Refusal>) {
        match (to, result) {
            (Some(Answerer::Once(to)), result) => self.next.replies.push(Reply { to, result }),
            (Some(Answerer::Refusals(to)), Err(refusal)) => {
                tracing::debug!("refused {} for {}: {refusal}", shown(&command.payload), shown(&command.point));
                let Command { point, payload, .. } = command;
                let refused = Refused { point, payload, reason: refusal.to_string() };
                self.untold += usize::from(to.try_send(Notification::Refused(refused)).is_err());
            }
            (Some(Answerer::Refusals(_)), Ok(())) | (None, _) => {}
        }
    }

    pub(super) fn tell_notice(&mut self, rule: &str, text: String, at: DateTime<Utc>) {
        let notice = Notice::new(text, rule, at, &self.config);
        self.next.told.push(Notification::Notice(notice));
    }
}

pub(super) fn log_drive(line: &LogLine, result: &Result<(), String>) {
    match result {
        Ok(()) => line.log(),
        // The hardware has said so, once.
        Err(error) => tracing::debug!("{}: not driven: {error}", line.text),
    }
}

/// Whether a level moves a little only, as a thermostat moves it all day.
fn is_small_step(before: Level, after: Level) -> bool {
    before != after && before.is_on() && after.is_on() && before.percent().abs_diff(after.percent()) < SMALL_STEP
}
