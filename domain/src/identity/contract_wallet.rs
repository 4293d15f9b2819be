//! Signatures of contract wallets: who is asked about them, what, and what was answered (PROTOCOL.md 1.5).
//!
//! Only a blockchain knows whether a contract stands by a signature. The domain says what has to be asked, the caller
//! asks, and the fold goes on with the verdicts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{
    EthereumAddress, IdentityUpdate, MemberIdentifier, SignatureError, SignatureKind, UnverifiedSignature,
    VerifiedSignature,
};

const MALFORMED: SignatureError = SignatureError::Malformed(SignatureKind::ContractWallet);

/// An account of an EVM chain, as CAIP-10 names it: `eip155:{chain id}:{address}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractAccount {
    chain_id: u64,
    address: EthereumAddress,
}

impl ContractAccount {
    /// The account with this address on this chain.
    #[must_use]
    pub const fn new(chain_id: u64, address: EthereumAddress) -> Self {
        Self { chain_id, address }
    }

    /// Reads a CAIP-10 account id: three parts, the namespace `eip155`, the chain's number as it is written without
    /// leading zeros, and an address with or without `0x` in any case. So it satisfies the patterns of CAIP-10
    /// (`[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}` and `[-.%a-zA-Z0-9]{1,128}`) and names one account in one way to every
    /// verifier, whether it compares numbers or text.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`] for anything else.
    pub fn parse(account_id: &str) -> Result<Self, SignatureError> {
        let mut parts = account_id.split(':');
        let (Some("eip155"), Some(chain), Some(address), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(MALFORMED);
        };
        let chain_id: u64 = chain.parse().map_err(|_| MALFORMED)?;
        if chain_id.to_string() != chain || address.starts_with("0X") {
            return Err(MALFORMED);
        }
        let address = EthereumAddress::parse(address).map_err(|_| MALFORMED)?;
        Ok(Self { chain_id, address })
    }

    /// The chain's number (EIP-155).
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The address on the chain.
    #[must_use]
    pub const fn address(&self) -> EthereumAddress {
        self.address
    }
}

impl fmt::Display for ContractAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "eip155:{}:{}", self.chain_id, self.address)
    }
}

/// The signature of a contract wallet (`SmartContractWalletSignature`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractWalletSignature {
    /// The account in CAIP-10 form: `eip155:{chain id}:{address}`.
    pub account_id: String,
    /// The block at which the contract was asked; zero means not asked yet.
    pub block_number: u64,
    /// What the contract is asked about; its form is the contract's business.
    pub signature: Vec<u8>,
}

impl ContractWalletSignature {
    /// The account that is said to have signed.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`] when the account id does not name an account of an EVM chain.
    pub fn account(&self) -> Result<ContractAccount, SignatureError> {
        ContractAccount::parse(&self.account_id)
    }

    /// The chain that the account lives on, if the account id names an EVM account.
    #[must_use]
    pub fn chain_id(&self) -> Option<u64> {
        self.account().ok().map(|account| account.chain_id)
    }

    /// The account's address, if the account id names an EVM account.
    #[must_use]
    pub fn address(&self) -> Option<EthereumAddress> {
        self.account().ok().map(|account| account.address)
    }

    /// The signature as one whose signer is known, after the contract was asked about `hash` and answered.
    pub(super) fn judge(
        &self,
        hash: [u8; 32],
        verdicts: &ContractVerdicts,
    ) -> Result<VerifiedSignature, SignatureError> {
        let question = ContractQuestion::new(hash, self)?;
        match verdicts.verdict(&question) {
            Some(true) => Ok(question.into_verified()),
            Some(false) => Err(SignatureError::Invalid(SignatureKind::ContractWallet)),
            None => Err(SignatureError::ContractNotAsked),
        }
    }
}

/// What a blockchain is asked: whether the contract of an account stands by a signature over a hash at a block.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractQuestion {
    account: ContractAccount,
    hash: [u8; 32],
    signature: ContractWalletSignature,
}

impl ContractQuestion {
    /// The question about a signature over a text with this EIP-191 hash.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`] when the account id does not name an account of an EVM chain.
    pub fn new(hash: [u8; 32], signature: &ContractWalletSignature) -> Result<Self, SignatureError> {
        Ok(Self { account: signature.account()?, hash, signature: signature.clone() })
    }

    /// Whose contract is asked, and on which chain.
    #[must_use]
    pub const fn account(&self) -> ContractAccount {
        self.account
    }

    /// The EIP-191 hash of the text that was signed.
    #[must_use]
    pub const fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The signature, with the block at which the contract is asked; zero is the newest one.
    #[must_use]
    pub const fn signature(&self) -> &ContractWalletSignature {
        &self.signature
    }

    /// The signature as one that the contract accepts.
    pub(super) fn into_verified(self) -> VerifiedSignature {
        VerifiedSignature {
            signer: MemberIdentifier::Ethereum(self.account.address),
            kind: SignatureKind::ContractWallet,
            raw: self.signature.signature,
            chain_id: Some(self.account.chain_id),
        }
    }
}

/// What contracts answered. A question that is not in here was not asked, which is not the same as a refusal: to ask
/// can help.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContractVerdicts(BTreeMap<ContractQuestion, bool>);

impl ContractVerdicts {
    /// No contract was asked.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// For an update that was judged when it was taken into a log: its contracts are believed to have accepted it. They
    /// may have changed their mind since, and are not asked again. Signatures that name no account stay unanswered.
    #[must_use]
    pub fn of_judged(update: &IdentityUpdate) -> Self {
        let hash = update.signature_hash();
        let questions =
            update.contract_wallet_signatures().filter_map(|it| ContractQuestion::new(hash, it).ok());
        Self(questions.map(|question| (question, true)).collect())
    }

    /// Notes an answer; a later one to the same question replaces it.
    pub fn record(&mut self, question: ContractQuestion, accepts: bool) {
        self.0.insert(question, accepts);
    }

    /// The answer, if the question was asked.
    #[must_use]
    pub fn verdict(&self, question: &ContractQuestion) -> Option<bool> {
        self.0.get(question).copied()
    }
}

impl IdentityUpdate {
    /// The signatures about which contracts have to be asked.
    pub fn contract_wallet_signatures(&self) -> impl Iterator<Item = &ContractWalletSignature> {
        self.actions.iter().flat_map(super::Action::signatures).filter_map(|signature| match signature {
            UnverifiedSignature::ContractWallet(signature) => Some(signature),
            _ => None,
        })
    }

    /// What contracts have to be asked before the update can be judged, each question once.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`] when a signature names no account: such an update is never valid.
    pub fn contract_questions(&self) -> Result<BTreeSet<ContractQuestion>, SignatureError> {
        let mut signatures = self.contract_wallet_signatures().peekable();
        if signatures.peek().is_none() {
            return Ok(BTreeSet::new());
        }
        let hash = self.signature_hash();
        signatures.map(|signature| ContractQuestion::new(hash, signature)).collect()
    }
}
