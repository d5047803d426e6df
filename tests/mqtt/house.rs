//! A small house with the adapter running, and nothing behind it.

use crate::broker::until;
use chrono::DateTime;
use hearthd::clock::{Moment, Now};
use hearthd::model::*;
use hearthd::mqtt::{self, Feed, Ledger, Mqtt, Notification};
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};

pub struct House {
    pub mqtt: Option<Mqtt>,
    pub status: watch::Receiver<BrokerStatus>,
    pub events: mpsc::Receiver<Event>,
    pub told: mpsc::Sender<Notification>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    port: u16,
}

impl House {
    /// Switches of these names, a motion detector and a thermometer that were not heard yet.
    pub fn start(port: u16, outputs: &[&str]) -> House {
        let (snapshots, newest) = watch::channel(Arc::new(snapshot(config(port, outputs))));
        let (event_sender, events) = mpsc::channel(1024);
        let (told, to_tell) = mpsc::channel(64);
        let (status_sender, status) = watch::channel(BrokerStatus::default());
        let ledger = Ledger::open(None);
        let feed = Feed { snapshots: newest, trouble: watch::channel(None).1, told: to_tell };
        let mqtt = mqtt::spawn("cottage".into(), settings(port), feed, event_sender, status_sender, ledger);
        House { status, mqtt: Some(mqtt), events, told, snapshots, port }
    }

    pub fn set(&mut self, point: &str, value: Value) {
        self.change(point, |state| (state.value, state.quality) = (Some(value), Quality::Good));
    }

    pub fn change(&mut self, point: &str, change: impl FnOnce(&mut PointState)) {
        let mut snapshot = Snapshot::clone(&self.snapshots.borrow());
        let point = snapshot.config.find_point(point).unwrap();
        let place = snapshot.points.iter().position(|state| state.point == point).unwrap();
        let mut state = PointState::clone(&snapshot.points[place]);
        change(&mut state);
        snapshot.set(place, state);
        self.snapshots.send_replace(Arc::new(snapshot));
    }

    pub fn reload(&mut self, outputs: &[&str]) {
        self.snapshots.send_replace(Arc::new(snapshot(config(self.port, outputs))));
    }

    /// The lamp and the motion detector are now in the hall.
    pub fn reload_with_hall(&mut self, outputs: &[&str]) {
        let mut config = config(self.port, outputs);
        config.rooms = vec![Room::plain("hall", vec![InputId(0)])];
        config.outputs[0].room = Some(RoomId(0));
        self.snapshots.send_replace(Arc::new(snapshot(config)));
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
        username: None,
        password: None,
        client_id: "hearthd_cottage".into(),
        prefix: "hearthd/cottage".into(),
        discovery_prefix: Some("homeassistant".into()),
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
