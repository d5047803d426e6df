//! The house on a broker: states out, commands in, and everything in Home Assistant without another step.
//!
//! ```text
//!  snapshots ──> Outbox ──> Link ──> broker      states, reasons, availability, discovery
//!   refusals ──>   ^          |
//!                  └─ Session ┤                  connects, waits, connects again, for ever
//!                             v
//!     house  <── queue <── Inbox <── broker      commands, Home Assistant's birth
//! ```
//!
//! - **Nothing is queued for a broker that is away.** States come from the newest snapshot, compared with what this
//!   connection was given: latest wins. Only refusals of commands wait, a bounded number of them.
//! - **Every connection starts from nothing**: new client, clean session, everything told again. So nothing depends on
//!   what the broker, or the client library, remembers.
//! - **No policy.** What a command means, and whether it is one, the engine decides.

pub mod topics;

pub mod discovery;

pub mod inbox;

mod outbox;

mod ledger;

mod repeats;

mod reply;

mod forward;

mod backoff;

mod loss;

mod tls;

mod websocket;

mod dial;

mod client;

mod link;

mod timer;

mod session;

mod hub;

pub mod remote;

pub mod homie;

#[cfg(test)]
mod house;

use crate::house::{House, Notification};
use crate::model::{BrokerStatus, Config, MqttSettings, Snapshot, Vitals};
pub use client::{Delivery, Qos};
pub use hub::attach;
pub use ledger::Ledger;
pub use reply::ReplyTo;
use session::Session;
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// Time for the last words; a broker that needs longer publishes the last will instead, which says the same.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// A connection with all its tries. Dropped without [`Mqtt::stop`], it breaks, and the broker publishes the last
/// will: `offline`.
#[derive(Debug)]
struct Mqtt {
    tasks: JoinSet<()>,
    stop: oneshot::Sender<Clearing>,
}

/// Which retained messages are not to be left at the broker: nobody would ever replace them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clearing {
    /// Those of all points, and the hub's availability.
    pub topics: bool,
    /// Home Assistant's discovery.
    pub discovery: bool,
}

impl Clearing {
    /// What a connection of one hub and settings leaves that one of others (None: there will be none) does not take over.
    /// Topics under another prefix the next one clears, when Home Assistant was told of the new ones.
    pub fn between(before: (&str, &MqttSettings), after: Option<(&str, &MqttSettings)>) -> Clearing {
        let discovery = |(hub, settings): (&str, &MqttSettings)| {
            settings.discovery_prefix.as_ref().map(|prefix| discovery::topic(prefix, hub))
        };
        match after.filter(|after| after.1.is_same_broker(before.1)) {
            None => Clearing { topics: true, discovery: true },
            Some(after) => {
                let device = discovery(after) != discovery(before);
                Clearing { topics: device && after.1.prefix != before.1.prefix, discovery: device }
            }
        }
    }
}

/// What the adapter tells the broker, and where it brings commands.
struct Feed {
    house: House,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    vitals: watch::Receiver<Arc<Vitals>>,
    /// What is told once; it is read at all times, connected or not.
    told: mpsc::Receiver<Notification>,
    /// For refusals of its own commands.
    refusals: mpsc::Sender<Notification>,
}

impl Feed {
    fn of(house: &House) -> Feed {
        let (refusals, told) = house.notifications.listen();
        Feed { house: house.clone(), snapshots: house.snapshots.clone(), vitals: house.vitals.clone(), told, refusals }
    }
}

/// Starts a connection's tasks on the current tokio runtime, for a hub with these settings; what snapshots of others say is
/// not told.
///
/// Commands go to the house in the order in which they came; while it has no room they wait, first in a queue here, then at
/// the broker. `status` is told how it stands with the broker. `ledger` is what connections before have left.
fn spawn(
    hub: Arc<str>,
    settings: MqttSettings,
    mut feed: Feed,
    status: watch::Sender<BrokerStatus>,
    ledger: Arc<Ledger>,
) -> Mqtt {
    let (stop, mut stopped) = oneshot::channel();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        // After a reload the publisher may be behind.
        let first = tokio::select! {
            first = feed.snapshots.wait_for(|snapshot| is_of(&snapshot.config, &hub, &settings)) => first.map(|first| first.clone()),
            _ = &mut stopped => return,
        };
        if let Ok(first) = first {
            Session::new((hub, settings), first, feed, status, stopped, ledger).run().await;
        }
    });
    Mqtt { tasks, stop }
}

/// Whether a configuration is that of a hub with these settings.
fn is_of(config: &Config, hub: &Arc<str>, settings: &MqttSettings) -> bool {
    config.hub.id == *hub && config.mqtt.as_ref() == Some(settings)
}

impl Mqtt {
    /// Waits until it ended without being stopped: after a panic.
    async fn ended(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    /// Publishes what the newest snapshot says and `offline`, or clears what is not to be left, and takes leave of the
    /// broker; gives up after 2 s.
    async fn stop(mut self, clearing: Clearing) {
        if self.stop.send(clearing).is_ok() && tokio::time::timeout(STOP_WITHIN, self.tasks.join_next()).await.is_err()
        {
            tracing::warn!("the broker did not take the last messages within {STOP_WITHIN:?}");
        }
    }
}
