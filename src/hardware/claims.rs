//! Which wires of the board hearthd itself holds, whatever names the configuration has for them: each is used once.

use super::HardwareError;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// One wire of the board, in the one way to say which.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    /// A line of a GPIO chip, by the chip's node.
    Line(PathBuf, u32),
    /// A channel of a PWM chip, by the chip's folder.
    Pwm(PathBuf, u32),
    /// A pin of an expander, which has claims of its own.
    Pin(u8),
}

/// Who holds what, by id.
#[derive(Clone, Default)]
pub(super) struct Claims(Arc<Mutex<BTreeMap<Resource, Arc<str>>>>);

impl Claims {
    /// Takes all of `resources` for `user`, or none of them; `line` is what the user calls them.
    pub fn take(&self, resources: Vec<Resource>, user: &Arc<str>, line: &str) -> Result<Claim, HardwareError> {
        let mut held = self.held();
        if let Some(other) = resources.iter().find_map(|resource| held.get(resource)) {
            return Err(HardwareError::UsedTwice { line: line.into(), user: other.clone() });
        }
        held.extend(resources.iter().map(|resource| (resource.clone(), user.clone())));
        Ok(Claim { claims: self.clone(), resources })
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<Resource, Arc<str>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wires that are held. Dropping it gives them back.
pub(super) struct Claim {
    claims: Claims,
    resources: Vec<Resource>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut held = self.claims.held();
        self.resources.iter().for_each(|resource| drop(held.remove(resource)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_is_held_once_and_given_back() {
        let claims = Claims::default();
        let line = |offset| Resource::Line("/dev/gpiochip15".into(), offset);
        let channel = |number| Resource::Pwm("/sys/class/pwm/pwmchip0".into(), number);
        let take = |resources, user: &str, name: &str| {
            claims.take(resources, &user.into(), name).map_err(|error| error.to_string())
        };
        let lamp = take(vec![line(17)], "lamp", "GPIO 17 (line 17 of gpiochip15)").unwrap();
        let twice = take(vec![line(17)], "fan", "line 17 of gpiochip15 (line 17 of gpiochip15)");
        let text =
            "line 17 of gpiochip15 (line 17 of gpiochip15) is used by `lamp` already: each needs a wire of its own";
        assert_eq!(twice.err().as_deref(), Some(text));
        let strip = take(vec![channel(0), line(12)], "strip", "PWM of GPIO 12").unwrap();
        assert!(take(vec![line(4), channel(0)], "other", "PWM of GPIO 18").is_err());
        assert!(take(vec![line(4)], "bell", "GPIO 4").is_ok(), "what was asked for in vain is not held");
        drop((lamp, strip));
        assert!(take(vec![line(17), line(12), channel(0)], "fan", "all").is_ok());
    }
}
