//! Contract wallets: their accounts, what they are asked, and what their answers are worth.

use super::vectors::{EXTRA, installation, log_of, wallet};
use super::*;

const MALFORMED: SignatureError = SignatureError::Malformed(SignatureKind::ContractWallet);
const INVALID: SignatureError = SignatureError::Invalid(SignatureKind::ContractWallet);
const ADDRESS: &str = "0x04c142f4f30a085a5ef823128ae026105363a034";

fn owner() -> Identifier {
    wallet(1).identifier()
}

/// A contract wallet's creation of its inbox, with the signature that the chain of the account would be asked about.
fn by_contract(account_id: &str, client_timestamp_ns: u64) -> (IdentityUpdate, ContractWalletSignature) {
    let signature = ContractWalletSignature {
        account_id: account_id.to_owned(),
        block_number: 7,
        signature: b"whatever the contract takes".to_vec(),
    };
    let update = Update {
        inbox_id: inbox_id(&owner(), 0),
        client_timestamp_ns,
        actions: vec![Action::CreateInbox {
            identifier: owner(),
            nonce: 0,
            signature: UnverifiedSignature::ContractWallet(signature.clone()),
        }],
    };
    (update, signature)
}

/// R-IDN-053
#[test]
fn an_account_is_named_in_one_way() {
    let digits = &ADDRESS[2..];
    for (account_id, chain_id) in [
        (format!("eip155:1:{ADDRESS}"), 1),
        (format!("eip155:31337:{digits}"), 31337),
        (format!("eip155:0:0x{}", digits.to_uppercase()), 0),
        (format!("eip155:18446744073709551615:{ADDRESS}"), u64::MAX),
    ] {
        let account = ContractAccount::parse(&account_id).unwrap();
        assert_eq!(account.chain_id(), chain_id);
        assert_eq!(account.address().to_string(), ADDRESS);
        assert_eq!(account, ContractAccount::new(chain_id, account.address()));
        assert_eq!(account.to_string(), format!("eip155:{chain_id}:{ADDRESS}"));
        let signature = ContractWalletSignature { account_id, block_number: 0, signature: vec![] };
        assert_eq!((signature.chain_id(), signature.address()), (Some(chain_id), Some(account.address())));
    }
    for account_id in [
        String::new(),
        "eip155".into(),
        "eip155:1".into(),
        format!("1:{ADDRESS}"),
        format!(":1:{ADDRESS}"),
        format!("eip155::{ADDRESS}"),
        format!("EIP155:1:{ADDRESS}"),
        format!("eip156:1:{ADDRESS}"),
        format!("solana:1:{ADDRESS}"),
        format!("eip155:1:{ADDRESS}:1"),
        format!("eip155:1:{ADDRESS}:"),
        format!(" eip155:1:{ADDRESS}"),
        format!("eip155:1:{ADDRESS} "),
        format!("eip155:+1:{ADDRESS}"),
        format!("eip155:-1:{ADDRESS}"),
        format!("eip155:01:{ADDRESS}"),
        format!("eip155:0x1:{ADDRESS}"),
        format!("eip155:one:{ADDRESS}"),
        format!("eip155:18446744073709551616:{ADDRESS}"),
        format!("eip155:1:0X{digits}"),
        format!("eip155:1:0x0x{}", &digits[2..]),
        format!("eip155:1:{ADDRESS}00"),
        format!("eip155:1:{}", &ADDRESS[..40]),
        "eip155:1:0x".into(),
        "eip155:1:".into(),
        "eip155:1:vitalik.eth".into(),
    ] {
        assert_eq!(ContractAccount::parse(&account_id), Err(MALFORMED), "{account_id}");
    }
}

/// R-NET-146
#[test]
fn a_contract_wallets_signature_counts_once_its_contract_has_accepted_it() {
    let (update, signature) = by_contract(&format!("eip155:10:{}", owner()), 1);
    assert_eq!(update.contract_wallet_signatures().collect::<Vec<_>>(), [&signature]);
    let questions = update.contract_questions().unwrap();
    assert_eq!(questions.len(), 1);
    let question = questions.into_iter().next().unwrap();
    assert_eq!((question.signature(), question.hash()), (&signature, update.signature_hash()));
    assert_eq!(MemberIdentifier::Ethereum(question.account().address()), owner().into());
    let apply = |answer: &[(ContractQuestion, bool)]| {
        let mut verdicts = ContractVerdicts::none();
        answer.iter().for_each(|(question, accepts)| verdicts.record(question.clone(), *accepts));
        AssociationState::apply_with(None, &update, &verdicts)
    };
    let state = apply(&[(question.clone(), true)]).unwrap();
    assert_eq!(state.member(&owner().into()).unwrap().added_on_chain_id, Some(10));
    assert_eq!(apply(&[(question.clone(), false)]), Err(INVALID.into()));
    assert_eq!(apply(&[(question.clone(), false), (question.clone(), true)]), Ok(state.clone()));
    assert_eq!(apply(&[(question.clone(), true), (question, false)]), Err(INVALID.into()));
    let believed = ContractVerdicts::of_judged(&update);
    assert_eq!(AssociationState::apply_with(None, &update, &believed), Ok(state));
    // Not asked, or asked about anything else.
    assert_eq!(AssociationState::apply(None, &update), Err(SignatureError::ContractNotAsked.into()));
    let hash = update.signature_hash();
    let other_chain = format!("eip155:1:{}", owner());
    for (hash, signature) in [
        ([0; 32], signature.clone()),
        (hash, ContractWalletSignature { block_number: 8, ..signature.clone() }),
        (hash, ContractWalletSignature { signature: b"forged".to_vec(), ..signature.clone() }),
        (hash, ContractWalletSignature { account_id: other_chain, ..signature }),
    ] {
        let elsewhere = ContractQuestion::new(hash, &signature).unwrap();
        assert_eq!(apply(&[(elsewhere, true)]), Err(SignatureError::ContractNotAsked.into()));
    }
}

/// R-NET-146
#[test]
fn an_answer_for_somebody_else_or_nobody_creates_nothing() {
    let (update, _) = by_contract(&format!("eip155:10:{}", wallet(3).identifier()), 1);
    let verdicts = ContractVerdicts::of_judged(&update);
    assert_eq!(
        AssociationState::apply_with(None, &update, &verdicts),
        Err(AssociationError::NotSignedByCreator)
    );
    for account_id in ["", "eip155:10", "eip155:10:0x12", "cosmos:10:0x12", "eip155:ten:0x12"] {
        let (update, signature) = by_contract(account_id, 1);
        assert_eq!(update.contract_questions(), Err(MALFORMED));
        assert_eq!(ContractQuestion::new([0; 32], &signature), Err(MALFORMED));
        let verdicts = ContractVerdicts::of_judged(&update);
        assert_eq!(verdicts, ContractVerdicts::none());
        assert_eq!(AssociationState::apply_with(None, &update, &verdicts), Err(MALFORMED.into()));
    }
}

/// R-NET-146
#[test]
fn a_contract_is_asked_about_the_text_that_wallets_sign() {
    let (update, _) = by_contract("eip155:1:0x00", 1);
    let (later, _) = by_contract("eip155:1:0x00", 2_000_000_000);
    assert_ne!(update.signature_hash(), later.signature_hash());
    let expected = super::wallet::personal_hash(&update.signature_text());
    assert_eq!(update.signature_hash(), expected);
}

/// R-IDN-054: the captured registration has one signature twice.
#[test]
fn a_contract_is_asked_once_about_one_signature() {
    let log = log_of(EXTRA, "SCW Client.create");
    assert_eq!(log[0].contract_wallet_signatures().count(), 2);
    let questions = log[0].contract_questions().unwrap();
    assert_eq!(questions.len(), 1);
    let question = questions.first().unwrap();
    assert_eq!(question.account().to_string(), format!("eip155:1:{ADDRESS}"));
    assert_eq!(question.signature().block_number, 1);
    let none = UnsignedUpdate::create_inbox(&owner(), 0, installation(1).id(), 1);
    let text = none.signature_text();
    let signatures = [wallet(1).sign_text(&text).unwrap(), installation(1).sign_identity_text(&text)];
    assert!(none.sign(&signatures).unwrap().contract_questions().unwrap().is_empty());
}
