//! Each wire of the board is used once, and only where it may be.

use super::{diagnostic::Problems, inputs, outputs};
use crate::model::{Backend, HardwareSettings, Line, PwmChannel, Sensor};
use std::{collections::BTreeMap, ops::Range};

/// The last line of the header of a Raspberry Pi.
const LAST_ON_HEADER: u32 = 27;

/// Reports wires that are claimed twice or serve another purpose.
pub(super) fn check(
    hardware: &HardwareSettings,
    outputs: &[outputs::Draft],
    inputs: &[inputs::Draft],
    sensors: &[Sensor],
    problems: &Problems,
) {
    let outputs =
        outputs.iter().flat_map(|draft| draft.lines.iter().map(move |(line, place)| (&draft.id.text, line, place)));
    let inputs = inputs.iter().filter_map(|draft| Some((&draft.id.text, &draft.input.line, draft.line.as_ref()?)));
    let mut wires: Vec<(&String, &Line, &Range<usize>)> = outputs.chain(inputs).collect();
    wires.sort_by_key(|(.., place)| place.start);

    let mut users: BTreeMap<Line, &String> = BTreeMap::new();
    for (id, line, place) in wires {
        let resolved = resolve(line, hardware);
        if let Some(user) = users.get(&resolved) {
            problems.error(
                place.clone(),
                format!("{line} is used by `{user}` already"),
                "each needs a wire of its own",
            );
        } else {
            users.insert(resolved, id);
        }
        if let Some((message, advice)) = misuse(line, hardware, sensors) {
            problems.error(place.clone(), message, advice);
        }
    }
}

/// One line in the one way to write it: by number, if it has one.
fn resolve(line: &Line, hardware: &HardwareSettings) -> Line {
    let main_chip = hardware.gpiochip.as_deref().unwrap_or("gpiochip0");
    match line {
        Line::Named(name) => gpio_number(name).map_or_else(|| line.clone(), Line::Number),
        Line::OnChip { chip, offset } if chip == main_chip => Line::Number(*offset),
        Line::Pwm(PwmChannel::Pin(pin)) => Line::Number(*pin),
        _ => line.clone(),
    }
}

/// 17 for `GPIO17`.
fn gpio_number(name: &str) -> Option<u32> {
    name.strip_prefix("GPIO")?.parse().ok()
}

/// Why a line cannot be used at all.
fn misuse(line: &Line, hardware: &HardwareSettings, sensors: &[Sensor]) -> Option<(String, String)> {
    let rppal = hardware.backend == Backend::Rppal;
    // Under `chardev` a number can be a line of any board; names are the Raspberry Pi's.
    let number = match line {
        Line::Number(number) if hardware.backend != Backend::Chardev => *number,
        Line::Named(name) if gpio_number(name).is_some() => gpio_number(name)?,
        Line::Named(_) | Line::OnChip { .. } if rppal => {
            let advice = "write a number from 2 to 27, or set backend = \"chardev\"".to_owned();
            return Some((format!("the rppal backend cannot reach {line}"), advice));
        }
        _ => return None,
    };
    let i2c = || sensors.iter().find(|sensor| sensor.i2c().is_some_and(|chip| chip.bus == 1));
    match number {
        0 | 1 => Some((
            format!("GPIO {number} is reserved for the ID EEPROM of add-on boards"),
            "use one of GPIO 4 to 27".into(),
        )),
        2 | 3 => i2c().map(|sensor| {
            (
                format!("GPIO {number} belongs to I2C bus 1, which the sensor `{}` uses", sensor.id),
                "use one of GPIO 4 to 27".into(),
            )
        }),
        _ if rppal && number > LAST_ON_HEADER => Some((
            format!("a Raspberry Pi has no GPIO {number} on its header"),
            format!("use one of GPIO 2 to {LAST_ON_HEADER} (BCM numbers)"),
        )),
        _ => None,
    }
}
