//! What an official client says of a conversation.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// An inbox as the official client folds its log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct InboxState {
    /// The inbox.
    pub inbox: String,
    /// The address that may revoke.
    pub recovery: String,
    /// Addresses, sorted.
    pub identifiers: Vec<String>,
    /// Installations, sorted.
    pub installations: Vec<String>,
}

/// A member with its installations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Member {
    /// The inbox.
    pub inbox: String,
    /// Its installations, sorted.
    pub installations: Vec<String>,
    /// `member`, `admin` or `superAdmin`.
    pub level: String,
}

/// When messages disappear.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Disappearing {
    /// From when on, in nanoseconds since 1970.
    #[serde(deserialize_with = "number")]
    pub from_ns: i64,
    /// After how many nanoseconds.
    #[serde(deserialize_with = "number")]
    pub in_ns: i64,
}

/// A conversation; a DM has no name, lists and policies.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The group id.
    pub id: String,
    /// Whether the client is a member.
    pub active: bool,
    /// The MLS epoch.
    pub epoch: u64,
    /// Whether the client suspects that it has left the others' history.
    pub maybe_forked: bool,
    /// Why it suspects that.
    pub fork_details: String,
    /// The local commit log as the SDK prints it, with authenticators cut to three bytes.
    pub commits: String,
    /// The members.
    pub members: Vec<Member>,
    /// When messages disappear, where that was ever set.
    pub disappearing: Option<Disappearing>,
    /// The version that the client would have to have.
    pub paused_for: Option<String>,
    /// The other side of a DM.
    pub peer: Option<String>,
    /// The group's name.
    pub name: Option<String>,
    /// The group's description.
    pub description: Option<String>,
    /// The address of the group's picture.
    pub image_url: Option<String>,
    /// The application's text.
    pub app_data: Option<String>,
    /// Admins, sorted.
    pub admins: Option<Vec<String>>,
    /// Super admins, sorted.
    pub super_admins: Option<Vec<String>>,
    /// Whether the client has asked to leave.
    pub pending_removal: Option<bool>,
    /// `allMembers`, `adminsOnly` or `custom`.
    pub preset: Option<String>,
    /// Who may do what.
    pub policies: Option<BTreeMap<String, String>>,
}

/// A message as the SDK lists it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfficialMessage {
    /// Its id.
    pub id: String,
    /// The group in which it was sent.
    pub group: String,
    /// The inbox that sent it.
    pub sender: String,
    /// Whether a member sent it; the rest tells what a commit changed.
    pub application: bool,
    /// Whether the network has it.
    pub published: bool,
    /// When, in nanoseconds since 1970.
    #[serde(deserialize_with = "number")]
    pub sent_at_ns: i64,
    /// The content type as `authority/type`.
    #[serde(rename = "type")]
    pub content_type: String,
    /// The text of a text.
    pub text: Option<String>,
    /// The content within the encoded content in hexadecimal, from those whose database cannot be read.
    pub body: Option<String>,
}

/// 64-bit numbers cross as text: they do not fit into JSON's.
fn number<'de, D: Deserializer<'de>>(source: D) -> Result<i64, D::Error> {
    String::deserialize(source)?.parse().map_err(serde::de::Error::custom)
}
