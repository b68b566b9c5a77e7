//! The name that was meant, where the one that was typed belongs to nobody.
//!
//! Machines in a row differ by their numbers, and `cp-1` is no slip for `cp-2`: only a name with the
//! same numbers is held for the one that was meant.

/// How many letters may differ, or have changed their places: two slips of a finger.
const SLIPS: usize = 2;
/// How long a name must be for slips to be told from another name.
const LONG_ENOUGH: usize = 4;

/// The one of `names` that was meant by `typed`, if one is.
pub(crate) fn similar<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| {
        if plain(name) == plain(typed) {
            return Some(0);
        }
        let slips = strsim::damerau_levenshtein(name, &typed.to_lowercase());
        let is_near = slips <= SLIPS && typed.len() >= LONG_ENOUGH;
        (is_near && numbers(name) == numbers(typed) && !is_generated(name)).then_some(slips)
    };
    let near = names.filter_map(|name| Some((distance(name)?, name)));
    near.min().map(|(_, name)| name)
}

/// Without what is easily forgotten: case, separators, leading zeros.
fn plain(name: &str) -> (Vec<String>, Vec<u128>) {
    let letters = name.split(|c: char| !c.is_ascii_alphabetic());
    let letters = letters.filter(|it| !it.is_empty());
    (
        letters.map(str::to_ascii_lowercase).collect(),
        numbers(name),
    )
}

/// The numbers in a name, in their order.
fn numbers(name: &str) -> Vec<u128> {
    let digits = name.split(|c: char| !c.is_ascii_digit());
    digits.filter_map(|it| it.parse().ok()).collect()
}

/// Whether it is made of the digits of a card, in which a letter is a number, too.
fn is_generated(name: &str) -> bool {
    let digits = name.strip_prefix("m-").unwrap_or_default();
    digits.len() >= 12
        && digits
            .bytes()
            .all(|it| it.is_ascii_hexdigit() || it == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(typed: &str) -> Option<&'static str> {
        let names = ["cp-1", "cp-2", "worker-3", "storage", "m-52540077000a"];
        similar(typed, names.into_iter())
    }

    #[test]
    fn slips_of_a_finger_are_understood() {
        for (typed, name) in [
            ("CP-1", "cp-1"),
            ("cp1", "cp-1"),
            ("cp-01", "cp-1"),
            ("wroker-3", "worker-3"),
            ("Worker3", "worker-3"),
            ("storge", "storage"),
            ("M-52540077000A", "m-52540077000a"),
        ] {
            assert_eq!(meant(typed), Some(name), "{typed}");
        }
    }

    #[test]
    fn a_machine_of_another_number_is_not_offered() {
        for typed in ["cp-3", "cp-11", "worker-4", "m-52540077000b", "", "x", "db"] {
            assert_eq!(meant(typed), None, "{typed}");
        }
    }
}
