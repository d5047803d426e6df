//! The keys of `[sensors.NAME]` that say which chip it is, where it is wired and how it is to measure.

use super::{
    diagnostic::Problems,
    shape::{Channels, Decimal, Flag, MuxChannel, OneNumberOf, Whole, one_of},
    table::{Id, Table},
};
use crate::model::{Chip, ChipSettings, Mux, Setting, WiredChip, duration};
use std::{collections::BTreeMap, ops::Range, time::Duration};

/// The ranges of an ADS1115, V.
const FULL_SCALE: &[f64] = &[6.144, 4.096, 2.048, 1.024, 0.512, 0.256];

/// A chip as far as its own table tells.
pub(super) struct Draft {
    pub wired: WiredChip,
    /// The place of its address, or of its header; nothing when chip or address are not known.
    address: Option<Range<usize>>,
}

/// `chip`: what the key of that name says.
pub(super) fn read(chip: Option<Chip>, table: &mut Table<'_>) -> Draft {
    let address =
        table.optional("address", "Its I2C address, such as 0x76; the chip's usual one when absent.", Whole(0..=0xff));
    let bus = table.defaulted("bus", "The I2C bus: 1 is /dev/i2c-1.", Whole(0..=255), 1);
    let mux = table.optional("mux", "The channel of the I2C multiplexer TCA9548A behind which it is.", MuxChannel);
    let settings = settings(chip, table);

    let wrong = |key: &str, is_right: bool| table.has(key) && !is_right;
    let mut address_known = chip.is_some() && !wrong("address", address.is_some()) && !wrong("mux", mux.is_some());
    if let (Some(chip), Some(written)) = (chip, address)
        && !chip.addresses().iter().any(|possible| i64::from(*possible) == written)
    {
        address_known = false;
        let possible: Vec<String> = chip.addresses().iter().map(|address| format!("{address:#04x}")).collect();
        let message = format!("the chip {} is never at the address {written:#04x}", chip.word());
        // `address = 76` for 0x76.
        let hexadecimal = format!("0x{written}");
        let advice = match possible.contains(&hexadecimal) {
            true => format!("write {hexadecimal}: {written} is {written:#04x}"),
            false => format!("write {}", one_of(possible)),
        };
        table.error_at("address", message, advice);
    }
    // The bme280 stands in for an unknown chip because it measures what most rules ask for.
    let chip = chip.unwrap_or(Chip::Bme280);
    let usual = chip.addresses().first().copied().unwrap_or(0);
    Draft {
        address: address_known.then(|| table.place_of("address")),
        wired: WiredChip {
            chip,
            bus: u8::try_from(bus).unwrap_or(u8::MAX),
            mux,
            address: address.and_then(|address| u8::try_from(address).ok()).unwrap_or(usual),
            settings,
        },
    }
}

fn settings(chip: Option<Chip>, table: &mut Table<'_>) -> ChipSettings {
    let usual = ChipSettings::usual(chip.unwrap_or(Chip::Bme280));
    let channels =
        table.optional("channels", "The inputs of the chip that are used, such as [1, 2]; all when absent.", Channels);
    let full_scale_v = table.optional(
        "full_scale",
        "The highest voltage that is measured, in V: a lower one gives finer steps. 6.144 when absent.",
        OneNumberOf(FULL_SCALE),
    );
    let shunt_ohm =
        table.optional("shunt", "The resistor of the current, in ohm; 0.1 when absent.", Decimal(0.000_01..=100.0));
    let self_calibration = table.optional(
        "self_calibration",
        "Whether the chip takes the best air of a week for fresh air; true when absent.",
        Flag,
    );
    if let Some(chip) = chip {
        for setting in [Setting::Channels, Setting::FullScale, Setting::Shunt, Setting::SelfCalibration] {
            refuse_useless(setting, chip, table);
        }
        let most = usual.channels.len();
        if let Some(last) = channels.iter().flatten().map(|channel| channel.number()).max()
            && chip.facts().settings.contains(&Setting::Channels)
            && last > most
        {
            let message = format!("the chip {} has no channel {last}", chip.word());
            table.error_at("channels", message, format!("write numbers from 1 to {most}"));
        }
    }
    ChipSettings {
        channels: channels.unwrap_or(usual.channels),
        full_scale_v: full_scale_v.unwrap_or(usual.full_scale_v),
        shunt_ohm: shunt_ohm.unwrap_or(usual.shunt_ohm),
        altitude_m: usual.altitude_m,
        self_calibration: self_calibration.unwrap_or(usual.self_calibration),
    }
}

/// Reports a setting that is written for a chip that does not have it.
fn refuse_useless(setting: Setting, chip: Chip, table: &Table<'_>) {
    let key = match setting {
        Setting::Channels => "channels",
        Setting::FullScale => "full_scale",
        Setting::Shunt => "shunt",
        Setting::SelfCalibration => "self_calibration",
    };
    if table.has(key) && !chip.facts().settings.contains(&setting) {
        table.error_at(key, format!("the chip {} has no `{key}`", chip.word()), "remove the line");
    }
}

/// How often it is read when nothing is said.
pub(super) fn usual_every(chip: Option<Chip>) -> Duration {
    const USUAL: Duration = Duration::from_secs(10);
    chip.map_or(USUAL, |chip| USUAL.clamp(chip.facts().every.0, chip.facts().every.1))
}

/// Reports an `every` that the chip cannot keep.
pub(super) fn check_every(chip: Chip, every: Duration, table: &Table<'_>) {
    let (least, most) = chip.facts().every;
    let word = chip.word();
    if every < least {
        let least = duration::spell(least);
        let message = format!("the chip {word} gives no new value within {}", duration::spell(every));
        table.error_at("every", message, format!("write every = \"{least}\" or longer"));
    } else if every > most {
        let or_shorter = if least < most { " or shorter" } else { "" };
        let most = duration::spell(most);
        let message = format!("the chip {word} must be read at least every {most}");
        table.error_at("every", message, format!("write every = \"{most}\"{or_shorter}"));
    }
}

/// Reports chips that share an address of a bus. Behind a multiplexer, every channel has addresses of its own, except
/// those that are taken on the bus in front of it.
pub(super) fn check_addresses<'d>(claims: impl Iterator<Item = Claim<'d>>, problems: &Problems) {
    let mut first: BTreeMap<(u8, u8), Vec<Claim<'_>>> = BTreeMap::new();
    for claim in claims {
        let Some(place) = claim.place else { continue };
        let Claim { bus, address, mux, .. } = claim;
        let apart = |other: &Claim<'_>| matches!((mux, other.mux), (Some(one), Some(two)) if one != two);
        let taken = |address: u8| {
            first.get(&(bus, address)).into_iter().flatten().find(|other| !apart(other)).map(|other| other.id)
        };
        match taken(address) {
            Some(other) => problems.error(
                place.clone(),
                format!("{} and {} are both at address {address:#04x} of I2C bus {bus}", claim.id.text, other.text),
                match claim.possible.iter().find(|free| taken(**free).is_none()) {
                    Some(free) => format!("write another address, such as {free:#04x}, and wire the chip for it"),
                    None => "write another bus: no address of this chip is left here".into(),
                },
            ),
            None => first.entry((bus, address)).or_default().push(claim),
        }
    }
}

/// What a chip takes on its bus.
pub(super) struct Claim<'d> {
    /// Of the sensor or expander.
    pub id: &'d Id,
    /// Where the address stands; nothing when chip or address are not known.
    pub place: Option<&'d Range<usize>>,
    pub bus: u8,
    pub mux: Option<Mux>,
    pub address: u8,
    /// The addresses that the chip can have.
    pub possible: Vec<u8>,
}

impl Draft {
    /// What the chip of a sensor takes on its bus.
    pub fn claim<'d>(&'d self, id: &'d Id) -> Claim<'d> {
        let WiredChip { chip, bus, mux, address, .. } = self.wired;
        Claim { id, place: self.address.as_ref(), bus, mux, address, possible: chip.addresses().to_vec() }
    }
}
