//! What each point shows, for those who look at the house from outside.

use super::{Engine, climate, view::View};
use crate::{
    clock::Now,
    model::{Because, OutputFacet, Point, PointState, Quality, ReasonSlot, Truth, Value},
};

impl Engine {
    /// Its outputs as they are now.
    pub(super) fn view(&self, now: Now) -> View<'_> {
        View { config: &self.config, outputs: &self.outputs, now }
    }

    /// What a point shows, and why.
    pub fn point_state(&self, point: Point, now: Now) -> PointState {
        let because = match point {
            Point::Climate(id, facet) => {
                let slots = climate::slots(&self.config[id], &self.climates[id.0], facet, self.view(now));
                slots.into_iter().next().map(ReasonSlot::because)
            }
            Point::Occupied(id) | Point::Asleep(id) => {
                let state = &self.rooms[id.0];
                state.cause.as_ref().map(|cause| Because {
                    line: cause.describe(id, &self.config).into(),
                    slot: None,
                    rule: None,
                    until: cause.ends(state.empty_after(&self.config[id])),
                })
            }
            Point::Setting(setting) => self.setting_because(setting),
            Point::Mode => self.mode_slots().into_iter().next().map(ReasonSlot::because),
            _ => None,
        };
        PointState { because, ..self.plain_state(point, now) }
    }

    /// The same without `because`, which takes longer to say than all the rest.
    pub fn plain_state(&self, point: Point, now: Now) -> PointState {
        let quality = self.quality(point, now);
        let unexplained = |value, changed, fault| PointState {
            point,
            value,
            quality,
            changed,
            fault,
            explanation: None,
            because: None,
            usage: None,
        };
        let on_or_off = |truth: Truth| truth.is_known().then(|| Value::Switch(truth.is_true()));
        match point {
            Point::Output(id) => self.view(now).output(id),
            Point::OutputFacet(id, facet) => self.view(now).facet(id, facet),
            Point::Input(id) => {
                let state = &self.inputs[id.0];
                unexplained(state.active.map(Value::Switch), state.changed, state.fault.clone())
            }
            Point::Reading(id, quantity) => {
                let state = &self.sensors[id.0];
                let reading = state.readings.get(&quantity);
                let value = reading.map(|reading| Value::Number(reading.value));
                unexplained(value, reading.map(|reading| reading.changed), state.fault(quantity).cloned())
            }
            Point::Climate(id, facet) => {
                let (zone, state) = (&self.config[id], &self.climates[id.0]);
                let changed = state.seen.get(&facet).map(|seen| seen.since);
                unexplained(climate::point_value(zone, state, facet), changed, None)
            }
            Point::Occupied(id) => unexplained(on_or_off(self.truth(point)), self.rooms[id.0].changed, None),
            Point::Asleep(id) => unexplained(on_or_off(self.truth(point)), self.rooms[id.0].asleep_changed, None),
            Point::Mode => {
                let value = self.mode.as_ref().map(|mode| Value::Word(mode.word.clone()));
                unexplained(value, self.mode.as_ref().map(|mode| mode.changed), None)
            }
            Point::Setting(setting) => {
                let value = self.setting(setting).map(|value| Value::Number(setting.shown(value)));
                unexplained(value, self.setting_changed(setting), None)
            }
            Point::Event(id) => {
                let (state, last) = (&self.inputs[id.0], &self.inputs[id.0].last_click);
                let value = last.as_ref().map(|(click, _)| Value::Word(click.clone()));
                unexplained(value, last.as_ref().map(|(_, at)| *at), state.fault.clone())
            }
        }
    }

    /// The same as it will be when what was decided is driven.
    pub(super) fn decided_state(&self, point: Point, now: Now) -> PointState {
        let state = self.plain_state(point, now);
        let decided = |id| Value::Level(self.view(now).decided(id));
        // A wire in fault takes nothing.
        if state.quality != Quality::Good {
            return state;
        }
        let value = match (point, &state.value) {
            (Point::Output(id) | Point::OutputFacet(id, OutputFacet::Level), Some(Value::Level(_))) => {
                Some(decided(id))
            }
            (Point::OutputFacet(id, facet @ OutputFacet::Power), Some(_)) => {
                self.view(now).number(id, facet).map(Value::Number)
            }
            (_, value) => value.clone(),
        };
        PointState { value, ..state }
    }

    /// How far to trust what a point shows.
    pub fn quality(&self, point: Point, now: Now) -> Quality {
        let known = |known: bool| if known { Quality::Good } else { Quality::Unknown };
        match point {
            Point::Output(id) => self.view(now).quality(id),
            Point::OutputFacet(id, facet) => self.view(now).facet(id, facet).quality,
            Point::Input(id) | Point::Event(id) => self.inputs[id.0].quality(),
            Point::Reading(id, quantity) => self.sensors[id.0].quality(&self.config[id], quantity, now.moment).0,
            Point::Climate(id, facet) => known(climate::is_known(&self.config[id], &self.climates[id.0], facet)),
            Point::Occupied(_) | Point::Asleep(_) => known(self.truth(point).is_known()),
            Point::Mode | Point::Setting(_) => Quality::Good,
        }
    }

    /// A reading, or a temperature of a climate zone, that is good; nothing for other points.
    pub fn number(&self, point: Point, now: Now) -> Option<f64> {
        match point {
            Point::Reading(id, quantity) => {
                let reading = self.sensors[id.0].readings.get(&quantity)?;
                (self.quality(point, now) == Quality::Good).then_some(reading.value)
            }
            Point::Climate(id, facet) => climate::number(&self.config[id], &self.climates[id.0], facet),
            _ => None,
        }
    }
}
