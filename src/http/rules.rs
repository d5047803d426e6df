//! The rules of the house: what each says, and what it does now.

use super::{House, api::ask, connections::Work, shape};
use crate::{
    house::{Question, Ruled},
    model::{Action, Config, EventRule, EventRuleNow, Level, OutputId, Part, Rule, RuleNow, duration},
};
use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Serialize;

/// Of the answer of `GET /api/v1/rules`: a rule.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct ListedRule {
    /// Its sentence.
    pub name: String,
    /// When it does what it does, as written: `dark and hall.occupied`.
    pub text: String,
    /// What it does: `Hall light ON`.
    pub does: Vec<String>,
    /// Whether it is active: `yes`, `no` or `unknown`; null: it acts once, on an event.
    pub active: Option<String>,
    /// The dotted names of the outputs that it sets; none: it only tells, or acts on an event.
    pub sets: Vec<String>,
    /// The dotted names of the outputs whose value it holds now. One that is active, sets something and holds none has something higher, or a
    /// rule before it, against it.
    pub holds: Vec<String>,
    /// Since when it is as `active` says, RFC 3339, in the hub's zone; null: since before hearthd started, or it was not known
    /// before, or it acts on events.
    pub since: Option<String>,
    /// How often it acted since the start, of one that acts on events.
    pub acted: Option<u64>,
    /// What last became of it, also before the start, of one that acts on events.
    pub last: Option<LastShape>,
}

/// The last event of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct LastShape {
    /// When it happened, or was to happen: RFC 3339, in the hub's zone.
    pub at: String,
    /// Why the rule did nothing then; null: it acted.
    pub left_out: Option<String>,
}

/// `GET /api/v1/rules`
pub(super) async fn rules(State(house): State<House>, Extension(work): Extension<Work>) -> Response {
    let _at_work = work.begin();
    match ask(&house, Question::Rules).await {
        Ok(ruled) => Json(shapes(&ruled)).into_response(),
        Err(response) => response,
    }
}

/// In the order of the file; those that were made of other keys speak for themselves where they act.
fn shapes(Ruled { config, rules }: &Ruled) -> Vec<ListedRule> {
    let written = config.rules.iter().zip(&rules.rules).filter(|(rule, _)| rule.made_by().is_none());
    let held = written.map(|(rule, now)| held(config, rule, now));
    let acting = config.events.iter().zip(&rules.events).map(|(rule, now)| acting(config, rule, now));
    held.chain(acting).collect()
}

fn held(config: &Config, rule: &Rule, now: &RuleNow) -> ListedRule {
    let does = |(output, level): &(OutputId, Level)| {
        format!("{} {}", config[*output].name, config.level_text(*output, *level))
    };
    let tells = rule.notice.iter().map(|notice| tells(config, &notice.begins));
    ListedRule {
        name: rule.name.to_string(),
        text: rule.text.clone(),
        does: rule.set.iter().map(does).chain(tells).collect(),
        active: Some(shape::word(now.active)),
        sets: rule.set.iter().map(|(output, _)| config[*output].id.to_string()).collect(),
        holds: now.holds.iter().map(|output| config[*output].id.to_string()).collect(),
        since: now.since.map(|since| config.hub.on_the_clock(since)),
        acted: None,
        last: None,
    }
}

fn acting(config: &Config, rule: &EventRule, now: &EventRuleNow) -> ListedRule {
    let does = |action: &Action| match action {
        Action::Command { point, payload, hold: None } => format!("{point} {payload}"),
        Action::Command { point, payload, hold: Some(hold) } => format!("{point} {payload} for {hold}"),
        Action::Notify(text) => tells(config, text),
        Action::Wait(wait) => format!("wait {}", duration::spell(*wait)),
    };
    ListedRule {
        name: rule.name.to_string(),
        text: rule.text.trim_end().to_owned(),
        does: rule.actions.iter().map(does).collect(),
        active: None,
        sets: Vec::new(),
        holds: Vec::new(),
        since: None,
        acted: Some(now.acted),
        last: now.last.as_ref().map(|last| LastShape {
            at: config.hub.on_the_clock(last.at),
            left_out: last.left_out.as_ref().map(ToString::to_string),
        }),
    }
}

/// What is told, with the names of points for their values.
fn tells(config: &Config, text: &[Part]) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Value(point) => format!("{{{}}}", config.point_name(*point)),
    };
    format!("notify {}", text.iter().map(part).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Moment, Now},
        config,
        engine::Engine,
        model::Event,
    };
    use std::sync::Arc;

    const HUT: &str = r#"
hub.id = "hut"
hardware.backend = "simulated"
modes.list = ["home", "away"]
inputs = { door = { kind = "door", gpio = 4 }, motion = { kind = "motion", gpio = 5 } }
outputs = { lamp = { kind = "light", gpio = 17 }, fan = { kind = "fan", gpio = 18 } }
[[rules]]
name = "Dark while away"
while = "mode is away"
set = { lamp = "off" }
overrides = ["Lamp"]
[[rules]]
name = "Lamp"
while = "door is open"
until = "motion is off"
set = { lamp = "on", fan = "on" }
notify = "Door is {door}"
[[rules]]
name = "Gone"
on = "door is open"
if = "mode is home"
do = ["mode away for 2h", "wait 5s", "notify gone"]
"#;

    #[test]
    fn each_says_what_it_does_now() {
        let config = Arc::new(config::parse("c.toml".as_ref(), HUT).unwrap_or_else(|report| panic!("{report}")).config);
        let now = Now { moment: Moment::START, wall: chrono::DateTime::UNIX_EPOCH, wall_known: true };
        let mut engine = Engine::new(config.clone(), None, now);
        let mut told = |input: &str, active: bool| {
            engine.handle(now, Event::InputRead { input: input.into(), result: Ok(active), at: None });
            shapes(&Ruled { config: config.clone(), rules: engine.rules_now(now) })
        };
        told("motion", true);
        let first = told("door", false);
        let does = |rule: usize| first[rule].does.clone();
        assert_eq!(
            (does(0), does(1)),
            (vec!["Lamp OFF".to_owned()], vec!["Lamp ON".into(), "Fan ON".into(), "notify Door is {door}".into()])
        );
        assert_eq!(does(2), ["mode away for 2h", "wait 5s", "notify gone"]);
        assert_eq!(
            (&*first[1].text, &*first[2].text),
            ("door is open until motion is off", "on door is open if mode is home")
        );
        let states = |told: &[ListedRule]| -> Vec<_> {
            told.iter()
                .map(|rule| (rule.active.clone().unwrap_or_default(), rule.holds.join(" "), rule.acted))
                .collect()
        };
        let of = |active: &str, holds: &str| (active.to_owned(), holds.to_owned(), None);
        let once = |acted| (String::new(), String::new(), Some(acted));
        assert_eq!(states(&first), [of("no", ""), of("no", ""), once(0)]);
        // What was so from the start is so since nobody knows when.
        let times = |told: &[ListedRule]| -> Vec<_> { told.iter().map(|rule| rule.since.clone()).collect() };
        assert_eq!((times(&first), &first[2].last), (vec![None, None, None], &None));
        // The door makes it away, and the first rule takes the lamp.
        let away = told("door", true);
        assert_eq!(states(&away), [of("yes", "lamp"), of("yes", "fan"), once(1)]);
        let began = "1970-01-01T00:00:00+00:00".to_owned();
        assert_eq!(times(&away), [Some(began.clone()), Some(began.clone()), None]);
        assert_eq!(away[2].last, Some(LastShape { at: began.clone(), left_out: None }));
        // The next time it is away already, and nothing is done.
        told("door", false);
        let still = told("door", true);
        assert_eq!(states(&still), [of("yes", "lamp"), of("yes", "fan"), once(1)]);
        assert_eq!(
            still[2].last,
            Some(LastShape {
                at: began,
                left_out: Some("it happened while its `if` was not true: nothing was done".into())
            })
        );
    }
}
