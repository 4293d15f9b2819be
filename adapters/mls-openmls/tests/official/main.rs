//! What official clients sent: key packages, welcomes and group messages captured with the keys of their recipients
//! (`tests/vectors`, from libxmtp 1.11.0-dev). Being one of the recipients, this adapter must see what they saw.

mod captured;
mod chains;
mod key_packages;
mod parameters;
mod welcomes;
