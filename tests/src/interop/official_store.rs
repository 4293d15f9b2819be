//! What an official client keeps in its database, read beside it: the exact bytes of messages and the whole epoch
//! authenticators, which the SDK shows to nobody.

use std::path::{Path, PathBuf};

use hexmtp_domain::{GroupId, MessageId};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

/// A message, or a line of the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its id.
    pub id: MessageId,
    /// Whether a member sent it; the rest tells what a commit changed.
    pub application: bool,
    /// The sender's inbox.
    pub sender: String,
    /// The sender's installation.
    pub installation: Vec<u8>,
    /// When, in nanoseconds since 1970.
    pub sent_at_ns: i64,
    /// Whether the network has it.
    pub published: bool,
    /// The serialized `EncodedContent`.
    pub content: Vec<u8>,
    /// The server's sequence id.
    pub sequence_id: i64,
}

/// A line of the local commit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCommit {
    /// The commit's sequence id; zero for the group's creation and for a welcome.
    pub sequence_id: i64,
    /// 1 when it was applied, else why not (PROTOCOL.md 7.2).
    pub result: i64,
    /// The epoch afterwards.
    pub epoch: i64,
    /// The authenticator of that epoch.
    pub authenticator: Vec<u8>,
}

/// The database of an official client.
#[derive(Clone)]
pub struct OfficialStore {
    file: PathBuf,
    pool: SqlitePool,
}

impl OfficialStore {
    /// Opens the file to read it.
    ///
    /// # Panics
    /// Never: nothing is opened before it is read.
    #[must_use]
    pub fn new(file: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options);
        Self { file: file.to_path_buf(), pool }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The messages of a group in the order of their times: all of them, also those that the SDK folds into others when
    /// it lists them, such as reactions.
    ///
    /// # Panics
    /// When the database cannot be read.
    pub async fn messages(&self, group: GroupId) -> Vec<StoredMessage> {
        type Row = (Vec<u8>, i64, String, Vec<u8>, i64, i64, Vec<u8>, i64);
        let sql = "SELECT id, kind, sender_inbox_id, sender_installation_id, sent_at_ns, delivery_status, \
                   decrypted_message_bytes, sequence_id FROM group_messages WHERE group_id = ? ORDER BY sent_at_ns";
        let rows: Vec<Row> =
            sqlx::query_as(sql).bind(group.to_vec()).fetch_all(&self.pool).await.expect("its messages");
        rows.into_iter()
            .map(|(id, kind, sender, installation, sent_at_ns, status, content, sequence_id)| StoredMessage {
                id: MessageId::from_slice(&id).expect("an id"),
                application: kind == 1,
                sender,
                installation,
                sent_at_ns,
                published: status == 2,
                content,
                sequence_id,
            })
            .collect()
    }

    /// What the client made of the group's commits, oldest first.
    ///
    /// # Panics
    /// When the database cannot be read.
    pub async fn commits(&self, group: GroupId) -> Vec<StoredCommit> {
        let sql = "SELECT commit_sequence_id, commit_result, applied_epoch_number, applied_epoch_authenticator \
                   FROM local_commit_log WHERE group_id = ? ORDER BY rowid";
        let rows: Vec<(i64, i64, i64, Vec<u8>)> =
            sqlx::query_as(sql).bind(group.to_vec()).fetch_all(&self.pool).await.expect("its commit log");
        rows.into_iter()
            .map(|(sequence_id, result, epoch, authenticator)| StoredCommit {
                sequence_id,
                result,
                epoch,
                authenticator,
            })
            .collect()
    }
}
