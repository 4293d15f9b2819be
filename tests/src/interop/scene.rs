//! One scenario: its people, its folder, its line in the table.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use hexmtp::Client;
use hexmtp_mls_openmls::OpenMlsEngine;
use hexmtp_ports::mls::MlsEngine;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::arena::Arena;
use super::official::Official;
use super::official_store::OfficialStore;
use super::ours::Ours;
use super::peer::Sdk;
use super::wallet::Wallet;

/// How an official client is made.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The SDK.
    pub sdk: Sdk,
    /// Whose it is.
    pub wallet: Wallet,
    /// The nonce of a new inbox.
    pub nonce: Option<u64>,
    /// Whether it keeps its installations in step by sync groups, as the SDK does by default.
    pub device_sync: bool,
    /// The contract wallet whose owner has the key, as the peer takes it; none where the key is the wallet.
    pub contract: Option<Value>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { sdk: Sdk::Nightly, wallet: Wallet::new(), nonce: None, device_sync: false, contract: None }
    }
}

/// A scenario that is being played. When `HEXMTP_INTEROP_TABLE` names a file, its end is written there as a line of
/// outcome, milliseconds and title, separated by tabs.
pub struct Scene {
    title: &'static str,
    arena: &'static Arena,
    folder: TempDir,
    next: AtomicU64,
    officials: Mutex<Vec<Official>>,
    ours: Mutex<Vec<Client>>,
    began: Instant,
}

impl Scene {
    /// Begins a scenario.
    ///
    /// # Panics
    /// When the arena cannot be made.
    pub async fn begin(title: &'static str) -> Self {
        Self::within(title, Arena::shared().await)
    }

    /// Begins a scenario over a node of its own.
    ///
    /// # Panics
    /// When the official SDKs cannot be installed.
    pub async fn over(title: &'static str, url: &str) -> Self {
        Self::within(title, Arena::over(url).await)
    }

    fn within(title: &'static str, arena: &'static Arena) -> Self {
        Self {
            title,
            arena,
            folder: tempfile::tempdir().expect("a folder"),
            next: AtomicU64::new(0),
            officials: Mutex::default(),
            ours: Mutex::default(),
            began: Instant::now(),
        }
    }

    /// Where the node listens.
    #[must_use]
    pub fn url(&self) -> &str {
        self.arena.url()
    }

    fn file(&self, kind: &str) -> PathBuf {
        self.folder.path().join(format!("{kind}-{}.db", self.next.fetch_add(1, Ordering::Relaxed)))
    }

    /// An official client of the nightly SDK of somebody new.
    pub async fn official(&self) -> Official {
        self.official_as(Setup::default()).await
    }

    /// Another installation of a wallet, on the nightly SDK.
    pub async fn official_of(&self, wallet: &Wallet) -> Official {
        self.official_as(Setup { wallet: wallet.clone(), ..Setup::default() }).await
    }

    /// An official client.
    ///
    /// # Panics
    /// When it cannot be created.
    pub async fn official_as(&self, setup: Setup) -> Official {
        let file = (setup.sdk != Sdk::Wasm).then(|| self.file("official"));
        let how = json!({
            "key": setup.wallet.key_hex(),
            "dbPath": file,
            "nonce": setup.nonce.map(|nonce| nonce.to_string()),
            "deviceSync": setup.device_sync,
            "contract": setup.contract,
        });
        self.open("create", setup.sdk, setup.wallet, how, file.as_deref()).await
    }

    /// What the official SDK says when it is to create a client that it will not create.
    ///
    /// # Panics
    /// When it creates one.
    pub async fn refused(&self, setup: Setup) -> String {
        let peer = self.arena.peer(setup.sdk).await;
        let how = json!({ "key": setup.wallet.key_hex(), "contract": setup.contract });
        match peer.ask("refused", "create", how).await {
            Ok(about) => panic!("the official SDK has created a client: {about}"),
            Err(error) => error,
        }
    }

    /// Closes an official client of the nightly SDK, waits for what happens meanwhile, and starts the client again
    /// from its file, without its wallet.
    ///
    /// # Panics
    /// When it cannot be opened again.
    pub async fn restarted(&self, official: &Official, meanwhile: impl Future<Output = ()>) -> Official {
        let file = official.store().expect("a client with a file").file().to_path_buf();
        official.close().await;
        meanwhile.await;
        let how = json!({ "address": official.wallet().address(), "dbPath": file });
        self.open("build", Sdk::Nightly, official.wallet().clone(), how, Some(&file)).await
    }

    async fn open(&self, op: &str, sdk: Sdk, wallet: Wallet, how: Value, file: Option<&Path>) -> Official {
        // The process is shared by all scenarios, so names count over all of them.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("client-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let peer = self.arena.peer(sdk).await;
        let about = match peer.ask(&name, op, how).await {
            Ok(about) => about,
            Err(error) => panic!("the official SDK cannot {op} a client: {error}"),
        };
        let official = Official::opened((peer, name), wallet, &about, file.map(OfficialStore::new));
        self.officials.lock().expect("no test panics here").push(official.clone());
        official
    }

    /// One of our clients of somebody new, with a database in a file.
    pub async fn ours(&self) -> Ours {
        self.ours_of(&Wallet::new()).await
    }

    /// Another of our installations of a wallet, with a database in a file.
    pub async fn ours_of(&self, wallet: &Wallet) -> Ours {
        self.ours_on(wallet, Arc::new(OpenMlsEngine::new())).await
    }

    /// Another of our installations of a wallet, with a database in a file and an engine of its own.
    pub async fn ours_on(&self, wallet: &Wallet, mls: Arc<dyn MlsEngine>) -> Ours {
        let file = self.file("ours");
        self.register(wallet, Some(file), mls).await
    }

    /// One of our clients that keeps everything in memory: cheaper where many are needed.
    pub async fn ours_in_memory(&self, wallet: &Wallet) -> Ours {
        self.register(wallet, None, Arc::new(OpenMlsEngine::new())).await
    }

    async fn register(&self, wallet: &Wallet, file: Option<PathBuf>, mls: Arc<dyn MlsEngine>) -> Ours {
        let ours = Ours::register(self.url(), wallet.clone(), file, mls).await;
        self.ours.lock().expect("no test panics here").push(ours.client.clone());
        ours
    }

    /// Ends a scenario in which ours had no reason to refuse anything.
    ///
    /// # Panics
    /// When one of ours has refused something.
    pub async fn end(&self) {
        let ours = self.ours.lock().expect("no test panics here").clone();
        for client in ours {
            // One that was closed has nothing to say any more.
            let refused = client.rejected(10).await.unwrap_or_default();
            assert!(refused.is_empty(), "refused by {}: {refused:#?}", client.installation_id());
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Ok(officials) = self.officials.lock() {
            officials.iter().for_each(Official::close_and_forget);
        }
        let outcome = if std::thread::panicking() { "FAILED" } else { "ok" };
        let line = format!("{outcome}\t{}\t{}\n", self.began.elapsed().as_millis(), self.title);
        if let Some(table) = std::env::var_os("HEXMTP_INTEROP_TABLE") {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(table);
            if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
                eprintln!("the table of scenarios cannot be written: {error}");
            }
        }
    }
}
