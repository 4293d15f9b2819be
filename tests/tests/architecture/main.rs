//! The rules that the project keeps about itself: who may depend on whom, which words a room must not know, how
//! large things may grow, and that lists in `docs/` are true.
//!
//! Each module holds a pure check over text, a test that applies it to this workspace, and tests showing that
//! it fails on crafted bad input.

#[cfg(test)]
mod error_codes;
#[cfg(test)]
mod hygiene;
#[cfg(test)]
mod layering;
#[cfg(test)]
mod protocol_rules;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod source;
#[cfg(test)]
mod suite_adoption;
#[cfg(test)]
mod vocabulary;
