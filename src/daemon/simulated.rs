//! Commands that play the house on simulated hardware.

use crate::{
    config,
    hardware::simulated::Wires,
    model::{Command, Config, Point, Refusal, duration, number},
};

/// On simulated hardware, a command for an input or a reading moves its wire: it is how a person plays the house.
pub fn move_wire(wires: &Wires, config: &Config, command: &Command) -> Option<Result<(), Refusal>> {
    // AUTO is for outputs: the engine says so.
    if command.payload.eq_ignore_ascii_case("AUTO") {
        return None;
    }
    let held = || Refusal::NoHold { why: "a simulated wire stays as it is set".into() };
    if let Some((input, ..)) = config.find_counter(&command.point) {
        let count = command.payload.parse().ok().filter(|count| (1..=1_000_000).contains(count));
        let Some(count) = count else { return Some(Err(Refusal::BadValue { expected: "how many pulses".into() })) };
        if command.hold.is_some() {
            return Some(Err(held()));
        }
        wires.pulse(&config[input].id, count);
        return Some(Ok(()));
    }
    let point = config.find_point(&command.point)?;
    let is_wire = match point {
        Point::Input(_) => true,
        Point::Reading(id, _) => config[id].counter().is_none(),
        _ => false,
    };
    if is_wire && command.hold.is_some() {
        return Some(Err(held()));
    }
    match point {
        // `delay 2s`: its bus takes so long for each drive.
        Point::Output(id) => {
            let delay = duration::parse(command.payload.strip_prefix("delay ")?).ok();
            if !delay.is_some_and(|delay| wires.slow_output(&config[id].id, delay)) {
                let expected = "the delay of an output on a bus, such as \"delay 2s\"".into();
                return Some(Err(Refusal::BadValue { expected }));
            }
        }
        Point::Input(id) => {
            let word = command.payload.to_ascii_lowercase();
            let Some(active) = config::state_meaning(&word, point, config) else {
                return Some(Err(Refusal::BadValue { expected: "ON or OFF".into() }));
            };
            wires.set_input(&config[id].id, active);
        }
        // Its pulses are played, above; its total is set as on a real board.
        Point::Reading(id, _) if config[id].counter().is_some() => return None,
        Point::Reading(id, quantity) => match number::plain(&command.payload) {
            Some(value) if quantity.plausible().contains(&value) => {
                wires.set_reading(&config[id].id, quantity, value);
            }
            _ => return Some(Err(Refusal::BadValue { expected: "a plausible number".into() })),
        },
        Point::OutputFacet(..)
        | Point::Occupied(_)
        | Point::Asleep(_)
        | Point::Climate(..)
        | Point::Mode
        | Point::Event(_) => return None,
    }
    Some(Ok(()))
}
