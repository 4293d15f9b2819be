//! The own key packages: made, uploaded, replaced.

mod rotate;

pub(crate) use rotate::{delete_outdated, ensure_uploaded, rotate, rotate_if_due, rotation_wanted};
