//! The coefficients of a BME680 and its formulas, in floating point.

/// The coefficients under their names of the datasheet (section 3.11, tables 11 to 15).
pub(super) struct Calibration {
    t: [f64; 3],
    p: [f64; 10],
    h: [f64; 7],
    heater: [f64; 3],
    heater_range: f64,
    heater_value: f64,
    range_error: f64,
}

impl Calibration {
    /// From 0x8a, 0xe1 and 0x00 on.
    pub fn new(first: [u8; 23], second: [u8; 14], third: [u8; 5]) -> Calibration {
        let signed = |low: u8, high: u8| f64::from(i16::from_le_bytes([low, high]));
        let unsigned = |low: u8, high: u8| f64::from(u16::from_le_bytes([low, high]));
        let small = |byte: u8| f64::from(i8::from_le_bytes([byte]));
        // H1 and H2 have twelve bits and share a byte.
        let twelve_bits = |high: u8, low: u8| f64::from(u16::from(high) << 4 | u16::from(low));
        let a = |register: usize| first[register - 0x8a];
        let b = |register: usize| second[register - 0xe1];
        Calibration {
            t: [unsigned(b(0xe9), b(0xea)), signed(a(0x8a), a(0x8b)), small(a(0x8c))],
            p: [
                unsigned(a(0x8e), a(0x8f)),
                signed(a(0x90), a(0x91)),
                small(a(0x92)),
                signed(a(0x94), a(0x95)),
                signed(a(0x96), a(0x97)),
                small(a(0x99)),
                small(a(0x98)),
                signed(a(0x9c), a(0x9d)),
                signed(a(0x9e), a(0x9f)),
                a(0xa0).into(),
            ],
            h: [
                twelve_bits(b(0xe3), b(0xe2) & 0x0f),
                twelve_bits(b(0xe1), b(0xe2) >> 4),
                small(b(0xe4)),
                small(b(0xe5)),
                small(b(0xe6)),
                b(0xe7).into(),
                small(b(0xe8)),
            ],
            heater: [small(b(0xed)), signed(b(0xeb), b(0xec)), small(b(0xee))],
            heater_range: f64::from(third[2] >> 4 & 0b11),
            heater_value: small(third[0]),
            range_error: f64::from(i8::from_le_bytes([third[4]]) >> 4),
        }
    }

    /// The temperature in 1/5120 °C, on which the others depend (section 3.3.1).
    pub fn fine_temperature(&self, raw: f64) -> f64 {
        let [t1, t2, t3] = self.t;
        let linear = (raw / 16_384.0 - t1 / 1_024.0) * t2;
        linear + (raw / 131_072.0 - t1 / 8_192.0).powi(2) * t3 * 16.0
    }

    /// Section 3.3.2.
    pub fn pascal(&self, raw: f64, fine: f64) -> f64 {
        let [p1, p2, p3, p4, p5, p6, p7, p8, p9, p10] = self.p;
        let t = fine / 2.0 - 64_000.0;
        let offset = (t * t * p6 / 131_072.0 + t * p5 * 2.0) / 4.0 + p4 * 65_536.0;
        let scale = (1.0 + (p3 * t * t / 16_384.0 + p2 * t) / 524_288.0 / 32_768.0) * p1;
        // A scale of 0 gives no finite number, which the caller refuses.
        let p = (1_048_576.0 - raw - offset / 4_096.0) * 6_250.0 / scale;
        let cubic = (p / 256.0).powi(3) * p10 / 131_072.0;
        p + (p9 * p * p / 2_147_483_648.0 + p * p8 / 32_768.0 + cubic + p7 * 128.0) / 16.0
    }

    /// Section 3.3.3.
    pub fn percent(&self, raw: f64, celsius: f64) -> f64 {
        let [h1, h2, h3, h4, h5, h6, h7] = self.h;
        let above = raw - (h1 * 16.0 + h3 / 2.0 * celsius);
        let linear = above * h2 / 262_144.0 * (1.0 + h4 / 16_384.0 * celsius + h5 / 1_048_576.0 * celsius * celsius);
        (linear + (h6 / 16_384.0 + h7 / 2_097_152.0 * celsius) * linear * linear).clamp(0.0, 100.0)
    }

    /// What the heater's register must hold so that the plate gets so hot (section 3.3.5).
    pub fn heater_resistance(&self, target_celsius: f64, ambient_celsius: f64) -> u8 {
        let [g1, g2, g3] = self.heater;
        let at_target = (g1 / 16.0 + 49.0) * (1.0 + (g2 / 32_768.0 * 0.0005 + 0.00235) * target_celsius);
        let ohm = at_target + g3 / 1_024.0 * ambient_celsius;
        let scaled = ohm * (4.0 / (4.0 + self.heater_range)) / (1.0 + self.heater_value * 0.002);
        (3.4 * (scaled - 25.0)) as u8
    }

    /// Section 3.4.1, with the constants of its table 16 for each range.
    pub fn gas_ohm(&self, counts: f64, range: u8) -> f64 {
        let (one, two) = match range {
            4 => (0.0, 0.1),
            5 => (-1.0, 0.7),
            7 => (-0.8, -0.8),
            8 => (0.0, -0.1),
            10 => (-0.2, 0.0),
            11 => (-0.5, 0.0),
            13 => (-1.0, 0.0),
            _ => (0.0, 0.0),
        };
        let full = (1_340.0 + 5.0 * self.range_error) * (1.0 + one / 100.0);
        let step = (1.0 + two / 100.0) * 0.000_000_125 * f64::from(1u32 << range);
        1.0 / (step * ((counts - 512.0) / full + 1.0))
    }
}
