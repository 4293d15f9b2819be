//! What was called, how often, how it went.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hexmtp_proto::status::code_name;
use tonic::Status;

use crate::method::Method;

/// What became of the calls of one method. A call that is repeated counts once for each attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodStatistics {
    /// The attempts, failed ones included. A subscription counts each time that it is begun or taken up again.
    pub calls: u64,
    /// How many of the attempts repeated a call that had failed, or took up a subscription that had broken.
    pub retries: u64,
    /// The attempts and subscriptions that failed, by the name of their gRPC code.
    pub failures: BTreeMap<&'static str, u64>,
    /// The bytes of the requests, without HTTP/2 framing.
    pub sent_bytes: u64,
    /// The bytes of the answers, without HTTP/2 framing.
    pub received_bytes: u64,
    /// The time that all attempts took together; of a subscription, until the server had accepted it.
    pub latency_total: Duration,
    /// The time that the longest attempt took.
    pub latency_longest: Duration,
}

/// What became of all calls of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics(BTreeMap<Method, MethodStatistics>);

impl Statistics {
    /// The calls of one method.
    #[must_use]
    pub fn of(&self, method: Method) -> MethodStatistics {
        self.0.get(&method).cloned().unwrap_or_default()
    }

    /// The methods that were called, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (Method, &MethodStatistics)> {
        self.0.iter().map(|(method, statistics)| (*method, statistics))
    }
}

/// Counts.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Statistics>);

impl Counters {
    pub(crate) fn snapshot(&self) -> Statistics {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn attempt(&self, method: Method, sent: usize) {
        self.change(method, |it| {
            it.calls += 1;
            it.sent_bytes += bytes(sent);
        });
    }

    pub(crate) fn answered(&self, method: Method, latency: Duration) {
        self.change(method, |it| {
            it.latency_total += latency;
            it.latency_longest = it.latency_longest.max(latency);
        });
    }

    pub(crate) fn received(&self, method: Method, count: usize) {
        self.change(method, |it| it.received_bytes += bytes(count));
    }

    pub(crate) fn failed(&self, method: Method, status: &Status) {
        self.change(method, |it| *it.failures.entry(code_name(status.code())).or_default() += 1);
    }

    pub(crate) fn retried(&self, method: Method) {
        self.change(method, |it| it.retries += 1);
    }

    fn change(&self, method: Method, change: impl FnOnce(&mut MethodStatistics)) {
        let mut statistics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(statistics.0.entry(method).or_default());
    }
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
