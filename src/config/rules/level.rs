//! Rules with `while`: they hold outputs as long as a condition is true.

use super::{
    order::{self, Overrides},
    sentence::{self, Condition, Sentence},
    settings::{self, Setting, Settings},
};
use crate::{
    config::{
        diagnostic::Problems,
        language::{self, Kept, Scope},
        oscillation::{self, Circle, Through},
        shape::Text,
        table::Table,
    },
    model::{Config, Notice, Part, Rule},
};
use std::ops::Range;

/// The keys of event rules, and what to write instead.
pub(super) const FOREIGN: &[(&str, &str)] = &[
    ("if", "join it to `while` with `and`"),
    ("do", "write set = { ... }, or `on` instead of `while`"),
    ("mode", "remove it: a rule with `while` has no actions that could meet"),
    ("catch_up", "remove it: a rule with `while` always looks at what is so"),
];
/// What it cannot do without.
pub(super) const WANTED: &[(&str, &str)] =
    &[("while", "\"dark and hall.occupied\""), ("set", "{ hall_light = \"on\" }")];

/// What the table of such a rule tells.
pub(super) struct Draft {
    condition: Option<Sentence>,
    until: Option<Sentence>,
    set: Vec<Setting>,
    notify: Option<Sentence>,
    notify_over: Option<Sentence>,
    overrides: Option<Overrides>,
}

pub(super) fn read(table: &mut Table<'_>) -> Draft {
    let condition = table.optional(
        "while",
        "The rule is active while this is true, such as \"dark and hall.occupied\". Required, unless it has `on`.",
        Condition,
    );
    let until = table.optional(
        "until",
        "With it, the rule stays active after `while` has ended until this becomes true.",
        Condition,
    );
    let set = table.optional(
        "set",
        "What it asks for while it is active. Required with `while`, unless it has `notify`.",
        Settings,
    );
    let notify = table.optional(
        "notify",
        "Tells people this once when the rule becomes active, as \"Wet in the cellar: {cellar.humidity} %\", and once \
         when that is over; also what began or ended while hearthd was off.",
        Text,
    );
    let notify_over =
        table.optional("notify_over", "With `notify`: what is told when it is over; its name when absent.", Text);
    if notify.is_none() && table.has("notify_over") && !table.has("notify") {
        table.error_at("notify_over", "`notify_over` without `notify`", "add notify = \"...\"");
    }
    if set.as_ref().is_some_and(Vec::is_empty) {
        table.error_at("set", "the rule sets nothing", "write what it sets: { hall_light = \"on\" }");
    }
    let overrides = order::read(table);
    let sentence = |key: &str, text: String| Sentence { text, place: table.place_of(key) };
    Draft {
        condition: condition.map(|text| sentence("while", text)),
        until: until.map(|text| sentence("until", text)),
        set: set.unwrap_or_default(),
        notify: notify.map(|text| sentence("notify", text)),
        notify_over: notify_over.map(|text| sentence("notify_over", text)),
        overrides,
    }
}

/// The rule, where its condition stands, and which rules it overrides.
pub(super) fn resolve(
    name: Option<String>,
    draft: Draft,
    scope: &Scope<'_>,
    kept: &mut Kept,
    source: &str,
    problems: &Problems,
) -> Option<(Rule, Range<usize>, Option<Overrides>)> {
    let mut parse = |sentence: &Sentence| {
        sentence::read(sentence, kept, source, problems, |text, kept| language::condition(text, scope, kept))
    };
    let condition = draft.condition.as_ref().and_then(&mut parse);
    let until = draft.until.as_ref().and_then(&mut parse);
    if let (Some(condition), Some(until), Some(sentence)) = (&condition, &until, &draft.until)
        && let Some((message, advice)) = language::overlap(condition, until, scope.config)
    {
        problems.warning(sentence.place.clone(), message, advice);
    }
    let text = match (&draft.condition, &draft.until) {
        (Some(condition), Some(until)) => format!("{} until {}", condition.text, until.text),
        (Some(condition), None) => condition.text.clone(),
        _ => String::new(),
    };
    for setting in &draft.set {
        without_effect(setting, scope.config, problems);
    }
    let set = settings::resolve(draft.set, scope.config, problems);
    let mut message = |sentence: &Sentence| {
        let parse = |text: &str, _: &mut Kept| language::message(text, scope.config).map_err(|mistake| vec![mistake]);
        sentence::read(sentence, kept, source, problems, parse)
    };
    let (begins, over) = (draft.notify.as_ref().and_then(&mut message), draft.notify_over.as_ref().and_then(message));
    let (name, place) = (name?, draft.condition?.place);
    let notice =
        begins.map(|begins| Notice { begins, over: over.unwrap_or_else(|| vec![Part::Text(format!("Over: {name}"))]) });
    let rule = Rule { name: name.into(), condition: condition?, until, set, notice, timers: kept.timers, text };
    Some((rule, place, draft.overrides))
}

/// A climate zone always says what it wants of its outputs, so that rules have no say.
fn without_effect(setting: &Setting, config: &Config, problems: &Problems) {
    let Some(output) = config.find_output(&setting.output) else { return };
    if let Some(zone) = config.climates.iter().find(|zone| zone.outputs().any(|its| its == output)) {
        problems.warning(
            setting.output_place.clone(),
            format!("the climate zone {} decides `{}`: this has no effect", zone.id, setting.output),
            format!("set {}.target, {0}.mode or {0}.preset in a rule with `on`", zone.id),
        );
    }
}

/// A rule that works against itself would switch its output for ever.
pub(super) fn circles(rules: &[Rule], places: &[Range<usize>], config: &Config, problems: &Problems) {
    for Circle { rule, output, through } in oscillation::find(rules, config) {
        let output = &config[output].id;
        let how = match through {
            None => String::new(),
            Some(Through::Rule(other)) => format!(" through the rule \"{}\"", rules[other].name),
            Some(Through::Room(room)) => format!(" through what occupies {}", config[room].id),
        };
        problems.error(
            places[rule].clone(),
            format!("this condition ends itself{how}: the rule sets {output}, and would switch it on and off for ever"),
            "ask for what causes the change (a sensor, a room, the time) and not for the output",
        );
    }
}
