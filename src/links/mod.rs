//! Links to other machines that need neither a broker nor the internet.

pub mod modbus;
mod port;
pub mod serial;
