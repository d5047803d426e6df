//! The name that was probably meant.

/// The name nearest to `written`, if one is near enough to be meant.
pub(super) fn name<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
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
