//! What messages cost on each kind of store, beside stock OpenMLS in memory in the same run, and what much stored data
//! costs those who do not touch it. Each case runs in a process of its own, which tells its time and its peak of memory.
//!
//! `cargo bench -p hexmtp-tests --bench store_traffic -- --quick` takes seconds instead of minutes.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot start must stop, and prints what it found"
)]

mod case;
mod filled;
mod look;
mod open;
mod place;
mod receive;
mod scene;
mod send;
mod stock;
mod sync;
mod usage;

use case::{Case, Figures, Work};
use clap::{Parser, Subcommand};
use place::{Home, Homes, Place};

#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only a hundredth of the work.
    #[arg(long)]
    quick: bool,
    /// Only these kinds of work.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Work>,
    /// On these stores.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "memory,sqlite,sqlcipher,postgres")]
    places: Vec<Place>,
    /// In groups of these sizes.
    #[arg(long, value_delimiter = ',', default_value = "2,50,250")]
    members: Vec<usize>,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs one case and tells its figures.
    Case(Case),
}

fn main() {
    let options = Options::parse();
    match &options.command {
        Some(Command::Case(case)) => {
            tokio::runtime::Runtime::new().expect("a runtime").block_on(run(case));
        }
        None => report(&options),
    }
}

async fn run(case: &Case) {
    match case.work {
        Work::Receive => receive::receive(case, false).await,
        Work::ReceiveOneByOne => receive::receive(case, true).await,
        Work::Send => send::send(case, false).await,
        Work::SendOneByOne => send::send(case, true).await,
        Work::Sync => sync::sync(case).await,
        Work::Fill => open::fill_store(case).await,
        Work::Open => open::open_store(case).await,
    }
}

impl Options {
    fn wants(&self, work: Work) -> bool {
        self.only.is_empty() || self.only.contains(&work)
    }

    fn size(&self, full: usize) -> usize {
        if self.quick { (full / 100).max(20) } else { full }
    }
}

fn report(options: &Options) {
    let homes = Homes::default();
    let messages = [
        (Work::Receive, 10_000, "receiving"),
        (Work::ReceiveOneByOne, 1_000, "receiving one by one"),
        (Work::Send, 1_000, "sending together"),
        (Work::SendOneByOne, 1_000, "sending one by one"),
    ];
    for (work, count, name) in messages {
        if options.wants(work) {
            report_messages(options, &homes, work, options.size(count), name);
        }
    }
    if options.wants(Work::Sync) {
        report_sync(options, &homes);
    }
    if options.wants(Work::Open) {
        report_open(options, &homes);
    }
}

fn report_messages(options: &Options, homes: &Homes, work: Work, count: usize, name: &str) {
    println!(
        "\n{name}, {count} messages; us a message; stock OpenMLS in memory without and with its storage"
    );
    println!("members store       stock  +storage      ours  stock/ours     peak MiB");
    for members in &options.members {
        for place in &options.places {
            let (_folder, home) = homes.new_home(*place);
            let case = Case { members: *members, count, ..Case::new(work, *place, &home) };
            let figures = case.run();
            let each = |name: &str| figure(&figures, name) * 1e6 / count as f64;
            println!(
                "{members:>7} {:<10} {:>6.1} {:>9.1} {:>9.1} {:>10.2} {:>12.1}",
                place.name(),
                each("stock"),
                each("stock.kept"),
                each("ours"),
                figure(&figures, "stock") / figure(&figures, "ours"),
                mebibytes(&figures, "ours"),
            );
        }
    }
}

fn report_sync(options: &Options, homes: &Homes) {
    println!("\nsyncing groups with one new message each, beside conversations without news; ms");
    println!("store       groups  others        ms   ms a group     peak MiB");
    let sizes = [(100, 1_000), (1_000, 1_000), (100, 10_000), (1_000, 10_000)];
    for place in &options.places {
        for (groups, others) in sizes {
            let (_folder, home) = homes.new_home(*place);
            let (count, stored) = (options.size(groups), options.size(others));
            let figures = Case { count, stored, ..Case::new(Work::Sync, *place, &home) }.run();
            let time = figure(&figures, "ours") * 1e3;
            println!(
                "{:<10} {count:>7} {stored:>7} {time:>9.1} {:>12.3} {:>12.1}",
                place.name(),
                time / count as f64,
                mebibytes(&figures, "ours"),
            );
        }
    }
}

fn report_open(options: &Options, homes: &Homes) {
    println!("\na client on much that is stored; ms; the largest conversation has a tenth of the messages");
    println!(
        "store       conversations messages     fill     open  list 50  page 50    count   peak MiB: open list page"
    );
    for place in options.places.iter().filter(|place| **place != Place::Memory) {
        let mut before: Option<Figures> = None;
        for (conversations, messages) in [(1_000, 100_000), (10_000, 1_000_000)] {
            let (_folder, home) = homes.new_home(*place);
            let (stored, count) = (options.size(conversations), options.size(messages));
            let figures = filled(*place, &home, stored, count);
            print!("{:<10} {stored:>14} {count:>8}", place.name());
            for name in ["fill", "open", "list", "page", "count"] {
                print!(" {:>8.2}", figure(&figures, name) * 1e3);
            }
            print!("          ");
            for name in ["open", "list.peak", "page.peak"] {
                print!(" {:>6.1}", mebibytes(&figures, name));
            }
            println!();
            if let Some(before) = &before {
                print!("{:<10} {:>23}", "", "ratio");
                for name in ["fill", "open", "list", "page", "count"] {
                    print!(" {:>8.2}", figure(&figures, name) / figure(before, name));
                }
                println!();
            }
            before = Some(figures);
        }
    }
}

fn filled(place: Place, home: &Home, stored: usize, count: usize) -> Figures {
    let mut figures = Case { stored, count, ..Case::new(Work::Fill, place, home) }.run();
    figures.extend(Case { stored, count, ..Case::new(Work::Open, place, home) }.run());
    figures
}

fn figure(figures: &Figures, name: &str) -> f64 {
    figures.get(name).copied().unwrap_or(f64::NAN)
}

fn mebibytes(figures: &Figures, name: &str) -> f64 {
    figure(figures, &format!("{name}.memory")) / (1024.0 * 1024.0)
}
