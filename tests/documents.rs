//! What the documents show must work: the first configuration of the README, the keys, the words of the rule language.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]

use hearthd::{
    config,
    model::{CHIPS, Channel},
};
use serde_json::Value;
use std::{fs, path::Path};

#[test]
fn the_first_configuration_is_good() {
    check(&first_configuration());
}

#[test]
fn every_key_is_in_its_section() {
    let text = document("docs/configuration.md");
    let schema = config::schema();
    let tables = schema["properties"].as_object().unwrap();
    assert!(tables.len() >= 8, "the schema has too few tables: {tables:?}");
    for (table, description) in tables {
        let (heading, entity) = match () {
            () if description["items"].is_object() => (format!("## [[{table}]]"), &description["items"]),
            () if description["additionalProperties"].is_object() => {
                (format!("## [{table}.NAME]"), &description["additionalProperties"])
            }
            () => (format!("## [{table}]"), description),
        };
        let section = section(&text, &heading);
        for key in keys(entity) {
            assert!(section.contains(&format!("`{key}`")), "{heading} of docs/configuration.md does not say `{key}`");
        }
    }
}

#[test]
fn every_chip_is_in_the_table_of_chips() {
    let text = document("docs/chips.md");
    let table = section(&text, "## Chips");
    for facts in CHIPS {
        let row = table.lines().find(|line| line.starts_with(&format!("| `{}`", facts.words[0])));
        let row = row.unwrap_or_else(|| panic!("docs/chips.md has no row for {}", facts.words[0]));
        for word in facts.words {
            assert!(row.contains(&format!("`{word}`")), "the row of {} does not say `{word}`", facts.words[0]);
        }
        assert!(row.contains(&format!("`{:#04x}`", facts.addresses[0])), "{row}");
    }
    for quantity in CHIPS.iter().flat_map(|facts| facts.quantities) {
        let word = quantity.word().trim_end_matches(|c: char| c == '_' || c.is_ascii_digit());
        // `co2` ends with a digit of its own.
        let word = if quantity.channel() == Channel::Only { quantity.word() } else { word };
        assert!(text.contains(&format!("`{word}`")) || text.contains(&format!("`{word}_1`")), "no `{word}`");
    }
}

#[test]
fn the_words_of_the_rule_language_are_understood() {
    let text = document("docs/rules.md");
    let house = first_configuration().replacen("[hub]\n", "[hub]\nholidays = \"holidays.txt\"\n", 1)
        + "\n[modes]\n[inputs.front_door]\nkind = \"door\"\ngpio = 22\n"
        + "\n[inputs.water]\nkind = \"counter\"\ngpio = 16\nmeasures = \"water\"\n"
        + "\n[outputs.heater]\nkind = \"heater\"\ngpio = 26\npower = 1000\n"
        + "\n[rooms.bedroom]\nmotion = [\"hall_motion\"]\nasleep_while = \"mode is night\"\n";
    let mut conditions = 0;
    for row in section(&text, "## Words").lines().filter(|line| line.starts_with("| `")) {
        let column = row.split(" | ").next().unwrap();
        for condition in column.split('`').skip(1).step_by(2) {
            // `not a`, `( )`: the form of a sentence, not one of its own.
            if condition.split(' ').any(|word| matches!(word, "a" | "b" | "(")) {
                continue;
            }
            check(&format!(
                "{house}\n[[rules]]\nname = \"Shown\"\nwhile = '{condition}'\nset = {{ hall_light = \"on\" }}\n"
            ));
            conditions += 1;
        }
    }
    assert!(conditions >= 15, "only {conditions} conditions were found");
}

#[test]
fn the_examples_about_sensors_and_climate_are_good() {
    for name in [
        "docs/sensors.md",
        "docs/climate.md",
        "docs/chips.md",
        "docs/devices.md",
        "docs/hubs.md",
        "docs/modbus.md",
        "docs/serial.md",
    ] {
        let text = document(name);
        let examples: Vec<&str> =
            text.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
        assert!(!examples.is_empty(), "{name}");
        for example in examples {
            let hub = if example.contains("[hub]") { "" } else { "[hub]\nid = \"home\"\n" };
            check(&format!("{hub}{example}"));
        }
    }
}

#[test]
fn the_examples_about_rooms_are_good() {
    let text = document("docs/rooms.md");
    let examples: String = text.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    let house = "[hub]\nid = \"home\"\n[modes]\n[sensors.tv]\nchip = \"ina219\"\n\
                 [outputs.bedroom_light]\nkind = \"light\"\ngpio = 17\n\
                 [inputs]\nbath_door = { kind = \"door\", gpio = 5 }\nbath_motion = { kind = \"motion\", gpio = 6 }\n\
                 living_motion = { kind = \"motion\", gpio = 7 }\nbedroom_motion = { kind = \"motion\", gpio = 8 }\n";
    check(&format!("{house}{examples}"));
}

/// Has no errors, and nothing that somebody should look at.
fn check(toml: &str) {
    match config::parse(Path::new("shown.toml"), toml) {
        Ok(loaded) => {
            let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
            assert!(warnings.is_empty(), "{}", warnings.join("\n"));
        }
        Err(report) => panic!("{report}"),
    }
}

/// The keys of a table; none are hidden in definitions elsewhere.
fn keys(entity: &Value) -> Vec<&String> {
    let keys: Vec<_> = entity["properties"].as_object().unwrap().keys().collect();
    assert!(!keys.is_empty(), "a table without keys: {entity}");
    keys
}

/// The first TOML block of the README.
fn first_configuration() -> String {
    let text = document("README.md");
    let (_, rest) = text.split_once("```toml\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// From a heading to the next one.
fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let start = text.find(&format!("{heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let body = &text[start + heading.len()..];
    &body[..body.find("\n## ").unwrap_or(body.len())]
}

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn every_document_is_in_the_book_and_every_link_leads_somewhere() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let summary = document("docs/SUMMARY.md");
    let mut files =
        vec!["README.md".to_owned(), "ARCHITECTURE.md".into(), "CONTRIBUTING.md".into(), "SECURITY.md".into()];
    for entry in fs::read_dir(project.join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(title) = name.strip_suffix(".md").filter(|title| *title != "SUMMARY") {
            assert!(summary.contains(&format!("({title}.md)")), "docs/SUMMARY.md lacks {name}");
            files.push(format!("docs/{name}"));
        }
    }
    files.push("docs/SUMMARY.md".into());
    let mut links = 0;
    for file in files {
        let text = document(&file);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = project.join(&file);
            let path = if target.is_empty() { folder } else { folder.parent().unwrap().join(target) };
            assert!(path.exists(), "{file}: ({link}) leads nowhere");
            if !anchor.is_empty() {
                let there = fs::read_to_string(&path).unwrap();
                let headings = there.lines().filter(|line| line.starts_with('#')).map(anchor_of);
                assert!(headings.into_iter().any(|heading| heading == anchor), "{file}: no heading #{anchor}");
            }
            links += 1;
        }
    }
    assert!(links >= 40, "only {links} links were found");
}

/// As web pages name the place of a heading.
fn anchor_of(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>().replace(' ', "-")
}
