//! The installation that several processes share, and those who are in groups with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use hexmtp::domain::Cursor;
use hexmtp::domain::identity::LocalWallet;
use hexmtp::ports::delivery::{DeliveryService, GroupEnvelope};
use hexmtp::ports::platform::Entropy;
use hexmtp::ports::store::{MessageFilter, Store};
use hexmtp::{Client, GroupOptions, LocalSigner, Message};
use hexmtp_domain::{GroupId, InboxId, VectorClock};
use hexmtp_node::{Node, NodeOptions, RunningNode};
use hexmtp_platform_native::OsEntropy;
use hexmtp_store_memory::MemoryStore;
use hexmtp_tests::group_log::{GroupLog, assert_only_unreadable_was_refused};
use hexmtp_tests::installation::{Backend, Dice, network, open, ports};

/// How many groups there are.
const GROUPS: usize = 3;

pub(crate) struct Company {
    pub(crate) node: RunningNode,
    pub(crate) groups: Vec<GroupId>,
    /// Inboxes that are in no group yet.
    pub(crate) spare: Vec<InboxId>,
    /// Members of the groups with one process each.
    members: Vec<Client>,
    /// Keeps the installations of the spare inboxes.
    _spares: Vec<Client>,
}

async fn register(store: Arc<dyn Store>, node: &RunningNode) -> Client {
    let mut key = [0; 32];
    OsEntropy.fill(&mut key).expect("random bytes");
    let wallet = LocalWallet::from_private_key(key).expect("a key");
    let builder = Client::builder(ports(store, &node.url()));
    builder.register(&LocalSigner::new(wallet)).await.expect("registered")
}

impl Company {
    /// Registers an installation in the backend, and makes groups in which it and two others are.
    pub(crate) async fn new(backend: &Backend) -> Self {
        let node = Node::start(NodeOptions::default()).await.expect("a node");
        let store = backend.open().await.expect("a store");
        let shared = register(Arc::clone(&store), &node).await;
        let (mut members, mut spares) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            members.push(register(Arc::new(MemoryStore::default()), &node).await);
            spares.push(register(Arc::new(MemoryStore::default()), &node).await);
        }
        let inboxes: Vec<InboxId> = members.iter().map(Client::inbox_id).collect();
        let mut groups = Vec::new();
        for _ in 0..GROUPS {
            let group = shared.create_group(GroupOptions::default(), &inboxes).await.expect("a group");
            groups.push(group.id());
        }
        for member in &members {
            member.sync_all().await.expect("a sync");
        }
        shared.close().await.expect("closed");
        drop(store);
        let spare = spares.iter().map(Client::inbox_id).collect();
        Self { node, groups, spare, members, _spares: spares }
    }

    /// The shared installation, in this process.
    pub(crate) async fn client_of(&self, backend: &Backend) -> Client {
        open(ports(backend.open().await.expect("a store"), &self.node.url()), crate::LEASE).await
    }

    /// The others send and rename too. Gives the ids of what they sent.
    pub(crate) async fn work(&self, operations: usize) -> BTreeSet<String> {
        let works = self.members.iter().enumerate().map(|(number, member)| async move {
            let dice = Dice::new(100 + u64::try_from(number).expect("it fits"));
            let mut sent = BTreeSet::new();
            for operation in 0..operations {
                let id = self.groups[dice.below(self.groups.len())];
                let group = member.conversation(id).await.expect("a group");
                let text = format!("member {number} {operation}");
                if dice.below(10) == 0 {
                    let renamed = group.update_name(&text).await;
                    assert!(
                        renamed.as_ref().map_or_else(|it| it.retry().is_worth_it(), |()| true),
                        "{renamed:?}"
                    );
                } else {
                    sent.insert(group.send_text(&text).await.expect("sent").to_string());
                }
            }
            sent
        });
        futures_util::future::join_all(works).await.into_iter().flatten().collect()
    }

    /// The others bring everything to its end.
    pub(crate) async fn settle(&self) {
        for member in &self.members {
            let summary = member.sync_all().await.expect("a sync");
            assert_eq!(summary.failed, 0);
        }
    }

    pub(crate) async fn messages(client: &Client, group: GroupId) -> Vec<Message> {
        let group = client.conversation(group).await.expect("a group");
        group.messages(MessageFilter::default()).await.expect("messages")
    }

    async fn envelopes(&self, group: GroupId) -> Vec<GroupEnvelope> {
        let network = network(&self.node.url());
        let page = network.query_group_messages(group, &VectorClock::new(), 100_000).await.expect("the log");
        assert!(!page.has_more);
        page.items
    }

    /// The places of a group's log.
    pub(crate) async fn log(&self, group: GroupId) -> BTreeSet<Cursor> {
        self.envelopes(group).await.iter().map(|envelope| envelope.cursor).collect()
    }

    /// Every application message of the log that can be read is stored at its place.
    pub(crate) async fn assert_every_message_is_stored(
        &self,
        backend: &Backend,
        group: GroupId,
        places: &BTreeSet<Cursor>,
    ) {
        let store = backend.open().await.expect("a store");
        let log = GroupLog::read(&network(&self.node.url()), store.as_ref(), group).await;
        store.close().await.expect("closed");
        let missing: Vec<_> = log.readable().filter(|place| !places.contains(place)).collect();
        assert!(missing.is_empty(), "not stored: {missing:?}");
    }

    /// Nothing was refused but what cannot be read.
    pub(crate) async fn assert_nothing_else_was_refused(&self, backend: &Backend, client: &Client) {
        let store = backend.open().await.expect("a store");
        let refused = client.rejected(100).await.expect("a list");
        assert_only_unreadable_was_refused(&network(&self.node.url()), store.as_ref(), &refused).await;
        store.close().await.expect("closed");
    }

    /// The others have the same application messages in the same order.
    pub(crate) async fn assert_same_messages(&self, group: GroupId, stored: &[Message]) {
        let texts = |messages: &[Message]| -> Vec<_> {
            messages.iter().filter(|it| it.body.as_text().is_some()).map(|it| (it.id, it.cursor)).collect()
        };
        for member in &self.members {
            assert_eq!(texts(&Self::messages(member, group).await), texts(stored));
        }
    }

    /// Where a group stands for the others, who must agree.
    pub(crate) async fn state(&self, group: GroupId) -> (u64, String) {
        self.settle().await;
        let mut states = BTreeSet::new();
        for member in &self.members {
            let record = member.conversation(group).await.expect("a group").record().await.expect("a record");
            states.insert((record.epoch.0, record.authenticator.to_string()));
        }
        assert_eq!(states.len(), 1, "the others agree");
        states.pop_first().expect("one")
    }

    /// Nothing that was wanted is left, and nobody holds an outbox.
    pub(crate) async fn assert_nothing_is_open(&self, backend: &Backend) {
        let store = backend.open().await.expect("a store");
        assert_eq!(store.groups_with_open_intents().await.expect("a list"), []);
        for group in &self.groups {
            let name = hexmtp::ports::store::LeaseName::Outbox(*group);
            assert_eq!(store.lease(name).await.expect("a lease or none"), None);
        }
    }
}
