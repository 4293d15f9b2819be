//! Where lines come from and where messages go: a terminal with line editing, or plain streams.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::mpsc;

use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::chat::command::{self, Line};
use crate::error::CliError;

/// The lines of a chat; their end is the end of the chat.
pub(crate) type Lines = UnboundedReceiver<Result<Line, std::io::Error>>;

/// Where messages are shown.
pub(crate) enum Screen {
    /// Above the line that is being typed. A thread hands them over, because the editor takes the next one only once
    /// it has shown the last one.
    Terminal(mpsc::Sender<String>),
    /// Line by line on standard output.
    Plain,
}

impl Screen {
    /// Shows lines.
    pub(crate) fn show(&self, text: &str) -> Result<(), CliError> {
        match self {
            // The thread ends only with this side.
            Self::Terminal(printer) if printer.send(format!("{text}\n")).is_ok() => Ok(()),
            _ => {
                let mut out = std::io::stdout().lock();
                writeln!(out, "{text}")?;
                Ok(out.flush()?)
            }
        }
    }

    /// Whether the person does not see what is sent: it is not typed at this terminal.
    pub(crate) fn echoes(&self) -> bool {
        matches!(self, Self::Plain) && !std::io::stdin().is_terminal()
    }

    /// Once nothing is typed any more, everything goes straight to standard output.
    pub(crate) fn leave_terminal(&mut self) {
        *self = Self::Plain;
    }
}

/// Starts reading: with line editing when a person sits at a terminal, and `edit` is wanted.
pub(crate) fn start(prompt: &'static str, edit: bool) -> Result<(Lines, Screen), CliError> {
    let (sender, lines) = unbounded_channel();
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if edit
        && is_terminal
        && let Some((editor, printer)) = editor()
    {
        spawn("editor", move || edit_lines(editor, prompt, &sender))?;
        let (to_printer, shown) = mpsc::channel();
        spawn("printer", move || print_lines(printer, &shown))?;
        return Ok((lines, Screen::Terminal(to_printer)));
    }
    spawn("input", move || read_lines(std::io::stdin().lock(), &sender))?;
    Ok((lines, Screen::Plain))
}

/// A thread of its own, not one of the runtime's: a runtime waits at its end for threads that block, and this one
/// blocks until somebody types.
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), CliError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(|_| ()).map_err(CliError::file("no thread can be started"))
}

type LineEditor = Editor<(), MemHistory>;

/// `None` for terminals that cannot do it.
fn editor() -> Option<(LineEditor, impl ExternalPrinter + Send + 'static)> {
    let config = Config::builder().auto_add_history(true).build();
    let history = MemHistory::with_config(&config);
    let mut editor = LineEditor::with_history(config, history).ok()?;
    let printer = editor.create_external_printer().ok()?;
    Some((editor, printer))
}

fn edit_lines(mut editor: LineEditor, prompt: &str, sender: &UnboundedSender<Result<Line, std::io::Error>>) {
    loop {
        let line = match editor.readline(prompt) {
            Ok(line) => Ok(command::read(&line)),
            // Ctrl-D on an empty line, and Ctrl-C.
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => return,
            Err(ReadlineError::Io(error)) => Err(error),
            // The window changed its size, or a signal came.
            Err(ReadlineError::Signal(_)) => continue,
            Err(error) => Err(std::io::Error::other(error)),
        };
        let is_last = matches!(line, Ok(Line::Quit) | Err(_));
        if sender.send(line).is_err() || is_last {
            return;
        }
    }
}

fn print_lines(mut printer: impl ExternalPrinter, shown: &mpsc::Receiver<String>) {
    for text in shown {
        if printer.print(text).is_err() {
            return;
        }
    }
}

fn read_lines(mut input: impl BufRead, sender: &UnboundedSender<Result<Line, std::io::Error>>) {
    loop {
        let mut line = String::new();
        let read = match input.read_line(&mut line) {
            Ok(0) => return,
            Ok(_) => {
                let text = line.strip_suffix('\n').unwrap_or(&line);
                Ok(command::read(text.strip_suffix('\r').unwrap_or(text)))
            }
            Err(error) => Err(error),
        };
        let is_last = matches!(read, Ok(Line::Quit) | Err(_));
        if sender.send(read).is_err() || is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<Result<Line, String>> {
        let (sender, mut lines) = unbounded_channel();
        read_lines(input, &sender);
        drop(sender);
        let mut read = Vec::new();
        while let Ok(line) = lines.try_recv() {
            read.push(line.map_err(|error| error.kind().to_string()));
        }
        read
    }

    fn text(text: &str) -> Result<Line, String> {
        Ok(Line::Text(text.to_owned()))
    }

    #[test]
    fn a_pipe_is_read_line_by_line_to_its_end_or_to_quit() {
        assert_eq!(lines(b"one\r\n\ntwo"), [text("one"), Ok(Line::Nothing), text("two")]);
        assert_eq!(lines(b"one\n/quit\nnever read\n"), [text("one"), Ok(Line::Quit)]);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn what_is_no_text_ends_the_input() {
        let read = lines(b"one\n\xff\xfe\nthree\n");
        assert_eq!(read.len(), 2);
        assert_eq!(read[0], text("one"));
        assert!(read[1].is_err());
    }
}
