//! Puts load on a `hexmtp-node` of its own and prints what it bears.
//!
//! `cargo run --release --example load` starts the node as a program, on SQLite and then on PostgreSQL, publishes
//! messages from many connections, reads them back page by page, hands them to a thousand subscriptions, and reads
//! from the system how much memory the node took. `--help` lists the sizes that can be changed.

mod connection;
mod fan_out;
mod figures;
mod node_process;
mod publish;
mod query;

use std::error::Error;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use figures::Report;
use hexmtp_tests::postgres::TemporaryPostgres;
use node_process::NodeProcess;

/// What went wrong; shown to the person who started the command.
type Failure = Box<dyn Error + Send + Sync>;

/// Load for a hexmtp node.
#[derive(Clone, Debug, Parser)]
struct Options {
    /// Messages to publish, one by one.
    #[arg(long, default_value_t = 100_000)]
    messages: usize,
    /// Connections that publish and query at the same time.
    #[arg(long, default_value_t = 16)]
    senders: usize,
    /// Groups that the messages go to.
    #[arg(long, default_value_t = 100)]
    groups: usize,
    /// Bytes of ciphertext in a message.
    #[arg(long, default_value_t = 512)]
    size: usize,
    /// Pages of 100 messages to read.
    #[arg(long, default_value_t = 5_000)]
    pages: usize,
    /// Subscriptions to one group.
    #[arg(long, default_value_t = 1_000)]
    subscriptions: usize,
    /// Messages to publish to these subscriptions.
    #[arg(long, default_value_t = 100)]
    fan_out: usize,
    /// Where the node keeps its data.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "sqlite,postgres")]
    database: Vec<Database>,
    /// The node's program [default: beside this one]
    #[arg(long)]
    node: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Database {
    /// SQLite in memory.
    Memory,
    /// An SQLite file.
    Sqlite,
    /// A temporary PostgreSQL.
    Postgres,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let options = Options::parse();
    let mut report = Report::new();
    for database in &options.database {
        measure(&options, *database, &mut report).await?;
    }
    report.print();
    Ok(())
}

async fn measure(options: &Options, database: Database, report: &mut Report) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut postgres = None;
    let url = match database {
        Database::Memory => "sqlite::memory:".to_owned(),
        Database::Sqlite => format!("sqlite://{}", folder.path().join("node.sqlite").display()),
        Database::Postgres => postgres.insert(TemporaryPostgres::start()).url("load"),
    };
    let node = NodeProcess::start(options.node.as_deref(), &url).await?;
    report.section(&format!("{database:?}"));
    report.memory("node before", node.memory()?);
    let groups = publish::one_by_one(options, &node, report).await?;
    report.memory(&format!("node after {} messages", options.messages), node.memory()?);
    publish::in_batches(options, &node, report).await?;
    query::pages(options, &node, &groups, report).await?;
    fan_out::to_subscriptions(options, &node, report).await?;
    report.memory("node at the end", node.memory()?);
    node.stop().await
}
