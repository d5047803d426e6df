//! What rules act on: `doorbell click`, `time 07:30`, `sunset - 10m`, `every 15m`, `cron 0 7 * * mon-fri`, `hub starts`, or any
//! condition that becomes true.

use super::{
    Kept, Mistake, Scope, check_length, cron,
    lexer::{self, Lexeme, Token},
    names,
    parser::{Kind, Node, Parser},
    typing, words,
};
use crate::model::{Click, ClimateFacet, Config, OutputFacet, Point, Trigger};

/// The trigger that `text` writes, with what the engine keeps for it.
pub(in crate::config) fn trigger(text: &str, scope: &Scope<'_>, kept: &mut Kept) -> Result<Trigger, Vec<Mistake>> {
    check_length(text, "event", "\"doorbell click\"")?;
    if let Some(fields) = text.trim_start().strip_prefix("cron ") {
        let at = text.len() - fields.len();
        return cron::parse(fields, at).map(Trigger::Cron).map_err(|mistake| vec![mistake]);
    }
    let lexemes = lexer::tokens(text, &scope.config.own_units()).map_err(|mistake| vec![mistake])?;
    let one = |mistake| vec![mistake];
    let words: Vec<&str> = lexemes.iter().map(|lexeme| lexeme.text).collect();
    if let Some(found) = happening(&lexemes, &words, scope.config) {
        return found.map_err(one);
    }
    let mut parser = Parser::new(&lexemes, &scope.config.modes.list);
    if let Some(trigger) = parser.every() {
        let (trigger, sun) = trigger.map_err(one)?;
        parser.at_the_end().map_err(one)?;
        return match sun {
            Some(place) if !scope.placed => Err(vec![typing::no_place(place)]),
            _ => Ok(trigger),
        };
    }
    let timed = match lexemes[0].token {
        Token::Word("time") => !parser.next_is(["is", "between", "after", "before"]),
        Token::Word("at") => {
            let advice = format!("write `{}`", words[1..].join(" ").trim_end());
            return Err(vec![parser.mistake("unexpected `at`", advice)]);
        }
        Token::Time(_) | Token::Word("nautical" | "astronomical") => true,
        Token::Word(word) => words::SUN.contains(&word),
        _ => false,
    };
    if timed {
        parser.take_word("time");
        let (time, sun) = parser.time().map_err(one)?;
        parser.at_the_end().map_err(one)?;
        return match sun {
            Some(place) if !scope.placed => Err(vec![typing::no_place(place)]),
            _ => Ok(Trigger::At(time)),
        };
    }
    let tree = match state(&lexemes) {
        Some(tree) => tree,
        None => {
            let tree = parser.any().map_err(one)?;
            parser.at_the_end().map_err(one)?;
            tree
        }
    };
    typing::condition(&tree, scope, kept).map(Trigger::Becomes)
}

/// What happens to a single thing: a click, any change, a start.
fn happening(lexemes: &[Lexeme<'_>], words: &[&str], config: &Config) -> Option<Result<Trigger, Mistake>> {
    let place = lexemes[0].place.clone();
    let whole = place.start..lexemes[lexemes.len() - 1].place.end;
    let wrong = |message: String, advice: &str| Some(Err(Mistake::new(whole.clone(), message, advice)));
    let click = match words[1..] {
        ["starts", ""] if words[0] == "hub" => return Some(Ok(Trigger::Start)),
        [..] if words[0] == "hub" => return wrong("this never happens".into(), "write `hub starts`"),
        ["changes", ""] => {
            return Some(
                changing(words[0], config)
                    .map(Trigger::Changes)
                    .map_err(|(message, advice)| Mistake::new(place, message, advice)),
            );
        }
        ["click", ""] => Click::Single,
        ["double" | "twice", ""] | ["double", "click", ""] => Click::Double,
        ["triple", ""] | ["triple", "click", ""] => Click::Triple,
        ["long", ""] | ["long", "press" | "click", ""] => Click::Long,
        ["clicked" | "clicks", ""] => return wrong("unexpected form".into(), "write `click`"),
        ["press" | "presses", ""] => {
            return wrong(
                "a press is the beginning of some click".into(),
                "write `click`, or `pressed` for its very beginning",
            );
        }
        ["opens", ""] => return wrong("unexpected `opens`".into(), "write `open`, as in `front_door open`"),
        ["closes", ""] => return wrong("unexpected `closes`".into(), "write `closed`, as in `front_door closed`"),
        _ => return None,
    };
    let name = words[0];
    Some(match config.find_input(name) {
        Some(input) if config[input].clicks() => Ok(Trigger::Click(input, click)),
        Some(input) if config[input].counts() => {
            let rate = config.find_counter(name).map_or("rate", |(.., counter)| counter.measures.rate().word());
            let advice = format!("compare what it shows, as in `{name}.{rate} > 10`");
            Err(Mistake::new(place, format!("`{name}` is a counter, not a button"), advice))
        }
        Some(_) => {
            let advice = "write `on`, `off` or `changes`, or give it kind = \"button\"";
            Err(Mistake::new(place, format!("`{name}` is not a button"), advice))
        }
        None => {
            let (message, advice) = names::not_found(config, name);
            Err(Mistake::new(place, message, advice))
        }
    })
}

fn changing(name: &str, config: &Config) -> Result<Point, (String, String)> {
    match config.find_point(name).or_else(|| config.find_point(&format!("{name}.occupied"))) {
        Some(
            Point::Reading(..)
            | Point::OutputFacet(_, OutputFacet::Position | OutputFacet::Power | OutputFacet::Energy)
            | Point::Climate(_, ClimateFacet::Measured),
        ) => Err((
            format!("`{name}` is a number, which changes all the time"),
            format!("compare it, as in `{name} > 20`"),
        )),
        Some(Point::Event(_)) => Err((format!("`{name}` only happens"), "write `click`".into())),
        Some(Point::Setting(_)) => Err(names::not_found(config, name)),
        Some(point) => Ok(point),
        None if name == "mode" => Err(("there are no modes".into(), "add the table [modes]".into())),
        None => Err(names::not_found(config, name)),
    }
}

/// `hall_motion on` is short for `hall_motion is on`, and `mode away` for `mode is away`.
fn state<'t>(lexemes: &[Lexeme<'t>]) -> Option<Node<'t>> {
    let [name, state, end] = lexemes else { return None };
    let (Token::Word(word), Token::Word(is), Token::End) = (name.token, state.token, end.token) else { return None };
    let place = name.place.start..state.place.end;
    let kind = if word == "mode" {
        Kind::Mode(vec![(is, state.place.clone())])
    } else if !words::is_reserved(word) && words::STATES.contains(&is) {
        let name = Node { kind: Kind::Name(word), place: name.place.clone() };
        Kind::Is(Box::new(name), is, state.place.clone())
    } else {
        return None;
    };
    Some(Node { kind, place })
}
