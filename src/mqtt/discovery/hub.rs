//! The components of the hub itself: how it is, what it tells people, and its buttons. No point has such a name.

use super::{About, Board, Topics};
use crate::model::{Category, Config, Course, PRESS, Vital, VitalKind};
use serde_json::{Map, Value, json};

/// One that shows what is told of the hub under its prefix anyway.
struct Told {
    name: &'static str,
    title: &'static str,
    platform: &'static str,
    topic: fn(&Topics) -> String,
    facts: fn(&Topics) -> Value,
}

const TOLD: [Told; 5] = [
    Told {
        name: "problem",
        title: "Problem",
        platform: "binary_sensor",
        topic: Topics::problem,
        facts: |topics| {
            json!({
                "val_tpl": "{{ 'OFF' if value == 'none' else 'ON' }}",
                "json_attr_t": topics.problem(),
                "json_attr_tpl": WHY,
                "dev_cla": "problem",
                "ent_cat": "diagnostic",
            })
        },
    },
    Told {
        name: "faults",
        title: "Faults",
        platform: "binary_sensor",
        topic: |topics| topics.faults().state,
        facts: |topics| {
            json!({
                "val_tpl": "{{ 'OFF' if value == '0' else 'ON' }}",
                "json_attr_t": topics.faults().attributes,
                "dev_cla": "problem",
                "ent_cat": "diagnostic",
            })
        },
    },
    Told {
        name: "connectivity",
        title: "Connectivity",
        platform: "binary_sensor",
        topic: Topics::availability,
        facts: |_| {
            json!({
                "pl_on": "online",
                "pl_off": "offline",
                "dev_cla": "connectivity",
                "ent_cat": "diagnostic",
                // Also while the hub is not there: that is what it tells.
                "avty": [],
            })
        },
    },
    Told {
        name: "notice",
        title: "Notice",
        platform: "event",
        topic: Topics::notify,
        facts: |_| {
            json!({
                "event_types": ["notice"],
                "val_tpl": "{{ dict(value_json, event_type='notice') | tojson }}",
                "ent_cat": "diagnostic",
                "ic": "mdi:message-text-outline",
            })
        },
    },
    Told {
        name: "refusal",
        title: "Refused command",
        platform: "event",
        topic: Topics::error,
        facts: |_| {
            json!({
                "event_types": ["refused"],
                "val_tpl": "{{ dict(value_json, event_type='refused') | tojson }}",
                "ent_cat": "diagnostic",
                "ic": "mdi:hand-back-left-outline",
            })
        },
    },
];

/// A line of text as an attribute.
const WHY: &str = "{{ {'why': value} | tojson }}";

/// All of them, by the name that their point would have.
pub(super) fn described<'a>(config: &'a Config, topics: &'a Topics, board: &Board) -> Vec<(About<'a>, Value)> {
    let about = |platform, name: &str| About::new(config, topics, platform, name, None);
    let mut all = Vec::new();
    for told in &TOLD {
        let about = about(told.platform, &format!("hub.{}", told.name));
        let mut component = named(&about, told.title);
        component.insert("stat_t".into(), (told.topic)(topics).into());
        add(&mut component, (told.facts)(topics));
        all.push((about, component.into()));
    }
    for vital in board.vitals.keys() {
        let about = about(platform(*vital), &vital.name());
        let described = of_vital(*vital, &about, topics);
        all.push((about, described));
    }
    all
}

fn platform(vital: Vital) -> &'static str {
    match vital.facts().kind {
        VitalKind::Switch => "binary_sensor",
        VitalKind::Number(..) | VitalKind::Word(_) | VitalKind::Text | VitalKind::Message => "sensor",
        VitalKind::Button => "button",
    }
}

fn of_vital(vital: Vital, about: &About<'_>, topics: &Topics) -> Value {
    let (facts, of_point) = (vital.facts(), topics.of_point(&vital.name()));
    let mut component = named(about, facts.title);
    let shown = match &facts.kind {
        VitalKind::Button => json!({ "cmd_t": topics.set(&vital.name()), "pl_prs": PRESS }),
        VitalKind::Number(unit, course) => {
            json!({ "stat_t": of_point.state, "unit_of_meas": unit, "stat_cla": Course::word(*course) })
        }
        VitalKind::Word(words) => {
            json!({ "stat_t": of_point.state, "ops": words, "json_attr_t": of_point.why, "json_attr_tpl": WHY })
        }
        VitalKind::Message => json!({ "stat_t": of_point.state, "json_attr_t": of_point.attributes }),
        VitalKind::Switch | VitalKind::Text => json!({ "stat_t": of_point.state }),
    };
    add(&mut component, shown);
    let category = if facts.category() == Category::Config { "config" } else { "diagnostic" };
    add(&mut component, json!({ "dev_cla": facts.class, "ic": facts.icon, "ent_cat": category }));
    component.into()
}

fn named(about: &About<'_>, title: &str) -> Map<String, Value> {
    let mut component = about.identified();
    component.insert("name".into(), title.into());
    component
}

fn add(component: &mut Map<String, Value>, facts: Value) {
    let facts = facts.as_object().cloned().into_iter().flatten();
    component.extend(facts.filter(|(_, fact)| !super::component::is_nothing(fact)));
}
