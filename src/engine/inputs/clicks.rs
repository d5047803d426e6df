//! Clicks: from the presses of a button to what somebody meant by them.

use crate::{
    clock::Moment,
    engine::wakeup::NextWakeup,
    model::{Click, Input},
};

/// A button in use. It is forgotten at a restart: half a click is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::engine) struct Clicking {
    /// Since when it is held down.
    pressed: Option<Moment>,
    /// It has been held down long enough for a long press, which was told.
    long: bool,
    /// Short presses so far.
    count: u8,
    /// When the last of them ended.
    released: Option<Moment>,
}

impl Clicking {
    /// It is pressed.
    pub fn press(&mut self, input: &Input, now: Moment) -> Vec<Click> {
        let clicks = self.settle(input, now);
        self.pressed = Some(now);
        clicks
    }

    /// It is let go.
    pub fn release(&mut self, input: &Input, now: Moment) -> Vec<Click> {
        let clicks = self.settle(input, now);
        if self.pressed.take().is_some() && !std::mem::take(&mut self.long) {
            self.count = self.count.saturating_add(1);
            self.released = Some(now);
        }
        clicks
    }

    /// Nobody knows what it does.
    pub fn forget(&mut self) -> Vec<Click> {
        *self = Clicking::default();
        Vec::new()
    }

    /// Time has passed.
    pub fn update(&mut self, input: &Input, now: Moment, wakeup: &mut NextWakeup) -> Vec<Click> {
        let clicks = self.settle(input, now);
        if let Some(pressed) = self.pressed.filter(|_| !self.long) {
            wakeup.at(pressed + input.long_after);
        } else if let Some(released) = self.released {
            wakeup.at(released + input.double_gap);
        }
        clicks
    }

    /// What time alone has made certain.
    fn settle(&mut self, input: &Input, now: Moment) -> Vec<Click> {
        let mut clicks = Vec::new();
        let until = self.pressed.unwrap_or(now);
        if self.released.is_some_and(|released| until >= released + input.double_gap) {
            clicks.extend(self.counted());
        }
        if self.pressed.is_some_and(|pressed| now >= pressed + input.long_after) && !self.long {
            // Clicks before it that nothing followed in time were clicks.
            clicks.extend(self.counted());
            clicks.push(Click::Long);
            self.long = true;
        }
        clicks
    }

    fn counted(&mut self) -> Option<Click> {
        self.released = None;
        match std::mem::take(&mut self.count) {
            0 => None,
            1 => Some(Click::Single),
            2 => Some(Click::Double),
            3 => Some(Click::Triple),
            _ => Some(Click::Many),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{InputKind, Line};
    use std::time::Duration;

    /// Presses and pauses in milliseconds, by turns, and what they mean.
    fn clicks(lengths: &[u64]) -> Vec<(u64, Click)> {
        let input = Input::plain("b", InputKind::Button, Line::Number(4));
        let (mut clicking, mut wakeup) = (Clicking::default(), NextWakeup::default());
        let (mut found, mut ms) = (Vec::new(), 0);
        for (index, length) in lengths.iter().chain([&2000]).enumerate() {
            let now = Moment::START + Duration::from_millis(ms);
            let told = if index % 2 == 0 { clicking.press(&input, now) } else { clicking.release(&input, now) };
            found.extend(told.into_iter().map(|click| (ms, click)));
            for _ in 0..*length {
                ms += 1;
                let told = clicking.update(&input, Moment::START + Duration::from_millis(ms), &mut wakeup);
                found.extend(told.into_iter().map(|click| (ms, click)));
            }
        }
        found
    }

    #[test]
    fn presses_become_clicks() {
        assert_eq!(clicks(&[100]), [(450, Click::Single)]);
        assert_eq!(clicks(&[100, 100, 100]), [(650, Click::Double)]);
        assert_eq!(clicks(&[100, 349, 100]), [(899, Click::Double)]);
        assert_eq!(clicks(&[100, 351, 100]), [(450, Click::Single), (901, Click::Single)]);
        assert_eq!(clicks(&[80, 80, 80, 80, 80]), [(750, Click::Triple)]);
        assert_eq!(clicks(&[80, 80, 80, 80, 80, 80, 80]), [(910, Click::Many)]);
        assert_eq!(clicks(&[999]), [(1349, Click::Single)]);
        assert_eq!(clicks(&[3000]), [(1000, Click::Long)], "told while it is held down");
        assert_eq!(clicks(&[100, 100, 1500]), [(1200, Click::Single), (1200, Click::Long)]);
    }
}
