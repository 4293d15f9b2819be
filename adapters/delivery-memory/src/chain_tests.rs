use hexmtp_domain::identity::{IdentityUpdate, LocalWallet, UnverifiedSignature, inbox_id};

use super::*;

fn signed(owner: &LocalWallet) -> ([u8; 32], Vec<u8>) {
    let inbox_id = inbox_id(&owner.identifier(), 0);
    let update = IdentityUpdate { inbox_id, client_timestamp_ns: 0, actions: Vec::new() };
    match owner.sign_text(&update.signature_text()) {
        Ok(UnverifiedSignature::Erc191 { bytes }) => (update.signature_hash(), bytes),
        other => panic!("{other:?}"),
    }
}

/// R-EVM-018
#[test]
fn wallets_follow_their_owners_from_block_to_block() {
    let owner = |seed| LocalWallet::from_private_key([seed; 32]).unwrap();
    let (first, second) = (owner(1), owner(2));
    let wallet = ContractAccount::new(7, EthereumAddress::new([9; 20]));
    let (hash, signature) = signed(&first);
    let asked = |chain: u64, block_number| ContractWalletSignature {
        account_id: ContractAccount::new(chain, wallet.address()).to_string(),
        block_number,
        signature: signature.clone(),
    };
    let mut chains = Chains::default();
    assert_eq!(chains.verify(&hash, &asked(7, 0)).unwrap_err().code(), "contract_wallet.unsupported_chain");
    let deployed = chains.set_owner(wallet, first.address());
    let handed_over = chains.set_owner(wallet, second.address());
    for (block, at, is_valid) in
        [(deployed, deployed, true), (handed_over, handed_over, false), (0, handed_over, false)]
    {
        let verdict = chains.verify(&hash, &asked(7, block)).unwrap();
        assert_eq!(verdict, ContractVerdict { is_valid, block_number: at });
    }
    let early = chains.verify(&hash, &asked(7, handed_over + 1)).unwrap_err();
    assert_eq!(early.code(), "contract_wallet.unavailable");
}
