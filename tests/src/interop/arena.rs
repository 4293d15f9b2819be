//! What all scenarios of a test program share: the node and the processes of the official SDK.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use hexmtp_node::{Node, NodeOptions, RunningNode};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use super::peer::{Peer, Sdk};

/// The node, and one process for each version of the SDK that somebody asked for. When `HEXMTP_INTEROP_URL` is set, the
/// scenarios run over the node at that address instead of one of their own.
pub struct Arena {
    url: String,
    scripts: PathBuf,
    packages: PathBuf,
    peers: [OnceCell<Peer>; Sdk::COUNT],
    // It runs as long as the test program does.
    _node: Option<RunningNode>,
}

/// Where everything shared runs: the runtime of a single test ends with it.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().expect("a runtime")
    })
}

impl Arena {
    /// The arena of this test program.
    ///
    /// # Panics
    /// When the official SDKs cannot be installed, or the node cannot be started.
    pub async fn shared() -> &'static Self {
        static ARENA: OnceCell<Arena> = OnceCell::const_new();
        ARENA.get_or_init(|| async { runtime().spawn(Self::start()).await.expect("the arena stands") }).await
    }

    /// An arena of one's own over a node that runs at this address. It is not given back: for the few scenarios that
    /// do something to their node.
    ///
    /// # Panics
    /// When the official SDKs cannot be installed.
    pub async fn over(url: &str) -> &'static Self {
        Box::leak(Box::new(Self::around(url.to_owned(), None).await))
    }

    async fn start() -> Self {
        match std::env::var("HEXMTP_INTEROP_URL") {
            Ok(url) => Self::around(url, None).await,
            Err(_) => {
                let node = start_node().await;
                Self::around(node.url(), Some(node)).await
            }
        }
    }

    async fn around(url: String, node: Option<RunningNode>) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        let script = root.join("dev/setup-interop");
        let packages = tokio::task::spawn_blocking(move || install(&script)).await.expect("installed");
        let peers = [const { OnceCell::const_new() }; Sdk::COUNT];
        Self { url, scripts: root.join("tests/interop"), packages, peers, _node: node }
    }

    /// Where the node listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process that holds the clients of this SDK.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn peer(&'static self, sdk: Sdk) -> &'static Peer {
        let start = || async move {
            let start = async move { Peer::start(sdk, &self.scripts, &self.packages, &self.url) };
            runtime().spawn(start).await.expect("the peer starts")
        };
        self.peers[sdk as usize].get_or_init(start).await
    }
}

/// A node of ours in this process.
async fn start_node() -> RunningNode {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let options = NodeOptions { listen, database_url: "sqlite::memory:".into(), ..NodeOptions::default() };
    Node::start(options).await.expect("the node starts")
}

/// Has the SDKs installed, which is quick when they are, and gives the folder.
fn install(script: &Path) -> PathBuf {
    let output = Command::new(script).output().expect("dev/setup-interop runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(text.lines().last().expect("it prints the folder"))
}
