//! The file as a whole: what it tells is what was recorded, it writes little, and the oldest goes first.

use super::{
    course::{Sum, put_in_order, sum_up},
    pack::Sample,
    points::{Known, Shape},
    read::{Present, course},
    retention::trim,
    store::{DAY, HOUR, Store, key},
    tail::{Batch, Entry},
};
use crate::{
    files,
    house::{Ask, Course},
    model::{HistorySettings, Zone},
};
use chrono::DateTime;
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::oneshot::error::TryRecvError;

/// A Monday, 2026-11-23T00:00:00Z.
const MONDAY: i64 = 1_795_392_000_000;

/// Numbers that are the same each run (Knuth's MMIX constants).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % sides) as i64
    }
}

fn number(store: &mut Store, name: &str, kind: Shape) -> i64 {
    let (name, title, unit) = (name.to_owned(), name.to_owned(), String::new());
    store.number_of(&Known { name, was: Vec::new(), title, kind, unit, decimals: Some(2) }).unwrap()
}

#[test]
fn what_was_renamed_goes_on_with_its_history() {
    let mut store = Store::open(None).unwrap();
    let known = |name: &str, was: &[&str]| Known {
        name: name.into(),
        was: was.iter().map(|was| (*was).to_owned()).collect(),
        title: name.into(),
        kind: Shape::Number,
        unit: String::new(),
        decimals: None,
    };
    let mut number = |name, was| store.number_of(&known(name, was)).unwrap();
    let (lamp, other) = (number("lamp", &[]), number("other", &[]));
    assert_eq!(number("light", &["lamp"]), lamp);
    assert_eq!(number("light", &["lamp"]), lamp, "and stays so");
    assert_eq!(number("bulb", &["lamp", "light"]), lamp, "also when it is renamed again");
    assert_ne!(number("lamp", &[]), lamp, "what has that name later is another");
    assert_eq!(number("other", &["lamp"]), other, "what has a history of its own keeps that");
    let names: Vec<String> = store.points().unwrap().into_iter().map(|(_, known)| known.name).collect();
    assert_eq!(names, ["bulb", "other", "lamp"]);
}

fn asked(store: &Store, now: i64, zone: Zone, ask: &Ask) -> Course {
    let now = DateTime::from_timestamp_millis(now).unwrap();
    course(store, ask, &Present { now, until: now, zone, pending: &Batch::default() }).unwrap().unwrap()
}

fn ask(from: i64, every: &str) -> Ask {
    let from = DateTime::from_timestamp_millis(from).unwrap().to_rfc3339();
    Ask { point: "p".into(), from: Some(from), to: None, every: Some(every.into()), spans: None }
}

/// Commits of random length, with values that stay for days or change within a second: in spans of any length, the file tells
/// of them what the samples themselves do.
#[test]
fn what_the_file_tells_is_what_was_recorded() {
    for (seed, zone) in [(1, "UTC"), (2, "Europe/Amsterdam"), (3, "Asia/Kathmandu")] {
        let zone = Zone::find(zone).unwrap();
        let (mut store, mut dice, mut all) = (Store::open(None).unwrap(), Dice(seed), Vec::new());
        let id = number(&mut store, "p", Shape::Level);
        let mut now = MONDAY + dice.roll(3_600_000);
        let begin = now;
        while now < begin + 4 * DAY {
            let step = [1_000, 60_000, 300_000, 3_600_000, 20_000_000][dice.roll(5) as usize];
            let mut samples = Vec::new();
            for _ in 0..dice.roll(20) {
                now += 1 + dice.roll(step);
                let value = (dice.roll(8) > 0).then(|| (dice.roll(5_000) - 1_000).max(0) as f64 / 100.0);
                samples.push(Sample { t: now, value });
            }
            all.extend(samples.clone());
            let samples = BTreeMap::from([(id, samples)]);
            store.append(&Batch { samples, log: Vec::new() }, now).unwrap();
            store.fold(now).unwrap();
        }
        put_in_order(&mut all);
        for every in ["5m", "1h", "1d", "7m", "45m", "2d"] {
            let told = asked(&store, now, zone, &ask(begin, every));
            let edge = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis();
            let mut edges: Vec<i64> = told.spans.iter().map(|span| edge(&span.time)).collect();
            edges.push(edge(&told.to));
            // Spans of which nothing is known are left out, and lie between.
            let known: Vec<i64> = edges.clone();
            let width = (told.every_s * 1e3) as i64;
            edges.extend(known.iter().map(|edge| edge + width));
            edges.sort_unstable();
            edges.dedup();
            let sums = sum_up(&all, now, &edges);
            let of = |t: i64| sums[edges.iter().position(|edge| *edge == t).unwrap()];
            assert!(told.spans.len() > 1, "{every}");
            for span in &told.spans {
                let exact: Sum = of(edge(&span.time));
                let what = format!("{every} in {} at {}", zone.name(), span.time);
                assert_eq!((span.min, span.max), (exact.min, exact.max), "{what}");
                assert_eq!(span.known_s, exact.known_ms as f64 / 1e3, "{what}");
                assert_eq!(span.on_s, Some(exact.on_ms as f64 / 1e3), "{what}");
                assert_eq!(span.starts, Some(exact.starts), "{what}");
                assert!((span.mean - exact.mean().unwrap()).abs() < 0.000_2, "{what}: {} {exact:?}", span.mean);
            }
            let known: i64 = sum_up(&all, now, &[begin, now])[0].known_ms;
            let told: f64 = told.spans.iter().map(|span| span.known_s).sum();
            assert!((told - known as f64 / 1e3).abs() < 0.5, "{every} in {}: {told} of {known}", zone.name());
        }
    }
}

/// Bytes that this thread has given to the system to write, and that it has made the system write to a disk.
fn written() -> (u64, u64) {
    let text = files::read_text("/proc/thread-self/io".as_ref(), files::SYSTEM).unwrap();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap();
    (field("wchar:"), field("write_bytes:"))
}

/// A day of sensors that are read each ten seconds, a commit each minute.
fn live(store: &mut Store, ids: &[i64], day: i64, dice: &mut Dice) {
    for minute in 0..1_440 {
        let begin = MONDAY + day * DAY + minute * 60_000;
        let mut batch = Batch::default();
        for id in ids {
            let sample = |i: i64, dice: &mut Dice| Sample {
                t: begin + i * 10_000 + id * 40 + dice.roll(15),
                value: Some((2_000 + minute % 300 + dice.roll(12)) as f64 / 100.0),
            };
            batch.samples.insert(*id, (0..6).map(|i| sample(i, dice)).collect());
        }
        if minute % 10 == 0 {
            let (value, why) =
                ("ON".to_owned(), Some("rule: Hall light after dark while somebody is there".to_owned()));
            batch.log.push(Entry { t: begin, id: ids[0], value, why });
        }
        store.append(&batch, begin + 59_999).unwrap();
        store.fold(begin + 59_999).unwrap();
    }
}

#[test]
fn a_day_of_twenty_sensors_writes_less_than_ten_megabytes() {
    // Beside the project: what /tmp is made of may count nothing.
    let folder = tempfile::TempDir::new_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let file = folder.path().join("history.db");
    let (mut store, mut dice) = (Store::open(Some(&file)).unwrap(), Dice(7));
    let ids: Vec<i64> = (0..20).map(|i| number(&mut store, &format!("s{i}"), Shape::Number)).collect();
    live(&mut store, &ids, 0, &mut dice);
    let (before, size) = (written(), std::fs::metadata(&file).unwrap().len());
    live(&mut store, &ids, 1, &mut dice);
    let (given, on_disk) = (written().0 - before.0, written().1 - before.1);
    let grown = std::fs::metadata(&file).unwrap().len() - size;
    println!(
        "20 sensors, each 10 s, a day: {given} bytes given to the system, {on_disk} to the disk; the file grew by {grown}"
    );
    assert!(given < 10_000_000, "{given} bytes");
    assert!(grown < 2_000_000, "{grown} bytes");
}

#[test]
fn a_year_of_a_sensor_is_told_in_few_steps() {
    let (mut store, mut dice) = (Store::open(None).unwrap(), Dice(7));
    let id = number(&mut store, "p", Shape::Number);
    for day in 0..365 {
        let sample = |i: i64, dice: &mut Dice| Sample {
            t: MONDAY + day * DAY + i * 10_000,
            value: Some((2_000 + dice.roll(300)) as f64 / 100.0),
        };
        let samples = BTreeMap::from([(id, (0..8_640).map(|i| sample(i, &mut dice)).collect())]);
        store.append(&Batch { samples, log: Vec::new() }, MONDAY + (day + 1) * DAY - 1).unwrap();
        store.fold(MONDAY + (day + 1) * DAY).unwrap();
    }
    let now = MONDAY + 365 * DAY;
    let clock = crate::clock::Clock::system(crate::clock::Moment::START, crate::model::ClockTrust::Always);
    for every in ["1d", "6h", "2h"] {
        let begin = clock.now().moment;
        let year = asked(&store, now, Zone::UTC, &ask(MONDAY, every));
        println!("a year each {every}: {} spans in {:?}", year.spans.len(), clock.now().moment.since(begin));
        assert!(year.spans.len() >= 365, "{every}: {}", year.spans.len());
        assert!(year.spans.iter().all(|span| span.mean > 21.0 && span.mean < 22.0));
    }
}

#[test]
fn the_oldest_goes_first_readings_before_their_sums() {
    let (mut store, mut dice) = (Store::open(None).unwrap(), Dice(7));
    let ids = [number(&mut store, "p", Shape::Number), number(&mut store, "q", Shape::Number)];
    let first = |store: &Store, table: &str| {
        let sql = format!("SELECT min(key) >> 20 FROM {table}");
        store.connection.query_row(&sql, [], |row| row.get::<_, Option<i64>>(0)).unwrap()
    };
    (0..8).for_each(|day| live(&mut store, &ids, day, &mut dice));
    let now = MONDAY + 8 * DAY;
    store.fold(now).unwrap();
    let days = |days: u64| Duration::from_secs(days * 86_400);
    let settings = HistorySettings { keep_raw: days(3), keep: days(30), max_size: 10_000_000, commit: days(1) };
    // A clock that is years ahead for an hour costs a day at most.
    store.set_meta("trimmed", now).unwrap();
    assert!(!trim(&mut store, &settings, now + 3_650 * DAY).unwrap());
    assert!(first(&store, "raw").is_some_and(|hour| hour * HOUR <= now - 2 * DAY));
    assert!(!trim(&mut store, &settings, now).unwrap(), "there is room");
    let monday = MONDAY / DAY;
    assert_eq!(first(&store, "fives"), Some(monday));
    let whole = asked(&store, now, Zone::UTC, &ask(MONDAY, "1d"));
    assert_eq!(whole.spans.len(), 8, "the sums are all there");
    // What is finer than what is left is told as fine as that.
    assert_eq!(asked(&store, now, Zone::UTC, &ask(MONDAY, "7m")).every_s, 600.0);
    assert_eq!(asked(&store, now, Zone::UTC, &ask(now - DAY, "7m")).every_s, 420.0);
    let small = HistorySettings { max_size: 60_000, ..settings };
    assert!(trim(&mut store, &small, now).unwrap(), "something had to go");
    assert_eq!(first(&store, "raw"), None, "readings went");
    assert!(first(&store, "hours").is_some(), "sums stay longest");
    assert!(!trim(&mut store, &small, now).unwrap(), "there is room again");
    let tiny = HistorySettings { max_size: 1, ..settings };
    assert!(trim(&mut store, &tiny, now).unwrap());
    assert!(trim(&mut store, &tiny, now).is_ok(), "and nothing is left that could go");
}

/// A point that stayed as it was since a time, in a file whose run was killed.
fn killed(kind: Shape, since: i64, until: i64) -> (Store, i64) {
    let mut store = Store::open(None).unwrap();
    let id = number(&mut store, "p", kind);
    store.fold(since).unwrap();
    let samples = BTreeMap::from([(id, vec![Sample { t: since, value: Some(5.0) }])]);
    store.append(&Batch { samples, log: Vec::new() }, until).unwrap();
    store.fold(until).unwrap();
    (store, id)
}

fn known_and_mean(course: &Course) -> Vec<(f64, f64)> {
    course.spans.iter().map(|span| (span.known_s, span.mean)).collect()
}

#[test]
fn what_is_imported_ends_and_what_was_so_before_goes_on() {
    let (mut store, id) = killed(Shape::Level, MONDAY, MONDAY + 10 * HOUR);
    let at = |t, value| Sample { t, value };
    let imported = vec![at(MONDAY + 2 * HOUR + 1, Some(9.0)), at(MONDAY + 3 * HOUR + 1, None)];
    store.add(id, Shape::Level, imported, MONDAY + 10 * HOUR).unwrap();
    let now = MONDAY + 10 * HOUR;
    let told = asked(&store, now, Zone::UTC, &ask(MONDAY, "1h"));
    let mut expected = [(3_600.0, 5.0); 10];
    expected[2] = (3_600.0, 9.0);
    assert_eq!(known_and_mean(&told)[4..], expected[4..], "{told:?}");
    assert!((told.spans[2].mean - 9.0).abs() < 0.01, "{told:?}");
    assert!(told.spans.iter().all(|span| span.known_s == 3_600.0), "{told:?}");
}

#[test]
fn an_import_after_a_kill_carries_nothing_on() {
    let killed_at = MONDAY + 2 * HOUR + HOUR / 2;
    let (mut store, id) = killed(Shape::Level, MONDAY, killed_at);
    let now = MONDAY + 8 * HOUR;
    let imported = |t| vec![Sample { t, value: Some(9.0) }, Sample { t: t + HOUR / 2, value: None }];
    store.add(id, Shape::Level, imported(MONDAY + 5 * HOUR), now).unwrap();
    // Then it is started.
    store.forget_values(killed_at).unwrap();
    store.fold(now).unwrap();
    let told = asked(&store, now, Zone::UTC, &ask(MONDAY, "30m"));
    let is = known_and_mean(&told);
    assert_eq!(is, [[(1_800.0, 5.0); 5].as_slice(), &[(0.001, 5.0), (1_800.0, 9.0)]].concat(), "{told:?}");
}

#[test]
fn a_meter_that_was_read_each_day_grew_in_between() {
    let (mut store, id) = killed(Shape::Total, MONDAY, MONDAY + HOUR);
    let read = |day: i64, value| {
        let t = MONDAY + day * DAY;
        [Sample { t, value: Some(value) }, Sample { t: t + HOUR, value: None }]
    };
    let imported = [read(-3, 1.0), read(-2, 2.5), read(-1, 4.0)].concat();
    store.add(id, Shape::Total, imported, MONDAY + HOUR).unwrap();
    let told = asked(&store, MONDAY + HOUR, Zone::UTC, &ask(MONDAY - 3 * DAY, "1d"));
    let grew: Vec<_> = told.spans.iter().map(|span| span.grew.unwrap()).collect();
    assert_eq!(grew.iter().sum::<f64>(), 3.0, "{told:?}");
    assert_eq!(store.last_totals().unwrap().into_values().collect::<Vec<_>>(), [5.0]);
    store.forget_values(MONDAY + HOUR).unwrap();
    store.fold(MONDAY + 5 * HOUR).unwrap();
    assert_eq!(store.last_totals().unwrap().into_values().collect::<Vec<_>>(), [5.0]);
}

#[test]
fn what_is_measured_in_another_unit_is_another_series() {
    let mut store = Store::open(None).unwrap();
    let known = |unit: &str, kind| Known {
        name: "p".into(),
        was: Vec::new(),
        title: "P".into(),
        kind,
        unit: unit.into(),
        decimals: Some(1),
    };
    let (celsius, fahrenheit) = (known("°C", Shape::Number), known("°F", Shape::Number));
    let cold = store.number_of(&celsius).unwrap();
    assert_eq!(store.number_of(&Known { title: "Other".into(), ..celsius.clone() }).unwrap(), cold);
    let warm = store.number_of(&fahrenheit).unwrap();
    assert_ne!(cold, warm);
    let names = |store: &Store| -> Vec<(i64, String)> {
        store.points().unwrap().into_iter().map(|(id, known)| (id, known.name)).collect()
    };
    assert_eq!(names(&store), [(cold, "p (°C)".into()), (warm, "p".into())]);
    // And back, as often as somebody likes.
    for _ in 0..2 {
        assert_eq!(store.number_of(&celsius).unwrap(), cold);
        assert_eq!(names(&store), [(cold, "p".into()), (warm, "p (°F)".into())]);
        assert_eq!(store.number_of(&fahrenheit).unwrap(), warm);
    }
    let switch = store.number_of(&known("", Shape::Switch)).unwrap();
    let word = store.number_of(&known("", Shape::Word)).unwrap();
    let expected = [(cold, "p (°C)"), (warm, "p (°F)"), (switch, "p (switch)"), (word, "p")];
    assert_eq!(names(&store), expected.map(|(id, name)| (id, name.to_owned())));
}

#[test]
fn the_entries_of_a_point_are_found_by_an_index() {
    let store = Store::open(None).unwrap();
    let plan: String = store
        .connection
        .query_row(&format!("EXPLAIN QUERY PLAN {}", super::read::entries_query()), [0, 1, 2], |row| row.get(3))
        .unwrap();
    assert_eq!(plan, "SEARCH log USING INDEX log_of_point (<expr>=? AND key>? AND key<?)");
}

#[test]
fn no_time_is_too_late_for_a_key() {
    let far = i64::MAX / 2;
    assert!(key(far, 1) > key(MONDAY, 7) && key(far, 1) == key(far + 5, 1));
    let mut store = Store::open(None).unwrap();
    let entry = Entry { t: far, id: 1, value: "x".into(), why: None };
    store.append(&Batch { log: vec![entry; 3], ..Batch::default() }, far).unwrap();
}

#[test]
fn what_is_damaged_goes_before_what_is_not() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("history.db");
    let mut store = Store::open(Some(&file)).unwrap();
    number(&mut store, "p", Shape::Number);
    let aside = |time: &str| folder.path().join(format!("history.db.corrupt-{time}"));
    for time in ["20260101-000000", "20260102-000000", "20260102-000000-wal"] {
        std::fs::write(aside(time), [0; 400_000]).unwrap();
    }
    let settings = |max_size| HistorySettings { max_size, ..HistorySettings::default() };
    assert!(!trim(&mut store, &settings(2_000_000), MONDAY).unwrap());
    assert!(trim(&mut store, &settings(1_000_000), MONDAY).unwrap());
    assert!(!aside("20260101-000000").exists() && aside("20260102-000000").exists());
    assert!(trim(&mut store, &settings(500_000), MONDAY).unwrap());
    assert!(!aside("20260102-000000").exists() && !aside("20260102-000000-wal").exists());
    let written = store.size().unwrap();
    assert!(written > std::fs::metadata(&file).unwrap().len(), "the log of writes counts: {written}");
}

/// More would keep the pictures of the house waiting.
#[test]
fn few_questions_wait_at_a_time() {
    let (messages, inbox) = std::sync::mpsc::sync_channel(super::QUEUE);
    let (_ended, ended) = tokio::sync::oneshot::channel();
    let thread = super::Thread::new(messages, ended);
    let ask = || {
        let (answer, answered) = tokio::sync::oneshot::channel();
        thread.ask(crate::house::Past { ask: Ask::default(), answer });
        answered
    };
    let mut answers: Vec<_> = (0..super::ASKING).map(|_| ask()).collect();
    assert!(answers.iter_mut().all(|answer| answer.try_recv() == Err(TryRecvError::Empty)));
    assert_eq!(ask().try_recv(), Err(TryRecvError::Closed), "whoever is too much is told");
    drop(inbox.recv().unwrap());
    assert_eq!(ask().try_recv(), Err(TryRecvError::Empty), "there is room again");
}
