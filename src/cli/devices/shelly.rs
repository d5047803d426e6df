//! What the devices of Shelly are, by the beginning of their ids.

use super::{Tables, quoted};

/// One thing of a device: the table, how many of it there are, and its keys.
type Part = (&'static str, u8, &'static str);

const SWITCH: &str = "kind = \"switch\"\n";
const LIGHT: &str = "kind = \"light\"\nlevels = true\n";
const BUTTON: &str = "kind = \"button\"\n";
const POWER: Part = ("sensors", 1, "");
const CLIMATE: Part = ("sensors", 1, "quantities = [\"temperature\", \"humidity\", \"battery\"]\n");
const BATTERY: Part = ("sensors", 1, "quantities = [\"temperature\", \"battery\"]\n");

/// The first that fits counts; what is not there is a relay.
const MODELS: [(&str, &[Part]); 24] = [
    ("shellyht-", &[CLIMATE]),
    ("shellyplusht-", &[CLIMATE]),
    ("shellyhtg3-", &[CLIMATE]),
    ("shellyflood-", &[("inputs", 1, "kind = \"leak\"\n"), BATTERY]),
    ("shellyfloodg4-", &[("inputs", 1, "kind = \"leak\"\n")]),
    ("shellysmoke-", &[("inputs", 1, "kind = \"smoke\"\n"), BATTERY]),
    ("shellyplussmoke-", &[("inputs", 1, "kind = \"smoke\"\n")]),
    (
        "shellydw",
        &[("inputs", 1, "kind = \"door\"\n"), ("sensors", 1, "quantities = [\"illuminance\", \"battery\"]\n")],
    ),
    ("shellymotion", &[("inputs", 1, "kind = \"motion\"\n")]),
    ("shellybutton1-", &[("inputs", 1, BUTTON), ("sensors", 1, "quantities = [\"battery\"]\n")]),
    ("shellyix3-", &[("inputs", 3, BUTTON)]),
    ("shellyplusi4", &[("inputs", 4, BUTTON)]),
    ("shellyi4g3", &[("inputs", 4, BUTTON)]),
    ("shellydimmer", &[("outputs", 1, LIGHT)]),
    ("shellyplus0110dimmer", &[("outputs", 1, LIGHT)]),
    ("shellydali", &[("outputs", 1, LIGHT)]),
    ("shellyplus2pm", &[("outputs", 2, SWITCH), ("sensors", 2, "")]),
    ("shelly2pmg", &[("outputs", 2, SWITCH), ("sensors", 2, "")]),
    ("shellyswitch25", &[("outputs", 2, SWITCH)]),
    ("shellypro2", &[("outputs", 2, SWITCH)]),
    ("shellypro3-", &[("outputs", 3, SWITCH)]),
    ("shellypro4pm", &[("outputs", 4, SWITCH), ("sensors", 4, "")]),
    ("shellyplug", &[("outputs", 1, SWITCH), POWER]),
    ("shellyplusplug", &[("outputs", 1, SWITCH), POWER]),
];

/// The tables of a device that says that it is there.
pub(super) fn device(tables: &mut Tables, id: &str) {
    let known = MODELS.iter().find(|(beginning, _)| id.starts_with(beginning)).map(|(_, parts)| *parts);
    let measures = id.contains("1pm");
    let relay: &[Part] = if measures { &[("outputs", 1, SWITCH), POWER] } else { &[("outputs", 1, SWITCH)] };
    for (table, count, keys) in known.unwrap_or(relay) {
        for channel in 0..*count {
            let channel = if *count > 1 { format!("channel = {channel}\n") } else { String::new() };
            // The kind comes first, as people write it.
            let (kind, rest) = match keys.strip_prefix("kind") {
                Some(_) => keys.split_at(keys.find('\n').map_or(keys.len(), |end| end + 1)),
                None => ("", *keys),
            };
            tables.add(table, id, &format!("{kind}shelly = {}\n{channel}{rest}", quoted(id)));
        }
    }
}
