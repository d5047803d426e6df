//! The console: commands that talk to the running daemon.

use anyhow::bail;
use axum::http::Method;
use hearthd::{
    config::Sources,
    house::{Difference, Move, Plan},
    http::{
        client::{self, Error, point_path},
        shape::{Client, Clients, House, PartShape, PointShape, SlotShape, Why},
    },
    model::{BrokerStatus, Hold, duration, shown_lines},
};
use serde_json::json;
use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

/// Text for people: nothing in it acts on their terminal.
pub(super) struct Shown<W>(pub W);

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        // Whoever writes here writes whole characters.
        self.0.write_all(shown_lines(&String::from_utf8_lossy(text)).as_bytes())?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Prints all points.
pub async fn status(sockets: &[PathBuf], as_json: bool) -> anyhow::Result<()> {
    let house: House = ask(sockets, Method::GET, "/api/v1/points", None).await?;
    let mut out = io::stdout().lock();
    if as_json {
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&house)?)?);
    }
    let mut out = Shown(out);
    let about = &house.about;
    let clock = if about.time_known { "" } else { " (the clock is not set: conditions on the time are unknown)" };
    writeln!(out, "{} · {}{clock}", about.name, about.time.replace('T', " "))?;
    match &about.broker {
        None => writeln!(out, "no broker configured")?,
        Some(BrokerStatus { connected: true, error: None, .. }) => writeln!(out, "connected to the broker")?,
        Some(BrokerStatus { connected: true, error: Some(error), .. }) => {
            writeln!(out, "connected to the broker, but {error}")?
        }
        Some(broker) => writeln!(out, "no broker: {}", broker.error.as_deref().unwrap_or("connecting"))?,
    }
    if let Some(clients) = &about.homeassistant {
        writeln!(out, "{}", connected(clients))?;
    }
    if let Some(refused) = &about.config_refused {
        let mut lines = refused.lines();
        let first = lines.next().unwrap_or_default();
        let place = lines.next().and_then(|line| line.trim().strip_prefix("--> "));
        let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
        writeln!(
            out,
            "the configuration file is refused, an earlier one is in force (see `hearthd check`): {first}{place}"
        )?;
    }
    if let Some(unsaved) = &about.state_unsaved {
        writeln!(out, "{unsaved}: a restart would lose what was commanded since")?;
    }
    if let Some(unwritten) = &about.history_unwritten {
        writeln!(out, "{unwritten}")?;
    }
    const KINDS: [(&str, &str); 7] = [
        ("output", "outputs"),
        ("input", "inputs"),
        ("reading", "sensors"),
        ("room", "rooms"),
        ("climate", "climate"),
        ("mode", "house"),
        ("setting", "settings"),
    ];
    for (kind, title) in KINDS {
        let points: Vec<&PointShape> = house.points.iter().filter(|point| point.kind == kind).collect();
        let width = points.iter().map(|point| point.id.len()).max().unwrap_or(0);
        for (index, point) in points.iter().enumerate() {
            if index == 0 {
                writeln!(out, "\n{title}")?;
            }
            let (shown, more) = (value(point), facets(point, &house.points));
            let line = format!("  {:width$}  {shown:>10}  {:>8}  {}{more}", point.id, age(point), remark(point));
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    Ok(())
}

/// Who is connected by the API for Home Assistant.
fn connected(Clients { connected, clients }: &Clients) -> String {
    if clients.is_empty() {
        return "Home Assistant is not connected".to_owned();
    }
    let line = |client: &Client| {
        let since = client.since.as_ref().map(|since| format!(" since {}", since.replace('T', " ")));
        let open = if client.encrypted { "" } else { ", NOT encrypted" };
        format!("{} at {}{}{open}", client.name, client.address, since.unwrap_or_default())
    };
    let told: Vec<String> = clients.iter().map(line).collect();
    let more = connected.saturating_sub(told.len());
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("connected: {}{more}", told.join("; "))
}

/// Asks why a point is as it is, and prints the answer.
pub async fn why(sockets: &[PathBuf], point: &str, as_json: bool) -> anyhow::Result<()> {
    print_why(ask(sockets, Method::GET, &point_path("why", point), None).await?, as_json)
}

/// Prints the priority array of an output, the signs of somebody in a room, or the state of another point.
pub fn print_why(why: Why, as_json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if as_json {
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&why)?)?);
    }
    let mut out = Shown(out);
    let state = &why.point;
    let line = match &*state.kind {
        // It is given and is over.
        "scene" => format!("{}: {}", state.id, state.name),
        _ => format!("{} {}. {}", state.id, has_been(state), remark(state)),
    };
    writeln!(out, "{}", line.trim_end())?;
    print_slots(&mut out, &why.slots)?;
    for wire in &why.wires {
        writeln!(out, "{} has been {} for {}", wire.id, wire.level, spell_age(wire.age_s))?;
        print_slots(&mut out, &wire.slots)?;
    }
    let width = why.points.iter().map(|point| point.id.len()).max().unwrap_or(0);
    for (index, point) in why.points.iter().enumerate() {
        if index == 0 {
            writeln!(out)?;
        }
        let line = format!("  {:width$}  {:>10}  {:>8}  {}", point.id, value(point), age(point), remark(point));
        writeln!(out, "{}", line.trim_end())?;
    }
    if let Some(usage) = &state.usage {
        let on = duration::spell(Duration::from_secs(usage.on_s));
        let times = if usage.cycles == 1 { "once".into() } else { format!("{} times", usage.cycles) };
        writeln!(out, "\nswitched on {times}, on for {on} in all")?;
    }
    for (index, rule) in why.rules.iter().enumerate() {
        if index == 0 {
            writeln!(out, "\nrules about it, the first active one counts")?;
        }
        let active = match &*rule.active {
            "yes" => "active",
            "no" => "not active",
            _ => "unknown",
        };
        writeln!(out, "  {}: {}, {active}", rule.name, rule.level)?;
        for part in &rule.parts {
            writeln!(out, "    {}", in_one_line(part))?;
        }
    }
    for (index, sign) in why.signs.iter().enumerate() {
        if index == 0 {
            let title = if state.kind == "scene" { "what it sets" } else { "what can show that somebody is there" };
            writeln!(out, "\n{title}")?;
        }
        writeln!(out, "  {}", in_one_line(sign))?;
    }
    for (index, pending) in why.pending.iter().enumerate() {
        if index == 0 {
            writeln!(out, "\nwaited for")?;
        }
        writeln!(out, "  {}  {}", clock_time(&pending.ends), pending.what)?;
    }
    if let Some(next) = why.next {
        writeln!(out, "\nnext, if nothing else happens\n  {}  {}  {}", clock_time(&next.at), next.level, next.why)?;
    } else if let Some(until) = why.stays_until {
        let until = clock_time(&until);
        writeln!(out, "\nnext: if nothing else happens, it stays so until {until} at least; further was not looked")?;
    } else if !why.slots.is_empty() || !why.signs.is_empty() && state.kind != "scene" {
        writeln!(out, "\nnext: if nothing else happens, it stays so for a day")?;
    }
    Ok(())
}

/// A priority array, the highest filled slot first.
fn print_slots(out: &mut impl Write, slots: &[SlotShape]) -> io::Result<()> {
    let width = slots.iter().map(|slot| slot.level.chars().count()).max().unwrap_or(0).max(4);
    for (index, slot) in slots.iter().enumerate() {
        let mark = if index == 0 { '>' } else { ' ' };
        let lost = slot.overruled_by.as_ref().map(|winner| format!(" (overruled by {winner})")).unwrap_or_default();
        writeln!(out, "{mark} {:8} {:>width$}  {}{lost}", slot.slot, slot.level, slot.cause)?;
    }
    Ok(())
}

/// `has been ON for 3m12s`; `has been unknown for 3m12s`
fn has_been(point: &PointShape) -> String {
    let is = if point.text.is_some() { value(point) } else { "unknown".into() };
    match point.age_s {
        Some(s) => format!("has been {is} for {}", spell_age(s)),
        None => format!("is {is}"),
    }
}

/// What else is to be said of an output: `, 24.0 W, 1.250 kWh, locked`; of a room `, asleep`.
fn facets(point: &PointShape, all: &[PointShape]) -> String {
    let mut more = String::new();
    let asleep = |facet: &&PointShape| {
        facet.kind == "asleep" && facet.id.strip_suffix("asleep") == point.id.strip_suffix("occupied")
    };
    if point.kind == "room" && all.iter().find(asleep).is_some_and(|facet| facet.text.as_deref() == Some("ON")) {
        more += ", asleep";
    }
    let facets = all.iter().filter(|facet| {
        let word = facet.id.strip_prefix(&*point.id).and_then(|rest| rest.strip_prefix('.'));
        word == Some(&*facet.kind)
    });
    for facet in facets.filter(|_| point.kind == "output") {
        match (&*facet.kind, facet.text.as_deref()) {
            ("lock", Some("ON")) => more += ", locked",
            ("power" | "energy", Some(_)) => more += &format!(", {}", value(facet)),
            _ => {}
        }
    }
    more
}

/// `yes      dark`: whether it is so, what it is, and what it looks at.
fn in_one_line(part: &PartShape) -> String {
    let looks_at: Vec<String> = part.numbers.iter().cloned().chain(part.points.iter().map(seen)).collect();
    let looks_at = if looks_at.is_empty() { String::new() } else { format!("  ({})", looks_at.join(", ")) };
    format!("{:7}  {}{looks_at}", part.so, part.text)
}

/// `living.temperature 20.50 °C for 3m12s`, and of a room why.
fn seen(point: &PointShape) -> String {
    let quality = if point.quality == "good" { String::new() } else { format!(", {}", point.quality) };
    let because = match &point.why {
        Some(why) if matches!(&*point.kind, "room" | "asleep") => format!(": {why}"),
        _ => String::new(),
    };
    let age = point.age_s.map(|s| format!(" for {}", spell_age(s))).unwrap_or_default();
    format!("{} {}{age}{quality}{because}", point.id, value(point))
}

/// `2026-11-23 21:00:00`, of an RFC 3339 time.
fn clock_time(time: &str) -> String {
    time.get(..19).unwrap_or(time).replace('T', " ")
}

/// Prints what a changed configuration would change.
pub async fn plan(sockets: &[PathBuf], sources: &Sources, as_json: bool) -> anyhow::Result<()> {
    let Sources { path, zone, text, files, .. } = sources;
    let body = json!({ "name": path.display().to_string(), "zone": zone, "text": text, "files": files });
    let plan: Plan = ask(sockets, Method::POST, "/api/v1/plan", Some(body)).await?;
    let mut out = io::stdout().lock();
    if as_json {
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&plan)?)?);
    }
    let mut out = Shown(out);
    if plan == Plan::default() {
        return Ok(writeln!(out, "nothing would change")?);
    }
    for (title, differences) in [
        ("in the file", &plan.settings),
        ("wires", &plan.wires),
        ("MQTT", &plan.topics),
        ("Home Assistant", &plan.entities),
        ("set by hand, and over", &plan.by_hand),
    ] {
        for (index, Difference { what, before, after }) in differences.iter().enumerate() {
            if index == 0 {
                writeln!(out, "{title}")?;
            }
            match (before, after) {
                (Some(before), Some(after)) => writeln!(out, "  ~ {what}: {before} -> {after}")?,
                (Some(before), None) => writeln!(out, "  - {what}: {before}")?,
                (None, after) => writeln!(out, "  + {what}: {}", after.as_deref().unwrap_or_default())?,
            }
        }
    }
    writeln!(out, "outputs that would move now{}", if plan.moves.is_empty() { ": none" } else { "" })?;
    for Move { output, before, after, why } in &plan.moves {
        let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        writeln!(out, "  {output}  {} -> {}  {why}", word(before), word(after))?;
    }
    if let Some(restart) = plan.restart {
        writeln!(out, "{restart}")?;
    }
    Ok(())
}

/// Sets a point by hand.
pub async fn set(sockets: &[PathBuf], point: &str, value: &str, hold: Option<Hold>) -> anyhow::Result<()> {
    let body = json!({ "value": value, "for": hold.map(|hold| hold.to_string()) });
    let state: PointShape = ask(sockets, Method::PUT, &point_path("points", point), Some(body)).await?;
    // The total of a counter is what the meter shows, at once.
    let is_total = || {
        state.id == point && state.value.is_some() && value.parse().ok().map(|number: f64| json!(number)) == state.value
    };
    let line = match &*state.kind {
        "reading" if is_total() => is(&state),
        // An input is debounced first, a sensor read when it is due.
        "input" | "reading" => format!("{}: the simulated wire is set to {value}", state.id),
        "scene" => format!("{} is given: its outputs are set by hand", state.id),
        _ => is(&state),
    };
    Ok(writeln!(Shown(io::stdout()), "{line}")?)
}

/// Gives a point back to automatic control.
pub async fn auto(sockets: &[PathBuf], point: &str) -> anyhow::Result<()> {
    let state: PointShape = ask(sockets, Method::DELETE, &point_path("points", point), None).await?;
    Ok(writeln!(Shown(io::stdout()), "{}", is(&state))?)
}

/// `lamp is ON 40 %. manual: command by the console, until AUTO`
fn is(point: &PointShape) -> String {
    let remark = remark(point);
    let stop = if remark.is_empty() { "" } else { ". " };
    format!("{} is {}{stop}{remark}", point.id, value(point))
}

/// Asks the first daemon that answers.
pub(super) async fn ask<T: serde::de::DeserializeOwned>(
    sockets: &[PathBuf],
    method: Method,
    path: &str,
    body: Option<serde_json::Value>,
) -> anyhow::Result<T> {
    let mut not_running = None;
    for socket in sockets {
        match client::request(socket, method.clone(), path, body.clone()).await {
            Err(error @ Error::NotRunning { .. }) => not_running = not_running.or(Some(error)),
            answer => return Ok(answer?),
        }
    }
    match not_running {
        Some(error) => Err(error.into()),
        None => bail!("no place to look for a socket"),
    }
}

/// `ON 40 %`, `20.50 °C`; a level that the word says already is left out.
fn value(point: &PointShape) -> String {
    let unit = point.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
    let part = point.percent.filter(|percent| (1..100).contains(percent));
    let part = part.map(|percent| format!(" {percent} %")).unwrap_or_default();
    point.text.as_ref().map_or_else(|| "-".into(), |text| format!("{text}{unit}{part}"))
}

/// How long the value has been so, of a table.
fn age(point: &PointShape) -> String {
    point.age_s.map_or_else(|| "-".into(), spell_age)
}

/// Two units at the most.
fn spell_age(s: i64) -> String {
    match s {
        s if s < 60 => format!("{s}s"),
        s if s < 3_600 => format!("{}m{:02}s", s / 60, s % 60),
        s if s < 86_400 => format!("{}h{:02}m", s / 3_600, s / 60 % 60),
        s => format!("{}d{:02}h", s / 86_400, s / 3_600 % 24),
    }
}

fn remark(point: &PointShape) -> String {
    match (&point.fault, &point.why) {
        (Some(fault), _) => format!("fault: {fault}"),
        (None, Some(why)) => why.clone(),
        (None, None) if point.quality == "good" => String::new(),
        (None, None) if point.quality == "stale" && point.text.is_none() => "stale: nothing heard of it yet".into(),
        (None, None) => point.quality.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_connected_is_told_in_one_line() {
        let client = |name: &str, since: Option<&str>, encrypted| {
            let (name, address) = (name.into(), "10.0.0.7".into());
            Client { name, address, since: since.map(str::to_owned), encrypted }
        };
        let told = |connected, clients: &[Client]| super::connected(&Clients { connected, clients: clients.to_vec() });
        assert_eq!(told(0, &[]), "Home Assistant is not connected");
        let first = client("Home Assistant 2026.2.3", Some("2026-11-30T12:00:00+01:00"), true);
        let line = "connected: Home Assistant 2026.2.3 at 10.0.0.7 since 2026-11-30 12:00:00+01:00";
        assert_eq!(told(1, std::slice::from_ref(&first)), line);
        let both = [first, client("x", None, false)];
        assert_eq!(told(4, &both), format!("{line}; x at 10.0.0.7, NOT encrypted, and 2 more"));
    }

    #[test]
    fn what_is_printed_acts_on_no_terminal() {
        let mut out = Shown(Vec::new());
        let error = "\u{1b}]0;x\u{7}gone\u{202e}";
        writeln!(out, "no broker: {error}").unwrap();
        assert_eq!(String::from_utf8(out.0).unwrap(), "no broker: \\u{1b}]0;x\\u{7}gone\\u{202e}\n");
    }
}
