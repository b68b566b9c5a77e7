//! How GRUB reads a configuration, after its `script.c` and the manual's "Quoting": lines of words,
//! with texts between single quotes taken as they are.

/// The commands of a configuration, each as its words. `if` and `while` begin one like any other.
pub(crate) fn read(config: &str) -> Vec<Vec<String>> {
    let (mut commands, mut words, mut word) = (Vec::new(), Vec::new(), None::<String>);
    let mut quote = None;
    for character in config.chars() {
        match (quote, character) {
            (Some(open), it) if it == open => quote = None,
            (Some(_), it) => word.get_or_insert_default().push(it),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ' | '\t' | '\n' | ';') => {
                words.extend(word.take());
                if character != ' ' && character != '\t' && !words.is_empty() {
                    commands.push(std::mem::take(&mut words));
                }
            }
            (None, it) => word.get_or_insert_default().push(it),
        }
    }
    assert_eq!(quote, None, "a quote is open at the end");
    commands
}
