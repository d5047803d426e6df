//! The checksums that sensors send beside their numbers.

/// The remainder of the bytes divided by x^8 and the terms of `polynomial`, most significant bit first.
pub(super) fn crc8(polynomial: u8, start: u8, bytes: &[u8]) -> u8 {
    bytes.iter().fold(start, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| if crc & 0x80 == 0 { crc << 1 } else { crc << 1 ^ polynomial })
    })
}

/// That of Sensirion: x^8 + x^5 + x^4 + 1, beginning with all ones (SHT3x datasheet, table 19, among others).
pub(in crate::hardware) fn sensirion(bytes: &[u8]) -> u8 {
    crc8(0x31, 0xff, bytes)
}

/// That of Modbus: x^16 + x^15 + x^2 + 1, least significant bit first, beginning with all ones (MODBUS over Serial Line
/// V1.02, section 6.2.2). Its low byte is sent first.
pub(super) fn modbus(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0xa001 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_datasheets() {
        assert_eq!(sensirion(&[0xbe, 0xef]), 0x92, "SHT3x, section 4.12");
        assert_eq!(crc8(0x31, 0, &[0x68, 0x3a]), 0x7c, "HTU21D, CRC-8 checksum using");
        assert_eq!(modbus(b"123456789"), 0x4b37, "the usual check word of Modbus");
        assert_eq!(crc8(0x07, 0, b"123456789"), 0xf4, "the usual check word of SMBus's CRC-8");
    }
}
