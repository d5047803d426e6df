//! The nouns of hearthd, as plain data: what a house is made of ([`Config`]), what can happen to it ([`Event`]),
//! what is to be done ([`Effect`]), and what it looks like right now ([`Snapshot`]).
//!
//! | word | meaning |
//! | --- | --- |
//! | point | one addressable value: `hall_light`, `living.temperature`, `hall.occupied` |
//! | output | something driven: a relay for a light, fan, heater ... |
//! | input | something binary that is read: motion, door, button ...; or a counter of pulses |
//! | sensor | a device that gives readings of one or more quantities |
//! | mode | a selector of the whole house: `home`, `away`, ... |
//! | scene | several outputs set at once |
//! | room | groups inputs; its `occupied` is worked out from motion, doors and time |
//! | climate | a thermostat for outputs, with points of its own: `living_room.target` |
//! | rule | holds a value on outputs while its condition is true; or does something once, on an event |
//! | quality | how far a point's value can be trusted |
//! | priority array | what decides an output: the highest filled [`Slot`] wins (after ASHRAE 135, clause 19.2) |
//! | wire | what an output drives or an input reads: a GPIO line, a PWM channel, a pin of an expander |
//! | part | an output may work through hidden outputs, its parts: the wire of slow PWM, the two relays of a cover |
//! | claim | in the priority array, a level with its cause; of a line, its request from the kernel |
//! | relinquish default | the value of an output that nobody asks anything of |
//!
//! Nothing here does I/O, reads a clock or knows a wire format; [`Zone`] is the clock's.

mod actuation;
mod attributes;
mod automation;
mod calendar;
mod cause;
mod chip;
mod climate;
mod climate_reason;
mod commands;
mod condition;
mod config;
mod contents;
mod counter;
mod defaults;
mod display;
pub mod duration;
mod entity;
mod event;
mod expander;
mod filter;
mod history;
mod hold;
mod homeassistant;
mod http;
mod kernel;
mod kernel_devices;
mod last_notice;
mod modbus;
mod nearest;
pub mod number;
mod output;
mod outside;
mod own;
mod past_day;
pub mod pem;
mod point;
mod quantity;
mod raspberry_pi;
mod reads;
mod reasons;
mod remote;
mod renamed;
mod room;
mod sensing;
mod serial;
mod settable;
mod snapshot;
mod spec;
mod table;
mod tariff;
mod value;
mod vital;
mod wish;

pub use crate::clock::Zone;
pub use actuation::{Capability, Cover, Dimming, Door, ManualFor, Method, Mover, PowerRange, PwmChannel};
pub use attributes::Attributes;
pub use automation::{Action, Click, EventRule, EventUse, LeftOut, Modes, Notice, Part, RunMode, Scene, Trigger};
pub use calendar::{Anchor, Cron, Date, DateRange, DaySet, Holidays, Spread, TimeOfDay};
pub use cause::{Cause, Claim, ManualEnd, Slot, Source};
pub use chip::{CHIPS, Chip, ChipFacts, ChipSettings, Learnt, Mux, Setting, WiredChip};
pub use climate::{
    Climate, ClimateAction, ClimateAlarm, ClimateFacet, ClimateMode, Control, Exercise, Gains, HIGHEST_TARGET,
    LOWEST_TARGET, OVERHEAT_APART, OVERHEAT_RELEASE, PlanAsk, PlanPeriod, Preset, SETPOINTS_APART, SensorLost,
    Setpoints, TargetFor, WindowWatch,
};
pub use climate_reason::{ClimateReason, HvacAction};
pub use commands::Commands;
pub use condition::{Comparison, Condition, Number, Series, Summary};
pub use config::{
    Backend, Carrier, ClientCertificate, ClimateId, ClockTrust, Config, Discovery, HardwareSettings, Hub, InputId,
    InterlockId, MqttSettings, MqttVersion, OutputId, Password, RoomId, Rule, RuleId, SceneId, SensorId, SeriesId,
    TlsSettings,
};
pub use counter::{Counter, Measures};
pub use entity::Entity;
pub use event::{Command, DriveId, Effect, Event, ReadFailure, Refusal, RequestId};
pub use expander::{Expander, ExpanderChip};
pub use filter::{Delta, Filter, Plausible};
pub use history::HistorySettings;
pub use hold::Hold;
pub use homeassistant::{Encryption, Guest, HomeAssistantSettings, NoiseKey};
pub use http::{HttpSettings, HttpTls, Login, Scope, SecretHash};
pub use kernel::{KernelChannel, KernelSource};
pub use kernel_devices::{IIO, KernelFacts, KernelUnit, KernelValue, kernel_facts};
pub use last_notice::LastNotice;
pub use modbus::{
    Bank, BankFacts, ModbusAsk, ModbusBus, ModbusChannel, ModbusForm, ModbusKind, ModbusLink, ModbusNumber,
    ModbusPlace, ModbusPoint, ModbusSensor, ModbusUnit, Parity,
};
pub use nearest::nearest;
pub use output::{ActiveLevel, AtStart, Interlock, Line, Output, OutputKind, SafeState};
pub use outside::{in_shell, shown, shown_lines, without_error_numbers};
pub use own::{OWN_MAX, Own};
pub use past_day::PastDay;
pub use pem::{PemFault, PemKind};
pub use point::{OutputFacet, Point, States};
pub use quantity::{Channel, PROBLEM, Quantity, Unit, Usual};
pub use raspberry_pi::{HeaderPin, LAST_OF_ANY_PI, LAST_ON_HEADER, PI_KINDS, PiKind, PiPwm, PwmPin};
pub use reads::Read;
pub use reasons::{
    Ahead, Because, EventRuleNow, Expected, LastEvent, Outlook, PartReason, Pending, ReasonSlot, Reasons, RuleAhead,
    RuleNow, RuleReason, RulesNow, SunTimes, Upcoming, WireReason,
};
pub use remote::{
    Availability, BY, Commanded, CoverSays, Detail, LEVEL_MARK, Moves, OtherHub, Remote, RemoteChannel, RemoteLevel,
    RemoteSensor, SIGN_OF_LIFE, Told, Via, Words,
};
pub use room::{Room, RoomCause, Sign};
pub use sensing::{Input, InputKind, Pull, Sensor, SensorSource};
pub use serial::{
    Given, SerialChannel, SerialFacts, SerialKind, SerialPort, SerialSensor, SerialSettings, SerialState, SerialValue,
};
pub use settable::{Settable, SettableFacts, SettableKind, of_minutes};
pub use snapshot::{BrokerStatus, Cell, Explanation, PointState, Snapshot, Usage};
pub use spec::{Category, Course, Kind, NumberSpec, Owner, PointSpec, Role, Specs};
pub use tariff::{PricePeriod, Tariff};
pub use value::{Level, Quality, Truth, Value};
pub use vital::{PRESS, Vital, VitalFacts, VitalKind, VitalState, Vitals, fitting_state};
pub use wish::{Ask, Wish, ZoneAsk};
