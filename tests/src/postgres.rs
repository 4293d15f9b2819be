//! A temporary PostgreSQL server for tests: a fresh cluster on a free port of the loopback interface.
//!
//! It needs the programs of the Debian package `postgresql`. The server ends with the test program, however that
//! ends, because a supervisor waits for the end of a pipe that only the test program holds open.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long the server may take to start. Only a failing test ever waits that long.
const PATIENCE: Duration = Duration::from_secs(120);
/// The role that owns the cluster.
const ROLE: &str = "postgres";
/// Runs the server, and stops it and removes its folder once nobody holds the other end of standard input.
const SUPERVISOR: &str = r#"
folder=$1; shift
"$@" </dev/null & server=$!
cat >/dev/null
kill -INT "$server" 2>/dev/null
wait "$server"
rm -rf "$folder"
"#;

/// A running server.
pub struct PostgresServer {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    supervisor: Child,
    databases: AtomicU64,
}

impl PostgresServer {
    /// The server that all tests of this program share; each makes databases of its own.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts a server.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start.
    pub fn start() -> Self {
        let programs = programs();
        let folder = tempfile_folder();
        if is_root() {
            run(Command::new("chown").arg(ROLE).arg(&folder));
        }
        let data = folder.join("data");
        let mut init = as_owner(&programs.join("initdb"));
        init.args([
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--username",
            ROLE,
            "--pgdata",
        ]);
        run(init.arg(&data));
        // A port that was free a moment ago; if somebody takes it, the server says so and another one is tried.
        for _ in 0..10 {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let supervisor = supervise(&programs, &folder, &data, port);
            let mut server = Self {
                programs: programs.clone(),
                folder: folder.clone(),
                port,
                supervisor,
                databases: AtomicU64::new(0),
            };
            if server.becomes_ready() {
                return server;
            }
        }
        panic!("PostgreSQL does not start; its log is in {}", folder.join("log").display());
    }

    /// Makes a database and gives its URL.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn new_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        run(self.client("createdb").arg(&name));
        format!("postgres://{ROLE}@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs SQL in the database of a URL that [`PostgresServer::new_database`] gave.
    ///
    /// # Panics
    /// If the statement fails.
    pub fn execute(&self, url: &str, sql: &str) -> String {
        let output = run(Command::new(self.programs.join("psql")).args(["-X", "-A", "-t", "-c", sql, url]));
        String::from_utf8(output.stdout).unwrap()
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.args(["--host=127.0.0.1", "--username", ROLE, "--port"]).arg(self.port.to_string());
        command
    }

    /// Waits until the server answers; `false` when it has ended instead.
    fn becomes_ready(&mut self) -> bool {
        let began = Instant::now();
        loop {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            if log.contains("database system is shut down") || log.contains("could not bind") {
                return false;
            }
            let ready =
                self.client("pg_isready").arg("--quiet").status().is_ok_and(|status| status.success());
            // Not somebody else's server on the port: ours has written that it is ready.
            if ready && log.contains("ready to accept connections") {
                return TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok();
            }
            assert!(began.elapsed() < PATIENCE, "PostgreSQL does not answer:\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        // If it has ended already, so much the better.
        let _ = self.supervisor.wait();
    }
}

fn supervise(programs: &Path, folder: &Path, data: &Path, port: u16) -> Child {
    let log = fs::File::create(folder.join("log")).unwrap();
    let mut server = as_owner(&programs.join("postgres"));
    server.arg("-D").arg(data).arg("-p").arg(port.to_string());
    for setting in [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "fsync=off",
        "full_page_writes=off",
        "max_connections=200",
        "shared_buffers=32MB",
    ] {
        server.args(["-c", setting]);
    }
    Command::new("sh")
        .args(["-c", SUPERVISOR, "supervisor"])
        .arg(folder)
        .arg(server.get_program())
        .args(server.get_args())
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .expect("a shell starts")
}

/// The newest installed version.
fn programs() -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().expect("PostgreSQL is missing: install the Debian package `postgresql`").1
}

/// A folder that is short-lived and readable for the owner of the server.
fn tempfile_folder() -> PathBuf {
    let base = std::env::temp_dir();
    for number in 0_u32.. {
        let folder = base.join(format!("hexmtp-postgres-{}-{number}", std::process::id()));
        match fs::create_dir(&folder) {
            Ok(()) => {
                fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
                return folder;
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => panic!("no folder in {}: {error}", base.display()),
        }
    }
    panic!("no name is free in {}", base.display())
}

fn is_root() -> bool {
    let output = run(Command::new("id").arg("-u"));
    output.stdout.trim_ascii() == b"0"
}

/// PostgreSQL refuses to run as root.
fn as_owner(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", ROLE, "--regid", ROLE, "--init-groups"]).arg(program);
    command
}

fn run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
