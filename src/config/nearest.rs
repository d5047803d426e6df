//! The name that was probably meant.

/// Words that other programs use for ours.
const SYNONYMS: [(&str, &str); 78] = [
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
    ("port", "url"),
    ("tls", "url"),
    ("ssl", "url"),
    ("ca", "ca_file"),
    ("cert", "cert_file"),
    ("certificate", "cert_file"),
    ("key", "key_file"),
    ("sni", "server_name"),
    ("timeout", "connect_timeout"),
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
    // Of the YAML of Home Assistant.
    ("availability_topic", "availability"),
    ("brightness_command_topic", "level_topic"),
    ("brightness_scale", "level_max"),
    ("brightness_state_topic", "level_state_topic"),
    ("brightness_template", "level_pointer"),
    ("brightness_value_template", "level_pointer"),
    ("command_topic", "mqtt"),
    ("device_class", "class"),
    ("expire_after", "stale_after"),
    ("friendly_name", "name"),
    ("payload_available", "available"),
    ("payload_not_available", "unavailable"),
    ("payload_off", "off"),
    ("payload_on", "on"),
    ("state_template", "pointer"),
    ("state_value_template", "pointer"),
    ("suggested_display_precision", "decimals"),
    ("topic", "mqtt"),
    ("unit_of_measurement", "unit"),
    // A sensor has its pointers and units there.
    ("unit_of_measurement", "quantities"),
    ("value_template", "pointer"),
    ("value_template", "quantities"),
];

/// The name nearest to `written`, if one is near enough to be meant.
pub fn name<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let written = written.to_lowercase();
    let names: Vec<&str> = names.into_iter().collect();
    let mut synonyms = SYNONYMS.iter().filter(|(other, _)| *other == written);
    if let Some(ours) = synonyms.find_map(|(_, ours)| names.iter().find(|name| *name == ours)) {
        return Some(ours);
    }
    crate::model::nearest(&written, names)
}

/// A name of a chip that is near another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Near<'n> {
    /// The same, with letters or digits that stand the other way round, or a letter too many or too few.
    Meant(&'n str),
    /// Another chip, as far as its name tells.
    Other(&'n str),
}

/// Chips whose names are made of the same letters and digits as one of ours.
const OTHER_CHIPS: [&str; 2] = ["lm57", "sht15"];

/// The nearest of the names of chips. Another number or letter is no typing error: an INA228 is no INA226, and a BMA280 no
/// BME280.
pub fn chip<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<Near<'n>> {
    let written = written.to_lowercase();
    let near = name(&written, names)?;
    let of_kind = |text: &str, kind: fn(&u8) -> bool| {
        let mut bytes: Vec<u8> = text.bytes().filter(kind).collect();
        bytes.sort_unstable();
        bytes
    };
    let digits = |text| of_kind(text, u8::is_ascii_digit);
    let (mut letters, mut ours) = (of_kind(&written, u8::is_ascii_lowercase), of_kind(near, u8::is_ascii_lowercase));
    if letters.len() > ours.len() {
        std::mem::swap(&mut letters, &mut ours);
    }
    let mut ours = ours.iter();
    let within = letters.iter().all(|letter| ours.any(|other| other == letter));
    let meant = within && digits(&written) == digits(near) && !OTHER_CHIPS.contains(&written.as_str());
    Some(if meant { Near::Meant(near) } else { Near::Other(near) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CHIPS;

    #[test]
    fn another_number_or_letter_is_another_chip() {
        let near = |written| chip(written, CHIPS.iter().flat_map(|facts| facts.words.iter().copied()));
        let meant = "bme208 bme280, BME280 bme280, mbe280 bme280, bme280e bme280, sh31 sht31, ltr390uv ltr390, lm75a lm75, \
                     tmp102a tmp102, ina-219 ina219, tls2561 tsl2561, veml-7700 veml7700, scd-41 scd41, opt3001a opt3001";
        for pair in meant.split(", ") {
            let (written, ours) = pair.split_once(' ').unwrap();
            assert_eq!(near(written), Some(Near::Meant(ours)));
        }
        let others = "ina228 ina237 sgp41 ads1118 ads1113 tsl2572 bma280 bma180 bh1751 sht85 hdc2080 tmp112 lm57 mcp9800 \
                      bmp581 mlx90640 aht30 sht15 dps368 scd42 ina3222 max44007 bme28 ens210 stc31";
        for written in others.split(' ') {
            assert!(!matches!(near(written), Some(Near::Meant(_))), "{written}: {:?}", near(written));
        }
        for (written, nearest) in
            [("ina228", "ina226"), ("sgp41", "sgp40"), ("bma280", "bme280"), ("ads1118", "ads1115")]
        {
            assert_eq!(near(written), Some(Near::Other(nearest)));
        }
        for far in ["thermometer", "x", "esp32", "hx711"] {
            assert_eq!(near(far), None, "{far}");
        }
    }
}
