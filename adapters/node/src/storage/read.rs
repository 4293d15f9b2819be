//! Reading messages, welcomes, key packages and the commit log.

use std::collections::HashMap;

use hexmtp_domain::Topic;
use hexmtp_proto::xmtp::mls::api::v1::{WelcomeMessage, group_message};
use hexmtp_proto::xmtp::mls::message_contents::CommitLogEntry;
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::{Page, PageRequest, Storage, page};
use crate::entity::{LogTable, commit_log, from_stored, group_message as messages, key_package, welcome};
use crate::envelope::{Body, Envelope};
use crate::error::StorageError;

/// SQLite takes at most 500 parts of a union.
const UNION: usize = 250;
/// Values in one list of a statement.
const LIST: usize = 500;

impl Storage {
    /// A page of a group's messages.
    pub(crate) async fn group_messages(
        &self,
        group_id: &[u8],
        request: PageRequest,
        most_bytes: Option<u64>,
    ) -> Result<Page<group_message::V1>, StorageError> {
        let budget = most_bytes.unwrap_or(self.0.page_bytes);
        let largest = self.largest_group_message();
        let page = page::read::<messages::Entity>(self.readers(), group_id, request, budget, largest).await?;
        Ok(page.map(group_message::V1::from))
    }

    /// A page of the welcomes of a destination.
    pub(crate) async fn welcomes(
        &self,
        destination: &[u8],
        request: PageRequest,
        most_bytes: Option<u64>,
    ) -> Result<Page<WelcomeMessage>, StorageError> {
        let budget = most_bytes.unwrap_or(self.0.page_bytes);
        let largest = self.largest_welcome();
        let page =
            page::read::<welcome::Entity>(self.readers(), destination, request, budget, largest).await?;
        Ok(page.map(WelcomeMessage::from))
    }

    /// A page of a group's commit log, whose entries are all small.
    pub(crate) async fn commit_log(
        &self,
        group_id: &[u8],
        request: PageRequest,
    ) -> Result<Page<CommitLogEntry>, StorageError> {
        let page = page::read::<commit_log::Entity>(self.readers(), group_id, request, u64::MAX, 0).await?;
        Ok(page.map(CommitLogEntry::from))
    }

    /// What follows a number in a log that can be subscribed.
    pub(crate) async fn envelopes_after(
        &self,
        topic: Topic,
        request: PageRequest,
        most_bytes: u64,
    ) -> Result<Page<Envelope>, StorageError> {
        let budget = Some(std::cmp::min(most_bytes, self.0.page_bytes));
        match topic {
            Topic::Group(id) => {
                let page = self.group_messages(id.as_ref(), request, budget).await?;
                Ok(page.map(|message| Envelope::of_group(topic, message)))
            }
            Topic::Welcome(id) => {
                let page = self.welcomes(id.as_ref(), request, budget).await?;
                Ok(page.map(|message| Envelope::of_welcome(topic, message)))
            }
            Topic::Identity(_) | Topic::KeyPackage(_) => Ok(Page { rows: Vec::new(), has_more: false }),
        }
    }

    /// The highest number of each of the logs that is not empty.
    pub(crate) async fn newest(&self, topics: &[Topic]) -> Result<HashMap<Topic, u64>, StorageError> {
        let mut newest = HashMap::new();
        let (mut groups, mut destinations) = (Vec::new(), Vec::new());
        for topic in topics {
            match topic {
                Topic::Group(id) => groups.push((*topic, id.to_vec())),
                Topic::Welcome(id) => destinations.push((*topic, id.to_vec())),
                Topic::Identity(_) | Topic::KeyPackage(_) => {}
            }
        }
        self.newest_of::<messages::Entity>(groups, &mut newest).await?;
        self.newest_of::<welcome::Entity>(destinations, &mut newest).await?;
        Ok(newest)
    }

    /// Asks for each log by itself within one statement: the index answers with one look, however long a log is.
    async fn newest_of<E: LogTable>(
        &self,
        topics: Vec<(Topic, Vec<u8>)>,
        newest: &mut HashMap<Topic, u64>,
    ) -> Result<(), StorageError> {
        for chunk in topics.chunks(UNION) {
            let mut parts = chunk.iter().enumerate().map(|(place, (_, id))| newest_in::<E>(place, id));
            let Some(mut query) = parts.next() else { continue };
            for part in parts {
                query.union(UnionType::All, part);
            }
            for row in self.readers().query_all(&query).await? {
                let (place, id): (i64, Option<i64>) = (row.try_get("", "place")?, row.try_get("", "newest")?);
                let topic = usize::try_from(place).ok().and_then(|place| chunk.get(place));
                if let (Some((topic, _)), Some(id)) = (topic, id) {
                    newest.insert(*topic, from_stored(id));
                }
            }
        }
        Ok(())
    }

    /// The newest message of each group that has one, by group.
    pub(crate) async fn newest_group_messages(
        &self,
        groups: &[Topic],
        with_content: bool,
    ) -> Result<HashMap<Vec<u8>, group_message::V1>, StorageError> {
        let ids: Vec<i64> = self.newest(groups).await?.into_values().map(crate::entity::to_stored).collect();
        if with_content {
            self.require_fit(&ids).await?;
        }
        let mut found = HashMap::new();
        for chunk in ids.chunks(LIST) {
            let list = messages::Entity::find().filter(messages::Column::Id.is_in(chunk.iter().copied()));
            if with_content {
                for row in list.all(self.readers()).await? {
                    found.insert(row.group_id.clone(), row.into());
                }
            } else {
                let columns = [
                    messages::Column::Id,
                    messages::Column::CreatedNs,
                    messages::Column::GroupId,
                    messages::Column::IsCommit,
                ];
                let rows = list.select_only().columns(columns).into_tuple::<(i64, i64, Vec<u8>, bool)>();
                for (id, created_ns, group_id, is_commit) in rows.all(self.readers()).await? {
                    let (id, created_ns) = (from_stored(id), from_stored(created_ns));
                    let key = group_id.clone();
                    found.insert(
                        key,
                        group_message::V1 { id, created_ns, group_id, is_commit, ..Default::default() },
                    );
                }
            }
        }
        Ok(found)
    }

    /// Whether these messages together are no more than a client takes.
    async fn require_fit(&self, ids: &[i64]) -> Result<(), StorageError> {
        let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        if count.saturating_mul(self.largest_group_message()) <= self.0.page_bytes {
            return Ok(());
        }
        let mut total = 0_u64;
        for chunk in ids.chunks(LIST) {
            let list = messages::Entity::find().filter(messages::Column::Id.is_in(chunk.iter().copied()));
            let sizes = list.select_only().column(messages::Column::Size).into_tuple::<i64>();
            let sizes = sizes.all(self.readers()).await?;
            total = sizes.into_iter().map(from_stored).fold(total, u64::saturating_add);
        }
        if total > self.0.page_bytes { Err(StorageError::TooMuch) } else { Ok(()) }
    }

    /// The key packages of those installations that have one.
    pub(crate) async fn key_packages(
        &self,
        installations: &[Vec<u8>],
    ) -> Result<HashMap<Vec<u8>, Vec<u8>>, StorageError> {
        let mut found = HashMap::new();
        let mut total = 0_u64;
        for chunk in installations.chunks(LIST) {
            let list = key_package::Column::Installation.is_in(chunk.iter().cloned());
            for row in key_package::Entity::find().filter(list).all(self.readers()).await? {
                total = total.saturating_add(u64::try_from(row.key_package.len()).unwrap_or(u64::MAX));
                found.insert(row.installation, row.key_package);
            }
            if total > self.0.page_bytes {
                return Err(StorageError::TooMuch);
            }
        }
        Ok(found)
    }
}

/// `SELECT <place> AS place, MAX(id) AS newest` of one log.
fn newest_in<E: LogTable>(place: usize, id: &[u8]) -> SelectStatement {
    Query::select()
        .expr_as(Expr::value(i64::try_from(place).unwrap_or(i64::MAX)), "place")
        .expr_as(Expr::col(E::ID).max(), "newest")
        .from(E::default().into_iden())
        .and_where(Expr::col(E::TOPIC).eq(id.to_vec()))
        .take()
}

impl<T> Page<T> {
    /// The same page with other entries.
    fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(change).collect(), has_more: self.has_more }
    }
}

impl Envelope {
    /// A stored message.
    pub(crate) fn of_group(topic: Topic, message: group_message::V1) -> Self {
        let size = message.data.len() + message.sender_hmac.len();
        Self { topic, id: message.id, size, body: Body::Group(message) }
    }

    /// A stored welcome.
    pub(crate) fn of_welcome(topic: Topic, message: WelcomeMessage) -> Self {
        use hexmtp_proto::xmtp::mls::api::v1::welcome_message::Version;
        let (id, size) = match &message.version {
            Some(Version::V1(welcome)) => (
                welcome.id,
                welcome.data.len() + welcome.hpke_public_key.len() + welcome.welcome_metadata.len(),
            ),
            Some(Version::WelcomePointer(pointer)) => {
                (pointer.id, pointer.welcome_pointer.len() + pointer.hpke_public_key.len())
            }
            None => (0, 0),
        };
        Self { topic, id, size, body: Body::Welcome(message) }
    }
}
