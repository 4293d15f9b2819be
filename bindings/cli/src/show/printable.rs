//! What others wrote, made fit for a terminal.

/// Text in which nothing steers the terminal: escape sequences, carriage returns and marks that reorder a line could
/// make a message look like something else. Line breaks and tabs stay.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|it| if steers(it) && it != '\n' && it != '\t' { '\u{fffd}' } else { it }).collect()
}

/// The same on one line.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|it| match it {
            '\n' | '\t' => ' ',
            it if steers(it) => '\u{fffd}',
            it => it,
        })
        .collect()
}

/// At most so many characters.
pub(crate) fn short(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    text.chars().take(length.saturating_sub(1)).chain(['…']).collect()
}

/// Control characters, and those that change the direction of what follows or break a line.
fn steers(it: char) -> bool {
    it.is_control()
        || matches!(it, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
        || matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        for bad in [
            "\u{1b}[2J",
            "a\rb",
            "\u{9b}31m",
            "\u{7}",
            "\u{8}",
            "\0",
            "\u{7f}",
            "\u{202e}",
            "\u{2067}",
            "\u{2028}",
        ] {
            for shown in [printable(bad), one_line(bad)] {
                assert!(shown.contains('\u{fffd}') && !shown.chars().any(steers), "{bad:?} {shown:?}");
            }
        }
    }

    #[test]
    fn words_stay_as_they_are() {
        let text = "Grüße, 你好, שלום, 👩‍👩‍👧: 100 % \\ \"\u{a0}";
        assert_eq!(printable(text), text);
        assert_eq!(printable("a\n\tb"), "a\n\tb");
        assert_eq!(one_line("a\n\tb"), "a  b");
    }

    #[test]
    fn long_words_are_cut() {
        assert_eq!(short("Weekend", 7), "Weekend");
        assert_eq!(short("Weekends", 7), "Weeken…");
        assert_eq!(short("ääää", 3), "ää…");
    }
}
