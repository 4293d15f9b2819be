//! A Node process that holds clients of the official SDK and obeys JSON lines (tests/interop/lines.mjs).

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// How long an answer may take: only a peer that hangs takes it.
const LIMIT: Duration = Duration::from_secs(180);

/// Which official software a client runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sdk {
    /// The nightly build 6.1 for Node.
    Nightly,
    /// The older release 5.5 for Node.
    Old,
    /// The browser's bindings, which speak gRPC-Web.
    Wasm,
    /// The nightly build with its streams over one bidirectional call, which is off by default (PROTOCOL.md 6.3).
    Bidirectional,
}

impl Sdk {
    /// How many there are.
    pub(super) const COUNT: usize = 4;

    /// The program that holds its clients, and the version to give it.
    const fn program(self) -> (&'static str, &'static str) {
        match self {
            Self::Nightly | Self::Bidirectional => ("peer.mjs", "6.1"),
            Self::Old => ("peer.mjs", "5.5"),
            Self::Wasm => ("wasm.mjs", "1.11"),
        }
    }
}

type Answer = Result<Value, String>;

/// What both the process's reader and the askers know.
#[derive(Default)]
struct Shared {
    pending: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
    streams: Mutex<HashMap<String, mpsc::UnboundedSender<Value>>>,
    /// What it last complained about, for the message of a test that fails.
    complaints: Mutex<Vec<String>>,
}

/// The process.
pub struct Peer {
    lines: mpsc::UnboundedSender<String>,
    next: AtomicU64,
    shared: &'static Shared,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Peer {
    /// Starts a process on the calling runtime; it ends when this process does.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(sdk: Sdk, scripts: &Path, packages: &Path, url: &str) -> Self {
        let (program, version) = sdk.program();
        let mut command = Command::new("node");
        if sdk == Sdk::Bidirectional {
            command.env("XMTP_BIDI_STREAMS_ENABLED", "1");
        }
        let mut child = command
            .arg(scripts.join(program))
            .args([packages.as_os_str(), version.as_ref(), url.as_ref()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Node starts");
        let input = child.stdin.take().expect("piped");
        // A handful per test program, for its whole life.
        let shared: &'static Shared = Box::leak(Box::default());
        let (lines, wanted) = mpsc::unbounded_channel();
        tokio::spawn(write(input, wanted));
        tokio::spawn(listen_to_complaints(child.stderr.take().expect("piped"), shared));
        tokio::spawn(read(child, shared));
        Self { lines, next: AtomicU64::new(1), shared }
    }

    /// Has an operation done and waits for its result; the official side's error is `Err`.
    ///
    /// # Panics
    /// When the process has ended, or does not answer in minutes.
    pub async fn ask(&self, client: &str, op: &str, arguments: Value) -> Answer {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        lock(&self.shared.pending).insert(id, sender);
        self.post(id, client, op, arguments);
        match timeout(LIMIT, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => panic!("the official side has ended during {op}:\n{}", self.complaints()),
            Err(_) => panic!("the official side does not answer to {op}:\n{}", self.complaints()),
        }
    }

    /// Has an operation done without waiting for it.
    pub fn post_and_forget(&self, client: &str, op: &str, arguments: Value) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.post(id, client, op, arguments);
    }

    /// What a stream of this name yields from now on.
    #[must_use]
    pub fn listen(&self, stream: &str) -> mpsc::UnboundedReceiver<Value> {
        let (sender, values) = mpsc::unbounded_channel();
        lock(&self.shared.streams).insert(stream.to_owned(), sender);
        values
    }

    fn post(&self, id: u64, client: &str, op: &str, mut arguments: Value) {
        let fields = arguments.as_object_mut().expect("arguments are an object");
        fields.insert("id".to_owned(), json!(id));
        fields.insert("op".to_owned(), json!(op));
        fields.insert("client".to_owned(), json!(client));
        // When the process has ended, the reader has dropped all pending answers.
        if self.lines.send(format!("{arguments}\n")).is_err() {
            lock(&self.shared.pending).remove(&id);
        }
    }

    fn complaints(&self) -> String {
        lock(&self.shared.complaints).join("\n")
    }
}

async fn write(mut input: ChildStdin, mut wanted: mpsc::UnboundedReceiver<String>) {
    while let Some(line) = wanted.recv().await {
        if input.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
}

async fn listen_to_complaints(output: tokio::process::ChildStderr, shared: &'static Shared) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        complain(&line, shared);
    }
}

/// Keeps the last lines for the message of a test that fails, and shows them at once to those who asked for logs.
fn complain(line: &str, shared: &'static Shared) {
    if std::env::var_os("HEXMTP_INTEROP_LOG").is_some() {
        eprintln!("{line}");
    }
    let mut complaints = lock(&shared.complaints);
    if complaints.len() == 50 {
        complaints.remove(0);
    }
    complaints.push(line.to_owned());
}

async fn read(mut child: Child, shared: &'static Shared) {
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(mut value) = serde_json::from_str::<Value>(&line) else {
            // The native part of the SDK writes its log here.
            complain(&line, shared);
            continue;
        };
        match value.get("event").and_then(Value::as_str) {
            Some("stream" | "stream-end") => {
                let name = value["stream"].as_str().unwrap_or_default().to_owned();
                if let Some(listener) = lock(&shared.streams).get(&name) {
                    let _ = listener.send(value["value"].take());
                }
            }
            Some(_) => {}
            None => {
                let asker = value["id"].as_u64().and_then(|id| lock(&shared.pending).remove(&id));
                let answer = match value.get("error") {
                    Some(error) => Err(error.as_str().unwrap_or_default().to_owned()),
                    None => Ok(value["ok"].take()),
                };
                if let Some(asker) = asker {
                    let _ = asker.send(answer);
                }
            }
        }
    }
    lock(&shared.pending).clear();
}
