//! The report as one page.

use super::{
    Number, Occupancy, Report,
    text::{Section, percent, period, sections, unusual, value},
    unusual::spell,
};
use crate::{
    html::{self, escape},
    model::number,
};
use std::fmt::Write;

/// From Monday on.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// So many dates stand below a chart.
const DATES: f64 = 7.0;
/// The size of a chart in its own units; it is stretched.
const CHART: (f64, f64) = (1_000.0, 100.0);

/// The page.
pub fn page(report: &Report) -> String {
    let title = format!("{}, {}", report.hub, period(report));
    let mut body = format!("<h1>{}</h1>\n<p class=soft>{}</p>\n", escape(&report.hub), period(report));
    let list: String = unusual(report).iter().map(|one| format!("<li>{}</li>\n", escape(one))).collect();
    body += &section("Other than usual", &format!("<ul>\n{list}</ul>\n"));
    for Section { title, rows } in sections(report) {
        body += &section(title, &table(&rows));
    }
    if report.numbers.iter().any(|one| one.days.len() > 1) {
        body += &section("Day by day", &report.numbers.iter().map(|one| course(report, one)).collect::<String>());
    }
    if !report.rooms.is_empty() {
        body += &section("Rooms, by the hour of the day", &report.rooms.iter().map(week).collect::<String>());
    }
    html::page(&title, &body, "hearthd report")
}

fn section(title: &str, body: &str) -> String {
    format!("<section>\n<div class=head><h2>{title}</h2></div>\n{body}</section>\n")
}

fn table(rows: &[Vec<String>]) -> String {
    let line = |tag: &str, row: &Vec<String>| {
        let cells: String = row.iter().map(|cell| format!("<{tag}>{}", escape(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let lines: String = rows.iter().enumerate().map(|(at, row)| line(if at == 0 { "th" } else { "td" }, row)).collect();
    format!("<div class=scroll>\n<table>\n{lines}</table>\n</div>\n")
}

/// The days of a number: a band from least to greatest, and the mean in it.
fn course(report: &Report, one: &Number) -> String {
    let (first, last) = (report.from.date_naive(), (report.to - chrono::TimeDelta::seconds(1)).date_naive());
    let count = ((last - first).num_days() + 1).max(1) as f64;
    let (low, high) = (one.min, if one.max > one.min { one.max } else { one.min + 1.0 });
    let (wide, tall) = CHART;
    let x = |day: f64| day / count * wide;
    let y = |value: f64| (high - value) / (high - low) * tall;
    let mut marks = String::new();
    for day in &one.days {
        let place = (day.date - first).num_days() as f64;
        let (left, width) = (x(place + 0.1), x(0.8));
        let (top, height) = (y(day.max), (y(day.min) - y(day.max)).max(1.0));
        let shown = |number| value(number, one.decimals, &one.unit);
        let about = format!(
            "{}: {} to {}, mean {}",
            day.date.format("%a %-d %b"),
            shown(day.min),
            shown(day.max),
            shown(day.mean)
        );
        let _ = write!(
            marks,
            "<g><title>{}</title><rect x={left:.1} y={top:.1} width={width:.1} height={height:.1} fill=\"var(--line1)\" \
             opacity=0.35 /><rect x={left:.1} y={:.1} width={width:.1} height=2 fill=\"var(--line1)\" /></g>",
            escape(&about),
            (y(day.mean) - 1.0).clamp(0.0, tall - 2.0),
        );
    }
    format!(
        "<div class=row><div class=name>{}</div><div class=\"plot low\"><svg viewBox=\"0 0 {wide} {tall}\" \
         preserveAspectRatio=none role=img aria-label=\"{}\">{marks}</svg></div><div class=use>{} to {}</div></div>\n\
         {}<div class=gap></div>\n",
        escape(&one.name),
        escape(&format!("{}, each day", one.name)),
        number::fixed(one.min, one.decimals),
        escape(&value(one.max, one.decimals, &one.unit)),
        dates(first, count),
    )
}

/// The dates below a chart of so many days, as many as can be read.
fn dates(first: chrono::NaiveDate, count: f64) -> String {
    let step = (count / DATES).ceil().max(1.0) as usize;
    let days = first.iter_days().take(count as usize).enumerate().step_by(step);
    let date = |(place, day): (usize, chrono::NaiveDate)| {
        // In the middle of its day.
        let left = (place as f64 + 0.5) / count * 100.0;
        format!("<span style=\"left:{left:.1}%\">{}</span>", day.format("%-d %b"))
    };
    let dates: String = days.map(date).collect();
    format!(
        "<div class=\"row scale\"><div class=name></div><div class=hours>{dates}</div><div class=use></div></div>\n"
    )
}

/// The week of a room: an hour is as dark as somebody was there.
fn week(room: &Occupancy) -> String {
    let mut rows = String::new();
    for (day, hours) in DAYS.iter().zip(&room.week) {
        let cell = |(hour, share): (usize, &Option<f64>)| match share {
            None | Some(0.0) => String::new(),
            Some(share) => format!(
                "<i class=cell style=\"--of:var(--mark-room);--level:{share:.2};left:{:.2}%;width:4.17%\" data-t=\"{day} \
                 {hour:02}:00, {}\"></i>",
                hour as f64 / 24.0 * 100.0,
                percent(*share)
            ),
        };
        let cells: String = hours.iter().enumerate().map(cell).collect();
        let _ = writeln!(
            rows,
            "<div class=\"row thin\"><div class=name>{day}</div><div class=track>{cells}</div><div class=use></div></div>"
        );
    }
    let hour = |hour: u32| format!("<span style=\"left:{:.1}%\">{hour}:00</span>", f64::from(hour) / 24.0 * 100.0);
    let hours: String = [0, 6, 12, 18, 24].map(hour).concat();
    rows += &format!(
        "<div class=\"row scale\"><div class=name></div><div class=hours>{hours}</div><div class=use></div></div>\n"
    );
    format!("<h3>{}, occupied for {}</h3>\n{rows}", escape(&room.name), spell(room.occupied_h.iter().sum()))
}
