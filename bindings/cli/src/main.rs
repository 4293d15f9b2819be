//! The `hexmtp` command.

mod arguments;
mod chat;
mod commands;
mod compose;
mod demo;
mod error;
mod exit;
mod hint;
mod logging;
mod opened;
mod outgoing;
mod output;
mod people;
mod person;
mod private_key;
mod profile;
mod select;
mod session;
mod show;
mod style;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::arguments::{Arguments, Command};
use crate::error::{CliError, error_json};
use crate::exit::Class;
use crate::output::Output;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return mistyped(&error),
    };
    let json = arguments.global.json;
    logging::start(arguments.global.verbose);
    let done = run(&arguments).await;
    opened::close_all().await;
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            error.report(json);
            ExitCode::from(error.class().number())
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), CliError> {
    let options = &arguments.global;
    let output = Output::new(options.json);
    match &arguments.command {
        Command::Init(init) => commands::init(options, output, init).await,
        Command::Inbox(inbox) => commands::inbox(options, output, inbox).await,
        Command::Info => commands::info(options, output).await,
        Command::CanMessage(addresses) => commands::can_message(options, output, addresses).await,
        Command::Dm(dm) => commands::dm(options, output, dm).await,
        Command::Group(group) => commands::group(options, output, group).await,
        Command::Send(send) => commands::send(options, output, send).await,
        Command::Messages(messages) => commands::messages(options, output, messages).await,
        Command::Sync => commands::sync(options, output).await,
        Command::Stream(stream) => commands::stream(options, output, stream).await,
        Command::Chat(chat) => chat::chat(options, output, chat).await,
        Command::Demo(demo) => demo::run(demo, options.json).await,
    }
}

/// Help and version are no mistakes. Programs get mistakes as they asked for.
fn mistyped(error: &clap::Error) -> ExitCode {
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if is_help || !std::env::args_os().any(|argument| argument == "--json") {
        // Nobody is left to tell when the stream is closed.
        let _ = error.print();
    } else {
        let text = error.to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let value = error_json(Class::Usage, "cli.usage", &message, &[], Some("`hexmtp --help` explains"));
        let _ = writeln!(std::io::stderr().lock(), "{value}");
    }
    if is_help { ExitCode::SUCCESS } else { ExitCode::from(Class::Usage.number()) }
}
