//! Private keys of wallets, as people keep them: in files, or typed and hidden.

use std::io::{IsTerminal, Read};
use std::path::Path;

use hexmtp::domain::Secret;
use hexmtp::domain::identity::{LocalWallet, SignatureError};
use zeroize::Zeroizing;

use crate::error::CliError;

/// More than a key with white space around it; a file that is longer is something else.
const MAX_KEY_FILE: u64 = 4096;

/// The wallet of a key.
pub(crate) fn opened(key: &Secret) -> Result<LocalWallet, CliError> {
    let mut bytes = Zeroizing::new([0; 32]);
    if key.len() != bytes.len() {
        return Err(SignatureError::InvalidPrivateKey.into());
    }
    bytes.copy_from_slice(key.expose());
    Ok(LocalWallet::from_private_key(*bytes)?)
}

/// Reads a private key from a file, or from standard input for `-`.
pub(crate) fn read_private_key(path: &Path) -> Result<Secret, CliError> {
    let text = if path != Path::new("-") {
        let failed = || CliError::file(format!("{} cannot be read", path.display()));
        read_all(std::fs::File::open(path).map_err(failed())?).map_err(failed())?
    } else if std::io::stdin().is_terminal() {
        let typed = rpassword::prompt_password("Private key (hidden): ");
        Zeroizing::new(typed.map_err(CliError::file("the key cannot be read from the terminal"))?)
    } else {
        read_all(std::io::stdin().lock())
            .map_err(CliError::file("the key cannot be read from standard input"))?
    };
    let key = parse_private_key(&text)?;
    opened(&key)?;
    Ok(key)
}

/// In a buffer that does not grow, so that no copies of it are left.
fn read_all(from: impl Read) -> std::io::Result<Zeroizing<String>> {
    let capacity = usize::try_from(MAX_KEY_FILE).unwrap_or_default() + 64;
    let mut text = Zeroizing::new(String::with_capacity(capacity));
    from.take(MAX_KEY_FILE).read_to_string(&mut text)?;
    Ok(text)
}

/// 64 hexadecimal digits, with or without `0x`, white space around them.
fn parse_private_key(text: &str) -> Result<Secret, CliError> {
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, bytes.as_mut()).map_err(|_| SignatureError::InvalidPrivateKey)?;
    Ok(Secret::from(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_keys_are_read_as_people_keep_them() {
        let digits = "4f".repeat(32);
        for text in [digits.clone(), format!("0x{digits}"), format!("  {digits}\r\n"), digits.to_uppercase()]
        {
            assert_eq!(parse_private_key(&text).unwrap().expose(), [0x4f; 32], "{text:?}");
        }
    }

    #[test]
    fn what_is_no_private_key_is_refused_without_being_repeated() {
        let digits = "5e".repeat(31);
        for text in
            ["", "0x", &digits, &format!("{digits}5"), &format!("{digits}5e5e"), &format!("{digits}zz")]
        {
            let error = parse_private_key(text).unwrap_err();
            assert_eq!(error.code(), "identity.invalid_private_key");
            assert!(!error.rendered(false).contains("5e5e") && !format!("{error:?}").contains("5e5e"));
        }
        let zero = parse_private_key(&"00".repeat(32)).unwrap();
        assert_eq!(opened(&zero).unwrap_err().code(), "identity.invalid_private_key");
        assert_eq!(opened(&Secret::from([1; 31])).unwrap_err().code(), "identity.invalid_private_key");
    }

    #[test]
    fn a_long_file_is_read_only_in_part() {
        let long = "4".repeat(100_000);
        assert_eq!(read_all(long.as_bytes()).unwrap().len(), 4096);
        assert!(read_all([0xff_u8, 0xfe].as_slice()).is_err());
    }
}
