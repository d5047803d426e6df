//! Random houses as a file describes them, with everything that a file can say, and random lives of them.

use super::{
    engine_config::{from_text, secs, try_text},
    engine_house::House,
};
use hearthd::model::{AtStart, Config, Hold};
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::{fmt::Write, sync::Arc, time::Duration};

pub const INPUTS: [&str; 4] = ["hall_motion", "button", "door", "switch"];
/// A counter.
pub const METER: &str = "meter";
pub const SENSORS: [&str; 4] = ["living", "bedroom", "outdoor", "flow"];

/// When a house begins: by day, before sunset, before midnight, before the hour that comes twice, before the one that is left out. UTC, and
/// the minutes of the local day.
const BEGINS: [(&str, u32); 5] = [
    ("2026-11-23T11:00:00", 12 * 60),
    ("2026-11-23T15:25:00", 16 * 60 + 25),
    ("2026-11-23T22:40:00", 23 * 60 + 40),
    ("2026-10-25T00:30:00", 2 * 60 + 30),
    ("2026-03-29T00:40:00", 60 + 40),
];

/// What is true or not in such a house. `@05` is the time of day five minutes after the beginning.
const CONDITIONS: &[&str] = &[
    "hall_motion",
    "hall.occupied",
    "bath.occupied",
    "bath is asleep",
    "door is open",
    "button is pressed",
    "switch",
    "relay",
    "lamp",
    "dark",
    "daylight",
    "sun.elevation > 3",
    "mode is away",
    "mode changed within 40s",
    "door changed within 20s",
    "hall.occupied changed within 50s",
    "living.temperature > 20",
    "bedroom.temperature between 19 and 21",
    "average(living.temperature, 1m) > 20",
    "minimum(bedroom.temperature, 2m) < 19.5",
    "maximum(living.temperature, 3m) > 20.5",
    "trend(living.temperature, 5m) < 0",
    "today(relay) >= 40s",
    "today(vent) + today(hall_motion) < 2m",
    "today(lights) < 1m",
    "today(hall) > 90s",
    "today(lamp.energy) < 0.001 kWh",
    "time between @03 and @09",
    "time between @08 and @04",
    "time between @02 spread 3m and @20 spread 9m",
    "time after sunset spread 10m",
    "time between sunset not before @04 and @50",
    "weekend",
    "date between 20 october and 24 october",
    "zone.action is heating",
    "zone.alarm is not none",
    "zone.target > 20.2",
    "zone.preset is away",
    "second.action is heating",
];

const TRIGGERS: &[&str] = &[
    "button click",
    "button double",
    "button long",
    "hall_motion on",
    "door open",
    "door changes",
    "mode away",
    "relay changes",
    "lights changes",
    "hall is empty for 20s",
    "living.temperature > 20.5",
    "time @04",
    "time @07 spread 5m",
    "sunset - 5m",
    "cron */3 * * * *",
    "zone.action is heating",
];

const ACTIONS: &[&str] = &[
    "toggle relay",
    "set relay on",
    "set lamp 40 for 30s",
    "set lights off for 1m",
    "set lamp off for room_empty",
    "set blind closed",
    "set gate on",
    "auto relay",
    "auto lights",
    "scene evening",
    "mode away",
    "mode home",
    "notify It is {living.temperature}",
    "wait 5s",
    "wait 40s",
    "set zone.target 21.5",
    "set zone.preset away",
];

const SETS: &[&str] = &[
    "hall_light = \"on\"",
    "hall_light = \"off\"",
    "slow = 35",
    "blind = 40",
    "blind = \"open\"",
    "fan = \"on\"",
    "fan = \"off\"",
    "up = \"on\"",
    "down = \"on\"",
    "porch = \"on\"",
    "kept = \"on\"",
    "vent = \"on\"",
    "gate = \"on\"",
];

const MANUAL_FOR: &[&str] = &["auto", "40s", "3m", "next_change", "room_empty", "@06"];
/// What people may set.
const SETTINGS: &[(&str, &str)] = &[
    ("porch.manual_for", "1"),
    ("porch.manual_for", "2.5"),
    ("porch.manual_for", "AUTO"),
    ("hall.empty_after", "0.5"),
    ("hall.empty_after", "2"),
    ("hall.empty_after", "AUTO"),
    ("bath.empty_after", "1"),
    ("bath.empty_after", "AUTO"),
    ("zone.away_heat", "16.5"),
    ("zone.night_heat", "18"),
    ("zone.night_heat", "99"),
    ("zone.night_heat", "AUTO"),
];

/// Points and what they are told.
const COMMANDS: &[(&str, &str)] = &[
    ("relay", "ON"),
    ("relay", "OFF"),
    ("relay", "AUTO"),
    ("relay.lock", "ON"),
    ("relay.lock", "OFF"),
    ("lamp", "ON"),
    ("lamp.level", "30"),
    ("lamp", "OFF"),
    ("lamp", "AUTO"),
    ("lights", "ON"),
    ("lights", "TOGGLE"),
    ("lights", "AUTO"),
    ("slow.level", "60"),
    ("slow", "AUTO"),
    ("fan", "ON"),
    ("fan.level", "30"),
    ("fan", "AUTO"),
    ("blind", "OPEN"),
    ("blind", "CLOSE"),
    ("blind", "STOP"),
    ("blind.position", "35"),
    ("gate", "ON"),
    ("up", "ON"),
    ("down", "ON"),
    ("up", "AUTO"),
    ("kept", "ON"),
    ("vent", "ON"),
    ("vent", "AUTO"),
    ("kept", "OFF"),
    ("kept", "AUTO"),
    ("hall_light", "TOGGLE"),
    ("hall_light", "AUTO"),
    ("boiler", "OFF"),
    ("boiler", "AUTO"),
    ("scene.evening", "ON"),
    ("mode", "home"),
    ("mode", "away"),
    ("zone.target", "22.5"),
    ("zone.target", "17"),
    ("zone.target", "AUTO"),
    ("zone.mode", "heat"),
    ("zone.mode", "off"),
    ("zone.mode", "AUTO"),
    ("zone.preset", "away"),
    ("zone.preset", "none"),
    ("zone.preset", "AUTO"),
    ("zone", "AUTO"),
    ("zone.tuning", "START"),
    ("zone.tuning", "STOP"),
    ("second.target", "21"),
    ("second.preset", "away"),
];

/// A random house, before it is written down.
#[derive(Clone, Debug)]
pub struct TextPlan {
    begins: usize,
    /// What lengths of time and choices of the text are made from, in their order.
    numbers: Vec<u8>,
    manual_for: Vec<&'static str>,
    rules: Vec<(String, Option<String>, &'static str)>,
    events: Vec<EventPlan>,
    control: &'static str,
    sensor_lost: &'static str,
    zone_manual_for: &'static str,
}

/// A rule that acts on events.
#[derive(Clone, Debug)]
struct EventPlan {
    on: Vec<String>,
    condition: Option<String>,
    actions: Vec<&'static str>,
    mode: &'static str,
}

fn condition() -> impl Strategy<Value = String> {
    let leaf = select(CONDITIONS).prop_map(str::to_owned);
    leaf.prop_recursive(2, 5, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) or ({b})")),
            inner.clone().prop_map(|a| format!("not ({a})")),
            (inner, 1..90u8).prop_map(|(a, seconds)| format!("({a}) for {seconds}s")),
        ]
    })
}

/// What stays as it is when the same values are read again: what a value did over a while does not, and what becomes true
/// by the first reading after a start is no event.
fn steady_condition() -> impl Strategy<Value = String> {
    condition().prop_filter("looks back", |text| {
        !["average(", "minimum(", "maximum(", "trend("].iter().any(|summary| text.contains(summary))
    })
}

/// Conditions on what is or lately was, not on what was before that: `until`, doors that close somebody in, outputs.
fn plain_condition(condition: &str) -> bool {
    let looks_back = ["bath", "relay", "lamp", "dark", "zone", "second", "trend", "today"];
    !looks_back.iter().any(|word| condition.contains(word))
}

/// As [`text_plan`], with rules that forget what is long over, and none that act on events.
pub fn forgetful_plan() -> impl Strategy<Value = TextPlan> {
    text_plan().prop_map(|plan| TextPlan {
        rules: plan
            .rules
            .into_iter()
            .filter(|(condition, ..)| plain_condition(condition))
            .map(|(condition, _, set)| (condition, None, set))
            .collect(),
        events: Vec::new(),
        ..plan
    })
}

pub fn text_plan() -> impl Strategy<Value = TextPlan> {
    let control = select(vec![
        "",
        "tpi = { inside = 0.6, outside = 0.01 }",
        "pid = { kp = 30, ti = \"20m\", td = \"1m\" }",
        "curve = [[-15, 90], [20, 10]]",
        "curve = [[-15, 55], [20, 25]]\nflow = \"flow.temperature\"\noverheat = 60",
    ]);
    let rule = (condition(), option::weighted(0.4, condition()), select(SETS));
    let trigger = prop_oneof![3 => select(TRIGGERS).prop_map(str::to_owned), 1 => steady_condition()];
    let event = (
        vec(trigger, 1..3),
        option::weighted(0.3, condition()),
        vec(select(ACTIONS), 1..5),
        select(vec!["single", "restart", "queued"]),
    )
        .prop_map(|(on, condition, actions, mode)| EventPlan { on, condition, actions, mode });
    (
        (0..BEGINS.len(), vec(any::<u8>(), 40), vec(select(MANUAL_FOR), 6)),
        (vec(rule, 0..6), vec(event, 0..4)),
        (
            control,
            select(vec!["\"off\"", "\"frost\"", "20", "70"]),
            select(vec!["\"auto\"", "\"next_period\"", "\"4m\""]),
        ),
    )
        .prop_map(|((begins, numbers, manual_for), (rules, events), (control, sensor_lost, zone_manual_for))| {
            TextPlan { begins, numbers, manual_for, rules, events, control, sensor_lost, zone_manual_for }
        })
        .prop_filter("a rule that can never come through is refused", |plan| try_text(&plan.text()).is_ok())
}

impl TextPlan {
    /// When its life begins.
    pub fn begins(&self) -> &'static str {
        BEGINS[self.begins].0
    }

    /// The house; after a start everything goes on as it was, where its file could say so.
    pub fn config(&self) -> Arc<Config> {
        let mut config = (*from_text(&self.text())).clone();
        config.outputs.iter_mut().for_each(|output| output.at_start = AtStart::Restore);
        Arc::new(config)
    }

    fn text(&self) -> String {
        let mut numbers = self.numbers.iter().copied().cycle();
        let mut number = |least: u8, most: u8| least + numbers.next().unwrap_or(0) % (most - least + 1);
        let mut manual_for = self.manual_for.iter().cycle();
        let mut held = || {
            let held = manual_for.next().unwrap_or(&"auto");
            // What people may set is a time.
            let settable =
                if held.starts_with(|first: char| first.is_ascii_digit()) { "settable = true\n" } else { "" };
            format!("manual_for = \"{held}\"\n{settable}room = \"hall\"\n")
        };
        let mut text = String::from("latitude = 52.37\nlongitude = 4.89\n");
        if number(0, 1) == 1 {
            text.push_str("dark_while = \"outdoor.temperature < 5\"\n");
            if number(0, 1) == 1 {
                text.push_str("dark_until = \"outdoor.temperature > 9 for 20s\"\n");
            }
        }
        let mut gpio = 1;
        let mut add = |table: &str, keys: &str| {
            // Each `#` is a wire of its own.
            let mut keys = keys.to_owned();
            while let Some(place) = keys.find('#') {
                gpio += 1;
                keys.replace_range(place..=place, &format!("\"chip/{gpio}\""));
            }
            let _ = write!(text, "[{table}]\n{keys}\n");
        };
        add(
            "outputs.relay",
            &format!(
                "kind = \"light\"\ngpio = #\nlock = true\npower = 60\nmax_on = \"{}s\"\nmin_on = \"{}s\"\n{}",
                number(20, 255),
                number(1, 19),
                held()
            ),
        );
        add("outputs.lamp", &format!("kind = \"light\"\npwm = 18\ntransition = \"3s\"\npower = 12\n{}", held()));
        add(
            "outputs.hall_light",
            &format!("kind = \"light\"\ngpio = #\nmin_off = \"{}s\"\nroom = \"hall\"\n", number(1, 60)),
        );
        add("outputs.porch", &format!("kind = \"light\"\ngpio = #\npower = 9\n{}", held()));
        add("outputs.lights", "kind = \"group\"\nmembers = [\"hall_light\", \"porch\", \"lamp\"]\nstate = \"all\"\n");
        add(
            "outputs.slow",
            &format!(
                "kind = \"switch\"\ngpio = #\nslow_pwm = \"{}s\"\nmin_on = \"{}s\"\nmin_off = \"{}s\"\npower = 100\n",
                number(2, 120),
                number(1, 20),
                number(1, 20)
            ),
        );
        add(
            "outputs.fan",
            &format!("kind = \"fan\"\nspeeds = [#, #, #]\nspeed_wait = \"{}s\"\nkick_start = \"3s\"\n", number(1, 5)),
        );
        add(
            "outputs.blind",
            &format!(
                "kind = \"cover\"\nopen_gpio = #\nclose_gpio = #\nopen_time = \"{}s\"\nclose_time = \"{}s\"\n",
                number(5, 60),
                number(5, 60)
            ),
        );
        add("outputs.gate", &format!("kind = \"switch\"\ngpio = #\npulse = \"{}s\"\n", number(1, 9)));
        for direction in ["up", "down"] {
            add(
                &format!("outputs.{direction}"),
                &format!(
                    "kind = \"switch\"\ngpio = #\ninterlock = \"lift\"\ninterlock_wait = \"4s\"\nmax_on = \"{}s\"\n{}",
                    number(20, 120),
                    held()
                ),
            );
        }
        add("outputs.vent", &format!("kind = \"fan\"\ngpio = #\nmin_on_daily = \"{}m\"\n", number(1, 250)));
        add("outputs.kept", "kind = \"switch\"\ngpio = #\ndefault = \"hold\"\n");
        add(
            "outputs.boiler",
            &format!("kind = \"heater\"\ngpio = #\nmin_off = \"{}s\"\npower = 9000\n", number(1, 200)),
        );
        add("outputs.valve", "kind = \"valve\"\ngpio = #\n");
        add("outputs.pump", "kind = \"switch\"\ngpio = #\n");
        add("inputs.hall_motion", &format!("kind = \"motion\"\ngpio = #\nhold = \"{}s\"\n", number(1, 60)));
        add("inputs.button", "kind = \"button\"\ngpio = #\ntoggles = [\"porch\", \"kept\"]\n");
        add("inputs.door", "kind = \"door\"\ngpio = #\nmax_rate = 6\n");
        add("inputs.switch", "kind = \"switch\"\ngpio = #\nsets = \"hall_light\"\n");
        add(&format!("inputs.{METER}"), "kind = \"counter\"\ngpio = #\nmeasures = \"energy\"\nmax_rate = 900\n");
        for (sensor, address) in SENSORS.iter().zip(0x48..) {
            let keys = format!("chip = \"tmp102\"\naddress = {address}\nevery = \"30s\"\nstale_after = \"90s\"\n");
            add(&format!("sensors.{sensor}"), &keys);
        }
        let filter = [
            "",
            "median = 3\naverage = 4\n",
            "ema = 0.3\ndelta = 0.2\nheartbeat = \"2m\"\n",
            "plausible = { min = -20, max = 50, max_rate_per_minute = 4 }\nthrottle = \"40s\"\n",
        ];
        add("sensors.living.filter.temperature", filter[usize::from(number(0, 3))]);
        add(
            "rooms.hall",
            &format!("motion = [\"hall_motion\", \"door\"]\nempty_after = \"{}s\"\nsettable = true\n", number(5, 90)),
        );
        add(
            "rooms.bath",
            &format!(
                "motion = [\"hall_motion\"]\ndoors = [\"door\"]\nempty_after = \"{}s\"\nsettable = true\nsettle = \"{}s\"\n\
                 occupied_while = \"living.temperature > 21.5\"\nasleep_while = \"mode is away\"\n",
                number(5, 90),
                number(3, 20)
            ),
        );
        let zone = format!(
            "sensor = [\"living.temperature\", \"bedroom.temperature\"]\nheat = [\"valve\", \"boiler\"]\ntarget = 20\n\
             fan = \"pump\"\npresets = {{ away = 15, night = 17 }}\nsettable = true\nplan = [\"daily @05 21\", \"daily @12 night\"]\n\
             manual_for = {}\nmin_on = \"{}s\"\nmin_off = \"{}s\"\n{}\ncycle = \"{}m\"\nwindow = \"door\"\n\
             window_slope = 3\nwindow_slope_for = \"4m\"\noutdoor = \"outdoor.temperature\"\nheat_below = 16\n\
             sensor_lost = {}\nfailure_after = \"10m\"\ndoor = \"door\"\nexercise = \"pump\"\nexercise_every = \"1h\"\n\
             exercise_for = \"20s\"\n",
            self.zone_manual_for,
            number(1, 60),
            number(1, 60),
            self.control,
            number(2, 10),
            self.sensor_lost
        );
        add("climate.zone", &zone);
        add(
            "climate.second",
            "sensor = \"bedroom.temperature\"\nheat = \"boiler\"\ntarget = 19\npresets = { away = 12 }\n",
        );
        let minute = number(1, 20);
        add("modes", "list = [\"home\", \"away\"]\n");
        add(
            "modes.presence",
            &format!("when = \"away\"\noutputs = [\"porch\", \"hall_light\"]\nbetween = \"@{minute:02} and @59\"\n"),
        );
        let hold = if number(0, 1) == 1 { "for = \"50s\"\n" } else { "" };
        add("scenes.evening", &format!("set = {{ lamp = 30, relay = \"on\", blind = 20 }}\n{hold}"));
        for (index, (condition, until, set)) in self.rules.iter().enumerate() {
            let until = until.as_ref().map(|until| format!("until = \"{until}\"\n")).unwrap_or_default();
            let keys = format!("name = \"rule {index}\"\nwhile = \"{condition}\"\n{until}set = {{ {set} }}\n");
            add("[rules]", &keys);
        }
        for (index, EventPlan { on, condition, actions, mode }) in self.events.iter().enumerate() {
            let condition = condition.as_ref().map(|condition| format!("if = \"{condition}\"\n")).unwrap_or_default();
            let keys =
                format!("name = \"event {index}\"\non = {on:?}\n{condition}do = {actions:?}\nmode = \"{mode}\"\n");
            add("[rules]", &keys);
        }
        let begins = BEGINS[self.begins].1;
        (0..60).fold(text, |text, minutes| {
            let time = begins + minutes;
            text.replace(&format!("@{minutes:02}"), &format!("{:02}:{:02}", time / 60 % 24, time % 60))
        })
    }
}

/// One thing that happens to such a house.
#[derive(Clone, Debug)]
pub enum Step {
    /// An input's wire is read; None: it cannot be.
    Input(usize, Option<bool>),
    /// A sensor is read, in tenths of a degree.
    Reads(usize, i16),
    /// A sensor fails, once or for good.
    Fails(usize, bool),
    /// The counter counts.
    Pulses(u32),
    /// All sensors are read every half a minute for so long, changing by so much each time.
    Settled(u16, [i16; 4], i8),
    Command(&'static str, &'static str, Option<Hold>),
    /// Time passes, in milliseconds.
    Live(u32),
    /// The wall clock is set, by seconds.
    SetClock(i64),
    ClockKnown(bool),
    /// The process is killed and started again.
    Restart,
}

/// Most outputs are in a room; of others `room_empty` is refused.
fn hold() -> impl Strategy<Value = Hold> {
    prop_oneof![3 => (1..200u8).prop_map(|seconds| Hold::Time(secs(seconds.into()))), 1 => Just(Hold::RoomEmpty)]
}

fn step() -> impl Strategy<Value = Step> {
    // Near the targets, so that zones heat for a share of the time.
    let values = [(185..215i16).boxed(), (185..215i16).boxed(), (-50..180i16).boxed(), (200..550i16).boxed()];
    prop_oneof![
        6 => (0..INPUTS.len(), option::weighted(0.9, any::<bool>())).prop_map(|(input, on)| Step::Input(input, on)),
        3 => (0..SENSORS.len(), 150..260i16).prop_map(|(sensor, value)| Step::Reads(sensor, value)),
        1 => (0..SENSORS.len(), any::<bool>()).prop_map(|(sensor, fault)| Step::Fails(sensor, fault)),
        2 => (1..400u32).prop_map(Step::Pulses),
        4 => (30..900u16, values, -4..4i8).prop_map(|(seconds, values, drift)| Step::Settled(seconds, values, drift)),
        2 => select(SETTINGS).prop_map(|(point, payload)| Step::Command(point, payload, None)),
        8 => (select(COMMANDS), option::weighted(0.4, hold()))
            .prop_map(|((point, payload), hold)| Step::Command(point, payload, hold)),
        10 => prop_oneof![0..2_000u32, 0..60_000u32, 0..600_000u32].prop_map(Step::Live),
        1 => prop_oneof![(-4_000..4_000i64), (-2_000_000_000..2_000_000_000i64)].prop_map(Step::SetClock),
        1 => any::<bool>().prop_map(Step::ClockKnown),
        5 => Just(Step::Restart),
    ]
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..30)
}

/// What the wires of inputs and the sensors say now: what a new process reads first.
#[derive(Clone, Debug, Default)]
pub struct World {
    inputs: [Option<Option<bool>>; 4],
    sensors: [Option<Option<i16>>; 4],
}

impl World {
    /// Lets one thing happen that is no restart.
    pub fn take(&mut self, house: &mut House, step: &Step) {
        let read = |house: &mut House, sensor: usize, value: i16| {
            house.reads(SENSORS[sensor], f64::from(value) / 10.0);
        };
        match *step {
            Step::Input(input, on) => {
                self.inputs[input] = Some(on);
                self.read_input(house, input);
            }
            Step::Reads(sensor, value) => {
                self.sensors[sensor] = Some(Some(value));
                read(house, sensor, value);
            }
            Step::Fails(sensor, fault) => {
                if fault {
                    self.sensors[sensor] = Some(None);
                }
                house.read_fails(SENSORS[sensor], fault);
            }
            Step::Pulses(count) => drop(house.pulses(METER, count)),
            Step::Settled(seconds, values, drift) => {
                for time in 0..i16::try_from(seconds / 30).unwrap() {
                    for (sensor, value) in values.iter().enumerate() {
                        let value = value + time * i16::from(drift);
                        self.sensors[sensor] = Some(Some(value));
                        read(house, sensor, value);
                    }
                    house.live(secs(30));
                }
            }
            Step::Command(point, payload, hold) => {
                house.command_held(point, payload, hold);
            }
            Step::Live(ms) => drop(house.live(Duration::from_millis(ms.into()))),
            Step::SetClock(seconds) => {
                let wall = house.now.wall.checked_add_signed(chrono::TimeDelta::seconds(seconds));
                house.now.wall = wall.unwrap_or(house.now.wall);
                house.wake();
            }
            Step::ClockKnown(known) => {
                house.now.wall_known = known;
                house.wake();
            }
            Step::Restart => {}
        }
    }

    /// Everything is read, as after a start.
    pub fn read_all(&self, house: &mut House) {
        (0..INPUTS.len()).for_each(|input| self.read_input(house, input));
        self.read_sensors(house);
    }

    /// The filtered sensor is read until its filter has nothing more to let through: the first reading after a start is
    /// then no news to anybody.
    pub fn settle_filter(&self, house: &mut House) {
        if let Some(Some(value)) = self.sensors[0] {
            (0..30).for_each(|_| drop(house.reads(SENSORS[0], f64::from(value) / 10.0)));
        }
    }

    /// Nothing new for so long: sensors are read every half a minute, and found as they were.
    pub fn rest(&self, house: &mut House, duration: Duration) {
        let end = house.now.moment + duration;
        while house.now.moment < end {
            house.live(end.since(house.now.moment).min(secs(30)));
            self.read_sensors(house);
        }
    }

    fn read_sensors(&self, house: &mut House) {
        for (sensor, read) in self.sensors.iter().enumerate() {
            match read {
                Some(Some(value)) => drop(house.reads(SENSORS[sensor], f64::from(*value) / 10.0)),
                Some(None) => drop(house.read_fails(SENSORS[sensor], true)),
                None => {}
            }
        }
    }

    fn read_input(&self, house: &mut House, input: usize) {
        match self.inputs[input] {
            Some(Some(on)) => drop(house.input(INPUTS[input], on)),
            Some(None) => drop(house.input_fails(INPUTS[input])),
            None => {}
        }
    }

    /// The button is let go, and what it meant is certain.
    pub fn end_clicks(&mut self, house: &mut House) {
        if self.inputs[1] == Some(Some(true)) {
            self.take(house, &Step::Input(1, Some(false)));
        }
        house.live(Duration::from_millis(400));
    }
}
