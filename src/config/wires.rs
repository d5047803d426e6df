//! Each wire of the board is used once, and only where it may be.

use super::{diagnostic::Problems, expanders, inputs, outputs};
use crate::model::{
    Backend, Expander, HardwareSettings, HeaderPin, LAST_OF_ANY_PI, LAST_ON_HEADER, Line, PI_KINDS, Pull, PwmChannel,
    Sensor,
};
use std::{collections::BTreeMap, ops::Range};

/// Reports wires that are claimed twice or serve another purpose.
pub(super) fn check(
    hardware: &HardwareSettings,
    outputs: &[outputs::Draft],
    inputs: &[inputs::Draft],
    sensors: &[Sensor],
    expanders: &[expanders::Draft],
    problems: &Problems,
) {
    let wire = |id, line, place, role| Wire { id, line, place, role };
    let outputs = outputs
        .iter()
        .flat_map(|draft| draft.lines.iter().map(move |(line, place)| wire(&draft.id.text, line, place, Role::Output)));
    let inputs = inputs.iter().filter_map(|draft| {
        let role = if draft.input.counts() { Role::Counter } else { Role::Input(draft.input.pull) };
        Some(wire(&draft.id.text, &draft.input.line, draft.line.as_ref()?, role))
    });
    let interrupts = expanders.iter().filter_map(|draft| {
        Some(wire(&draft.id.text, draft.expander.interrupt.as_ref()?, draft.interrupt.as_ref()?, Role::Interrupt))
    });
    let mut wires: Vec<Wire<'_>> = outputs.chain(inputs).chain(interrupts).collect();
    wires.sort_by_key(|wire| wire.place.start);

    let expanders: Vec<Expander> = expanders.iter().map(|draft| draft.expander.clone()).collect();
    let mut users: BTreeMap<Line, &String> = BTreeMap::new();
    for wire in wires {
        let Wire { id, line, place, .. } = wire;
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
        let on_expander = line.on_expander(&expanders);
        let wrong = match on_expander {
            Some((expander, pin)) => misuse_of_expander(&wire, expander, pin),
            None => misuse(line, hardware, sensors, &expanders).or_else(|| beyond_the_header(line, hardware)),
        };
        if let Some((message, advice)) = wrong {
            problems.error(place.clone(), message, advice);
        } else if let Some((message, advice)) = position(line, hardware).filter(|_| on_expander.is_none()) {
            problems.warning(place.clone(), message, advice);
        }
    }
}

/// A wire that somebody uses.
struct Wire<'d> {
    id: &'d String,
    line: &'d Line,
    place: &'d Range<usize>,
    role: Role,
}

/// What it is used for.
enum Role {
    Output,
    Input(Pull),
    /// Its pulses are counted.
    Counter,
    /// It tells of changes at an expander.
    Interrupt,
}

/// Why a pin of an expander cannot be used so.
fn misuse_of_expander(wire: &Wire<'_>, expander: &Expander, pin: u32) -> Option<(String, String)> {
    let (id, word, last) = (&expander.id, expander.chip.word(), expander.chip.pins() - 1);
    let wrong = |message: String, advice: String| Some((message, advice));
    if pin > last {
        return wrong(format!("`{id}` ({word}) has no pin {pin}"), format!("write \"{id}/0\" to \"{id}/{last}\""));
    }
    match (&wire.role, wire.line) {
        (Role::Interrupt, _) => {
            wrong("an interrupt goes to the board itself".into(), "write a GPIO of the board, such as 17".into())
        }
        (Role::Counter, _) => {
            let message = format!("a counter on an expander would miss pulses: `{id}` is looked at now and then");
            wrong(message, "write a GPIO of the board, such as 17".into())
        }
        (Role::Input(_), _) if expander.chip.is_pwm() => {
            wrong(format!("`{id}` ({word}) has no inputs"), "use a GPIO, an mcp23017 or a pcf8574".into())
        }
        (Role::Input(_), _) if !expander.chip.has_input(pin) => {
            let message = format!("pin {pin} of `{id}` ({word}) is an output only: as an input it can spoil the bus");
            wrong(message, format!("use another pin of `{id}` for the input, and this one for an output"))
        }
        (Role::Input(pull), _) if !expander.chip.has_pull(*pull) => {
            let (kind, to) = if *pull == Pull::Down { ("pull-down", "ground") } else { ("pull-up", "the supply") };
            let advice = format!("wire a resistor to {to} and write pull = \"none\"");
            wrong(format!("`{id}` ({word}) has no {kind} resistors"), advice)
        }
        (Role::Output, Line::Pwm(_)) if !expander.chip.is_pwm() => {
            wrong(format!("`{id}` ({word}) has no PWM"), format!("write gpio = \"{id}/{pin}\" for on and off"))
        }
        _ => None,
    }
}

/// One line in the one way to write it: by number, if it certainly is the one of that number. Which chip a name such as
/// `gpiochip0` leads to is known on the machine only, where lines are claimed.
fn resolve(line: &Line, hardware: &HardwareSettings) -> Line {
    let counts_on = hardware.gpiochip.as_deref();
    let on_header = counts_on.is_none_or(is_header);
    match line {
        Line::Named(name) if on_header => gpio_number(name).map_or_else(|| line.clone(), Line::Number),
        Line::OnChip { chip, offset } if counts_on == Some(chip) || (on_header && is_header(chip)) => {
            Line::Number(*offset)
        }
        Line::Pwm(PwmChannel::Pin(pin)) if on_header => Line::Number(*pin),
        _ => line.clone(),
    }
}

/// Whether a chip is called as that of the header of some Raspberry Pi. No machine has two kinds of them.
fn is_header(chip: &str) -> bool {
    PI_KINDS.iter().any(|kind| kind.labels.contains(&chip))
}

/// 17 for `GPIO17`.
fn gpio_number(name: &str) -> Option<u32> {
    name.strip_prefix("GPIO")?.parse().ok()
}

/// The BCM number that a line is, if it can be one of a Raspberry Pi only: under `chardev`, and on a chip that is named, a
/// number can be a line of any board; names are the Raspberry Pi's.
fn bcm_number(line: &Line, hardware: &HardwareSettings) -> Option<u32> {
    match line {
        Line::Number(number) if hardware.backend != Backend::Chardev && hardware.gpiochip.is_none() => Some(*number),
        Line::Named(name) => gpio_number(name),
        _ => None,
    }
}

/// Why a line cannot be used at all.
fn misuse(
    line: &Line,
    hardware: &HardwareSettings,
    sensors: &[Sensor],
    expanders: &[Expander],
) -> Option<(String, String)> {
    let Some(number) = bcm_number(line, hardware) else {
        let out_of_reach = matches!(line, Line::Named(_) | Line::OnChip { .. }) && hardware.backend == Backend::Rppal;
        let advice = || "write a number from 2 to 27, or set backend = \"chardev\"".to_owned();
        return out_of_reach.then(|| (format!("the rppal backend cannot reach {line}"), advice()));
    };
    let on_i2c = |sensor: &&Sensor| sensor.i2c().is_some_and(|chip| chip.bus == 1);
    let sensor = sensors.iter().find(on_i2c).map(|sensor| format!("the sensor `{}`", sensor.id));
    let expander = || expanders.iter().find(|expander| expander.bus == 1);
    let i2c = sensor.or_else(|| expander().map(|expander| format!("the expander `{}`", expander.id)));
    match number {
        0 | 1 => Some((
            format!("GPIO {number} is reserved for the ID EEPROM of add-on boards"),
            "use one of GPIO 4 to 27".into(),
        )),
        2 | 3 => i2c.map(|user| {
            let message = format!("GPIO {number} belongs to I2C bus 1, which {user} uses");
            (message, "use one of GPIO 4 to 27".into())
        }),
        _ => None,
    }
}

/// What nobody should drive: rppal is for what is on the header, and what is not on a Raspberry Pi at all is a slip under
/// `auto`.
fn beyond_the_header(line: &Line, hardware: &HardwareSettings) -> Option<(String, String)> {
    let number = bcm_number(line, hardware).filter(|number| *number > LAST_ON_HEADER)?;
    let here =
        || HeaderPin::meaning(number).unwrap_or_else(|| format!("use one of GPIO 2 to {LAST_ON_HEADER} (BCM numbers)"));
    match hardware.backend {
        Backend::Rppal => Some((format!("a Raspberry Pi has no GPIO {number} on its header"), here())),
        Backend::Auto if number > LAST_OF_ANY_PI => Some((
            format!("no Raspberry Pi has a GPIO {number}"),
            format!("{}, or, for another board, set backend = \"chardev\"", here()),
        )),
        _ => None,
    }
}

/// Numbers that some Compute Modules and other boards have, and that are positions on the header for most people.
fn position(line: &Line, hardware: &HardwareSettings) -> Option<(String, String)> {
    let number = bcm_number(line, hardware).filter(|number| *number > LAST_ON_HEADER)?;
    let auto = hardware.backend == Backend::Auto;
    auto.then(|| {
        let last = format!("a Raspberry Pi has GPIO 2 to {LAST_ON_HEADER} on its header");
        let advice = HeaderPin::meaning(number).unwrap_or(last);
        (
            format!("GPIO {number} is not on the header of a Raspberry Pi"),
            format!("{advice}; for another board set backend = \"chardev\""),
        )
    })
}
