//! Rules that would switch themselves on and off for ever: a rule whose condition turns false by what it sets, directly or
//! through other rules and what rooms ask. Circles that only hold themselves (`while = "lamp and hall.occupied"`, set lamp
//! on) are fine, unless a room would never be empty again. Outputs of an interlock switch each other off.

use crate::model::{
    Condition, Config, InterlockId, Method, Number, OutputFacet, OutputId, Point, Read, Room, RoomId, Rule,
};
use std::collections::BTreeMap;

/// A rule that works against itself.
pub(super) struct Circle {
    /// Its place among the rules.
    pub rule: usize,
    /// What it sets, and what then ends its condition.
    pub output: OutputId,
    /// Another on the way round, if there is one.
    pub through: Option<Through>,
}

/// What a circle goes through.
#[derive(Clone, Copy)]
pub(super) enum Through {
    /// The rule of this place.
    Rule(usize),
    Room(RoomId),
}

/// A room that is occupied while an output is on, which is switched on while the room is occupied.
pub(super) struct SelfHeld {
    pub room: RoomId,
    pub output: OutputId,
}

/// All such rules, each once. `config` is the house without its rules.
pub(super) fn find(rules: &[Rule], config: &Config) -> Vec<Circle> {
    let edges = all_edges(rules, config);
    let readers = readers(&edges);
    let circle = |rule: usize| {
        edges[rule].iter().find_map(|edge| {
            let Thing::Output(output) = edge.set else { return None };
            let last = reached_from(rule, edge, &readers).get(&(edge.read, false)).copied()?;
            let through = match last.checked_sub(rules.len()) {
                Some(room) => Some(Through::Room(RoomId(room))),
                None => (last != rule).then_some(Through::Rule(last)),
            };
            Some(Circle { rule, output, through })
        })
    };
    (0..rules.len()).filter_map(circle).collect()
}

/// All such rooms, each once.
pub(super) fn self_held(rules: &[Rule], config: &Config) -> Vec<SelfHeld> {
    let mut edges = all_edges(rules, config);
    edges.iter_mut().for_each(|edges| edges.retain(|edge| edge.same && edge.asks_on));
    let readers = readers(&edges);
    let held = |room: usize| {
        let place = rules.len() + room;
        edges[place].iter().find_map(|edge| {
            let Thing::Output(output) = edge.read else { return None };
            let held = reached_from(place, edge, &readers).contains_key(&(edge.read, true));
            held.then_some(SelfHeld { room: RoomId(room), output })
        })
    };
    (0..config.rooms.len()).filter_map(held).collect()
}

/// Whether a point is the state or a level of an output.
pub(super) fn is_of(point: Point, output: OutputId) -> bool {
    matches!(point, Point::Output(its) | Point::OutputFacet(its, _) if its == output)
}

/// What conditions read and rules and rooms decide.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Output(OutputId),
    /// Whether it is occupied.
    Room(RoomId),
}

/// When `read` goes on, `set` goes on (`same`) or off by this rule or room.
struct Edge {
    read: Thing,
    set: Thing,
    same: bool,
    /// It asks for on.
    asks_on: bool,
}

/// Those of each rule, then those of each room.
fn all_edges(rules: &[Rule], config: &Config) -> Vec<Vec<Edge>> {
    let of_room = |(index, room): (usize, &Room)| {
        let mut reads = Vec::new();
        for rule in [&room.occupied_while, &room.asleep_while].into_iter().flatten() {
            things_read(&rule.condition, true, config, &mut reads);
        }
        let edge = |(read, positive)| Edge { read, set: Thing::Room(RoomId(index)), same: positive, asks_on: true };
        reads.into_iter().map(edge).collect()
    };
    let of_rule = |(index, rule): (usize, &Rule)| {
        let mut edges = edges(rule, config);
        edges.extend(switched_off(index, rule, rules, config));
        edges
    };
    rules.iter().enumerate().map(of_rule).chain(config.rooms.iter().enumerate().map(of_room)).collect()
}

fn edges(rule: &Rule, config: &Config) -> Vec<Edge> {
    let mut reads = Vec::new();
    things_read(&rule.condition, true, config, &mut reads);
    if let Some(until) = &rule.until {
        things_read(until, false, config, &mut reads);
    }
    let edge = |&(read, positive): &(Thing, bool)| {
        rule.set.iter().map(move |(set, level)| {
            let asks_on = level.is_on();
            Edge { read, set: Thing::Output(*set), same: positive == asks_on, asks_on }
        })
    };
    reads.iter().flat_map(edge).collect()
}

/// What goes off when a rule switches on another of its interlock: what later rules, or nobody, ask to be on. With `until` a
/// rule goes on whatever goes off.
fn switched_off(index: usize, rule: &Rule, rules: &[Rule], config: &Config) -> Vec<Edge> {
    if rule.until.is_some() {
        return Vec::new();
    }
    let later = || rules[index + 1..].iter().flat_map(|rule| &rule.set);
    let is_outranked =
        |id: OutputId| config[id].default.is_on() || later().any(|(set, level)| *set == id && level.is_on());
    let mut edges = Vec::new();
    for (on, _) in rule.set.iter().filter(|(_, level)| level.is_on()) {
        let groups = interlocks(*on, config);
        if groups.is_empty() {
            continue;
        }
        for off in config.visible_outputs().filter(|off| off != on && is_outranked(*off)) {
            if interlocks(off, config).iter().any(|group| groups.contains(group)) {
                edges.push(Edge { read: Thing::Output(*on), set: Thing::Output(off), same: false, asks_on: false });
            }
        }
    }
    edges
}

/// The interlocks of an output and of its parts.
fn interlocks(id: OutputId, config: &Config) -> Vec<InterlockId> {
    std::iter::once(id).chain(config.parts(id)).filter_map(|id| config[id].interlock).collect()
}

/// The outputs and rooms whose state a condition reads, and whether it is the more true for their being on.
fn things_read(condition: &Condition, positive: bool, config: &Config, reads: &mut Vec<(Thing, bool)>) {
    let mut either = |thing| reads.extend([(thing, true), (thing, false)]);
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            parts.iter().for_each(|part| things_read(part, positive, config, reads));
        }
        Condition::Not(part) => things_read(part, !positive, config, reads),
        Condition::Held { condition, .. } => things_read(condition, positive, config, reads),
        Condition::On(Point::Output(output)) => match &config[*output].method {
            // One member that is on makes `any` true, one that is off `all` false. Otherwise it takes the others, too.
            Method::Group { members, all } if *all == positive || members.len() == 1 => {
                reads.extend(members.iter().map(|member| (Thing::Output(*member), positive)));
            }
            _ => reads.push((Thing::Output(*output), positive)),
        },
        Condition::On(Point::Occupied(room) | Point::Asleep(room)) => reads.push((Thing::Room(*room), positive)),
        // Which way it turns is not worked out.
        Condition::Compare(left, _, right) => {
            let outputs = [left, right].into_iter().flat_map(outputs_of);
            outputs.flat_map(|output| config.members(output)).map(Thing::Output).for_each(either);
        }
        // It is true for a while after each change, to either side.
        Condition::Changed { point: Point::Output(output), .. } => {
            config.members(*output).into_iter().map(Thing::Output).for_each(either);
        }
        Condition::Changed { point: Point::Occupied(room) | Point::Asleep(room), .. } => either(Thing::Room(*room)),
        Condition::Dark => {
            let Some(dark) = &config.dark else { return };
            things_read(&dark.condition, positive, config, reads);
            if let Some(until) = &dark.until {
                things_read(until, !positive, config, reads);
            }
        }
        Condition::On(_)
        | Condition::ClimateIs(..)
        | Condition::TimeBetween { .. }
        | Condition::Daylight
        | Condition::Day(_)
        | Condition::Date(_)
        | Condition::Holiday
        | Condition::Night(_)
        | Condition::Lost(_)
        | Condition::Mode(_)
        | Condition::Changed { .. }
        // What it was is another matter than what it is.
        | Condition::Due { .. }
        | Condition::PresenceSimulation { .. } => {}
    }
}

/// The outputs whose levels a number is made of.
fn outputs_of(number: &Number) -> Vec<OutputId> {
    let mut outputs = Vec::new();
    number.reads(&mut |read| match read {
        // What it takes is not what it is asked to be, but follows from it.
        Read::Value(Point::OutputFacet(output, facet)) if facet != OutputFacet::Energy => outputs.push(output),
        _ => {}
    });
    outputs
}

/// The edges that read a thing, each with the place of its rule or room, in the order of these.
type Readers<'e> = BTreeMap<Thing, Vec<(usize, &'e Edge)>>;

fn readers(edges: &[Vec<Edge>]) -> Readers<'_> {
    let mut readers = Readers::new();
    for (place, edges) in edges.iter().enumerate() {
        for edge in edges {
            readers.entry(edge.read).or_default().push((place, edge));
        }
    }
    readers
}

/// All that goes on (`true`) or off when what an edge reads goes on, each with the last rule or room on the way.
fn reached_from(start: usize, first: &Edge, readers: &Readers<'_>) -> BTreeMap<(Thing, bool), usize> {
    let mut seen = BTreeMap::from([((first.set, first.same), start)]);
    let mut open = vec![(first.set, first.same)];
    while let Some((thing, same)) = open.pop() {
        for &(place, edge) in readers.get(&thing).into_iter().flatten() {
            let next = (edge.set, edge.same == same);
            seen.entry(next).or_insert_with(|| {
                open.push(next);
                place
            });
        }
    }
    seen
}
