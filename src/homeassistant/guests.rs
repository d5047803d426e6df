//! Who is connected, for whoever wants to know.

use crate::{
    clock::Now,
    model::{Guest, shown},
};
use std::{net::IpAddr, sync::Arc};
use tokio::sync::watch;

/// The list. Clones are of the same.
#[derive(Clone)]
pub struct Guests(Arc<watch::Sender<Arc<[Guest]>>>);

/// A client's line on it, for as long as it is kept.
pub struct Place {
    guests: Guests,
    guest: Guest,
}

impl Guests {
    /// Shows it there.
    pub fn new(shown_at: watch::Sender<Arc<[Guest]>>) -> Guests {
        Guests(Arc::new(shown_at))
    }

    /// One more, by what it calls itself.
    pub fn add(&self, name: &str, address: IpAddr, since: Now, is_encrypted: bool) -> Place {
        let guest = Guest { name: shown(name).into(), address: address.to_canonical(), since, is_encrypted };
        let added = guest.clone();
        self.0.send_modify(|guests| *guests = guests.iter().cloned().chain([added]).collect());
        Place { guests: self.clone(), guest }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let guest = &self.guest;
        self.guests.0.send_modify(|guests| {
            // Of those that are all alike, each is as good as the other.
            let gone = guests.iter().position(|other| other == guest);
            let left = guests.iter().enumerate().filter(|(place, _)| Some(*place) != gone);
            *guests = left.map(|(_, guest)| guest.clone()).collect();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use chrono::DateTime;

    #[test]
    fn who_comes_is_on_the_list_until_it_goes() {
        let now = Now { moment: Moment::START, wall: DateTime::UNIX_EPOCH, wall_known: true };
        let (list, seen) = watch::channel(Arc::from([]));
        let guests = Guests::new(list);
        let names = || seen.borrow().iter().map(|guest: &Guest| guest.name.clone()).collect::<Vec<_>>();
        let add = |name: &str| guests.add(name, "::ffff:10.0.0.7".parse().unwrap(), now, true);
        let (first, second, third) = (add("a"), add("b\n\u{1b}[2J"), add("a"));
        assert_eq!(names(), ["a", "b\\n\\u{1b}[2J", "a"], "what acts on a terminal does not");
        assert_eq!(seen.borrow()[0].address.to_string(), "10.0.0.7");
        drop(first);
        assert_eq!(names(), ["b\\n\\u{1b}[2J", "a"]);
        drop((second, third));
        assert!(names().is_empty());
    }
}
