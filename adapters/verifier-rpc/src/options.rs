//! How patiently chains are asked.

use std::time::Duration;

/// Time limits, repetitions and what is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifierOptions {
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long one request may take until its whole answer is there.
    pub request_timeout: Duration,
    /// How long a verification may take in all, with all endpoints and repetitions.
    pub total: Duration,
    /// How often each endpoint of a chain is tried, at least once.
    pub attempts: u32,
    /// The wait after all endpoints have failed. Each further one is twice as long, and a random part of up to the
    /// same length is added to each.
    pub first_wait: Duration,
    /// No wait is longer than this, but for its random part.
    pub longest_wait: Duration,
    /// How long an endpoint that failed is asked after all others.
    pub rest: Duration,
    /// How many verifications ask chains at once; further ones wait, and their time runs.
    pub at_once: usize,
    /// How many verdicts are remembered; with zero none is.
    pub remembered: usize,
    /// For how long a verdict is remembered. A chain that takes back its newest blocks can change what was true at them.
    pub remembered_for: Duration,
}

impl Default for VerifierOptions {
    /// Half a minute in all, ten seconds for a request, three attempts on each endpoint; ten thousand verdicts for ten
    /// minutes.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            request_timeout: Duration::from_secs(10),
            total: Duration::from_secs(30),
            attempts: 3,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(3),
            rest: Duration::from_secs(30),
            at_once: 64,
            remembered: 10_000,
            remembered_for: Duration::from_secs(600),
        }
    }
}
