//! Outputs on the broker are told their safe states without a running daemon: as good as the network is.

use super::connection::{Connection, News};
use crate::model::{BY, Config, Line, MqttSettings, MqttVersion, OutputId, Owner, Remote};
use crate::mqtt::loss::{Loss, LossKind};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// The broker is waited for no longer than this in all: whoever runs `hearthd safe` has wires to drive, too.
const WITHIN: Duration = Duration::from_secs(3);

/// What is to be published once, for which output and what that is.
pub(super) struct Order {
    pub(super) output: Arc<str>,
    remote: Arc<Remote>,
    pub(super) what: &'static str,
    /// What goes before it: the level of what a level does not switch on.
    pub(super) first: Option<(Arc<str>, String)>,
    pub(super) topic: Arc<str>,
    pub(super) payload: String,
}

impl Order {
    /// Whether an output of this configuration is commanded in the same way.
    pub(super) fn is_taken_over(&self, config: &Config) -> bool {
        is_commanded(config, &self.remote)
    }
}

/// Publishes the safe state of every output on the broker, and waits until the broker has taken it. By id; nobody knows
/// what the devices make of it. What `except` commands as well, it knows better.
pub fn drive_safe(config: &Config, except: Option<&Config>) -> Vec<(Arc<str>, Result<(), String>)> {
    let told = publish_all(config, safe_states(config, except));
    told.into_iter().map(|(order, result)| (order.output, result)).collect()
}

/// What is left to tell outputs of `before` that `now` does not have: their safe states; and those of other hubs, of which
/// something was `asked`, that it is taken back.
pub(super) fn farewells(before: &Config, now: &Config, asked: &BTreeSet<Arc<str>>) -> Vec<Order> {
    let mut orders = safe_states(before, Some(now));
    // Each part of a cover was asked by one topic.
    let mut given_back = BTreeSet::new();
    let ids = (0..before.outputs.len()).map(OutputId).filter(|id| asked.contains(&before[*id].id));
    orders.extend(ids.filter_map(|id| {
        let remote = before.remote_output(id)?;
        let command = remote.command.as_ref()?;
        let is_it = |there: OutputId| now.ids_before(Owner::Output(there)).any(|was| was == before[id].id);
        let same = |there: OutputId| is_it(there) && now.remote_output(there) == Some(remote);
        // A cover is told each thing once, also when another is to tell of it.
        let stays = match remote.is_press() {
            true => is_commanded(now, remote),
            false => (0..now.outputs.len()).map(OutputId).any(same),
        };
        let owner = remote.owner.as_ref().filter(|_| !stays && given_back.insert(command.topic.clone()))?;
        let payload = owner.release.to_string();
        let (output, remote, topic) = (before[id].id.clone(), remote.clone(), command.topic.clone());
        Some(Order { output, remote, what: "AUTO for it was", first: None, topic, payload })
    }));
    orders
}

/// Whether an output of this configuration is commanded in the same way: by one topic several may be.
fn is_commanded(config: &Config, remote: &Remote) -> bool {
    let commanded = |remote: &Remote| {
        let command = remote.command.as_ref()?;
        // By whom makes no other command: a hub that is renamed lets go of no gate.
        let named = remote.owner.is_some().then(|| command.on.rsplit_once(BY)).flatten();
        let on = named.map_or(&*command.on, |(on, _)| on).to_owned();
        Some((command.topic.clone(), on))
    };
    let mut theirs = config.outputs.iter().filter_map(|output| output.line.as_ref()).filter_map(Line::remote);
    theirs.any(|their| commanded(their) == commanded(remote))
}

fn safe_states(config: &Config, except: Option<&Config>) -> Vec<Order> {
    let except = except.filter(|house| house.has_same_broker(config));
    let orders = (0..config.outputs.len()).map(OutputId).filter_map(|id| {
        let remote = config.remote_output(id)?;
        if except.is_some_and(|house| is_commanded(house, remote)) {
            return None;
        }
        let (command, level) = (remote.command.as_ref()?, config[id].safe_level()?);
        let mut messages = command.messages(level);
        let ((topic, payload), first) = (messages.pop()?, messages.pop());
        let (output, remote) = (config[id].id.clone(), remote.clone());
        Some(Order { output, remote, what: "its safe state was", first, topic, payload })
    });
    orders.collect()
}

/// Publishes all, each once, on a connection of its own.
pub(super) fn publish_all(config: &Config, orders: Vec<Order>) -> Vec<(Order, Result<(), String>)> {
    if orders.is_empty() {
        return Vec::new();
    }
    let mut results = BTreeMap::new();
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Err(error) => {
            let refused = |index| (index, Err(format!("cannot connect: {error}")));
            results.extend((0..orders.len()).map(refused));
        }
        Ok(runtime) => {
            runtime.block_on(async {
                let _ = tokio::time::timeout(WITHIN, publish(config, &orders, &mut results)).await;
            });
            // A name server that does not answer is not waited for.
            runtime.shutdown_background();
        }
    }
    let told = orders.into_iter().enumerate().map(|(index, order)| {
        let result = results.remove(&index).unwrap_or_else(|| Err("the broker did not take the command".into()));
        (order, result)
    });
    told.collect()
}

async fn publish(config: &Config, orders: &[Order], results: &mut BTreeMap<usize, Result<(), String>>) {
    let Some(settings) = &config.mqtt else { return };
    // There is no time to find out whether the broker speaks more than nearly all do; one that does not says so at once.
    let (first, then) = match settings.version {
        MqttVersion::Auto => (MqttVersion::Three, Some(MqttVersion::Five)),
        version => (version, None),
    };
    let by = |version| MqttSettings { version, ..settings.clone() };
    let mut lost = publish_by(&by(first), orders, results).await;
    if let (Some(Loss { kind: LossKind::OtherVersion, .. }), Some(version)) = (&lost, then) {
        lost = publish_by(&by(version), orders, results).await;
    }
    if let Some(loss) = lost {
        for index in 0..orders.len() {
            results.entry(index).or_insert_with(|| Err(loss.reason.clone()));
        }
    }
}

/// Publishes all by one version; how the connection was lost, if it was.
async fn publish_by(
    settings: &MqttSettings,
    orders: &[Order],
    results: &mut BTreeMap<usize, Result<(), String>>,
) -> Option<Loss> {
    // Of which order it is, and whether it is all of it then.
    let mut connection: Connection<(usize, bool)> = Connection::open(settings, "safe");
    loop {
        match connection.next().await {
            News::Up => {
                for (index, Order { first, topic, payload, .. }) in orders.iter().enumerate() {
                    let first = first.iter().map(|(topic, payload)| (topic, payload, false));
                    for (topic, payload, is_all) in first.chain([(topic, payload, true)]) {
                        if connection.publish(topic, payload.clone(), None, Some((index, is_all))).is_err() {
                            results.insert(index, Err("there are too many".into()));
                        }
                    }
                }
            }
            News::Taken((_, false), Ok(())) => {}
            News::Taken((index, is_all), taken) => {
                let Order { first, topic, .. } = &orders[index];
                let topic = first.as_ref().filter(|_| !is_all).map_or(topic, |(topic, _)| topic);
                let denied = |why| format!("the broker does not let us publish on {topic}: {why}");
                // What was denied first stays so.
                results.entry(index).or_insert_with(|| taken.map_err(denied));
                if results.len() == orders.len() {
                    connection.close().await;
                    return None;
                }
            }
            News::Came(_) | News::Listening(_) => {}
            News::Closed => return None,
            News::Lost(loss) => return Some(loss),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_of_another_hub_that_is_renamed_is_not_given_back() {
        let text = "hub.id = \"hut\"\nmqtt.url = \"mqtt://127.0.0.1\"\nhardware.backend = \"simulated\"\n\
                    hubs.barn.outputs = { lamp = \"light\" }\n";
        let before = crate::config::parse("config.toml".as_ref(), text).unwrap().config;
        let asked = [before.outputs[0].id.clone()].into();
        let mut now = before.clone();
        now.outputs[0].id = "stable".into();
        assert_eq!(farewells(&before, &now, &asked).len(), 1, "one goes, and another comes");
        now.renamed.push((Owner::Output(OutputId(0)), vec![before.outputs[0].id.clone()]));
        assert!(farewells(&before, &now, &asked).is_empty());
    }

    #[test]
    fn a_cover_of_another_hub_is_given_back_once_when_it_goes_and_not_when_it_stays() {
        let text = |cover: &str| {
            format!(
                "hub.id = \"hut\"\nmqtt.url = \"mqtt://127.0.0.1\"\nhardware.backend = \"simulated\"\n\
                 hubs.barn.outputs = {{ lamp = \"light\"{cover} }}\n"
            )
        };
        let config = |text: &str| crate::config::parse("config.toml".as_ref(), text).unwrap().config;
        let before = config(&text(", blind = \"cover\""));
        let parts = ["open", "close", "stop", "to", "release"];
        let asked = parts.map(|part| Arc::from(format!("barn.blind.{part}"))).into();
        let told = |now: &Config| {
            let orders = farewells(&before, now, &asked).into_iter();
            orders.map(|order| format!("{} {}", order.topic, order.payload)).collect::<Vec<_>>()
        };
        assert_eq!(told(&config(&text(""))), ["hearthd/barn/blind/set AUTO by hut"]);
        assert_eq!(told(&before), [""; 0]);
        let other = text(", blind = \"cover\"").replace("hubs.barn.", "hubs.barn.silent_after = \"1h\"\nhubs.barn.");
        assert_eq!(told(&config(&other)), [""; 0], "it is told of in another way");
    }
    #[test]
    fn a_fan_that_its_speed_does_not_switch_on_is_told_its_speed_first() {
        let text = "hub.id = \"hut\"\nmqtt.url = \"mqtt://127.0.0.1\"\nhardware.backend = \"simulated\"\n\
                    outputs.fan = { kind = \"fan\", esphome = \"attic/fan\", levels = true, safe = \"on\" }\n\
                    outputs.plug = { kind = \"switch\", esphome = \"hall/plug\" }\n";
        let config = crate::config::parse("config.toml".as_ref(), text).unwrap().config;
        let told = safe_states(&config, None).into_iter().flat_map(|Order { first, topic, payload, .. }| {
            let all = first.into_iter().chain([(topic, payload)]);
            all.map(|(topic, payload)| format!("{topic} {payload}")).collect::<Vec<_>>()
        });
        let told: Vec<_> = told.collect();
        let fan = ["attic/fan/fan/speed_level/command 100", "attic/fan/fan/command ON"];
        assert_eq!(told, [fan[0], fan[1], "hall/switch/plug/command OFF"]);
    }
}
