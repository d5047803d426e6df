//! Sensors on serial ports: carbon dioxide, dust, presence by radar, smart meters.
//!
//! Each kind of device is a file that finds its frames among bytes, and nothing else.

pub mod codec;
pub mod dsmr;
pub mod ld2410;
pub mod mhz19;
pub mod pms5003;
