//! Groups of installations of this adapter among themselves.

mod hostile;
mod lifecycle;
mod people;
mod races;
mod rows;
