//! The byte code that is checked in, and its sources.

use std::path::Path;
use std::process::Command;

/// R-EVM-008
#[test]
fn the_byte_code_is_that_of_the_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(root.join("dev/build-validator")).arg("--check").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}
