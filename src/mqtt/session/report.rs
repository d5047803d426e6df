//! What people are told of the connection: in the log, by the status, and by the broker itself.

use super::{
    super::{
        Clearing,
        client::Denied,
        discovery::Device,
        inbox::{Asked, AskedFor},
        loss::{Loss, LossKind},
    },
    Lived, Session,
};
use crate::model::{BrokerStatus, MqttSettings, in_shell, shown};
use std::time::Duration;

impl Session {
    /// The broker does what a broker does, but for topics that it does not let us read.
    pub(super) fn is_good(&mut self, refused: &[(Asked, Denied)], version: &str) {
        self.backoff.good();
        let (address, client_id) = (self.settings.address(), &self.settings.client_id);
        tracing::info!("connected to the broker at {address} as {client_id}, by MQTT {version}");
        // What is not allowed of one is not allowed of all, for the same reason.
        let not_allowed = |what| {
            let refused = refused.iter().filter(|(asked, _)| asked.what == what);
            let (topics, whys): (Vec<&str>, Vec<&Denied>) = refused.map(|(asked, why)| (&*asked.filter, why)).unzip();
            Some(format!("the broker does not let us read {}: {}", topics.join(", "), whys.first()?))
        };
        if let Some(text) = not_allowed(AskedFor::HomeAssistant) {
            tracing::warn!("{text}");
        }
        if let Some(text) = not_allowed(AskedFor::Ours) {
            tracing::info!("{text}, so that what strangers publish there is set right");
        }
        let error = not_allowed(AskedFor::Commands).map(|text| format!("no commands come: {text}"));
        if let Some(error) = &error {
            tracing::warn!("{error}");
        }
        let connected = error.is_none();
        let error = error.or_else(|| self.not_taken.clone());
        self.problem = error.clone();
        self.catch_up();
        self.status.send_replace(BrokerStatus { connected, attempts: 0, error });
    }

    /// The broker does not let us publish there. Of one topic it is told, and until another connection no more.
    pub(super) fn not_taken(&mut self, topic: &str, denied: &Denied) {
        let text = match denied.passes {
            true => format!(
                "the broker does not take now what is published on {}: {denied}; it is tried again",
                shown(topic)
            ),
            false => format!("the broker does not let us publish on {}: {denied}", shown(topic)),
        };
        if self.not_taken.is_some() {
            return tracing::debug!("{text}");
        }
        tracing::warn!("{text}");
        self.not_taken = Some(text.clone());
        self.problem = self.problem.take().or(Some(text.clone()));
        self.status.send_modify(|status| status.error = status.error.take().or(Some(text)));
    }

    /// A stranger had the last word on some of our topics.
    pub(super) fn set_right(&mut self) {
        let Some((topic, count)) = self.outbox.set_right() else { return };
        let more = if count > 1 { format!(" and {} more of our topics", count - 1) } else { String::new() };
        if self.strangers == 0 {
            tracing::warn!(
                "somebody else published on {topic}{more}: set right; if it goes on, another hub has the same mqtt.prefix, \
                 or somebody may write there who should not: see the broker's access list"
            );
        } else {
            tracing::debug!("somebody else published on {topic}{more}: set right");
        }
        self.strangers = self.strangers.saturating_add(1);
    }

    /// Says what stays at a broker that is not to hear of this hub any more.
    pub(super) fn complain_of(&self, left: Clearing) {
        let MqttSettings { prefix, discovery_prefix, discovery_single, .. } = &self.settings;
        let discovery = discovery_prefix.as_ref().filter(|_| left.discovery);
        let topics = left.topics.then(|| format!("{prefix}/#"));
        let left = topics
            .into_iter()
            .chain(discovery.into_iter().flat_map(|to| Device::filters(to, &self.hub, *discovery_single)));
        let left: Vec<String> = left.map(|topic| in_shell(&topic)).collect();
        if !left.is_empty() {
            tracing::warn!(
                "the broker at {} could not be told to forget {}: clear them with mosquitto_sub --remove-retained, see \
                 docs/mqtt.md",
                self.settings.address(),
                left.join(" and ")
            );
        }
    }

    /// The connection is lost, and the next try begins after `wait`.
    pub(super) fn report(&mut self, loss: Loss, lived: Lived, fight: bool, wait: Duration) {
        let Loss { mut reason, kind } = loss;
        // One that went away may have been mended.
        self.doubted = kind == LossKind::Wrong && lived.up;
        if fight {
            reason.push_str(&format!(
                " soon after it was made, again and again: another client seems to use the client id {} too; stop it, \
                 or give each hub its own in [mqtt]",
                self.settings.client_id
            ));
        }
        let broker = self.settings.address();
        let seconds = wait.as_secs_f32();
        let known = self.status.borrow().error.as_ref() == Some(&reason);
        if known {
            tracing::debug!("still no broker at {broker}: {reason}; trying again in {seconds:.1} s");
        } else if lived.up {
            tracing::warn!("lost the broker at {broker}: {reason}; trying again in {seconds:.1} s");
        } else {
            tracing::warn!(
                "cannot connect to the broker at {broker}: {reason}; trying again in {seconds:.1} s, and on"
            );
        }
        // A broker that takes messages and does nothing more is told what is wrong with it: it may pass that on.
        let on_mqtt = lived.up && matches!(kind, LossKind::Wrong | LossKind::TooLarge);
        self.problem = on_mqtt.then(|| reason.clone());
        self.status.send_modify(|status| {
            status.connected = false;
            status.attempts = if lived.good { 0 } else { status.attempts.saturating_add(1) };
            status.error = Some(reason);
        });
    }
}
