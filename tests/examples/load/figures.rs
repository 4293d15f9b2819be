//! What was measured, and how it is printed.

#![allow(clippy::print_stdout, reason = "the figures are what the command is for")]

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::Failure;

/// Spans of time, to the microsecond.
#[derive(Clone, Debug)]
pub(crate) struct Spans(Histogram<u64>);

impl Spans {
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self(Histogram::new(3)?))
    }

    pub(crate) fn add(&mut self, span: Duration) -> Result<(), Failure> {
        Ok(self.0.record(u64::try_from(span.as_micros())?)?)
    }

    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), Failure> {
        Ok(self.0.add(&other.0)?)
    }

    fn milliseconds(&self, quantile: f64) -> f64 {
        Duration::from_micros(self.0.value_at_quantile(quantile)).as_secs_f64() * 1000.0
    }
}

/// The table.
#[derive(Debug)]
pub(crate) struct Report(Vec<String>);

impl Report {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    fn line(&mut self, line: String) {
        eprintln!("{line}");
        self.0.push(line);
    }

    pub(crate) fn section(&mut self, name: &str) {
        self.line(format!("\n{name}"));
        self.line(format!(
            "  {:<44}{:>12}{:>10}{:>10}{:>10}{:>10}",
            "", "per second", "p50 ms", "p90 ms", "p99 ms", "max ms"
        ));
    }

    pub(crate) fn rate(&mut self, name: &str, count: usize, total: Duration, spans: &Spans) {
        let rate = count as f64 / total.as_secs_f64();
        let [p50, p90, p99, max] = [0.5, 0.9, 0.99, 1.0].map(|quantile| spans.milliseconds(quantile));
        self.line(format!("  {name:<44}{rate:>12.0}{p50:>10.2}{p90:>10.2}{p99:>10.2}{max:>10.2}"));
    }

    pub(crate) fn memory(&mut self, name: &str, resident: u64) {
        self.line(format!("  memory: {name:<36}{:>8.1} MiB", resident as f64 / 1024.0));
    }

    pub(crate) fn print(&self) {
        self.0.iter().for_each(|line| println!("{line}"));
    }
}
