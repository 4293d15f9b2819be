//! What an application looks at, on stores of two sizes: ten times as much stored must not cost ten times as much. The
//! ratios are printed at the end; the store in memory is the baseline.
//!
//! `STORE_BENCH_QUICK=1 cargo bench -p hexmtp-tests --bench store_queries` uses a hundredth of the data.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot start must stop, and prints what it found"
)]

mod filled;
mod look;
mod place;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use filled::{Template, fill, shares};
use hexmtp::{Client, GroupOptions};
use hexmtp_tests::world::World;
use place::{Home, Homes, Place};
use tokio::runtime::Runtime;

const PLACES: [Place; 4] = [Place::Memory, Place::Sqlite, Place::Sqlcipher, Place::Postgres];

/// Conversations and messages.
const SIZES: [(usize, usize); 2] = [(1_000, 100_000), (10_000, 1_000_000)];

/// The median time of each look, by its name, the store and the size.
type Medians = BTreeMap<(&'static str, Place, usize), Duration>;

/// A client whose store is filled.
async fn filled_client(place: Place, home: &Home, (conversations, messages): (usize, usize)) -> Client {
    let world = World::new();
    let store = place.open(home).await;
    let device = world.device_on(&world.person(), store).await.expect("registered");
    let group = device.client.create_group(GroupOptions::default(), &[]).await.expect("a group");
    let template = Template::of(&*device.ports.store, group.id()).await;
    fill(&*device.ports.store, &template, &shares(conversations, messages)).await;
    device.client
}

fn queries(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let quick = std::env::var_os("STORE_BENCH_QUICK").is_some();
    let homes = Homes::default();
    let mut medians = Medians::new();
    for place in PLACES {
        for (conversations, messages) in SIZES {
            let size = if quick { (conversations / 10, messages / 100) } else { (conversations, messages) };
            let (_folder, home) = homes.new_home(place);
            let client = runtime.block_on(filled_client(place, &home, size));
            let mut looks = Looks { criterion, runtime: &runtime, place, size, medians: &mut medians };
            looks.measure("list", async || look::list(&client).await);
            looks.measure("page", async || look::page(&client, size.0, size.1).await);
            looks.measure("count", async || look::count(&client, size.0).await);
            runtime.block_on(client.close()).expect("closed");
        }
    }
    print(&medians);
}

struct Looks<'a> {
    criterion: &'a mut Criterion,
    runtime: &'a Runtime,
    place: Place,
    size: (usize, usize),
    medians: &'a mut Medians,
}

impl Looks<'_> {
    fn measure<T>(&mut self, name: &'static str, look: impl AsyncFn() -> T) {
        let times: RefCell<Vec<Duration>> = RefCell::default();
        let mut group = self.criterion.benchmark_group(name);
        group.sample_size(20);
        group.bench_function(BenchmarkId::new(self.place.name(), self.size.1), |bencher| {
            bencher.to_async(self.runtime).iter_custom(async |iterations| {
                let began = Instant::now();
                for _ in 0..iterations {
                    std::hint::black_box(look().await);
                }
                let time = began.elapsed();
                times.borrow_mut().push(time / u32::try_from(iterations).unwrap_or(u32::MAX));
                time
            });
        });
        group.finish();
        let mut times = times.into_inner();
        times.sort_unstable();
        // Nothing was measured when a filter on the command line passes this one over.
        if let Some(median) = times.get(times.len() / 2) {
            self.medians.insert((name, self.place, self.size.1), *median);
        }
    }
}

fn print(medians: &Medians) {
    println!(
        "\nlook   store       messages   us a look   to a tenth of the messages   to the store in memory"
    );
    for ((name, place, messages), time) in medians {
        let ratio = |other: Option<&Duration>| match other {
            Some(other) => format!("{:.2}", time.as_secs_f64() / other.as_secs_f64()),
            None => String::new(),
        };
        println!(
            "{name:<6} {:<10} {messages:>9} {:>11.1} {:>28} {:>24}",
            place.name(),
            time.as_secs_f64() * 1e6,
            ratio(medians.get(&(*name, *place, messages / 10))),
            ratio(medians.get(&(*name, Place::Memory, *messages))),
        );
    }
}

criterion_group!(all, queries);
criterion_main!(all);
