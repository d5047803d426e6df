//! Rules that would switch themselves on and off for ever: a rule whose condition turns false by what it sets, directly or
//! through other rules. Circles that only hold themselves (`while = "lamp and hall.occupied"`, set lamp on) are fine.

use crate::model::{Condition, Number, OutputFacet, OutputId, Point, Rule};
use std::collections::BTreeMap;

/// A rule that works against itself.
pub(super) struct Circle {
    /// Its place among the rules.
    pub rule: usize,
    /// What it sets, and what then ends its condition.
    pub output: OutputId,
    /// Another rule on the way round, if there is one.
    pub through: Option<usize>,
}

/// All such rules, each once.
pub(super) fn find(rules: &[Rule]) -> Vec<Circle> {
    let edges: Vec<Vec<Edge>> = rules.iter().map(edges).collect();
    let circle = |rule: usize| {
        edges[rule].iter().find_map(|edge| {
            let through = way_back(rule, edge, &edges)?;
            Some(Circle { rule, output: edge.set, through: (through != rule).then_some(through) })
        })
    };
    (0..rules.len()).filter_map(circle).collect()
}

/// When `read` goes on, `set` goes on (`same`) or off by this rule.
struct Edge {
    read: OutputId,
    set: OutputId,
    same: bool,
}

fn edges(rule: &Rule) -> Vec<Edge> {
    let mut reads = Vec::new();
    outputs_read(&rule.condition, true, &mut reads);
    if let Some(until) = &rule.until {
        outputs_read(until, false, &mut reads);
    }
    let edge = |&(read, positive): &(OutputId, bool)| {
        rule.set.iter().map(move |(set, level)| Edge { read, set: *set, same: positive == level.is_on() })
    };
    reads.iter().flat_map(edge).collect()
}

/// The outputs whose state a condition reads, and whether it is the more true for their being on.
fn outputs_read(condition: &Condition, positive: bool, reads: &mut Vec<(OutputId, bool)>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            parts.iter().for_each(|part| outputs_read(part, positive, reads));
        }
        Condition::Not(part) => outputs_read(part, !positive, reads),
        Condition::Held { condition, .. } => outputs_read(condition, positive, reads),
        Condition::On(Point::Output(output)) => reads.push((*output, positive)),
        // Which way it turns is not worked out.
        Condition::Compare(left, _, right) => {
            for output in [left, right].into_iter().flat_map(outputs_of) {
                reads.extend([(output, true), (output, false)]);
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

/// Follows what an edge sets until it comes back to what the edge reads as the opposite. Returns the last rule on the way.
fn way_back(rule: usize, start: &Edge, edges: &[Vec<Edge>]) -> Option<usize> {
    let mut seen: BTreeMap<(OutputId, bool), usize> = BTreeMap::from([((start.set, start.same), rule)]);
    let mut open = vec![(start.set, start.same)];
    while let Some((output, same)) = open.pop() {
        for (rule, edges) in edges.iter().enumerate() {
            for edge in edges.iter().filter(|edge| edge.read == output) {
                let next = (edge.set, edge.same == same);
                seen.entry(next).or_insert_with(|| {
                    open.push(next);
                    rule
                });
            }
        }
    }
    seen.get(&(start.read, false)).copied()
}
