//! The node as a program. `hexmtp-node --help` explains its settings.

mod cli;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use hexmtp_node::Node;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use cli::{Cli, LogFormat};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = start_logging(&cli) {
        return report(error.as_ref());
    }
    match run(cli).await {
        Ok(code) => code,
        Err(error) => report(error.as_ref()),
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Box<dyn Error>> {
    // From here on, signals wait for us, also those that come while the node starts.
    let mut signals =
        Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
    let options = cli.options()?;
    drop(cli);
    let node = tokio::select! {
        node = Node::start(options) => node?,
        () = signals.next() => return Ok(ExitCode::SUCCESS),
    };
    let mut stdout = io::stdout();
    writeln!(stdout, "hexmtp-node is ready on {}", node.url())?;
    stdout.flush()?;
    signals.next().await;
    tracing::info!("stopping");
    tokio::select! {
        stopped = node.shutdown() => stopped?,
        () = signals.next() => {
            tracing::warn!("stopped at once");
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Logs go to standard error, so that standard output has the one line that scripts wait for.
fn start_logging(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_new(&cli.log)?;
    let logging = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    match cli.log_format {
        LogFormat::Text => logging.init(),
        LogFormat::Json => logging.json().init(),
    }
    Ok(())
}

/// One line with all causes.
fn report(error: &dyn Error) -> ExitCode {
    let mut text = format!("hexmtp-node: {error}");
    let mut cause = error.source();
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    // Where standard error is closed, nobody reads it.
    let _ = writeln!(io::stderr(), "{text}");
    ExitCode::FAILURE
}
