//! The node as a process of its own, to be killed.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How often a node is started whose port somebody else has for a moment.
const ATTEMPTS: usize = 50;

/// A running node.
pub(crate) struct NodeProcess {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// The program, which lies beside the folder of the test programs.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    let folder = test.parent().and_then(Path::parent).expect("it lies in the build folder");
    let program = folder.join("hexmtp-node");
    assert!(
        program.is_file(),
        "{} is missing: run `cargo build --workspace --bin hexmtp-node`",
        program.display()
    );
    program
}

impl NodeProcess {
    /// Starts a node on a database file; with port 0 the system chooses one.
    pub(crate) async fn start(listen: SocketAddr, database: &Path) -> Self {
        for _ in 0..ATTEMPTS {
            if let Some(node) = Self::try_start(listen, database).await {
                return node;
            }
        }
        panic!("the node does not start on {listen}");
    }

    async fn try_start(listen: SocketAddr, database: &Path) -> Option<Self> {
        let mut child = Command::new(program())
            .args(["--listen", &listen.to_string(), "--log", "warn"])
            .args(["--database-url", &format!("sqlite://{}", database.display())])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let output = child.stdout.take().expect("its output is read");
        let first = BufReader::new(output).lines().next_line().await.expect("its output can be read");
        let Some(ready) = first else {
            child.wait().await.expect("it has ended");
            return None;
        };
        let address = ready.rsplit_once("http://").and_then(|(_, address)| address.trim().parse().ok());
        Some(Self { child, address: address.expect("the ready line names the address") })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it with SIGKILL, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it was running");
    }
}
