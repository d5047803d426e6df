//! The connection to the broker over reloads: made, changed for another, ended.

use super::{Clearing, Feed, Ledger, Mqtt, spawn};
use crate::{
    house::House,
    model::{BrokerStatus, Config, MqttSettings},
};
use std::sync::Arc;
use tokio::{sync::watch, task::JoinSet};

/// Keeps the broker that the configuration in force names informed, until the house is stopping; `status` is told how it stands
/// with it, and `ledger` is what connections before have left. It listens from now on, and ends early only when a connection
/// died.
///
/// # Panics
/// Outside a tokio runtime.
pub fn attach(
    house: &House,
    status: watch::Sender<BrokerStatus>,
    ledger: Arc<Ledger>,
) -> impl Future<Output = ()> + Send + use<> {
    let mut hub = Hub { house: house.clone(), status, ledger, running: None, leaving: JoinSet::new() };
    let config = hub.house.config.borrow_and_update().clone();
    hub.start(&config);
    hub.run(config)
}

struct Hub {
    house: House,
    status: watch::Sender<BrokerStatus>,
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
}

/// Waits until the last connection that takes leave has gone; for ever, if there is none.
async fn left(leaving: &mut JoinSet<()>) {
    while leaving.join_next().await.is_some() {
        if leaving.is_empty() {
            return;
        }
    }
    std::future::pending().await
}

/// Waits until the connection ended by itself, which it never does.
async fn ended(running: &mut Option<Connection>) {
    match running {
        Some(running) => running.mqtt.ended().await,
        None => std::future::pending().await,
    }
}

impl Hub {
    async fn run(mut self, mut config: Arc<Config>) {
        let (mut house, mut configs) = (self.house.clone(), self.house.config.clone());
        loop {
            tokio::select! {
                () = house.stopping() => return self.stop().await,
                Ok(()) = configs.changed() => {
                    config.clone_from(&configs.borrow_and_update());
                    self.change(&config);
                }
                () = left(&mut self.leaving) => self.start(&config),
                () = ended(&mut self.running) => return,
            }
        }
    }

    fn start(&mut self, config: &Config) {
        self.running = config.mqtt.clone().map(|settings| {
            let feed = Feed::of(&self.house);
            let hub = config.hub.id.clone();
            let mqtt = spawn(hub.clone(), settings.clone(), feed, self.status.clone(), self.ledger.clone());
            Connection { hub, settings, mqtt }
        });
    }

    /// Another configuration is in force. The connection that does not fit it leaves without being waited for.
    fn change(&mut self, config: &Config) {
        let fits = |running: &Connection| {
            running.hub == config.hub.id && config.mqtt.as_ref().is_some_and(|wanted| *wanted == running.settings)
        };
        if self.running.as_ref().is_some_and(fits) {
            return;
        }
        match self.running.take() {
            Some(Connection { hub, settings, mqtt }) => {
                self.status.send_replace(BrokerStatus::default());
                let after = config.mqtt.as_ref().map(|wanted| (&*config.hub.id, wanted));
                drop(self.leaving.spawn(mqtt.stop(Clearing::between((&hub, &settings), after))));
            }
            None if self.leaving.is_empty() => self.start(config),
            // It is started when the last one has left.
            None => {}
        }
    }

    async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            self.leaving.spawn(running.mqtt.stop(Clearing::default()));
        }
        while self.leaving.join_next().await.is_some() {}
    }
}
