//! A PostgreSQL for tests and benchmarks: a cluster of its own on a free loopback port, gone when its user is gone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that has no server cannot go on"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// Runs the cluster; it ends when the input that we hold for it closes, so also when this process is killed.
const SUPERVISOR: &str = include_str!("postgres.sh");

/// How often another port is tried, should somebody else take the free one first.
const ATTEMPTS: usize = 5;

/// A running PostgreSQL. Dropping it stops the server and removes its data.
#[derive(Debug)]
pub struct TemporaryPostgres {
    supervisor: Child,
    pipes: Mutex<Option<(ChildStdin, BufReader<ChildStdout>)>>,
    programs: PathBuf,
    port: u16,
}

impl TemporaryPostgres {
    /// Starts a server with PostgreSQL's default settings, so with full durability.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    pub fn start() -> Self {
        let programs = programs();
        (0..ATTEMPTS)
            .find_map(|_| Self::try_start(&programs))
            .expect("PostgreSQL starts on a free port; its log is above")
    }

    /// A server that all tests of this program share. It ends with the program.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<TemporaryPostgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// The URL of the database of that name, which is made if it does not exist.
    ///
    /// # Panics
    /// When the server does not make the database.
    pub fn url(&self, database: &str) -> String {
        let output = Command::new(self.programs.join("createdb"))
            .args(["-h", "127.0.0.1", "-U", "hexmtp", "-p", &self.port.to_string(), database])
            .output()
            .expect("createdb runs");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || message.contains("already exists"), "createdb: {message}");
        format!("postgres://hexmtp@127.0.0.1:{}/{database}", self.port)
    }

    /// Stops the server in order, as an administrator would, and starts it again.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn restart(&self) {
        self.command("restart");
    }

    /// Stops the server at once, as a crash would, and starts it again.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn crash(&self) {
        self.command("crash");
    }

    fn command(&self, command: &str) {
        let mut pipes = self.pipes.lock().expect("no command has failed");
        let (input, output) = pipes.as_mut().expect("the pipes live as long as the server");
        writeln!(input, "{command}").expect("the supervisor reads");
        assert!(is_ready(output), "PostgreSQL does not start again; its log is above");
    }

    fn try_start(programs: &Path) -> Option<Self> {
        let port = free_port();
        let mut supervisor = as_ordinary_user()
            .args(["sh", "-c", SUPERVISOR, "sh"])
            .arg(programs)
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell runs");
        let input = supervisor.stdin.take().expect("the input is a pipe");
        let mut output = BufReader::new(supervisor.stdout.take().expect("the output is a pipe"));
        if !is_ready(&mut output) {
            supervisor.wait().expect("the supervisor ends by itself");
            return None;
        }
        Some(Self {
            supervisor,
            pipes: Mutex::new(Some((input, output))),
            programs: programs.to_owned(),
            port,
        })
    }
}

impl Drop for TemporaryPostgres {
    fn drop(&mut self) {
        // The supervisor stops the server when its input closes.
        if let Ok(mut pipes) = self.pipes.lock() {
            pipes.take();
        }
        let _ = self.supervisor.wait();
    }
}

fn is_ready(output: &mut BufReader<ChildStdout>) -> bool {
    let mut line = String::new();
    output.read_line(&mut line).is_ok() && line.trim() == "ready"
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr()).expect("a free port").port()
}

/// PostgreSQL refuses to run as root; then it runs as the user that its package has made.
fn as_ordinary_user() -> Command {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    if id.stdout.trim_ascii() == b"0" {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "env", "HOME=/"])
            .current_dir("/");
        return command;
    }
    Command::new("env")
}

/// The folder of the newest PostgreSQL on this machine.
fn programs() -> PathBuf {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = debian.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let newest = |path: &PathBuf| -> u32 {
        let version = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|version| version.parse().ok()).unwrap_or(0)
    };
    debian
        .chain(std::env::split_paths(&path))
        .filter(|folder| folder.join("initdb").exists())
        .max_by_key(newest)
        .expect("PostgreSQL is installed (./dev/test does that on Debian)")
}
