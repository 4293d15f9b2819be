//! What is entrusted to a keychain: a mark and the secret in hexadecimal digits. Some keychains keep and show text
//! only, and some confuse an empty secret with none.

use hexmtp_domain::Secret;
use hexmtp_ports::secret_store::{MAX_SECRET_LENGTH, SecretStoreError};
use zeroize::Zeroizing;

/// A later format gets another number. With the longest secret this stays below the 2560 bytes that Windows keeps.
const MARK: &str = "hexmtp secret 1 ";

/// The text of a secret. The buffer has its final size from the start: growing would leave copies behind.
pub(crate) fn encode(secret: &Secret) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(MARK.len() + 2 * secret.len()));
    text.extend_from_slice(MARK.as_bytes());
    text.resize(MARK.len() + 2 * secret.len(), b'0');
    if let Some(digits) = text.get_mut(MARK.len()..) {
        // It has exactly the room that is needed.
        let _ = hex::encode_to_slice(secret.expose(), digits);
    }
    text
}

/// Reads what [`encode`] made, and nothing else.
pub(crate) fn decode(text: &[u8]) -> Result<Secret, SecretStoreError> {
    let digits = text.strip_prefix(MARK.as_bytes()).ok_or(SecretStoreError::Unusable(
        "it was not put into the keychain by this version of this store",
    ))?;
    let mut bytes = Zeroizing::new(vec![0; digits.len() / 2]);
    let is_lower = digits.iter().all(|digit| !digit.is_ascii_uppercase());
    match hex::decode_to_slice(digits, bytes.as_mut_slice()) {
        Ok(()) if is_lower && bytes.len() <= MAX_SECRET_LENGTH => {
            Ok(Secret::new(std::mem::take(&mut *bytes)))
        }
        _ => Err(SecretStoreError::Unusable("what the keychain has is damaged")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_stays_as_it_is() {
        let text = encode(&Secret::new(vec![0x00, 0x0f, 0xa5, 0xff]));
        assert_eq!(text.as_slice(), b"hexmtp secret 1 000fa5ff");
        assert_eq!(decode(&text).unwrap().expose(), [0x00, 0x0f, 0xa5, 0xff]);
    }

    #[test]
    fn secrets_of_every_length_come_back_and_fit() {
        for length in [0, 1, 32, MAX_SECRET_LENGTH] {
            let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
            let text = encode(&Secret::new(bytes.clone()));
            assert_eq!(decode(&text).unwrap().expose(), bytes);
            assert_eq!(text.capacity(), text.len(), "the buffer grew and left a copy behind");
            assert!(!text.is_empty() && text.len() <= 2560);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let longer = format!("{MARK}{}", "00".repeat(MAX_SECRET_LENGTH + 1));
        for text in
            ["", "00", "hexmtp secret 1", "hexmtp secret 1 0", "hexmtp secret 1 0A", "hexmtp secret 1 00\n"]
                .into_iter()
                .chain(["hexmtp secret 2 00", &longer])
        {
            assert!(matches!(decode(text.as_bytes()), Err(SecretStoreError::Unusable(_))), "{text:?}");
        }
    }
}
