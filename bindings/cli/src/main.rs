//! The `hexmtp` command.

mod compose;
mod demo;
mod error;
mod style;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Encrypted XMTP conversations from the command line.
#[derive(Parser)]
#[command(name = "hexmtp", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Three people talk, over a network inside this process, each with an encrypted database file.
    ///
    /// They register, open a direct conversation, form a group and rename it. One of them brings a second device
    /// into the group, one is removed and cannot read on, one is restarted from the database file. At the end the
    /// command prints what each of them has in their database, and how long every step took.
    Demo(demo::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.report();
            ExitCode::FAILURE
        }
    }
}
