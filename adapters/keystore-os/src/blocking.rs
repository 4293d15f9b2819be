//! Calls of keychains block: some for as long as a person needs to type a passphrase.

use futures_channel::oneshot;

/// The call's thread ended without an answer.
pub(crate) struct Lost;

/// Runs a call on a thread of its own. It is not a thread of the runtime's pool, because a runtime waits at its end
/// for those, and a keychain that does not answer must not keep a program from ending. Dropping the future leaves the
/// thread alone.
pub(crate) async fn run<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> Result<T, Lost> {
    let (sender, receiver) = oneshot::channel();
    std::thread::Builder::new()
        .name("keychain".to_owned())
        .spawn(move || {
            // Nobody waits any more when the receiver is gone.
            let _ = sender.send(call());
        })
        .map_err(|_| Lost)?;
    receiver.await.map_err(|_| Lost)
}
