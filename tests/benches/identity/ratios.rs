//! Times of ours beside times of what is raw, from one run.

use std::cell::RefCell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};

/// All that was compared.
#[derive(Debug, Default)]
pub(crate) struct Ratios {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: String,
    ours: Duration,
    raw: Raw,
}

/// What something is compared with; without a time when a filter on the command line passed it over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw {
    name: &'static str,
    median: Option<Duration>,
}

/// A group of benchmarks that are compared.
pub(crate) struct Group<'a> {
    group: BenchmarkGroup<'a, WallTime>,
    name: &'static str,
    rows: &'a mut Vec<Row>,
}

impl Ratios {
    pub(crate) fn group<'a>(&'a mut self, criterion: &'a mut Criterion, name: &'static str) -> Group<'a> {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        Group { group, name, rows: &mut self.rows }
    }

    pub(crate) fn print(&self) {
        println!("\n{:<62} {:>12} {:>12} {:>9}   raw is", "", "ours, us", "raw, us", "ours/raw");
        for Row { name, ours, raw } in &self.rows {
            let Some(median) = raw.median else { continue };
            let (ours, median) = (ours.as_secs_f64(), median.as_secs_f64());
            println!(
                "{name:<62} {:>12.1} {:>12.1} {:>9.4}   {}",
                ours * 1e6,
                median * 1e6,
                ours / median,
                raw.name
            );
        }
    }
}

impl Group<'_> {
    /// Measures what ours are compared with.
    pub(crate) fn raw<T>(&mut self, name: &'static str, mut work: impl FnMut() -> T) -> Raw {
        Raw { name, median: self.median(&format!("raw: {name}"), || (), |()| work()) }
    }

    /// Measures one of ours.
    pub(crate) fn ours<T>(&mut self, name: &str, raw: Raw, mut work: impl FnMut() -> T) {
        self.ours_on(name, raw, || (), |()| work());
    }

    /// Measures one of ours that is prepared anew each time; only the work is timed.
    pub(crate) fn ours_on<I, T>(
        &mut self,
        name: &str,
        raw: Raw,
        prepare: impl FnMut() -> I,
        work: impl FnMut(&mut I) -> T,
    ) {
        if let Some(ours) = self.median(name, prepare, work) {
            self.rows.push(Row { name: format!("{}: {name}", self.name), ours, raw });
        }
    }

    fn median<I, T>(
        &mut self,
        name: &str,
        mut prepare: impl FnMut() -> I,
        mut work: impl FnMut(&mut I) -> T,
    ) -> Option<Duration> {
        let times: RefCell<Vec<Duration>> = RefCell::default();
        self.group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let mut time = Duration::ZERO;
                for _ in 0..iterations {
                    let mut prepared = prepare();
                    let began = Instant::now();
                    black_box(work(&mut prepared));
                    time += began.elapsed();
                }
                times.borrow_mut().push(time / u32::try_from(iterations).unwrap_or(u32::MAX));
                time
            });
        });
        let mut times = times.into_inner();
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    }
}
