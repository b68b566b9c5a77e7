//! Text from the network, made fit to be kept and shown: bounded, without characters that steer a
//! terminal or turn the order of what is read, and without the secrets that Talos itself prints.
//!
//! Talos logs the whole URL of its config, and the kernel logs its command line; both carry the
//! token that opens the config. So no URL keeps more than its scheme and host here, and parameters
//! known to carry secrets lose their value; and what Talos says of a config says no value of it
//! ([`crate::config_words`]).

use crate::config_words::without_values;

/// At most `limit` characters of `text`, secrets taken out, each character that can't be seen a
/// space.
pub(crate) fn cleaned(text: &str, limit: usize) -> String {
    redacted(&without_values(within_reach(text.trim(), limit)))
        .chars()
        .map(|c| if is_unseen(c) { ' ' } else { c })
        .take(limit)
        .collect()
}

/// As much of a text as may be shown of it, with room for what is taken out. Who sends a line of
/// 256 KiB of URLs would otherwise have each of them looked for in all that follows. The cut goes
/// between two words: of half a key nobody could see that it is one.
fn within_reach(text: &str, limit: usize) -> &str {
    let end = text.floor_char_boundary(limit.saturating_mul(4).saturating_add(SPARE));
    match text.get(..end) {
        Some(cut) if cut.len() < text.len() => cut
            .rsplit_once(char::is_whitespace)
            .map_or("", |(whole, _)| whole),
        _ => text,
    }
}

/// Control characters, marks that change the direction of a text, ends of lines and paragraphs, and
/// characters without a width (Unicode's `Bidi_Control`, U+2028, U+2029, and what spoofs words).
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn redacted(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = first_secret(rest) {
        let (before, secret) = rest.split_at(start);
        let end = secret.find(ends_value).unwrap_or(secret.len());
        kept.push_str(before);
        kept.push_str(REDACTED);
        rest = secret.get(end..).unwrap_or_default();
    }
    kept + rest
}

/// Where the first secret begins: behind `parameter=`, or behind the host of a URL.
fn first_secret(text: &str) -> Option<usize> {
    let parameters = SECRET_PARAMETERS
        .iter()
        .filter_map(|name| behind_parameter(text, name));
    parameters.chain(behind_host(text)).min()
}

fn behind_parameter(text: &str, name: &str) -> Option<usize> {
    text.match_indices(name).find_map(|(at, _)| {
        let word = text.get(at..)?;
        let equals = word.find('=')?;
        let is_parameter = !word.get(..equals)?.contains(char::is_whitespace);
        let quote = usize::from(word.get(equals + 1..)?.starts_with(['"', '\'']));
        let start = at + equals + 1 + quote;
        let value = text.get(start..)?;
        let is_empty = value.chars().next().is_none_or(ends_value);
        (is_parameter && !is_empty && !value.starts_with(REDACTED)).then_some(start)
    })
}

/// Behind its host, or behind `://` if a user and password stand before the host.
fn behind_host(text: &str) -> Option<usize> {
    text.match_indices("://").find_map(|(at, _)| {
        let host = at + 3;
        let url = text.get(host..)?;
        let url = url.get(..url.find(ends_value).unwrap_or(url.len()))?;
        let end = url.find(['/', '?', '#']).unwrap_or(url.len());
        let start = if url.get(..end)?.contains('@') {
            0
        } else {
            end
        };
        let secret = url.get(start..)?;
        (!secret.is_empty() && !secret.starts_with(REDACTED)).then_some(host + start)
    })
}

fn ends_value(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>')
}

/// Parameters of the kernel line whose values are, or may hold, secrets: the config's URL or the
/// config itself, OAuth secrets, join tokens, credentials of proxies.
const SECRET_PARAMETERS: [&str; 4] = [
    "talos.config",
    "talos.environment",
    "siderolink.api",
    "jointoken",
];

/// Bytes beside four for each character that may be shown: for long URLs, whose place is a word.
const SPARE: usize = 4096;

/// What stands where a secret stood.
const REDACTED: &str = "[redacted]";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_are_taken_out_and_nothing_else() {
        for (text, wanted) in [
            ("", ""),
            ("task install (1/1): done\n", "task install (1/1): done"),
            ("a\tb\u{7}c\u{1b}[31m", "a b c [31m"),
            ("ab\u{202e}txt.exe\u{2066}c\u{9b}2J", "ab txt.exe c 2J"),
            ("zero\u{200b}width\u{2028}line\u{feff}", "zero width line "),
            (
                "fetching from http://10.0.0.1:8080/c/s3cret/talos?u=1 now",
                "fetching from http://10.0.0.1:8080[redacted] now",
            ),
            (
                "failed: \"https://[fd00::1]/c/s3cret\": 404",
                "failed: \"https://[fd00::1][redacted]\": 404",
            ),
            (
                "two http://a/1 http://b/2",
                "two http://a[redacted] http://b[redacted]",
            ),
            (
                "bare http://a and http://b:1",
                "bare http://a and http://b:1",
            ),
            ("q http://a?t=s3cret", "q http://a[redacted]"),
            (
                "slab_nomerge talos.config=http://h/c/s3cret drover.boot=ab quiet",
                "slab_nomerge talos.config=[redacted] drover.boot=ab quiet",
            ),
            (
                "talos.config.inline=S3CRET== x",
                "talos.config.inline=[redacted] x",
            ),
            (
                "talos.config.oauth.client_secret=s3cret",
                "talos.config.oauth.client_secret=[redacted]",
            ),
            ("talos.config= quiet", "talos.config= quiet"),
            (
                "talos.config=\"s3cret\" quiet",
                "talos.config=\"[redacted]\" quiet",
            ),
            (
                "proxy http://me:s3cret@proxy up",
                "proxy http://[redacted] up",
            ),
            ("talos.configured and a=b", "talos.configured and a=b"),
            (
                "siderolink.api=grpc://h:1?jointoken=s3cret",
                "siderolink.api=[redacted]",
            ),
        ] {
            assert_eq!(cleaned(text, 200), wanted, "{text:?}");
        }
    }

    #[test]
    fn no_more_is_looked_through_than_could_be_shown_and_no_key_is_cut_in_half() {
        let url = "http://10.0.0.1/c/s3cret ";
        let long = url.repeat(256 * 1024 / url.len());
        let reach = within_reach(&long, 100);
        assert!(reach.len() <= 4 * 100 + SPARE, "{}", reach.len());
        assert!(reach.ends_with("s3cret"), "{reach}");
        assert_eq!(cleaned(&long, 100).chars().count(), 100);
        assert_eq!(within_reach(url, 100), url);
        // Whatever stands at the cut, no part of it is shown.
        let key = "Zm9vYmFyMTIzNDU2Nzg5MEFCQ0RFRkdISUpLTE1OT1A=";
        let longest = 4 * 20 + SPARE;
        for before in longest - key.len() - 2..=longest {
            let pem = "-----BEGIN X-----a-----END X-----";
            let filler = "\u{200b}".repeat(before / 3);
            let text = format!("{pem} {filler} {key}");
            assert!(!cleaned(&text, 20).contains("Zm9v"), "{before}");
        }
        assert_eq!(cleaned(&"x".repeat(longest + 1), 20), "");
    }

    #[test]
    fn the_limit_counts_characters() {
        assert_eq!(cleaned("äöü", 2), "äö");
    }

    proptest! {
        #[test]
        fn any_text_comes_out_bounded_and_printable(text: String, limit in 0_usize..100) {
            let out = cleaned(&text, limit);
            prop_assert!(out.chars().count() <= limit);
            prop_assert!(!out.chars().any(is_unseen));
        }

        #[test]
        fn no_url_keeps_its_token(
            before in "[a-z \"=:/.]{0,20}",
            token in "[A-Za-z0-9]{16,32}",
            after in "[a-z \"=:/.]{0,20}",
        ) {
            let out = cleaned(&format!("{before} http://10.0.0.1/c/{token}/x{after}"), 500);
            prop_assert!(!out.contains(&token), "{out}");
            let out = cleaned(&format!("{before} talos.config={token}{after}"), 500);
            prop_assert!(!out.contains(&token), "{out}");
        }
    }
}
