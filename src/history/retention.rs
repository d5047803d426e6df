//! What is kept for how long: the oldest goes first, readings as they were before their sums.

use super::{
    aside,
    store::{DAY, HOUR, Result, Store, key},
};
use crate::model::HistorySettings;

/// How far the past that is kept may move on at a time: a clock that is years ahead for an hour must not cost years.
const STEP: i64 = DAY;
/// Beyond the most bytes, so much is made room for that it is not to be done each hour.
const ROOM: f64 = 0.97;
/// In the order in which they go when there is no room: each by how long a row of it is, ms.
const TABLES: [(&str, i64); 4] = [("raw", HOUR), ("fives", DAY), ("log", 1), ("hours", DAY)];

/// Forgets what is old, as of `now`. Says whether something had to go for want of room.
///
/// # Errors
/// When it cannot be written; then all is as before.
pub(super) fn trim(store: &mut Store, settings: &HistorySettings, now: i64) -> Result<bool> {
    store.at_once(|store| {
        let reached = store.meta("trimmed")?.map_or(now, |before| now.min(before.saturating_add(STEP)));
        store.set_meta("trimmed", reached)?;
        for (table, unit) in TABLES {
            let keep = if table == "raw" { settings.keep_raw } else { settings.keep };
            let oldest = reached.saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX));
            forget(store, table, oldest.div_euclid(unit))?;
        }
        let most = settings.max_size as f64;
        let mut went = false;
        let mut aside = store.path().map(aside::all).unwrap_or_default();
        let mut of_aside = aside.iter().map(|(_, size)| size).sum::<u64>() as f64;
        if store.size()? as f64 + of_aside <= most {
            return Ok(false);
        }
        // What is damaged goes before what is not.
        while store.size()? as f64 + of_aside > most
            && let Some((oldest, size)) = aside.pop_front()
        {
            aside::remove(&oldest);
            of_aside -= size as f64;
            went = true;
        }
        let room = if store.size()? as f64 > most { most * ROOM } else { most };
        for (table, unit) in TABLES {
            while store.size()? as f64 > room
                && let Some(first) = oldest(store, table)?
                // What the sums of today are to be made of stays.
                && first * unit < now.div_euclid(DAY) * DAY
            {
                forget(store, table, first + DAY / unit)?;
                went = true;
            }
        }
        Ok(went)
    })
}

/// The time of the oldest row, in the unit of its table.
fn oldest(store: &Store, table: &str) -> Result<Option<i64>> {
    let first = store.connection.query_row(&format!("SELECT min(key) FROM {table}"), [], |row| row.get(0));
    Ok(first.map(|first: Option<i64>| first.map(|first| first >> super::store::POINT_BITS))?)
}

fn forget(store: &Store, table: &str, before: i64) -> Result<()> {
    store.connection.prepare_cached(&format!("DELETE FROM {table} WHERE key < ?1"))?.execute([key(before, 0)])?;
    Ok(())
}
