//! Numbers and times for new rows.

use std::time::{SystemTime, UNIX_EPOCH};

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

use crate::entity::{counter, from_stored, to_stored};

/// The counter of one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counter {
    /// The last number that was given.
    pub(super) last_id: u64,
    /// The last time that was given, in nanoseconds since the Unix epoch.
    pub(super) last_ns: u64,
    /// The bytes of the largest row.
    pub(super) largest: u64,
}

impl Counter {
    /// The next number and a time for it: the clock's, but always later than that of the number before.
    pub(super) fn next(&mut self, now_ns: u64) -> (u64, u64) {
        self.last_id = self.last_id.saturating_add(1);
        self.last_ns = now_ns.max(self.last_ns.saturating_add(1));
        (self.last_id, self.last_ns)
    }
}

/// The counters of all tables with numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) group_messages: Counter,
    pub(super) welcomes: Counter,
    pub(super) commit_log: Counter,
    pub(super) identity_updates: Counter,
}

impl Counters {
    fn named(&mut self) -> [(&'static str, &mut Counter); 4] {
        [
            ("group_messages", &mut self.group_messages),
            ("welcomes", &mut self.welcomes),
            ("commit_log", &mut self.commit_log),
            ("identity_updates", &mut self.identity_updates),
        ]
    }

    /// The counters as stored.
    pub(super) async fn load(connection: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let mut counters = Self::default();
        for row in counter::Entity::find().all(connection).await? {
            for (name, counter) in counters.named() {
                if name == row.name {
                    *counter = Counter {
                        last_id: from_stored(row.last_id),
                        last_ns: from_stored(row.last_ns),
                        largest: from_stored(row.largest),
                    };
                }
            }
        }
        Ok(counters)
    }

    /// Stores those that differ from `before`.
    pub(super) async fn store(
        mut self,
        mut before: Self,
        connection: &impl ConnectionTrait,
    ) -> Result<(), DbErr> {
        for ((name, counter), (_, before)) in self.named().into_iter().zip(before.named()) {
            if counter == before {
                continue;
            }
            let row = counter::ActiveModel {
                name: Set(name.to_owned()),
                last_id: Set(to_stored(counter.last_id)),
                last_ns: Set(to_stored(counter.last_ns)),
                largest: Set(to_stored(counter.largest)),
            };
            let changed = [counter::Column::LastId, counter::Column::LastNs, counter::Column::Largest];
            counter::Entity::insert(row)
                .on_conflict(OnConflict::column(counter::Column::Name).update_columns(changed).to_owned())
                .exec_without_returning(connection)
                .await?;
        }
        Ok(())
    }
}

/// The system's clock. A clock before 1970 counts as 1970.
pub(super) fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
