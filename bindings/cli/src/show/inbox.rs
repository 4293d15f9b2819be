//! An inbox as a table: who belongs to it, since when, and by whose consent.

use std::collections::BTreeMap;

use hexmtp::KeyPackageStatus;
use hexmtp::domain::identity::{AssociationState, MAX_UPDATES, Member, MemberIdentifier, SignatureKind};
use hexmtp::domain::{InstallationId, Timestamp};
use serde_json::{Value, json};

use crate::output::Show;
use crate::people::shortened;
use crate::show::message::time;
use crate::show::one_line;
use crate::style::Style;

/// What the network tells about an inbox.
pub(crate) struct InboxView {
    /// What was just done to it, if anything was.
    pub(crate) news: Option<&'static str>,
    pub(crate) state: AssociationState,
    /// How its first identifier signed.
    pub(crate) made_by: Option<SignatureKind>,
    /// How many updates its log has.
    pub(crate) updates: usize,
    /// The installation of this profile, if it is the own inbox.
    pub(crate) this_device: Option<InstallationId>,
    pub(crate) key_packages: BTreeMap<InstallationId, KeyPackageStatus>,
}

const HEADINGS: [&str; 5] = ["member", "kind", "added", "by", "notes"];

fn added_at(member: &Member) -> Option<Timestamp> {
    member.client_timestamp_ns.map(|nanos| Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX)))
}

const fn kind(member: &MemberIdentifier) -> &'static str {
    match member {
        MemberIdentifier::Ethereum(_) => "wallet",
        MemberIdentifier::Passkey(_) => "passkey",
        MemberIdentifier::Installation(_) => "device",
        MemberIdentifier::UnclaimableAddress(_) | MemberIdentifier::UnclaimableInstallation(_) => "nobody",
    }
}

/// What can be done with a key package, for people.
fn key_package(status: &KeyPackageStatus) -> String {
    match status {
        KeyPackageStatus::Missing => "no key package".to_owned(),
        KeyPackageStatus::SomebodyElses => "key package of somebody else".to_owned(),
        KeyPackageStatus::Unusable { code } => format!("key package cannot be used ({code})"),
        KeyPackageStatus::OutOfDate { lifetime, .. } => format!("key package ended {}", time(lifetime.1)),
        KeyPackageStatus::Usable { lifetime, .. } => format!("key package until {}", time(lifetime.1)),
        _ => "key package unknown".to_owned(),
    }
}

/// What can be done with a key package, for programs.
fn key_package_json(status: &KeyPackageStatus) -> Value {
    let lifetime = |(start, end): (Timestamp, Timestamp)| json!([start.as_nanos(), end.as_nanos()]);
    match status {
        KeyPackageStatus::Missing => json!({"status": "missing"}),
        KeyPackageStatus::SomebodyElses => json!({"status": "somebody_elses"}),
        KeyPackageStatus::Unusable { code } => json!({"status": "unusable", "code": code}),
        KeyPackageStatus::OutOfDate { lifetime: of, .. } => {
            json!({"status": "out_of_date", "lifetime_ns": lifetime(*of)})
        }
        KeyPackageStatus::Usable { lifetime: of, .. } => {
            json!({"status": "usable", "lifetime_ns": lifetime(*of)})
        }
        _ => json!({"status": "unknown"}),
    }
}

impl InboxView {
    /// People first, then their devices, each in the order of joining.
    fn members(&self) -> Vec<&Member> {
        let mut members: Vec<&Member> = self.state.members().collect();
        members.sort_by_key(|member| {
            (member.identifier.as_installation().is_some(), member.client_timestamp_ns)
        });
        members
    }

    fn is_recovery(&self, member: &MemberIdentifier) -> bool {
        *member == MemberIdentifier::from(self.state.recovery_identifier())
    }

    fn notes(&self, member: &Member) -> String {
        let mut notes = Vec::new();
        if self.is_recovery(&member.identifier) {
            notes.push("recovery".to_owned());
        }
        if let Some(chain) = member.added_on_chain_id {
            notes.push(format!("contract on chain {chain}"));
        }
        if let Some(installation) = member.identifier.as_installation() {
            if self.this_device == Some(installation) {
                notes.push("this device".to_owned());
            }
            notes.extend(self.key_packages.get(&installation).map(key_package));
        }
        notes.join(", ")
    }

    fn row(&self, member: &Member) -> [String; 5] {
        [
            one_line(&member.identifier.to_string()),
            kind(&member.identifier).to_owned(),
            added_at(member).map_or_else(|| "with the inbox".to_owned(), time),
            member.added_by.as_ref().map_or_else(String::new, |by| one_line(&shortened(&by.to_string()))),
            self.notes(member),
        ]
    }

    fn table(&self, style: Style) -> String {
        let rows: Vec<[String; 5]> = self.members().into_iter().map(|member| self.row(member)).collect();
        let widths: Vec<usize> = HEADINGS
            .iter()
            .enumerate()
            .map(|(column, heading)| {
                let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
                cells.max().unwrap_or_default().max(heading.len())
            })
            .collect();
        let line = |cells: Vec<&str>| {
            let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let mut lines = vec![style.faint(&line(HEADINGS.to_vec()))];
        lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
        lines.join("\n")
    }
}

impl Show for InboxView {
    fn text(&self, style: Style) -> String {
        let recovery = self.state.recovery_identifier();
        let outside = match self.state.contains(&recovery.into()) {
            true => "",
            false => " (not a member)",
        };
        let made_by = self.made_by.map_or_else(|| "nobody knows how".to_owned(), |kind| kind.to_string());
        let facts = [
            ("inbox", style.name(&self.state.inbox_id().to_string())),
            ("recovery", format!("{}{outside}", one_line(&recovery.to_string()))),
            ("made by", made_by),
            ("updates", format!("{} of {MAX_UPDATES}", self.updates)),
        ];
        let mut text = self.news.map(|news| format!("{}\n", style.good(news))).unwrap_or_default();
        for (name, value) in facts {
            text.push_str(&format!("{}  {value}\n", style.faint(&format!("{name:<8}"))));
        }
        text.push('\n');
        text.push_str(&self.table(style));
        text
    }

    fn json(&self) -> Value {
        let member = |member: &Member| {
            let mut value = json!({
                "identifier": member.identifier.to_string(),
                "kind": kind(&member.identifier),
                "added_by": member.added_by.as_ref().map(ToString::to_string),
                "added_at_ns": member.client_timestamp_ns,
                "chain_id": member.added_on_chain_id,
                "is_recovery": self.is_recovery(&member.identifier),
            });
            if let Some(installation) = member.identifier.as_installation() {
                value["is_this_device"] = json!(self.this_device == Some(installation));
                value["key_package"] =
                    self.key_packages.get(&installation).map_or(Value::Null, key_package_json);
            }
            value
        };
        json!({
            "inbox_id": self.state.inbox_id().to_string(),
            "recovery": self.state.recovery_identifier().to_string(),
            "made_by": self.made_by.map(|kind| kind.to_string()),
            "updates": self.updates,
            "members": self.members().into_iter().map(member).collect::<Vec<_>>(),
        })
    }
}
