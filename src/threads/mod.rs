//! Threads beside the control loop: that they end, and that what they tell gets there.

mod reports;
mod worker;

pub use reports::{QUEUE_FULL_WAIT, Reports};
pub use worker::Worker;
