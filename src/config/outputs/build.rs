//! From drafts to outputs: those that work through parts get them.

use super::{Draft, Switches, Works, interlocks};
use crate::{
    config::{diagnostic::Problems, nearest, suggestions},
    model::{
        AtStart, Commanded, Config, Cover, Dimming, Door, InputId, InputKind, Interlock, Line, Method, Mover, Output,
        OutputId, OutputKind, PowerRange, Remote, RemoteLevel, SafeState, Words,
    },
};
use std::{sync::Arc, time::Duration};

/// A button that is pressed is released so long after its time at the latest.
const RELEASED_WITHIN: Duration = Duration::from_secs(2);

/// All outputs, those of the file in its order and then the parts.
pub(in crate::config) struct Built {
    pub outputs: Vec<Output>,
    pub interlocks: Vec<Interlock>,
    /// The switches of its doors.
    pub ends: Ends,
}

/// What doors say of the inputs at their ends.
pub(in crate::config) struct Ends(Vec<(OutputId, Switches)>);

pub(in crate::config) fn build(drafts: Vec<Draft>, problems: &Problems) -> Built {
    let names: Vec<String> = drafts.iter().map(|draft| draft.id.text.clone()).collect();
    let groups: Vec<bool> = drafts.iter().map(|draft| matches!(draft.works, Works::Group { .. })).collect();
    let doors: Vec<bool> = drafts.iter().map(|draft| matches!(draft.works, Works::Door { .. })).collect();
    let mut parts = Parts { first: drafts.len(), outputs: Vec::new() };
    let mut outputs = Vec::new();
    let mut claims = Vec::new();
    let mut ends = Vec::new();
    for (index, draft) in drafts.into_iter().enumerate() {
        let mut output = draft.output;
        let mut own_wait = None;
        let (line, method) = match draft.works {
            Works::Nothing => (None, Method::Direct),
            Works::Line(line) => (Some(line), Method::Direct),
            Works::SlowPwm { line, period, range } => {
                let part = Output { at_start: restored(output.at_start), ..parts.of(index, &output, "wire", line) };
                let wire = parts.add(Output { min_on: output.min_on.take(), min_off: output.min_off.take(), ..part });
                (None, Method::SlowPwm { wire, period, range })
            }
            Works::KickStart { line, kick } => {
                let part = Output { at_start: output.at_start, ..parts.of(index, &output, "wire", line) };
                let wire = parts.add(Output { min_on: output.min_on.take(), min_off: output.min_off.take(), ..part });
                (None, Method::KickStart { wire, kick })
            }
            Works::Speeds { lines, kick, wait } => {
                own_wait = Some(wait);
                let stages = lines.into_iter().zip(1..).map(|(line, speed)| {
                    let part = parts.of(index, &output, &format!("speed_{speed}"), line);
                    parts.add(Output { at_start: restored(output.at_start), ..part })
                });
                (None, Method::Speeds { stages: stages.collect(), kick })
            }
            Works::Cover { open, close, open_time, close_time, stop } => {
                own_wait = Some(stop);
                let mut part = |name: &str, line: Line, time: Duration| {
                    let part = parts.of(index, &output, name, line);
                    parts.add(Output { max_on: Some(longest_run(time)), safe: SafeState::Off, ..part })
                };
                let (open, close) = (part("open", open, open_time), part("close", close, close_time));
                // Its wires are left off; it stays where it is.
                (output.at_start, output.safe, output.default_holds) = (AtStart::Restore, SafeState::Hold, true);
                (None, Method::Cover(Cover { open, close, open_time, close_time }))
            }
            Works::Door { button, press, rest, open_time, close_time, switches } => {
                let part = parts.of(index, &output, "button", button);
                let most = press + RELEASED_WITHIN;
                let button = parts.add(Output { max_on: Some(most), safe: SafeState::Off, ..part });
                (output.at_start, output.safe, output.default_holds) = (AtStart::Restore, SafeState::Hold, true);
                (output.pulse, output.class) = (None, output.class.or(Some("garage")));
                ends.push((OutputId(index), switches));
                // Its switches are found when the inputs are known.
                let (closed, open) = (InputId(0), None);
                (None, Method::Door(Door { button, press, rest, open_time, close_time, closed, open }))
            }
            Works::Mover(remote) => {
                let press = |payload: Option<&Arc<str>>, level: Option<&RemoteLevel>| {
                    let command = remote.command.as_ref().map(|command| Commanded {
                        on: payload.unwrap_or(&command.on).clone(),
                        off: None,
                        stop: None,
                        level: level.map(|level| RemoteLevel { state: None, ..level.clone() }),
                        ..command.clone()
                    });
                    let words = Words { on: Vec::new(), off: Vec::new() };
                    Line::Remote(Arc::new(Remote { state: None, words, moves: None, command, ..(*remote).clone() }))
                };
                let mut part = |name: &str, line: Line| {
                    let part = parts.of(index, &output, name, line);
                    parts.add(Output { safe: SafeState::Off, ..part })
                };
                let command = remote.command.as_ref();
                let open = part("open", press(None, None));
                let close = part("close", press(command.and_then(|command| command.off.as_ref()), None));
                let stop = part("stop", press(command.and_then(|command| command.stop.as_ref()), None));
                let level = command.and_then(|command| command.level.as_ref());
                let to = level.map(|level| part("to", press(None, Some(level))));
                let release = remote.owner.as_ref().map(|owner| part("release", press(Some(&owner.release), None)));
                (output.at_start, output.safe, output.default_holds) = (AtStart::Restore, SafeState::Hold, true);
                let is_gate = matches!(output.class, Some("door" | "garage" | "gate"));
                (None, Method::Mover(Mover { remote: remote.clone(), open, close, stop, to, release, is_gate }))
            }
            Works::Group { members, all } => {
                let mut found = Vec::new();
                let mut door = None;
                for (name, place) in members {
                    match names.iter().position(|known| *known == name) {
                        Some(member) if groups[member] => {
                            problems.error(place, format!("`{name}` is a group itself"), "name its members instead");
                        }
                        Some(member) if found.contains(&OutputId(member)) => {
                            problems.error(place, format!("`{name}` is listed twice"), "remove one of them");
                        }
                        Some(member) => {
                            found.push(OutputId(member));
                            if doors[member] {
                                door.get_or_insert((name, place));
                            }
                        }
                        None => {
                            let advice = match nearest::name(&name, names.iter().map(String::as_str)) {
                                Some(near) => format!("did you mean `{near}`?"),
                                None => {
                                    let known: Vec<&str> = names.iter().map(String::as_str).collect();
                                    format!("write one of {}", suggestions::list(&known))
                                }
                            };
                            problems.error(place, format!("unknown output `{name}`"), advice);
                        }
                    }
                }
                // A door moves when it is asked once; a light is asked as often as somebody comes by.
                if let Some((name, place)) = door.filter(|_| found.iter().any(|member| !doors[member.0])) {
                    problems.error(
                        place,
                        format!("`{name}` is a door with one button, and not all others of its group are"),
                        "a door is in a group with doors only: take it out, and set it in a scene",
                    );
                }
                (None, Method::Group { members: found, all })
            }
        };
        (output.line, output.method) = (line, method);
        claims.push(interlocks::Claim {
            id: draft.id,
            word: draft.interlock,
            said: draft.wait,
            own_wait,
            safe_on: output.safe == SafeState::On,
        });
        outputs.push(output);
    }
    outputs.extend(parts.outputs);
    let interlocks = interlocks::join(claims, &mut outputs, problems);
    Built { outputs, interlocks, ends: Ends(ends) }
}

/// Finds the switches of doors, when the inputs are known.
pub(in crate::config) fn find_switches(ends: Ends, config: &mut Config, problems: &Problems) {
    for (id, Switches { closed, open }) in ends.0 {
        let find = |(name, place): super::Mention, advice: &str| {
            let found = suggestions::binary_input(&name, config).and_then(|input| {
                let is_switch = config[input].kind.opens() || config[input].kind == InputKind::Switch;
                is_switch.then_some(input).ok_or_else(|| (format!("`{name}` is no end switch"), advice.into()))
            });
            found.map_err(|(message, advice)| problems.error(place.clone(), message, advice)).ok().map(|id| (id, place))
        };
        let found = (
            find(closed, "name an input of kind \"door\", \"contact\" or \"switch\""),
            open.map(|open| find(open, "name an input of kind \"switch\"")),
        );
        if let (Some((closed, _)), Some(Some((open, place)))) = &found
            && closed == open
        {
            problems.error(place.clone(), "one input at both ends", "name the input at the other end, or remove it");
        }
        let switches = match found {
            (Some((closed, _)), None) => Some((closed, None)),
            (Some((closed, _)), Some(Some((open, _)))) => Some((closed, Some(open))),
            _ => None,
        };
        match (&mut config.outputs[id.0].method, switches) {
            (Method::Door(door), Some((closed, open))) => (door.closed, door.open) = (closed, open),
            // It was reported.
            (method, _) => *method = Method::Direct,
        }
    }
}

/// The parts made so far.
struct Parts {
    /// The place of the first one among all outputs.
    first: usize,
    outputs: Vec<Output>,
}

impl Parts {
    /// A part of the output at `index`, as plain as can be.
    fn of(&self, index: usize, output: &Output, name: &str, line: Line) -> Output {
        let dimmed = matches!(line, Line::Pwm(_));
        Output {
            id: format!("{}.{name}", output.id).into(),
            name: format!("{} {}", output.name, name.replace('_', " ")),
            kind: output.kind,
            line: Some(line),
            method: Method::Part { of: OutputId(index) },
            dimming: if dimmed { output.dimming } else { Dimming { range: PowerRange::FULL, ..Dimming::PLAIN } },
            active: output.active,
            safe: output.safe,
            max_rate: output.max_rate,
            ..Output::plain("", OutputKind::Switch, Line::Number(0))
        }
    }

    fn add(&mut self, part: Output) -> OutputId {
        self.outputs.push(part);
        OutputId(self.first + self.outputs.len() - 1)
    }
}

/// A wire that is switched by another's level goes on with what it was, or begins off.
fn restored(at_start: AtStart) -> AtStart {
    if at_start == AtStart::Restore { AtStart::Restore } else { AtStart::Off }
}

/// No motor of a cover runs longer than this, whatever happens: the way, a tenth beyond, and something to spare.
fn longest_run(time: Duration) -> Duration {
    time.mul_f64(1.2) + Duration::from_secs(2)
}
