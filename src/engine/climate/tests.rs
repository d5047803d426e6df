//! A zone for the tests of the parts of this folder; what whole zones do is in `tests/engine/climate.rs`.

use crate::model::{Climate, OutputId, SensorId};

/// A zone with one output that warms.
pub(in crate::engine) fn zone() -> Climate {
    Climate { heat: vec![OutputId(0)], ..Climate::plain("living", SensorId(0)) }
}
