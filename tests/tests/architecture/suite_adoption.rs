//! Whoever implements a port passes the port's conformance suite.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};

use crate::source::{SourceFile, assert_none, rust_files, test_lines, tokens, within};

/// The ports that have a suite.
const PORTS: [&str; 5] = ["UnitOfWork", "DeliveryService", "IdentityLog", "CommitLog", "SecretStore"];

/// `impl Port for Type` with the line on which it stands.
#[derive(Default)]
struct Implementations(Vec<(String, String, usize)>);

impl<'ast> Visit<'ast> for Implementations {
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let Some((_, port, _)) = &item.trait_
            && let Some(port) = port.segments.last()
            && PORTS.iter().any(|known| port.ident == known)
        {
            let name = match &*item.self_ty {
                syn::Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
                _ => None,
            };
            let line = port.ident.span().start().line;
            self.0.push((port.ident.to_string(), name.unwrap_or_default(), line));
        }
        visit::visit_item_impl(self, item);
    }
}

fn is_suite_run(file: &SourceFile) -> bool {
    file.path.starts_with("tests/tests/") && file.path.ends_with("_conformance.rs")
}

fn is_adapter(file: &SourceFile) -> bool {
    file.path.starts_with("adapters/") && file.is_production()
}

fn violations(files: &[SourceFile]) -> Vec<String> {
    let mut found = Vec::new();
    let mut named = BTreeSet::new();
    for file in files.iter().filter(|file| is_suite_run(file)) {
        match tokens(&file.text) {
            Ok(tokens) => named.extend(tokens.into_iter().map(|token| token.text)),
            Err(error) => found.push(format!("{}: {error}", file.path)),
        }
    }
    for file in files.iter().filter(|file| is_adapter(file)) {
        let (Ok(tokens), Ok(syntax)) = (tokens(&file.text), syn::parse_file(&file.text)) else {
            found.push(format!("{}: does not parse", file.path));
            continue;
        };
        let tests = test_lines(&tokens);
        let mut implementations = Implementations::default();
        implementations.visit_file(&syntax);
        for (port, name, line) in implementations.0 {
            if !within(line, &tests) && !named.contains(&name) {
                found.push(format!(
                    "{}:{line}: no tests/tests/*_conformance.rs runs a suite of {port} on `{name}`",
                    file.path
                ));
            }
        }
    }
    found
}

#[test]
fn every_implementation_of_a_port_passes_its_suite() {
    let files = rust_files();
    assert!(files.iter().any(is_adapter), "no adapter found");
    assert_none(&violations(&files));
}

#[test]
fn an_implementation_without_a_suite_is_found() {
    let adapter = |text: &str| SourceFile::new("adapters/store-a/src/lib.rs", text);
    let suite = |text: &str| SourceFile::new("tests/tests/store_conformance.rs", text);
    let implementation = "impl hexmtp_ports::store::UnitOfWork for memory::MemoryStore {}";
    assert_eq!(violations(&[adapter(implementation)]).len(), 1);
    assert_eq!(
        violations(&[adapter(implementation), suite("// MemoryStore\nuse a::MemoryStoreOptions;")]).len(),
        1
    );
    assert_eq!(violations(&[adapter("impl<T> IdentityLog for Shared<T> {}"), suite("fn f() {}")]).len(), 1);
    assert_eq!(violations(&[adapter("impl DeliveryService for &'_ [u8] {}"), suite("fn f() {}")]).len(), 1);
    assert_none(&violations(&[adapter(implementation), suite("use a::MemoryStore;")]));
    assert_none(&violations(&[adapter("#[cfg(test)] mod t { impl UnitOfWork for Fake {} }")]));
    assert_none(&violations(&[adapter("impl Clone for Fake {}")]));
}
