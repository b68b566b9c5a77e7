//! Which known name was meant by one that is not known.

/// The known names that differ from `word` in at most two letters or begin like it, the nearest
/// first; at most three.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .map(|it| (distance(word, it), it))
        .filter(|(distance, it)| is_near(*distance, word, it))
        .collect();
    near.sort_unstable();
    near.into_iter().map(|(_, it)| it).take(MOST).collect()
}

/// More would be a list, and no guess.
const MOST: usize = 3;

/// Two letters of a long word are a slip, of a short one another word.
fn is_near(distance: usize, word: &str, known: &str) -> bool {
    let shorter = word.chars().count().min(known.chars().count());
    let begins = shorter >= 3 && (word.starts_with(known) || known.starts_with(word));
    begins || distance <= if shorter < 5 { 1 } else { 2 }
}

/// How many letters are to be added, removed or replaced (Levenshtein's distance).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut beside = index + 1;
        let mut next = vec![beside];
        for (other, pair) in right.iter().zip(row.windows(2)) {
            if let [diagonal, above] = pair {
                let replaced = diagonal + usize::from(letter != *other);
                beside = replaced.min(above + 1).min(beside + 1);
                next.push(beside);
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        let fields = ["name", "nics", "disk", "username", "ipmi", "mac"];
        for (word, wanted) in [
            ("nick", &["nics"][..]),
            ("nic", &["nics"]),
            ("disks", &["disk"]),
            ("user", &["username"]),
            ("mc", &["mac"]),
            ("dsik", &[]),
            ("usrname", &["username"]),
            ("usernaem", &["username"]),
            ("gateway", &[]),
            ("x", &[]),
        ] {
            assert_eq!(nearest(word, fields), wanted, "{word}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
