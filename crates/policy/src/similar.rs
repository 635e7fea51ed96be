//! Suggests similar names for an unknown name.

/// Returns the most similar known name to a misspelt one; `None` if none is similar.
///
/// Names are compared word by word: `goals:write` is not similar to `roles:write`, `lamp:wirte` is
/// similar to `lamp:write`.
#[must_use]
pub fn nearest_name<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let similar = known.filter_map(|known| Some((edits(name, known)?, known)));
    similar.min().map(|(_, known)| known.to_owned())
}

/// Returns the number of different letters. `None` if the names are not similar.
fn edits(one: &str, other: &str) -> Option<usize> {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    let (ones, others) = (words(&one), words(&other));
    if ones.len() != others.len() {
        // A separator is missing, or one too many.
        let edits = strsim::damerau_levenshtein(&one, &other);
        return (edits == 1).then_some(edits);
    }
    let mut in_order = (ones.clone(), others.clone());
    in_order.0.sort_unstable();
    in_order.1.sort_unstable();
    if in_order.0 == in_order.1 {
        return Some(usize::from(ones != others));
    }
    let mut sum = 0;
    for (one, other) in ones.iter().zip(&others) {
        let edits = strsim::damerau_levenshtein(one, other);
        let (shortest, longest) = min_max(one.chars().count(), other.chars().count());
        let has_letters_alone = one.chars().chain(other.chars()).all(char::is_alphabetic);
        let most = match (shortest, longest) {
            // A letter is missing, or one too many. `v1` is another version than `v10`.
            (2, 3) => usize::from(has_letters_alone),
            // Two letters are another word after one edit.
            (0..=2, _) => 0,
            _ => (shortest / 4).clamp(1, 2),
        };
        if edits > most {
            return None;
        }
        sum += edits;
    }
    (sum <= 2).then_some(sum)
}

fn min_max(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}

fn words(name: &str) -> Vec<&str> {
    name.split(|letter: char| !letter.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_has_a_suggestion_and_another_name_has_none() {
        let nearest = |name: &str| nearest_name(name, ["lamp:read", "lamp:write", "admin"].into_iter());
        assert_eq!(nearest("lamp:wirte").as_deref(), Some("lamp:write"));
        assert_eq!(nearest("lamp:raed").as_deref(), Some("lamp:read"));
        assert_eq!(nearest("Lamp:Read").as_deref(), Some("lamp:read"));
        assert_eq!(nearest("write:lamp").as_deref(), Some("lamp:write"));
        assert_eq!(nearest("lampwrite").as_deref(), Some("lamp:write"));
        assert_eq!(nearest("lamps:write").as_deref(), Some("lamp:write"));
        assert_eq!(nearest("bulb:write"), None);
        assert_eq!(nearest("lamp:delete"), None);
        assert_eq!(nearest("owner"), None);
        assert_eq!(nearest_name("c", ["a"].into_iter()), None);
        for (name, known, near) in [
            ("mee", "me", true),
            ("me", "mee", true),
            ("a:id", "a:ids", true),
            ("my", "me", false),
            ("m", "me", false),
            ("a:v1", "a:v10", false),
        ] {
            assert_eq!(nearest_name(name, [known].into_iter()).is_some(), near, "{name}");
        }
    }
}
