//! Messages that a broker sends twice: a `TOGGLE` must not be one too many.

use super::{Delivery, Qos};
use std::collections::{BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A broker has far fewer on their way at a time.
const REMEMBERED: usize = 1_024;

/// What came last, over all connections to a broker.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// Packet id and content.
    recent: VecDeque<(u16, u64)>,
    /// Packet ids of messages at QoS 2 that the broker has not released: until then they are one and the same.
    unreleased: BTreeSet<u16>,
}

impl Repeats {
    /// The broker begins with packet ids anew. What it marks as a duplicate may still be one of what it sent before.
    pub(super) fn connection_begins(&mut self) {
        self.unreleased.clear();
    }

    /// Whether a message is the repetition of one that was taken in already; if it is not, it counts as taken in.
    pub(super) fn is_repeat(&mut self, message: &Delivery) -> bool {
        if message.qos == Qos::AtMostOnce {
            return false;
        }
        let mut hasher = DefaultHasher::new();
        (&message.topic, &message.payload[..]).hash(&mut hasher);
        let this = (message.packet, hasher.finish());
        let unreleased = message.qos == Qos::ExactlyOnce && !self.unreleased.insert(message.packet);
        if unreleased || message.dup && self.recent.contains(&this) {
            return true;
        }
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(this);
        false
    }

    /// The broker has released a message at QoS 2: its packet id may stand for another.
    pub(super) fn released(&mut self, packet: u16) {
        self.unreleased.remove(&packet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toggle(packet: u16, qos: Qos, dup: bool) -> Delivery {
        Delivery { qos, packet, dup, ..Delivery::new("hearthd/hut/pump/set", "TOGGLE") }
    }

    #[test]
    fn a_duplicate_is_dropped_and_a_second_press_is_not() {
        let mut repeats = Repeats::default();
        let mut taken = |packet, dup| !repeats.is_repeat(&toggle(packet, Qos::AtLeastOnce, dup));
        assert!(taken(1, false));
        assert!(!taken(1, true), "sent again, as it says");
        assert!(taken(2, false), "pressed again");
        assert!(taken(1, false), "a packet id of before, for another message");
        assert!(taken(3, true), "the first of it that came here");
    }

    #[test]
    fn over_a_new_connection_a_duplicate_is_one_still() {
        let mut repeats = Repeats::default();
        assert!(!repeats.is_repeat(&toggle(7, Qos::AtLeastOnce, false)));
        assert!(!repeats.is_repeat(&toggle(8, Qos::ExactlyOnce, false)));
        repeats.connection_begins();
        assert!(repeats.is_repeat(&toggle(7, Qos::AtLeastOnce, true)));
        assert!(repeats.is_repeat(&toggle(8, Qos::ExactlyOnce, true)));
        assert!(!repeats.is_repeat(&toggle(7, Qos::AtLeastOnce, false)));
    }

    #[test]
    fn at_qos_2_a_message_counts_once_until_it_is_released() {
        let mut repeats = Repeats::default();
        let again = |repeats: &mut Repeats| repeats.is_repeat(&toggle(1, Qos::ExactlyOnce, false));
        assert!(!again(&mut repeats));
        assert!(again(&mut repeats) && again(&mut repeats));
        repeats.released(1);
        assert!(!again(&mut repeats));
    }

    #[test]
    fn nothing_is_known_of_messages_without_a_packet_id() {
        let mut repeats = Repeats::default();
        assert!((0..3).all(|_| !repeats.is_repeat(&toggle(0, Qos::AtMostOnce, false))));
    }

    #[test]
    fn a_flood_does_not_grow_it() {
        let mut repeats = Repeats::default();
        for packet in 1..=u16::MAX {
            repeats.is_repeat(&toggle(packet, Qos::AtLeastOnce, false));
        }
        assert_eq!(repeats.recent.len(), REMEMBERED);
    }
}
