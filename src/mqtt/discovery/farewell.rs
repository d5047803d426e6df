//! How Home Assistant forgets an entity that it heard of before it was last started.
//!
//! It removes only what it has discovered since its start; what it merely remembers stays in its registry for ever, shown
//! as unavailable. So what is gone is described once more, as little as the platform takes, and then removed.

use super::{Platforms, Topics};
use serde_json::{Value, json};

/// One step: each is an announcement, with time for Home Assistant to follow before the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Described once more, because Home Assistant has let go of all entities of their device. It may have gone away since:
    /// then all begins when it is back.
    LetGo,
    /// Named as removed.
    Removed,
    /// Described once more.
    Described,
    /// Named as removed, and then no more.
    RemovedAtLast,
}

impl Step {
    /// Whether it names what is gone as removed.
    pub fn is_removal(self) -> bool {
        matches!(self, Step::Removed | Step::RemovedAtLast)
    }

    /// What follows; None: it need not be named again. `is_there`: it is known that Home Assistant is there.
    pub fn next(self, is_there: bool) -> Option<Step> {
        match self {
            Step::LetGo if is_there => Some(Step::RemovedAtLast),
            Step::LetGo => Some(Step::Removed),
            Step::Removed => Some(Step::Described),
            Step::Described => Some(Step::RemovedAtLast),
            Step::RemovedAtLast => None,
        }
    }
}

/// The components that are gone, as this step announces them.
pub(super) fn components(
    gone: &Platforms,
    step: Step,
    hub: &str,
    topics: &Topics,
) -> impl Iterator<Item = (String, Value)> {
    gone.iter().map(move |(id, platform)| {
        let described = if !step.is_removal() { described(id, platform, hub, topics) } else { None };
        (id.clone(), described.unwrap_or_else(|| json!({ "p": platform })))
    })
}

/// Enough for Home Assistant to find the entity in its registry again.
fn described(id: &str, platform: &str, hub: &str, topics: &Topics) -> Option<Value> {
    // Home Assistant has no registry of them.
    if platform == super::component::AUTOMATION {
        return None;
    }
    // As `component_id` made it of the point's name.
    let name = id.strip_prefix(platform)?.strip_prefix('-')?.replace('-', ".");
    let suffix = if platform == "button" && !name.starts_with("hub.") { ".auto" } else { "" };
    let mut component = json!({
        "p": platform,
        "uniq_id": format!("hearthd_{hub}_{name}{suffix}"),
        "cmd_t": topics.set(&name),
        "stat_t": topics.of_point(&name).state,
    });
    let more = match platform {
        "select" => Some(("options", json!(["none"]))),
        "event" => Some(("event_types", json!(["none"]))),
        "climate" => Some(("modes", json!(["off"]))),
        _ => None,
    };
    if let (Some((key, value)), Some(component)) = (more, component.as_object_mut()) {
        component.insert(key.into(), value);
    }
    Some(component)
}
