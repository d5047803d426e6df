//! A small house with the adapter running, and nothing behind it.

use crate::broker::until;
use chrono::DateTime;
use hearthd::clock::{Clock, Moment, Now};
use hearthd::house::{self, Ends, Notification};
use hearthd::model::*;
use hearthd::mqtt::{self, Ledger};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub struct House {
    pub status: watch::Receiver<BrokerStatus>,
    mqtt: JoinHandle<()>,
    house: house::House,
    ends: Ends,
    port: u16,
}

impl House {
    /// Switches of these names, a motion detector and a thermometer that were not heard yet.
    pub fn start(port: u16, outputs: &[&str]) -> House {
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let (house, ends) = house::House::new(Arc::new(snapshot(config(port, outputs))), clock);
        let mqtt = tokio::spawn(mqtt::attach(&house, ends.broker.clone(), Ledger::open(None)));
        House { status: house.broker.clone(), mqtt, house, ends, port }
    }

    /// The next command.
    pub async fn command(&mut self) -> (String, String) {
        let command = until("a command", self.ends.requests.recv()).await.unwrap().command;
        (command.point, command.payload)
    }

    pub fn tell(&self, told: Notification) {
        assert_eq!(self.house.notifications.tell(&[told]), 0);
    }

    /// Takes leave of the broker.
    pub async fn stop(&mut self) {
        self.ends.stopping.send_replace(true);
        until("the stop", &mut self.mqtt).await.unwrap();
    }

    /// Breaks the connection.
    pub async fn abort(self) {
        self.mqtt.abort();
        assert!(self.mqtt.await.unwrap_err().is_cancelled());
    }

    pub fn set(&mut self, point: &str, value: Value) {
        self.change(point, |state| (state.value, state.quality) = (Some(value), Quality::Good));
    }

    pub fn change(&mut self, point: &str, change: impl FnOnce(&mut PointState)) {
        let mut snapshot = Snapshot::clone(&self.ends.snapshots.borrow());
        let point = snapshot.config.find_point(point).unwrap();
        let place = snapshot.points.iter().position(|state| state.point == point).unwrap();
        let mut state = PointState::clone(&snapshot.points[place]);
        change(&mut state);
        snapshot.set(place, state);
        self.ends.snapshots.send_replace(Arc::new(snapshot));
    }

    /// The hub tells this of itself.
    pub fn vitals(&mut self, vitals: &[(Vital, &str)]) {
        let told = vitals.iter().map(|(vital, value)| (*vital, (*value).to_owned().into()));
        self.ends.vitals.send_replace(Arc::new(told.collect()));
    }

    pub fn reload(&mut self, outputs: &[&str]) {
        let after = Arc::new(snapshot(config(self.port, outputs)));
        self.ends.config.send_replace(after.config.clone());
        self.ends.snapshots.send_replace(after);
    }

    /// Home Assistant is told of each entity by itself, or of devices.
    pub fn reload_single(&mut self, outputs: &[&str], single: bool) {
        let mut config = config(self.port, outputs);
        config.mqtt.as_mut().unwrap().discovery_single = single;
        let after = Arc::new(snapshot(config));
        self.ends.config.send_replace(after.config.clone());
        self.ends.snapshots.send_replace(after);
    }

    /// The lamp and the motion detector are now in the hall.
    pub fn reload_with_hall(&mut self, outputs: &[&str]) {
        let mut config = config(self.port, outputs);
        config.rooms = vec![Room::plain("hall", vec![InputId(0)])];
        config.outputs[0].room = Some(RoomId(0));
        let after = Arc::new(snapshot(config));
        self.ends.config.send_replace(after.config.clone());
        self.ends.snapshots.send_replace(after);
    }

    pub async fn connected(&mut self) {
        self.until_status("the connection", |status| status.connected).await;
    }

    pub async fn disconnected(&mut self) {
        self.until_status("the end of the connection", |status| !status.connected).await;
    }

    pub async fn until_status(&mut self, what: &str, is_it: impl FnMut(&BrokerStatus) -> bool) -> BrokerStatus {
        until(what, self.status.wait_for(is_it)).await.unwrap().clone()
    }
}

fn settings(port: u16) -> MqttSettings {
    MqttSettings {
        host: "127.0.0.1".into(),
        port,
        version: MqttVersion::Auto,
        username: None,
        password: None,
        client_id: "hearthd_cottage".into(),
        prefix: "hearthd/cottage".into(),
        discovery_prefix: Some("homeassistant".into()),
        discovery_single: false,
        homie: false,
        birth_topic: "homeassistant/status".into(),
        keep_alive: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(5),
        carrier: Carrier::Tcp,
        tls: None,
    }
}

fn config(port: u16, outputs: &[&str]) -> Config {
    Config {
        mqtt: Some(settings(port)),
        outputs: outputs.iter().map(|id| Output::plain(id, OutputKind::Switch, Line::Number(17))).collect(),
        inputs: vec![Input::plain("hall_motion", InputKind::Motion, Line::Number(4))],
        sensors: vec![Sensor::plain("living", Chip::Lm75)],
        ..Config::empty("cottage")
    }
}

fn snapshot(config: Config) -> Snapshot {
    let explanation = Explanation {
        winner: Slot::Default,
        level: Level::OFF,
        line: "default: nobody asks for anything".into(),
        slots: vec![],
    };
    let explanation = Arc::new(explanation);
    let config = Arc::new(config);
    let state = |point| {
        let is_output = matches!(point, Point::Output(_));
        PointState {
            point,
            value: is_output.then_some(Value::Level(Level::OFF)),
            quality: if is_output { Quality::Good } else { Quality::Unknown },
            changed: None,
            fault: None,
            usage: None,
            because: None,
            explanation: is_output.then(|| explanation.clone()),
        }
    };
    let now = Now { moment: Moment::START, wall: DateTime::UNIX_EPOCH, wall_known: true };
    Snapshot::new(config.clone(), now, 0, config.points().map(state))
}
