//! Commands: what a text means for a point, or why it is refused.

use super::{
    Engine,
    promises::Promised,
    state::{OutputState, motion},
    view,
};
use crate::{
    clock::Now,
    model::{
        Ask, Capability, ClimateFacet, Command, Config, Effect, Hold, Level, Method, OutputId, Point, Refusal, SceneId,
        Source, Wish,
    },
};
use std::time::Duration;

const HOLD_MIN: Duration = Duration::from_secs(1);
const HOLD_MAX: Duration = Duration::from_secs(365 * 86_400);

/// What an output is to be by a command.
#[derive(Clone, Copy, Debug)]
pub(super) enum Goal {
    Level(Level),
    /// A cover is to stand still, where it is as far as that is known.
    Stand(Level),
}

impl Engine {
    /// Does what a command means, or says why not; a refused command changes nothing.
    pub(super) fn command(&mut self, command: &Command, now: Now) -> Result<(), Refusal> {
        let wish = self.config.wish(&command.point, &command.payload, command.hold);
        let wish = wish.map_err(|refusal| self.with_nearest(refusal, &command.point))?;
        // A rule may pulse an output for less than a second.
        let shortest = if matches!(command.source, Source::Rule(_)) { Duration::from_millis(1) } else { HOLD_MIN };
        if command.hold.and_then(Hold::time).is_some_and(|time| !(shortest..=HOLD_MAX).contains(&time)) {
            return Err(Refusal::BadHold);
        }
        let promised = match wish {
            Wish::Output(id, ask) => return self.fulfil(id, ask, command, now),
            Wish::Scene(id) => return self.give_scene(id, command, now),
            Wish::Total(sensor, quantity, total) => {
                self.set_total(sensor, quantity, total);
                Promised::Whole
            }
            Wish::Lock(id, ask) => {
                self.note_return(&wish, command, now);
                self.lock(id, ask, now);
                Promised::Output(id)
            }
            Wish::Mode(place) => {
                self.note_return(&wish, command, now);
                self.set_mode(place, &command.source, now);
                Promised::House
            }
            Wish::Zone(id, facet, ref ask) => {
                // A mode that was understood is set.
                if facet == ClimateFacet::Mode {
                    self.note_return(&wish, command, now);
                }
                let by_whom = (command.hold.and_then(Hold::time), &command.source);
                self.climates[id.0].command(&self.config[id], facet, ask, by_whom, now)?;
                self.changes.climate(id);
                Promised::Zone(id)
            }
            Wish::Setting(setting, value) => self.set_setting(setting, value, &command.source, now)?,
            Wish::ZoneAuto(id) => {
                self.forget_return(&self.config.point_name(Point::Climate(id, ClimateFacet::Mode)));
                self.climates[id.0].give_all_back();
                self.changes.climate(id);
                Promised::Zone(id)
            }
        };
        self.commands = self.commands.saturating_add(1);
        self.promises.note(promised);
        Ok(())
    }

    /// Fills or empties the manual slot.
    fn fulfil(&mut self, id: OutputId, ask: Ask, command: &Command, now: Now) -> Result<(), Refusal> {
        let members = self.config.members(id);
        self.refuse_locked(members.iter().copied(), &command.source)?;
        if ask == Ask::Auto {
            self.release_manual(&self.released_by(members, &command.source));
            return Ok(());
        }
        let goal = |member: &OutputId| Ok((*member, self.goal(id, *member, ask, now)?));
        let goals: Vec<(OutputId, Goal)> = members.iter().map(goal).collect::<Result<_, Refusal>>()?;
        self.fill_manual(&goals, &command.source, command.hold, now);
        Ok(())
    }

    /// What AUTO gives back of these. Another hub takes back what it asked itself: whoever set it meanwhile still wants that.
    fn released_by(&self, mut members: Vec<OutputId>, source: &Source) -> Vec<OutputId> {
        let is_theirs = |id: &OutputId| self.outputs[id.0].manual.as_ref().is_some_and(|by| by.source == *source);
        members.retain(|id| !matches!(source, Source::Peer(_)) || is_theirs(id));
        members
    }

    fn refuse_locked(&self, mut outputs: impl Iterator<Item = OutputId>, source: &Source) -> Result<(), Refusal> {
        match outputs.find(|id| source.is_remote() && self.outputs[id.0].locked) {
            Some(locked) => Err(Refusal::Locked { output: self.config[locked].id.to_string() }),
            None => Ok(()),
        }
    }

    /// Why it is not moved, if nobody knows where it is: a door by its button not at all, a gate on the broker not the other way.
    fn refusal_while_lost(&self, id: OutputId, now: Now) -> Option<Refusal> {
        let refusal = match &self.config[id].method {
            Method::Door(_) => Refusal::NoEnds { output: self.config[id].id.to_string() },
            Method::Mover(mover) if mover.is_gate => Refusal::NotKnown,
            _ => return None,
        };
        (!self.view(now).is_known(id)).then_some(refusal)
    }

    /// No door is moved of which nobody knows where it is.
    fn refuse_lost_doors(&self, outputs: impl IntoIterator<Item = OutputId>, now: Now) -> Result<(), Refusal> {
        let doors = outputs.into_iter().filter(|id| matches!(self.config[*id].method, Method::Door(_)));
        doors.filter_map(|id| self.refusal_while_lost(id, now)).map(Err).next().unwrap_or(Ok(()))
    }

    /// What a switch on the wall moves of these: nothing of which nobody knows where it is, nor a group with that.
    pub(super) fn without_lost(&mut self, outputs: &[OutputId], now: Now) -> Vec<OutputId> {
        let (mut kept, mut notes) = (Vec::new(), Vec::new());
        for output in outputs {
            match self.config.members(*output).into_iter().find_map(|id| self.refusal_while_lost(id, now)) {
                None => kept.push(*output),
                Some(refusal) => {
                    let about = self.config[*output].id.clone();
                    notes.push(Effect::Note { about, text: refusal.to_string().into() });
                }
            }
        }
        self.notes.extend(notes);
        kept
    }

    /// Whether a toggle takes it to be on, or open. What tells where it is and what only opens and closes go by that, as far as
    /// it is known, all others by what was asked.
    fn is_on_for_toggles(&self, id: OutputId, now: Now) -> bool {
        let takes = self.config.capability(id);
        if !takes.moves() {
            return self.asked(id).is_on();
        }
        let by_place = self.config.tells_itself(id) || takes == Capability::Ends;
        match self.view(now).is_on(id) {
            truth if by_place && truth.is_known() => truth.is_true(),
            _ => self.position(id, now).unwrap_or(self.outputs[id.0].level).is_on(),
        }
    }

    /// What a toggle makes of `member`, of the group `id` or that output itself. `moves`: one of all that are toggled is under
    /// way; `any_on`: one of them is on.
    fn toggled(&self, id: OutputId, member: OutputId, moves: bool, any_on: bool, now: Now) -> Goal {
        let takes = self.config.capability(id);
        match takes.moves() {
            true if moves => self.stand(member, now),
            true => Goal::Level(Level::from_on(!any_on)),
            false if any_on => Goal::Level(Level::OFF),
            false => Goal::Level(last_on(takes, &self.outputs[id.0])),
        }
    }

    /// What `member`, of the group `id` or that output itself, is to be. A group is switched as one.
    fn goal(&self, id: OutputId, member: OutputId, ask: Ask, now: Now) -> Result<Goal, Refusal> {
        let (takes, state) = (self.config.capability(id), &self.outputs[id.0]);
        let asked = self.asked(id);
        let on = match takes {
            Capability::Position | Capability::Ends => Level::ON,
            _ if asked.is_on() => asked,
            _ => last_on(takes, state),
        };
        let moves = ask == Ask::Toggle && self.is_under_way(id);
        match ask {
            // What is under way can always be stopped.
            Ask::Stop => {}
            Ask::Toggle if moves => {}
            Ask::Toggle => self.refusal_while_lost(member, now).map_or(Ok(()), Err)?,
            _ => self.refuse_lost_doors([member], now)?,
        }
        Ok(match ask {
            Ask::On => Goal::Level(on),
            Ask::Off | Ask::Auto => Goal::Level(Level::OFF),
            Ask::Level(level) => Goal::Level(level),
            Ask::Stop => self.stand(member, now),
            Ask::Toggle => self.toggled(id, member, moves, self.is_on_for_toggles(id, now), now),
            Ask::By(percent) => Goal::Level(self.changed_by(member, percent, now)?),
        })
    }

    /// A cover is to stand still.
    fn stand(&self, id: OutputId, now: Now) -> Goal {
        Goal::Stand(self.position(id, now).unwrap_or(self.outputs[id.0].level))
    }

    /// The level that is so much above what an output is asked to be, or below.
    fn changed_by(&self, id: OutputId, percent: i8, now: Now) -> Result<Level, Refusal> {
        let (takes, state) = (self.config.capability(id), &self.outputs[id.0]);
        let base = match takes {
            Capability::Position => state
                .travel
                .goal()
                .or_else(|| state.mover.goal())
                .or_else(|| self.position(id, now))
                .ok_or(Refusal::NotKnown)?,
            _ => self.asked(id),
        };
        Ok(takes.changed_by(base, percent))
    }

    /// What an output is asked to be; a group, as its members, whatever their wires are known to carry yet.
    fn asked(&self, id: OutputId) -> Level {
        match &self.config[id].method {
            Method::Group { members, all } => view::together(*all, members.iter().map(|member| self.asked(*member))),
            _ => asked(&self.outputs[id.0]),
        }
    }

    /// Whether a cover, or one of a group, moves or is about to.
    fn is_under_way(&self, id: OutputId) -> bool {
        self.config.members(id).into_iter().any(|id| {
            let state = &self.outputs[id.0];
            match &self.config[id].method {
                Method::Cover(cover) => motion(cover, &self.outputs).is_some() || state.travel.goal().is_some(),
                Method::Door(_) => state.door.is_under_way(),
                // What it said before it was away tells nothing; what waits to be told can be called off.
                Method::Mover(mover) => {
                    let is_away = self.outputs[mover.stop.0].failure().is_some();
                    state.mover.is_pressing() || state.mover.is_under_way() && !is_away
                }
                _ => false,
            }
        })
    }

    /// Where a cover is this very moment, as far as that is known; nothing of other outputs.
    pub fn position(&self, id: OutputId, now: Now) -> Option<Level> {
        match &self.config[id].method {
            Method::Cover(cover) => {
                let motion = motion(cover, &self.outputs);
                view::whole_percent(self.outputs[id.0].travel.at(cover, motion, now.moment)?)
            }
            Method::Door(_) => self.outputs[id.0].door.end(),
            Method::Mover(_) => self.outputs[id.0].mover.position(),
            _ => None,
        }
    }

    fn lock(&mut self, id: OutputId, ask: Ask, now: Now) {
        let state = &mut self.outputs[id.0];
        let locked = match ask {
            Ask::Toggle => !state.locked,
            ask => ask == Ask::On,
        };
        if locked != state.locked {
            (state.locked, state.lock_changed) = (locked, Some(now.moment));
        }
        self.changes.output(id, &self.config);
    }

    fn with_nearest(&self, refusal: Refusal, point: &str) -> Refusal {
        match refusal {
            Refusal::UnknownPoint { .. } => Refusal::UnknownPoint {
                nearest: match point.strip_prefix("scene.") {
                    Some(name) => {
                        let scenes = self.config.scenes.iter().map(|scene| &*scene.id);
                        crate::model::nearest(name, scenes).map(|near| format!("scene.{near}"))
                    }
                    None => nearest_output(point, &self.config),
                },
            },
            other => other,
        }
    }

    /// Toggles several outputs as one: if any is on, all go off; covers stand still if any of them moves.
    pub(super) fn toggle_together(&mut self, outputs: &[OutputId], source: &Source, now: Now) {
        let moves = outputs.iter().any(|output| self.is_under_way(*output));
        // What is under way can always be stopped.
        let outputs = if moves { outputs.to_vec() } else { self.without_lost(outputs, now) };
        let any_on = outputs.iter().any(|output| self.is_on_for_toggles(*output, now));
        let mut goals = Vec::new();
        for output in outputs {
            let members = self.config.members(output).into_iter();
            goals.extend(members.map(|member| (member, self.toggled(output, member, moves, any_on, now))));
        }
        self.fill_manual(&goals, source, None, now);
    }

    fn give_scene(&mut self, id: SceneId, command: &Command, now: Now) -> Result<(), Refusal> {
        let config = self.config.clone();
        let scene = &config[id];
        self.refuse_locked(scene.set.iter().map(|(output, _)| *output), &command.source)?;
        self.refuse_lost_doors(scene.set.iter().map(|(output, _)| *output), now)?;
        let goals: Vec<_> = scene.set.iter().map(|(output, level)| (*output, Goal::Level(*level))).collect();
        self.fill_manual(&goals, &command.source, command.hold.or(scene.hold), now);
        Ok(())
    }
}

/// The level that ON means for an output that is off.
fn last_on(takes: Capability, state: &OutputState) -> Level {
    if takes == Capability::OnOff { Level::ON } else { state.last_on }
}

/// What an output is asked to be, whatever a minimum time makes of it. What was on for its `max_on` is off for good, so
/// that a toggle asks for it again.
fn asked(output: &OutputState) -> Level {
    if output.tripped {
        return Level::OFF;
    }
    output.explanation.as_ref().map_or(output.level, |explanation| explanation.asked().level)
}

fn nearest_output(name: &str, config: &Config) -> Option<String> {
    crate::model::nearest(name, config.visible_outputs().map(|id| &*config[id].id)).map(str::to_owned)
}
