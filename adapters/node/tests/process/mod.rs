//! The program `hexmtp-node` as a process.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::peer::PATIENCE;

/// The program with these arguments and no settings from the environment.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hexmtp-node"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HEXMTP_NODE_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// A node in a process of its own.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) url: String,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a node and waits until it is ready.
    pub(crate) async fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, stdout.next_line()).await.expect("the node becomes ready").unwrap();
        let line = line.expect("the node says that it is ready");
        let url = line.strip_prefix("hexmtp-node is ready on ").expect("the one line").to_owned();
        Self { child, url, stdout }
    }

    /// Starts a node on a database file and a free port.
    pub(crate) async fn on_file(path: &Path) -> Self {
        let url = format!("sqlite://{}", path.display());
        let mut command = program(&["--listen", "127.0.0.1:0", "--database-url", &url, "--log", "error"]);
        command.stderr(Stdio::inherit());
        Self::start(command).await
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("the process runs").to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status().await.unwrap();
        assert!(status.success());
    }

    /// Kills it without warning.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for its end, and gives what else it wrote to its outputs.
    pub(crate) async fn end(mut self) -> (ExitStatus, Vec<String>, String) {
        let mut lines = Vec::new();
        while let Some(line) =
            timeout(PATIENCE, self.stdout.next_line()).await.expect("the node ends").unwrap()
        {
            lines.push(line);
        }
        let mut log = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            timeout(PATIENCE, stderr.read_to_string(&mut log)).await.expect("the node ends").unwrap();
        }
        (timeout(PATIENCE, self.child.wait()).await.expect("the node ends").unwrap(), lines, log)
    }
}
