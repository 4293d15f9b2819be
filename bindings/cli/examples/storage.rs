//! One agent on the storage of your choice: it registers, writes, stops, opens again and finds what it wrote.
//!
//! ```sh
//! cargo run -p hexmtp-cli --example storage -- memory
//! cargo run -p hexmtp-cli --example storage -- sqlite agent.db3
//! cargo run -p hexmtp-cli --example storage -- sqlcipher agent.db3
//! cargo run -p hexmtp-cli --example storage -- postgres postgres://user:password@localhost/agents
//! ```
//!
//! Keys are kept in the folder `keys`, in files that only you can read.

#![allow(clippy::print_stdout, reason = "it is what the example shows")]

use std::error::Error;
use std::sync::Arc;

use hexmtp::domain::Secret;
use hexmtp::domain::identity::LocalWallet;
use hexmtp::domain::message::MessageBody;
use hexmtp::ports::contract_wallet::ContractWalletVerifier;
use hexmtp::ports::delivery::DeliveryService;
use hexmtp::ports::identity_log::IdentityLog;
use hexmtp::ports::platform::{Clock, Entropy};
use hexmtp::ports::secret_store::SecretStore;
use hexmtp::ports::store::{MessageFilter, Store};
use hexmtp::{Client, GroupOptions, LocalSigner, Ports};
use hexmtp_delivery_memory::MemoryNetwork;
use hexmtp_keystore_file::FileSecretStore;
use hexmtp_mls_openmls::{OpenMlsEngine, OpenMlsWelcomeCrypto};
use hexmtp_platform_native::{OsEntropy, SystemClock, TokioRuntime};
use hexmtp_store_memory::MemoryStore;
use hexmtp_store_seaorm::{Encryption, PostgresOptions, SqlStore, SqliteOptions};

type Failure = Box<dyn Error + Send + Sync>;

/// How the agent is found again among those that share a PostgreSQL database.
const INSTALLATION: &str = "greeter";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let memory = MemoryStore::default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // A network within the process; `GrpcNetwork::connect` takes its place where there is a server.
    let network = MemoryNetwork::new(clock);

    let store = open(&arguments, &memory).await?;
    let wallet = LocalWallet::from_private_key(random()?)?;
    let client = Client::builder(ports(store, &network)?).register(&LocalSigner::new(wallet)).await?;
    let group =
        client.create_group(GroupOptions { name: "Notes".into(), ..GroupOptions::default() }, &[]).await?;
    group.send_text("Written before the restart").await?;
    let id = group.id();
    client.close().await?;

    let store = open(&arguments, &memory).await?;
    let client = Client::builder(ports(store, &network)?).open().await?;
    let messages = client.conversation(id).await?.messages(MessageFilter::default()).await?;
    println!("installation {} has {} message(s):", client.installation_id(), messages.len());
    for message in messages {
        if let MessageBody::Text(text) = message.body {
            println!("  {text}");
        }
    }
    println!("{:?}", client.statistics().await?);
    Ok(client.close().await?)
}

/// The store that the arguments name. All that differs between them is here.
async fn open(arguments: &[String], memory: &MemoryStore) -> Result<Arc<dyn Store>, Failure> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Ok(match arguments.as_slice() {
        ["memory"] => Arc::new(memory.reopen()),
        ["sqlite", path] => {
            Arc::new(SqlStore::open_sqlite(SqliteOptions::file(path, Encryption::Unencrypted)).await?)
        }
        ["sqlcipher", path] => {
            let encryption = Encryption::Key(key("database-key").await?);
            Arc::new(SqlStore::open_sqlite(SqliteOptions::file(path, encryption)).await?)
        }
        ["postgres", url] => {
            let options = PostgresOptions::new(url, INSTALLATION, key("data-key").await?)?;
            Arc::new(SqlStore::open_postgres(options).await?)
        }
        _ => return Err("memory | sqlite FILE | sqlcipher FILE | postgres URL".into()),
    })
}

/// A key that is made once and kept: what is sealed with it is lost without it.
async fn key(name: &str) -> Result<Secret, Failure> {
    let keys = FileSecretStore::new("keys");
    if let Some(key) = keys.load(name).await? {
        return Ok(key);
    }
    let key = Secret::from(random()?);
    keys.save(name, &key).await?;
    Ok(key)
}

fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    OsEntropy.fill(&mut bytes)?;
    Ok(bytes)
}

fn ports<N>(store: Arc<dyn Store>, network: &N) -> Result<Ports, Failure>
where
    N: DeliveryService + IdentityLog + ContractWalletVerifier + Clone,
{
    Ok(Ports {
        store,
        delivery: Arc::new(network.clone()),
        identity_log: Arc::new(network.clone()),
        contract_wallets: Arc::new(network.clone()),
        secrets: None,
        mls: Arc::new(OpenMlsEngine::new()),
        welcome_crypto: Arc::new(OpenMlsWelcomeCrypto),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        runtime: Arc::new(TokioRuntime::current()?),
    })
}
