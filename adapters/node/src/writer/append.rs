//! New rows of the logs.

use std::collections::HashSet;
use std::sync::Arc;

use hexmtp_domain::Topic;
use hexmtp_proto::xmtp::mls::api::v1::{
    PublishCommitLogRequest, WelcomeMessage, group_message, welcome_message, welcome_message_input,
};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::counters::Counter;
use super::{NewGroupMessage, NewWelcome};
use crate::entity::{commit_log, group_message as messages, key_package, to_stored, welcome};
use crate::envelope::{Body, Envelope};

/// Rows of one statement. SQLite takes 32 766 values, PostgreSQL 65 535.
const ROWS: usize = 500;

/// The items whose hashes are neither in the column nor twice in the list.
async fn only_new<'a, E: EntityTrait, T>(
    connection: &impl ConnectionTrait,
    column: E::Column,
    items: Vec<(Vec<u8>, &'a T)>,
) -> Result<Vec<(Vec<u8>, &'a T)>, DbErr> {
    let mut known = HashSet::new();
    for chunk in items.chunks(ROWS) {
        let list = column.is_in(chunk.iter().map(|(hash, _)| hash.clone()));
        let found = E::find().filter(list).select_only().column(column).into_tuple::<Vec<u8>>();
        known.extend(found.all(connection).await?);
    }
    Ok(items.into_iter().filter(|(hash, _)| known.insert(hash.clone())).collect())
}

async fn insert_all<E, A>(connection: &impl ConnectionTrait, rows: Vec<A>) -> Result<(), DbErr>
where
    E: EntityTrait,
    A: ActiveModelTrait<Entity = E>,
{
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        E::insert_many(rows.by_ref().take(ROWS)).exec_without_returning(connection).await?;
    }
    Ok(())
}

/// Appends messages to the logs of their groups.
pub(super) async fn group_messages(
    connection: &impl ConnectionTrait,
    counter: &mut Counter,
    now_ns: u64,
    items: Vec<&NewGroupMessage>,
) -> Result<Vec<Arc<Envelope>>, DbErr> {
    let hashed = items.into_iter().map(|it| (it.hash.to_vec(), it));
    let new =
        only_new::<messages::Entity, _>(connection, messages::Column::PayloadHash, hashed.collect()).await?;
    let (mut rows, mut envelopes) = (Vec::new(), Vec::new());
    for (hash, item) in new {
        let (id, created_ns) = counter.next(now_ns);
        let message = group_message::V1 {
            id,
            created_ns,
            group_id: item.group_id.to_vec(),
            data: item.input.data.clone(),
            sender_hmac: item.input.sender_hmac.clone(),
            should_push: item.input.should_push,
            is_commit: item.is_commit,
        };
        let envelope = Arc::new(Envelope::of_group(Topic::Group(item.group_id), message));
        rows.push(group_message_row(hash, &envelope));
        envelopes.push(envelope);
    }
    grow(counter, &envelopes);
    insert_all(connection, rows.into_iter().flatten().collect()).await?;
    Ok(envelopes)
}

fn group_message_row(hash: Vec<u8>, envelope: &Envelope) -> Option<messages::ActiveModel> {
    let Body::Group(message) = &envelope.body else { return None };
    Some(messages::ActiveModel {
        id: Set(to_stored(message.id)),
        group_id: Set(message.group_id.clone()),
        created_ns: Set(to_stored(message.created_ns)),
        payload_hash: Set(hash),
        size: Set(i64::try_from(envelope.size).unwrap_or(i64::MAX)),
        data: Set(message.data.clone()),
        sender_hmac: Set(message.sender_hmac.clone()),
        should_push: Set(message.should_push),
        is_commit: Set(message.is_commit),
    })
}

/// Appends welcomes to the logs of their destinations.
pub(super) async fn welcomes(
    connection: &impl ConnectionTrait,
    counter: &mut Counter,
    now_ns: u64,
    items: Vec<&NewWelcome>,
) -> Result<Vec<Arc<Envelope>>, DbErr> {
    let hashed = items.into_iter().map(|it| (it.hash.to_vec(), it));
    let new =
        only_new::<welcome::Entity, _>(connection, welcome::Column::PayloadHash, hashed.collect()).await?;
    let (mut rows, mut envelopes) = (Vec::new(), Vec::new());
    for (hash, item) in new {
        let (id, created_ns) = counter.next(now_ns);
        let message = item.numbered(id, created_ns);
        let envelope = Arc::new(Envelope::of_welcome(Topic::Welcome(item.destination), message));
        rows.push(welcome_row(hash, &envelope));
        envelopes.push(envelope);
    }
    grow(counter, &envelopes);
    insert_all(connection, rows.into_iter().flatten().collect()).await?;
    Ok(envelopes)
}

impl NewWelcome {
    fn numbered(&self, id: u64, created_ns: u64) -> WelcomeMessage {
        let installation_key = self.destination.to_vec();
        let version = self.input.version.clone().map(|version| match version {
            welcome_message_input::Version::V1(welcome) => {
                welcome_message::Version::V1(welcome_message::V1 {
                    id,
                    created_ns,
                    installation_key,
                    data: welcome.data,
                    hpke_public_key: welcome.hpke_public_key,
                    wrapper_algorithm: welcome.wrapper_algorithm,
                    welcome_metadata: welcome.welcome_metadata,
                })
            }
            welcome_message_input::Version::WelcomePointer(pointer) => {
                welcome_message::Version::WelcomePointer(welcome_message::WelcomePointer {
                    id,
                    created_ns,
                    installation_key,
                    welcome_pointer: pointer.welcome_pointer,
                    hpke_public_key: pointer.hpke_public_key,
                    wrapper_algorithm: pointer.wrapper_algorithm,
                })
            }
        });
        WelcomeMessage { version }
    }
}

fn welcome_row(hash: Vec<u8>, envelope: &Envelope) -> Option<welcome::ActiveModel> {
    let Body::Welcome(WelcomeMessage { version: Some(version) }) = &envelope.body else { return None };
    let size = Set(i64::try_from(envelope.size).unwrap_or(i64::MAX));
    let payload_hash = Set(hash);
    Some(match version.clone() {
        welcome_message::Version::V1(welcome) => welcome::ActiveModel {
            id: Set(to_stored(welcome.id)),
            destination: Set(welcome.installation_key),
            created_ns: Set(to_stored(welcome.created_ns)),
            payload_hash,
            size,
            is_pointer: Set(false),
            data: Set(welcome.data),
            hpke_public_key: Set(welcome.hpke_public_key),
            algorithm: Set(welcome.wrapper_algorithm),
            metadata: Set(welcome.welcome_metadata),
        },
        welcome_message::Version::WelcomePointer(pointer) => welcome::ActiveModel {
            id: Set(to_stored(pointer.id)),
            destination: Set(pointer.installation_key),
            created_ns: Set(to_stored(pointer.created_ns)),
            payload_hash,
            size,
            is_pointer: Set(true),
            data: Set(pointer.welcome_pointer),
            hpke_public_key: Set(pointer.hpke_public_key),
            algorithm: Set(pointer.wrapper_algorithm),
            metadata: Set(Vec::new()),
        },
    })
}

/// Appends entries to the commit logs of their groups. Says how many.
pub(super) async fn commit_log(
    connection: &impl ConnectionTrait,
    counter: &mut Counter,
    now_ns: u64,
    items: Vec<&PublishCommitLogRequest>,
) -> Result<u64, DbErr> {
    let mut rows = Vec::new();
    for item in items {
        let (id, created_ns) = counter.next(now_ns);
        let signature = item.signature.clone().unwrap_or_default();
        let size =
            item.serialized_commit_log_entry.len() + signature.bytes.len() + signature.public_key.len();
        rows.push(commit_log::ActiveModel {
            id: Set(to_stored(id)),
            group_id: Set(item.group_id.clone()),
            created_ns: Set(to_stored(created_ns)),
            size: Set(i64::try_from(size).unwrap_or(i64::MAX)),
            entry: Set(item.serialized_commit_log_entry.clone()),
            public_key: Set(signature.public_key),
            signature: Set(signature.bytes),
        });
    }
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    insert_all(connection, rows).await?;
    Ok(count)
}

/// Makes a key package the newest of its installation. Says whether the installation had none.
pub(super) async fn key_package(
    connection: &impl ConnectionTrait,
    now_ns: u64,
    installation: Vec<u8>,
    key_package: Vec<u8>,
) -> Result<bool, DbErr> {
    let had_one = key_package::Entity::find_by_id(installation.clone())
        .select_only()
        .column(key_package::Column::UploadedNs)
        .into_tuple::<i64>()
        .one(connection)
        .await?
        .is_some();
    let row = key_package::ActiveModel {
        installation: Set(installation),
        uploaded_ns: Set(to_stored(now_ns)),
        key_package: Set(key_package),
    };
    let changed = [key_package::Column::UploadedNs, key_package::Column::KeyPackage];
    key_package::Entity::insert(row)
        .on_conflict(OnConflict::column(key_package::Column::Installation).update_columns(changed).to_owned())
        .exec_without_returning(connection)
        .await?;
    Ok(!had_one)
}

fn grow(counter: &mut Counter, envelopes: &[Arc<Envelope>]) {
    for envelope in envelopes {
        counter.largest = counter.largest.max(u64::try_from(envelope.size).unwrap_or(u64::MAX));
    }
}
