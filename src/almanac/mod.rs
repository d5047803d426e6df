//! Times of the clock, of the sun and of the calendar as instants, for one place on Earth. No state of a house.

mod calendar;
mod chance;
mod ever;
mod local_time;
mod recurring;
pub mod sun;
pub mod written;

#[cfg(test)]
mod tests;

pub use calendar::{Calendar, Day, Held};
pub use ever::{Ever, ever};
pub use local_time::local_instant;
