//! The format of the files.

use hexmtp_domain::Secret;
use hexmtp_ports::secret_store::{MAX_SECRET_LENGTH, SecretStoreError};

use crate::format::{MAX_FILE_LENGTH, decode, encode};

#[test]
fn the_format_stays_as_it_is() {
    let file = encode(&Secret::new(vec![0x00, 0x0f, 0xa5, 0xff]));
    assert_eq!(file.as_slice(), b"hexmtp secret 1\n000fa5ff\n");
    assert_eq!(decode(&file).unwrap().expose(), [0x00, 0x0f, 0xa5, 0xff]);
}

#[test]
fn secrets_of_every_length_come_back() {
    for length in [0, 1, 32, MAX_SECRET_LENGTH] {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
        let file = encode(&Secret::new(bytes.clone()));
        assert_eq!(decode(&file).unwrap().expose(), bytes);
        assert_eq!(file.capacity(), file.len(), "the buffer grew and left a copy behind");
        assert!(file.len() <= MAX_FILE_LENGTH);
    }
}

#[test]
fn other_files_are_refused() {
    let longer = format!("hexmtp secret 1\n{}\n", "00".repeat(MAX_SECRET_LENGTH + 1));
    for file in [
        "",
        "\n",
        "000fa5ff",
        "hexmtp secret 1\n",
        "hexmtp secret 1\n00",
        "hexmtp secret 1\n0\n",
        "hexmtp secret 1\n0g\n",
        "hexmtp secret 1\n0A\n",
        "hexmtp secret 1\n00\n\n",
        "hexmtp secret 1\n 00\n",
        "hexmtp secret 1\r\n00\r\n",
        "hexmtp secret 2\n00\n",
        &longer,
    ] {
        assert!(matches!(decode(file.as_bytes()), Err(SecretStoreError::Unusable(_))), "{file:?}");
    }
    assert!(decode(&[0xff; 40]).is_err());
}
