//! The node as a program of its own, so that its memory is its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Failure;

/// A running node; it ends with this value.
#[derive(Debug)]
pub(crate) struct NodeProcess {
    child: Child,
    url: String,
}

fn beside_this_program() -> Result<PathBuf, Failure> {
    let examples = std::env::current_exe()?;
    let folder = examples.parent().and_then(Path::parent).ok_or("this program lies in no folder")?;
    let program = folder.join("hexmtp-node");
    if !program.exists() {
        return Err(
            "there is no hexmtp-node: build it with `cargo build --release --workspace --bins`".into()
        );
    }
    Ok(program)
}

impl NodeProcess {
    pub(crate) async fn start(program: Option<&Path>, database_url: &str) -> Result<Self, Failure> {
        let program = program.map_or_else(beside_this_program, |program| Ok(program.to_owned()))?;
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--database-url", database_url, "--log", "warn"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().ok_or("the node has no output")?;
        let line = BufReader::new(output).lines().next_line().await?.ok_or("the node ended at once")?;
        let url = line.split_whitespace().last().ok_or("the node did not print its address")?.to_owned();
        Ok(Self { child, url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Resident memory in KiB, as the system counts it.
    pub(crate) fn memory(&self) -> Result<u64, Failure> {
        let id = self.child.id().ok_or("the node has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(resident.trim().trim_end_matches(" kB").parse()?)
    }

    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
    }
}
