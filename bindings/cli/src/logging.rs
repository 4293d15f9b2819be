//! What `--verbose` tells, on standard error.

use tracing_subscriber::EnvFilter;

/// What this software does, in detail; of others only what they complain about. Neither logs contents or secrets.
const FILTER: &str =
    "warn,hexmtp=debug,hexmtp_cli=debug,hexmtp_delivery_grpc=debug,hexmtp_store_seaorm=debug";

/// Starts to log. Without `--verbose` nothing is logged: errors are told by the commands themselves.
pub(crate) fn start(verbose: bool) {
    if verbose {
        let started = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(FILTER))
            .with_writer(std::io::stderr)
            .try_init();
        // Nobody else starts one in this process.
        debug_assert!(started.is_ok());
    }
}
