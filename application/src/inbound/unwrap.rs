//! Opening the wrapper of a welcome (PROTOCOL.md 5.1 to 5.3).

use hexmtp_domain::SequenceId;
use hexmtp_domain::welcome::{WelcomeMetadata, WelcomePointer, WrapperAlgorithm};
use hexmtp_ports::delivery::{WelcomeEnvelope, WelcomePayload};
use hexmtp_ports::store::KeyPackageRecord;
use hexmtp_ports::welcome_crypto::Wrapped;

use crate::context::Context;
use crate::error::{SyncError, WelcomeRejection};

/// A welcome without its wrapper.
pub(crate) struct Unwrapped {
    /// The TLS encoding of the `MLSMessage`.
    pub(crate) welcome: Vec<u8>,
    /// The place of the commit that added this installation; zero from senders that do not tell.
    pub(crate) message_cursor: SequenceId,
    /// The key package that the welcome was made for.
    pub(crate) key_package: KeyPackageRecord,
}

/// What came of unwrapping.
pub(crate) enum Opened {
    Welcome(Box<Unwrapped>),
    Refused(WelcomeRejection),
    /// The pointee of a pointer is not there yet.
    NotYet,
}

/// Opens a welcome's wrapper, following a pointer to its pointee.
pub(crate) async fn open(context: &Context, envelope: &WelcomeEnvelope) -> Result<Opened, SyncError> {
    let (public_key, algorithm) = match &envelope.payload {
        WelcomePayload::Welcome { hpke_public_key, algorithm, .. }
        | WelcomePayload::Pointer { hpke_public_key, algorithm, .. } => (hpke_public_key, *algorithm),
    };
    if algorithm == WrapperAlgorithm::Symmetric {
        return Ok(Opened::Refused(WelcomeRejection::WrongWrapper));
    }
    let Some(key_package) = context.store.key_package_for(public_key).await? else {
        return Ok(Opened::Refused(WelcomeRejection::UnknownKey));
    };
    let private_key = match algorithm {
        WrapperAlgorithm::XWing => &key_package.wrapper_key.1,
        WrapperAlgorithm::Curve25519 | WrapperAlgorithm::Symmetric => &key_package.init_key.1,
    };
    let wrapped = match &envelope.payload {
        WelcomePayload::Welcome { data, metadata, .. } => {
            Wrapped { data: data.clone(), metadata: metadata.clone() }
        }
        WelcomePayload::Pointer { data, .. } => Wrapped { data: data.clone(), metadata: Vec::new() },
    };
    let opened = match context.welcome_crypto.unwrap(algorithm, private_key, &wrapped) {
        Ok(opened) => opened,
        Err(error) => return Ok(Opened::Refused(error.into())),
    };
    let opened = match envelope.payload {
        WelcomePayload::Welcome { .. } => opened,
        WelcomePayload::Pointer { .. } => match follow(context, &opened.data).await? {
            Followed::Found(opened) => opened,
            Followed::NotYet => return Ok(Opened::NotYet),
            Followed::Refused(rejection) => return Ok(Opened::Refused(rejection)),
        },
    };
    // Metadata that cannot be read is treated like metadata that is not there: the log is read from its start.
    let metadata = WelcomeMetadata::decode(&opened.metadata).ok().flatten();
    Ok(Opened::Welcome(Box::new(Unwrapped {
        welcome: opened.data,
        message_cursor: metadata.map(|metadata| metadata.message_cursor).unwrap_or_default(),
        key_package,
    })))
}

enum Followed {
    Found(Wrapped),
    NotYet,
    Refused(WelcomeRejection),
}

/// Fetches and opens what a pointer points to.
async fn follow(context: &Context, pointer: &[u8]) -> Result<Followed, SyncError> {
    let pointer = match WelcomePointer::decode(pointer) {
        Ok(pointer) => pointer,
        Err(error) => return Ok(Followed::Refused(error.into())),
    };
    let page = context.delivery.query_welcomes(pointer.destination, SequenceId::default(), 1).await?;
    let Some(pointee) = page.items.into_iter().next() else {
        return Ok(Followed::NotYet);
    };
    let WelcomePayload::Welcome { data, metadata, algorithm: WrapperAlgorithm::Symmetric, .. } =
        pointee.payload
    else {
        return Ok(Followed::Refused(WelcomeRejection::WrongWrapper));
    };
    Ok(match context.welcome_crypto.open_pointee(&pointer.secrets, &Wrapped { data, metadata }) {
        Ok(opened) => Followed::Found(opened),
        Err(error) => Followed::Refused(error.into()),
    })
}
