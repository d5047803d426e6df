//! How often somebody may be wrong.
//!
//! Each address has so many tries at once and then one now and then; so have all addresses together, because each try costs the
//! machine a hash. A try is taken before it is looked at, and given back when it was right.

use crate::clock::Moment;
use std::{collections::BTreeMap, net::IpAddr, time::Duration};

/// What one has.
struct Share {
    /// At once,
    tries: u32,
    /// and one more each time.
    every: Duration,
}

const OF_ONE: Share = Share { tries: 5, every: Duration::from_secs(10) };
const OF_ALL: Share = Share { tries: 20, every: Duration::from_secs(1) };
/// So many addresses are remembered. Beyond, those that were wrong least make room.
const ADDRESSES_MAX: usize = 1_024;

/// Who was wrong how often.
#[derive(Default)]
pub(super) struct Limiter {
    of_one: BTreeMap<IpAddr, Spent>,
    of_all: Spent,
}

/// When all tries will be there again: milliseconds since [`Moment::START`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Spent(i64);

impl Spent {
    /// Takes a try, or says how long there is none.
    fn take(&mut self, now: i64, share: &Share) -> Result<(), Duration> {
        let every = i64::try_from(share.every.as_millis()).unwrap_or(i64::MAX);
        let full = self.0.max(now);
        let wait = full - now - every * i64::from(share.tries - 1);
        if wait > 0 {
            return Err(Duration::from_millis(wait.unsigned_abs()));
        }
        self.0 = full + every;
        Ok(())
    }

    fn give_back(&mut self, share: &Share) {
        self.0 -= i64::try_from(share.every.as_millis()).unwrap_or(i64::MAX);
    }
}

impl Limiter {
    /// Takes a try of this address.
    ///
    /// # Errors
    /// How long it has none.
    pub fn take(&mut self, address: IpAddr, now: Moment) -> Result<(), Duration> {
        let (address, now) = (whose(address), now.as_millis());
        if self.of_one.len() >= ADDRESSES_MAX && !self.of_one.contains_key(&address) {
            self.of_one.retain(|_, spent| spent.0 > now);
            let least = self.of_one.iter().min_by_key(|(_, spent)| spent.0).map(|(address, _)| *address);
            if let Some(least) = least.filter(|_| self.of_one.len() >= ADDRESSES_MAX) {
                self.of_one.remove(&least);
            }
        }
        let one = self.of_one.entry(address).or_default();
        one.take(now, &OF_ONE)?;
        self.of_all.take(now, &OF_ALL).inspect_err(|_| one.give_back(&OF_ONE))
    }

    /// That was right.
    pub fn give_back(&mut self, address: IpAddr) {
        // Only this one: who may come in has not paid for wrong tries for others.
        if let Some(one) = self.of_one.get_mut(&whose(address)) {
            one.give_back(&OF_ONE);
        }
        self.of_all.give_back(&OF_ALL);
    }
}

/// Whoever has an address of IPv6 has all with the same first half.
fn whose(address: IpAddr) -> IpAddr {
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

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_has_its_tries_and_all_have_theirs() {
        let (mut limiter, start) = (Limiter::default(), Moment::from_millis(50_000_000));
        let good = |limiter: &mut Limiter, address: &str, now| limiter.take(ip(address), now).is_ok();
        for _ in 0..5 {
            assert!(good(&mut limiter, "10.0.0.1", start));
        }
        assert_eq!(limiter.take(ip("10.0.0.1"), start), Err(Duration::from_secs(10)));
        assert_eq!(limiter.take(ip("::ffff:10.0.0.1"), start), Err(Duration::from_secs(10)), "the same");
        assert!(good(&mut limiter, "10.0.0.2", start), "another");
        limiter.give_back(ip("10.0.0.2"));
        let later = start + Duration::from_secs(10);
        assert!(good(&mut limiter, "10.0.0.1", later) && !good(&mut limiter, "10.0.0.1", later));
        // A whole network is one, and many are held off together.
        let taken = (0..100).filter(|n| good(&mut limiter, &format!("fd00::{n:x}"), later)).count();
        assert_eq!(taken, 5);
        let taken = (0..100).filter(|n| good(&mut limiter, &format!("10.1.0.{n}"), later)).count();
        assert!((10..20).contains(&taken), "{taken}");
        assert!(good(&mut limiter, "10.2.0.1", later + Duration::from_secs(60)));
    }

    #[test]
    fn ten_thousand_addresses_take_no_room() {
        let mut limiter = Limiter::default();
        for n in 0..10_000_u32 {
            let _ = limiter.take(IpAddr::from(n.to_be_bytes()), Moment::from_millis(i64::from(n)));
        }
        assert!(limiter.of_one.len() <= ADDRESSES_MAX);
    }
}
