//! Randomness that a seed decides.

use std::sync::{Mutex, PoisonError};

use hexmtp_ports::platform::{Entropy, EntropyError};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A ChaCha20 stream: the same seed gives the same bytes on every machine. For tests only: who knows the seed
/// knows every key.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<ChaCha20Rng>);

impl SeededEntropy {
    /// Starts the stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(buffer);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(entropy: &SeededEntropy) -> [u8; 16] {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_seed_decides_the_bytes_and_each_draw_gives_other_ones() {
        let (one, same, other) = (SeededEntropy::new(1), SeededEntropy::new(1), SeededEntropy::new(2));
        let first = draw(&one);
        assert_eq!(first, draw(&same));
        assert_ne!(first, draw(&other));
        let second = draw(&one);
        assert_ne!(first, second);
        assert_eq!(second, draw(&same));
    }

    /// Simulations quote seeds in bug reports: what a seed gives must not change with a library.
    #[test]
    fn the_bytes_of_a_seed_stay_the_same_for_ever() {
        assert_eq!(hex(&draw(&SeededEntropy::new(42))), "7848b5d711bc9883996317a3f9c90269");
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
