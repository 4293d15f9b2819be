//! What a line means: words to send, or a command.

use crate::person::{self, Person};

/// The commands, as `/help` tells them.
pub(crate) const HELP: &str = concat!(
    "  /members          who is here\n",
    "  /add ADDRESS …    add people\n",
    "  /remove ADDRESS … remove people\n",
    "  /rename NAME      give the group another name\n",
    "  /help             this list\n",
    "  /quit             leave the chat; Ctrl-D does too\n",
    "A line that begins with // is sent with one / less.",
);

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Nothing.
    Nothing,
    /// Words to send.
    Text(String),
    Members,
    Add(Vec<Person>),
    Remove(Vec<Person>),
    Rename(String),
    Help,
    Quit,
    /// It looks like a command and is none; says why.
    Mistake(String),
}

/// Reads a line.
pub(crate) fn read(line: &str) -> Line {
    if line.trim().is_empty() {
        return Line::Nothing;
    }
    let Some(command) = line.strip_prefix('/') else { return Line::Text(line.to_owned()) };
    if command.starts_with('/') {
        return Line::Text(command.to_owned());
    }
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let rest = rest.trim();
    match (name, rest.is_empty()) {
        ("members", true) => Line::Members,
        ("help", true) => Line::Help,
        ("quit" | "exit", true) => Line::Quit,
        ("add", false) => people(rest).map_or_else(Line::Mistake, Line::Add),
        ("remove", false) => people(rest).map_or_else(Line::Mistake, Line::Remove),
        ("rename", false) => Line::Rename(rest.to_owned()),
        ("add" | "remove", true) => Line::Mistake(format!("/{name} needs addresses")),
        ("rename", true) => Line::Mistake("/rename needs a name".to_owned()),
        ("members" | "help" | "quit" | "exit", false) => Line::Mistake(format!("/{name} stands alone")),
        _ => Line::Mistake(
            "there is no such command; /help lists them, // sends a line that begins with /".to_owned(),
        ),
    }
}

fn people(text: &str) -> Result<Vec<Person>, String> {
    text.split_whitespace().map(|word| person::parse(word).map_err(|why| format!("{word}: {why}"))).collect()
}

#[cfg(test)]
mod tests {
    use hexmtp::domain::identity::EthereumAddress;

    use super::*;

    #[test]
    fn words_are_sent_as_they_are() {
        for text in ["Hello", "  indented", "a / b", "trailing  ", "ä"] {
            assert_eq!(read(text), Line::Text(text.to_owned()));
        }
        assert_eq!(read("//shrug"), Line::Text("/shrug".to_owned()));
        assert_eq!(read("///"), Line::Text("//".to_owned()));
        for nothing in ["", "  ", "\t"] {
            assert_eq!(read(nothing), Line::Nothing);
        }
    }

    #[test]
    fn commands_are_read() {
        assert_eq!(read("/members"), Line::Members);
        assert_eq!(read("/help "), Line::Help);
        assert_eq!(read("/quit"), Line::Quit);
        assert_eq!(read("/exit"), Line::Quit);
        assert_eq!(read("/rename  Weekend at the lake "), Line::Rename("Weekend at the lake".to_owned()));
        let (one, two) = (EthereumAddress::new([0x11; 20]), EthereumAddress::new([0x22; 20]));
        let both = vec![Person::Address(one), Person::Address(two)];
        assert_eq!(read(&format!("/add {one}  {two}")), Line::Add(both.clone()));
        assert_eq!(read(&format!("/remove\t{one} {two}")), Line::Remove(both));
    }

    #[test]
    fn mistakes_are_not_sent() {
        for line in
            ["/", "/add", "/remove ", "/rename", "/quit now", "/members all", "/add bob", "/unknown", "/ hi"]
        {
            assert!(matches!(read(line), Line::Mistake(_)), "{line}");
        }
    }
}
