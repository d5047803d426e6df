//! Which of some names was probably meant.

use super::Config;

/// A name that is far longer than any of ours is no typing error, and comparing it would take long.
const LONGEST: usize = 64;

/// The name nearest to `written`, if one is near enough to be a typing error of it: the longer they are, the more letters may
/// differ, up to three.
pub fn nearest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if written.len() > LONGEST {
        return None;
    }
    let written = written.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&written, &name.to_lowercase());
    let (distance, name) = names.into_iter().map(|name| (distance(name), name)).min_by_key(|(d, _)| *d)?;
    let letters = written.chars().count().max(name.chars().count());
    let allowed = match letters {
        0..=2 => 0,
        3..=5 => 1,
        6..=9 => 2,
        _ => 3,
    };
    (distance <= allowed).then_some(name)
}

impl Config {
    /// The point or climate zone whose name is nearest to `written`, if one is near enough.
    pub fn nearest_point(&self, written: &str) -> Option<String> {
        let points = self.points().map(|point| self.point_name(point));
        let names: Vec<String> = points.chain(self.climates.iter().map(|zone| zone.id.to_string())).collect();
        // The very same is no other name.
        nearest(written, names.iter().map(String::as_str).filter(|name| *name != written)).map(str::to_owned)
    }
}
