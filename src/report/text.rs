//! The report as text.

use super::{Comfort, Meter, MeterDay, Moved, Number, Occupancy, Report, Used, UsedDay, unusual::spell};
use crate::model::number;

/// Where some of them stand.
const HOURS: &str = "0     6     12    18    ";
/// The hours of the day as blocks, by the share of them with somebody there.
const BLOCKS: [char; 5] = ['·', '░', '▒', '▓', '█'];

/// A table of the report: its first row has the names of the columns, columns with nothing in them are left out.
pub(super) struct Section {
    /// What it is of.
    pub title: &'static str,
    /// The names of the columns first.
    pub rows: Vec<Vec<String>>,
}

/// All tables in which something is.
pub(super) fn sections(report: &Report) -> Vec<Section> {
    let outdoors = report.degree_days.iter().map(|days| {
        vec![days.name.clone(), format!("{:.1}", days.heating), format!("{:.1}", days.cooling), days.days.to_string()]
    });
    let columns = ["", "on", "a day", "of the time", "times", "longest", "kWh", "cost"];
    let inputs = report.inputs.iter().map(|used| of_used(used, report)[..6].to_vec());
    let climate = ["", "as it was to be", "too cold", "too warm", "coldest by", "known"];
    let days = ["", "day", "on", "of the time", "times", "kWh", "cost"];
    let used = |all: &[Used], columns: usize| -> Vec<Vec<String>> {
        // What was never on has nothing to tell of each day, and of one day all is told above.
        let told = all.iter().filter(|used| used.days.len() > 1 && (used.on_h > 0.0 || used.starts > 0));
        let rows = told.flat_map(|used| used.days.iter().map(|day| of_used_day(&used.name, day, report)));
        rows.map(|row| row[..columns].to_vec()).collect()
    };
    let metered = report.meters.iter().filter(|meter| meter.days.len() > 1);
    let metered = metered.flat_map(|meter| meter.days.iter().map(move |day| of_meter_day(meter, day, report)));
    let all = [
        section("Measured", &["", "least", "mean", "most", "known"], report.numbers.iter().map(of_number)),
        section("Degree days", &["", "heating K d", "cooling K d", "days"], outdoors),
        section("Climate", &climate, report.zones.iter().map(of_zone)),
        section("Outputs", &columns, report.outputs.iter().map(|used| of_used(used, report))),
        section("Covers", &["", "open", "opened", "closed", "open longest"], report.covers.iter().map(of_cover)),
        section("Inputs", &columns[..6], inputs),
        section("Meters", &["", "more by", "cost"], report.meters.iter().map(|meter| of_meter(meter, report))),
        section("Outputs, day by day", &days, used(&report.outputs, days.len()).into_iter()),
        section("Inputs, day by day", &days[..5], used(&report.inputs, 5).into_iter()),
        section("Meters, day by day", &["", "day", "more by", "cost"], metered),
    ];
    all.into_iter().filter(|section| section.rows.len() > 1).collect()
}

fn section(title: &'static str, names: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Section {
    let mut rows: Vec<Vec<String>> =
        std::iter::once(names.iter().map(|name| (*name).to_owned()).collect()).chain(rows).collect();
    let is_told = |place: &usize| *place == 0 || rows[1..].iter().any(|row| !row[*place].is_empty());
    let told: Vec<usize> = (0..names.len()).filter(is_told).collect();
    rows = rows.into_iter().map(|row| told.iter().map(|place| row[*place].clone()).collect()).collect();
    Section { title, rows }
}

/// Its lines.
pub fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![format!("{}, {}", report.hub, period(report))];
    let rooms =
        section("Rooms, by the hour of the day", &["", HOURS, "occupied"], report.rooms.iter().flat_map(of_room));
    for section in sections(report).into_iter().chain((!report.rooms.is_empty()).then_some(rooms)) {
        lines.extend([String::new(), section.title.into()]);
        lines.extend(table(&section.rows));
    }
    lines.extend([String::new(), "Other than usual".into()]);
    lines.extend(unusual(report).iter().map(|one| format!("  {one}")));
    lines
}

/// What was other than usual, or that all was as usual.
pub(super) fn unusual(report: &Report) -> Vec<String> {
    match report.unusual.is_empty() {
        true => vec!["None: all is as it was before, as far as that is known".into()],
        false => report.unusual.clone(),
    }
}

/// `Mon 23 November 2026 to Sun 29 November 2026`
pub(super) fn period(report: &Report) -> String {
    let last = report.to - chrono::TimeDelta::seconds(1);
    let write = |time: chrono::DateTime<chrono::FixedOffset>| time.format("%a %-d %B %Y").to_string();
    format!("{} to {}", write(report.from), write(last))
}

/// The first column to the left, the others to the right.
fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |place: usize| rows.iter().map(|row| row[place].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let cell = |(place, (cell, width)): (usize, (&String, &usize))| match place {
        0 => format!("{cell:width$}"),
        _ => format!("{cell:>width$}"),
    };
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).enumerate().map(cell).collect();
        format!("  {}", cells.join("  ")).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

pub(super) fn value(value: f64, decimals: usize, unit: &str) -> String {
    let space = if unit.is_empty() { "" } else { " " };
    format!("{}{space}{unit}", number::fixed(value, decimals))
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Of an amount of money.
pub(super) fn money(amount: Option<f64>, report: &Report) -> String {
    let currency = report.currency.as_deref().unwrap_or_default();
    amount.map(|amount| format!("{currency} {amount:.2}").trim_start().to_owned()).unwrap_or_default()
}

fn of_number(one: &Number) -> Vec<String> {
    let shown = |number| value(number, one.decimals, &one.unit);
    vec![one.name.clone(), shown(one.min), shown(one.mean), shown(one.max), spell(one.known_h)]
}

fn of_zone(one: &Comfort) -> Vec<String> {
    let good = one.known_h - one.cold_h - one.warm_h;
    let coldest = if one.cold_h > 0.0 { format!("{:.1} K", one.coldest_k) } else { String::new() };
    vec![
        one.name.clone(),
        percent(good / one.known_h.max(f64::MIN_POSITIVE)),
        spell(one.cold_h),
        spell(one.warm_h),
        coldest,
        spell(one.known_h),
    ]
}

fn of_used(one: &Used, report: &Report) -> Vec<String> {
    vec![
        one.name.clone(),
        spell(one.on_h),
        spell(one.duty() * 24.0),
        percent(one.duty()),
        one.starts.to_string(),
        one.longest.map(|longest| spell(longest.hours)).unwrap_or_default(),
        one.energy_kwh.map(|kwh| format!("{kwh:.2}")).unwrap_or_default(),
        money(one.cost, report),
    ]
}

fn of_used_day(name: &str, day: &UsedDay, report: &Report) -> Vec<String> {
    vec![
        name.to_owned(),
        date(day.date),
        spell(day.on_h),
        percent(day.duty()),
        day.starts.to_string(),
        day.energy_kwh.map(|kwh| format!("{kwh:.2}")).unwrap_or_default(),
        money(day.cost, report),
    ]
}

fn of_meter_day(meter: &Meter, day: &MeterDay, report: &Report) -> Vec<String> {
    let grew = value(day.grew, meter.decimals, &meter.unit);
    vec![meter.name.clone(), date(day.date), grew, money(day.cost, report)]
}

/// `Mon 23 Nov`
fn date(date: chrono::NaiveDate) -> String {
    date.format("%a %-d %b").to_string()
}

fn of_cover(one: &Moved) -> Vec<String> {
    let times = |count: u64| match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    };
    let longest = one.longest.map(|longest| spell(longest.hours)).unwrap_or_default();
    vec![one.name.clone(), spell(one.open_h), times(one.opened), times(one.closed), longest]
}

fn of_meter(one: &Meter, report: &Report) -> Vec<String> {
    vec![one.name.clone(), value(one.grew, one.decimals, &one.unit), money(one.cost, report)]
}

fn of_room(one: &Occupancy) -> Vec<Vec<String>> {
    let blocks = |days: std::ops::Range<usize>| -> String {
        (0..24)
            .map(|hour| {
                let known: Vec<f64> = one.week[days.clone()].iter().filter_map(|day| day[hour]).collect();
                if known.is_empty() {
                    return ' ';
                }
                let share = known.iter().sum::<f64>() / known.len() as f64;
                BLOCKS[(share * 4.0).ceil().clamp(0.0, 4.0) as usize]
            })
            .collect()
    };
    let line = |days: &str, range: std::ops::Range<usize>| {
        let hours: f64 = one.occupied_h[range.clone()].iter().sum();
        vec![format!("{}, {days}", one.name), blocks(range), spell(hours)]
    };
    vec![line("Monday to Friday", 0..5), line("weekend", 5..7)]
}
