//! The verifier.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use hexmtp_domain::identity::ContractWalletSignature;
use hexmtp_ports::bounds::async_trait;
use hexmtp_ports::contract_wallet::{ContractVerdict, ContractWalletError, ContractWalletVerifier};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::cache::{VerdictCache, VerdictKey};
use crate::chain::Chain;
use crate::chain_list::ChainList;
use crate::connect::{Clients, VerifierError};
use crate::endpoint::Endpoint;
use crate::failure::NoVerdict;
use crate::options::VerifierOptions;
use crate::question::Question;

/// Verifies signatures of contract wallets by asking the chains that it was given.
pub struct RpcContractWalletVerifier {
    chains: BTreeMap<u64, Chain>,
    options: VerifierOptions,
    turns: Semaphore,
    cache: Mutex<VerdictCache>,
}

impl RpcContractWalletVerifier {
    /// With the chains of the list. No endpoint is asked yet.
    ///
    /// # Errors
    /// [`VerifierError`] when there can be no HTTP client on this machine.
    pub fn new(chains: &ChainList, options: VerifierOptions) -> Result<Self, VerifierError> {
        let clients = Clients::new(&options)?;
        let endpoint = |url: &reqwest::Url| Endpoint::new(url.clone(), clients.client_for(url));
        let chain = |urls: &[reqwest::Url]| Chain(urls.iter().map(endpoint).collect());
        Ok(Self {
            chains: chains.iter().map(|(id, urls)| (id, chain(urls))).collect(),
            options,
            turns: Semaphore::new(options.at_once.clamp(1, Semaphore::MAX_PERMITS)),
            cache: Mutex::new(VerdictCache::new(options.remembered, options.remembered_for)),
        })
    }

    async fn ask(&self, chain: &Chain, question: &Question) -> Result<ContractVerdict, ContractWalletError> {
        let asked = async {
            // It is never closed.
            let _turn = self.turns.acquire().await;
            chain.ask(question, &self.options).await
        };
        let outcome = timeout(self.options.total, asked).await.unwrap_or(Err(NoVerdict::TooLate));
        outcome.map_err(|error| ContractWalletError::Unavailable(Box::new(error)))
    }

    fn remembered(&self, key: &VerdictKey) -> Option<bool> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(key)
    }

    fn remember(&self, key: VerdictKey, is_valid: bool) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).put(key, is_valid);
    }
}

#[async_trait]
impl ContractWalletVerifier for RpcContractWalletVerifier {
    async fn verify(
        &self,
        hash: [u8; 32],
        signature: &ContractWalletSignature,
    ) -> Result<ContractVerdict, ContractWalletError> {
        let malformed = ContractWalletError::Malformed;
        let (chain_id, account) = signature
            .chain_id()
            .zip(signature.address())
            .ok_or(malformed("the account id is not that of an EVM account"))?;
        let chain = self.chains.get(&chain_id).ok_or(ContractWalletError::UnsupportedChain)?;
        let bytes = signature.signature.as_slice();
        let question = Question::new(&account, &hash, bytes, signature.block_number)
            .ok_or(malformed("the signature is longer than a chain takes"))?;
        let key = |block_number| VerdictKey::new(chain_id, &account, &hash, bytes, block_number);
        if question.block != 0
            && let Some(is_valid) = self.remembered(&key(question.block))
        {
            return Ok(ContractVerdict { is_valid, block_number: question.block });
        }
        let verdict = self.ask(chain, &question).await?;
        self.remember(key(verdict.block_number), verdict.is_valid);
        Ok(verdict)
    }
}

impl fmt::Debug for RpcContractWalletVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chains: Vec<_> = self.chains.keys().collect();
        f.debug_struct("RpcContractWalletVerifier")
            .field("chains", &chains)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
