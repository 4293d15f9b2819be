//! How long something takes and how much memory this process needs for it.

use std::time::{Duration, Instant};

/// A measurement that has begun.
pub(crate) struct Usage {
    began: Instant,
    resident: u64,
}

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) time: Duration,
    /// How much more memory the process had at its peak than when the measurement began, in bytes.
    pub(crate) memory: u64,
}

impl Usage {
    /// Begins. The peak counts from now on (proc(5), `clear_refs`).
    pub(crate) fn begin() -> Self {
        std::fs::write("/proc/self/clear_refs", "5").expect("Linux lets a process forget its peak");
        Self { resident: status("VmRSS:"), began: Instant::now() }
    }

    pub(crate) fn end(self) -> Measured {
        let time = self.began.elapsed();
        Measured { time, memory: status("VmHWM:").saturating_sub(self.resident) }
    }
}

/// A line of this process's status, in bytes.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells about a process");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().unwrap_or_default();
    kib * 1024
}
