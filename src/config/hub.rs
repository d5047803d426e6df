//! `[hub]`: the machine and the place.

use super::{
    diagnostic::Problems,
    language::{self, Kept, Scope},
    nearest,
    rules::{Condition, Sentence, read_sentence},
    shape::{Decimal, OneOf, Shape, Text, Word, Wrong, shorten},
    table::Table,
};
use crate::model::{
    ClockTrust, Condition as Held, Encryption, Holidays, HomeAssistantSettings, Hub, Point, Rule, Zone,
};
use serde_json::{Value as Json, json};
use std::ops::Range;
use toml::de::DeValue;

/// What the table tells.
pub(super) struct Draft {
    pub hub: Hub,
    /// Whether it says where the house is.
    pub placed: bool,
    /// The file of holidays, and where it is named.
    pub holidays: Option<(String, Range<usize>)>,
    /// The file of tests, likewise.
    pub tests: Option<(String, Range<usize>)>,
    /// Where it says when the time is believed.
    clock: Range<usize>,
    dark_while: Option<Sentence>,
    dark_until: Option<Sentence>,
}

pub(super) fn read(table: &mut Table<'_>, system_zone: Zone) -> Draft {
    let id = table
        .required(
            "id",
            "The hub's name in every topic and in Home Assistant: small letters, digits, _.",
            "\"home\"",
            Word,
        )
        .unwrap_or_default();
    let name = table.optional("name", "What people call it; the id when absent.", Text).unwrap_or_else(|| id.clone());
    let latitude =
        table.optional("latitude", "Degrees, north positive: for sunrise, dusk and so on.", Decimal(-90.0..=90.0));
    let longitude = table.optional("longitude", "Degrees, east positive.", Decimal(-180.0..=180.0));
    let altitude_m = table.optional(
        "altitude",
        "Metres above the sea, for sea_level_pressure and CO2 sensors.",
        Decimal(-500.0..=9_000.0),
    );
    let timezone = table
        .optional("timezone", "The IANA time zone of all times of day; the machine's when absent.", ZoneName)
        .unwrap_or(system_zone);
    let clock = table.defaulted(
        "clock",
        "When the time is believed: \"auto\" (when synchronised, or with a hardware clock), \"homeassistant\" (or when Home \
         Assistant tells it) or \"always\".",
        OneOf(&ClockTrust::WORDS),
        ClockTrust::Auto,
    );
    let holidays = table.optional(
        "holidays",
        "A file beside this one that lists the days of `holiday`: 2026-12-25, or 12-25 for every year, one a line.",
        Text,
    );
    let dark_while = table.optional(
        "dark_while",
        "What `dark` means, such as \"garden.illuminance < 30\"; while that is not known, and when absent, the sun decides.",
        Condition,
    );
    let dark_until = table.optional(
        "dark_until",
        "With `dark_while`: it stays dark until this is true, such as \"garden.illuminance > 60\".",
        Condition,
    );
    if dark_until.is_some() && !table.has("dark_while") {
        table.error_at("dark_until", "`dark_until` without `dark_while`", "add dark_while = \"...\"");
    }
    let sentence = |key: &str, text: String| Sentence { text, place: table.place_of(key) };
    let dark_while = dark_while.map(|text| sentence("dark_while", text));
    let dark_until = dark_until.map(|text| sentence("dark_until", text));
    let holidays = holidays.map(|file| (file, table.place_of("holidays")));
    let tests = table.optional(
        "tests",
        "A file beside this one (\"config.test.toml\"); a changed configuration comes into force only when its tests pass.",
        FileName,
    );
    let tests = tests.map(|file| (file, table.place_of("tests")));
    for (one, other) in [("latitude", "longitude"), ("longitude", "latitude")] {
        if table.has(one) && !table.has(other) {
            table.error_at(one, format!("`{one}` without `{other}`"), format!("add {other} = ... to [hub]"));
        }
    }
    let placed = table.has("latitude") && table.has("longitude");
    let (latitude, longitude) = (latitude.unwrap_or(0.0), longitude.unwrap_or(0.0));
    let hub = Hub {
        id: id.into(),
        name,
        latitude,
        longitude,
        altitude_m,
        timezone,
        clock,
        holidays: Holidays::default(),
        tests: tests.as_ref().map(|(file, _)| (&**file).into()),
    };
    Draft { hub, placed, holidays, tests, clock: table.place_of("clock"), dark_while, dark_until }
}

impl Draft {
    /// Whether somebody can tell the time who is to tell it.
    pub fn check_clock(&self, homeassistant: Option<&HomeAssistantSettings>, problems: &Problems) {
        if self.hub.clock != ClockTrust::HomeAssistant {
            return;
        }
        let wrong = match homeassistant.map(|settings| &settings.encryption) {
            None => ("there is no table [homeassistant] by which it could tell the time", "add [homeassistant]"),
            Some(Encryption::Plaintext) => (
                "without a key, everybody on the network would tell the time",
                "remove allow_plaintext from [homeassistant]",
            ),
            Some(Encryption::OwnKey | Encryption::Key(_)) => return,
        };
        problems.error(self.clock.clone(), wrong.0, wrong.1);
    }

    /// What `dark` means, if it is not left to the sun.
    pub fn dark(&self, scope: &Scope<'_>, kept: &mut Kept, source: &str, problems: &Problems) -> Option<Rule> {
        kept.timers = 0;
        let condition = |text: &str, kept: &mut Kept| language::condition(text, scope, kept);
        let mut parse = |sentence: &Sentence| match read_sentence(sentence, kept, source, problems, condition)? {
            condition if speaks_of_dark(&condition) => {
                let advice = "write what is measured, or `sun.elevation < -6`";
                problems.error(sentence.place.clone(), "`dark` is explained by itself", advice);
                None
            }
            condition
                if condition
                    .points(scope.config)
                    .iter()
                    .any(|p| matches!(p, Point::Occupied(_) | Point::Asleep(_))) =>
            {
                problems.error(sentence.place.clone(), "rooms do not make it dark", "write what is measured");
                None
            }
            condition => Some(condition),
        };
        let written = self.dark_while.as_ref()?;
        let condition = parse(written);
        let until = self.dark_until.as_ref().and_then(parse);
        if let (Some(condition), Some(until), Some(sentence)) = (&condition, &until, &self.dark_until)
            && let Some((message, advice)) = language::overlap(condition, until, scope.config)
        {
            problems.warning(sentence.place.clone(), message, advice);
        }
        let text = match &self.dark_until {
            Some(until) => format!("{} until {}", written.text, until.text),
            None => written.text.clone(),
        };
        let (set, notice, timers) = (Vec::new(), None, kept.timers);
        Some(Rule { name: "dark".into(), condition: condition?, until, set, notice, timers, text })
    }
}

fn speaks_of_dark(condition: &Held) -> bool {
    *condition == Held::Dark || condition.parts().iter().any(speaks_of_dark)
}

/// The name of a file in the folder of this one.
struct FileName;

impl Shape for FileName {
    type Value = String;

    fn noun(&self) -> String {
        "the name of a file".into()
    }

    fn example(&self) -> String {
        "it in double quotes, such as \"config.test.toml\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        if text.is_empty() || text.contains('/') || matches!(text, "." | "..") {
            let message = format!("\"{}\" is not the name of a file in this folder", shorten(text));
            return Err(Wrong::new(message, format!("write {}", self.example())));
        }
        Ok(Some(text.to_owned()))
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "examples": ["config.test.toml"] })
    }

    fn show(&self, value: &String) -> Json {
        json!(value)
    }
}

/// A time zone of the IANA database.
struct ZoneName;

impl Shape for ZoneName {
    type Value = Zone;

    fn noun(&self) -> String {
        "a time zone".into()
    }

    fn example(&self) -> String {
        "its name in double quotes, such as \"Europe/Amsterdam\"".into()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Zone>, Wrong> {
        let Some(text) = value.as_str() else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            let advice = match nearest::name(text, Zone::names()) {
                Some(name) => format!("did you mean \"{name}\"?"),
                None => format!("write {}", self.example()),
            };
            Wrong::new(format!("unknown time zone \"{}\"", shorten(text)), advice)
        })
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "examples": ["Europe/Amsterdam", "UTC"] })
    }

    fn show(&self, value: &Zone) -> Json {
        json!(value.name())
    }
}
