//! The dependency rule: which room may depend on which, read from `cargo metadata`.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::source::{assert_none, root};

/// Small pure crates that domain may use.
const DOMAIN_CRATES: &[&str] = &[
    "base64ct",
    "ed25519-dalek",
    "hex",
    "hkdf",
    "hmac",
    "k256",
    "p256",
    "prost",
    "semver",
    "serde",
    "serde_json",
    "sha2",
    "sha3",
    "subtle",
    "thiserror",
    "time",
    "zeroize",
];
const PORTS_CRATES: &[&str] = &["async-trait", "futures-core", "mockall", "thiserror"];
const APPLICATION_CRATES: &[&str] = &[
    "async-lock",
    "async-trait",
    "futures-channel",
    "futures-core",
    "futures-util",
    "hex",
    "k256",
    "prost",
    "sha3",
    "thiserror",
    "tracing",
    "zeroize",
];

/// The crates of others that a room may use, or `None` where it is free to choose.
fn foreign_crates(room: &str) -> Option<&'static [&'static str]> {
    match room {
        "domain" => Some(DOMAIN_CRATES),
        "ports" => Some(PORTS_CRATES),
        "ports/macros" => Some(&[]),
        "application" => Some(APPLICATION_CRATES),
        _ => None,
    }
}

/// Whether code in the room `from` may depend on the room `to`; `None` when `from` is no room at all.
fn allowed(from: &str, to: &str) -> Option<bool> {
    let below = matches!(to, "domain" | "ports" | "proto");
    Some(match from {
        "proto" | "ports/macros" => false,
        "domain" => to == "proto",
        "ports" => matches!(to, "domain" | "ports/macros"),
        "application" => matches!(to, "domain" | "ports"),
        "adapters/node" => below || to.starts_with("adapters/store-") || to == "adapters/verifier-rpc",
        "bindings/surface" | "bindings/cli" => to == "application" || to.starts_with("adapters/"),
        "bindings/mobile" | "bindings/node" | "bindings/wasm" => to == "bindings/surface",
        "tests" => true,
        adapter if adapter.strip_prefix("adapters/").is_some_and(|name| !name.contains('/')) => below,
        _ => return None,
    })
}

/// The room of a path: its folder below the workspace.
fn room_of(path: &str, root: &str) -> Option<String> {
    Path::new(path).strip_prefix(root).ok().map(|room| room.to_string_lossy().replace('\\', "/"))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn violations(metadata: &Value) -> Vec<String> {
    let root = text(metadata, "workspace_root");
    let rooms: Vec<(&str, String)> = list(metadata, "packages")
        .iter()
        .map(|package| {
            let folder = Path::new(text(package, "manifest_path")).parent().unwrap_or(Path::new(""));
            (text(package, "name"), room_of(&folder.to_string_lossy(), root).unwrap_or_default())
        })
        .collect();
    let mut found = Vec::new();
    for (package, (name, room)) in list(metadata, "packages").iter().zip(&rooms) {
        if allowed(room, "domain").is_none() {
            found.push(format!("{name}: `{room}` is not a room of the workspace"));
        }
        for dependency in list(package, "dependencies") {
            if let Some(reason) = refusal(room, dependency, &rooms, root) {
                found.push(format!("{name} -> {}: {reason}", text(dependency, "name")));
            }
        }
    }
    found
}

/// Why a dependency is against the rule.
fn refusal(room: &str, dependency: &Value, rooms: &[(&str, String)], root: &str) -> Option<String> {
    let name = text(dependency, "name");
    let dev = text(dependency, "kind") == "dev";
    if text(dependency, "source").starts_with("git+") {
        return Some("only published crates".to_owned());
    }
    let path = dependency.get("path").and_then(Value::as_str);
    let ours = rooms.iter().find(|(package, _)| *package == name).map(|(_, room)| room.clone());
    let target = match (path, ours) {
        (Some(path), _) => match room_of(path, root) {
            Some(target) => target,
            None => return Some("a folder outside the workspace".to_owned()),
        },
        (None, Some(target)) => target,
        (None, None) => {
            let listed = foreign_crates(room).is_none_or(|crates| crates.contains(&name));
            return (!dev && !listed).then(|| format!("`{room}` does not list this crate"));
        }
    };
    // Tests of adapters and bindings may compose freely; the inner rooms stay pure even in their tests.
    let bound = !dev || matches!(room, "domain" | "ports" | "ports/macros" | "proto");
    (bound && allowed(room, &target) == Some(false)).then(|| format!("`{room}` may not depend on `{target}`"))
}

#[test]
fn every_dependency_keeps_the_rule() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    assert!(list(&metadata, "packages").len() > 8, "cargo metadata lists too few packages");
    assert_none(&violations(&metadata));
}

/// Metadata with one package per room, the named one holding the dependency.
fn crafted(room: &str, dependency: &Value) -> Value {
    let rooms =
        ["domain", "ports", "ports/macros", "application", "proto", "adapters/store-a", "adapters/b", room];
    let package = |of: &str, dependencies: Value| {
        let name = format!("hexmtp-{}", of.replace('/', "-"));
        json!({ "name": name, "manifest_path": format!("/w/{of}/Cargo.toml"), "dependencies": dependencies })
    };
    let mut packages: Vec<Value> =
        rooms[..7].iter().filter(|of| **of != room).map(|of| package(of, json!([]))).collect();
    packages.push(package(room, json!([dependency])));
    json!({ "workspace_root": "/w", "packages": packages })
}

fn on_room(to: &str, kind: Option<&str>) -> Value {
    let name = format!("hexmtp-{}", to.replace('/', "-"));
    json!({ "name": name, "path": format!("/w/{to}"), "kind": kind, "source": null })
}

fn on_crate(name: &str, kind: Option<&str>, target: Option<&str>) -> Value {
    json!({ "name": name, "kind": kind, "target": target, "source": "registry+x" })
}

#[test]
fn edges_between_rooms_are_judged_by_the_table() {
    for (from, to, kind, accepted) in [
        ("domain", "proto", None, true),
        ("domain", "ports", None, false),
        ("domain", "ports", Some("dev"), false),
        ("ports", "domain", None, true),
        ("ports", "ports/macros", None, true),
        ("ports", "proto", None, false),
        ("ports", "adapters/b", Some("dev"), false),
        ("ports/macros", "domain", None, false),
        ("proto", "domain", Some("build"), false),
        ("application", "ports", None, true),
        ("application", "proto", None, false),
        ("application", "adapters/b", None, false),
        ("application", "adapters/b", Some("build"), false),
        ("application", "adapters/b", Some("dev"), true),
        ("adapters/b", "proto", None, true),
        ("adapters/b", "application", None, false),
        ("adapters/b", "adapters/store-a", None, false),
        ("adapters/b", "adapters/store-a", Some("dev"), true),
        ("adapters/node", "adapters/store-a", None, true),
        ("adapters/node", "adapters/b", None, false),
        ("bindings/cli", "application", None, true),
        ("bindings/cli", "adapters/b", None, true),
        ("bindings/cli", "proto", None, false),
        ("bindings/wasm", "application", None, false),
        ("tests", "adapters/b", None, true),
    ] {
        let found = violations(&crafted(from, &on_room(to, kind)));
        assert_eq!(found.is_empty(), accepted, "{from} -> {to} ({kind:?}): {found:?}");
    }
}

#[test]
fn foreign_crates_are_judged_by_the_lists() {
    for (room, name, kind, target, accepted) in [
        ("domain", "sha2", None, None, true),
        ("domain", "tokio", None, None, false),
        ("domain", "tokio", None, Some("cfg(unix)"), false),
        ("domain", "tokio", Some("build"), None, false),
        ("domain", "proptest", Some("dev"), None, true),
        ("ports", "zeroize", None, None, false),
        ("ports/macros", "syn", None, None, false),
        ("application", "sea-orm", None, None, false),
        ("adapters/b", "sea-orm", None, None, true),
        // One of ours, taken from a registry instead of by path.
        ("application", "hexmtp-adapters-b", None, None, false),
    ] {
        let found = violations(&crafted(room, &on_crate(name, kind, target)));
        assert_eq!(found.is_empty(), accepted, "{room} -> {name} ({kind:?}): {found:?}");
    }
}

#[test]
fn unknown_rooms_git_sources_and_outside_folders_are_refused() {
    for room in ["helpers", "adapters/deep/er", "bindings/other"] {
        assert_eq!(violations(&crafted(room, &on_crate("hex", None, None))).len(), 1, "{room}");
    }
    let git = json!({ "name": "openmls", "kind": "dev", "source": "git+a" });
    assert_eq!(violations(&crafted("tests", &git)).len(), 1);
    let outside = json!({ "name": "x", "path": "/elsewhere/x", "kind": null });
    assert_eq!(violations(&crafted("tests", &outside)).len(), 1);
}
