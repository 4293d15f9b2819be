//! The network behind a server.

use std::fmt;
use std::sync::Arc;

use crate::call::Caller;
use crate::connect::{GrpcConnectError, transport};
use crate::options::GrpcOptions;
use crate::statistics::Statistics;

/// The network behind a v3 server. Clones share connections, limits and statistics.
#[derive(Clone)]
pub struct GrpcNetwork {
    pub(crate) caller: Arc<Caller>,
}

impl GrpcNetwork {
    /// Sets up a network. Connections are made when the first call needs them, so a server that cannot be reached
    /// shows then.
    ///
    /// # Errors
    /// [`GrpcConnectError`] when the options cannot work.
    pub fn connect(options: GrpcOptions) -> Result<Self, GrpcConnectError> {
        let (calls, streams) = (transport(&options)?, transport(&options)?);
        Ok(Self { caller: Arc::new(Caller::new(options, calls, streams)?) })
    }

    /// What became of the calls up to now.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.caller.counters.snapshot()
    }
}

impl fmt::Debug for GrpcNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcNetwork").field("options", &self.caller.options).finish_non_exhaustive()
    }
}
