//! Commands that play the house on simulated hardware.

use crate::{
    config,
    hardware::simulated::Wires,
    model::{Command, Config, Kind, Owner, Refusal, Role, duration, number},
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
    let spec = config.spec(config.find_point(&command.point)?)?;
    let is_elsewhere = match spec.owner {
        Owner::Input(id) => !config[id].line.is_wire(),
        Owner::Sensor(id) => !config[id].is_wired(),
        Owner::Output(id) => config.remote_output(id).is_some() || config.modbus_output(id).is_some(),
        Owner::Room(_) | Owner::Zone(_) | Owner::House => false,
    };
    // It is not simulated, unless in a demo.
    if is_elsewhere && !config.hardware.plays_remote {
        return None;
    }
    let bad_value = |expected: &str| Some(Err(Refusal::BadValue { expected: expected.into() }));
    match (spec.owner, &spec.kind) {
        // Its pulses are played, above; its total is set as on a real board.
        (Owner::Sensor(id), _) if config[id].counter().is_some() => return None,
        (Owner::Input(_), Kind::Switch(_)) | (Owner::Sensor(_), _) if command.hold.is_some() => {
            return Some(Err(held()));
        }
        // `delay 2s`: its bus takes so long for each drive.
        (Owner::Output(id), _) if spec.role == Role::Output => {
            let delay = duration::parse(command.payload.strip_prefix("delay ")?).ok();
            if !delay.is_some_and(|delay| wires.slow_output(&config[id].id, delay)) {
                return bad_value("the delay of an output on a bus, such as \"delay 2s\"");
            }
        }
        (Owner::Input(id), Kind::Switch(_)) => {
            let word = command.payload.to_ascii_lowercase();
            let Some(active) = config::state_meaning(&word, spec.point, config) else {
                return bad_value("ON or OFF");
            };
            wires.set_input(&config[id].id, active);
        }
        (Owner::Sensor(id), Kind::Number(number)) => match number::plain(&command.payload) {
            Some(value) if number.range.contains(&value) => {
                wires.set_reading(&config[id].id, number.quantity?, value);
            }
            _ => return bad_value("a plausible number"),
        },
        _ => return None,
    }
    Some(Ok(()))
}
