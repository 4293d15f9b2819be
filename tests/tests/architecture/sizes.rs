//! Files, functions and traits stay small. Clippy bounds functions too, but an attribute can silence it.

use std::collections::BTreeSet;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::source::{SourceFile, Token, assert_none, rust_files, test_lines, tokens, within};

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 60;
const TRAIT_METHODS: usize = 8;

struct Sizes<'a> {
    path: &'a str,
    tests: Vec<std::ops::RangeInclusive<usize>>,
    code_lines: BTreeSet<usize>,
    violations: Vec<String>,
}

impl Sizes<'_> {
    /// Counts as Clippy does: lines with code between the braces.
    fn function(&mut self, name: &syn::Ident, body: &syn::Block) {
        let first = body.span().start().line;
        let last = body.span().end().line;
        let lines = if last > first + 1 { self.code_lines.range(first + 1..last).count() } else { 0 };
        if lines > FUNCTION_LINES && !within(first, &self.tests) {
            self.violations.push(format!(
                "{}:{first}: function `{name}` has {lines} lines, at most {FUNCTION_LINES}",
                self.path
            ));
        }
    }
}

impl<'ast> Visit<'ast> for Sizes<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig.ident, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig.ident, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig.ident, body);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let methods = item.items.iter().filter(|item| matches!(item, syn::TraitItem::Fn(_))).count();
        let line = item.ident.span().start().line;
        if methods > TRAIT_METHODS && !within(line, &self.tests) {
            let name = &item.ident;
            self.violations.push(format!(
                "{}:{line}: trait `{name}` has {methods} methods, at most {TRAIT_METHODS}",
                self.path
            ));
        }
        visit::visit_item_trait(self, item);
    }
}

fn code_lines(tokens: &[Token]) -> BTreeSet<usize> {
    tokens.iter().flat_map(|token| token.lines.clone()).collect()
}

fn violations(file: &SourceFile) -> Vec<String> {
    let (tokens, syntax) = match (tokens(&file.text), syn::parse_file(&file.text)) {
        (Ok(tokens), Ok(syntax)) => (tokens, syntax),
        (Err(error), _) => return vec![format!("{}: {error}", file.path)],
        (_, Err(error)) => return vec![format!("{}: {error}", file.path)],
    };
    let tests = test_lines(&tokens);
    let lines = (1..=file.text.lines().count()).filter(|line| !within(*line, &tests)).count();
    let mut sizes =
        Sizes { path: &file.path, tests, code_lines: code_lines(&tokens), violations: Vec::new() };
    if lines > FILE_LINES {
        sizes.violations.push(format!("{}: {lines} lines outside tests, at most {FILE_LINES}", file.path));
    }
    sizes.visit_file(&syntax);
    sizes.violations
}

#[test]
fn files_functions_and_traits_stay_small() {
    let files = rust_files();
    assert_none(&files.iter().filter(|file| file.is_production()).flat_map(violations).collect::<Vec<_>>());
}

#[test]
fn long_files_are_found_and_test_code_is_not_counted() {
    let comments = "// x\n".repeat(FILE_LINES);
    assert_none(&violations(&SourceFile::new("a.rs", &comments)));
    let tested = format!("{comments}#[cfg(test)]\nmod tests {{\n}}\n");
    assert_none(&violations(&SourceFile::new("a.rs", &tested)));
    let long = violations(&SourceFile::new("a.rs", &format!("{comments}// y\n")));
    assert_eq!(long, ["a.rs: 401 lines outside tests, at most 400"]);
}

#[test]
fn long_functions_are_found_wherever_they_stand() {
    let body = "g();\n// not code\n\n".repeat(FUNCTION_LINES);
    let fits = format!("fn f() {{\n{body}}}\n");
    assert_none(&violations(&SourceFile::new("a.rs", &fits)));
    let longer = format!("fn f() {{\n{body}g();\n}}\n");
    for (text, line) in [
        (longer.clone(), 1),
        (format!("impl A {{\n{longer}}}"), 2),
        (format!("trait A {{\n{longer}}}"), 2),
        (format!("mod m {{\nfn outer() {{\n{longer}}}\n}}"), 3),
    ] {
        let found = violations(&SourceFile::new("a.rs", &text));
        assert!(found.contains(&format!("a.rs:{line}: function `f` has 61 lines, at most 60")), "{found:?}");
    }
    assert_none(&violations(&SourceFile::new("a.rs", &format!("#[cfg(test)]\nmod m {{\n{longer}}}"))));
}

#[test]
fn wide_traits_are_found() {
    let methods = |count: usize| (0..count).map(|index| format!("fn f{index}();")).collect::<String>();
    let wide = format!("trait T {{ type A; {} }}", methods(TRAIT_METHODS));
    assert_none(&violations(&SourceFile::new("a.rs", &wide)));
    let wider = format!("trait T {{ {} }}", methods(TRAIT_METHODS + 1));
    assert_eq!(violations(&SourceFile::new("a.rs", &wider)), ["a.rs:1: trait `T` has 9 methods, at most 8"]);
}

#[test]
fn a_file_that_does_not_parse_is_a_violation() {
    assert_eq!(violations(&SourceFile::new("a.rs", "fn f( {")).len(), 1);
}
