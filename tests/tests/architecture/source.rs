//! Reading the workspace's sources: files, tokens, and which lines are test code.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One source file; the path is relative to the workspace, with `/`.
pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl SourceFile {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether the whole file is test code.
    pub(crate) fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.contains("/benches/")
            || name.ends_with("_tests.rs")
            || name == "tests.rs"
    }

    /// Whether the file belongs to what a crate ships or to the script that builds it.
    pub(crate) fn is_production(&self) -> bool {
        !self.is_test() && (self.path.contains("/src/") || self.path.ends_with("/build.rs"))
    }
}

/// The folder with the workspace's manifest.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests live in a workspace").to_owned()
}

/// Every Rust file of the workspace, sorted by path.
pub(crate) fn rust_files() -> Vec<SourceFile> {
    let root = root();
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 20, "only {} source files found under {}", files.len(), root.display());
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            // Hidden folders and build folders, which may lie inside the workspace.
            let is_built = path.join("CACHEDIR.TAG").exists() || name == "target" || name == "target-wasm";
            if !name.starts_with('.') && !is_built && name != "node_modules" {
                collect(root, &path, files);
            }
        } else if name.ends_with(".rs") {
            let relative = path.strip_prefix(root).expect("the walk started at the root");
            let text = fs::read_to_string(&path).expect("the source can be read");
            files.push(SourceFile { path: relative.to_string_lossy().replace('\\', "/"), text });
        }
    }
}

/// A token with the lines on which it begins and ends. Comments are none; documentation is, as an attribute.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) lines: RangeInclusive<usize>,
}

/// The tokens of a file, with groups opened up.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let stream = text.parse::<TokenStream>().map_err(|error| error.to_string())?;
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    Ok(tokens)
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let lines = tree.span().start().line..=tree.span().end().line;
        if let TokenTree::Group(group) = &tree {
            let (open, close) = match group.delimiter() {
                Delimiter::Parenthesis => ("(", ")"),
                Delimiter::Brace => ("{", "}"),
                Delimiter::Bracket => ("[", "]"),
                Delimiter::None => ("", ""),
            };
            tokens.push(Token { text: open.to_owned(), lines: *lines.start()..=*lines.start() });
            flatten(group.stream(), tokens);
            tokens.push(Token { text: close.to_owned(), lines: *lines.end()..=*lines.end() });
        } else {
            tokens.push(Token { text: tree.to_string(), lines });
        }
    }
}

/// The index after the group that opens at `open`.
pub(crate) fn group_end(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

/// Whether the tokens from `at` on are exactly these.
pub(crate) fn matches(tokens: &[Token], at: usize, pattern: &[&str]) -> bool {
    tokens
        .get(at..at + pattern.len())
        .is_some_and(|window| window.iter().zip(pattern).all(|(a, b)| a.text == *b))
}

const CFG_TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
const ITEM_WORDS: [&str; 15] = [
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "let",
    "macro_rules",
    "mod",
    "static",
    "struct",
    "trait",
    "type",
    "unsafe",
    "use",
];

/// The lines of everything marked `#[cfg(test)]`, attribute included.
pub(crate) fn test_lines(tokens: &[Token]) -> Vec<RangeInclusive<usize>> {
    let mut ranges = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        if matches(tokens, index, &CFG_TEST) {
            let end = marked_end(tokens, index + CFG_TEST.len());
            let last = &tokens[end.min(tokens.len()) - 1];
            ranges.push(*tokens[index].lines.start()..=*last.lines.end());
            index = end;
        } else {
            index += 1;
        }
    }
    ranges
}

/// The index after the item, field or variant that begins at `at`, perhaps with more attributes.
fn marked_end(tokens: &[Token], at: usize) -> usize {
    let mut index = at;
    while matches(tokens, index, &["#", "["]) {
        index = group_end(tokens, index + 1);
    }
    if matches(tokens, index, &["pub"]) {
        index += 1;
        if matches(tokens, index, &["("]) {
            index = group_end(tokens, index);
        }
    }
    let is_item = tokens.get(index).is_some_and(|token| ITEM_WORDS.contains(&token.text.as_str()));
    while let Some(token) = tokens.get(index) {
        match token.text.as_str() {
            ";" => return index + 1,
            "," if !is_item => return index + 1,
            "{" => return group_end(tokens, index),
            "(" | "[" => index = group_end(tokens, index),
            // The end of what encloses a last field or variant.
            ")" | "]" | "}" => return index,
            _ => index += 1,
        }
    }
    index
}

/// Whether the line lies in one of the ranges.
pub(crate) fn within(line: usize, ranges: &[RangeInclusive<usize>]) -> bool {
    ranges.iter().any(|range| range.contains(&line))
}

/// Fails with all violations, one a line.
pub(crate) fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "{} violation(s):\n{}", violations.len(), violations.join("\n"));
}

#[test]
fn test_code_is_recognised_by_its_attribute() {
    let text = "fn a() {}\n#[cfg(test)]\n#[path = \"x.rs\"]\nmod tests {\n  fn b() {}\n}\nfn c() {}\n\
                enum E {\n  #[cfg(test)]\n  Fake,\n  Real { a: u8 },\n}\n#[cfg(test)]\nmod d_tests;\nfn e() {}\n";
    assert_eq!(test_lines(&tokens(text).unwrap()), vec![2..=6, 9..=10, 13..=14]);
}

#[test]
fn production_files_are_told_from_test_files() {
    for path in ["domain/src/ids.rs", "proto/build.rs", "adapters/x/src/y/mod.rs"] {
        assert!(SourceFile::new(path, "").is_production(), "{path}");
    }
    for path in
        ["tests/src/lib.rs", "domain/src/ids_tests.rs", "adapters/x/tests/y.rs", "ports/src/a/tests.rs"]
    {
        assert!(!SourceFile::new(path, "").is_production(), "{path}");
    }
}
