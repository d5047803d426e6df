//! Points that are somebody else's to tell: what was heard of them becomes the events of a wire, what they are driven to becomes
//! messages. It neither connects nor reads a clock, so it is the same whatever brings the messages.

mod covers;
mod hubs;
mod outputs;
mod payload;
mod points;
#[cfg(test)]
mod tests;

pub(crate) use covers::CoverPoint;
pub(crate) use outputs::{OutputPoint, Purpose};
pub(crate) use points::Points;
