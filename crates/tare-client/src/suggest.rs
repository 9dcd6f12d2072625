//! "Did you mean": the one known word that somebody may have meant by an unknown one, and none when there is no such.

/// The word of `known` nearest to `wanted`, if so few letters differ that it is likely a slip: at most a third.
pub(crate) fn nearest<'k>(wanted: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let most = wanted.chars().count() / 3;
    known
        .map(|known| (strsim::damerau_levenshtein(known, wanted), known))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let near = |wanted| nearest(wanted, ["snakers4/silero-vad", "lab/lora"].into_iter());
        assert_eq!(near("lab/loar"), Some("lab/lora"));
        assert_eq!(near("snakers4/silero_vat"), Some("snakers4/silero-vad"));
        assert_eq!(near("lpips/lpips"), None);
        assert_eq!(near(""), None);
    }
}
