//! How many may be connected: room for all, for one address, and for those who have not said who they are.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::task::AbortHandle;

const ALL: usize = 100;
const OF_ONE: usize = 16;
const UNKNOWN: usize = 24;

/// The connections that are open, the oldest first.
#[derive(Default)]
pub struct Places(Vec<Place>);

struct Place {
    address: IpAddr,
    task: AbortHandle,
    is_known: Arc<AtomicBool>,
}

impl Places {
    /// Whether there is room for one more of this address. Of those who have not said who they are, the oldest makes room.
    pub fn make_room(&mut self, address: IpAddr) -> bool {
        self.0.retain(|place| !place.task.is_finished());
        let address = network(address);
        if self.0.iter().filter(|place| place.address == address).count() >= OF_ONE {
            return false;
        }
        let is_unknown = |place: &Place| !place.is_known.load(Ordering::Relaxed);
        while self.0.iter().filter(|place| is_unknown(place)).count() >= UNKNOWN
            && let Some(oldest) = self.0.iter().position(is_unknown)
        {
            self.0.remove(oldest).task.abort();
        }
        self.0.len() < ALL
    }

    /// One more; `is_known` tells when it has said who it is.
    pub fn add(&mut self, address: IpAddr, task: AbortHandle, is_known: Arc<AtomicBool>) {
        self.0.push(Place { address: network(address), task, is_known });
    }
}

/// Whoever has an address of IPv6 has all with the same first half.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_is_not_all_and_who_says_nothing_makes_room() {
        let mut places = Places::default();
        let mut take = |address: String, known: bool| {
            let address: IpAddr = address.parse().unwrap();
            let room = places.make_room(address);
            if room {
                let task = tokio::spawn(std::future::pending::<()>()).abort_handle();
                places.add(address, task, Arc::new(AtomicBool::new(known)));
            }
            room
        };
        assert_eq!((0..20).filter(|n| take(format!("fd00::{n:x}"), true)).count(), 16);
        assert_eq!((0..200).filter(|n| take(format!("10.0.0.{n}"), true)).count(), 84);
        let mut places = Places::default();
        let mut tasks = Vec::new();
        for n in 0..200 {
            let address = IpAddr::from([10, 0, 1, n]);
            assert!(places.make_room(address), "{n}");
            let task = tokio::spawn(std::future::pending::<()>());
            places.add(address, task.abort_handle(), Arc::default());
            tasks.push(task);
        }
        // Those who had to go are gone, however many came at once.
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(tasks.iter().filter(|task| !task.is_finished()).count(), UNKNOWN);
    }
}
