//! Reads a firmware console: bytes with terminal escapes in, lines of text out.
//!
//! Firmware draws (ECMA-48): it moves the cursor instead of ending lines. A cursor movement ends a
//! line here; colours and the rest are dropped; a line that repeats the one before is dropped too,
//! because firmware redraws its screen.

/// A console so far: its unfinished line, and where in an escape sequence it is.
#[derive(Debug, Default)]
pub struct ConsoleReader {
    line: Vec<u8>,
    last: String,
    escape: Escape,
}

#[derive(Debug, Default, Clone, Copy)]
enum Escape {
    #[default]
    None,
    Began,
    /// Inside `ESC [ … final`.
    Control,
    /// One more byte belongs to it, as in `ESC ( B`.
    OneMore,
}

impl ConsoleReader {
    /// Takes what came, gives the lines that it completes.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<String> {
        bytes
            .iter()
            .filter_map(|&byte| self.read_byte(byte))
            .collect()
    }

    /// The line that has begun and not ended, such as a prompt.
    pub fn unfinished(&self) -> String {
        String::from_utf8_lossy(&self.line).trim().to_owned()
    }

    fn read_byte(&mut self, byte: u8) -> Option<String> {
        match self.escape {
            Escape::None => match byte {
                0x1b => self.escape = Escape::Began,
                b'\r' | b'\n' => return self.end_line(),
                b'\t' | b' '..=0x7e | 0x80.. => self.line.push(byte),
                _ => {}
            },
            Escape::Began => {
                self.escape = match byte {
                    b'[' => Escape::Control,
                    b'(' | b')' | b'#' => Escape::OneMore,
                    _ => Escape::None,
                }
            }
            Escape::OneMore => self.escape = Escape::None,
            Escape::Control if (0x40..=0x7e).contains(&byte) => {
                self.escape = Escape::None;
                // CUU…CHA, CUP, ED and HVP go elsewhere on the screen.
                if matches!(byte, b'A'..=b'H' | b'J' | b'f') {
                    return self.end_line();
                }
            }
            Escape::Control => {}
        }
        None
    }

    fn end_line(&mut self) -> Option<String> {
        let line = self.unfinished();
        self.line.clear();
        if line.is_empty() || line == self.last {
            return None;
        }
        self.last.clone_from(&line);
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_without_what_draws_them() {
        for (bytes, lines) in [
            (&b"one\r\ntwo\n"[..], vec!["one", "two"]),
            (
                b"\x1b[2J\x1b[01;01HBdsDxe: loading\x1b[03;01Hnext\n",
                vec!["BdsDxe: loading", "next"],
            ),
            (b"\x1b[1;37m\x1b[40mred\x1b[0m\x1b(B!\n", vec!["red!"]),
            (b"again\nagain\n\n  \nend\n", vec!["again", "end"]),
            (b"a\x07\x00b\xc3\xa9\n", vec!["abé"]),
        ] {
            assert_eq!(ConsoleReader::default().read(bytes), lines);
        }
    }

    #[test]
    fn escapes_may_be_cut_anywhere() {
        let bytes = b"one\x1b[12;1Htwo\x1b(Bthree\n";
        for cut in 0..bytes.len() {
            let mut reader = ConsoleReader::default();
            let (head, tail) = bytes.split_at(cut);
            let mut lines = reader.read(head);
            lines.extend(reader.read(tail));
            assert_eq!(lines, ["one", "twothree"], "cut at {cut}");
        }
    }

    #[test]
    fn a_prompt_is_seen_before_its_line_ends() {
        let mut reader = ConsoleReader::default();
        assert!(reader.read(b"Shell> ").is_empty());
        assert_eq!(reader.unfinished(), "Shell>");
    }
}
