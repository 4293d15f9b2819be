//! One case, in a process of its own: only so is its peak of memory its own.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::place::{Home, Place};
use crate::usage::Measured;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Work {
    /// Reading a log of many messages.
    Receive,
    /// Reading a log after each of its messages.
    ReceiveOneByOne,
    /// Storing many messages and publishing them together.
    Send,
    /// Sending messages one by one.
    SendOneByOne,
    /// Syncing many groups with one new message each.
    Sync,
    /// Filling a store with conversations and messages.
    Fill,
    /// Opening a client on a filled store and looking around.
    Open,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Case {
    #[arg(long, value_enum)]
    pub(crate) work: Work,
    #[arg(long, value_enum)]
    pub(crate) place: Place,
    /// Members of a group, where there is one group.
    #[arg(long, default_value_t = 2)]
    pub(crate) members: usize,
    /// Messages, or groups with news.
    #[arg(long, default_value_t = 0)]
    pub(crate) count: usize,
    /// Conversations that are stored and not touched.
    #[arg(long, default_value_t = 0)]
    pub(crate) stored: usize,
    #[command(flatten)]
    pub(crate) home: Home,
}

/// What a case tells: figures by name; times in seconds, memory in bytes.
pub(crate) type Figures = BTreeMap<String, f64>;

/// Tells what was measured of one thing.
#[allow(clippy::print_stdout, reason = "what the parent reads")]
pub(crate) fn tell(name: &str, measured: Measured) {
    println!("{name} {}", measured.time.as_secs_f64());
    println!("{name}.memory {}", measured.memory);
}

/// Tells how long something took.
#[allow(clippy::print_stdout, reason = "what the parent reads")]
pub(crate) fn tell_time(name: &str, time: Duration) {
    println!("{name} {}", time.as_secs_f64());
}

impl Case {
    pub(crate) fn new(work: Work, place: Place, home: &Home) -> Self {
        Self { work, place, members: 2, count: 0, stored: 0, home: home.clone() }
    }

    /// Runs it as a child and gives what it tells.
    pub(crate) fn run(&self) -> Figures {
        let name = |value: &dyn Fn() -> Option<clap::builder::PossibleValue>| {
            value().map(|value| value.get_name().to_owned()).unwrap_or_default()
        };
        let output = Command::new(std::env::current_exe().expect("this program has a path"))
            .args(["case", "--work", &name(&|| self.work.to_possible_value())])
            .args(["--place", &name(&|| self.place.to_possible_value())])
            .args(["--members", &self.members.to_string(), "--count", &self.count.to_string()])
            .args(["--stored", &self.stored.to_string(), "--folder"])
            .arg(&self.home.folder)
            .args(self.home.database.iter().flat_map(|url| ["--database", url]))
            .stderr(std::process::Stdio::inherit())
            .output()
            .expect("this program runs");
        assert!(output.status.success(), "{self:?} failed; its error is above");
        let text = String::from_utf8_lossy(&output.stdout);
        let figure = |line: &str| {
            let (name, value) = line.split_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        text.lines().filter_map(figure).collect()
    }
}
