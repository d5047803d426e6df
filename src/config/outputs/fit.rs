//! Which keys of an output go together.

use super::{Mention, Switches, Wiring, Works};
use crate::{
    config::{modbus, remote, table::Table},
    model::{AtStart, Line, ManualFor, Output, OutputKind, Remote, SafeState, duration},
};
use std::{sync::Arc, time::Duration};

/// What else a key takes.
struct Needs {
    key: &'static str,
    /// One of these.
    any_of: &'static [&'static str],
    advice: &'static str,
}

const NEEDS: &[Needs] = &[
    Needs { key: "slow_pwm", any_of: &["gpio", "modbus"], advice: "slow PWM switches one relay: add gpio = 17" },
    Needs {
        key: "pulse",
        any_of: &["gpio", "button_gpio", "modbus"],
        advice: "a pulse is given by one relay: add gpio = 17",
    },
    Needs { key: "frequency", any_of: &["pwm"], advice: "remove it, or write pwm = 18 instead of gpio" },
    Needs { key: "gamma", any_of: &["pwm"], advice: "remove it, or write pwm = 18 instead of gpio" },
    Needs { key: "transition", any_of: &["pwm"], advice: "remove it, or write pwm = 18 instead of gpio" },
    Needs {
        key: "speed_count",
        any_of: &["pwm", "levels", "level"],
        advice: "remove it, or write pwm = 18 instead of gpio, or levels = true of a device on the broker",
    },
    Needs { key: "min_power", any_of: &["pwm", "slow_pwm"], advice: "a relay has no power between: remove it" },
    Needs { key: "max_power", any_of: &["pwm", "slow_pwm"], advice: "a relay has no power between: remove it" },
    Needs { key: "kick_start", any_of: &["pwm", "speeds"], advice: "a relay begins at full speed anyway: remove it" },
    Needs { key: "speed_wait", any_of: &["speeds"], advice: "add speeds = [5, 6, 13], one relay for each speed" },
    Needs {
        key: "open_time",
        any_of: &["open_gpio", "button_gpio"],
        advice: "add open_gpio and close_gpio, or button_gpio for a door with one button",
    },
    Needs {
        key: "close_time",
        any_of: &["open_gpio", "button_gpio"],
        advice: "add open_gpio and close_gpio, or button_gpio for a door with one button",
    },
    Needs {
        key: "stop",
        any_of: &["open_gpio", "button_gpio"],
        advice: "add open_gpio and close_gpio, or button_gpio for a door with one button",
    },
    Needs {
        key: "closed_switch",
        any_of: &["button_gpio"],
        advice: "it is of a door with one button: add button_gpio = 17",
    },
    Needs {
        key: "open_switch",
        any_of: &["button_gpio"],
        advice: "it is of a door with one button: add button_gpio = 17",
    },
    Needs { key: "open_gpio", any_of: &["close_gpio"], advice: "a cover has two wires: add close_gpio = 6" },
    Needs { key: "close_gpio", any_of: &["open_gpio"], advice: "a cover has two wires: add open_gpio = 5" },
    Needs { key: "max_on_rest", any_of: &["max_on"], advice: "add max_on = \"6h\", or remove it" },
    Needs { key: "interlock_wait", any_of: &["interlock"], advice: "add interlock = \"name_of_the_group\"" },
];

/// The kinds of wires, of which an output has one.
const WIRES: [&str; 5] = ["gpio", "pwm", "speeds", "open_gpio", "button_gpio"];
/// What a cover has no use for: its motor is always left off, and it stays where it is.
const NOT_FOR_COVERS: [&str; 10] =
    ["at_start", "default", "max_on", "max_on_rest", "min_off", "min_on", "min_on_daily", "pulse", "safe", "slow_pwm"];
/// What a door with one button has no use for, either: it is moved by pulses of its own.
const NOT_FOR_DOORS: [&str; 3] = ["interlock", "interlock_wait", "power"];
/// What is of motors that hearthd drives itself.
const OF_MOTORS: [&str; 5] = ["open_time", "close_time", "stop", "closed_switch", "open_switch"];
/// How long the button of a door is pressed.
const SHORTEST_PRESS: Duration = Duration::from_millis(100);
const LONGEST_PRESS: Duration = Duration::from_secs(5);
/// What a pulse excludes.
const NOT_FOR_PULSES: [&str; 6] = ["max_on", "max_on_rest", "min_off", "min_on", "min_on_daily", "slow_pwm"];
/// What belongs to the members.
const NOT_FOR_GROUPS: [&str; 20] = [
    "active",
    "at_start",
    "button_gpio",
    "default",
    "gpio",
    "interlock",
    "lock",
    "manual_for",
    "max_on",
    "max_on_rest",
    "max_rate",
    "min_off",
    "min_on",
    "min_on_daily",
    "open_gpio",
    "power",
    "pwm",
    "safe",
    "settable",
    "speeds",
];

/// By which wires the output works; problems are reported.
pub(super) fn works(
    is_group: bool,
    kind: Option<OutputKind>,
    wiring: Wiring,
    output: &Output,
    table: &mut Table<'_>,
) -> Works {
    if is_group {
        return group(wiring, table);
    }
    if table.has("members") || table.has("state") {
        let key = if table.has("members") { "members" } else { "state" };
        table.error_at(key, format!("`{key}` is of a group"), "write kind = \"group\", or remove it");
    }
    needs(table);
    limits(output, table);
    let wires: Vec<_> = WIRES.into_iter().filter(|key| table.has(key)).collect();
    if let [first, second, ..] = wires[..] {
        table.error_at(second, format!("`{second}` beside `{first}`"), "an output has one kind of wires: remove one");
        return Works::Nothing;
    }
    if wires.is_empty() && !table.has("close_gpio") && !remote::is_meant(table) && !modbus::is_meant(table) {
        table.missing("gpio", "17");
    }
    match wiring {
        Wiring { elsewhere: Some(Line::Remote(remote)), .. } if remote.moves.is_some() => mover(remote, table),
        Wiring { elsewhere: Some(line), slow_pwm: None, .. } => Works::Line(line),
        Wiring { elsewhere: Some(line), slow_pwm: Some(period), .. }
        | Wiring { gpio: Some(line), slow_pwm: Some(period), .. } => {
            Works::SlowPwm { line, period, range: output.dimming.range }
        }
        Wiring { pwm: Some(line), kick_start: Some(kick), .. } => Works::KickStart { line, kick },
        Wiring { gpio: Some(line), .. } | Wiring { pwm: Some(line), .. } => Works::Line(line),
        Wiring { speeds: Some(lines), .. } => {
            let lines: Vec<Line> = lines.into_iter().map(|(line, _)| line).collect();
            speeds(kind, lines, output.safe, wiring.kick_start.unwrap_or(Duration::ZERO), wiring.speed_wait, table)
        }
        Wiring { open: Some(open), close: Some(close), open_time, close_time, stop, .. } => {
            cover(kind, (open, close), (open_time, close_time), stop, table)
        }
        Wiring { button: Some(button), closed_switch, open_switch, open_time, close_time, stop, .. } => {
            let switches = (closed_switch, open_switch);
            door(kind, button, switches, (open_time, close_time), (output.pulse, stop), table)
        }
        _ => Works::Nothing,
    }
}

fn group(wiring: Wiring, table: &mut Table<'_>) -> Works {
    for key in NOT_FOR_GROUPS.into_iter().chain(remote::source_keys()).chain(["modbus"]).filter(|key| table.has(key)) {
        table.error_at(key, format!("`{key}` is not for a group"), "write it for the members");
    }
    match wiring.members {
        Some(members) if members.is_empty() => {
            table.error_at("members", "a group without members", "name them: [\"hall_light\", \"porch_light\"]");
            Works::Nothing
        }
        Some(members) => Works::Group { members, all: wiring.all },
        None => {
            if !table.has("members") {
                table.missing("members", "[\"hall_light\", \"porch_light\"]");
            }
            Works::Nothing
        }
    }
}

fn needs(table: &Table<'_>) {
    for Needs { key, any_of, advice } in NEEDS {
        if table.has(key) && !any_of.iter().any(|other| table.has(other)) {
            let others = any_of.iter().map(|other| format!("`{other}`")).collect::<Vec<_>>().join(" or ");
            let advice = match remote::is_meant(table) && OF_MOTORS.contains(key) {
                true => "remove it: this output is on the broker, and the device knows it itself",
                false => *advice,
            };
            table.error_at(key, format!("`{key}` without {others}"), advice);
        }
    }
}

fn limits(output: &Output, table: &Table<'_>) {
    if let (Some(min_on), Some(max_on)) = (output.min_on, output.max_on)
        && min_on > max_on
    {
        let (least, most) = (duration::spell(min_on), duration::spell(max_on));
        table.error_at(
            "min_on",
            format!("min_on ({least}) is longer than max_on ({most})"),
            format!("write at most {most}, or a longer max_on"),
        );
    }
    if let (Some(daily), Some(max_on), None) = (output.min_on_daily, output.max_on, output.max_on_rest)
        && max_on < daily
    {
        let (daily, most) = (duration::spell(daily), duration::spell(max_on));
        table.error_at(
            "min_on_daily",
            format!("min_on_daily ({daily}) is longer than max_on ({most}), after which it stays off"),
            "add max_on_rest = \"10m\", or write a longer max_on",
        );
    }
    if table.has("pulse") {
        for key in NOT_FOR_PULSES.into_iter().filter(|key| table.has(key)) {
            table.error_at(key, format!("`{key}` beside `pulse`"), "a pulse has its own length: remove one of them");
        }
        for key in ["at_start", "default", "safe"].into_iter().filter(|key| table.has(key)) {
            table.error_at(key, format!("`{key}` beside `pulse`"), "a pulse begins and ends off: remove it");
        }
    }
    if output.at_start == AtStart::Keep && (!table.has("gpio") || table.has("slow_pwm") || table.has("interlock")) {
        table.error_at(
            "at_start",
            "\"keep\" is of one relay by itself, with `gpio` and without `slow_pwm` and `interlock`",
            "write \"restore\" or \"off\"",
        );
    }
    if output.manual_for == ManualFor::RoomEmpty && !table.has("room") {
        table.error_at("manual_for", "\"room_empty\" without `room`", "add room = \"name_of_the_room\"");
    }
}

fn speeds(
    kind: Option<OutputKind>,
    lines: Vec<Line>,
    safe: SafeState,
    kick: Duration,
    wait: Duration,
    table: &Table<'_>,
) -> Works {
    if kind.is_some_and(|kind| kind != OutputKind::Fan) {
        table.error_at("speeds", "`speeds` are of a fan", "write kind = \"fan\"");
    }
    if safe == SafeState::On {
        table.error_at("safe", "which of the speeds is not known when hearthd ends", "write \"off\" or \"hold\"");
    }
    if lines.len() < 2 {
        table.error_at("speeds", "a fan with less than two speeds", "write gpio = 17 for one relay");
    }
    Works::Speeds { lines, kick, wait }
}

fn cover(
    kind: Option<OutputKind>,
    (open, close): (Line, Line),
    times: (Option<Duration>, Option<Duration>),
    stop: Duration,
    table: &mut Table<'_>,
) -> Works {
    is_cover(kind, "open_gpio", table);
    for key in NOT_FOR_COVERS.into_iter().filter(|key| table.has(key)) {
        table.error_at(
            key,
            format!("`{key}` is not for a cover"),
            "remove it: its motor runs for its time only and is left off, and the cover stays where it is",
        );
    }
    match both(times, table) {
        Some((open_time, close_time)) => Works::Cover { open, close, open_time, close_time, stop },
        None => Works::Nothing,
    }
}

/// A cover on the broker.
fn mover(remote: Arc<Remote>, table: &Table<'_>) -> Works {
    for key in NOT_FOR_COVERS.into_iter().chain(NOT_FOR_DOORS).filter(|key| table.has(key)) {
        table.error_at(
            key,
            format!("`{key}` is not for a cover on the broker"),
            "remove it: the device drives its motor itself, and the cover stays where it is",
        );
    }
    Works::Mover(remote)
}

fn door(
    kind: Option<OutputKind>,
    button: Line,
    (closed, open): (Option<Mention>, Option<Mention>),
    times: (Option<Duration>, Option<Duration>),
    (pulse, rest): (Option<Duration>, Duration),
    table: &mut Table<'_>,
) -> Works {
    is_cover(kind, "button_gpio", table);
    let excluded = NOT_FOR_COVERS.into_iter().chain(NOT_FOR_DOORS).filter(|key| *key != "pulse" && table.has(key));
    for key in excluded {
        table.error_at(
            key,
            format!("`{key}` is not for a door with one button"),
            "remove it: its button is released but for a moment, and the door stays where it is",
        );
    }
    let times = both(times, table);
    if closed.is_none() && !table.has("closed_switch") {
        table.error_at(
            "button_gpio",
            "`button_gpio` without `closed_switch`: one press opens or closes, and nobody would know which",
            "add the input at its closed end, closed_switch = \"garage_closed\"; without one, a press is kind = \"switch\", \
             gpio and pulse = \"500ms\"",
        );
    }
    match (closed, times) {
        (Some(closed), Some((open_time, close_time))) => {
            let press = pulse.unwrap_or(Duration::from_millis(500));
            if !(SHORTEST_PRESS..=LONGEST_PRESS).contains(&press) {
                table.error_at(
                    "pulse",
                    "no opener is pressed for so long or so briefly",
                    "write 100ms to 5s, such as pulse = \"500ms\"",
                );
            }
            Works::Door { button, press, rest, open_time, close_time, switches: Switches { closed, open } }
        }
        _ => Works::Nothing,
    }
}

fn is_cover(kind: Option<OutputKind>, key: &str, table: &Table<'_>) {
    if kind.is_some_and(|kind| kind != OutputKind::Cover) {
        table.error_at(key, format!("`{key}` is of a cover"), "write kind = \"cover\"");
    }
}

/// How long it takes to open and to close.
fn both(times: (Option<Duration>, Option<Duration>), table: &mut Table<'_>) -> Option<(Duration, Duration)> {
    for (key, time) in [("open_time", times.0), ("close_time", times.1)] {
        if time.is_none() && !table.has(key) {
            table.missing(key, "\"20s\"");
        }
    }
    times.0.zip(times.1)
}
