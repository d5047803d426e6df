//! Rules that want different things of one output at the same time, as far as their conditions tell.
//!
//! Whether two conditions can hold at once is a search for a case: some of their parts, each with whether it holds, that
//! make both true and do not contradict each other (`search`). What contradicts what is in `facts`, of windows of time in
//! `windows`, of numbers in `numbers`. Where that is in doubt, nothing contradicts: two rules said never to meet never do.
//! The search is bounded. Of what is too long to search nothing is said: a warning must be able to tell when.

mod facts;
mod formula;
mod numbers;
mod search;
#[cfg(test)]
mod tests;
mod windows;

use crate::model::{Condition, Config, Level, OutputId, Rule};
use formula::Formula;
use search::{Literal, Steps, TooLong};
use std::collections::BTreeMap;

/// The most pairs of rules that are looked at, and the most conflicts that are told.
const PAIRS: usize = 20_000;
const TOLD: usize = 100;

/// Two rules, by their places, that want different things of some outputs.
pub(super) struct Conflict {
    pub earlier: usize,
    pub later: usize,
    /// At least one.
    pub wishes: Vec<Wishes>,
    pub kind: Kind,
}

/// What two rules set one output to.
pub(super) struct Wishes {
    pub output: OutputId,
    pub earlier: Level,
    pub later: Level,
}

pub(super) enum Kind {
    /// Both can be active. The text is a condition under which they are, where it is short enough to be read.
    Together(Option<String>),
    /// Whenever the later rule is active, the earlier one is.
    NeverThrough,
}

/// The conflicts that do not show themselves to be meant: the earlier rule is no exception within the later one, and
/// `is_meant`, which gets both places, does not know better. That a rule never comes through is never meant.
pub(super) fn find(rules: &[Rule], config: &Config, is_meant: impl Fn(usize, usize) -> bool) -> Vec<Conflict> {
    let sides: Vec<Side<'_>> = rules.iter().map(|rule| Side::of(rule, config.dark.as_ref())).collect();
    let mut steps = Steps::of_a_file();
    let mut conflicts = Vec::new();
    for ((earlier, later), wishes) in disagreements(rules, config) {
        let Ok(kind) = sides[earlier].against(&sides[later], config, &mut steps) else { continue };
        let Some(kind) = kind.filter(|kind| matches!(kind, Kind::NeverThrough) || !is_meant(earlier, later)) else {
            continue;
        };
        conflicts.push(Conflict { earlier, later, wishes, kind });
        if conflicts.len() == TOLD {
            break;
        }
    }
    conflicts
}

/// The parts that cannot all hold at once: two, where two are enough; nothing where they can, or where it would take long
/// to know.
pub(super) fn exclusive<'c>(parts: &'c [Condition], config: &Config) -> Option<Vec<&'c Condition>> {
    // While what the hub says of darkness is not known, the sun tells: nothing follows from it for certain.
    let formulas: Vec<Formula<'_>> = parts.iter().map(|part| Formula::of(part, true, None)).collect();
    let mut steps = Steps::of_a_file();
    let mut never = |parts: &[&Formula<'_>]| matches!(search::case(parts, config, &mut steps), Ok(None));
    if !never(&formulas.iter().collect::<Vec<_>>()) {
        return None;
    }
    let pairs = (0..parts.len()).flat_map(|later| (0..later).map(move |earlier| (earlier, later)));
    let pair = pairs.into_iter().find(|(earlier, later)| never(&[&formulas[*earlier], &formulas[*later]]));
    Some(pair.map_or_else(|| parts.iter().collect(), |(earlier, later)| vec![&parts[earlier], &parts[later]]))
}

/// The pairs of rules that set an output to different levels. Those of climate zones do not count: rules have no say there.
fn disagreements(rules: &[Rule], config: &Config) -> BTreeMap<(usize, usize), Vec<Wishes>> {
    let mut by_output: BTreeMap<OutputId, Vec<(usize, Level)>> = BTreeMap::new();
    for (place, rule) in rules.iter().enumerate() {
        for (output, level) in &rule.set {
            by_output.entry(*output).or_default().push((place, *level));
        }
    }
    by_output.retain(|output, _| !config.climates.iter().any(|zone| zone.outputs().any(|its| its == *output)));
    let mut pairs: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (output, rules) in by_output {
        for (index, (later, late)) in rules.iter().enumerate() {
            for (earlier, early) in rules[..index].iter().filter(|(_, early)| early != late) {
                let wishes = Wishes { output, earlier: *early, later: *late };
                pairs.entry((*earlier, *later)).or_default().push(wishes);
                if pairs.len() >= PAIRS {
                    return pairs;
                }
            }
        }
    }
    pairs
}

/// When a rule is active. With `until` its past decides too, so that it is only known when it is for certain and when it
/// may be.
struct Side<'r> {
    certainly: Formula<'r>,
    perhaps: Formula<'r>,
    /// When it is not certain to be: the opposite of `certainly`.
    perhaps_not: Formula<'r>,
}

impl<'r> Side<'r> {
    fn of(rule: &'r Rule, dark: Option<&'r Rule>) -> Side<'r> {
        let formula = |condition, holds| Formula::of(condition, holds, dark);
        let (begun, not_begun) = (formula(&rule.condition, true), formula(&rule.condition, false));
        match &rule.until {
            None => Side { certainly: begun.clone(), perhaps: begun, perhaps_not: not_begun },
            Some(until) => {
                let (over, goes_on) = (formula(until, true), formula(until, false));
                Side {
                    certainly: Formula::All(vec![begun, goes_on.clone()]),
                    perhaps: goes_on,
                    perhaps_not: Formula::Any(vec![not_begun, over]),
                }
            }
        }
    }

    /// How this rule stands to a later one; nothing when they never meet, or when this one is an exception within it.
    fn against(&self, later: &Side<'_>, config: &Config, steps: &mut Steps) -> Result<Option<Kind>, TooLong> {
        let mut meet = |one: &Formula<'_>, other: &Formula<'_>| -> Result<Option<Option<String>>, TooLong> {
            let case = search::case(&[one, other], config, steps)?;
            Ok(case.map(|literals| described(&literals, config)))
        };
        if meet(&self.perhaps, &later.perhaps)?.is_none() {
            return Ok(None);
        }
        if meet(&self.perhaps_not, &later.perhaps)?.is_none() {
            return Ok(Some(Kind::NeverThrough));
        }
        if meet(&self.perhaps, &later.perhaps_not)?.is_none() {
            return Ok(None);
        }
        // What is certain makes the plainer example.
        let example = match meet(&self.certainly, &later.certainly)? {
            Some(example) => example,
            None => meet(&self.perhaps, &later.perhaps)?.flatten(),
        };
        Ok(Some(Kind::Together(example)))
    }
}

/// The case as a condition, unless it is longer than anybody reads.
fn described(case: &[Literal<'_>], config: &Config) -> Option<String> {
    const LONGEST: usize = 160;
    let text = search::without_consequences(case, config)
        .iter()
        .map(|literal| literal.describe(config))
        .collect::<Vec<_>>()
        .join(" and ");
    (!text.is_empty() && text.chars().count() <= LONGEST).then_some(text)
}
