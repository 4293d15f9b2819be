//! A network that remembers how often each payload was handed to it, also where the server keeps it only once.

#![allow(clippy::expect_used, reason = "a lock that a panic poisoned fails the test that asks")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hexmtp_domain::{
    GroupId, InstallationId, PayloadHash, SequenceId, Topic, VectorClock, WelcomeDestination,
};
use hexmtp_ports::bounds::BoxStream;
use hexmtp_ports::delivery::{
    DeliveryError, DeliveryService, Envelope, GroupEnvelope, NewestMessage, OutboundGroupMessage,
    OutboundWelcome, Page, WelcomeEnvelope,
};
use hexmtp_ports::port;

/// What a payload's publication is told to.
type Witness = Box<dyn Fn(PayloadHash) + Send + Sync>;

/// A delivery service, and what was published by way of this to it.
#[derive(Clone)]
pub struct Recorded {
    network: Arc<dyn DeliveryService>,
    payloads: Arc<Mutex<BTreeMap<PayloadHash, usize>>>,
    welcomes: Arc<Mutex<BTreeMap<WelcomeDestination, usize>>>,
    witness: Arc<Option<Witness>>,
}

impl Recorded {
    /// Records what is published to a network.
    #[must_use]
    pub fn new(network: Arc<dyn DeliveryService>) -> Self {
        Self { network, payloads: Arc::default(), welcomes: Arc::default(), witness: Arc::new(None) }
    }

    /// Also tells somebody of each payload once the network has answered.
    #[must_use]
    pub fn telling(network: Arc<dyn DeliveryService>, witness: Witness) -> Self {
        Self { witness: Arc::new(Some(witness)), ..Self::new(network) }
    }

    /// How often each payload was published.
    ///
    /// # Panics
    /// When a test panicked while it looked.
    #[must_use]
    pub fn times(&self) -> Vec<usize> {
        self.payloads.lock().expect("whole").values().copied().collect()
    }

    /// How often a welcome was sent to an installation.
    ///
    /// # Panics
    /// When a test panicked while it looked.
    #[must_use]
    pub fn welcomes_to(&self, installation: InstallationId) -> usize {
        self.welcomes.lock().expect("whole").get(&installation).copied().unwrap_or_default()
    }

    /// Fails unless everything was published once.
    ///
    /// # Panics
    /// When something was published more than once.
    pub fn assert_once(&self) {
        assert!(self.times().iter().all(|times| *times == 1), "published so often: {:?}", self.times());
    }
}

#[port]
impl DeliveryService for Recorded {
    /// A call that is dropped while it is held has reached nobody, and is not recorded.
    async fn publish_group_messages(&self, messages: Vec<OutboundGroupMessage>) -> Result<(), DeliveryError> {
        let hashes: Vec<PayloadHash> = messages.iter().map(|it| PayloadHash::of(&it.data)).collect();
        let answer = self.network.publish_group_messages(messages).await;
        for hash in hashes {
            *self.payloads.lock().expect("whole").entry(hash).or_default() += 1;
            if let Some(witness) = self.witness.as_ref() {
                witness(hash);
            }
        }
        answer
    }

    async fn query_group_messages(
        &self,
        group_id: GroupId,
        after: &VectorClock,
        limit: usize,
    ) -> Result<Page<GroupEnvelope>, DeliveryError> {
        self.network.query_group_messages(group_id, after, limit).await
    }

    async fn newest_group_messages(
        &self,
        groups: &[GroupId],
    ) -> Result<Vec<Option<NewestMessage>>, DeliveryError> {
        self.network.newest_group_messages(groups).await
    }

    async fn publish_welcomes(&self, welcomes: Vec<OutboundWelcome>) -> Result<(), DeliveryError> {
        let destinations: Vec<WelcomeDestination> = welcomes.iter().map(|it| it.destination).collect();
        let answer = self.network.publish_welcomes(welcomes).await;
        let mut sent = self.welcomes.lock().expect("whole");
        destinations.into_iter().for_each(|destination| *sent.entry(destination).or_default() += 1);
        answer
    }

    async fn query_welcomes(
        &self,
        destination: WelcomeDestination,
        after: SequenceId,
        limit: usize,
    ) -> Result<Page<WelcomeEnvelope>, DeliveryError> {
        self.network.query_welcomes(destination, after, limit).await
    }

    async fn upload_key_package(&self, key_package: Vec<u8>) -> Result<(), DeliveryError> {
        self.network.upload_key_package(key_package).await
    }

    async fn fetch_key_packages(
        &self,
        installations: &[InstallationId],
    ) -> Result<Vec<Option<Vec<u8>>>, DeliveryError> {
        self.network.fetch_key_packages(installations).await
    }

    async fn subscribe(
        &self,
        topics: Vec<(Topic, VectorClock)>,
    ) -> Result<BoxStream<'static, Result<Envelope, DeliveryError>>, DeliveryError> {
        self.network.subscribe(topics).await
    }
}
