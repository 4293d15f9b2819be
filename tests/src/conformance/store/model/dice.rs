//! Chance that is the same in every run.

use hexmtp_domain::Timestamp;

use super::super::samples::at;

/// A small generator (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    /// The generator of a seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `sides`.
    pub(crate) fn below(&mut self, sides: u8) -> u8 {
        u8::try_from(self.roll() % u64::from(sides)).unwrap()
    }

    /// The same as a wider number.
    pub(crate) fn number(&mut self, sides: u8) -> u64 {
        self.below(sides).into()
    }

    /// A time of a few.
    pub(crate) fn time(&mut self) -> Timestamp {
        at(self.below(6).into())
    }

    pub(crate) fn one_in(&mut self, sides: u8) -> bool {
        self.below(sides) == 0
    }

    /// Something half the time.
    pub(crate) fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(2).then(|| make(self))
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.below(u8::try_from(choices.len()).unwrap()))]
    }

    /// Up to `most` of what `make` gives.
    pub(crate) fn some<T>(&mut self, most: u8, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }
}
