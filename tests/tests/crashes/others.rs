//! Those who are in groups with the mortal one: they live on, and in the end they must have everything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hexmtp::domain::identity::LocalWallet;
use hexmtp::ports::platform::Entropy;
use hexmtp::ports::store::{ConversationFilter, MessageFilter, Store};
use hexmtp::{Client, GroupOptions, LocalSigner};
use hexmtp_delivery_grpc::GrpcNetwork;
use hexmtp_domain::InboxId;
use hexmtp_domain::consent::ConsentState;
use hexmtp_node::{Node, NodeOptions, RunningNode};
use hexmtp_platform_native::OsEntropy;
use hexmtp_store_memory::MemoryStore;
use hexmtp_tests::group_log::assert_only_unreadable_was_refused;
use hexmtp_tests::installation::{Backend, network, ports};
use tokio::task::JoinHandle;

/// How long a test waits for what has to happen. Only a failing test waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(20);
/// How long the others pause after each message, so that not all of the work is theirs.
const PAUSE: Duration = Duration::from_millis(150);

/// Waits until something is true.
pub(crate) async fn until(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_true().await {
            tokio::time::sleep(LOOK).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "in vain: {what}");
}

pub(crate) struct Others {
    node: RunningNode,
    pub(crate) network: GrpcNetwork,
    members: Vec<Client>,
    /// Those of the members.
    stores: Vec<Arc<dyn Store>>,
    mortal: InboxId,
}

/// The others at work; dropping it ends that.
pub(crate) struct Working(Vec<JoinHandle<()>>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

async fn register(store: Arc<dyn Store>, node: &RunningNode) -> Client {
    let mut key = [0; 32];
    OsEntropy.fill(&mut key).expect("random bytes");
    let wallet = LocalWallet::from_private_key(key).expect("a key");
    let builder = Client::builder(ports(store, &node.url()));
    builder.register(&LocalSigner::new(wallet)).await.expect("registered")
}

impl Others {
    /// Registers the mortal one in the backend, and two others.
    pub(crate) async fn new(backend: &Backend) -> Self {
        let node = Node::start(NodeOptions::default()).await.expect("a node");
        let mortal = register(backend.open().await.expect("a store"), &node).await;
        let stores: Vec<Arc<dyn Store>> =
            vec![Arc::new(MemoryStore::default()), Arc::new(MemoryStore::default())];
        let mut members = Vec::new();
        for store in &stores {
            members.push(register(Arc::clone(store), &node).await);
        }
        let inbox = mortal.inbox_id();
        mortal.close().await.expect("closed");
        Self { network: network(&node.url()), node, members, stores, mortal: inbox }
    }

    pub(crate) fn url(&self) -> String {
        self.node.url()
    }

    pub(crate) fn inboxes(&self) -> Vec<String> {
        self.members.iter().map(|member| member.inbox_id().to_string()).collect()
    }

    /// Lets them send, rename and make groups until the answer is dropped.
    pub(crate) fn start(&self) -> Working {
        let works = self.members.iter().enumerate().map(|(number, member)| {
            let (member, mortal) = (member.clone(), self.mortal);
            tokio::spawn(async move {
                for round in 0_usize.. {
                    if let Err(error) = act(&member, mortal, number, round).await {
                        assert!(error.retry().is_worth_it(), "{error:?}");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            })
        });
        Working(works.collect())
    }

    /// Everybody has every acknowledged message once, and is in the same epoch of the same history.
    pub(crate) async fn assert_agreement(&self, client: &Client, acknowledged: &BTreeMap<String, String>) {
        for member in &self.members {
            member.sync_all().await.expect("a sync");
        }
        client.sync_all().await.expect("a sync");
        for member in &self.members {
            member.sync_all().await.expect("a sync");
        }
        for (member, store) in self.members.iter().zip(&self.stores) {
            let refused = member.rejected(100).await.expect("a list");
            assert_only_unreadable_was_refused(&self.network, store.as_ref(), &refused).await;
        }
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for group in client.conversations(ConversationFilter::default()).await.expect("a list") {
            let own = group.record().await.expect("a record");
            for member in &self.members {
                let Ok(theirs) = member.conversation(group.id()).await else { continue };
                let record = theirs.record().await.expect("a record");
                assert_eq!((record.epoch, record.authenticator), (own.epoch, own.authenticator));
                for message in theirs.messages(MessageFilter::default()).await.expect("messages") {
                    *seen.entry(message.id.to_string()).or_default() += 1;
                }
            }
        }
        for (id, text) in acknowledged {
            assert!(seen.contains_key(id), "nobody has the acknowledged message {text:?}");
        }
    }
}

/// One thing that a member does: every tenth time a new group, now and then another name, else a message.
async fn act(
    member: &Client,
    mortal: InboxId,
    number: usize,
    round: usize,
) -> Result<(), hexmtp::error::ChangeError> {
    member.sync_all().await?;
    let groups = member.conversations(ConversationFilter::default()).await?;
    if round.is_multiple_of(40) {
        let group = member.create_group(GroupOptions::default(), &[mortal]).await?;
        group.set_consent(ConsentState::Allowed).await?;
        return Ok(());
    }
    let Some(group) = groups.get(round % groups.len().clamp(1, 5)) else { return Ok(()) };
    match round % 9 {
        8 => group.update_name(&format!("member {number} {round}")).await,
        _ => group.send_text(&format!("member {number} {round}")).await.map(drop),
    }
}
