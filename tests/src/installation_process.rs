//! Starting, hearing, ending and killing the program `hexmtp-tests-installation`.

#![allow(clippy::expect_used, reason = "a process that cannot be started fails the test that asked for it")]

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::installation::{Orders, Said};

/// A running process, and what it says.
pub struct InstallationProcess {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl InstallationProcess {
    /// Starts the program, which Cargo names to the tests of this crate.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(program: &Path, orders: &Orders) -> Self {
        let orders = serde_json::to_string(orders).expect("orders can be written");
        let mut child = Command::new(program)
            .arg(orders)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let output = child.stdout.take().expect("its output is read");
        Self { input: child.stdin.take(), output: BufReader::new(output).lines(), child }
    }

    /// What it says next; `None` once it is gone. A last line that it did not finish is passed over.
    ///
    /// # Panics
    /// When its output cannot be read.
    pub async fn next(&mut self) -> Option<Said> {
        let line = self.output.next_line().await.expect("its output can be read")?;
        serde_json::from_str(&line).ok()
    }

    /// Everything that it says up to and with `last`.
    ///
    /// # Panics
    /// When it ends without saying so.
    pub async fn until(&mut self, last: &Said) -> Vec<Said> {
        let mut all = Vec::new();
        loop {
            let said = self.next().await.expect("it does not end before it has said everything");
            let is_last = said == *last;
            all.push(said);
            if is_last {
                return all;
            }
        }
    }

    /// Tells it that nothing more happens.
    ///
    /// # Panics
    /// When it is gone.
    pub async fn end(&mut self) {
        let mut input = self.input.take().expect("it is told once");
        input.write_all(b"end\n").await.expect("it listens");
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// When it failed.
    pub async fn ended(mut self) {
        assert!(self.child.wait().await.expect("it ends").success(), "it failed");
    }

    /// Ends it with SIGKILL, waits until it is gone, and gives what it had said before.
    ///
    /// # Panics
    /// When it had ended by itself.
    pub async fn kill(mut self) -> Vec<Said> {
        assert!(self.child.try_wait().expect("it can be asked").is_none(), "it ended by itself");
        self.child.kill().await.expect("it was running");
        let mut all = Vec::new();
        while let Some(said) = self.next().await {
            all.push(said);
        }
        all
    }
}
