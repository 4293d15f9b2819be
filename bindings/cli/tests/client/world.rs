//! A node, and people who each run the command in a profile of their own.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use hexmtp_node::{Node, NodeOptions, RunningNode};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take before it counts as never. Nothing waits for it to pass.
const NEVER: Duration = Duration::from_secs(120);

/// A network and a folder for profiles.
pub(crate) struct World {
    node: RunningNode,
    home: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let node = Node::start(NodeOptions::default()).await.expect("the node starts");
        Self { node, home: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn url(&self) -> String {
        self.node.url()
    }

    /// Somebody without an account.
    pub(crate) fn stranger(&self, name: &str) -> Person {
        Person { home: self.home.path().to_owned(), name: name.to_owned(), url: self.url() }
    }

    /// Somebody with an account.
    pub(crate) fn person(&self, name: &str) -> Person {
        let person = self.stranger(name);
        person.json(&["init"]);
        person
    }

    pub(crate) async fn stop(self) {
        self.node.shutdown().await.expect("the node stops");
    }
}

/// Somebody at a command line.
#[derive(Clone)]
pub(crate) struct Person {
    home: PathBuf,
    name: String,
    url: String,
}

impl Person {
    /// The same person, who believes that the server is elsewhere.
    pub(crate) fn with_url(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.home.join(&self.name)
    }

    /// The command, with nothing of the environment that this test runs in.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hexmtp"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HEXMTP_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .env("HEXMTP_HOME", &self.home)
            .env("HEXMTP_PROFILE", &self.name)
            .env("HEXMTP_URL", &self.url)
            .env("HEXMTP_KEY_STORE", "file")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the command runs")
    }

    /// Runs a command that must succeed, and gives its text.
    pub(crate) fn text(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{} {arguments:?}: {}", self.name, lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs a command that must succeed, and gives its JSON lines.
    pub(crate) fn json_lines(&self, arguments: &[&str]) -> Vec<Value> {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let text = self.text(&arguments);
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// Runs a command that must succeed with one JSON object.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let mut lines = self.json_lines(arguments);
        assert_eq!(lines.len(), 1, "{arguments:?}: {lines:?}");
        lines.remove(0)
    }

    /// Runs a command that must fail, and gives its exit code and error.
    pub(crate) fn failure(&self, arguments: &[&str]) -> (i32, Value) {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let output = self.output(&arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded: {}", lossy(&output.stdout));
        assert!(output.stdout.is_empty(), "{arguments:?}: {}", lossy(&output.stdout));
        let error: Value = serde_json::from_slice(&output.stderr).expect("one JSON object");
        let code = output.status.code().expect("an exit code");
        assert_eq!(error["error"]["exit_code"], code);
        (code, error["error"].clone())
    }

    pub(crate) fn address(&self) -> String {
        string(&self.json(&["info"])["address"])
    }

    /// The texts of a conversation, as this person has them.
    pub(crate) fn texts(&self, conversation: &str) -> Vec<String> {
        let messages = self.json_lines(&["messages", conversation, "--limit", "1000"]);
        messages.iter().filter(|message| message["kind"] == "text").map(|it| string(&it["text"])).collect()
    }

    /// Starts a command that goes on running.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::new(self.command(arguments))
    }
}

/// A command that is running. It is killed when the test lets go of it.
pub(crate) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

impl Running {
    fn new(mut command: Command) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the command starts");
        let lines = reader(child.stdout.take().expect("piped"));
        let errors = reader(child.stderr.take().expect("piped"));
        let input = child.stdin.take();
        Self { child, input, lines, errors }
    }

    /// Types a line.
    pub(crate) fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("the input is open");
        writeln!(input, "{line}").expect("somebody reads");
        input.flush().expect("somebody reads");
    }

    /// Reads lines until one contains this.
    pub(crate) fn expect(&self, wanted: &str) -> String {
        self.expect_line(wanted, |line| line.contains(wanted))
    }

    /// Reads JSON lines until one fits.
    pub(crate) fn expect_json(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let line = self.expect_line(what, |line| fits(&serde_json::from_str(line).expect("a line of JSON")));
        serde_json::from_str(&line).expect("a line of JSON")
    }

    fn expect_line(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + NEVER;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if fits(&line) => return line,
                Ok(line) => seen.push(line),
                Err(RecvTimeoutError::Timeout) => panic!("no line with {what:?} came, but {seen:#?}"),
                Err(RecvTimeoutError::Disconnected) => {
                    let errors: Vec<String> = self.errors.iter().collect();
                    panic!("ended without a line with {what:?}, after {seen:#?}: {errors:#?}")
                }
            }
        }
    }

    /// Ends the input, and gives the exit code with what else was printed and complained.
    pub(crate) fn end(mut self) -> (Option<i32>, Vec<String>, Vec<String>) {
        drop(self.input.take());
        let code = self.wait();
        (code, self.lines.iter().collect(), self.errors.iter().collect())
    }

    /// Waits for the command to end by itself.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + NEVER;
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the command does not end");
            std::thread::yield_now();
        }
    }

    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
        assert!(status.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn reader(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn string(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// All files below a folder, with their bytes.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), std::fs::read(&path).expect("a file")));
        }
    }
    found
}
