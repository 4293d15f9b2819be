//! Clients that send and stream over gRPC, and what must be true of them in the end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use hexmtp::domain::identity::LocalWallet;
use hexmtp::domain::{Cursor, EpochAuthenticator, GroupId, MessageId};
use hexmtp::ports::delivery::DeliveryService;
use hexmtp::ports::platform::Entropy;
use hexmtp::ports::store::{MessageFilter, Store};
use hexmtp::{Client, Conversation, GroupOptions, LocalSigner, Message, Ports};
use hexmtp_delivery_grpc::{GrpcNetwork, GrpcOptions, RetryPolicy};
use hexmtp_domain::VectorClock;
use hexmtp_mls_openmls::{OpenMlsEngine, OpenMlsWelcomeCrypto};
use hexmtp_platform_native::{OsEntropy, SystemClock, TokioRuntime};
use hexmtp_platform_test::SeededEntropy;
use hexmtp_store_memory::MemoryStore;
use hexmtp_store_seaorm::{SqlStore, SqliteOptions};
use tokio::task::JoinHandle;

/// How long a test waits for what has to happen. Only a failing test waits that long.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(10);

/// Waits until something is true.
pub(crate) async fn until(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_true().await {
            tokio::time::sleep(LOOK).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "in vain: {what}");
}

/// A network with little patience, so that what is broken is soon found out.
pub(crate) fn impatient(url: String) -> GrpcNetwork {
    let retries = RetryPolicy {
        attempts: 5,
        first_wait: Duration::from_millis(20),
        longest_wait: Duration::from_millis(200),
        total: Duration::from_secs(20),
    };
    let options = GrpcOptions::new(url)
        .connect_timeout(Duration::from_secs(5))
        .request_timeout(Duration::from_secs(20))
        .keep_alive(Duration::from_millis(500), Duration::from_secs(1))
        .reconnect_waits(Duration::from_millis(20), Duration::from_millis(500))
        .retries(retries);
    GrpcNetwork::connect(options).expect("a network")
}

/// Pseudo-random numbers that are the same each time.
pub(crate) struct Dice(SeededEntropy);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// A number below a bound.
    pub(crate) fn below(&self, bound: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes).expect("seeded");
        usize::try_from(u32::from_be_bytes(bytes)).expect("it fits") % bound
    }
}

/// Somebody with one installation.
pub(crate) struct Person {
    name: &'static str,
    pub(crate) client: Client,
    pub(crate) network: GrpcNetwork,
    streamed: Arc<Mutex<Vec<Message>>>,
    streaming: JoinHandle<()>,
}

impl Drop for Person {
    fn drop(&mut self) {
        self.streaming.abort();
    }
}

impl Person {
    async fn new(name: &'static str, url: String, store: Arc<dyn Store>) -> Self {
        let network = impatient(url);
        let shared = Arc::new(network.clone());
        let ports = Ports {
            store,
            delivery: shared.clone(),
            identity_log: shared.clone(),
            contract_wallets: shared,
            secrets: None,
            mls: Arc::new(OpenMlsEngine::new()),
            welcome_crypto: Arc::new(OpenMlsWelcomeCrypto),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            runtime: Arc::new(TokioRuntime::current().expect("a runtime")),
        };
        let mut key = [0; 32];
        OsEntropy.fill(&mut key).expect("random bytes");
        let wallet = LocalWallet::from_private_key(key).expect("a key");
        let client = Client::builder(ports).register(&LocalSigner::new(wallet)).await.expect("registered");
        let mut messages = client.stream_messages().await.expect("a stream");
        let streamed = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&streamed);
        let streaming = tokio::spawn(async move {
            while let Some(item) = messages.next().await {
                seen.lock().expect("whole").push(item.expect("the store works").message);
            }
        });
        Self { name, client, network, streamed, streaming }
    }

    async fn conversation(&self, id: GroupId) -> Conversation {
        self.client.conversation(id).await.expect("joined")
    }

    async fn messages(&self, id: GroupId) -> Vec<Message> {
        self.conversation(id).await.messages(MessageFilter::default()).await.expect("messages")
    }

    fn streamed(&self) -> Vec<Message> {
        self.streamed.lock().expect("whole").clone()
    }

    async fn state(&self, id: GroupId) -> (u64, EpochAuthenticator) {
        let record = self.conversation(id).await.record().await.expect("a record");
        (record.epoch.0, record.authenticator)
    }
}

/// People in one group, and what of theirs was acknowledged.
pub(crate) struct Party {
    pub(crate) people: Vec<Person>,
    pub(crate) group: GroupId,
    acknowledged: Mutex<BTreeMap<MessageId, String>>,
    count: AtomicUsize,
    _folder: tempfile::TempDir,
}

impl Party {
    /// Three people in a group, each over a URL of their own; the second one keeps a database file.
    pub(crate) async fn new(urls: [String; 3]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file =
            SqliteOptions::file(folder.path().join("bob.db"), hexmtp_store_seaorm::Encryption::Unencrypted);
        let [first, second, third] = urls;
        let bob_store = Arc::new(SqlStore::open_sqlite(file).await.expect("a database"));
        let people = vec![
            Person::new("alice", first, Arc::new(MemoryStore::default())).await,
            Person::new("bob", second, bob_store).await,
            Person::new("carol", third, Arc::new(MemoryStore::default())).await,
        ];
        let others: Vec<_> = people[1..].iter().map(|it| it.client.inbox_id()).collect();
        let created = people[0].client.create_group(GroupOptions::default(), &others).await;
        let group = created.expect("a group").id();
        for person in &people {
            // Their streams join them.
            until("everybody joins", async || person.client.conversation(group).await.is_ok()).await;
        }
        let acknowledged = Mutex::default();
        Self { people, group, acknowledged, count: AtomicUsize::new(0), _folder: folder }
    }

    /// How many messages were acknowledged up to now.
    pub(crate) fn acknowledged(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Waits until so many more messages are acknowledged, or all are.
    pub(crate) async fn progress(&self, more: usize, all: usize) {
        let goal = (self.acknowledged() + more).min(all);
        until("messages are acknowledged", async || self.acknowledged() >= goal).await;
    }

    /// Everybody sends until so many of their messages are acknowledged; the first one also renames the group.
    pub(crate) async fn send_all(&self, each: usize) {
        let senders = self.people.iter().map(|person| self.send(person, each));
        futures_util::future::join_all(senders).await;
    }

    /// One of them sends until one message is acknowledged.
    pub(crate) async fn send_one(&self, number: usize) {
        self.send(&self.people[number], 1).await;
    }

    async fn send(&self, person: &Person, count: usize) {
        let conversation = person.conversation(self.group).await;
        let (mut sent, mut attempt) = (0, self.acknowledged());
        while sent < count {
            attempt += 1;
            let text = format!("{} {attempt}", person.name);
            match conversation.send_text(&text).await {
                Ok(id) => {
                    sent += 1;
                    self.acknowledged.lock().expect("whole").insert(id, text);
                    self.count.fetch_add(1, Ordering::Relaxed);
                }
                // Stored, and not acknowledged: it may arrive, or not yet.
                Err(error) => {
                    assert!(error.retry().is_worth_it(), "{}: {error:?}", person.name);
                    tokio::time::sleep(LOOK).await;
                }
            }
            if person.name == "alice" && attempt % 6 == 0 {
                let renamed = conversation.update_name(&format!("name {attempt}")).await;
                assert!(
                    renamed.as_ref().map_or_else(|error| error.retry().is_worth_it(), |()| true),
                    "{renamed:?}"
                );
            }
        }
    }

    /// In the end, with no call by anybody: everybody has every acknowledged message once, at the same place, in the
    /// order of the log, and saw it once in their stream; all are in the same state.
    pub(crate) async fn assert_everything_arrived(&self, direct: &GrpcNetwork) {
        let acknowledged = self.acknowledged.lock().expect("whole").clone();
        for person in &self.people {
            until(&format!("everything reaches {}", person.name), async || {
                let stored = person.messages(self.group).await;
                let streamed = person.streamed();
                let is_in =
                    |messages: &[Message], id| messages.iter().any(|it| it.id == id && it.cursor.is_some());
                let is_seen = |id| streamed.iter().any(|it| it.id == id);
                acknowledged.keys().all(|id| is_in(&stored, *id) && is_seen(*id))
            })
            .await;
        }
        until("all are in the same state", async || {
            let mut states = Vec::new();
            for person in &self.people {
                states.push(person.state(self.group).await);
            }
            states.windows(2).all(|pair| pair[0] == pair[1])
        })
        .await;
        let log = log_of(direct, self.group).await;
        let mut places: Option<BTreeMap<MessageId, Cursor>> = None;
        for person in &self.people {
            let stored = person.messages(self.group).await;
            assert_each_once(person.name, &stored, &acknowledged);
            assert_each_once(person.name, &person.streamed(), &acknowledged);
            let known = |it: &Message| acknowledged.contains_key(&it.id).then_some((it.id, it.cursor?));
            let mine: BTreeMap<_, _> = stored.iter().filter_map(known).collect();
            assert!(
                mine.values().all(|cursor| log.contains(cursor)),
                "{}: at places of the log",
                person.name
            );
            assert_eq!(places.get_or_insert_with(|| mine.clone()), &mine, "{}", person.name);
            // Own messages are streamed when they are stored, which is before they have a place.
            let own = person.client.inbox_id();
            let others: Vec<Cursor> = person
                .streamed()
                .iter()
                .filter(|it| it.sender != own)
                .filter_map(|it| mine.get(&it.id).copied())
                .collect();
            assert!(
                others.is_sorted_by(|a, b| a.sequence_id < b.sequence_id),
                "{}: in the order of the log: {others:?}",
                person.name
            );
        }
    }
}

/// Fails unless every acknowledged message is there with its text, and no message is there twice.
fn assert_each_once(name: &str, messages: &[Message], acknowledged: &BTreeMap<MessageId, String>) {
    let mut texts: BTreeMap<MessageId, &Message> = BTreeMap::new();
    for message in messages {
        assert!(texts.insert(message.id, message).is_none(), "{name} has {:?} twice", message.body);
    }
    for (id, text) in acknowledged {
        let body = texts.get(id).and_then(|message| message.body.as_text());
        assert_eq!(body, Some(text.as_str()), "{name}");
    }
}

/// The places of a group's log; none of its payloads is there twice.
async fn log_of(network: &GrpcNetwork, group: GroupId) -> Vec<Cursor> {
    let page = network.query_group_messages(group, &VectorClock::new(), 100_000).await.expect("the log");
    assert!(!page.has_more);
    let mut payloads: Vec<&[u8]> = page.items.iter().map(|it| it.data.as_slice()).collect();
    payloads.sort_unstable();
    let count = payloads.len();
    payloads.dedup();
    assert_eq!(payloads.len(), count, "a payload is in the log twice");
    page.items.iter().map(|it| it.cursor).collect()
}
