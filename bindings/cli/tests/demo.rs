//! The demo as a person and a machine start it.

use std::process::{Command, Output};

use serde_json::Value;

#[allow(clippy::expect_used, reason = "a command that does not run fails the test")]
fn hexmtp(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hexmtp")).args(arguments).output().expect("the command runs")
}

#[test]
fn the_demo_shows_what_each_device_sees() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a path");
    let output = hexmtp(&["demo", "--json", "--dir", path]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let devices = report["devices"].as_array().expect("devices");
    let names: Vec<&str> = devices.iter().filter_map(|device| device["device"].as_str()).collect();
    assert_eq!(names, ["Alice", "Alice's tablet", "Bob", "Carol"]);
    let said = |device: usize| -> Vec<&str> {
        let views = devices[device]["conversations"].as_array().expect("conversations");
        let lines = views.iter().flat_map(|view| view["lines"].as_array().expect("lines"));
        lines.filter(|line| line["event"] == false).filter_map(|line| line["text"].as_str()).collect()
    };
    for device in [0, 1, 2] {
        assert!(said(device).contains(&"Back after a restart, nothing lost."), "{}", names[device]);
    }
    assert!(said(3).contains(&"Me too. I bring the tent."));
    assert!(
        !said(3).iter().any(|text| text.starts_with("Carol has to work") || text.starts_with("Back after"))
    );
    assert_eq!(report["summary"]["refused"], 0);
    for name in ["alice", "alice-tablet", "bob", "carol"] {
        let database = std::fs::read(folder.path().join(format!("{name}.db"))).expect("a database");
        assert!(!database.starts_with(b"SQLite format 3"), "{name}: the file is encrypted");
        assert!(!database.windows(8).any(|bytes| bytes == b"the tent"), "{name}: no plaintext on disk");
    }
}

#[test]
fn the_demo_for_people_has_no_colours_in_a_pipe_and_ends_with_a_summary() {
    let output = hexmtp(&["demo"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(!text.contains('\u{1b}'));
    assert!(text.contains("What Carol sees"));
    assert!(text.trim_end().lines().last().is_some_and(|line| line.contains("4 devices, 2 conversations")));
}

#[test]
fn help_names_the_demo_and_its_options() {
    let text = |arguments: &[&str]| String::from_utf8(hexmtp(arguments).stdout).expect("text");
    assert!(text(&["--help"]).contains("demo"));
    let help = text(&["demo", "--help"]);
    assert!(help.contains("--dir") && help.contains("--json"));
    assert!(!hexmtp(&["nonsense"]).status.success());
}
