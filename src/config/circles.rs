//! Rules that would switch themselves on and off for ever: a rule whose condition turns false by what it sets, directly or
//! through other rules and what rooms ask. Circles that only hold themselves (`while = "lamp and hall.occupied"`, set lamp
//! on) are fine, unless a room would never be empty again.

use crate::model::{Condition, Number, OutputFacet, OutputId, Point, Room, RoomId, Rule};
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

/// All such rules, each once.
pub(super) fn find(rules: &[Rule], rooms: &[Room]) -> Vec<Circle> {
    let edges = all_edges(rules, rooms);
    let circle = |rule: usize| {
        edges[rule].iter().find_map(|edge| {
            let Thing::Output(output) = edge.set else { return None };
            let last = reached_from(rule, edge, &edges).get(&(edge.read, false)).copied()?;
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
pub(super) fn self_held(rules: &[Rule], rooms: &[Room]) -> Vec<SelfHeld> {
    let mut edges = all_edges(rules, rooms);
    edges.iter_mut().for_each(|edges| edges.retain(|edge| edge.same && edge.asks_on));
    let held = |room: usize| {
        let place = rules.len() + room;
        edges[place].iter().find_map(|edge| {
            let Thing::Output(output) = edge.read else { return None };
            let held = reached_from(place, edge, &edges).contains_key(&(edge.read, true));
            held.then_some(SelfHeld { room: RoomId(room), output })
        })
    };
    (0..rooms.len()).filter_map(held).collect()
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
fn all_edges(rules: &[Rule], rooms: &[Room]) -> Vec<Vec<Edge>> {
    let of_room = |(index, room): (usize, &Room)| {
        let mut reads = Vec::new();
        for rule in [&room.occupied_while, &room.asleep_while].into_iter().flatten() {
            things_read(&rule.condition, true, &mut reads);
        }
        let edge = |(read, positive)| Edge { read, set: Thing::Room(RoomId(index)), same: positive, asks_on: true };
        reads.into_iter().map(edge).collect()
    };
    rules.iter().map(edges).chain(rooms.iter().enumerate().map(of_room)).collect()
}

fn edges(rule: &Rule) -> Vec<Edge> {
    let mut reads = Vec::new();
    things_read(&rule.condition, true, &mut reads);
    if let Some(until) = &rule.until {
        things_read(until, false, &mut reads);
    }
    let edge = |&(read, positive): &(Thing, bool)| {
        rule.set.iter().map(move |(set, level)| {
            let asks_on = level.is_on();
            Edge { read, set: Thing::Output(*set), same: positive == asks_on, asks_on }
        })
    };
    reads.iter().flat_map(edge).collect()
}

/// The outputs and rooms whose state a condition reads, and whether it is the more true for their being on.
fn things_read(condition: &Condition, positive: bool, reads: &mut Vec<(Thing, bool)>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            parts.iter().for_each(|part| things_read(part, positive, reads));
        }
        Condition::Not(part) => things_read(part, !positive, reads),
        Condition::Held { condition, .. } => things_read(condition, positive, reads),
        Condition::On(Point::Output(output)) => reads.push((Thing::Output(*output), positive)),
        Condition::On(Point::Occupied(room) | Point::Asleep(room)) => reads.push((Thing::Room(*room), positive)),
        // Which way it turns is not worked out.
        Condition::Compare(left, _, right) => {
            for output in [left, right].into_iter().flat_map(outputs_of) {
                reads.extend([(Thing::Output(output), true), (Thing::Output(output), false)]);
            }
        }
        Condition::On(_)
        | Condition::ClimateIs(..)
        | Condition::TimeBetween { .. }
        | Condition::Dark
        | Condition::Daylight
        | Condition::Day(_)
        | Condition::Date(_)
        | Condition::Holiday
        | Condition::Night(_)
        | Condition::Lost(_)
        | Condition::Mode(_)
        | Condition::Changed { .. }
        | Condition::Pretended { .. } => {}
    }
}

/// The outputs whose levels a number is made of.
fn outputs_of(number: &Number) -> Vec<OutputId> {
    match number {
        // What it takes is not what it is asked to be, but follows from it.
        Number::Output(output, facet) if *facet != OutputFacet::Energy => vec![*output],
        Number::Add(left, right)
        | Number::Subtract(left, right)
        | Number::Multiply(left, right)
        | Number::Divide(left, right) => [left, right].into_iter().flat_map(|number| outputs_of(number)).collect(),
        _ => Vec::new(),
    }
}

/// All that goes on (`true`) or off when what an edge reads goes on, each with the last rule or room on the way.
fn reached_from(start: usize, first: &Edge, edges: &[Vec<Edge>]) -> BTreeMap<(Thing, bool), usize> {
    let mut seen = BTreeMap::from([((first.set, first.same), start)]);
    let mut open = vec![(first.set, first.same)];
    while let Some((thing, same)) = open.pop() {
        for (place, edges) in edges.iter().enumerate() {
            for edge in edges.iter().filter(|edge| edge.read == thing) {
                let next = (edge.set, edge.same == same);
                seen.entry(next).or_insert_with(|| {
                    open.push(next);
                    place
                });
            }
        }
    }
    seen
}
