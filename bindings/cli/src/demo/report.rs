//! What the demo prints.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::demo::transcript::{Line, Transcript, View};
use crate::error::CliError;
use crate::style::Style;

/// One step of the demo.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) outcome: String,
    pub(crate) took: Duration,
}

/// Everything that came of the demo.
pub(crate) struct Report {
    pub(crate) steps: Vec<Step>,
    pub(crate) transcripts: Vec<Transcript>,
    pub(crate) total: Duration,
    pub(crate) folder: Option<PathBuf>,
}

impl Report {
    /// Writes the report for a person.
    pub(crate) fn write_text(&self, out: &mut impl Write, style: Style) -> Result<(), CliError> {
        writeln!(out, "{}", style.heading("What happened"))?;
        for step in &self.steps {
            let took = style.faint(&format!("{:>8.1} ms", milliseconds(step.took)));
            writeln!(out, "  {} {took}  {:<14} {}", style.good("ok"), step.name, step.outcome)?;
        }
        for transcript in &self.transcripts {
            writeln!(out, "\n{}", style.heading(&format!("What {} sees", transcript.device)))?;
            for view in &transcript.conversations {
                write_view(out, style, view)?;
            }
        }
        let counts = self.counts();
        writeln!(
            out,
            "\n{} devices, {} conversations, {} messages, {} membership and name changes, {} refused; {:.0} ms",
            self.transcripts.len(),
            counts.conversations,
            counts.messages,
            counts.events,
            counts.rejected,
            milliseconds(self.total),
        )?;
        if let Some(folder) = &self.folder {
            writeln!(out, "Databases and their keys are in {}", folder.display())?;
        }
        Ok(())
    }

    /// Writes the report for a machine.
    pub(crate) fn write_json(&self, out: &mut impl Write) -> Result<(), CliError> {
        let steps: Vec<Value> = self
            .steps
            .iter()
            .map(|step| json!({"step": step.name, "outcome": step.outcome, "ms": milliseconds(step.took)}))
            .collect();
        let devices: Vec<Value> = self.transcripts.iter().map(transcript_json).collect();
        let counts = self.counts();
        let report = json!({
            "steps": steps,
            "devices": devices,
            "summary": {
                "devices": self.transcripts.len(),
                "conversations": counts.conversations,
                "messages": counts.messages,
                "changes": counts.events,
                "refused": counts.rejected,
                "ms": milliseconds(self.total),
            },
            "folder": self.folder,
        });
        serde_json::to_writer_pretty(&mut *out, &report)?;
        Ok(writeln!(out)?)
    }

    /// Each conversation and each message counts once, however many devices have it.
    fn counts(&self) -> Counts {
        let views = || self.transcripts.iter().flat_map(|transcript| &transcript.conversations);
        let lines = |events: bool| {
            let wanted = views().flat_map(|view| &view.lines).filter(move |line| line.is_event == events);
            wanted.map(|line| &line.id).collect::<std::collections::BTreeSet<_>>().len()
        };
        Counts {
            conversations: views().map(|view| &view.id).collect::<std::collections::BTreeSet<_>>().len(),
            messages: lines(false),
            events: lines(true),
            rejected: self.transcripts.iter().map(|transcript| transcript.rejected).sum(),
        }
    }
}

struct Counts {
    conversations: usize,
    messages: usize,
    events: usize,
    rejected: usize,
}

fn write_view(out: &mut impl Write, style: Style, view: &View) -> Result<(), CliError> {
    let state = if view.active { "" } else { ", no longer a member" };
    let about = format!("{}; epoch {}{state}", view.members.join(", "), view.epoch);
    writeln!(out, "  {} {}", style.heading(&view.title), style.faint(&format!("({about})")))?;
    for line in &view.lines {
        let at = style.faint(&line.at);
        if line.is_event {
            writeln!(out, "    {at}  {}", style.faint(&format!("* {} {}", line.who, line.text)))?;
        } else {
            writeln!(out, "    {at}  {}: {}", style.name(&line.who), line.text)?;
        }
    }
    Ok(())
}

fn transcript_json(transcript: &Transcript) -> Value {
    let line = |line: &Line| json!({"id": line.id, "at": line.at, "who": line.who, "text": line.text, "event": line.is_event});
    let view = |view: &View| {
        json!({
            "id": view.id,
            "title": view.title,
            "epoch": view.epoch,
            "members": view.members,
            "active": view.active,
            "lines": view.lines.iter().map(line).collect::<Vec<_>>(),
        })
    };
    json!({
        "device": transcript.device,
        "inbox_id": transcript.inbox_id,
        "refused": transcript.rejected,
        "conversations": transcript.conversations.iter().map(view).collect::<Vec<_>>(),
    })
}

fn milliseconds(span: Duration) -> f64 {
    // Tenths are enough, and keep the JSON readable.
    (span.as_secs_f64() * 10_000.0).round() / 10.0
}
