//! Signatures of every kind: the first byte chooses the kind, the rest is cut into the text and the signature's fields.
#![no_main]

mod fields;

use fields::field;
use hexmtp_domain::identity::{
    ContractAccount, ContractWalletSignature, LegacyDelegatedSignature, LegacyKey, LegacyKeySignature,
    PasskeySignature, UnverifiedSignature,
};
use libfuzzer_sys::fuzz_target;

fn signature(kind: u8, mut rest: &[u8]) -> UnverifiedSignature {
    let mut next = || field(&mut rest).to_vec();
    match kind % 6 {
        0 => UnverifiedSignature::Erc191 { bytes: next() },
        1 => UnverifiedSignature::InstallationKey { bytes: next(), public_key: next() },
        2 => UnverifiedSignature::LegacyDelegated(LegacyDelegatedSignature {
            key_bytes: next(),
            key_signature: LegacyKeySignature::Compact { bytes: next(), recovery: u32::from(kind) / 6 },
            signature: next(),
        }),
        4 => UnverifiedSignature::LegacyDelegated(LegacyDelegatedSignature {
            key_bytes: next(),
            key_signature: LegacyKeySignature::WalletCompact { bytes: next(), recovery: u32::from(kind) / 6 },
            signature: next(),
        }),
        3 => UnverifiedSignature::ContractWallet(ContractWalletSignature {
            account_id: String::from_utf8_lossy(&next()).into_owned(),
            block_number: u64::from(kind),
            signature: next(),
        }),
        _ => {
            let passkey = PasskeySignature {
                public_key: next(),
                signature: next(),
                authenticator_data: next(),
                client_data_json: next(),
            };
            let _ = passkey.check_ceremony();
            UnverifiedSignature::Passkey(passkey)
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let _ = LegacyKey::decode(bytes);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(account) = ContractAccount::parse(text)
    {
        assert_eq!(ContractAccount::parse(&account.to_string()), Ok(account));
    }
    let Some((&kind, mut rest)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(field(&mut rest));
    let signature = signature(kind, rest);
    assert_eq!(UnverifiedSignature::from_wire(signature.to_wire()).as_ref(), Ok(&signature));
    if let Ok(verified) = signature.verify(&text) {
        assert!(verified.kind().may_sign_for(verified.signer()));
    }
});
