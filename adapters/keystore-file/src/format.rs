//! What is in a file: a line that names the format, and a line with the secret in hexadecimal digits.

use hexmtp_domain::Secret;
use hexmtp_ports::secret_store::{MAX_SECRET_LENGTH, SecretStoreError};
use zeroize::Zeroizing;

/// The first line. A later format gets another number, so that an older version refuses the file instead of
/// misreading it.
const HEADER: &str = "hexmtp secret 1\n";

/// The longest file.
pub(crate) const MAX_FILE_LENGTH: usize = HEADER.len() + 2 * MAX_SECRET_LENGTH + 1;

/// The file of a secret. The buffer has its final size from the start: growing would leave copies behind.
pub(crate) fn encode(secret: &Secret) -> Zeroizing<Vec<u8>> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut file = Zeroizing::new(Vec::with_capacity(HEADER.len() + 2 * secret.len() + 1));
    file.extend_from_slice(HEADER.as_bytes());
    for byte in secret.expose() {
        for digit in [byte >> 4, byte & 0x0f] {
            file.push(DIGITS.get(usize::from(digit)).copied().unwrap_or_default());
        }
    }
    file.push(b'\n');
    file
}

/// Reads what [`encode`] wrote, and nothing else.
pub(crate) fn decode(file: &[u8]) -> Result<Secret, SecretStoreError> {
    let digits = file
        .strip_prefix(HEADER.as_bytes())
        .ok_or(SecretStoreError::Unusable("the file was not written by this version of this store"))?
        .strip_suffix(b"\n")
        .ok_or(SecretStoreError::Unusable("the file is cut off"))?;
    let mut bytes = Zeroizing::new(vec![0; digits.len() / 2]);
    let is_lower = digits.iter().all(|digit| !digit.is_ascii_uppercase());
    match hex::decode_to_slice(digits, bytes.as_mut_slice()) {
        Ok(()) if is_lower && bytes.len() <= MAX_SECRET_LENGTH => {
            Ok(Secret::new(std::mem::take(&mut *bytes)))
        }
        _ => Err(SecretStoreError::Unusable("the file is damaged")),
    }
}
