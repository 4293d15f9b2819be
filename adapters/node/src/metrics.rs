//! What operators see: metrics in the text format of OpenMetrics, which Prometheus reads.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// The content type of [`Metrics::text`].
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CallLabels {
    method: String,
    code: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct MethodLabels {
    method: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TableLabels {
    table: &'static str,
}

/// The metrics of one node.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    calls: Family<CallLabels, Counter>,
    durations: Family<MethodLabels, Histogram, fn() -> Histogram>,
    rows: Family<TableLabels, Gauge>,
    /// Subscriptions that are open.
    pub(crate) subscriptions: Gauge,
    /// Subscriptions that were ended because their reader was too slow.
    pub(crate) dropped_subscriptions: Counter,
    /// Connections that are open.
    pub(crate) connections: Gauge,
    /// How many writes shared a transaction.
    pub(crate) batch_sizes: Histogram,
    /// Transactions that failed.
    pub(crate) failed_batches: Counter,
}

/// From a half of a millisecond to half a minute.
fn durations() -> Histogram {
    Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Mutex::default(),
            calls: Family::default(),
            durations: Family::new_with_constructor(durations),
            rows: Family::default(),
            subscriptions: Gauge::default(),
            dropped_subscriptions: Counter::default(),
            connections: Gauge::default(),
            batch_sizes: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]),
            failed_batches: Counter::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&self) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let node = registry.sub_registry_with_prefix("hexmtp_node");
        node.register("calls", "Calls that ended, by method and gRPC status", self.calls.clone());
        node.register_with_unit(
            "call_duration",
            "How long unary calls took",
            Unit::Seconds,
            self.durations.clone(),
        );
        node.register("rows", "Stored rows by table", self.rows.clone());
        node.register("subscriptions", "Open subscriptions", self.subscriptions.clone());
        node.register(
            "dropped_subscriptions",
            "Subscriptions ended because their reader was too slow",
            self.dropped_subscriptions.clone(),
        );
        node.register("connections", "Open connections", self.connections.clone());
        node.register("write_batch_size", "Writes per transaction", self.batch_sizes.clone());
        node.register("failed_write_batches", "Transactions that failed", self.failed_batches.clone());
    }

    /// A call that ended.
    pub(crate) fn call_ended(&self, method: &str, code: &str, duration: Option<Duration>) {
        let labels = CallLabels { method: method.to_owned(), code: code.to_owned() };
        self.calls.get_or_create(&labels).inc();
        if let Some(duration) = duration {
            let labels = MethodLabels { method: method.to_owned() };
            self.durations.get_or_create(&labels).observe(duration.as_secs_f64());
        }
    }

    /// Rows that a table has more.
    pub(crate) fn rows_added(&self, table: &'static str, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.rows.get_or_create(&TableLabels { table }).inc_by(count);
    }

    /// All metrics.
    pub(crate) fn text(&self) -> String {
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &registry);
        text
    }
}
