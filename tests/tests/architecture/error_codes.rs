//! The stable codes of errors: each is given by one enum and one place in it, and `docs/error-codes.txt` lists
//! them all, so that a code cannot change unnoticed. `UPDATE_ERROR_CODES=1` rewrites the list.

use std::collections::BTreeMap;
use std::fs;

use syn::visit::{self, Visit};

use crate::source::{SourceFile, assert_none, root, rust_files, test_lines, tokens, within};

const LIST: &str = "docs/error-codes.txt";

/// The string literals in the bodies of `fn code(&self)`.
#[derive(Default)]
struct Literals {
    inside: bool,
    found: Vec<(String, usize)>,
}

impl<'ast> Visit<'ast> for Literals {
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let before = self.inside;
        self.inside = item.sig.ident == "code" && item.sig.receiver().is_some();
        visit::visit_block(self, &item.block);
        self.inside = before;
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        if self.inside {
            self.found.push((literal.value(), literal.span().start().line));
        }
    }
}

/// Each code with the places that give it.
type Codes = BTreeMap<String, Vec<String>>;

fn codes<'a>(files: impl IntoIterator<Item = &'a SourceFile>) -> Result<Codes, String> {
    let mut codes = Codes::new();
    for file in files {
        let syntax = syn::parse_file(&file.text).map_err(|error| format!("{}: {error}", file.path))?;
        let tests = test_lines(&tokens(&file.text).map_err(|error| format!("{}: {error}", file.path))?);
        let mut literals = Literals::default();
        literals.visit_file(&syntax);
        for (code, line) in literals.found.into_iter().filter(|(_, line)| !within(*line, &tests)) {
            codes.entry(code).or_default().push(format!("{}:{line}", file.path));
        }
    }
    Ok(codes)
}

/// `area.reason`, or with more parts between; each in small letters, digits and underscores.
fn is_well_formed(code: &str) -> bool {
    let word = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_lowercase())
            && part.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_')
    };
    code.contains('.') && code.split('.').all(word)
}

fn malformed_or_repeated(codes: &Codes) -> Vec<String> {
    let mut found = Vec::new();
    for (code, places) in codes {
        if !is_well_formed(code) {
            found.push(format!("`{code}` is not of the form area.reason ({})", places.join(", ")));
        }
        if places.len() > 1 {
            found.push(format!("`{code}` is given in several places: {}", places.join(", ")));
        }
    }
    found
}

fn differences(codes: &Codes, listed: &str) -> Vec<String> {
    let listed: Vec<&str> = listed.lines().filter(|line| !line.is_empty()).collect();
    let missing =
        codes.keys().filter(|code| !listed.contains(&code.as_str())).map(|code| format!("+ {code}"));
    let stale = listed.iter().filter(|code| !codes.contains_key(**code)).map(|code| format!("- {code}"));
    missing.chain(stale).collect()
}

#[test]
fn error_codes_are_unique_and_listed() {
    let files = rust_files();
    let codes = codes(files.iter().filter(|file| file.is_production())).expect("all sources parse");
    assert_none(&malformed_or_repeated(&codes));
    let path = root().join(LIST);
    if std::env::var_os("UPDATE_ERROR_CODES").is_some_and(|value| value == "1") {
        let lines: String = codes.keys().map(|code| format!("{code}\n")).collect();
        fs::write(&path, lines).expect("the list can be written");
    }
    let listed = fs::read_to_string(&path).unwrap_or_default();
    let differences = differences(&codes, &listed);
    assert!(
        differences.is_empty(),
        "{LIST} differs from the sources (a code that was released must not change; otherwise run the test with \
         UPDATE_ERROR_CODES=1):\n{}",
        differences.join("\n")
    );
}

const CRAFTED: &str = r#"
impl A { pub fn code(&self) -> &'static str { match self { Self::X => "a.x", Self::Y(inner) => inner.code() } } }
impl A { fn name(&self) -> &'static str { "a.not_a_code" } }
impl A { fn code(number: u8) -> &'static str { "a.no_receiver" } }
#[cfg(test)]
mod tests { impl B { fn code(&self) -> &'static str { "test.only" } } }
"#;

#[test]
fn codes_are_read_from_the_sources() {
    let found = codes(&[SourceFile::new("a.rs", CRAFTED)]).unwrap();
    assert_eq!(found, Codes::from([("a.x".to_owned(), vec!["a.rs:2".to_owned()])]));
    assert!(codes(&[SourceFile::new("a.rs", "fn f( {")]).is_err());
}

#[test]
fn repeated_malformed_new_and_lost_codes_are_found() {
    let again = SourceFile::new("b.rs", "impl B { fn code(&self) -> &'static str { \"a.x\" } }");
    let repeated = codes(&[SourceFile::new("a.rs", CRAFTED), again]).unwrap();
    assert_eq!(malformed_or_repeated(&repeated), ["`a.x` is given in several places: a.rs:2, b.rs:1"]);
    for bad in ["ax", "A.x", "a.x y", "a.", ".x", "a..x"] {
        let codes = Codes::from([(bad.to_owned(), vec!["a.rs:1".to_owned()])]);
        assert_eq!(malformed_or_repeated(&codes).len(), 1, "{bad}");
    }
    assert_eq!(differences(&repeated, "a.x\n"), Vec::<String>::new());
    assert_eq!(differences(&repeated, "a.w\n"), ["+ a.x", "- a.w"]);
}
