//! Random houses and random lives of them.

use super::{
    engine_config::{
        Builder, OFF, ON, asked, between, colder, command, compare, held, is_on, not, occupied, output, output_is_on,
        secs,
    },
    engine_house::House,
};
use hearthd::model::{
    Action, AtStart, Click, Commanded, Comparison, Condition, Config, Cover, CoverSays, Cron, DaySet, Event, InputId,
    InputKind, Level, Line, ManualFor, Method, Mover, Moves, Number, Output, OutputId, Part, Point, PowerRange,
    PwmChannel, Remote, RoomId, RunMode, SafeState, SensorId, SeriesId, Summary, TimeOfDay, Told, Trigger, Via, Zone,
};
use proptest::{collection::vec, option, prelude::*};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

pub const INPUTS: usize = 3;
pub const SENSORS: usize = 2;
const ROOMS: usize = 2;

/// What a random house may have.
#[derive(Clone, Copy, Debug)]
pub struct Taste {
    /// Limits, interlocks, starts other than `restore`.
    pub limits: bool,
    /// `max_on` too.
    pub max_on: bool,
    /// Rules with `until`.
    pub until: bool,
    /// Conditions on outputs.
    pub outputs: bool,
    /// Conditions on covers on the broker, which are not known between a start and what they tell first: what has to be so
    /// for a time counts anew, as of inputs there.
    pub movers: bool,
    /// Conditions on rooms, and inputs that are held.
    pub rooms: bool,
    /// Event rules, and what depends on them: modes.
    pub events: bool,
    /// Conditions that look back on readings.
    pub back: bool,
    /// Conditions on what was today.
    pub today: bool,
    /// What rooms ask.
    pub asked: bool,
}

pub const EVERYTHING: Taste = Taste {
    limits: true,
    max_on: true,
    until: true,
    outputs: true,
    movers: true,
    rooms: true,
    events: true,
    back: true,
    today: true,
    asked: true,
};

/// A house before its numbers are made to fit.
#[derive(Clone, Debug)]
pub struct HousePlan {
    place: usize,
    outputs: Vec<OutputPlan>,
    waits: [u8; 2],
    empty_after: [u8; ROOMS],
    boxed: BoxPlan,
    rules: Vec<RulePlan>,
    /// How long inputs stay active, in seconds.
    holds: [u8; INPUTS],
    events: Vec<EventPlan>,
    taste: Taste,
}

/// A room with a door, the second input.
#[derive(Clone, Debug)]
struct BoxPlan {
    door: bool,
    /// Seconds.
    settle: u8,
    /// Seconds.
    forget_after: u8,
    occupied_while: Option<Gene>,
    asleep_while: Option<Gene>,
}

#[derive(Clone, Debug)]
struct EventPlan {
    on: Vec<Sign>,
    condition: Option<Gene>,
    actions: Vec<Deed>,
    mode: RunMode,
}

/// What an event rule acts on.
#[derive(Clone, Debug)]
enum Sign {
    Click(Click),
    Becomes(Gene),
    Changes(u8),
    /// Minutes of the day.
    At(i32),
    Cron(u8),
}

/// What an event rule does.
#[derive(Clone, Debug)]
enum Deed {
    Command(u8, &'static str, Option<u8>),
    Mode(bool),
    Wait(u8),
    Notify,
}

#[derive(Clone, Debug)]
struct OutputPlan {
    moved: bool,
    at_start: AtStart,
    safe: SafeState,
    default: bool,
    max_on: Option<u8>,
    min_on: Option<u8>,
    min_off: Option<u8>,
    manual_for: ManualPlan,
    group: Option<bool>,
    form: Form,
}

/// How long commands hold.
#[derive(Clone, Copy, Debug)]
enum ManualPlan {
    Auto,
    Time(u8),
    NextChange,
    RoomEmpty(usize),
    TimeOfDay(u32),
}

/// By what an output works.
#[derive(Clone, Copy, Debug)]
enum Form {
    Relay,
    Dimmed,
    /// Milliseconds.
    Pulse(u16),
    /// Seconds.
    SlowPwm(u8),
    /// Seconds of the kick.
    KickStart(u8),
    /// How many, and seconds of the kick.
    Speeds(u8, u8),
    /// Seconds to open and to close.
    Cover(u8, u8),
    /// A cover on the broker: within how many seconds it has to follow, and whether it takes positions.
    Mover(u8, bool),
}

#[derive(Clone, Debug)]
struct RulePlan {
    name: u8,
    condition: Gene,
    until: Option<Gene>,
    set: Vec<(u8, bool)>,
}

#[derive(Clone, Debug)]
enum Gene {
    All(Vec<Gene>),
    Any(Vec<Gene>),
    Not(Box<Gene>),
    Held(Box<Gene>, u8),
    Input(u8),
    Occupied(u8),
    Output(u8),
    Colder(u8, i8),
    Equal(u8, i8),
    Between(i32, i32),
    Dark,
    Daylight,
    Day(u8),
    Mode(bool),
    Changed(u8, u8),
    Warmer(u8, Summary, i8),
    Today(u8, u8),
}

fn gene() -> impl Strategy<Value = Gene> {
    let leaf = prop_oneof![
        3 => any::<u8>().prop_map(Gene::Input),
        2 => any::<u8>().prop_map(Gene::Occupied),
        2 => any::<u8>().prop_map(Gene::Output),
        3 => (any::<u8>(), 17..22i8).prop_map(|(sensor, value)| Gene::Colder(sensor, value)),
        1 => (any::<u8>(), 17..22i8).prop_map(|(sensor, value)| Gene::Equal(sensor, value)),
        2 => (700..760i32, 700..760i32).prop_map(|(from, to)| Gene::Between(from, to)),
        1 => Just(Gene::Dark),
        1 => Just(Gene::Daylight),
        1 => (0..128u8).prop_map(Gene::Day),
        1 => any::<bool>().prop_map(Gene::Mode),
        1 => (any::<u8>(), 1..60u8).prop_map(|(point, seconds)| Gene::Changed(point, seconds)),
        1 => (any::<u8>(), summary(), 17..22i8).prop_map(|(sensor, summary, value)| Gene::Warmer(sensor, summary, value)),
        1 => (any::<u8>(), 1..120u8).prop_map(|(point, seconds)| Gene::Today(point, seconds)),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..3).prop_map(Gene::All),
            vec(inner.clone(), 1..3).prop_map(Gene::Any),
            inner.clone().prop_map(|gene| Gene::Not(Box::new(gene))),
            (inner, 0..60u8).prop_map(|(gene, seconds)| Gene::Held(Box::new(gene), seconds)),
        ]
    })
}

fn summary() -> impl Strategy<Value = Summary> {
    prop::sample::select(vec![Summary::Average, Summary::Minimum, Summary::Maximum, Summary::Trend])
}

fn event_plan() -> impl Strategy<Value = EventPlan> {
    let sign = prop_oneof![
        2 => prop::sample::select(Click::ALL.to_vec()).prop_map(Sign::Click),
        4 => gene().prop_map(Sign::Becomes),
        2 => any::<u8>().prop_map(Sign::Changes),
        1 => (700..760i32).prop_map(Sign::At),
        1 => (1..30u8).prop_map(Sign::Cron),
    ];
    let deed = prop_oneof![
        5 => (any::<u8>(), prop::sample::select(COMMANDS), option::weighted(0.6, 1..60u8))
            .prop_map(|(output, payload, hold)| Deed::Command(output, payload, hold)),
        1 => any::<bool>().prop_map(Deed::Mode),
        2 => (1..30u8).prop_map(Deed::Wait),
        1 => Just(Deed::Notify),
    ];
    let mode = prop_oneof![Just(RunMode::Single), Just(RunMode::Restart), Just(RunMode::Queued)];
    (vec(sign, 1..3), option::weighted(0.3, gene()), vec(deed, 1..4), mode)
        .prop_map(|(on, condition, actions, mode)| EventPlan { on, condition, actions, mode })
}

fn maybe<T: std::fmt::Debug>(
    allowed: bool,
    probability: f64,
    strategy: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    option::weighted(probability, strategy).prop_map(move |value| value.filter(|_| allowed))
}

fn output_plan(taste: Taste) -> impl Strategy<Value = OutputPlan> {
    let limit = move || maybe(taste.limits, 0.5, 0..60u8);
    let max_on = maybe(taste.max_on, 0.4, 1..90u8);
    let at_start = if taste.limits {
        prop_oneof![Just(AtStart::Restore), Just(AtStart::Off), Just(AtStart::On)].boxed()
    } else {
        Just(AtStart::Restore).boxed()
    };
    let safe = prop_oneof![Just(SafeState::Off), Just(SafeState::On), Just(SafeState::Hold)];
    let group = maybe(taste.limits, 0.5, any::<bool>());
    let manual_for = if taste.limits {
        prop_oneof![
            6 => Just(ManualPlan::Auto),
            3 => (1..120u8).prop_map(ManualPlan::Time),
            1 => Just(ManualPlan::NextChange),
            1 => (0..ROOMS).prop_map(ManualPlan::RoomEmpty),
            1 => (0..86_400u32).prop_map(ManualPlan::TimeOfDay),
        ]
        .boxed()
    } else {
        prop_oneof![Just(ManualPlan::Auto), (1..120u8).prop_map(ManualPlan::Time)].boxed()
    };
    let form = if taste.limits {
        prop_oneof![
            6 => Just(Form::Relay),
            1 => Just(Form::Dimmed),
            1 => (10..5_000u16).prop_map(Form::Pulse),
            1 => (1..30u8).prop_map(Form::SlowPwm),
            1 => (1..10u8).prop_map(Form::KickStart),
            1 => (2..4u8, 0..5u8).prop_map(|(count, kick)| Form::Speeds(count, kick)),
            1 => (1..40u8, 1..40u8).prop_map(|(open, close)| Form::Cover(open, close)),
            1 => (1..40u8, any::<bool>()).prop_map(|(within, positions)| Form::Mover(within, positions)),
        ]
        .boxed()
    } else {
        Just(Form::Relay).boxed()
    };
    let limits = (max_on, limit(), limit());
    (any::<bool>(), at_start, safe, prop::bool::weighted(0.3), limits, manual_for, group, form).prop_map(
        |(moved, at_start, safe, default, (max_on, min_on, min_off), manual_for, group, form)| OutputPlan {
            moved,
            at_start,
            safe,
            default,
            max_on,
            min_on,
            min_off,
            manual_for,
            group,
            form,
        },
    )
}

pub fn house_plan(taste: Taste) -> impl Strategy<Value = HousePlan> {
    let until = maybe(taste.until, 0.4, gene());
    let rule = (0..8u8, gene(), until, vec((any::<u8>(), prop::bool::weighted(0.7)), 1..3))
        .prop_map(|(name, condition, until, set)| RulePlan { name, condition, until, set });
    let events = vec(event_plan(), 0..if taste.events { 4 } else { 1 });
    let holds = any::<[u8; INPUTS]>();
    let asked = move || maybe(taste.asked, 0.3, gene());
    let boxed = (any::<bool>(), 1..60u8, 30..200u8, asked(), asked()).prop_map(
        |(door, settle, forget_after, occupied_while, asleep_while)| BoxPlan {
            door,
            settle,
            forget_after,
            occupied_while,
            asleep_while,
        },
    );
    let rooms = (any::<[u8; ROOMS]>(), boxed);
    (0..5usize, vec(output_plan(taste), 1..6), any::<[u8; 2]>(), rooms, vec(rule, 0..6), holds, events).prop_map(
        move |(place, outputs, waits, (empty_after, boxed), rules, holds, events)| HousePlan {
            place,
            outputs,
            waits,
            empty_after,
            boxed,
            rules,
            holds,
            events: if taste.events { events } else { Vec::new() },
            taste,
        },
    )
}

/// The parts of the outputs so far.
struct Parts {
    first: usize,
    made: Vec<Output>,
    interlocked: Vec<(usize, Vec<OutputId>)>,
}

impl Parts {
    /// A part of an output, which gives up its own line, and its minimum times if the part is its only one.
    fn add(
        &mut self,
        of: OutputId,
        output: &mut Output,
        name: &str,
        line: impl Fn(&str) -> Line,
        only: bool,
    ) -> OutputId {
        let name = format!("{}.{name}", output.id);
        output.line = None;
        let mut part = Output {
            line: Some(line(&name)),
            method: Method::Part { of },
            at_start: if output.at_start == AtStart::Restore { AtStart::Restore } else { AtStart::Off },
            ..super::engine_config::output(&name)
        };
        if only {
            (part.min_on, part.min_off) = (output.min_on.take(), output.min_off.take());
        }
        self.made.push(part);
        OutputId(self.first + self.made.len() - 1)
    }
}

impl HousePlan {
    /// When something is about to happen by itself at its place: windows of time in polar day, sunrise, sunset,
    /// the night in which the clocks go back, windows of time.
    pub fn begins(&self) -> &'static str {
        match self.place {
            0 => "2026-07-05T09:30:00",
            1 => "2026-07-05T20:20:00",
            2 => "2026-07-05T16:50:00",
            3 => "2026-10-25T00:10:00",
            _ => "2026-07-05T09:30:00",
        }
    }

    pub fn config(&self) -> Arc<Config> {
        let mut builder = Builder::new();
        match self.place {
            0 => builder.place(69.65, 18.96, Zone::find("Europe/Oslo").unwrap()),
            1 => builder.place(-33.87, 151.21, Zone::find("Australia/Sydney").unwrap()),
            2 => builder.place(30.04, 31.24, Zone::find("Africa/Cairo").unwrap()),
            _ => {}
        }
        let seconds = |number: Option<u8>| number.map(|number| secs(number.into()));
        let mut groups = [Vec::new(), Vec::new()];
        let mut parts = Parts { first: self.outputs.len(), made: Vec::new(), interlocked: Vec::new() };
        for (index, plan) in self.outputs.iter().enumerate() {
            let name = format!("o{index}");
            let line = |name: &str| Line::Named(if plan.moved { format!("{name}_moved") } else { name.into() });
            let mut output = Output {
                line: Some(line(&name)),
                at_start: plan.at_start,
                safe: plan.safe,
                default: Level::from_on(plan.default),
                max_on: seconds(plan.max_on),
                min_on: seconds(plan.min_on),
                min_off: seconds(plan.min_off),
                manual_for: match plan.manual_for {
                    ManualPlan::Auto => ManualFor::Auto,
                    ManualPlan::Time(time) => ManualFor::Time(secs(time.into())),
                    ManualPlan::NextChange => ManualFor::NextChange,
                    ManualPlan::RoomEmpty(_) => ManualFor::RoomEmpty,
                    ManualPlan::TimeOfDay(seconds) => ManualFor::TimeOfDay(seconds),
                },
                room: match plan.manual_for {
                    ManualPlan::RoomEmpty(room) => Some(RoomId(room)),
                    _ => None,
                },
                ..output(&name)
            };
            let of = OutputId(index);
            match plan.form {
                Form::Relay => {}
                Form::Dimmed => output.line = Some(Line::Pwm(PwmChannel::OnChip { chip: name.clone(), channel: 0 })),
                Form::Pulse(ms) => {
                    output.pulse = Some(Duration::from_millis(ms.into()));
                    (output.at_start, output.safe, output.default) = (AtStart::Off, SafeState::Off, OFF);
                    (output.max_on, output.min_on, output.min_off) = (None, None, None);
                }
                Form::SlowPwm(period) => {
                    let wire = parts.add(of, &mut output, "wire", line, true);
                    let range = PowerRange::FULL;
                    output.method = Method::SlowPwm { wire, period: secs(period.into()), range };
                }
                Form::KickStart(kick) => {
                    let wire = parts.add(of, &mut output, "wire", line, true);
                    output.method = Method::KickStart { wire, kick: secs(kick.into()) };
                }
                Form::Speeds(count, kick) => {
                    let stages: Vec<_> =
                        (1..=count).map(|n| parts.add(of, &mut output, &format!("s{n}"), line, false)).collect();
                    parts.interlocked.push((index, stages.clone()));
                    output.method = Method::Speeds { stages, kick: secs(kick.into()) };
                }
                Form::Cover(open_time, close_time) => {
                    let [open_time, close_time] = [open_time, close_time].map(|time| secs(time.into()));
                    (output.max_on, output.min_on, output.min_off) = (None, None, None);
                    (output.default, output.default_holds) = (OFF, true);
                    (output.at_start, output.safe) = (AtStart::Restore, SafeState::Hold);
                    let open = parts.add(of, &mut output, "open", line, false);
                    let close = parts.add(of, &mut output, "close", line, false);
                    parts.made[open.0 - parts.first].max_on = Some(open_time.mul_f64(1.2) + secs(2));
                    parts.made[close.0 - parts.first].max_on = Some(close_time.mul_f64(1.2) + secs(2));
                    parts.interlocked.push((index, vec![open, close]));
                    output.method = Method::Cover(Cover { open, close, open_time, close_time });
                }
                Form::Mover(within, positions) => {
                    (output.max_on, output.min_on, output.min_off) = (None, None, None);
                    (output.default, output.default_holds) = (OFF, true);
                    (output.at_start, output.safe) = (AtStart::Restore, SafeState::Hold);
                    let mut part = |name: &str| parts.add(of, &mut output, name, line, false);
                    let [open, close, stop] = ["open", "close", "stop"].map(&mut part);
                    let to = positions.then(|| part("to"));
                    let remote = Arc::new(cover_on_the_broker(&name, secs(within.into())));
                    output.method =
                        Method::Mover(Mover { remote, open, close, stop, to, release: None, is_gate: within % 2 == 0 });
                }
            }
            let id = builder.output(output);
            let grouped = matches!(plan.form, Form::Relay | Form::Dimmed | Form::Pulse(_));
            if let Some(group) = plan.group.filter(|_| grouped) {
                groups[usize::from(group)].push(id);
            }
        }
        for part in parts.made {
            builder.output(part);
        }
        for (index, members) in parts.interlocked {
            builder.interlock(&format!("o{index}"), secs(u64::from(self.waits[0] % 10)), &members);
        }
        for (index, members) in groups.iter().enumerate().filter(|(_, members)| members.len() > 1) {
            builder.interlock(&format!("g{index}"), secs(u64::from(self.waits[index] % 30)), members);
        }
        for (index, hold) in self.holds.iter().enumerate() {
            let id = builder.input(&format!("i{index}"));
            builder.change_input(id, |input| {
                // A third of them is held.
                let held = hold % 3 == 0 && self.taste.rooms;
                input.hold = secs(u64::from(if held { hold % 20 } else { 0 }));
                input.max_rate = 12;
            });
        }
        if self.taste.events {
            builder.modes(&["home", "away"]);
            // Clicks want a button.
            builder.change_input(InputId(2), |input| input.kind = InputKind::Button);
        }
        for index in 0..SENSORS {
            builder.sensor(&format!("s{index}"));
        }
        let r0 = builder.room("r0", &[InputId(0)], secs(u64::from(self.empty_after[0] % 60)));
        builder.change_room(r0, |room| {
            // A room that asked for rooms might ask for itself.
            let alone = HousePlan { taste: Taste { rooms: false, ..self.taste }, ..self.clone() };
            let condition = |gene: &Option<Gene>| asked(alone.condition(gene.as_ref()?, usize::MAX));
            room.doors.extend(self.boxed.door.then_some(InputId(1)));
            room.settle = secs(self.boxed.settle.into());
            room.forget_after = secs(self.boxed.forget_after.into());
            room.occupied_while = condition(&self.boxed.occupied_while);
            room.asleep_while = condition(&self.boxed.asleep_while);
        });
        builder.room("r1", &[InputId(1), InputId(2)], secs(u64::from(self.empty_after[1] % 60)));
        for sensor in 0..SENSORS {
            builder.series(SensorId(sensor), secs(60));
        }
        for (index, plan) in self.events.iter().enumerate() {
            let on = plan.on.iter().map(|sign| self.trigger(sign)).collect();
            let condition = plan.condition.as_ref().map(|gene| self.condition(gene, 0));
            let actions = plan.actions.iter().map(|deed| self.action(deed)).collect();
            builder.event(&format!("event {index}"), on, condition, actions, plan.mode);
        }
        let mut names = BTreeSet::new();
        for rule in self.rules.iter().filter(|rule| names.insert(rule.name)) {
            let set: Vec<_> = rule.set.iter().map(|(output, on)| (self.output(*output), *on)).collect();
            let highest = set.iter().map(|(output, _)| *output).max().unwrap_or(0);
            let condition = self.condition(&rule.condition, highest);
            let until = rule.until.as_ref().map(|until| self.condition(until, highest));
            let set: Vec<_> = set.iter().map(|(output, on)| (OutputId(*output), if *on { ON } else { OFF })).collect();
            builder.push_rule(&format!("rule {}", rule.name), condition, until, &set);
        }
        builder.build()
    }

    fn trigger(&self, sign: &Sign) -> Trigger {
        match sign {
            Sign::Click(click) => Trigger::Click(InputId(2), *click),
            Sign::Becomes(gene) => Trigger::Becomes(self.condition(gene, 0)),
            Sign::Changes(number) => Trigger::Changes(match number % 4 {
                0 => Point::Mode,
                1 => Point::Occupied(RoomId(usize::from(*number) % ROOMS)),
                2 => Point::Output(OutputId(self.output(*number))),
                _ => Point::Input(InputId(usize::from(*number) % INPUTS)),
            }),
            Sign::At(minutes) => {
                let minutes = if self.place == 3 { minutes - 570 } else { *minutes };
                Trigger::At(TimeOfDay::clock(minutes * 60))
            }
            Sign::Cron(minutes) => Trigger::Cron(Cron {
                minutes: (0..60).filter(|minute| minute % u64::from(*minutes) == 0).map(|minute| 1 << minute).sum(),
                hours: 0xff_ffff,
                days: u32::MAX,
                months: u16::MAX,
                weekdays: u8::MAX,
                either_day: false,
                interval: true,
                text: format!("*/{minutes} * * * *").into(),
            }),
        }
    }

    fn action(&self, deed: &Deed) -> Action {
        let secs = |seconds: &u8| secs((*seconds).into());
        match deed {
            Deed::Command(number, payload, hold) => {
                command(&format!("o{}", self.output(*number)), payload, hold.as_ref().map(secs))
            }
            Deed::Mode(away) => command("mode", if *away { "away" } else { "home" }, None),
            Deed::Wait(seconds) => Action::Wait(secs(seconds)),
            Deed::Notify => Action::Notify(vec![Part::Text("It is ".into()), Part::Value(Point::Input(InputId(0)))]),
        }
    }

    fn output(&self, number: u8) -> usize {
        usize::from(number) % self.outputs.len()
    }

    /// A rule reads only outputs behind those it sets, and none of an interlock: so no output asks for itself.
    fn condition(&self, gene: &Gene, highest: usize) -> Condition {
        let of = |gene: &Gene| self.condition(gene, highest);
        let input = |number: u8| is_on(InputId(usize::from(number) % INPUTS));
        let sensor = |number: u8| SensorId(usize::from(number) % SENSORS);
        match gene {
            Gene::All(genes) => Condition::All(genes.iter().map(of).collect()),
            Gene::Any(genes) => Condition::Any(genes.iter().map(of).collect()),
            Gene::Not(gene) => not(of(gene)),
            Gene::Held(gene, seconds) => held(of(gene), secs((*seconds).into())),
            Gene::Input(number) => input(*number),
            Gene::Occupied(number) if self.taste.rooms => occupied(RoomId(usize::from(*number) % ROOMS)),
            Gene::Output(number) if self.taste.outputs => {
                let index = self.output(*number);
                let is_mover = matches!(self.outputs[index].form, Form::Mover(..));
                let free = index > highest && self.outputs[index].group.is_none() && (self.taste.movers || !is_mover);
                if free { output_is_on(OutputId(index)) } else { input(*number) }
            }
            Gene::Occupied(number) | Gene::Output(number) => input(*number),
            Gene::Colder(number, value) => colder(sensor(*number), f64::from(*value)),
            Gene::Equal(number, value) => compare(sensor(*number), Comparison::Equal, f64::from(*value)),
            // In the night of the change around three o'clock, otherwise around noon.
            Gene::Between(from, to) if self.place == 3 => between(from - 570, to - 570),
            Gene::Between(from, to) => between(*from, *to),
            Gene::Dark => Condition::Dark,
            Gene::Daylight => Condition::Daylight,
            Gene::Mode(away) if self.taste.events => Condition::Mode(vec![usize::from(*away)]),
            Gene::Mode(away) => input(u8::from(*away)),
            Gene::Changed(number, seconds) => {
                let room = Point::Occupied(RoomId(usize::from(*number) % ROOMS));
                let point = Point::Input(InputId(usize::from(*number) % INPUTS));
                let point = if number % 2 == 0 && self.taste.rooms { room } else { point };
                Condition::Changed { point, within: secs((*seconds).into()) }
            }
            Gene::Warmer(number, summary, value) if self.taste.back => Condition::Compare(
                Number::Over(*summary, SeriesId(sensor(*number).0)),
                Comparison::Greater,
                Number::Constant(f64::from(*value)),
            ),
            Gene::Warmer(number, _, value) => colder(sensor(*number), f64::from(*value)),
            Gene::Today(number, seconds) if self.taste.today => match of(&Gene::Output(number / 2)) {
                Condition::On(point) => {
                    let comparison = if number % 2 == 0 { Comparison::Less } else { Comparison::GreaterOrEqual };
                    Condition::Compare(Number::Today(point), comparison, Number::Length(secs((*seconds).into())))
                }
                other => other,
            },
            Gene::Today(number, _) => input(*number),
            Gene::Day(days) => Condition::Day(DaySet::from_days((0..7).filter(|day| days >> day & 1 == 1))),
        }
    }
}

/// What matters of it to the engine is where it tells what it is, and within which time it has to follow.
fn cover_on_the_broker(topic: &str, confirm_within: Duration) -> Remote {
    let moves = Moves { opening: Vec::new(), closing: Vec::new(), stopped: Vec::new(), also: None };
    let command = Commanded {
        topic: topic.into(),
        on: "OPEN".into(),
        off: Some("CLOSE".into()),
        stop: Some("STOP".into()),
        level: None,
        ask: None,
        confirm_within,
    };
    Remote {
        state: Some(Told { topic: topic.into(), pointer: "".into() }),
        moves: Some(moves),
        command: Some(command),
        ..Remote::plain(Via::Broker)
    }
}

/// One thing that happens to a house.
#[derive(Clone, Debug)]
pub enum Step {
    /// An input is read; None: it fails.
    Input(usize, Option<bool>),
    /// A sensor is read.
    Reads(usize, i8),
    /// One of the covers on the broker tells its position in percent, and whether it moves and opens.
    Tells(u8, Option<u8>, Option<bool>),
    /// A sensor fails, once or for good.
    ReadFails(usize, bool),
    /// A command: output, payload, how long it holds in seconds.
    Command(u8, &'static str, Option<u8>),
    /// Time passes, in milliseconds.
    Live(u32),
    /// The wall clock is set, by seconds.
    SetClock(i64),
    ClockKnown(bool),
    /// Somebody sets the mode.
    SetMode(bool),
    Break(u8),
    Mend(u8),
    Reconfigure(usize),
    /// A kill and a start after a pause in milliseconds.
    Restart(u32),
    /// As long without power.
    PowerCut(u32),
}

fn sense() -> BoxedStrategy<Step> {
    prop_oneof![
        5 => (0..INPUTS, any::<bool>()).prop_map(|(input, active)| Step::Input(input, Some(active))),
        5 => (0..SENSORS, 17..22i8).prop_map(|(sensor, value)| Step::Reads(sensor, value)),
        3 => (any::<u8>(), option::weighted(0.8, tells()), option::of(any::<bool>()))
            .prop_map(|(cover, position, opens)| Step::Tells(cover, position, opens)),
    ]
    .boxed()
}

/// A position, most often one that is asked for.
fn tells() -> impl Strategy<Value = u8> {
    prop_oneof![3 => prop::sample::select(vec![0, 40, 100]), 1 => 0..=100u8]
}

fn fail() -> BoxedStrategy<Step> {
    prop_oneof![
        1 => (0..INPUTS).prop_map(|input| Step::Input(input, None)),
        1 => (0..SENSORS, any::<bool>()).prop_map(|(sensor, fault)| Step::ReadFails(sensor, fault)),
        1 => any::<bool>().prop_map(Step::ClockKnown),
    ]
    .boxed()
}

fn commands(payloads: &'static [&'static str]) -> BoxedStrategy<Step> {
    (any::<u8>(), prop::sample::select(payloads), option::weighted(0.4, 1..120u8))
        .prop_map(|(output, payload, hold)| Step::Command(output, payload, hold))
        .boxed()
}

pub fn live() -> BoxedStrategy<Step> {
    prop_oneof![(0..90_000u32), (0..2_000u32), (0..60u32).prop_map(|seconds| seconds * 1000)]
        .prop_map(Step::Live)
        .boxed()
}

fn set_clock() -> BoxedStrategy<Step> {
    prop_oneof![(-4_000..4_000i64), (-2_000_000_000..2_000_000_000i64)].prop_map(Step::SetClock).boxed()
}

pub const COMMANDS: &[&str] = &["ON", "OFF", "TOGGLE", "AUTO", "40", "STOP"];

/// Any life at all.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wire = prop_oneof![any::<u8>().prop_map(Step::Break), any::<u8>().prop_map(Step::Mend)];
    let pause = || prop_oneof![Just(0), 0..100_000u32];
    let restart = prop_oneof![2 => pause().prop_map(Step::Restart), 1 => pause().prop_map(Step::PowerCut)];
    vec(
        prop_oneof![
            10 => sense(), 2 => fail(), 5 => commands(COMMANDS), 12 => live(), 1 => set_clock(), 2 => wire,
            1 => any::<bool>().prop_map(Step::SetMode), 1 => (0..2usize).prop_map(Step::Reconfigure), 2 => restart,
        ],
        1..40,
    )
}

/// A life without broken wires and reloads, with restarts of no length.
pub fn twin_steps() -> impl Strategy<Value = Vec<Step>> {
    vec(
        prop_oneof![
            10 => sense(), 2 => fail(), 5 => commands(COMMANDS), 12 => live(), 1 => set_clock(),
            1 => any::<bool>().prop_map(Step::SetMode), 4 => Just(Step::Restart(0)),
        ],
        1..40,
    )
}

/// A life in which nothing depends on what outputs are.
pub fn watched_steps() -> impl Strategy<Value = Vec<Step>> {
    vec(prop_oneof![10 => sense(), 5 => fail(), 3 => commands(&["ON", "OFF", "AUTO"]), 10 => live()], 1..40)
}

/// Lets one thing happen. `plans` are what a reconfiguration changes between.
pub fn take(house: &mut House, step: &Step, plans: &[Arc<Config>]) -> Vec<String> {
    let output =
        |house: &House, number: u8| house.config.outputs[usize::from(number) % house.config.outputs.len()].id.clone();
    match step {
        Step::Input(input, Some(active)) => house.input(&format!("i{input}"), *active),
        Step::Input(input, None) => house.input_fails(&format!("i{input}")),
        Step::Reads(sensor, value) => house.reads(&format!("s{sensor}"), f64::from(*value)),
        Step::Tells(number, position, opens) => {
            let covers: Vec<_> = house.config.outputs.iter().filter(|output| output.method.mover().is_some()).collect();
            let Some(cover) = covers.get(usize::from(*number) % covers.len().max(1)) else { return Vec::new() };
            let position = position.and_then(Level::new);
            let (id, says) = (cover.id.clone(), CoverSays { position, towards: opens.map(Level::from_on) });
            house.tells(&id, says)
        }
        Step::ReadFails(sensor, fault) => house.read_fails(&format!("s{sensor}"), *fault),
        Step::Command(number, payload, hold) => {
            house.command_for(&output(house, *number), payload, hold.map(|hold| secs(hold.into())))
        }
        Step::Live(ms) => house.live(Duration::from_millis((*ms).into())),
        Step::SetClock(seconds) => {
            let wall = house.now.wall.checked_add_signed(chrono::TimeDelta::seconds(*seconds));
            house.now.wall = wall.unwrap_or(house.now.wall);
            house.wake()
        }
        Step::ClockKnown(known) => {
            house.now.wall_known = *known;
            house.wake()
        }
        Step::SetMode(away) => house.command("mode", if *away { "away" } else { "home" }),
        Step::Break(number) => {
            house.break_wire(&output(house, *number));
            Vec::new()
        }
        Step::Mend(number) => {
            house.mend_wire(&output(house, *number));
            Vec::new()
        }
        Step::Reconfigure(plan) => house.reconfigure(plans[plan % plans.len()].clone()),
        Step::Restart(pause) => house.restart(Duration::from_millis((*pause).into())),
        Step::PowerCut(pause) => house.power_cut(Duration::from_millis((*pause).into())),
    }
}

/// The event that a point is read again, with a value that is known.
pub fn completions(values: &[i8]) -> Vec<Event> {
    let number = |index: usize| values[index % values.len()];
    let inputs = (0..INPUTS).map(|index| Event::InputRead {
        input: format!("i{index}").into(),
        result: Ok(number(index) % 2 == 0),
        at: None,
    });
    let sensors = (0..SENSORS).map(|index| Event::SensorRead {
        sensor: format!("s{index}").into(),
        result: Ok(vec![(hearthd::model::Quantity::Temperature, f64::from(number(INPUTS + index)))]),
    });
    inputs.chain(sensors).collect()
}
