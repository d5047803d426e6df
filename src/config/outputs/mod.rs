//! `[outputs.NAME]`: what is driven, by which wires, within which limits.

mod build;
mod fit;
mod interlocks;
mod manual_for;

pub(super) use build::{build, find_switches};

use super::{
    ids, modbus, remote, settable,
    shape::{Class, DAY, Decimal, Flag, Names, OneOf, Period, PwmWire, SECOND, Whole, Wire, Wires, Word},
    table::{Id, Table},
};
use crate::model::{
    ActiveLevel, AtStart, Dimming, Level, Line, ManualFor, Output, OutputKind, PowerRange, Remote, SafeState,
};
use manual_for::Hold;
use std::{ops::Range, sync::Arc, time::Duration};

/// The keys of wires, of which an output has those of one kind, or none of them on the broker.
const WIRES: [&str; 6] = ["gpio", "pwm", "speeds", "open_gpio", "close_gpio", "button_gpio"];

/// The kinds, and last `group`, which is no kind of a thing: it stands for others.
const KIND: &[(&str, Option<OutputKind>)] = &{
    let mut words = [("group", None); OutputKind::WORDS.len() + 1];
    let mut at = 0;
    while at < OutputKind::WORDS.len() {
        words[at] = (OutputKind::WORDS[at].0, Some(OutputKind::WORDS[at].1));
        at += 1;
    }
    words
};
/// None: it stays as it is.
const DEFAULT: &[(&str, Option<Level>)] = &[("off", Some(Level::OFF)), ("on", Some(Level::ON)), ("hold", None)];
const STATE: &[(&str, bool)] = &[("any", false), ("all", true)];

const MS: Duration = Duration::from_millis(1);
/// How long the others have been off before a member of a group goes on, when no member says.
const INTERLOCK_WAIT: Duration = Duration::from_millis(500);

/// A name and where it stands.
pub(super) type Mention = (String, Range<usize>);

/// An output as far as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    /// What people call it.
    pub called: ids::Called,
    /// What it has whatever its wires are.
    pub output: Output,
    /// Its wires, as far as they are known, with their places.
    pub lines: Vec<(Line, Range<usize>)>,
    /// The room that it names.
    pub room: Option<Mention>,
    /// Whether people may set its numbers.
    pub settable: bool,
    works: Works,
    /// The place of its topic or of its device, if it is on the broker or on Modbus.
    elsewhere: Option<Range<usize>>,
    interlock: Option<String>,
    wait: Option<(Duration, Range<usize>)>,
}

impl Draft {
    /// An output of another hub.
    pub fn elsewhere(id: Id, output: Output, remote: Remote) -> Draft {
        let remote = Arc::new(remote);
        let works = if remote.moves.is_some() { Works::Mover(remote) } else { Works::Line(Line::Remote(remote)) };
        let called =
            ids::Called { name: output.name.clone(), place: id.place.clone(), is_written: false, was: Vec::new() };
        Draft {
            id,
            called,
            output,
            lines: Vec::new(),
            room: None,
            settable: false,
            works,
            elsewhere: None,
            interlock: None,
            wait: None,
        }
    }

    /// What it is on the broker, if it is there.
    pub fn claim(&self) -> Option<remote::Claim<'_>> {
        let remote = match &self.works {
            Works::Line(line) => line.remote()?,
            Works::Mover(remote) => remote,
            _ => return None,
        };
        let place = self.elsewhere.as_ref()?;
        Some(remote::Claim { id: &self.id.text, place, sensor: None, remote: Some(remote) })
    }

    /// What it is on Modbus, if it is there.
    pub fn modbus_claim(&self) -> Option<modbus::Claim<'_>> {
        let (Works::Line(line) | Works::SlowPwm { line, .. }) = &self.works else { return None };
        let (point, place) = (line.modbus()?, self.elsewhere.as_ref()?);
        let is_in_interlock = self.interlock.is_some();
        Some(modbus::Claim { id: &self.id.text, place, unit: &point.unit, output: Some(point), is_in_interlock })
    }
}

/// By which wires an output works.
enum Works {
    /// One line.
    Line(Line),
    /// One line, on for a share of the time.
    SlowPwm { line: Line, period: Duration, range: PowerRange },
    /// A PWM line that begins at full power.
    KickStart { line: Line, kick: Duration },
    /// A line for each speed.
    Speeds { lines: Vec<Line>, kick: Duration, wait: Duration },
    /// Two lines.
    Cover { open: Line, close: Line, open_time: Duration, close_time: Duration, stop: Duration },
    /// The button of a door, and the inputs at its ends.
    Door {
        button: Line,
        press: Duration,
        rest: Duration,
        open_time: Duration,
        close_time: Duration,
        switches: Switches,
    },
    /// A cover on the broker.
    Mover(Arc<Remote>),
    /// Others.
    Group { members: Vec<Mention>, all: bool },
    /// None, which was reported.
    Nothing,
}

/// The inputs at the ends of a door.
#[derive(Clone)]
struct Switches {
    closed: Mention,
    open: Option<Mention>,
}

/// The keys of wires as they stand in a table.
struct Wiring {
    /// On the broker or on Modbus.
    elsewhere: Option<Line>,
    gpio: Option<Line>,
    pwm: Option<Line>,
    speeds: Option<Vec<(Line, Range<usize>)>>,
    open: Option<Line>,
    close: Option<Line>,
    button: Option<Line>,
    closed_switch: Option<Mention>,
    open_switch: Option<Mention>,
    members: Option<Vec<Mention>>,
    all: bool,
    slow_pwm: Option<Duration>,
    kick_start: Option<Duration>,
    speed_wait: Duration,
    open_time: Option<Duration>,
    close_time: Option<Duration>,
    stop: Duration,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let limit = || Period(SECOND..=365 * DAY);
    let kind = table.required("kind", "What it is; decides defaults and how apps show it.", "\"light\"", OneOf(KIND));
    let is_group = kind == Some(None);
    let kind = kind.flatten();
    let called = ids::called_now(id, table);
    let remote = remote::output(kind, &WIRES, table);
    let remote = remote.map(|(remote, place)| (Line::Remote(Arc::new(remote)), place));
    let modbus = modbus::output(kind, &WIRES, table).map(|(point, place)| (Line::Modbus(Arc::new(point)), place));
    let (elsewhere, elsewhere_at) = remote.or(modbus).unzip();
    let mut wiring = Wiring { elsewhere, ..read_wiring(table) };
    let active = table.defaulted(
        "active",
        "The electric level that switches it on: \"low\" for most relay boards with opto-couplers.",
        OneOf(&ActiveLevel::WORDS),
        ActiveLevel::High,
    );
    let at_start = table.optional(
        "at_start",
        "What it is driven to at start: \"restore\" (default of light, fan, switch), \"off\" (default of the others), \"on\", \"keep\" \
         (of one relay: the wire is taken as it is).",
        OneOf(&AtStart::WORDS),
    );
    let safe = table.defaulted(
        "safe",
        "What it is left in when hearthd ends, however it ends.",
        OneOf(&SafeState::WORDS),
        SafeState::Off,
    );
    let default = table.defaulted(
        "default",
        "What it is when nobody asks for anything; \"hold\": as it was left.",
        OneOf(DEFAULT),
        Some(Level::OFF),
    );
    let max_on = table.optional("max_on", "On for longer than this without a break, it goes off.", limit());
    let max_on_rest = table.optional(
        "max_on_rest",
        "After max_on it rests for this long, then it may be asked again. When absent, an output of a climate zone rests for \
         30m, and any other stays off until nothing asks for it any more.",
        limit(),
    );
    let min_on = table.optional("min_on", "Once on, it stays on for at least this long.", limit());
    let min_off = table.optional("min_off", "Once off, it stays off for at least this long.", limit());
    let min_on_daily = table.optional(
        "min_on_daily",
        "On for at least this long each day, up to 22h, as for a pump or a fan that must run: what rules and people leave of it is \
         made up for before midnight.",
        Period(SECOND..=22 * 3600 * SECOND),
    );
    let pulse = table.optional(
        "pulse",
        "Asked to be on, it is on for this long only, 10ms to 1h; asked again meanwhile, from then on. With button_gpio: how \
         long it is pressed, 100ms to 5s, 500ms when absent.",
        Period(10 * MS..=3600 * SECOND),
    );
    let max_rate = table.defaulted(
        "max_rate",
        "How many times a second rules may switch it, averaged over 10s, 1 to 100; what they switch more often is in fault \
         and rests in its safe state for a minute or longer.",
        Whole(1..=100),
        Output::MAX_RATE.into(),
    );
    let interlock =
        table.optional("interlock", "A word that several outputs share: at most one of them is on at any time.", Word);
    let wait = table.optional(
        "interlock_wait",
        "How long the others of the group have been off before it may go on, 0s to 60s; 500ms when absent.",
        Period(Duration::ZERO..=60 * SECOND),
    );
    if let Some(remote) = wiring.elsewhere.as_ref().and_then(Line::remote).filter(|_| interlock.is_some()) {
        match remote::in_interlock(remote) {
            Ok((message, advice)) => table.warning_at("interlock", message, advice),
            Err((message, advice)) => table.error_at("interlock", message, advice),
        }
    }
    if let Some(point) = wiring.elsewhere.as_ref().and_then(Line::modbus).filter(|_| interlock.is_some())
        && !point.verify
    {
        let message = "an interlock with an output that is not read back: nobody would know whether it is off";
        table.error_at("interlock", message, "remove verify = false, or `interlock`");
    }
    let dimming = read_dimming(kind, table);
    let is_elsewhere = wiring.elsewhere.is_some();
    let dimming = if is_elsewhere { Dimming { range: dimming.range, ..Dimming::PLAIN } } else { dimming };
    let speed_count = table.optional(
        "speed_count",
        "Of a fan with `pwm`, or with `levels` on the broker: how many speeds it has, 2 to 100; any level when absent.",
        Whole(2..=100),
    );
    if let (Some(count), Some(Line::Remote(remote))) = (speed_count, &mut wiring.elsewhere) {
        let takes_levels = remote.command.as_ref().is_some_and(|command| command.level.is_some());
        match takes_levels && remote.moves.is_none() {
            true => remote::count_speeds(Arc::make_mut(remote), count),
            false => table.error_at(
                "speed_count",
                "`speed_count` of what takes no levels",
                "remove it, or write levels = true",
            ),
        }
    }
    let manual_for = table.defaulted(
        "manual_for",
        "How long a command holds when it does not say: a duration, \"next_change\" (of what it would be by itself), \
         \"room_empty\", a time of day such as \"22:30\", or \"auto\" (until AUTO).",
        Hold,
        ManualFor::Auto,
    );
    let settable = settable::read("manual_for", table);
    if settable && !is_group && !matches!(manual_for, ManualFor::Time(_)) {
        table.error_at("settable", "`settable` without a time for which commands hold", "add manual_for = \"2h\"");
    }
    let class = table.optional(
        "class",
        "What Home Assistant is to call it, such as \"outlet\" or \"blind\"; made from `kind` when absent.",
        Class::of_output(kind, is_group),
    );
    let room = table.optional("room", "The room that it is in.", Word);
    let lock = table.defaulted(
        "lock",
        "Whether it has a point NAME.lock; while that is ON, commands are refused.",
        Flag,
        false,
    );
    let power = table.optional(
        "power",
        "What it takes at 100 %, W: it then shows NAME.power (W) and NAME.energy (kWh).",
        Decimal(0.0..=100_000.0),
    );
    let mut draft = Draft {
        room: room.map(|room| (room, table.place_of("room"))),
        settable,
        lines: lines(&wiring, table),
        wait: wait.map(|wait| (wait, table.place_of("interlock_wait"))),
        interlock,
        works: Works::Nothing,
        elsewhere: elsewhere_at,
        output: Output {
            name: called.name.clone(),
            active,
            at_start: at_start.unwrap_or(match kind {
                Some(kind) if pulse.is_none() => kind.facts().at_start,
                _ => AtStart::Off,
            }),
            safe,
            default: default.unwrap_or(Level::OFF),
            default_holds: default.is_none(),
            max_on,
            max_on_rest,
            min_on,
            min_off,
            min_on_daily,
            pulse,
            max_rate: u32::try_from(max_rate).unwrap_or(Output::MAX_RATE),
            dimming,
            steps: speed_count.and_then(|count| u8::try_from(count).ok()),
            manual_for,
            class,
            lock,
            power,
            ..Output::plain(&id.text, kind.unwrap_or(OutputKind::Switch), Line::Number(0))
        },
        id: id.clone(),
        called,
    };
    draft.works = fit::works(is_group, kind, wiring, &draft.output, table);
    draft
}

fn read_wiring(table: &mut Table<'_>) -> Wiring {
    let time = || Period(SECOND..=600 * SECOND);
    Wiring {
        elsewhere: None,
        gpio: table.optional("gpio", "Its wire: the BCM number, \"GPIO17\", or \"gpiochip1/4\".", Wire),
        pwm: table.optional(
            "pwm",
            "Instead of gpio, a PWM wire, which carries any level: 12, 13, 18 or 19 on a Raspberry Pi, \"pwmchip0/1\", or \
             \"NAME/3\" of an expander.",
            PwmWire,
        ),
        speeds: table.optional(
            "speeds",
            "Instead of gpio, a fan with one relay for each speed: their wires, the slowest first.",
            Wires,
        ),
        open: table.optional("open_gpio", "Of a cover: the wire that opens it.", Wire),
        close: table.optional("close_gpio", "Of a cover: the wire that closes it.", Wire),
        button: table.optional(
            "button_gpio",
            "Of a cover whose opener has one button, such as a garage door: the relay that presses it.",
            Wire,
        ),
        closed_switch: mention(
            "closed_switch",
            "With button_gpio: the input at the closed end; it is there while that says closed, or is on.",
            table,
        ),
        open_switch: mention(
            "open_switch",
            "With button_gpio: the input at the open end; it is there while that says open, or is on. When absent, what is \
             not closed is taken for open.",
            table,
        ),
        open_time: table.optional("open_time", "Of a cover: how long it takes to open, 1s to 10m.", time()),
        close_time: table.optional("close_time", "Of a cover: how long it takes to close, 1s to 10m.", time()),
        stop: table.defaulted(
            "stop",
            "Of a cover: how long its motor rests before it turns round, or its button between two presses, 500ms to 60s.",
            Period(500 * MS..=60 * SECOND),
            500 * MS,
        ),
        slow_pwm: table.optional(
            "slow_pwm",
            "With gpio or modbus: any level, by being on for a share of this time, 1s to 1h.",
            Period(SECOND..=3600 * SECOND),
        ),
        kick_start: table.optional(
            "kick_start",
            "Of a fan: it begins at full speed for this long, 100ms to 30s.",
            Period(100 * MS..=30 * SECOND),
        ),
        speed_wait: table.defaulted(
            "speed_wait",
            "With speeds: how long all are off between two of them, 0s to 60s.",
            Period(Duration::ZERO..=60 * SECOND),
            INTERLOCK_WAIT,
        ),
        members: table.optional("members", "Of a group: the outputs that it stands for.", Names("output")),
        all: table.defaulted("state", "Of a group: whether it is on when any or all members are.", OneOf(STATE), false),
    }
}

/// The name of an input, and where it stands.
fn mention(key: &'static str, about: &'static str, table: &mut Table<'_>) -> Option<Mention> {
    let name = table.optional(key, about, Word)?;
    Some((name, table.place_of(key)))
}

fn read_dimming(kind: Option<OutputKind>, table: &mut Table<'_>) -> Dimming {
    let light = kind == Some(OutputKind::Light);
    let frequency = table.defaulted(
        "frequency",
        "With pwm: pulses in a second, 1 to 100000 Hz; fans with four wires want 25000.",
        Decimal(1.0..=100_000.0),
        Dimming::PLAIN.frequency,
    );
    let gamma = table.optional(
        "gamma",
        "With pwm: the curve from level to power, 0.5 to 5; 2.8 for a light (as the eye sees), else 1, when absent.",
        Decimal(0.5..=5.0),
    );
    let transition = table.optional(
        "transition",
        "With pwm: how long it takes from 0 to 100 %, 0s to 1m; 1s for a light, else 0s, when absent.",
        Period(Duration::ZERO..=60 * SECOND),
    );
    let min = table.defaulted(
        "min_power",
        "With pwm or slow_pwm: the power in percent at which it just begins to work; 0 % stays off.",
        Decimal(0.0..=100.0),
        0.0,
    );
    let max = table.defaulted(
        "max_power",
        "With pwm or slow_pwm: the power in percent at a level of 100 %.",
        Decimal(0.0..=100.0),
        100.0,
    );
    if min >= max {
        let key = if table.has("min_power") { "min_power" } else { "max_power" };
        table.error_at(key, format!("min_power ({min}) is not below max_power ({max})"), "write a smaller min_power");
    }
    Dimming {
        frequency,
        gamma: gamma.unwrap_or(if light { 2.8 } else { 1.0 }),
        transition: transition.unwrap_or(if light { SECOND } else { Duration::ZERO }),
        range: PowerRange { min: min / 100.0, max: max / 100.0 },
    }
}

fn lines(wiring: &Wiring, table: &Table<'_>) -> Vec<(Line, Range<usize>)> {
    let single = [
        ("gpio", &wiring.gpio),
        ("pwm", &wiring.pwm),
        ("open_gpio", &wiring.open),
        ("close_gpio", &wiring.close),
        ("button_gpio", &wiring.button),
    ];
    let single = single.into_iter().filter_map(|(key, line)| Some((line.clone()?, table.place_of(key))));
    single.chain(wiring.speeds.iter().flatten().cloned()).collect()
}
