//! Smart meters with a P1 port: telegrams of text, told each 1 or 10 seconds (DSMR P1 companion standard 5.0.2; before 4.0 they have
//! no checksum: 2.2+ and 3.0). Each value stands behind its OBIS code.

use super::codec::{Step, Told, before};

const START: u8 = b'/';
const END: u8 = b'!';

/// Codes with one value, and the word for it.
const CODES: [(&str, &str); 25] = [
    ("1-0:1.7.0", "power"),
    ("1-0:2.7.0", "power_returned"),
    ("1-0:1.8.0", "energy"),
    ("1-0:1.8.1", "energy_1"),
    ("1-0:1.8.2", "energy_2"),
    ("1-0:2.8.0", "energy_returned"),
    ("1-0:2.8.1", "energy_returned_1"),
    ("1-0:2.8.2", "energy_returned_2"),
    ("0-0:96.14.0", "tariff"),
    ("1-0:32.7.0", "voltage_1"),
    ("1-0:52.7.0", "voltage_2"),
    ("1-0:72.7.0", "voltage_3"),
    ("1-0:31.7.0", "current_1"),
    ("1-0:51.7.0", "current_2"),
    ("1-0:71.7.0", "current_3"),
    ("1-0:21.7.0", "power_1"),
    ("1-0:41.7.0", "power_2"),
    ("1-0:61.7.0", "power_3"),
    ("1-0:22.7.0", "power_returned_1"),
    ("1-0:42.7.0", "power_returned_2"),
    ("1-0:62.7.0", "power_returned_3"),
    // Of the quarter of an hour (Belgium), and the highest of the month.
    ("1-0:1.4.0", "average_demand"),
    ("1-0:1.6.0", "maximum_demand"),
    ("0-0:96.7.21", "power_failures"),
    ("0-0:96.7.9", "long_power_failures"),
];
/// What some meters count by tariff alone.
const SUMS: [(&str, [&str; 2]); 2] =
    [("energy", ["energy_1", "energy_2"]), ("energy_returned", ["energy_returned_1", "energy_returned_2"])];
/// What meters on the M-Bus count, by their type.
const ON_MBUS: [(u64, &str); 2] = [(3, "gas"), (7, "water")];
/// Values are told in these units; by what each is multiplied, as a power of ten.
const UNITS: [(&str, u32); 7] = [("", 0), ("kWh", 0), ("kW", 3), ("W", 0), ("V", 0), ("A", 0), ("m3", 0)];

/// What stands at the beginning of these bytes, of meters with a checksum (4.0 and later).
pub fn step(bytes: &[u8]) -> Step {
    telegram(bytes, true)
}

/// The same of meters without one; a byte whose parity was wrong is 0 here.
pub fn step_unchecked(bytes: &[u8]) -> Step {
    telegram(bytes, false)
}

fn telegram(bytes: &[u8], is_checked: bool) -> Step {
    match before(START, bytes) {
        0 => {}
        skipped => return Step::Skip(skipped),
    }
    // Neither character is within a telegram (IEC 62056-21).
    let end = match bytes[1..].iter().position(|byte| [START, END].contains(byte)).map(|at| at + 1) {
        None => return Step::More,
        Some(at) if bytes[at] == START => return Step::Wrong(at),
        Some(at) => at,
    };
    let length = if is_checked { end + 5 } else { end + 1 };
    let Some(frame) = bytes.get(..length) else { return Step::More };
    let (text, said) = frame.split_at(end + 1);
    let is_right = match is_checked {
        true => std::str::from_utf8(said).ok().and_then(hex) == Some(crc16(text)),
        false => text.iter().all(|byte| byte.is_ascii_graphic() || b"\r\n \t".contains(byte)),
    };
    match std::str::from_utf8(&text[1..end]).ok().filter(|_| is_right).and_then(tell) {
        Some(told) => Step::Frame(length, told),
        None => Step::Wrong(end),
    }
}

/// Four digits, without a sign.
fn hex(text: &str) -> Option<u16> {
    u16::from_str_radix(text, 16).ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// x^16 + x^15 + x^2 + 1, least significant bit first, beginning with 0 (P1 companion standard 5.0.2, 5.12).
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xa001 } else { crc >> 1 })
    })
}

/// A number as it is written: whole digits, and how many of them stand behind the point.
#[derive(Clone, Copy)]
struct Decimal {
    digits: u64,
    behind: u32,
}

impl Decimal {
    fn read(text: &str) -> Option<Decimal> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(part) || whole.is_empty() || whole.len() + part.len() > 12 {
            return None;
        }
        let behind = u32::try_from(part.len()).ok()?;
        Some(Decimal { digits: [whole, part].concat().parse().ok()?, behind })
    }

    /// `001581.123*kWh`
    fn with_unit(text: &str) -> Option<Decimal> {
        let (number, unit) = text.split_once('*').unwrap_or((text, ""));
        let (_, power) = UNITS.iter().find(|(known, _)| *known == unit)?;
        let Decimal { digits, behind } = Decimal::read(number)?;
        Some(Decimal {
            digits: digits * 10_u64.pow(power.saturating_sub(behind)),
            behind: behind.saturating_sub(*power),
        })
    }

    fn plus(self, other: Decimal) -> Decimal {
        let behind = self.behind.max(other.behind);
        let digits = |number: Decimal| number.digits.saturating_mul(10_u64.pow(behind - number.behind));
        Decimal { digits: digits(self).saturating_add(digits(other)), behind }
    }

    /// The number that is nearest to what is written: one division of two that are exact.
    fn value(self) -> f64 {
        self.digits as f64 / 10_f64.powi(i32::try_from(self.behind).unwrap_or(0))
    }
}

/// What a telegram tells; None: nothing that is known.
fn tell(text: &str) -> Option<Told> {
    let mut found: Vec<(&'static str, Decimal)> = Vec::new();
    let mut types: Vec<(char, u64)> = Vec::new();
    let mut counts: Vec<(char, Decimal)> = Vec::new();
    for (code, values) in objects(text) {
        let last = || values.last().and_then(|value| Decimal::with_unit(value));
        if let Some((_, word)) = CODES.iter().find(|(known, _)| *known == code) {
            found.extend(last().filter(|_| found.iter().all(|(other, _)| other != word)).map(|number| (*word, number)));
        } else if let Some((channel, what)) = code.strip_prefix("0-").and_then(|code| code.split_once(":24.")) {
            let Some(channel) = channel.chars().next().filter(|_| channel.len() == 1) else { continue };
            match what {
                "1.0" => types.extend(values.last().and_then(|kind| Some((channel, kind.parse().ok()?)))),
                // Corrected to a temperature, or not (Belgium); before 4.0, the last value stands on a line of its own.
                "2.1" | "2.3" | "3.0" => counts.extend(last().map(|number| (channel, number))),
                _ => {}
            }
        }
    }
    for (kind, word) in ON_MBUS {
        let of_kind = |(channel, _): &&(char, Decimal)| types.contains(&(*channel, kind));
        found.extend(counts.iter().find(of_kind).map(|(_, number)| (word, *number)));
    }
    for (word, parts) in SUMS {
        let number = |word| found.iter().find(|(known, _)| *known == word).map(|(_, number)| *number);
        if let (None, [Some(first), Some(second)]) = (number(word), parts.map(number)) {
            found.push((word, first.plus(second)));
        }
    }
    (!found.is_empty()).then(|| found.into_iter().map(|(word, number)| (word, number.value())).collect())
}

/// Each code and the values in brackets behind it, over the ends of lines.
fn objects(text: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    // Its first line says whose telegram it is.
    let mut rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    std::iter::from_fn(move || {
        let (code, mut values) = (rest.split_once('(')?.0, Vec::new());
        rest = &rest[code.len()..];
        while let Some((value, behind)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            values.push(value);
            rest = behind.trim_start();
        }
        if values.is_empty() {
            // A bracket that nothing closes.
            rest = "";
        }
        Some((code.lines().last().unwrap_or("").trim(), values))
    })
}

#[cfg(test)]
mod tests {
    use super::{super::codec::tests::*, *};

    /// The example of the P1 companion standard 5.0.2, 6.12, shortened by its log of power failures; with the checksum of what is left.
    fn dsmr5() -> Vec<u8> {
        let text = "/ISk5\\2MT382-1000\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(101209113020W)\r\n\
            0-0:96.1.1(4B384547303034303436333935353037)\r\n1-0:1.8.1(123456.789*kWh)\r\n1-0:1.8.2(123456.789*kWh)\r\n\
            1-0:2.8.1(123456.789*kWh)\r\n1-0:2.8.2(123456.789*kWh)\r\n0-0:96.14.0(0002)\r\n1-0:1.7.0(01.193*kW)\r\n\
            1-0:2.7.0(00.000*kW)\r\n0-0:96.7.21(00004)\r\n0-0:96.7.9(00002)\r\n1-0:32.32.0(00002)\r\n\
            0-0:96.13.0(303132333435)\r\n1-0:32.7.0(220.1*V)\r\n1-0:52.7.0(220.2*V)\r\n1-0:72.7.0(220.3*V)\r\n\
            1-0:31.7.0(001*A)\r\n1-0:51.7.0(002*A)\r\n1-0:71.7.0(003*A)\r\n1-0:21.7.0(01.111*kW)\r\n\
            1-0:41.7.0(02.222*kW)\r\n1-0:61.7.0(03.333*kW)\r\n1-0:22.7.0(04.444*kW)\r\n0-1:24.1.0(003)\r\n\
            0-1:96.1.0(3232323241424344313233343536373839)\r\n0-1:24.2.1(101209112500W)(12785.123*m3)\r\n!";
        with_crc(text)
    }

    fn with_crc(text: &str) -> Vec<u8> {
        format!("{text}{:04X}", crc16(text.as_bytes())).into_bytes()
    }

    fn told(step: fn(&[u8]) -> Step, frame: &[u8]) -> Told {
        match step(frame) {
            Step::Frame(length, told) if length == frame.len() => told,
            other => panic!("{other:?}"),
        }
    }

    fn value(told: &Told, word: &str) -> Option<f64> {
        told.iter().find(|(other, _)| *other == word).map(|(_, value)| *value)
    }

    #[test]
    fn a_telegram_of_5_is_read_exactly() {
        let frame = dsmr5();
        let told = told(step, &frame);
        for (word, expected) in [
            ("power", 1_193.0),
            ("power_returned", 0.0),
            ("energy_1", 123_456.789),
            ("energy", 246_913.578),
            ("energy_returned", 246_913.578),
            ("tariff", 2.0),
            ("voltage_1", 220.1),
            ("current_3", 3.0),
            ("power_2", 2_222.0),
            ("power_returned_1", 4_444.0),
            ("power_failures", 4.0),
            ("gas", 12_785.123),
        ] {
            assert_eq!(value(&told, word), Some(expected), "{word}");
        }
        is_found_whatever_comes_before(step, &frame, &told);
        is_refused_when_changed(step, &frame, 0..frame.len());
    }

    /// The check word of this sum, CRC-16/ARC.
    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc16(b"123456789"), 0xbb3d);
    }

    /// As the companion standard 2.2+ and 3.0 have it: no checksum, and gas over two lines.
    #[test]
    fn a_telegram_of_2_is_read_without_a_checksum() {
        let text = "/KMP5 KA6U001511209910\r\n\r\n0-0:96.1.1(204B413655303031353131323039393130)\r\n\
            1-0:1.8.1(00001.234*kWh)\r\n1-0:1.8.2(00020.1*kWh)\r\n0-0:96.14.0(0001)\r\n1-0:1.7.0(0000.54*kW)\r\n\
            0-1:96.1.0(3238313031453631373038389930337131)\r\n0-1:24.1.0(03)\r\n\
            0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00024.120)\r\n0-1:24.4.0(1)\r\n!";
        let told = told(step_unchecked, text.as_bytes());
        let words = ["energy_1", "energy_2", "energy", "power", "gas", "energy_returned"];
        let expected = [Some(1.234), Some(20.1), Some(21.334), Some(540.0), Some(24.12), None];
        assert_eq!(words.map(|word| value(&told, word)), expected);
        assert_eq!(step(text.as_bytes()), Step::More);
        // Whose parity was wrong.
        let broken = text.replace("0000.54", "0000\0.54");
        assert!(matches!(step_unchecked(broken.as_bytes()), Step::Wrong(_)));
    }

    /// As Belgian and Swedish meters tell it (e-MUCS P1 1.7.1, and the industry's recommendation for Sweden): gas that is not
    /// corrected, water, the sums alone.
    #[test]
    fn what_other_countries_tell_is_read() {
        let frame = with_crc(
            "/FLU5\\253769484_A\r\n\r\n1-0:1.8.0(00006678.394*kWh)\r\n1-0:1.4.0(02.351*kW)\r\n\
             1-0:1.6.0(200509134558S)(02.589*kW)\r\n0-1:24.1.0(003)\r\n0-1:24.2.3(200512134558S)(00112.384*m3)\r\n\
             0-2:24.1.0(007)\r\n0-2:24.2.1(200512134558S)(00872.234*m3)\r\n!",
        );
        let told = told(step, &frame);
        let words = ["energy", "average_demand", "maximum_demand", "gas", "water"];
        assert_eq!(words.map(|word| value(&told, word)), [6_678.394, 2_351.0, 2_589.0, 112.384, 872.234].map(Some));
    }

    #[test]
    fn what_is_no_number_is_not_told() {
        let frame =
            with_crc("/X\r\n1-0:1.7.0(-1.0*kW)\r\n1-0:2.7.0(1.0*MW)\r\n1-0:1.8.0(()\r\n1-0:1.8.1(1.5*kWh)\r\n!");
        assert_eq!(told(step, &frame), [("energy_1", 1.5)]);
        for empty in ["/X\r\n!", "/!", "/X\r\n1-0:1.7.0(", "/X\n(((("] {
            assert!(!matches!(step(&with_crc(empty)), Step::Frame(..)), "{empty}");
        }
    }
}
