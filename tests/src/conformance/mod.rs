//! The suites that every adapter of a port passes: ordinary functions on a port, listed once by a macro each, so
//! that no adapter can run a part of them.

pub mod commit_log;
pub mod contract_wallet;
pub mod delivery;
pub mod identity_log;
pub mod network;
pub mod platform;
pub mod secret_store;
pub mod store;
pub mod subscription;

/// Makes a test of each case of a suite; `$test` is the attribute that runs it. Used by the suites' own macros,
/// which hold the lists.
#[macro_export]
macro_rules! suite_cases {
    ($test:meta, $make:expr, $suite:ident, [$($case:ident),* $(,)?]) => {
        $(
            #[$test]
            async fn $case() {
                $crate::conformance::$suite::$case($make()).await;
            }
        )*
    };
}
