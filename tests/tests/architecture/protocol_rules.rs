//! `docs/rules.md` is true: each numbered rule of the protocol has a source and a test that names it, and each
//! number that the sources mention is listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::source::{SourceFile, assert_none, root, rust_files};

const LIST: &str = "docs/rules.md";

/// One line of the list.
#[derive(Debug, PartialEq, Eq)]
struct Rule {
    line: usize,
    number: String,
    sentence: String,
    source: String,
    tests: Vec<String>,
}

/// The numbers that a text mentions: `R-`, capital letters, `-`, three digits.
fn numbers(text: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("R-") {
        let joined = text[..at].ends_with(|before: char| before.is_ascii_alphanumeric() || before == '-');
        let rest = &text[at + 2..];
        let letters = rest.bytes().take_while(u8::is_ascii_uppercase).count();
        let tail = &rest.as_bytes()[letters..];
        let digits = tail.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
        if !joined && (2..=5).contains(&letters) && tail.first() == Some(&b'-') && digits == 3 {
            found.insert(&text[at..at + 2 + letters + 4]);
        }
    }
    found
}

fn rules(list: &str) -> Result<Vec<Rule>, Vec<String>> {
    let mut rules = Vec::new();
    let mut bad = Vec::new();
    for (index, text) in list.lines().enumerate().filter(|(_, text)| text.trim_start().starts_with("| R-")) {
        let line = index + 1;
        let cells: Vec<String> =
            text.replace("\\|", "\u{0}").split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect();
        if let [before, number, sentence, source, tests, after] = cells.as_slice()
            && before.is_empty()
            && after.is_empty()
            && numbers(number).into_iter().eq([number.as_str()])
        {
            let tests =
                tests.split([',', ' ', '`']).filter(|test| !test.is_empty()).map(str::to_owned).collect();
            let (number, sentence, source) = (number.clone(), sentence.clone(), source.clone());
            rules.push(Rule { line, number, sentence, source, tests });
        } else {
            bad.push(format!("{LIST}:{line}: not of the form | R-XXX-nnn | rule | source | test |"));
        }
    }
    if bad.is_empty() { Ok(rules) } else { Err(bad) }
}

/// Whether the file defines the test function and mentions the rule.
fn names_rule(file: &SourceFile, function: &str, number: &str) -> bool {
    let defines = file.text.match_indices(&format!("fn {function}")).any(|(at, found)| {
        // In a file of tests, or below the point where a file's tests begin.
        let tests = file.is_test() || file.text[..at].contains("#[cfg(test)]");
        tests && file.text[at + found.len()..].starts_with(['(', '<'])
    });
    defines && numbers(&file.text).contains(number)
}

fn violations(list: &str, files: &[SourceFile]) -> Vec<String> {
    let rules = match rules(list) {
        Ok(rules) => rules,
        Err(bad) => return bad,
    };
    let mut found = Vec::new();
    let mut listed = BTreeMap::new();
    for rule in &rules {
        let Rule { line, number, .. } = rule;
        if let Some(first) = listed.insert(number.as_str(), line) {
            found.push(format!("{LIST}:{line}: {number} is listed in line {first} already"));
        }
        for (cell, what) in [(&rule.sentence, "sentence"), (&rule.source, "source")] {
            if cell.is_empty() {
                found.push(format!("{LIST}:{line}: {number} has no {what}"));
            }
        }
        if rule.tests.is_empty() {
            found.push(format!("{LIST}:{line}: {number} has no test"));
        }
        for test in &rule.tests {
            let function = test.rsplit("::").next().unwrap_or_default();
            if !files.iter().any(|file| names_rule(file, function, number)) {
                found.push(format!("{LIST}:{line}: no file has a test `{function}` and mentions {number}"));
            }
        }
    }
    for file in files {
        let unknown = numbers(&file.text).into_iter().filter(|number| !listed.contains_key(number));
        found.extend(unknown.map(|number| format!("{}: {number} is not listed in {LIST}", file.path)));
    }
    found
}

#[test]
fn every_rule_has_a_source_and_a_test_and_every_number_is_listed() {
    let list = fs::read_to_string(root().join(LIST)).expect("the list of rules can be read");
    assert_none(&violations(&list, &rust_files()));
}

/// Crafted numbers are put together, so that this file mentions none.
fn crafted(text: &str) -> String {
    text.replace("R~", "R-")
}

fn crafted_files() -> [SourceFile; 2] {
    let test = crafted("/// R~ABC-001 and R~ABC-002\n#[test]\nfn names_it() {}\n");
    let code = crafted("// R~ABC-001\nfn decide() {}\n");
    [SourceFile::new("domain/src/a_tests.rs", &test), SourceFile::new("domain/src/a.rs", &code)]
}

#[test]
fn a_true_list_passes() {
    let list = crafted(
        "# Rules\n\n| number | rule | source | test |\n|---|---|---|---|\n\
         | R~ABC-001 | One. | RFC 1 | `hexmtp_domain::a::names_it` |\n\
         | R~ABC-002 | `a \\| b`. | XIP-1 | a::names_it, b::names_it |\n",
    );
    assert_none(&violations(&list, &crafted_files()));
    let parsed = rules(&list).unwrap();
    assert_eq!(parsed[1].sentence, "`a | b`.");
    assert_eq!(parsed[1].tests, ["a::names_it", "b::names_it"]);
}

#[test]
fn each_defect_of_a_list_is_found() {
    let good = "| R~ABC-001 | One. | RFC 1 | names_it |\n| R~ABC-002 | Two. | RFC 2 | names_it |\n";
    for (list, reason) in [
        ("| R~ABC-001 | One. | RFC 1 | names_it |\n".to_owned(), "ABC-002 is not listed"),
        (format!("{good}| R~ABC-001 | Again. | RFC 1 | names_it |\n"), "listed in line 1 already"),
        (good.replace("RFC 2", ""), "has no source"),
        (good.replace("Two.", ""), "has no sentence"),
        (good.replace("RFC 2 | names_it", "RFC 2 | "), "has no test"),
        (good.replace("RFC 2 | names_it", "RFC 2 | names"), "no file has a test `names`"),
        // A function of production code is no test.
        (good.replace("RFC 1 | names_it", "RFC 1 | decide"), "no file has a test `decide`"),
        // The test exists and does not mention the rule.
        (format!("{good}| R~ABC-003 | Three. | RFC 3 | names_it |\n"), "mentions R~ABC-003"),
        (good.replace("| Two.", ""), "not of the form"),
        (good.replace("R~ABC-002", "R~ABC-2"), "not of the form"),
    ] {
        let found = violations(&crafted(&list), &crafted_files());
        assert!(found.iter().any(|violation| violation.contains(&crafted(reason))), "{reason}: {found:?}");
    }
}

#[test]
fn numbers_are_found_only_where_they_stand_alone() {
    let text = crafted("R~ABC-123, `R~KP-001`; XR~ABC-124 R~abc-125 R~ABC-12 R~ABC-1267 R~A-128 R~");
    assert_eq!(numbers(&text).into_iter().collect::<Vec<_>>(), [crafted("R~ABC-123"), crafted("R~KP-001")]);
}
