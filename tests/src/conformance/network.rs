//! What the suites of the network need: the network, and data that nobody else uses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a case fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use hexmtp_domain::identity::{Identifier, InstallationKey, LocalWallet, UnsignedUpdate};
use hexmtp_domain::{GroupId, InboxId, WelcomeDestination};
use hexmtp_ports::commit_log::CommitLog;
use hexmtp_ports::delivery::{DeliveryService, OutboundGroupMessage};
use hexmtp_ports::identity_log::IdentityLog;
use hexmtp_ports::platform::Entropy;

/// How long a case waits for an envelope before it calls it missing. Only a failing case ever waits that long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A network under test. The suites share it with others, so they use only data that they draw from `entropy`.
#[derive(Clone)]
pub struct Network {
    /// The port under test.
    pub delivery: Arc<dyn DeliveryService>,
    /// The port under test.
    pub identity_log: Arc<dyn IdentityLog>,
    /// The port under test.
    pub commit_log: Arc<dyn CommitLog>,
    /// Where the cases take their ids and keys from; a network that outlives the run needs a fresh seed each time.
    pub entropy: Arc<dyn Entropy>,
    /// How many unread envelopes surely are more than the network keeps for a subscriber.
    pub unread_limit: usize,
}

impl Network {
    /// Random bytes.
    pub fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes).expect("test entropy does not fail");
        bytes
    }

    /// A group that nobody has written to.
    pub fn new_group(&self) -> GroupId {
        GroupId::new(self.draw())
    }

    /// A destination that nobody has written to.
    pub fn new_destination(&self) -> WelcomeDestination {
        WelcomeDestination::new(self.draw())
    }

    /// Somebody whom the network does not know.
    pub fn new_person(&self) -> Person {
        Person { wallet: self.new_wallet(), installation: InstallationKey::from_seed(self.draw()) }
    }

    /// A wallet that the network does not know.
    pub fn new_wallet(&self) -> LocalWallet {
        LocalWallet::from_private_key(self.draw()).expect("random bytes are a private key")
    }
}

/// A wallet with one installation.
pub struct Person {
    /// The wallet.
    pub wallet: LocalWallet,
    /// The installation.
    pub installation: InstallationKey,
}

impl Person {
    /// The identifier of the wallet.
    pub fn identifier(&self) -> Identifier {
        self.wallet.identifier()
    }

    /// The inbox that [`Person::registration`] makes.
    pub fn inbox(&self) -> InboxId {
        hexmtp_domain::identity::inbox_id(&self.identifier(), 0)
    }

    /// The signed update that makes the inbox and adds the installation.
    pub fn registration(&self) -> Vec<u8> {
        let unsigned = UnsignedUpdate::create_inbox(&self.identifier(), 0, self.installation.id(), 1);
        self.sign(unsigned, &[])
    }

    /// Signs an update with the wallet, the installation and the other wallets.
    pub fn sign(&self, unsigned: UnsignedUpdate, others: &[&LocalWallet]) -> Vec<u8> {
        let text = unsigned.signature_text();
        let wallets = std::iter::once(&self.wallet).chain(others.iter().copied());
        let mut signatures: Vec<_> = wallets.map(|wallet| wallet.sign_text(&text).expect("signs")).collect();
        signatures.push(self.installation.sign_identity_text(&text));
        unsigned.sign(&signatures).expect("all signatures are at hand").encode()
    }
}

/// The MLS content types (RFC 9420 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// An application message.
    Application = 1,
    /// A proposal.
    Proposal = 2,
    /// A commit.
    Commit = 3,
}

/// The framing of an MLS private message, around a ciphertext that nobody can read.
pub fn private_message(group: GroupId, epoch: u64, content_type: ContentType, ciphertext: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 1, 0, 2];
    vector(&mut bytes, group.as_bytes());
    bytes.extend(epoch.to_be_bytes());
    bytes.push(content_type as u8);
    vector(&mut bytes, &[]);
    vector(&mut bytes, &[0x5e; 28]);
    vector(&mut bytes, ciphertext);
    bytes
}

/// An application message with a text in place of its ciphertext.
pub fn message(group: GroupId, text: &str) -> OutboundGroupMessage {
    let data = private_message(group, 1, ContentType::Application, text.as_bytes());
    OutboundGroupMessage { group_id: group, data, sender_hmac: vec![0xab; 32], should_push: true }
}

/// A vector with its length (RFC 9420 section 2.1.2), up to the two-byte form.
fn vector(bytes: &mut Vec<u8>, content: &[u8]) {
    match u8::try_from(content.len()) {
        Ok(length) if length < 64 => bytes.push(length),
        _ => {
            let length = u16::try_from(content.len()).ok().filter(|length| *length < 1 << 14);
            let length = length.expect("test content is short");
            bytes.extend((length | 1 << 14).to_be_bytes());
        }
    }
    bytes.extend(content);
}
