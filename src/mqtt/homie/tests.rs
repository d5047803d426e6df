//! What goes out of a house in which order.

use super::{device::Device, outbox::Outbox};
use crate::{
    model::{OutputKind, PointState, Quality, Snapshot, Value},
    mqtt::house,
};
use std::{collections::BTreeSet, sync::Arc};

fn snapshot(outputs: &[(&str, OutputKind)]) -> Arc<Snapshot> {
    Arc::new(house::snapshot(&Arc::new(house::config(outputs))))
}

fn lamp() -> Arc<Snapshot> {
    snapshot(&[("lamp", OutputKind::Light)])
}

/// All that there is to say, as `topic payload` below the device.
fn said(outbox: &mut Outbox) -> Vec<String> {
    let messages = std::iter::from_fn(|| outbox.next());
    let short = |topic: &str| topic.strip_prefix("homie/5/cottage/").unwrap_or(topic).to_owned();
    messages.map(|message| format!("{} {}", short(&message.topic), message.payload)).collect()
}

fn changed(before: &Snapshot, name: &str, change: impl FnOnce(&mut PointState)) -> Arc<Snapshot> {
    let mut after = before.clone();
    let point = after.config.find_point(name).unwrap();
    let place = after.points.iter().position(|state| state.point == point).unwrap();
    let mut state = PointState::clone(&after.points[place]);
    change(&mut state);
    after.set(place, state);
    Arc::new(after)
}

#[test]
fn it_is_described_then_told_then_ready() {
    let mut outbox = Outbox::new(lamp(), true, BTreeSet::new());
    let all = said(&mut outbox);
    assert_eq!(all[0], "$state init");
    assert!(all[1].starts_with("$description {"));
    assert!(all.contains(&"lamp/state false".into()) && all.contains(&"living/temperature ".into()), "{all:?}");
    assert!(!all.contains(&"$state ready".into()), "commands are not heard yet");
    outbox.listening();
    assert_eq!(said(&mut outbox), ["$state ready"]);
    assert!(said(&mut outbox).is_empty());
}

#[test]
fn only_what_changed_is_told_and_a_fault_is_an_alert() {
    let before = lamp();
    let mut outbox = Outbox::new(before.clone(), true, BTreeSet::new());
    outbox.listening();
    said(&mut outbox);
    let warm = changed(&before, "living.temperature", |state| {
        (state.value, state.quality) = (Some(Value::Number(21.5)), Quality::Good);
    });
    outbox.update(warm.clone());
    assert_eq!(said(&mut outbox), ["living/temperature 21.50"]);
    let lost = changed(&warm, "living.temperature", |state| {
        (state.quality, state.fault) = (Quality::Fault, Some("it does not answer".into()));
    });
    outbox.update(lost.clone());
    let alert = "$alert/living--temperature Living room temperature: it does not answer";
    assert_eq!(said(&mut outbox), [alert, "living/temperature "]);
    assert!(outbox.record().contains("homie/5/cottage/$alert/living--temperature"));
    outbox.update(changed(&lost, "living.temperature", |state| state.quality = Quality::Good));
    assert_eq!(said(&mut outbox), ["$alert/living--temperature ", "living/temperature 21.50"]);
}

#[test]
fn what_an_earlier_device_left_is_cleared_and_another_ones_state_goes_first() {
    let left =
        ["homie/5/barn/lamp/state", "homie/5/barn/$state", "homie/5/cottage/pump/state", "homie/5/cottage/$state"];
    let mut outbox = Outbox::new(lamp(), true, left.map(String::from).into());
    let all = said(&mut outbox);
    assert_eq!(all[..3], ["homie/5/barn/$state ", "homie/5/barn/lamp/state ", "$state init"]);
    assert_eq!(all[4], "pump/state ", "after the description that does not name it any more");
    outbox.all_acknowledged();
    assert_eq!(outbox.record(), Device::of(&lamp().config).kept_topics().collect());
}

#[test]
fn at_its_end_it_is_disconnected_or_gone() {
    let mut outbox = Outbox::new(lamp(), true, BTreeSet::new());
    outbox.listening();
    said(&mut outbox);
    outbox.close(false);
    assert_eq!(said(&mut outbox), ["$state disconnected"]);
    outbox.close(true);
    let all = said(&mut outbox);
    assert_eq!(all[0], "$state ");
    assert!(all.iter().all(|message| message.ends_with(' ')) && all.contains(&"$description ".into()), "{all:?}");
}

#[test]
fn names_that_would_have_the_same_id_have_their_own() {
    use OutputKind::Light;
    let config = house::config(&[("lamp_", Light), ("lamp__x", Light), ("lamp__x_2", Light)]);
    let device = Device::of(&config);
    let topics: BTreeSet<&String> = device.properties.iter().map(|property| &property.topic).collect();
    assert_eq!(topics.len(), device.properties.len());
    let commanded = |id: &str| {
        let place = device.commanded(&format!("homie/5/cottage/{id}/state/set")).unwrap();
        device.properties[place].point.clone()
    };
    let expected = ["lamp_", "lamp__x", "lamp__x_2"];
    assert_eq!(["lamp--x", "lamp--x-2", "lamp--x-2-2"].map(commanded), expected);
    let described: serde_json::Value = serde_json::from_str(&device.description).unwrap();
    for id in ["lamp--x", "lamp--x-2", "lamp--x-2-2"] {
        assert!(described["nodes"][id]["properties"]["state"].is_object(), "{id} in {described}");
    }
}
