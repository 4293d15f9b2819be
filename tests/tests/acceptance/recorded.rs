//! A network that remembers how often each payload was handed to it, also where the server keeps it only once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hexmtp::Client;
use hexmtp::domain::{GroupId, InstallationId, PayloadHash, SequenceId, Topic, VectorClock, WelcomeDestination};
use hexmtp::ports::bounds::BoxStream;
use hexmtp::ports::delivery::{
    DeliveryError, DeliveryService, Envelope, GroupEnvelope, NewestMessage, OutboundGroupMessage,
    OutboundWelcome, Page, WelcomeEnvelope,
};
use hexmtp::ports::port;
use hexmtp_delivery_memory::MemoryNetwork;
use hexmtp_tests::world::{Device, World};

/// The network of a world, and what was published over this way to it.
#[derive(Clone)]
pub(crate) struct Recorded {
    network: MemoryNetwork,
    payloads: Arc<Mutex<BTreeMap<PayloadHash, usize>>>,
    welcomes: Arc<Mutex<BTreeMap<WelcomeDestination, usize>>>,
}

impl Recorded {
    pub(crate) fn new(world: &World) -> Self {
        Self { network: world.network.clone(), payloads: Arc::default(), welcomes: Arc::default() }
    }

    /// Another client on the device's store, over this network: another process on the installation.
    pub(crate) async fn process_of(&self, device: &Device) -> Client {
        let mut ports = device.ports.clone();
        ports.delivery = Arc::new(self.clone());
        Client::builder(ports).open().await.expect("registered")
    }

    /// How often each payload was published.
    pub(crate) fn times(&self) -> Vec<usize> {
        self.payloads.lock().expect("whole").values().copied().collect()
    }

    /// How often a welcome was sent to an installation.
    pub(crate) fn welcomes_to(&self, installation: InstallationId) -> usize {
        self.welcomes.lock().expect("whole").get(&installation).copied().unwrap_or_default()
    }

    /// Fails unless everything was published once.
    pub(crate) fn assert_once(&self) {
        assert!(self.times().iter().all(|times| *times == 1), "published so often: {:?}", self.times());
    }
}

#[port]
impl DeliveryService for Recorded {
    /// A call that is dropped while it is held has reached nobody.
    async fn publish_group_messages(&self, messages: Vec<OutboundGroupMessage>) -> Result<(), DeliveryError> {
        let hashes: Vec<PayloadHash> = messages.iter().map(|it| PayloadHash::of(&it.data)).collect();
        let answer = self.network.publish_group_messages(messages).await;
        let mut payloads = self.payloads.lock().expect("whole");
        hashes.into_iter().for_each(|hash| *payloads.entry(hash).or_default() += 1);
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
