//! Rust source as lines of code: without comments, and without the tests at its end.
//!
//! A reader of text, no parser: what stands behind `//` in a string is lost to it, which no rule
//! that uses it minds.

/// The code of a file: each line with its number, from 1; comments cut off, `mod tests { … }` left
/// out (it is the last thing in a file).
pub fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = tests_begin(text).unwrap_or(usize::MAX);
    numbered(text)
        .take_while(move |(number, _)| *number < end)
        .map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
        .filter(|(_, line)| !line.trim().is_empty())
}

/// The modules that a file declares for its tests only.
pub fn test_modules(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines
        .windows(2)
        .filter_map(|pair| match pair {
            [CFG_TEST, declared] => declared.strip_prefix("mod ")?.strip_suffix(';'),
            _ => None,
        })
        .map(str::to_owned)
        .collect()
}

/// All lines of a text with their numbers, from 1.
pub fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

fn tests_begin(text: &str) -> Option<usize> {
    let lines: Vec<(usize, &str)> = numbered(text).collect();
    lines.windows(2).find_map(|pair| match pair {
        [(number, cfg), (_, module)] => {
            (*cfg == CFG_TEST && module.starts_with("mod ") && module.ends_with('{'))
                .then_some(*number)
        }
        _ => None,
    })
}

/// What marks a module of tests.
const CFG_TEST: &str = "#[cfg(test)]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_tests_are_no_code() {
        let text = "//! doc\n\nuse a; // why\n    /// doc\nfn b() {}\n\n#[cfg(test)]\nmod tests {\nuse c;\n}\n";
        let lines: Vec<(usize, &str)> = code_lines(text).collect();
        assert_eq!(lines, [(3, "use a; "), (5, "fn b() {}")]);
    }

    #[test]
    fn modules_of_tests_are_told_from_others() {
        let text = "mod a;\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nuse x;\nmod b;\n";
        assert_eq!(test_modules(text), ["tests"]);
    }
}
