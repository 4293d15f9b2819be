//! One text out of a JSON object (RFC 8259): all that this crate needs of JSON.

/// How deeply what is passed over may be nested. Contents are not; only somebody who means harm would.
const MAX_DEPTH: usize = 32;

/// The text of a member of the outermost object; the last one where several have the name, as parsers usually take
/// it. `None` when there is none, when it is no text, or when the bytes are no JSON object.
pub(super) fn string_member(json: &[u8], name: &str) -> Option<String> {
    let mut reader = Reader { rest: std::str::from_utf8(json).ok()? };
    let mut found = None;
    reader.expect('{')?;
    if !reader.take('}') {
        loop {
            let member = reader.string()?;
            reader.expect(':')?;
            if member == name {
                found = if reader.peek() == Some('"') { Some(reader.string()?) } else { None };
                if found.is_none() {
                    reader.pass_over(MAX_DEPTH)?;
                }
            } else {
                reader.pass_over(MAX_DEPTH)?;
            }
            if !reader.take(',') {
                break;
            }
        }
        reader.expect('}')?;
    }
    reader.peek().is_none().then_some(found).flatten()
}

/// What is still to be read.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    /// The next character that is no white space.
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_next = self.peek() == Some(wanted);
        if is_next {
            self.next();
        }
        is_next
    }

    fn expect(&mut self, wanted: char) -> Option<()> {
        self.take(wanted).then_some(())
    }

    /// The next character, white space included.
    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next();
        self.rest = characters.as_str();
        next
    }

    fn string(&mut self) -> Option<String> {
        self.expect('"')?;
        let mut text = String::new();
        loop {
            match self.next()? {
                '"' => return Some(text),
                '\\' => text.push(self.escaped()?),
                control if control < ' ' => return None,
                plain => text.push(plain),
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        Some(match self.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode(),
            same @ ('"' | '\\' | '/') => same,
            _ => return None,
        })
    }

    /// Four hexadecimal digits, or two times four for what UTF-16 writes as a pair.
    fn unicode(&mut self) -> Option<char> {
        let first = self.code_unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        if (self.next()?, self.next()?) != ('\\', 'u') {
            return None;
        }
        let second = self.code_unit()?;
        if !(0xdc00..0xe000).contains(&second) {
            return None;
        }
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    }

    fn code_unit(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |unit, _| Some(unit * 16 + self.next()?.to_digit(16)?))
    }

    /// Passes over a value of any kind.
    fn pass_over(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            '"' => self.string().map(drop),
            '{' => self.pass_over_list('{', '}', depth.checked_sub(1)?),
            '[' => self.pass_over_list('[', ']', depth.checked_sub(1)?),
            _ => self.pass_over_word(),
        }
    }

    fn pass_over_list(&mut self, opening: char, closing: char, depth: usize) -> Option<()> {
        self.expect(opening)?;
        if self.take(closing) {
            return Some(());
        }
        loop {
            if opening == '{' {
                self.string()?;
                self.expect(':')?;
            }
            self.pass_over(depth)?;
            if !self.take(',') {
                return self.expect(closing);
            }
        }
    }

    /// A number, or one of the three words. Whether a number is well written makes no difference here.
    fn pass_over_word(&mut self) -> Option<()> {
        let is_part = |part: char| part.is_ascii_alphanumeric() || matches!(part, '+' | '-' | '.');
        let end = self.rest.find(|part| !is_part(part)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        let is_number = word.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        (is_number || matches!(word, "true" | "false" | "null")).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(".*", inner, 0..4).prop_map(Value::from_iter),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_finds_what_a_whole_parser_finds(value in values(), text in ".*", pretty in any::<bool>()) {
            let object = json!({"a": value, "wanted": text, "z": [value]});
            let written =
                if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) };
            prop_assert_eq!(string_member(written.unwrap().as_bytes(), "wanted"), Some(text));
        }

        #[test]
        fn what_is_no_json_gives_nothing(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Some(found) = string_member(&bytes, "a") {
                let value: Value = serde_json::from_slice(&bytes).unwrap();
                prop_assert_eq!(value.get("a").and_then(Value::as_str), Some(found.as_str()));
            }
        }

        #[test]
        fn what_is_cut_short_gives_nothing(value in values(), at in any::<prop::sample::Index>()) {
            let written = json!({"wanted": "x", "more": value}).to_string();
            let at = at.index(written.len());
            prop_assert_eq!(string_member(&written.as_bytes()[..at], "wanted"), None);
        }
    }

    #[test]
    fn escapes_are_read() {
        let json = br#"{"a":"\u00e9\ud83d\ude00\n\/\"\\"}"#;
        assert_eq!(string_member(json, "a").as_deref(), Some("\u{e9}\u{1f600}\n/\"\\"));
        for broken in [r#"{"a":"\ud83d"}"#, r#"{"a":"\ud83d\u0041"}"#, r#"{"a":"\x"}"#, r#"{"a":"\u12"}"#] {
            assert_eq!(string_member(broken.as_bytes(), "a"), None, "{broken}");
        }
    }

    #[test]
    fn only_a_text_of_the_outermost_object_counts() {
        for (json, expected) in [
            (r#"{"b":{"a":"x"}}"#, None),
            (r#"{"a":1}"#, None),
            (r#"{"a":"x","a":"y"}"#, Some("y")),
            (r#"["a","x"]"#, None),
            (r#"{"a":"x"} more"#, None),
            (r#"{}"#, None),
        ] {
            assert_eq!(string_member(json.as_bytes(), "a").as_deref(), expected, "{json}");
        }
        let deep = format!("{{\"b\":{}{},\"a\":\"x\"}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(string_member(deep.as_bytes(), "a"), None);
    }
}
