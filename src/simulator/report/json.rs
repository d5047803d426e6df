//! The report as JSON, in a shape that stays: docs/simulate.md describes it.

use super::{Recording, Track, findings, sums::TrackSum, text};
use crate::model::{RuleId, Slot};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value as Json, json};

/// All of it.
pub fn report(recording: &Recording) -> Json {
    let config = &recording.config;
    let days = recording.days();
    let at = |instant: DateTime<Utc>| {
        instant.with_timezone(&config.hub.timezone).to_rfc3339_opts(SecondsFormat::AutoSi, true)
    };
    let outputs = config.visible_outputs().map(|id| {
        let output = &config[id];
        let usage = recording.usage(id, recording.from, recording.until);
        let held = recording.held(id);
        let days = days.iter().map(|(date, begin, end)| {
            let usage = recording.usage(id, *begin, *end);
            json!({
                "date": date.to_string(), "on_s": seconds(usage.on), "times": usage.times,
                "kwh": recording.energy_kwh(id, &usage),
            })
        });
        let changes = recording.outputs[id.0].iter().filter(|_| recording.complete).map(|span| {
            let lower =
                span.explanation().map_or(&[][..], |explanation| explanation.slots.get(1..).unwrap_or_default());
            let lower = lower.iter().filter(|(slot, _)| *slot != Slot::Default).map(|(slot, claim)| {
                json!({ "slot": slot, "percent": claim.level.percent(), "why": claim.cause.describe(config) })
            });
            json!({
                "at": at(span.from), "percent": span.level.percent(), "slot": span.winner(), "why": span.why(),
                "overruled": lower.collect::<Vec<_>>(),
            })
        });
        json!({
            "id": output.id, "name": output.name, "kind": output.kind.word(),
            "on_s": seconds(usage.on), "times": usage.times, "kwh": recording.energy_kwh(id, &usage),
            "shortest_on_s": recording.shortest_on(id).map(seconds),
            "at_once_times": recording.at_once(id),
            "held_by_minimum_s": seconds(held.time), "held_by_minimum_times": held.times,
            "days": days.collect::<Vec<_>>(), "changes": changes.collect::<Vec<_>>(),
        })
    });
    let rules = config.rules.iter().enumerate().map(|(index, rule)| {
        let usage = recording.rule(RuleId(index));
        json!({
            "name": rule.name, "true_s": seconds(usage.active), "times": usage.times,
            "unknown_s": seconds(usage.unknown), "made_by": rule.made_by(),
        })
    });
    let events = config.events.iter().zip(&recording.events).map(|(rule, used)| {
        let left_out = used.left_out().map(|(why, count)| (why.word().to_owned(), json!(count)));
        json!({
            "name": rule.name, "happened": used.happened(), "acted": used.acted,
            "left_out": left_out.collect::<serde_json::Map<_, _>>(),
        })
    });
    let kept_off = recording.kept_off().into_iter().map(
        |kept| json!({ "output": config[kept.output].id, "by": kept.by, "s": seconds(kept.time), "times": kept.times }),
    );
    let absences = recording.absences.iter().filter_map(|(instant, ending)| {
        let until = recording.absences.iter().find(|(until, _)| until > instant).map(|(until, _)| at(*until));
        Some(json!({ "from": at(*instant), "until": until, "why": (*ending)?.word() }))
    });
    let fights = recording.fights().into_iter().map(|fight| {
        json!({
            "output": config[fight.output].id, "winner": config[fight.winner].name, "loser": config[fight.loser].name,
            "s": seconds(fight.time), "times": fight.times,
        })
    });
    let points = recording.tracks.iter().zip(&recording.track_sums).map(|((point, track), sum)| {
        let mut entry = json!({ "point": config.point_name(*point) });
        let unit = text::unit(config, *point);
        if !unit.is_empty() {
            entry["unit"] = json!(unit);
        }
        match (track, sum) {
            (_, TrackSum::Binary(sum)) => {
                entry["on_s"] = json!(seconds(sum.on));
                entry["times"] = json!(sum.times);
                entry["unknown_s"] = json!(seconds(sum.unknown));
            }
            (_, TrackSum::Number(sum)) => {
                entry["lowest"] = json!(sum.lowest.map(rounded));
                entry["highest"] = json!(sum.highest.map(rounded));
                entry["mean"] = json!(sum.mean().map(rounded));
                entry["unknown_samples"] = json!(sum.unknown());
                entry["samples"] = json!(sum.samples);
            }
            (Track::Word(changes), TrackSum::Word(_)) => {
                let changes = changes.iter().map(|(instant, word)| json!({ "at": at(*instant), "word": word }));
                entry["changes"] = changes.collect();
            }
            (_, TrackSum::Word(_)) => {}
        }
        entry
    });
    let trouble = recording.lines.iter().filter(|line| line.change.trouble).map(|line| {
        json!({ "at": at(line.at), "point": line.change.point, "what": line.change.what, "why": line.change.why })
    });
    json!({
        "house": config.hub.id,
        "from": at(recording.from),
        "until": at(recording.until),
        "outputs": outputs.collect::<Vec<_>>(),
        "contents": config.contents(),
        "rules": rules.collect::<Vec<_>>(),
        "event_rules": events.collect::<Vec<_>>(),
        "kept_off": kept_off.collect::<Vec<_>>(),
        "absences": absences.collect::<Vec<_>>(),
        "fights": fights.collect::<Vec<_>>(),
        "points": points.collect::<Vec<_>>(),
        "trouble": trouble.collect::<Vec<_>>(),
        "not_modelled": findings::left_out(recording).map(|left_out| {
            json!({ "outputs": left_out.outputs, "readings": left_out.readings, "inputs": left_out.inputs })
        }),
    })
}

fn seconds(time: TimeDelta) -> f64 {
    time.num_milliseconds() as f64 / 1_000.0
}

/// To three decimals: more are noise.
fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0 + 0.0
}
