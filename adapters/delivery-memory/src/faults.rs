//! What can go wrong on a network, on purpose: for tests of what uses [`MemoryNetwork`].

use hexmtp_domain::framing::classify;
use hexmtp_domain::{Cursor, GroupId, InboxId, InstallationId, Originator, SequenceId, WelcomeDestination};
use hexmtp_ports::delivery::{OutboundGroupMessage, OutboundWelcome, WelcomePayload};

use crate::calls::Call;
use crate::network::MemoryNetwork;
use crate::subscription::End;

/// Makes calls of one network fail, and lets its server misbehave.
///
/// A refused call changes nothing. Faults of different calls do not touch one another.
#[derive(Clone, Debug)]
pub struct Faults(MemoryNetwork);

impl Faults {
    pub(crate) const fn new(network: MemoryNetwork) -> Self {
        Self(network)
    }

    /// The next `count` calls of this method cannot reach the network. Replaces an earlier count.
    pub fn fail_next(&self, call: Call, count: u64) {
        self.0.change(|state| state.gate.failures.insert(call, count));
    }

    /// The next call of this method is served, but its caller is told that the network cannot be reached.
    /// Failures that were asked for come first.
    pub fn lose_answer_next(&self, call: Call) {
        self.0.change(|state| *state.gate.lost_answers.entry(call).or_default() += 1);
    }

    /// Calls of this method wait, before they have any effect, until [`Faults::release`].
    pub fn hold(&self, call: Call) {
        self.0.change(|state| state.gate.held.insert(call));
    }

    /// Lets the calls that wait, and later ones, go on.
    pub fn release(&self, call: Call) {
        self.0.change(|state| state.gate.release(call));
    }

    /// While offline no call reaches the network. Going offline breaks all subscriptions.
    pub fn set_offline(&self, offline: bool) {
        self.0.change(|state| {
            state.gate.offline = offline;
            if offline {
                state.subscribers.end_all(End::Offline);
            }
        });
    }

    /// The server ends all present subscriptions; what they have not read is lost to them.
    pub fn end_subscriptions(&self) {
        self.0.change(|state| state.subscribers.end_all(End::Stopped));
    }

    /// Puts any bytes into a group's log, even the same ones again. What is not a commit counts as an
    /// application message.
    pub fn inject_group_envelope(&self, group_id: GroupId, data: Vec<u8>) -> Cursor {
        let originator = classify(group_id, &data).unwrap_or(Originator::APPLICATION_MESSAGES);
        let message = OutboundGroupMessage { group_id, data, sender_hmac: Vec::new(), should_push: false };
        self.0.change(|state| state.append_message(originator, message))
    }

    /// Puts any welcome into a destination's log, even the same one again.
    pub fn inject_welcome(&self, destination: WelcomeDestination, payload: WelcomePayload) -> Cursor {
        self.0.change(|state| state.append_welcome(OutboundWelcome { destination, payload }))
    }

    /// Replaces an installation's key package by any bytes, or by none.
    pub fn replace_key_package_raw(&self, installation: InstallationId, key_package: Option<Vec<u8>>) {
        self.0.change(|state| match key_package {
            Some(bytes) => state.key_packages.insert(installation, bytes),
            None => state.key_packages.remove(&installation),
        });
    }

    /// Puts any bytes into an inbox's log. Once that holds an update that does not apply, the network refuses all
    /// further updates of this inbox, as a real one would.
    pub fn inject_identity_update(&self, inbox: InboxId, update: &[u8]) -> SequenceId {
        self.0.change(|state| state.append_identity_update(inbox, update))
    }
}

#[cfg(test)]
#[path = "faults_tests.rs"]
mod tests;
