//! Verdicts that need not be asked for again.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use hexmtp_domain::identity::EthereumAddress;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

/// What a verdict is about: chain, account, hash, signature and block, as a digest, so that a long signature takes no
/// more room than a short one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct VerdictKey([u8; 32]);

impl VerdictKey {
    pub(crate) fn new(
        chain: u64,
        account: &EthereumAddress,
        hash: &[u8; 32],
        signature: &[u8],
        block: u64,
    ) -> Self {
        // All parts but the last have a fixed length.
        let digest = Sha256::new()
            .chain_update(chain.to_be_bytes())
            .chain_update(account.as_bytes())
            .chain_update(hash)
            .chain_update(block.to_be_bytes())
            .chain_update(signature);
        Self(digest.finalize().into())
    }
}

/// The last verdicts, each until its time is over or newer ones need its place.
pub(crate) struct VerdictCache {
    verdicts: HashMap<VerdictKey, bool>,
    /// In the order of their coming, each with its end.
    order: VecDeque<(VerdictKey, Instant)>,
    size: usize,
    span: Duration,
}

impl VerdictCache {
    pub(crate) fn new(size: usize, span: Duration) -> Self {
        Self { verdicts: HashMap::new(), order: VecDeque::new(), size, span }
    }

    pub(crate) fn get(&mut self, key: &VerdictKey) -> Option<bool> {
        self.forget_until(Instant::now());
        self.verdicts.get(key).copied()
    }

    pub(crate) fn put(&mut self, key: VerdictKey, is_valid: bool) {
        let now = Instant::now();
        self.forget_until(now);
        let Some(end) = now.checked_add(self.span) else { return };
        // Two may have asked at the same time; the first one's verdict is as good as the second one's.
        if self.size == 0 || self.verdicts.contains_key(&key) {
            return;
        }
        if self.order.len() >= self.size
            && let Some((oldest, _)) = self.order.pop_front()
        {
            self.verdicts.remove(&oldest);
        }
        self.order.push_back((key, end));
        self.verdicts.insert(key, is_valid);
    }

    fn forget_until(&mut self, now: Instant) {
        while let Some((oldest, end)) = self.order.front()
            && *end <= now
        {
            self.verdicts.remove(oldest);
            self.order.pop_front();
        }
    }
}
