//! Words that domain, ports and application must not know: time, randomness, files, sockets, a runtime and the
//! target are the business of adapters.

use crate::source::{SourceFile, Token, assert_none, group_end, matches, rust_files, tokens};

const ROOMS: [&str; 3] = ["domain/src/", "ports/src/", "application/src/"];
/// The one file that knows the difference between native and browser builds.
const BOUNDS: &str = "ports/src/bounds.rs";

const FORBIDDEN: [(&[&str], &str); 8] = [
    (&["tokio"], "tokio"),
    (&["SystemTime"], "SystemTime"),
    (&["Instant", ":", ":", "now"], "Instant::now"),
    (&["rand", ":", ":"], "rand::"),
    (&["use", "rand"], "rand"),
    (&["extern", "crate", "rand"], "rand"),
    (&["std", ":", ":", "fs"], "std::fs"),
    (&["std", ":", ":", "net"], "std::net"),
];

fn violations(file: &SourceFile) -> Vec<String> {
    let tokens = match tokens(&file.text) {
        Ok(tokens) => tokens,
        Err(error) => return vec![format!("{}: {error}", file.path)],
    };
    let mut found = Vec::new();
    for index in 0..tokens.len() {
        let mut words: Vec<&str> = FORBIDDEN
            .iter()
            .filter(|(pattern, _)| matches(&tokens, index, pattern))
            .map(|(_, word)| *word)
            .collect();
        words.extend(grouped_std_modules(&tokens, index));
        if file.path != BOUNDS && asks_for_target(&tokens, index) {
            words.push("cfg(target");
        }
        let line = tokens[index].lines.start();
        found.extend(words.iter().map(|word| format!("{}:{line}: `{word}` is forbidden here", file.path)));
    }
    found
}

/// `fs` and `net` in `std::{…}`.
fn grouped_std_modules(tokens: &[Token], at: usize) -> Vec<&'static str> {
    if !matches(tokens, at, &["std", ":", ":", "{"]) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let end = group_end(tokens, at + 3);
    let mut index = at + 4;
    let mut begins = true;
    while index + 1 < end {
        match tokens[index].text.as_str() {
            "{" => {
                index = group_end(tokens, index);
                continue;
            }
            "fs" if begins => found.push("std::fs"),
            "net" if begins => found.push("std::net"),
            _ => {}
        }
        begins = tokens[index].text == ",";
        index += 1;
    }
    found
}

/// A `cfg`, `cfg!` or `cfg_attr` whose condition, however nested, asks for the target.
fn asks_for_target(tokens: &[Token], at: usize) -> bool {
    if !matches(tokens, at, &["cfg"]) && !matches(tokens, at, &["cfg_attr"]) {
        return false;
    }
    let open = if matches(tokens, at + 1, &["!"]) { at + 2 } else { at + 1 };
    matches(tokens, open, &["("])
        && tokens[open..group_end(tokens, open)]
            .iter()
            .any(|token| token.text.starts_with("target_") || token.text == "unix" || token.text == "windows")
}

#[test]
fn domain_ports_and_application_know_no_forbidden_word() {
    let files: Vec<SourceFile> = rust_files();
    let checked: Vec<&SourceFile> =
        files.iter().filter(|file| ROOMS.iter().any(|room| file.path.starts_with(room))).collect();
    for room in ROOMS {
        assert!(checked.iter().any(|file| file.path.starts_with(room)), "no source found in {room}");
    }
    assert_none(&checked.into_iter().flat_map(violations).collect::<Vec<_>>());
}

#[test]
fn forbidden_words_are_found() {
    for bad in [
        "#[cfg(target_arch = \"wasm32\")] fn f() {}",
        "#[cfg(not(any(target_os = \"linux\", test)))] fn f() {}",
        "#[cfg_attr(target_family = \"wasm\", a)] fn f() {}",
        "fn f() -> bool { cfg!(windows) }",
        "#[tokio::test] async fn f() {}",
        "use tokio as t;",
        "fn f(a: std::time::SystemTime) {}",
        "fn f() { Instant::now(); }",
        "fn f() { rand::random() }",
        "use rand as dice;",
        "use std::fs;",
        "fn f() { std::net::TcpStream::connect(a) }",
        "use std::{fmt, fs};",
        "use std::{collections::{fs, BTreeMap}, net::IpAddr};",
    ] {
        assert_eq!(violations(&SourceFile::new("domain/src/a.rs", bad)).len(), 1, "{bad}");
    }
}

#[test]
fn words_in_comments_strings_and_longer_names_are_no_violation() {
    for good in [
        "// tokio\n/// `std::fs` and SystemTime\nfn f() {}",
        "const A: &str = \"tokio rand:: cfg(target\";",
        "fn f(tokio_like: u8, operand: u8) {}",
        "use k256::elliptic_curve::rand_core;",
        "use std::{collections::{fs, BTreeMap}, fmt};",
        "#[cfg(test)] mod target_tests;",
    ] {
        assert_none(&violations(&SourceFile::new("domain/src/a.rs", good)));
    }
}

#[test]
fn only_bounds_may_ask_for_the_target_and_it_may_do_nothing_else() {
    let target = "#[cfg(target_arch = \"wasm32\")] fn f() {}";
    assert_none(&violations(&SourceFile::new(BOUNDS, target)));
    assert_eq!(violations(&SourceFile::new(BOUNDS, "use std::fs;")).len(), 1);
    assert_eq!(violations(&SourceFile::new("ports/src/signer.rs", target)).len(), 1);
}
