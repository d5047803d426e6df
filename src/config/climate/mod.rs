//! `[climate.NAME]`: thermostats.

mod check;
mod names;
mod plan;
mod shapes;

use super::{
    diagnostic::Problems,
    ids, settable,
    shape::{DAY, Decimal, OneOf, Period, SECOND, Word, Wrong},
    table::{Id, Table},
};
use crate::model::{
    Climate, ClimateMode, Config, Control, Exercise, Gains, HIGHEST_TARGET, LOWEST_TARGET, Output, OutputId,
    SensorLost, Setpoints, TargetFor, WindowWatch,
};
use names::{Name, OneOrMore};
use shapes::{Against, Asked, Curve, Frost, Hold, Lines, Lost, Presets};
use std::{ops::Range, time::Duration};

pub(super) use check::{check, check_all};

/// How long a time it is that a zone may wait for something.
const LIMIT: std::ops::RangeInclusive<Duration> = Duration::ZERO..=DAY;

/// A zone as far as its own table tells. Its outputs, inputs and sensors are names still.
pub(super) struct Draft {
    pub id: Id,
    /// What people call it.
    pub called: ids::Called,
    zone: Climate,
    mode: Option<ClimateMode>,
    target: Option<f64>,
    cool_target: Option<f64>,
    presets: Vec<(String, Range<usize>, Asked)>,
    plan: Vec<(String, Range<usize>)>,
    manual_for: Option<TargetFor>,
    min_idle: Option<Duration>,
    frost: Option<Against>,
    overheat: Option<f64>,
    sensor: Vec<Name>,
    heat: Vec<Name>,
    cool: Vec<Name>,
    fan: Vec<Name>,
    window: Vec<Name>,
    outdoor: Vec<Name>,
    flow: Vec<Name>,
    exercise: Vec<Name>,
    exercise_every: Duration,
    exercise_run: Duration,
    door: Vec<Name>,
    door_after: Duration,
    places: Places,
    /// The room that it names.
    pub room: Option<(String, Range<usize>)>,
    /// Whether people may set its numbers.
    pub settable: bool,
}

/// Where the keys stand that are checked together with others.
struct Places(Vec<(&'static str, Option<Range<usize>>)>, Range<usize>);

impl Places {
    const KEYS: [&'static str; 20] = [
        "sensor",
        "heat",
        "cool",
        "fan",
        "mode",
        "target",
        "cool_target",
        "plan",
        "manual_for",
        "min_on",
        "min_off",
        "tpi",
        "pid",
        "curve",
        "flow",
        "frost",
        "overheat",
        "heat_below",
        "sensor_lost",
        "outdoor",
    ];

    fn of(table: &Table<'_>, header: Range<usize>) -> Places {
        let place = |key: &'static str| (key, table.has(key).then(|| table.place_of(key)));
        Places(Self::KEYS.into_iter().map(place).collect(), header)
    }

    /// Where the value of a key stands; nothing when it is not written.
    fn written(&self, key: &str) -> Option<Range<usize>> {
        self.0.iter().find(|(known, _)| *known == key)?.1.clone()
    }

    /// Where the value of a key stands, or the zone's name.
    fn of_key(&self, key: &str) -> Range<usize> {
        self.written(key).unwrap_or_else(|| self.1.clone())
    }
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let temperature = || Decimal(LOWEST_TARGET..=HIGHEST_TARGET);
    let called = ids::called_now(id, table);
    let room = table.optional(
        "room",
        "The room that it is in; when absent, the room of the same name, or its sensor's.",
        Word,
    );
    let sensor = table.required(
        "sensor",
        "The temperature that it holds; of several, the average of those that are good.",
        "\"living.temperature\"",
        OneOrMore("reading", "\"living.temperature\""),
    );
    let outputs = || OneOrMore("output", "\"living_heater\"");
    let heat = table.optional("heat", "The outputs that warm.", outputs());
    let cool = table.optional("cool", "The outputs that cool.", outputs());
    let fan =
        table.optional("fan", "The outputs that run while it warms or cools, and in the mode fan_only.", outputs());
    let mode = table.optional(
        "mode",
        "Its mode until somebody sets another; what its outputs can do when absent.",
        OneOf(&ClimateMode::WORDS),
    );
    let target =
        table.required("target", "°C. It warms to this, or cools to this if nothing warms.", "20", temperature());
    let cool_target = table.optional("cool_target", "°C. What a zone that does both cools to.", temperature());
    let presets =
        table.optional("presets", "Targets with names: { away = 16, night = { heat = 17, cool = 27 } }.", Presets);
    let settable = settable::read("presets", table);
    if settable && !table.has("presets") {
        table.error_at("settable", "`settable` without `presets`", "add presets = { away = 16 }");
    }
    let plan = table.optional("plan", "The week, each period as days, time and target: \"weekday 06:30 21\".", Lines);
    let manual_for = table.optional(
        "manual_for",
        "How long a target set by hand holds: \"next_period\" (default with a plan), \"auto\" (default without), or a duration.",
        Hold,
    );
    let deadband =
        table.defaulted("deadband", "Degrees below the target at which warming begins.", Decimal(0.1..=10.0), 0.5);
    let overrun =
        table.defaulted("overrun", "Degrees above the target at which warming ends.", Decimal(0.0..=10.0), 0.5);
    let min_on = table.defaulted(
        "min_on",
        "Once begun, warming or cooling lasts at least this long.",
        Period(LIMIT),
        Duration::ZERO,
    );
    let min_off = table.defaulted("min_off", "Once ended, it rests at least this long.", Period(LIMIT), Duration::ZERO);
    let min_idle =
        table.optional("min_idle", "Between warming and cooling; 5m when absent and it does both.", Period(LIMIT));
    let control = control(table);
    let cycle = table.defaulted(
        "cycle",
        "One on and off of a relay that is driven by a percentage, 1m to 2h.",
        Period(60 * SECOND..=7200 * SECOND),
        600 * SECOND,
    );
    let window = table.optional(
        "window",
        "Window contacts: with an open one it only protects from frost.",
        OneOrMore("input", "\"living_window\""),
    );
    let delay = table.defaulted("window_delay", "A window counts as open after this long.", Period(LIMIT), 30 * SECOND);
    let slope = table.optional(
        "window_slope",
        "Falling by more than this, °C per hour, counts as an open window; usual is 3.",
        Decimal(0.5..=60.0),
    );
    let slope_for = table.defaulted(
        "window_slope_for",
        "What falls for longer than this is not a window.",
        Period(60 * SECOND..=DAY),
        1800 * SECOND,
    );
    let frost =
        table.optional("frost", "°C. It warms at this in every mode, off included, or \"off\"; 5 when absent.", Frost);
    let overheat =
        table.optional("overheat", "°C. From this on, what warms is cut off; 35 when absent.", temperature());
    let outdoor = table.optional("outdoor", "The temperature outside.", OneOrMore("reading", "\"garden.temperature\""));
    let heat_below =
        table.optional("heat_below", "°C. No warming when it is this warm outside.", Decimal(-30.0..=40.0));
    let sensor_lost = table.defaulted(
        "sensor_lost",
        "What is done ten minutes after the last good temperature: \"off\", \"frost\" (10 % of the time), or a percentage.",
        Lost,
        SensorLost::Off,
    );
    let failure_after = table.optional(
        "failure_after",
        "On for this long without effect raises an alarm, 10m to 1d; with a floor, by its name, 3h at the least.",
        Period(600 * SECOND..=DAY),
    );
    let exercise = table.optional(
        "exercise",
        "Pumps and valves that must not stand still.",
        OneOrMore("output", "\"floor_pump\""),
    );
    let exercise_every = table.defaulted(
        "exercise_every",
        "Off for this long, they run, ...",
        Period(3600 * SECOND..=90 * DAY),
        7 * DAY,
    );
    let exercise_run =
        table.defaulted("exercise_for", "... for this long.", Period(SECOND..=3600 * SECOND), 60 * SECOND);
    let door = table.optional(
        "door",
        "A door that must not stay open, such as a refrigerator's.",
        OneOrMore("input", "\"fridge_door\""),
    );
    let door_after =
        table.defaulted("door_open_after", "Open for longer raises an alarm.", Period(SECOND..=DAY), 120 * SECOND);

    let places = Places::of(table, id.place.clone());
    let named = |key: &str, names: Option<Vec<(String, Option<Range<usize>>)>>| -> Vec<Name> {
        let whole = table.place_of(key);
        names
            .unwrap_or_default()
            .into_iter()
            .map(|(text, place)| Name { text, place: place.unwrap_or(whole.clone()) })
            .collect()
    };
    Draft {
        mode,
        target,
        cool_target,
        presets: presets.unwrap_or_default(),
        plan: plan.unwrap_or_default(),
        manual_for,
        min_idle,
        frost,
        overheat,
        sensor: named("sensor", sensor),
        heat: named("heat", heat),
        cool: named("cool", cool),
        fan: named("fan", fan),
        window: named("window", window),
        outdoor: named("outdoor", outdoor),
        flow: named("flow", control.flow),
        exercise: named("exercise", exercise),
        exercise_every,
        exercise_run,
        door: named("door", door),
        door_after,
        room: room.map(|room| (room, table.place_of("room"))),
        settable,
        places,
        zone: Climate {
            id: id.text.as_str().into(),
            name: called.name.clone(),
            room: None,
            sensors: Vec::new(),
            heat: Vec::new(),
            cool: Vec::new(),
            fan: Vec::new(),
            mode: ClimateMode::Off,
            target: Setpoints::default(),
            presets: Vec::new(),
            plan: Vec::new(),
            manual_for: TargetFor::Auto,
            deadband,
            overrun,
            min_on,
            min_off,
            min_idle: Duration::ZERO,
            control: control.control,
            cycle,
            window: WindowWatch { contacts: Vec::new(), delay, slope, slope_for },
            frost: None,
            overheat: None,
            outdoor: None,
            heat_below,
            sensor_lost,
            failure_after,
            exercise: None,
            door: None,
        },
        id: id.clone(),
        called,
    }
}

/// How the need is worked out, and the name of the flow's sensor.
struct ControlKeys {
    control: Control,
    flow: Option<Vec<(String, Option<Range<usize>>)>>,
}

fn control(table: &mut Table<'_>) -> ControlKeys {
    let coefficient = || Decimal(0.0..=10.0);
    let with_tpi = table.has("tpi");
    let tpi = table.table("tpi", "Time-proportional: a share of full power for each degree.", |table| {
        let inside = table.required("inside", "For each degree that the room is too cold.", "0.6", coefficient());
        let outside = table.defaulted(
            "outside",
            "For each degree that it is colder outside than the target.",
            coefficient(),
            0.01,
        );
        Control::Tpi { inside: inside.unwrap_or(0.6) * 100.0, outside: outside * 100.0 }
    });
    let with_pid = table.has("pid");
    let pid = table.table("pid", "A PID controller; `zone.tuning` finds the numbers.", |table| {
        let kp = table.required("kp", "Percent of full power for each degree.", "30", Decimal(0.1..=10_000.0));
        let ti = table.required(
            "ti",
            "In this time the integral adds as much as the proportional part; \"0s\" for none.",
            "\"40m\"",
            Period(Duration::ZERO..=DAY),
        );
        let td = table.defaulted("td", "The slope counts so far ahead.", Period(Duration::ZERO..=DAY), Duration::ZERO);
        Control::Pid(Gains { kp: kp.unwrap_or(30.0), ti: ti.unwrap_or(2400 * SECOND), td })
    });
    let curve = table.optional(
        "curve",
        "A heating curve: [[-15, 55], [20, 25]] is 55 at -15 °C outside and 25 at 20 °C; °C with `flow`, else percent.",
        Curve,
    );
    let flow = table.optional(
        "flow",
        "The water that is warmed to the heating curve.",
        OneOrMore("reading", "\"boiler.temperature\""),
    );
    let written: Vec<&str> = ["tpi", "pid", "curve"].into_iter().filter(|key| table.has(key)).collect();
    if let [first, second, ..] = written[..] {
        table.error_at(second, format!("`{first}` and `{second}` at once"), "keep one of them");
    }
    if table.has("flow") && !table.has("curve") {
        table.error_at("flow", "`flow` without `curve`", "add curve = [[-15, 55], [20, 25]]");
    }
    let control = match curve {
        _ if with_tpi => tpi,
        _ if with_pid => pid,
        Some(points) => Control::Curve { points, flow: None },
        None => Control::Hysteresis,
    };
    ControlKeys { control, flow }
}

/// The zone with its names found in `config`, which needs no rules yet.
pub(super) fn resolve(draft: Draft, config: &Config, problems: &Problems) -> (Climate, Checked) {
    let mut zone = draft.zone;
    zone.sensors = names::readings(&draft.sensor, config, problems);
    zone.heat = names::outputs(&draft.heat, config, problems);
    zone.cool = names::outputs(&draft.cool, config, problems);
    zone.fan = names::outputs(&draft.fan, config, problems);
    zone.window.contacts = names::inputs(&draft.window, config, problems);
    zone.outdoor = names::readings(&draft.outdoor, config, problems).first().copied();
    if let Control::Curve { flow, .. } = &mut zone.control {
        *flow = names::readings(&draft.flow, config, problems).first().copied();
    }
    let (heats, cools) = (!draft.heat.is_empty(), !draft.cool.is_empty());
    zone.frost = draft.frost.unwrap_or(Against::At(5.0)).degrees().filter(|_| heats);
    zone.overheat = heats.then(|| draft.overheat.unwrap_or(35.0));
    zone.min_idle = draft.min_idle.unwrap_or(if heats && cools { 300 * SECOND } else { Duration::ZERO });
    zone.mode = draft.mode.unwrap_or(match (heats, cools) {
        (true, true) => ClimateMode::HeatCool,
        (true, false) => ClimateMode::Heat,
        (false, true) => ClimateMode::Cool,
        (false, false) => ClimateMode::FanOnly,
    });
    zone.target = match (heats, cools) {
        (true, both) => Setpoints { heat: draft.target, cool: draft.cool_target.filter(|_| both) },
        (false, _) => Setpoints { heat: None, cool: draft.target },
    };
    zone.exercise = (!draft.exercise.is_empty()).then(|| Exercise {
        outputs: names::outputs(&draft.exercise, config, problems),
        every: draft.exercise_every,
        run: draft.exercise_run,
    });
    zone.door = names::inputs(&draft.door, config, problems).first().map(|input| (*input, draft.door_after));
    let checked =
        Checked { id: draft.id, places: draft.places, exercise: draft.exercise, heat: draft.heat, cool: draft.cool };
    zone.presets = shapes::presets(&draft.presets, &zone, problems);
    zone.plan = plan::read(&draft.plan, &zone, &checked, problems);
    zone.failure_after = zone.failure_after.map(|after| if is_floor(&zone, config) { after.max(FLOOR) } else { after });
    zone.manual_for =
        draft.manual_for.unwrap_or(if zone.plan.is_empty() { TargetFor::Auto } else { TargetFor::NextPeriod });
    (zone, checked)
}

/// A floor warms this slowly: before, nobody can tell that it does not.
const FLOOR: Duration = Duration::from_secs(3 * 3600);

/// Whether a zone heats a floor, by the names of it and of what it drives.
fn is_floor(zone: &Climate, config: &Config) -> bool {
    let outputs = zone.heat.iter().map(|id| &config[*id]).flat_map(|output| [&*output.id, &*output.name]);
    outputs.chain([&*zone.id, &*zone.name]).any(|name| {
        let name = name.to_lowercase();
        let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
        let storey = |at: usize| at.checked_sub(1).is_some_and(|before| STOREYS.contains(&words[before]));
        (0..words.len()).any(|at| words[at] == "screed" || words[at].contains("floor") && !storey(at))
    })
}

/// Before `floor`, they mean another thing.
const STOREYS: [&str; 12] =
    ["ground", "first", "second", "third", "fourth", "fifth", "top", "upper", "lower", "middle", "1st", "2nd"];

/// How long what a zone drives rests after its `max_on` when the file does not say. It must not be for good: the house would
/// freeze.
const REST_AFTER_MAX_ON: Duration = Duration::from_secs(1800);

/// Gives the zone's outputs that have a `max_on` a rest after it.
pub(super) fn give_rests(zone: &Climate, outputs: &mut [Output]) {
    for OutputId(index) in zone.outputs() {
        let output = &mut outputs[index];
        output.max_on_rest = output.max_on_rest.or(output.max_on.map(|_| REST_AFTER_MAX_ON));
    }
}

/// What is left of a draft for checks across keys.
pub(super) struct Checked {
    id: Id,
    places: Places,
    exercise: Vec<Name>,
    heat: Vec<Name>,
    cool: Vec<Name>,
}

/// Why these setpoints cannot be a zone's, if so.
fn unfit(setpoints: Setpoints, zone: &Climate) -> Option<Wrong> {
    zone.unfit(setpoints).map(|(message, advice)| Wrong::new(message, advice))
}
