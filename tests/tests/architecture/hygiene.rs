//! Nothing unfinished, no test that is silently left out, no module named after nothing.

use crate::source::{SourceFile, Token, assert_none, group_end, matches, rust_files, tokens};

const EMPTY_NAMES: [&str; 6] = ["util", "utils", "helper", "helpers", "common", "misc"];

fn violations(file: &SourceFile) -> Vec<String> {
    let mut found = Vec::new();
    for part in file.path.split('/') {
        let name = part.trim_end_matches(".rs");
        if EMPTY_NAMES.contains(&name) {
            found.push(format!("{}: `{name}` says nothing; name the concept", file.path));
        }
    }
    let tokens = match tokens(&file.text) {
        Ok(tokens) => tokens,
        Err(error) => return vec![format!("{}: {error}", file.path)],
    };
    for index in 0..tokens.len() {
        let line = tokens[index].lines.start();
        let mut report = |what: &str| found.push(format!("{}:{line}: {what}", file.path));
        if leaves_a_test_out(&tokens, index) {
            report("a test is left out by `ignore`");
        }
        for word in ["todo", "unimplemented"] {
            if matches(&tokens, index, &[word, "!"]) {
                report(&format!("`{word}!` is unfinished work"));
            }
        }
        if matches(&tokens, index, &["mod"])
            && tokens.get(index + 1).is_some_and(|token| EMPTY_NAMES.contains(&token.text.as_str()))
            && tokens.get(index + 2).is_some_and(|token| token.text == "{")
        {
            report(&format!("`mod {}` says nothing; name the concept", tokens[index + 1].text));
        }
    }
    found
}

/// `#[ignore]`, with or without a reason or a condition, and documentation examples that are not compiled.
fn leaves_a_test_out(tokens: &[Token], at: usize) -> bool {
    if !matches(tokens, at, &["#", "["]) && !matches(tokens, at, &["#", "!", "["]) {
        return false;
    }
    let open = if tokens[at + 1].text == "[" { at + 1 } else { at + 2 };
    let inside = &tokens[open + 1..group_end(tokens, open)];
    match inside.first().map(|token| token.text.as_str()) {
        Some("ignore") => true,
        Some("cfg_attr") => inside.iter().any(|token| token.text == "ignore"),
        Some("doc") => inside.iter().any(|token| token.text.contains("```ignore")),
        _ => false,
    }
}

#[test]
fn nothing_is_unfinished_ignored_or_named_after_nothing() {
    assert_none(&rust_files().iter().flat_map(violations).collect::<Vec<_>>());
}

#[test]
fn unfinished_ignored_and_nameless_things_are_found() {
    for (path, text) in [
        ("a/src/b.rs", "#[test]\n#[ignore]\nfn f() {}"),
        ("a/src/b.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}"),
        ("a/src/b.rs", "#[cfg_attr(debug_assertions, ignore)]\nfn f() {}"),
        ("a/src/b.rs", "proptest! { #[test] #[ignore] fn f(a: u8) {} }"),
        ("a/src/b.rs", "/// ```ignore\n/// a\n/// ```\nfn f() {}"),
        ("a/src/b.rs", "fn f() { todo!() }"),
        ("a/src/b.rs", "fn f() { unimplemented!(\"later\") }"),
        ("a/src/b.rs", "mod helpers { }"),
        ("a/src/utils.rs", ""),
        ("a/src/common/mod.rs", ""),
    ] {
        assert_eq!(violations(&SourceFile::new(path, text)).len(), 1, "{path}: {text}");
    }
}

#[test]
fn the_same_words_elsewhere_are_no_violation() {
    for text in [
        "// todo!() and #[ignore]\nfn ignore() { let todo = 1; }",
        "const A: &str = \"#[ignore] todo!()\";",
        "/// ```text\n/// a\n/// ```\nfn f() {}",
        "mod commonplace {}",
    ] {
        assert_none(&violations(&SourceFile::new("a/src/b.rs", text)));
    }
}
