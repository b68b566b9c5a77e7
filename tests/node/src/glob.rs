//! Patterns as Talos matches them in disk selectors (its `glob` is ryanuber/go-glob): `*` stands for
//! any text, and nothing else is special.

/// Whether a text matches a pattern.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(last) = parts.next_back() else {
        return pattern == text;
    };
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_a_star_is_special() {
        for (pattern, text, wanted) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("HT*", "HTDISK2", true),
            ("*DISK*", "HTDISK2", true),
            ("H*K2", "HTDISK2", true),
            ("H*K*K", "HTDISK2", false),
            ("a*a", "a", false),
            ("HTDISK?", "HTDISK2", false),
            ("HTDISK[12]", "HTDISK2", false),
            ("HTDISK?", "HTDISK?", true),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern:?} {text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_matches_itself_and_any_part_replaced_by_a_star(text in "[a-z0-9?]{1,12}", cut in 0_usize..12) {
            prop_assert!(matches(&text, &text));
            let cut = cut.min(text.len());
            let (front, back) = (format!("{}*", &text[..cut]), format!("*{}", &text[cut..]));
            prop_assert!(matches(&front, &text));
            prop_assert!(matches(&back, &text));
            let longer = format!("{text}x");
            prop_assert!(!matches(&longer, &text));
        }

        #[test]
        fn any_pattern_ends(pattern in "[a*]{0,12}", text in "a{0,12}") {
            let _ = matches(&pattern, &text);
        }
    }
}
