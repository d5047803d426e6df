//! When something changes by itself.

use crate::clock::Moment;

/// The earliest of many moments at which something changes by itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NextWakeup(Option<Moment>);

impl NextWakeup {
    pub fn at(&mut self, moment: Moment) {
        self.0 = Some(self.0.map_or(moment, |earliest| earliest.min(moment)));
    }

    pub fn earliest(self) -> Option<Moment> {
        self.0
    }
}
