//! Signatures of every kind over a text: the first byte chooses the kind, the rest is cut into its fields.
#![no_main]

use hexmtp_domain::identity::{
    ContractAccount, ContractWalletSignature, LegacyDelegatedSignature, LegacyKey, LegacyKeySignature,
    PasskeySignature, UnverifiedSignature,
};
use libfuzzer_sys::fuzz_target;

/// The next field: a length byte, and as many bytes as there are.
fn field<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let Some((&length, tail)) = rest.split_first() else { return &[] };
    let (field, tail) = tail.split_at(usize::from(length).min(tail.len()));
    *rest = tail;
    field
}

fn signature(kind: u8, mut rest: &[u8]) -> UnverifiedSignature {
    let mut next = || field(&mut rest).to_vec();
    match kind % 5 {
        0 => UnverifiedSignature::Erc191 { bytes: next() },
        1 => UnverifiedSignature::InstallationKey { bytes: next(), public_key: next() },
        2 => UnverifiedSignature::LegacyDelegated(LegacyDelegatedSignature {
            key_bytes: next(),
            key_signature: LegacyKeySignature::Compact { bytes: next(), recovery: u32::from(kind) / 5 },
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
    let Some((&kind, rest)) = bytes.split_first() else { return };
    let signature = signature(kind, rest);
    assert_eq!(UnverifiedSignature::from_wire(signature.to_wire()).as_ref(), Ok(&signature));
    if let Ok(verified) = signature.verify("a text") {
        assert!(verified.kind().may_sign_for(verified.signer()));
    }
});
