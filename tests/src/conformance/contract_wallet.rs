//! What every [`ContractWalletVerifier`] does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a case fails by panicking")]

use std::any::Any;
use std::sync::Arc;

use hexmtp_domain::identity::{
    ContractAccount, ContractWalletSignature, EthereumAddress, IdentityUpdate, LocalWallet,
    UnverifiedSignature, inbox_id,
};
use hexmtp_ports::Retry;
use hexmtp_ports::contract_wallet::{ContractVerdict, ContractWalletError, ContractWalletVerifier};

/// Runs all cases: `contract_wallet_suite!(test, make)`, where `#[test]` runs a case and `make()` is a future of
/// [`ContractWallets`].
#[macro_export]
macro_rules! contract_wallet_suite {
    ($test:meta, $make:expr) => {
        $crate::suite_cases!(
            $test,
            $make,
            contract_wallet,
            [
                a_signature_of_the_owner_is_valid_and_the_block_is_told,
                signatures_of_others_and_over_others_are_not_valid,
                a_new_owner_counts_from_its_block_on,
                what_names_no_account_is_refused_for_good,
                a_chain_that_nobody_asks_decides_nothing,
                a_block_that_is_not_there_yet_decides_nothing,
            ]
        );
    };
}

/// How far beyond the newest block no chain comes while a test runs.
const FAR: u64 = 1_000_000;

/// A chain id that nobody has given away.
const NO_CHAIN: u64 = 4_242_424_242;

/// A contract wallet on a chain, and who is asked about it.
pub struct ContractWallets {
    verifier: Arc<dyn ContractWalletVerifier>,
    wallet: ContractAccount,
    owner: LocalWallet,
    hand_over: Box<dyn Fn(EthereumAddress)>,
    _kept: Box<dyn Any>,
}

impl ContractWallets {
    /// - `wallet`: a deployed contract wallet, which belongs to `owner`.
    /// - `hand_over`: gives it to another owner, in a later block.
    /// - `kept`: what has to live as long as the verifier is asked.
    pub fn new(
        verifier: Arc<dyn ContractWalletVerifier>,
        (wallet, owner): (ContractAccount, LocalWallet),
        hand_over: impl Fn(EthereumAddress) + 'static,
        kept: impl Any,
    ) -> Self {
        Self { verifier, wallet, owner, hand_over: Box::new(hand_over), _kept: Box::new(kept) }
    }

    async fn ask(
        &self,
        hash: [u8; 32],
        block_number: u64,
        signature: &[u8],
    ) -> Result<ContractVerdict, ContractWalletError> {
        self.ask_about(self.wallet.to_string(), hash, block_number, signature).await
    }

    async fn ask_about(
        &self,
        account_id: String,
        hash: [u8; 32],
        block_number: u64,
        signature: &[u8],
    ) -> Result<ContractVerdict, ContractWalletError> {
        let signature = ContractWalletSignature { account_id, block_number, signature: signature.to_vec() };
        self.verifier.verify(hash, &signature).await
    }
}

/// The hash of a text, and a key's signature over it.
fn signed(key: &LocalWallet) -> ([u8; 32], Vec<u8>) {
    let update =
        IdentityUpdate { inbox_id: inbox_id(&key.identifier(), 0), client_timestamp_ns: 0, actions: vec![] };
    match key.sign_text(&update.signature_text()).unwrap() {
        UnverifiedSignature::Erc191 { bytes } => (update.signature_hash(), bytes),
        other => panic!("a key signs by {}", other.kind()),
    }
}

/// Somebody who owns nothing.
fn stranger() -> LocalWallet {
    LocalWallet::from_private_key([0x77; 32]).unwrap()
}

/// The block at which the answer was found, so that it can be asked for again.
pub async fn a_signature_of_the_owner_is_valid_and_the_block_is_told(
    wallets: impl Future<Output = ContractWallets>,
) {
    let wallets = wallets.await;
    let (hash, signature) = signed(&wallets.owner);
    let newest = wallets.ask(hash, 0, &signature).await.unwrap();
    assert!(newest.is_valid && newest.block_number > 0, "{newest:?}");
    assert_eq!(wallets.ask(hash, newest.block_number, &signature).await.unwrap(), newest);
}

/// That is an answer, not a failure.
pub async fn signatures_of_others_and_over_others_are_not_valid(
    wallets: impl Future<Output = ContractWallets>,
) {
    let wallets = wallets.await;
    let (hash, signature) = signed(&wallets.owner);
    let (others_hash, others_signature) = signed(&stranger());
    for (hash, signature) in [
        (others_hash, &signature),
        (others_hash, &others_signature),
        (hash, &others_signature),
        (hash, &vec![]),
    ] {
        assert!(!wallets.ask(hash, 0, signature).await.unwrap().is_valid);
    }
}

/// And the former one for the blocks before.
pub async fn a_new_owner_counts_from_its_block_on(wallets: impl Future<Output = ContractWallets>) {
    let wallets = wallets.await;
    let (heir, (hash, signature)) = (stranger(), signed(&wallets.owner));
    let (heirs_hash, heirs_signature) = signed(&heir);
    let before = wallets.ask(hash, 0, &signature).await.unwrap().block_number;
    (wallets.hand_over)(heir.address());
    let after = wallets.ask(heirs_hash, 0, &heirs_signature).await.unwrap();
    assert!(after.is_valid && after.block_number > before, "{after:?}");
    assert!(!wallets.ask(hash, 0, &signature).await.unwrap().is_valid);
    let former = ContractVerdict { is_valid: true, block_number: before };
    assert_eq!(wallets.ask(hash, before, &signature).await.unwrap(), former);
    assert!(!wallets.ask(heirs_hash, before, &heirs_signature).await.unwrap().is_valid);
}

/// Nobody will ever be able to ask a chain about it.
pub async fn what_names_no_account_is_refused_for_good(wallets: impl Future<Output = ContractWallets>) {
    let wallets = wallets.await;
    let (hash, signature) = signed(&wallets.owner);
    let address = wallets.wallet.address();
    for account_id in
        [String::new(), address.to_string(), format!("cosmos:1:{address}"), "eip155:1:0xab".to_owned()]
    {
        let refused = wallets.ask_about(account_id, hash, 0, &signature).await.unwrap_err();
        assert!(matches!(refused, ContractWalletError::Malformed(_)), "{refused:?}");
        assert_eq!(refused.retry(), Retry::Never);
    }
}

/// It is never taken for "not valid", and may become known.
pub async fn a_chain_that_nobody_asks_decides_nothing(wallets: impl Future<Output = ContractWallets>) {
    let wallets = wallets.await;
    let (hash, signature) = signed(&wallets.owner);
    let account_id = format!("eip155:{NO_CHAIN}:{}", wallets.wallet.address());
    let refused = wallets.ask_about(account_id, hash, 0, &signature).await.unwrap_err();
    assert!(refused.retry().is_worth_it(), "{refused:?}");
}

/// It may come.
pub async fn a_block_that_is_not_there_yet_decides_nothing(wallets: impl Future<Output = ContractWallets>) {
    let wallets = wallets.await;
    let (hash, signature) = signed(&wallets.owner);
    let newest = wallets.ask(hash, 0, &signature).await.unwrap().block_number;
    let refused = wallets.ask(hash, newest + FAR, &signature).await.unwrap_err();
    assert!(matches!(refused, ContractWalletError::Unavailable(_)), "{refused:?}");
    assert!(refused.retry().is_worth_it());
}
