//! `settable = true`: the numbers of a table that people may set without editing the file.

use super::{
    diagnostic::Problems,
    shape::Flag,
    table::{Id, Table},
};
use crate::model::{Config, Settable};
use std::ops::Range;

/// Whether a table says so; `which` key it is about.
pub(super) fn read(which: &str, table: &mut Table<'_>) -> bool {
    let about = format!(
        "Whether people may set {which} in home apps, on the page or with `hearthd set`; what is set holds over restarts, until \
         AUTO or until the file says something else."
    );
    table.defaulted("settable", &about, Flag, false)
}

/// The tables that say so.
pub(super) struct Drafts {
    pub outputs: Vec<Id>,
    pub rooms: Vec<Id>,
    pub zones: Vec<Id>,
}

/// Their numbers.
pub(super) fn resolve(drafts: &Drafts, config: &Config, problems: &Problems) -> Vec<Settable> {
    let mut found = Vec::new();
    let mut add = |setting: Settable, place: &Range<usize>| {
        // What is no number was reported.
        if config.settable_in_file(setting).is_none() {
            return;
        }
        let (owner, word) = (config.owner_id(setting.owner()), config.settable_word(setting));
        let is_read =
            config.find_sensor(owner).is_some_and(|id| config[id].quantities().any(|read| read.word() == word));
        if is_read {
            let message = format!("`{owner}.{word}` is what the sensor `{owner}` reads, and would be what people set");
            problems.error(place.clone(), message, "give one of the two another name");
        }
        found.push(setting);
    };
    for id in &drafts.outputs {
        config.find_output(&id.text).into_iter().for_each(|output| add(Settable::ManualFor(output), &id.place));
    }
    for id in &drafts.rooms {
        config.find_room(&id.text).into_iter().for_each(|room| add(Settable::EmptyAfter(room), &id.place));
    }
    for id in &drafts.zones {
        let Some(zone) = config.find_climate(&id.text) else { continue };
        for preset in 0..config[zone].presets.len() {
            add(Settable::Heat(zone, preset), &id.place);
            add(Settable::Cool(zone, preset), &id.place);
        }
    }
    found
}
