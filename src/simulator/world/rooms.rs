//! The rooms: which words of an id mean which place, and how a room warms, cools and gets damp.

use super::weather::{Sky, saturation_hpa};

/// A place that people can be in, by its number in [`Places::names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(pub(super) usize);

/// Every house has these, with or without wires.
pub(super) const HALL: Place = Place(0);
pub(super) const LIVING: Place = Place(1);
pub(super) const KITCHEN: Place = Place(2);
pub(super) const BATHROOM: Place = Place(3);
pub(super) const BEDROOM: Place = Place(4);
pub(super) const OUTDOORS: Place = Place(5);

/// How people say where they are, and the beginnings of words in an id that mean the place.
const KNOWN: [(&str, &[&str]); 6] = [
    ("in the hall", &["hall", "entrance", "entry", "corridor", "landing", "stair", "foyer", "lobby"]),
    ("in the living room", &["living", "lounge", "sitting", "parlour", "tv"]),
    ("in the kitchen", &["kitchen", "dining", "pantry"]),
    ("in the bathroom", &["bath", "toilet", "wc", "shower"]),
    ("in the bedroom", &["bed", "sleep", "nursery"]),
    (
        "at the front door",
        &["porch", "front", "outdoor", "outside", "garden", "terrace", "balcony", "yard", "drive", "street"],
    ),
];

/// The places of a house: the known ones, and one more for every other word that an id begins with.
pub(super) struct Places {
    pub(super) names: Vec<String>,
    others: Vec<String>,
}

impl Places {
    pub(super) fn new() -> Places {
        Places { names: KNOWN.iter().map(|(name, _)| (*name).into()).collect(), others: Vec::new() }
    }

    /// The place that an id tells: `hall_light` is in the hall, `garage_motion` in a garage that is added if need be.
    pub(super) fn of(&mut self, id: &str) -> Place {
        if let Some(place) = self.find(id) {
            return place;
        }
        self.others.push(word(id).into());
        self.names.push(format!("in the {}", word(id)));
        Place(self.names.len() - 1)
    }

    /// As [`Places::of`], but adds nothing.
    pub(super) fn find(&self, id: &str) -> Option<Place> {
        let known =
            |part: &str| KNOWN.iter().position(|(_, begins)| begins.iter().any(|begin| part.starts_with(begin)));
        let other = || self.others.iter().position(|other| other == word(id)).map(|i| i + KNOWN.len());
        id.split('_').find_map(known).or_else(other).map(Place)
    }

    /// Those of no known use.
    pub(super) fn others(&self) -> impl Iterator<Item = Place> + '_ {
        (KNOWN.len()..self.names.len()).map(Place)
    }
}

/// What an id says before its first `_`.
pub(super) fn word(id: &str) -> &str {
    id.split('_').next().unwrap_or(id)
}

/// The air of one room, or of the outdoors where a sensor is there. First order: it nears, in a time of its own, the
/// temperature at which what warms and cools it is in balance.
pub(super) struct Air {
    /// Where its sensor is.
    pub(super) place: Place,
    /// What the ids of its sensor and outputs begin with.
    pub(super) word: String,
    /// It is the water of a heating.
    pub(super) water: bool,
    /// Something warms it; a room without is heated by something that hearthd does not know.
    pub(super) heated: bool,
    /// How much warmer a zenith sun would make it in the end.
    pub(super) sun_k: f64,
    pub(super) temperature_c: f64,
    pub(super) vapour_hpa: f64,
}

/// What acts on the air of a room during one step.
#[derive(Default)]
pub(super) struct Influence {
    /// How much of its full power each has, from 0 to 1.
    pub(super) heater: f64,
    pub(super) cooler: f64,
    pub(super) fan: f64,
    pub(super) window_open: bool,
    pub(super) people: usize,
    /// Of water: how much of its warmth rooms take, from 0 to 1.
    pub(super) drawn: f64,
}

/// How warm, in the end, each makes a room beyond the air outside.
const APPLIANCES_K: f64 = 2.0;
const PERSON_K: f64 = 0.8;
const HEATER_K: f64 = 40.0;
const FAN_K: f64 = -8.0;
const COOLER_K: f64 = -20.0;

/// In how long a room nears its balance. The walls keep it warm while it is aired.
const LAG_H: f64 = 12.0;
const AIRED_LAG_H: f64 = 4.0;

/// Water: how fast a boiler warms it and up to where, how fast the rooms cool it and down to where, and how fast it cools in
/// the cellar where it stands.
const BOILER_K_PER_H: f64 = 60.0;
const HOTTEST_C: f64 = 85.0;
const DRAWN_PER_H: f64 = 1.0;
const RETURN_C: f64 = 25.0;
const LOST_PER_H: f64 = 1.0 / 24.0;
const CELLAR_C: f64 = 18.0;
/// How warm it is at the beginning.
const WATER_C: f64 = 40.0;

/// How much water a person brings into the air in an hour: by breathing, and by a shower.
const BREATH_HPA: f64 = 0.75;
const SHOWER_HPA: f64 = 40.0;

/// In how long the air of a room is replaced, by itself and by a fan.
const STILL_H: f64 = 2.0;
const FANNED_H: f64 = 0.3;

/// The unknown heating of a room without a heater keeps it from getting colder.
const UNKNOWN_HEATING_C: f64 = 18.5;

impl Air {
    pub(super) fn new(place: Place, word: &str, water: bool, sky: &Sky, sun_k: f64) -> Air {
        let temperature_c = match place {
            _ if water => WATER_C,
            OUTDOORS => sky.outdoor_c,
            _ => lived_in_c(sky, UNKNOWN_HEATING_C + 1.0),
        };
        let vapour_hpa = sky.vapour_hpa + 2.0;
        Air { place, word: word.into(), water, heated: false, sun_k, temperature_c, vapour_hpa }
    }

    /// Neither outdoors nor water.
    pub(super) fn is_room(&self) -> bool {
        self.place != OUTDOORS && !self.water
    }

    /// It was kept at this temperature before, as far as the weather let it.
    pub(super) fn was_kept_at(&mut self, target_c: f64, sky: &Sky) {
        self.temperature_c = lived_in_c(sky, target_c);
    }

    /// Lets `hours` pass. Exact for constant influences, so stable for steps of any size.
    pub(super) fn advance(&mut self, hours: f64, sky: &Sky, influence: &Influence) {
        let near = |lag_h: f64| 1.0 - (-hours / lag_h).exp();
        let (target_c, lag_h) = match self.place {
            _ if self.water => water_balance(influence),
            OUTDOORS => (sky.outdoor_c, 0.3),
            _ => self.balance(sky, influence),
        };
        self.temperature_c += (target_c - self.temperature_c) * near(lag_h);
        if self.water {
            self.temperature_c = self.temperature_c.min(HOTTEST_C);
        }
        let (vapour_hpa, lag_h) =
            if self.place == OUTDOORS { (sky.vapour_hpa, 0.1) } else { self.damp(sky, influence) };
        self.vapour_hpa += (vapour_hpa - self.vapour_hpa) * near(lag_h);
    }

    /// Vapour in the end, and the hours that it takes to come near.
    fn damp(&self, sky: &Sky, influence: &Influence) -> (f64, f64) {
        let fanned = if influence.window_open { 1.0 } else { influence.fan };
        let replaced_h = 1.0 / (1.0 / STILL_H + fanned * (1.0 / FANNED_H - 1.0 / STILL_H));
        let person_hpa = if self.place == BATHROOM { SHOWER_HPA } else { BREATH_HPA };
        (sky.vapour_hpa + 1.0 + replaced_h * person_hpa * influence.people as f64, replaced_h)
    }

    /// Temperature in the end, and the hours that it takes to come near.
    fn balance(&self, sky: &Sky, influence: &Influence) -> (f64, f64) {
        let people = influence.people as f64;
        let mut target_c = sky.outdoor_c + APPLIANCES_K + self.sun_k * sky.sunshine + PERSON_K * people;
        target_c += HEATER_K * influence.heater;
        if !self.heated {
            target_c = target_c.max(UNKNOWN_HEATING_C + PERSON_K * people);
        }
        // The fan of a bathroom draws damp air out; elsewhere it cools.
        if self.place != BATHROOM {
            target_c += FAN_K * influence.fan;
        }
        target_c += COOLER_K * influence.cooler;
        (target_c, if influence.window_open { AIRED_LAG_H } else { LAG_H })
    }

    /// Relative humidity: the warmer the air, the less for the same water.
    pub(super) fn humidity_percent(&self) -> f64 {
        (100.0 * self.vapour_hpa / saturation_hpa(self.temperature_c)).clamp(3.0, 99.0)
    }
}

/// Temperature of water in the end, and the hours that it takes to come near.
fn water_balance(influence: &Influence) -> (f64, f64) {
    let drawn_per_h = DRAWN_PER_H * influence.drawn;
    let per_h = LOST_PER_H + drawn_per_h;
    let warmed = BOILER_K_PER_H * influence.heater;
    ((LOST_PER_H * CELLAR_C + drawn_per_h * RETURN_C + warmed) / per_h, 1.0 / per_h)
}

/// A room that was heated to `least_c` for long enough.
fn lived_in_c(sky: &Sky, least_c: f64) -> f64 {
    (sky.outdoor_c + 3.0).clamp(least_c.min(25.0), 25.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_places() {
        let mut places = Places::new();
        assert_eq!(places.of("hall_motion"), HALL);
        assert_eq!(places.of("upstairs_bathroom"), BATHROOM);
        assert_eq!(places.of("front_door"), OUTDOORS);
        let garage = places.of("garage_door");
        assert_eq!(places.of("garage_motion"), garage);
        assert_eq!(places.names[garage.0], "in the garage");
        assert_eq!(places.others().count(), 1);
        assert_eq!(places.find("attic"), None);
    }

    #[test]
    fn a_shower_dampens_the_bathroom_and_a_fan_dries_it() {
        let sky = Sky { outdoor_c: 5.0, vapour_hpa: 7.0, pressure_hpa: 1013.0, sunshine: 0.0 };
        let mut air = Air::new(BATHROOM, "bath", false, &sky, 5.0);
        let dry = air.humidity_percent();
        air.advance(0.2, &sky, &Influence { people: 1, ..<_>::default() });
        let damp = air.humidity_percent();
        assert!(damp > dry + 25.0, "{dry} {damp}");
        air.advance(0.5, &sky, &Influence { fan: 1.0, ..<_>::default() });
        assert!(air.humidity_percent() < dry + 10.0, "{}", air.humidity_percent());
    }

    #[test]
    fn warm_air_is_drier() {
        let sky = Sky { outdoor_c: 5.0, vapour_hpa: 7.0, pressure_hpa: 1013.0, sunshine: 0.0 };
        let mut air = Air::new(LIVING, "living", false, &sky, 6.0);
        let before = air.humidity_percent();
        air.temperature_c += 5.0;
        assert!(air.humidity_percent() < before);
    }
}
