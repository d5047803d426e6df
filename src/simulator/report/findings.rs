//! What somebody should look at, in words: rules that never came true or contradict each other, events that were left out,
//! outputs that limits held.

use super::{Recording, text::spell};
use crate::{
    model::{EventUse, OutputId, RuleId},
    simulator::world::{NotModelled, not_modelled},
};
use chrono::TimeDelta;

/// What the world leaves out; nothing where there was none.
pub(super) fn left_out(recording: &Recording) -> Option<NotModelled> {
    (!recording.outdoor.is_empty()).then(|| not_modelled(&recording.config))
}

/// Findings of one kind.
pub(super) struct Finding {
    /// What they have in common, without a colon.
    pub title: &'static str,
    /// A line each; never empty.
    pub items: Vec<String>,
}

/// All kinds of which there are any.
pub(super) fn all(recording: &Recording) -> Vec<Finding> {
    let config = &recording.config;
    let named = |id: RuleId| format!("\"{}\"", config[id].name);
    let outputs = || (0..config.outputs.len()).map(OutputId);
    let rules: Vec<_> = (0..config.rules.len()).map(|index| (RuleId(index), recording.rule(RuleId(index)))).collect();
    let events = || config.events.iter().map(|rule| &rule.name).zip(&recording.events);
    let never = rules.iter().filter(|(id, rule)| rule.times == 0 && !recording.is_idle(*id));
    let unknown = rules.iter().filter(|(_, rule)| rule.unknown >= TimeDelta::seconds(1));
    let kinds = [
        ("Rules that never came true", never.map(|(id, _)| named(*id)).collect()),
        (
            "Rules whose event never happened",
            events().filter(|(_, used)| used.happened() == 0).map(|(name, _)| format!("\"{name}\"")).collect(),
        ),
        (
            "Rules that act on events",
            events()
                .filter(|(_, used)| used.happened() > 0)
                .map(|(name, used)| format!("\"{name}\": {}", became(used)))
                .collect(),
        ),
        (
            "Rules of which nobody could tell, for some of the time",
            unknown.map(|(id, rule)| format!("{} for {}", named(*id), spell(rule.unknown))).collect(),
        ),
        (
            "Rules that asked one output for different levels (the first one won)",
            recording
                .fights()
                .into_iter()
                .map(|fight| {
                    let (winner, loser) = (named(fight.winner), named(fight.loser));
                    let (output, count) = (&config[fight.output].id, times(fight.times.into()));
                    format!("{output}: {winner} over {loser}, {count} for {}", spell(fight.time))
                })
                .collect(),
        ),
        (
            "Outputs that safety kept off while something asked for them",
            recording
                .kept_off()
                .into_iter()
                .map(|kept| {
                    let (output, count) = (&config[kept.output].id, times(kept.times.into()));
                    format!("{output}: by {}, {count}, {} in all", kept.by, spell(kept.time))
                })
                .collect(),
        ),
        (
            "Outputs that were switched to and fro within one instant",
            outputs()
                .filter(|id| recording.at_once(*id) > 0)
                .map(|id| format!("{}: {}", config[id].id, times(recording.at_once(id).into())))
                .collect(),
        ),
        (
            "Outputs that min_on and min_off kept from following at once",
            outputs()
                .map(|id| (id, recording.held(id)))
                .filter(|(_, held)| held.times > 0)
                .map(|(id, held)| {
                    format!("{}: {}, {} in all", config[id].id, times(held.times.into()), spell(held.time))
                })
                .collect(),
        ),
        (
            "Alarms of climate zones",
            recording
                .alarms()
                .into_iter()
                .map(|(point, word, time, count)| {
                    format!("{} {word}: {}, {} in all", config.point_name(point), times(count.into()), spell(time))
                })
                .collect(),
        ),
    ];
    let findings = kinds.into_iter().map(|(title, items): (_, Vec<String>)| Finding { title, items });
    findings.filter(|finding| !finding.items.is_empty()).collect()
}

/// `acted 5 times; left out twice: ...`
fn became(used: &EventUse) -> String {
    let acted = if used.acted == 0 { "never acted".to_owned() } else { format!("acted {}", times(used.acted)) };
    let left_out = used.left_out().map(|(why, count)| format!("; {}: {}", times(count), why.describe()));
    acted + &left_out.collect::<String>()
}

fn times(count: u64) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}
