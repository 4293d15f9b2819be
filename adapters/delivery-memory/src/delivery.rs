//! The delivery service: group messages, welcomes, key packages.

use std::collections::BTreeMap;

use hexmtp_domain::framing::{FramingError, classify, key_package_owner};
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{
    Cursor, GroupId, InstallationId, Originator, SequenceId, Topic, VectorClock, WelcomeDestination,
};
use hexmtp_ports::bounds::BoxStream;
use hexmtp_ports::delivery::{
    DeliveryError, DeliveryService, Envelope, GroupEnvelope, NewestMessage, OutboundGroupMessage,
    OutboundWelcome, Page, WelcomeEnvelope, WelcomePayload,
};
use hexmtp_ports::port;

use crate::calls::Call;
use crate::network::{MemoryNetwork, State};
use crate::subscription::Subscription;

fn malformed(error: FramingError) -> DeliveryError {
    DeliveryError::Rejected { reason: error.to_string() }
}

impl State {
    /// Appends a message whatever it holds.
    pub(crate) fn append_message(&mut self, originator: Originator, message: OutboundGroupMessage) -> Cursor {
        let OutboundGroupMessage { group_id, data, sender_hmac, should_push } = message;
        let server_time = self.stamp();
        let (index, id) = self.groups.append(group_id, |id| GroupEnvelope {
            group_id,
            cursor: Cursor::new(originator, id),
            server_time,
            data,
            sender_hmac,
            should_push,
        });
        self.subscribers.announce(Topic::Group(group_id), index, id);
        Cursor::new(originator, id)
    }

    /// Appends a welcome whatever it holds.
    pub(crate) fn append_welcome(&mut self, welcome: OutboundWelcome) -> Cursor {
        let OutboundWelcome { destination, payload } = welcome;
        let server_time = self.stamp();
        let (index, id) = self.welcomes.append(destination, |id| WelcomeEnvelope {
            destination,
            cursor: Cursor::new(Originator::WELCOMES, id),
            server_time,
            payload,
        });
        self.subscribers.announce(Topic::Welcome(destination), index, id);
        Cursor::new(Originator::WELCOMES, id)
    }
}

fn rejected(reason: &str) -> DeliveryError {
    DeliveryError::Rejected { reason: reason.to_owned() }
}

/// What a server demands of a welcome (PEER.md 4, PROTOCOL.md 5.3).
fn check_welcome(payload: &WelcomePayload) -> Result<(), DeliveryError> {
    let (data, key, algorithm) = match payload {
        WelcomePayload::Welcome { data, hpke_public_key, algorithm, .. } => {
            (data, hpke_public_key, *algorithm)
        }
        WelcomePayload::Pointer { data, hpke_public_key, algorithm } => {
            if *algorithm != WrapperAlgorithm::XWing {
                return Err(rejected("a welcome pointer must be wrapped with X-Wing"));
            }
            (data, hpke_public_key, *algorithm)
        }
    };
    if data.is_empty() {
        return Err(rejected("a welcome must not be empty"));
    }
    if key.is_empty() && algorithm != WrapperAlgorithm::Symmetric {
        return Err(rejected("a wrapped welcome must name its key"));
    }
    Ok(())
}

const fn payload_data(payload: &WelcomePayload) -> &Vec<u8> {
    match payload {
        WelcomePayload::Welcome { data, .. } | WelcomePayload::Pointer { data, .. } => data,
    }
}

/// What a subscriber has read of each topic. A topic that is named twice starts at the earlier place.
fn starting_points(topics: Vec<(Topic, VectorClock)>) -> Result<BTreeMap<Topic, SequenceId>, DeliveryError> {
    let mut points = BTreeMap::new();
    for (topic, clock) in topics {
        if !matches!(topic, Topic::Group(_) | Topic::Welcome(_)) {
            return Err(rejected("only groups and welcomes can be subscribed"));
        }
        let highest = clock.highest();
        points
            .entry(topic)
            .and_modify(|point: &mut SequenceId| *point = highest.min(*point))
            .or_insert(highest);
    }
    Ok(points)
}

/// The v3 API numbers commits and application messages of all groups by one counter, so of a vector clock only the
/// highest number counts (PROTOCOL.md 7.1).
#[port]
impl DeliveryService for MemoryNetwork {
    /// All messages are checked before the first is appended. One that is stored already is not stored again.
    async fn publish_group_messages(&self, messages: Vec<OutboundGroupMessage>) -> Result<(), DeliveryError> {
        self.serve(Call::PublishGroupMessages, |state| {
            let originators: Vec<Originator> = messages
                .iter()
                .map(|it| classify(it.group_id, &it.data))
                .collect::<Result<_, _>>()
                .map_err(malformed)?;
            for (originator, message) in originators.into_iter().zip(messages) {
                if state.groups.is_new(message.group_id, &message.data) {
                    state.append_message(originator, message);
                }
            }
            Ok(())
        })
        .await
    }

    async fn query_group_messages(
        &self,
        group_id: GroupId,
        after: &VectorClock,
        limit: usize,
    ) -> Result<Page<GroupEnvelope>, DeliveryError> {
        self.serve(Call::QueryGroupMessages, |state| Ok(state.groups.page(group_id, after.highest(), limit)))
            .await
    }

    async fn newest_group_messages(
        &self,
        groups: &[GroupId],
    ) -> Result<Vec<Option<NewestMessage>>, DeliveryError> {
        let newest = |envelope: &GroupEnvelope| NewestMessage {
            cursor: envelope.cursor,
            server_time: envelope.server_time,
        };
        self.serve(Call::NewestGroupMessages, |state| {
            Ok(groups.iter().map(|group| state.groups.log(*group).last().map(newest)).collect())
        })
        .await
    }

    /// All welcomes are checked before the first is appended. One that is stored already is not stored again.
    async fn publish_welcomes(&self, welcomes: Vec<OutboundWelcome>) -> Result<(), DeliveryError> {
        self.serve(Call::PublishWelcomes, |state| {
            welcomes.iter().try_for_each(|welcome| check_welcome(&welcome.payload))?;
            for welcome in welcomes {
                if state.welcomes.is_new(welcome.destination, payload_data(&welcome.payload)) {
                    state.append_welcome(welcome);
                }
            }
            Ok(())
        })
        .await
    }

    async fn query_welcomes(
        &self,
        destination: WelcomeDestination,
        after: SequenceId,
        limit: usize,
    ) -> Result<Page<WelcomeEnvelope>, DeliveryError> {
        self.serve(Call::QueryWelcomes, |state| Ok(state.welcomes.page(destination, after, limit))).await
    }

    async fn upload_key_package(&self, key_package: Vec<u8>) -> Result<(), DeliveryError> {
        self.serve(Call::UploadKeyPackage, |state| {
            let owner = key_package_owner(&key_package).map_err(malformed)?;
            state.key_packages.insert(owner, key_package);
            Ok(())
        })
        .await
    }

    async fn fetch_key_packages(
        &self,
        installations: &[InstallationId],
    ) -> Result<Vec<Option<Vec<u8>>>, DeliveryError> {
        self.serve(Call::FetchKeyPackages, |state| {
            Ok(installations.iter().map(|owner| state.key_packages.get(owner).cloned()).collect())
        })
        .await
    }

    async fn subscribe(
        &self,
        topics: Vec<(Topic, VectorClock)>,
    ) -> Result<BoxStream<'static, Result<Envelope, DeliveryError>>, DeliveryError> {
        // Made by the work itself, so that a subscription whose answer is lost ends with it.
        let work = |state: &mut State| -> Result<_, DeliveryError> {
            Ok(Subscription::new(self.clone(), state.subscribe(starting_points(topics)?)))
        };
        Ok(Box::pin(self.serve(Call::Subscribe, work).await?))
    }
}
