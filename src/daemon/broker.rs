//! The connection to the broker over reloads: made, changed for another, ended.

use super::publisher::{self, Pass};
use crate::{
    model::{BrokerStatus, Config, Event, MqttSettings, Snapshot},
    mqtt::{self, Clearing, Feed, Ledger, Mqtt, Notification},
};
use std::sync::Arc;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

/// The connection to the broker, if one is configured.
pub(super) struct Broker {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    events: mpsc::Sender<Event>,
    /// What is wrong with the daemon itself.
    trouble: watch::Receiver<Option<String>>,
    /// How it stands with it.
    pub(super) status: watch::Sender<BrokerStatus>,
    ledger: Arc<Ledger>,
    running: Option<Connection>,
    /// Connections that take leave; the next one begins when they have, so that its `online` is the last word.
    leaving: JoinSet<()>,
}

struct Connection {
    /// What it was made for: another hub or other settings need another one.
    hub: Arc<str>,
    settings: MqttSettings,
    mqtt: Mqtt,
    told: mpsc::Sender<Notification>,
}

impl Broker {
    pub(super) fn new(
        snapshots: watch::Receiver<Arc<Snapshot>>,
        events: mpsc::Sender<Event>,
        trouble: watch::Receiver<Option<String>>,
        ledger: Arc<Ledger>,
    ) -> Broker {
        let (status, leaving) = (watch::Sender::new(BrokerStatus::default()), JoinSet::new());
        Broker { snapshots, events, trouble, status, ledger, running: None, leaving }
    }

    pub(super) fn start(&mut self, config: &Config) {
        self.running = config.mqtt.clone().map(|settings| {
            let (told, to_tell) = mpsc::channel(publisher::TOLD_MAX);
            let feed = Feed { snapshots: self.snapshots.clone(), trouble: self.trouble.clone(), told: to_tell };
            let hub = config.hub.id.clone();
            let (events, status, ledger) = (self.events.clone(), self.status.clone(), self.ledger.clone());
            let mqtt = mqtt::spawn(hub, settings.clone(), feed, events, status, ledger);
            Connection { hub: config.hub.id.clone(), settings, mqtt, told }
        });
    }

    /// Another configuration is in force. The connection that does not fit it leaves without being waited for.
    pub(super) fn change(&mut self, config: &Config) {
        let fits = |running: &Connection| {
            running.hub == config.hub.id && config.mqtt.as_ref().is_some_and(|wanted| *wanted == running.settings)
        };
        if self.running.as_ref().is_some_and(fits) {
            return;
        }
        match self.running.take() {
            Some(Connection { hub, settings, mqtt, .. }) => {
                let after = config.mqtt.as_ref().map(|wanted| (&*config.hub.id, wanted));
                drop(self.leaving.spawn(mqtt.stop(Clearing::between((&hub, &settings), after))));
            }
            None if self.leaving.is_empty() => self.start(config),
            // `left` is yet to come.
            None => {}
        }
    }

    /// Waits until the last connection that takes leave has gone; for ever, if there is none.
    pub(super) async fn left(&mut self) {
        while self.leaving.join_next().await.is_some() {
            if self.leaving.is_empty() {
                return;
            }
        }
        std::future::pending().await
    }

    /// What is wrong with the connection, to be added to a line; None: all is well, or it is being made.
    pub(super) fn trouble(&self) -> Option<String> {
        let status = self.status.borrow();
        let error = status.error.as_ref().filter(|_| self.running.is_some() && !status.connected);
        error.map(|error| format!("broker: {error}"))
    }

    /// False when the connection ended by itself, which it never does.
    pub(super) fn is_healthy(&self) -> bool {
        self.running.as_ref().is_none_or(|running| running.mqtt.is_running())
    }

    pub(super) fn addressed(&self, pass: Pass) -> Pass {
        Pass { told_to: self.running.as_ref().map(|running| running.told.clone()), ..pass }
    }

    pub(super) async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            self.leaving.spawn(running.mqtt.stop(Clearing::default()));
        }
        while self.leaving.join_next().await.is_some() {}
    }
}
