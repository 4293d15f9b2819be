//! Secrets.

use crate::secret::Secret;

#[test]
fn debug_shows_only_the_length() {
    assert_eq!(format!("{:?}", Secret::new(vec![0xab; 42])), "Secret(42 bytes)");
}

#[test]
fn secrets_are_equal_when_their_bytes_are() {
    let secret = Secret::from([1, 2, 3]);
    assert_eq!(secret, Secret::new(vec![1, 2, 3]));
    assert_ne!(secret, Secret::new(vec![1, 2, 4]));
    assert_ne!(secret, Secret::new(vec![1, 2]));
    assert_ne!(secret, Secret::new(vec![]));
    assert_eq!((secret.expose(), secret.len(), secret.is_empty()), ([1, 2, 3].as_slice(), 3, false));
    assert!(Secret::new(vec![]).is_empty());
}
