//! `hexmtp demo`: the main job on one screen.

mod person;
mod report;
mod script;
mod transcript;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::CliError;
use crate::style::Style;

/// How the demo is run.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Keep the databases, and beside each the key that opens it, in this folder. Without it they are in a
    /// temporary folder that is deleted at the end.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// Runs the demo and prints what came of it: a transcript, or one JSON object for machines.
pub(crate) async fn run(arguments: &Arguments, json: bool) -> Result<(), CliError> {
    match &arguments.dir {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            play(folder, true, json).await
        }
        None => {
            let folder = tempfile::tempdir()?;
            play(folder.path(), false, json).await
        }
    }
}

async fn play(folder: &Path, keep: bool, json: bool) -> Result<(), CliError> {
    let report = script::play(folder, keep).await?;
    let mut out = std::io::stdout().lock();
    if json { report.write_json(&mut out) } else { report.write_text(&mut out, Style::for_stdout()) }
}
