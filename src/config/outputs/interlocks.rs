//! Interlocks: of the wires of those that share a word, and of those that one output has, at most one is on.

use super::INTERLOCK_WAIT;
use crate::{
    config::{diagnostic::Problems, table::Id},
    model::{Interlock, InterlockId, Method, Output, OutputId, duration},
};
use std::{ops::Range, time::Duration};

/// What one output of the file says of interlocks; in the order of the outputs.
pub(super) struct Claim {
    pub id: Id,
    /// The word that it shares with others.
    pub word: Option<String>,
    /// The wait that it says.
    pub said: Option<(Duration, Range<usize>)>,
    /// The wait between its own wires, if they exclude each other.
    pub own_wait: Option<Duration>,
    /// Whether its safe state is on.
    pub safe_on: bool,
}

/// A group of outputs while its members are gathered.
struct Group {
    interlock: Interlock,
    first: Id,
    members: usize,
    /// The member whose safe state is on.
    safe_on: Option<Id>,
    /// The member that says how long the wait is, and how long that is.
    waiting: Option<(Id, Duration)>,
    /// Outputs with wires of their own that exclude each other are no group of others.
    own: bool,
}

/// Joins the outputs that name the same word into groups, in the order of their first members.
pub(super) fn join(claims: Vec<Claim>, outputs: &mut [Output], problems: &Problems) -> Vec<Interlock> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, claim) in claims.into_iter().enumerate() {
        let own = claim.word.is_none();
        let Some(word) = claim.word.clone().or_else(|| claim.own_wait.map(|_| claim.id.text.clone())) else { continue };
        let same = |group: &Group| *group.interlock.id == *word && group.own == own;
        let place = groups.iter().position(same).unwrap_or_else(|| {
            let wait = if own { Duration::ZERO } else { INTERLOCK_WAIT };
            let interlock = Interlock { id: word.as_str().into(), wait };
            groups.push(Group { interlock, first: claim.id.clone(), members: 0, safe_on: None, waiting: None, own });
            groups.len() - 1
        });
        for wire in wires(index, outputs) {
            outputs[wire].interlock = Some(InterlockId(place));
        }
        let group = &mut groups[place];
        group.members += 1;
        if claim.safe_on {
            match &group.safe_on {
                None => group.safe_on = Some(claim.id.clone()),
                Some(other) => problems.error(
                    claim.id.place.clone(),
                    format!("{} and {} of the group `{word}` both have the safe state on", claim.id.text, other.text),
                    "write safe = \"off\" for one of them: at most one member is ever on",
                ),
            }
        }
        if let Some((wait, at)) = claim.said {
            match &group.waiting {
                None => {
                    group.interlock.wait = wait;
                    group.waiting = Some((claim.id.clone(), wait));
                }
                Some((other, agreed)) if *agreed != wait => problems.error(
                    at,
                    format!(
                        "{} and {} are in the group `{word}` with different waits, {} and {}",
                        claim.id.text,
                        other.text,
                        duration::spell(wait),
                        duration::spell(*agreed)
                    ),
                    "write the same wait for both, or for one of them only",
                ),
                Some(_) => {}
            }
        }
        group.interlock.wait = group.interlock.wait.max(claim.own_wait.unwrap_or_default());
    }
    for group in groups.iter().filter(|group| group.members == 1 && !group.own) {
        let (name, word) = (&group.first.text, &group.interlock.id);
        problems.warning(
            group.first.place.clone(),
            format!("{name} is alone in its interlock group `{word}`"),
            format!("add interlock = \"{word}\" to the other outputs of the group"),
        );
    }
    groups.into_iter().map(|group| group.interlock).collect()
}

/// The outputs that carry the wires of the one at `index`: itself, or its parts.
fn wires(index: usize, outputs: &[Output]) -> Vec<usize> {
    let is_part = |output: &Output| output.method == Method::Part { of: OutputId(index) };
    let parts: Vec<usize> = (0..outputs.len()).filter(|part| is_part(&outputs[*part])).collect();
    if parts.is_empty() { vec![index] } else { parts }
}
