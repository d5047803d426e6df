//! The name that was probably meant.

/// Words that other programs use for ours.
const SYNONYMS: [(&str, &str); 47] = [
    ("pin", "gpio"),
    ("active_low", "active"),
    ("inverted", "active"),
    ("invert", "active"),
    ("type", "kind"),
    ("device", "chip"),
    ("model", "chip"),
    ("driver", "chip"),
    ("interval", "every"),
    ("addr", "address"),
    ("i2c_address", "address"),
    ("lat", "latitude"),
    ("lon", "longitude"),
    ("lng", "longitude"),
    ("long", "longitude"),
    ("tz", "timezone"),
    ("host", "url"),
    ("broker", "url"),
    ("server", "url"),
    ("user", "username"),
    ("if", "while"),
    ("when", "while"),
    ("condition", "while"),
    ("then", "set"),
    ("action", "set"),
    ("trigger", "on"),
    ("triggers", "on"),
    ("actions", "do"),
    ("off_delay", "hold"),
    ("follows", "sets"),
    ("lamp", "light"),
    ("relay", "switch"),
    ("pump", "switch"),
    ("pir", "motion"),
    ("presence", "motion"),
    ("pullup", "up"),
    ("pulldown", "down"),
    ("night", "dark"),
    ("daytime", "daylight"),
    ("round", "round_to"),
    ("max_rate", "max_rate_per_minute"),
    ("moving_average", "average"),
    ("mean", "average"),
    ("alpha", "ema"),
    ("factor", "multiply"),
    ("scale", "multiply"),
    ("correction", "offset"),
];

/// The name nearest to `written`, if one is near enough to be meant.
pub fn name<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let written = written.to_lowercase();
    let names: Vec<&str> = names.into_iter().collect();
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == written);
    if let Some(ours) = synonym.and_then(|(_, ours)| names.iter().find(|name| *name == ours)) {
        return Some(ours);
    }
    let distance = |name: &str| strsim::damerau_levenshtein(&written, &name.to_lowercase());
    let (distance, name) = names.into_iter().map(|name| (distance(name), name)).min_by_key(|(d, _)| *d)?;
    let letters = written.chars().count().max(name.chars().count());
    let allowed = match letters {
        0..=2 => 0,
        3..=5 => 1,
        6..=9 => 2,
        _ => 3,
    };
    (distance <= allowed).then_some(name)
}
