//! Entities that people could not tell apart: two that home apps show by one name, or that Home Assistant would give one id.

use super::{diagnostic::Problems, ids::Named, rules::line_of};
use crate::model::{Config, Owner, RoomId};
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

/// An entity, and what names it in the file.
struct Shown<'a> {
    platform: &'static str,
    /// As rules write it.
    point: &'a str,
    title: &'a str,
    room: Option<RoomId>,
    named: &'a Named,
}

/// Warns of entities that are announced and look alike. `named`: all tables that have a name.
pub(super) fn check(named: &[Named], config: &Config, source: &str, problems: &Problems) {
    if problems.has_errors() || config.mqtt.as_ref().is_none_or(|mqtt| mqtt.discovery_prefix.is_none()) {
        return;
    }
    // A copy, because a configuration is not changed after its points were described; this one may be.
    let config = &config.clone();
    let table = |kind: &str, id: &str| named.iter().find(|named| named.kind == kind && named.id.text == id);
    let of_points = config.specs().iter().filter(|spec| !config.is_of_another_hub(spec.owner)).filter_map(|spec| {
        let entity = config.entity(spec)?;
        let named = match spec.owner {
            Owner::Output(id) => table("output", &config[id].id),
            Owner::Input(id) => table("input", &config[id].id),
            Owner::Sensor(id) => table("sensor", &config[id].id).or_else(|| table("input", &config[id].id)),
            Owner::Room(id) => table("room", &config[id].id),
            Owner::Zone(id) => table("climate zone", &config[id].id),
            Owner::House => None,
        }?;
        Some(Shown { platform: entity.platform, point: entity.name, title: entity.title, room: spec.room, named })
    });
    let of_scenes = config.scenes.iter().filter_map(|scene| {
        let named = table("scene", &scene.id)?;
        Some(Shown { platform: "scene", point: &scene.id, title: &scene.name, room: None, named })
    });
    let mut all: Vec<Shown<'_>> = of_points.chain(of_scenes).collect();
    // The later one of the file is the one to rename.
    all.sort_by_key(|shown| shown.named.id.place.start);
    let (mut names, mut ids) = (BTreeMap::new(), BTreeMap::new());
    let mut told = BTreeSet::new();
    for shown in &all {
        let by_name = first(&mut names, (shown.platform, slug(&full_name(config, shown.room, shown.title))), shown);
        let by_id = first(&mut ids, (shown.platform, shown.point.replace('.', "_")), shown);
        let Some(other) = by_name.or(by_id) else { continue };
        if !told.insert((other.named.id.place.start, shown.named.id.place.start)) {
            continue;
        }
        let (mine, others) = (shown.point, other.point);
        let place_of_other = if by_name.is_some() { &other.named.called.place } else { &other.named.id.place };
        let line = line_of(source, place_of_other.start);
        if by_name.is_some() {
            let message = format!(
                "home apps show `{mine}` and `{others}` (line {line}) by one name, \"{}\"",
                full_name(config, shown.room, shown.title)
            );
            let name = &shown.named.called.name;
            let of_id = super::ids::for_people(&shown.named.id.text);
            let other_name = if slug(&of_id) == slug(name) { format!("{name} 2") } else { of_id };
            let written = if shown.named.called.is_written { "write" } else { "add below it" };
            let advice = format!("{written} another name, such as name = \"{other_name}\"");
            problems.warning(shown.named.called.place.clone(), message, advice);
        } else {
            let message = format!(
                "Home Assistant would give `{mine}` and `{others}` (line {line}) one id, {}.{}_{}, and makes `_2` of one",
                shown.platform,
                config.hub.id,
                mine.replace('.', "_")
            );
            let advice = format!("call the table otherwise, such as {}_2", shown.named.id.text);
            problems.warning(shown.named.id.place.clone(), message, advice);
        }
    }
}

/// The first of those that have this in common, if that is of another table.
fn first<'s, 'a>(
    known: &mut BTreeMap<(&'static str, String), &'s Shown<'a>>,
    common: (&'static str, String),
    shown: &'s Shown<'a>,
) -> Option<&'s Shown<'a>> {
    match known.entry(common) {
        Entry::Vacant(entry) => {
            entry.insert(shown);
            None
        }
        Entry::Occupied(entry) => Some(*entry.get()).filter(|first| first.named.id.place != shown.named.id.place),
    }
}

/// The name of its room, or of the hub, and then its own.
fn full_name(config: &Config, room: Option<RoomId>, title: &str) -> String {
    let place = room.map_or(&config.hub.name, |room| &config[room].name);
    match config.name_within(room, title) {
        Some(within) => format!("{place} {within}"),
        None => place.clone(),
    }
}

/// What Home Assistant makes of a name: small letters and digits, with one `_` for all between. It writes other letters in
/// those of English, too; names that differ in nothing else are rare, and left to it.
fn slug(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}
