//! One description of every point. Whoever shows, stores, announces or commands points reads it, and need not know which
//! points there are.

use super::table::table;
use super::{
    Capability, Click, ClimateFacet, ClimateId, Commands, Config, InputId, InputKind, Method, OutputFacet, OutputId,
    OutputKind, Point, Quantity, RoomId, SensorId, States, Unit,
};
use std::{ops::RangeInclusive, sync::OnceLock};

/// What a point is, apart from its value.
#[derive(Clone, Debug, PartialEq)]
pub struct PointSpec {
    /// Which.
    pub point: Point,
    /// The dotted name, as rules and commands write it.
    pub name: String,
    /// Its names before its owner was renamed, the first one first: home apps know it by that.
    pub was: Vec<String>,
    /// What people call it: `Living room dew point`.
    pub title: String,
    /// What it tells.
    pub role: Role,
    /// Of what it is a part.
    pub owner: Owner,
    /// The point that stands for it where several are shown as one, such as a light for its level; else itself.
    pub entity: Point,
    /// Where it is, if the file says so.
    pub room: Option<RoomId>,
    /// What its values are.
    pub kind: Kind,
    /// The device class of Home Assistant; None: it has none.
    pub class: Option<&'static str>,
    /// How apps show it, as a Material Design icon; None: by its class.
    pub icon: Option<&'static str>,
    /// Who wants to see it.
    pub category: Category,
    /// What it can be told; None: it is read only.
    pub commands: Option<Commands>,
    /// The name under which AUTO gives back all of its owner at once, where that is no point itself: `attic` of `attic.mode`.
    pub whole: Option<String>,
    /// Whether it is decided, so that people ask why it is so.
    pub is_decided: bool,
}

/// What the values of a point are.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// On or off, with the words that people have for it; none: those two.
    Switch(States),
    /// 0 to 100 %; of something with speeds, so many even steps.
    Level(Option<u8>),
    /// A number.
    Number(NumberSpec),
    /// One of these words.
    Word(Vec<String>),
    /// What happens, as one of these words. It is no state: it is told once.
    Event(Vec<String>),
}

/// What a number is.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberSpec {
    /// What a sensor measures; None: it is no reading.
    pub quantity: Option<Quantity>,
    /// Its unit.
    pub unit: Unit,
    /// How many decimals are published; None: as many as there are.
    pub decimals: Option<usize>,
    /// How many are enough for the eye; None: as many as are published.
    pub shown_decimals: Option<usize>,
    /// In its unit; what is outside is a fault, or refused.
    pub range: RangeInclusive<f64>,
    /// The step in which people set it, in its unit.
    pub step: Option<f64>,
    /// How its course is summed up; None: it is set, not measured.
    pub course: Option<Course>,
}

table! {
    /// How the course of a number is summed up; in words, what Home Assistant calls its state class.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Course {
        /// By its average.
        Measurement = "measurement";
        /// By how much it grew.
        TotalIncreasing = "total_increasing";
    }
}

/// Who wants to see a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Everybody.
    Primary,
    /// Who changes how the house works.
    Config,
    /// Who looks for what is wrong.
    Diagnostic,
}

table! {
    /// What a point tells, in the words of the service on the socket.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[expect(missing_docs, reason = "the words say it")]
    pub enum Role {
        Output = "output";
        Level = "level";
        Position = "position";
        Lock = "lock";
        Power = "power";
        Energy = "energy";
        Input = "input";
        Reading = "reading";
        /// Whether somebody is in a room.
        Occupied = "room";
        Asleep = "asleep";
        /// Anything of a climate zone.
        Climate = "climate";
        Mode = "mode";
        Event = "event";
        /// A number of the file that people may set.
        Setting = "setting";
    }
}

/// Of what a point is a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An output.
    Output(OutputId),
    /// An input.
    Input(InputId),
    /// A sensor, or what a counter shows.
    Sensor(SensorId),
    /// A room.
    Room(RoomId),
    /// A climate zone.
    Zone(ClimateId),
    /// The house as a whole.
    House,
}

impl PointSpec {
    /// The name by which home apps know it: its first.
    pub fn first_name(&self) -> &str {
        self.was.first().unwrap_or(&self.name)
    }

    /// Whether another point stands for it.
    pub fn is_part(&self) -> bool {
        self.entity != self.point
    }

    /// The word that people have for its being on, or off; empty if there is none.
    pub fn state_word(&self, on: bool) -> &'static str {
        let Kind::Switch(words) = self.kind else { return "" };
        words.iter().find(|(_, is_on)| *is_on == on).map_or("", |(word, _)| word)
    }

    /// Whether it tells what is wrong with a climate zone: `none`, or a word for it.
    pub fn is_alarm(&self) -> bool {
        self.role == Role::Climate && self.category == Category::Diagnostic && self.commands.is_none()
    }

    /// Whether it is a number that is measured, not set.
    pub fn is_measured(&self) -> bool {
        matches!(&self.kind, Kind::Number(number) if number.course.is_some())
    }
}

/// The descriptions of all points of a house, made when they are first asked for. A copy makes its own, because what it is a
/// copy of may be changed before it is used.
#[derive(Debug, Default)]
pub struct Specs(OnceLock<Vec<PointSpec>>);

impl Clone for Specs {
    fn clone(&self) -> Specs {
        Specs::default()
    }
}

/// They follow from the rest of the configuration.
impl PartialEq for Specs {
    fn eq(&self, _: &Specs) -> bool {
        true
    }
}

impl Config {
    /// All points described, in the order of [`Config::points`]. A configuration is not changed after this was called.
    pub fn specs(&self) -> &[PointSpec] {
        self.specs.0.get_or_init(|| self.points().map(|point| self.describe(point)).collect())
    }

    /// The description of a point that is seen; None of a part of an output.
    pub fn spec(&self, point: Point) -> Option<&PointSpec> {
        self.specs().iter().find(|spec| spec.point == point)
    }

    /// Whether it stands for others, too.
    pub fn has_parts(&self, spec: &PointSpec) -> bool {
        self.specs().iter().any(|other| other.is_part() && other.entity == spec.point)
    }

    /// Whether no other point of its owner comes before it.
    pub fn is_first(&self, spec: &PointSpec) -> bool {
        self.specs().iter().find(|other| other.owner == spec.owner).is_some_and(|first| first.point == spec.point)
    }

    /// Whether a point tells no more than the occupancy of a room does: motion there.
    pub fn is_told_by_room(&self, spec: &PointSpec) -> bool {
        let Owner::Input(id) = spec.owner else { return false };
        self[id].kind == InputKind::Motion && self.rooms.iter().any(|room| room.motion.contains(&id))
    }

    /// What people call that of which a point is a part.
    pub fn owner_name(&self, owner: Owner) -> &str {
        match owner {
            Owner::Output(id) => &self[id].name,
            Owner::Input(id) => &self[id].name,
            Owner::Sensor(id) => &self[id].name,
            Owner::Room(id) => &self[id].name,
            Owner::Zone(id) => &self[id].name,
            Owner::House => &self.hub.name,
        }
    }

    /// What an output is to the eye: a group of nothing but lights is a light, one of nothing but covers a cover.
    pub fn looks_like(&self, id: OutputId) -> OutputKind {
        match &self[id].method {
            Method::Group { members, .. } => {
                let mut looks = members.iter().map(|member| self.looks_like(*member));
                let first = looks.next().unwrap_or(self[id].kind);
                if looks.all(|look| look == first) { first } else { self[id].kind }
            }
            _ => self[id].kind,
        }
    }

    fn former_names(&self, point: Point, owner: Owner) -> Vec<String> {
        let name = self.point_name(point);
        let rest = name.strip_prefix(&**self.owner_id(owner)).unwrap_or_default();
        self.former_ids(owner).iter().map(|was| format!("{was}{rest}")).collect()
    }

    fn room_of(&self, owner: Owner) -> Option<RoomId> {
        match owner {
            Owner::Output(id) => self[id].room,
            Owner::Input(id) => self[id].room.or_else(|| {
                self.rooms.iter().position(|room| room.motion.contains(&id) || room.doors.contains(&id)).map(RoomId)
            }),
            Owner::Room(id) => Some(id),
            // What a counter shows is where its input is.
            Owner::Sensor(id) if self[id].counter().is_some() => {
                self.find_input(&self[id].id).and_then(|input| self.room_of(Owner::Input(input)))
            }
            Owner::Sensor(id) => self[id].room.or_else(|| self.find_room(&self[id].id)),
            Owner::Zone(id) => {
                let of_sensor = || self.room_of(Owner::Sensor(*self[id].sensors.first()?));
                self[id].room.or_else(|| self.find_room(&self[id].id)).or_else(of_sensor)
            }
            Owner::House => None,
        }
    }

    fn describe(&self, point: Point) -> PointSpec {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let switch = || Kind::Switch(point.states(self));
        let plain = |role, owner, kind| PointSpec {
            point,
            name: self.point_name(point),
            was: self.former_names(point, owner),
            title: self.title(point),
            role,
            owner,
            entity: point,
            room: self.room_of(owner),
            kind,
            class: None,
            icon: None,
            category: Category::Primary,
            commands: self.commands(point),
            whole: None,
            is_decided: false,
        };
        match point {
            Point::Output(id) => {
                let (look, moves) = (self.looks_like(id), self.capability(id).moves());
                let kind = match moves {
                    true => Kind::Word(words(&["open", "closed", "opening", "closing", "stopped"])),
                    false => switch(),
                };
                PointSpec {
                    class: self[id].class.or(look.facts().class),
                    // Apps have signs of their own for what is open or closed.
                    icon: look.facts().icon.filter(|_| !look.facts().opens),
                    is_decided: true,
                    ..plain(Role::Output, Owner::Output(id), kind)
                }
            }
            Point::OutputFacet(id, facet) => {
                let steps = match self.capability(id) {
                    Capability::Steps(count) => Some(count),
                    _ => None,
                };
                let number = |course| {
                    Kind::Number(NumberSpec {
                        quantity: None,
                        unit: facet.unit().unwrap_or(Unit::Index),
                        decimals: Some(facet.decimals()),
                        shown_decimals: None,
                        range: 0.0..=f64::INFINITY,
                        step: None,
                        course: Some(course),
                    })
                };
                let of = |role, kind| plain(role, Owner::Output(id), kind);
                let part = |role, kind| PointSpec { entity: Point::Output(id), ..of(role, kind) };
                match facet {
                    OutputFacet::Level => {
                        PointSpec { category: Category::Config, ..part(Role::Level, Kind::Level(steps)) }
                    }
                    OutputFacet::Position => part(Role::Position, Kind::Level(None)),
                    OutputFacet::Lock => {
                        PointSpec { category: Category::Config, icon: Some("mdi:lock"), ..of(Role::Lock, switch()) }
                    }
                    OutputFacet::Power => PointSpec {
                        class: Some("power"),
                        category: Category::Diagnostic,
                        ..of(Role::Power, number(Course::Measurement))
                    },
                    OutputFacet::Energy => PointSpec {
                        class: Some("energy"),
                        category: Category::Diagnostic,
                        ..of(Role::Energy, number(Course::TotalIncreasing))
                    },
                }
            }
            Point::Input(id) => {
                let (input, facts) = (&self[id], self[id].kind.facts());
                // Of a button it is what is told of its clicks.
                let class = input.class.filter(|_| !input.clicks()).or(facts.class);
                PointSpec { class, ..plain(Role::Input, Owner::Input(id), switch()) }
            }
            Point::Reading(id, quantity) => {
                let is_total = self.is_total(id, quantity);
                let counted =
                    self[id].counter().filter(|_| is_total).and_then(|counter| counter.measures.facts().class);
                let number = NumberSpec {
                    quantity: Some(quantity),
                    unit: quantity.unit(),
                    decimals: Some(quantity.decimals()),
                    shown_decimals: Some(if quantity.unit() == Unit::Celsius { 1 } else { quantity.decimals() }),
                    range: quantity.plausible(),
                    step: None,
                    course: Some(if is_total { Course::TotalIncreasing } else { Course::Measurement }),
                };
                let called = self[id].called(quantity);
                PointSpec {
                    class: called.or(counted).or(quantity.facts().class),
                    category: if quantity.facts().is_diagnostic { Category::Diagnostic } else { Category::Primary },
                    ..plain(Role::Reading, Owner::Sensor(id), Kind::Number(number))
                }
            }
            Point::Occupied(id) => PointSpec {
                class: Some("occupancy"),
                is_decided: true,
                ..plain(Role::Occupied, Owner::Room(id), switch())
            },
            Point::Asleep(id) => PointSpec {
                icon: Some("mdi:sleep"),
                is_decided: true,
                ..plain(Role::Asleep, Owner::Room(id), switch())
            },
            Point::Climate(id, facet) => {
                let (zone, is_set) = (&self[id], self.is_commanded(point));
                let kind = match facet.unit() {
                    Some(unit) => Kind::Number(NumberSpec {
                        quantity: None,
                        unit,
                        decimals: None,
                        shown_decimals: Some(1),
                        range: if is_set { zone.range() } else { Quantity::Temperature.plausible() },
                        step: is_set.then_some(0.5),
                        course: (!is_set).then_some(Course::Measurement),
                    }),
                    None => {
                        let mut words: Vec<String> = words(&facet.words(zone));
                        // What is so while nothing is: first.
                        if facet == ClimateFacet::Alarm {
                            words.rotate_right(1);
                        }
                        Kind::Word(words)
                    }
                };
                let plain = plain(Role::Climate, Owner::Zone(id), kind);
                match facet {
                    ClimateFacet::Alarm => PointSpec { class: Some("enum"), category: Category::Diagnostic, ..plain },
                    ClimateFacet::Tuning => PointSpec {
                        class: Some("enum"),
                        icon: Some("mdi:tune"),
                        category: Category::Diagnostic,
                        is_decided: true,
                        ..plain
                    },
                    ClimateFacet::Mode => {
                        PointSpec { whole: self.find_zone(&zone.id).map(|_| zone.id.to_string()), ..plain }
                    }
                    _ => PointSpec {
                        entity: Point::Climate(id, ClimateFacet::Mode),
                        is_decided: facet == ClimateFacet::Target,
                        ..plain
                    },
                }
            }
            Point::Mode => {
                let modes = self.modes.list.iter().map(ToString::to_string).collect();
                PointSpec { icon: Some("mdi:home-switch"), ..plain(Role::Mode, Owner::House, Kind::Word(modes)) }
            }
            Point::Setting(setting) => {
                let facts = setting.facts();
                let number = NumberSpec {
                    quantity: None,
                    unit: facts.unit,
                    decimals: None,
                    shown_decimals: Some(1),
                    range: self.settable_range(setting),
                    step: Some(facts.step),
                    course: None,
                };
                PointSpec {
                    class: Some(facts.class),
                    icon: Some(facts.icon),
                    category: Category::Config,
                    is_decided: true,
                    ..plain(Role::Setting, setting.owner(), Kind::Number(number))
                }
            }
            Point::Event(id) => PointSpec {
                class: self[id].class.or(Some("button")),
                ..plain(Role::Event, Owner::Input(id), Kind::Event(words(&Click::ALL.map(Click::word))))
            },
        }
    }
}
