//! The report as a page.

mod bars;
mod day;
mod overview;
mod plot;

use super::{
    Recording,
    findings::{self, Finding},
    text::{self, spell},
};
use crate::{
    html::{self, escape},
    model::{Config, OutputId, OutputKind, duration},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// Up to here, every day has a chart.
const CHARTS: usize = 7;

/// The page. In a run of more than a week, `chosen` days have a chart; none chosen: the first, the coldest and the warmest.
pub fn page(recording: &Recording, chosen: &[NaiveDate]) -> String {
    let config = &recording.config;
    let local = |at: DateTime<Utc>| at.with_timezone(&config.hub.timezone);
    let days = recording.days();
    let shown: Vec<_> =
        days.iter().filter(|(date, ..)| days.len() <= CHARTS || chosen.contains(date)).copied().collect();
    let shown = if shown.is_empty() { telling_days(recording) } else { shown };
    let title = format!("{}, {}", config.hub.name, local(recording.from).format("%-d %B %Y"));
    let length = duration::spell((recording.until - recording.from).to_std().unwrap_or_default());
    let mut body = format!(
        "<h1>{}</h1>\n<p class=soft>{length}, {} to {}, as hearthd would have it: {}</p>\n",
        escape(&config.hub.name),
        local(recording.from).format("%a %-d %b %Y %H:%M"),
        local(recording.until).format("%a %-d %b %Y %H:%M"),
        config.contents(),
    );
    // Two days beside each other need no overview.
    if days.len() > 2 {
        body += &overview::section(recording, &days);
    }
    for (date, from, until) in shown {
        body += &day::section(recording, date, from, until);
    }
    body += &findings(recording);
    body += &table(recording);
    html::page(&title, &body, "hearthd simulate")
}

/// The first day, the coldest and the warmest.
fn telling_days(recording: &Recording) -> Vec<(NaiveDate, DateTime<Utc>, DateTime<Utc>)> {
    let days = recording.days();
    let mean = |from: DateTime<Utc>, until: DateTime<Utc>| {
        let values: Vec<f64> =
            recording.outdoor.iter().filter(|(at, _)| (from..until).contains(at)).map(|(_, value)| *value).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let means: Vec<f64> = days.iter().filter_map(|(_, from, until)| mean(*from, *until)).collect();
    let mut wanted = vec![0];
    if means.len() == days.len() {
        wanted.extend((0..days.len()).min_by(|a, b| means[*a].total_cmp(&means[*b])));
        wanted.extend((0..days.len()).max_by(|a, b| means[*a].total_cmp(&means[*b])));
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted.into_iter().filter_map(|index| days.get(index)).copied().collect()
}

/// What somebody should look at.
fn findings(recording: &Recording) -> String {
    let list = |items: &[String]| -> String {
        let items: String = items.iter().map(|item| format!("<li>{}</li>\n", escape(item))).collect();
        format!("<ul>\n{items}</ul>\n")
    };
    let mut body: String = findings::all(recording)
        .iter()
        .map(|Finding { title, items }| format!("<h3>{title}</h3>\n{}", list(items)))
        .collect();
    let trouble = text::trouble(recording);
    if !trouble.is_empty() {
        body += &format!("<h3>Trouble</h3>\n{}", list(&trouble));
    }
    if body.is_empty() {
        body =
            list(&["Nothing: every rule came true, none contradict each other, no output was asked too often.".into()]);
    }
    let left_out = findings::left_out(recording).unwrap_or_default().sentences();
    if !left_out.is_empty() {
        body += &format!("<h3>Not modelled</h3>\n{}", list(&left_out));
    }
    format!("<section>\n<div class=head><h2>Worth a look</h2></div>\n{body}</section>\n")
}

/// The sums of each output.
fn table(recording: &Recording) -> String {
    let config = &recording.config;
    let days = (recording.until - recording.from).num_milliseconds() as f64 / 86_400_000.0;
    let energy = config.outputs.iter().any(|output| output.power.is_some());
    let mut rows = String::new();
    for id in config.visible_outputs() {
        let usage = recording.usage(id, recording.from, recording.until);
        let kwh = match recording.energy_kwh(id, &usage) {
            _ if !energy => String::new(),
            Some(kwh) => format!("<td>{kwh:.2}"),
            None => "<td>".into(),
        };
        let shortest = recording.shortest_on(id).map_or(String::new(), spell);
        let a_day = TimeDelta::milliseconds((usage.on.num_milliseconds() as f64 / days.max(1.0 / 86_400.0)) as i64);
        rows += &format!(
            "<tr><td><i style=\"--of:var(--mark-{})\"></i>{}<td>{}<td>{}<td>{}<td>{shortest}{kwh}</tr>\n",
            config[id].kind.word(),
            escape(&config[id].name),
            spell(usage.on),
            spell(a_day),
            usage.times,
        );
    }
    let energy = if energy { "<th>kWh" } else { "" };
    format!(
        "<section>\n<div class=head><h2>Outputs</h2></div>\n<div class=scroll>\n<table>\n<tr><th>output<th>on<th>on a \
         day<th>times<th>shortest{energy}</tr>\n{rows}</table>\n</div>\n</section>\n"
    )
}

/// The colour of an output, as a custom property.
fn colour(kind: OutputKind) -> String {
    format!("--of:var(--mark-{})", kind.word())
}

/// The outputs that have a lane: those that were on at all come before none is dropped.
fn lanes(recording: &Recording) -> Vec<OutputId> {
    let config: &Config = &recording.config;
    let all: Vec<OutputId> = config.visible_outputs().collect();
    // A large house is easier to read without what never moved.
    let used: Vec<OutputId> = all.iter().copied().filter(|id| recording.was_on(*id)).collect();
    if all.len() > 12 && !used.is_empty() { used } else { all }
}
