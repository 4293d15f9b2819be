//! The stores that a command has opened, to be closed however it ends: SQLCipher clears up when the process ends, and a
//! thread that still works on a database then would fault.

use std::sync::{Arc, Mutex, PoisonError};

use hexmtp::ports::store::Store;

static OPENED: Mutex<Vec<Arc<dyn Store>>> = Mutex::new(Vec::new());

/// Has a store closed at the end.
pub(crate) fn note(store: &Arc<dyn Store>) {
    OPENED.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(store));
}

/// Closes the stores. Most are closed already; of the others the command has failed and told why.
pub(crate) async fn close_all() {
    let opened = std::mem::take(&mut *OPENED.lock().unwrap_or_else(PoisonError::into_inner));
    for store in opened {
        if let Err(error) = store.close().await {
            tracing::debug!(code = error.code(), "a store was closed before");
        }
    }
}
