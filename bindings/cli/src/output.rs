//! Where results go: text for people, JSON lines for programs.

use std::io::Write;

use serde_json::Value;

use crate::error::CliError;
use crate::style::Style;

/// A result that can be shown either way.
pub(crate) trait Show {
    /// For people; without the last line break, and empty for nothing to say.
    fn text(&self, style: Style) -> String;

    /// For programs.
    fn json(&self) -> Value;
}

/// The standard output.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    style: Style,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, style: Style::for_stdout() }
    }

    /// Whether programs read it.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// A result as this output shows it.
    pub(crate) fn rendered(self, result: &impl Show) -> String {
        if self.json { result.json().to_string() } else { result.text(self.style) }
    }

    /// Writes one result.
    pub(crate) fn show(self, result: &impl Show) -> Result<(), CliError> {
        self.line(&self.rendered(result))
    }

    /// Writes a list: one JSON object a line, or whatever people read best.
    pub(crate) fn show_list<T: Show>(
        self,
        items: &[T],
        text: impl FnOnce(&[T], Style) -> String,
    ) -> Result<(), CliError> {
        if self.json {
            items.iter().try_for_each(|item| self.show(item))
        } else {
            self.line(&text(items, self.style))
        }
    }

    /// Writes a line and does not wait for more: readers of a pipe get it now.
    pub(crate) fn line(self, text: &str) -> Result<(), CliError> {
        if text.is_empty() {
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "{text}")?;
        Ok(out.flush()?)
    }
}
