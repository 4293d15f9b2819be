//! The calls of all ports: counted, and refused or delayed where a test says so.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

use hexmtp_ports::commit_log::CommitLogError;
use hexmtp_ports::contract_wallet::ContractWalletError;
use hexmtp_ports::delivery::DeliveryError;
use hexmtp_ports::identity_log::IdentityLogError;
use thiserror::Error;

/// A method of one of the ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Call {
    /// `DeliveryService::publish_group_messages`.
    PublishGroupMessages,
    /// `DeliveryService::query_group_messages`.
    QueryGroupMessages,
    /// `DeliveryService::newest_group_messages`.
    NewestGroupMessages,
    /// `DeliveryService::publish_welcomes`.
    PublishWelcomes,
    /// `DeliveryService::query_welcomes`.
    QueryWelcomes,
    /// `DeliveryService::upload_key_package`.
    UploadKeyPackage,
    /// `DeliveryService::fetch_key_packages`.
    FetchKeyPackages,
    /// `DeliveryService::subscribe`.
    Subscribe,
    /// `IdentityLog::publish`.
    PublishIdentityUpdate,
    /// `IdentityLog::updates_after`.
    IdentityUpdatesAfter,
    /// `IdentityLog::inbox_ids`.
    InboxIds,
    /// `ContractWalletVerifier::verify`.
    VerifyContractWallet,
    /// `CommitLog::publish`.
    PublishCommitLog,
    /// `CommitLog::query`.
    QueryCommitLog,
}

/// How often each method was called, failed calls included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallCounts(BTreeMap<Call, u64>);

impl CallCounts {
    /// The calls of one method.
    #[must_use]
    pub fn of(&self, call: Call) -> u64 {
        self.0.get(&call).copied().unwrap_or_default()
    }

    /// All calls.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// The calls since an earlier count of the same network.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let rest = |(call, count): (&Call, &u64)| (*call, count.saturating_sub(earlier.of(*call)));
        Self(self.0.iter().map(rest).filter(|(_, count)| *count > 0).collect())
    }
}

/// The failure that a test asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the in-memory network was told to fail")]
pub(crate) struct Outage;

impl From<Outage> for DeliveryError {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(Box::new(outage))
    }
}

impl From<Outage> for IdentityLogError {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(Box::new(outage))
    }
}

impl From<Outage> for ContractWalletError {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(Box::new(outage))
    }
}

impl From<Outage> for CommitLogError {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(Box::new(outage))
    }
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It waits until it is released.
    Wait,
    /// It fails and changes nothing.
    Refuse,
    /// It is served, and its answer arrives.
    Serve,
    /// It is served, but the caller never learns.
    ServeInSilence,
}

/// Lets calls in, or not.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    pub(crate) counts: CallCounts,
    pub(crate) failures: BTreeMap<Call, u64>,
    pub(crate) lost_answers: BTreeMap<Call, u64>,
    pub(crate) held: BTreeSet<Call>,
    pub(crate) waiting: Vec<Waker>,
    pub(crate) woken: Vec<Waker>,
    pub(crate) offline: bool,
}

impl Gate {
    pub(crate) fn count(&mut self, call: Call) {
        *self.counts.0.entry(call).or_default() += 1;
    }

    /// Wakes all that wait; those whose call is still held will wait again.
    pub(crate) fn release(&mut self, call: Call) {
        self.held.remove(&call);
        self.woken.append(&mut self.waiting);
    }

    pub(crate) fn admit(&mut self, call: Call) -> Admission {
        if self.held.contains(&call) {
            return Admission::Wait;
        }
        if self.offline || take_one(&mut self.failures, call) {
            return Admission::Refuse;
        }
        if take_one(&mut self.lost_answers, call) { Admission::ServeInSilence } else { Admission::Serve }
    }
}

fn take_one(counts: &mut BTreeMap<Call, u64>, call: Call) -> bool {
    let Some(count) = counts.get_mut(&call).filter(|count| **count > 0) else { return false };
    *count -= 1;
    true
}
