//! Outputs on the broker are told their safe states without a running daemon: as good as the network is.

use super::connection::{Connection, News};
use crate::model::{Config, Line, OutputId, Remote};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// The broker is waited for no longer than this in all: whoever runs `hearthd safe` has wires to drive, too.
const WITHIN: Duration = Duration::from_secs(3);

/// Publishes the safe state of every output on the broker, and waits until the broker has taken it. By id; nobody knows
/// what the devices make of it. What `except` commands as well, it knows better.
pub fn drive_safe(config: &Config, except: Option<&Config>) -> Vec<(Arc<str>, Result<(), String>)> {
    let ids = (0..config.outputs.len()).map(OutputId);
    let remote = ids.filter_map(|id| Some((id, config.remote_output(id)?.clone(), config[id].safe.level()?)));
    let except = except.filter(|house| house.has_same_broker(config));
    let commanded =
        |remote: &Remote| remote.command.as_ref().map(|command| (command.topic.clone(), command.on.clone()));
    let is_theirs = |remote: &Arc<Remote>| {
        let theirs = except.iter().flat_map(|house| house.outputs.iter()).filter_map(|output| output.line.as_ref());
        theirs.filter_map(Line::remote).any(|their| commanded(their) == commanded(remote))
    };
    let orders = remote.filter(|(_, remote, _)| !is_theirs(remote)).filter_map(|(id, remote, level)| {
        let (topic, payload) = remote.command.as_ref()?.message(level);
        Some(Order { id, topic: topic.clone(), payload })
    });
    publish_all(config, orders.collect())
}

/// Takes back what was asked of other hubs' outputs of these ids that `now` does not have.
pub(super) fn take_back(
    config: &Config,
    now: &Config,
    asked: &BTreeSet<Arc<str>>,
) -> Vec<(Arc<str>, Result<(), String>)> {
    let ids = (0..config.outputs.len()).map(OutputId).filter(|id| asked.contains(&config[*id].id));
    let orders = ids.filter_map(|id| {
        let remote = config.remote_output(id)?;
        let command = remote.command.as_ref()?;
        let stays = now.find_output(&config[id].id).and_then(|there| now.remote_output(there)) == Some(remote);
        let release = command.release.as_ref().filter(|_| !stays)?;
        Some(Order { id, topic: command.topic.clone(), payload: release.to_string() })
    });
    publish_all(config, orders.collect())
}

/// What is to be published, and for which output.
struct Order {
    id: OutputId,
    topic: Arc<str>,
    payload: String,
}

fn publish_all(config: &Config, orders: Vec<Order>) -> Vec<(Arc<str>, Result<(), String>)> {
    if orders.is_empty() {
        return Vec::new();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let mut results: BTreeMap<OutputId, Result<(), String>> = BTreeMap::new();
    match runtime {
        Err(error) => {
            let refused = |order: &Order| (order.id, Err(format!("cannot connect: {error}")));
            results.extend(orders.iter().map(refused));
        }
        Ok(runtime) => {
            runtime.block_on(async {
                let _ = tokio::time::timeout(WITHIN, publish(config, &orders, &mut results)).await;
            });
            // A name server that does not answer is not waited for.
            runtime.shutdown_background();
        }
    }
    let told = orders.into_iter().map(|Order { id, .. }| {
        let result = results.remove(&id).unwrap_or_else(|| Err("the broker did not take the command".into()));
        (config[id].id.clone(), result)
    });
    told.collect()
}

async fn publish(config: &Config, orders: &[Order], results: &mut BTreeMap<OutputId, Result<(), String>>) {
    let Some(settings) = &config.mqtt else { return };
    let mut connection: Connection<OutputId> = Connection::open(settings, "safe");
    loop {
        match connection.next().await {
            News::Up => {
                for Order { id, topic, payload } in orders {
                    if connection.publish(topic, payload.clone(), Some(*id)).is_err() {
                        results.insert(*id, Err("there are too many".into()));
                    }
                }
            }
            News::Taken(id) => {
                results.insert(id, Ok(()));
                if results.len() == orders.len() {
                    return connection.close().await;
                }
            }
            News::Came(_) | News::Listening(_) => {}
            News::Closed => return,
            News::Lost(loss) => {
                for Order { id, .. } in orders {
                    results.entry(*id).or_insert_with(|| Err(loss.reason.clone()));
                }
                return;
            }
        }
    }
}
