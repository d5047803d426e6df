//! The search for a case in which several formulas hold (a tableau): what has no alternatives first, then one alternative
//! after the other, each given up as soon as it contradicts what was taken before.

use super::{facts, formula::Formula};
use crate::model::{Condition, Config};

/// A part of a condition that is no combination of others, and whether it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Literal<'r> {
    pub condition: &'r Condition,
    pub holds: bool,
    /// It follows from another literal of the case, and need not be told.
    pub implied: bool,
}

impl Literal<'_> {
    fn is(&self, other: &Literal<'_>) -> bool {
        self.holds == other.holds && facts::same(self.condition, other.condition)
    }

    /// As a condition of the rule language.
    pub fn describe(&self, config: &Config) -> String {
        match self.condition {
            condition if self.holds => condition.describe(config),
            Condition::Compare(left, comparison, right) => {
                Condition::Compare(left.clone(), comparison.negated(), right.clone()).describe(config)
            }
            condition => Condition::Not(Box::new(condition.clone())).describe(config),
        }
    }
}

/// It would take too many steps to know.
#[derive(Debug, PartialEq)]
pub(super) struct TooLong;

/// How many literals may still be tried.
pub(super) struct Steps {
    of_this_search: u32,
    of_all: u32,
}

impl Steps {
    /// What ordinary conditions need is some twenty steps for each search. All of these take a fraction of a second.
    pub fn of_a_file() -> Steps {
        Steps { of_this_search: 0, of_all: 200_000 }
    }

    fn of_a_search(&mut self) {
        self.of_this_search = 4_000;
    }

    fn take(&mut self) -> Result<(), TooLong> {
        self.of_this_search = self.of_this_search.checked_sub(1).ok_or(TooLong)?;
        self.of_all = self.of_all.checked_sub(1).ok_or(TooLong)?;
        Ok(())
    }
}

/// A case in which all formulas hold; nothing when there is none.
pub(super) fn case<'f>(
    formulas: &[&'f Formula<'f>],
    config: &Config,
    steps: &mut Steps,
) -> Result<Option<Vec<Literal<'f>>>, TooLong> {
    steps.of_a_search();
    let open = formulas.iter().rev().copied().collect();
    Branch { case: Vec::new(), open, choices: Vec::new() }.search(config, steps)
}

/// The literals that do not follow from the others.
pub(super) fn without_consequences<'f>(case: &[Literal<'f>], config: &Config) -> Vec<Literal<'f>> {
    let mut kept: Vec<Literal<'f>> = case.iter().copied().filter(|literal| !literal.implied).collect();
    let mut index = 0;
    while index < kept.len() {
        let literal = kept.remove(index);
        let opposite = Literal { holds: !literal.holds, ..literal };
        if !facts::contradict(&kept, &opposite, config) {
            kept.insert(index, literal);
            index += 1;
        }
    }
    kept
}

/// One way through the alternatives.
#[derive(Clone)]
struct Branch<'f> {
    /// What was taken so far: no contradiction in it.
    case: Vec<Literal<'f>>,
    /// What must hold besides, the last first.
    open: Vec<&'f Formula<'f>>,
    /// Of each of these, one must hold.
    choices: Vec<&'f [Formula<'f>]>,
}

impl<'f> Branch<'f> {
    fn search(mut self, config: &Config, steps: &mut Steps) -> Result<Option<Vec<Literal<'f>>>, TooLong> {
        while let Some(formula) = self.open.pop() {
            steps.take()?;
            match formula {
                Formula::All(parts) => self.open.extend(parts.iter().rev()),
                Formula::Any(parts) => self.choices.push(parts),
                Formula::Literal(literal) => {
                    if let Some(known) = self.case.iter_mut().find(|known| known.is(literal)) {
                        known.implied &= literal.implied;
                    } else if facts::contradict(&self.case, literal, config) {
                        return Ok(None);
                    } else {
                        self.case.push(*literal);
                    }
                }
            }
        }
        let holds =
            |part: &Formula<'_>| matches!(part, Formula::Literal(l) if self.case.iter().any(|known| known.is(l)));
        self.choices.retain(|parts| !parts.iter().any(holds));
        // The fewer alternatives, the sooner it is known that there is none.
        let Some(index) = (0..self.choices.len()).min_by_key(|index| self.choices[*index].len()) else {
            return Ok(Some(self.case));
        };
        for part in self.choices.remove(index) {
            let found = Branch { open: vec![part], ..self.clone() }.search(config, steps)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}
