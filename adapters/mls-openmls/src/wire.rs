//! Between OpenMLS's types and plain bytes.

use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_ports::mls::MlsError;
use openmls::prelude::{
    Extension, Extensions, GroupContext, MlsMessageBodyIn, MlsMessageIn, PrivateMessageIn, Welcome,
};
use tls_codec::{Deserialize as _, Serialize as _, TlsVarInt};

/// Reads an `MLSMessage` that must be a private message: all that groups of XMTP carry (PROTOCOL.md 2.1). A public
/// message is refused here, for OpenMLS lets external ones past its own policy.
pub(crate) fn private_message(data: &[u8]) -> Result<PrivateMessageIn, MlsError> {
    match message(data)? {
        MlsMessageBodyIn::PrivateMessage(message) => Ok(message),
        _ => Err(MlsError::Malformed("not a private message")),
    }
}

/// Reads an `MLSMessage` that must be a welcome.
pub(crate) fn welcome(data: &[u8]) -> Result<Welcome, MlsError> {
    match message(data)? {
        MlsMessageBodyIn::Welcome(welcome) => Ok(welcome),
        _ => Err(MlsError::Malformed("not a welcome")),
    }
}

fn message(data: &[u8]) -> Result<MlsMessageBodyIn, MlsError> {
    MlsMessageIn::tls_deserialize_exact(data)
        .map(MlsMessageIn::extract)
        .map_err(|_| MlsError::Malformed("not an MLS message"))
}

/// An extension's type and data.
pub(crate) fn raw_extension(extension: &Extension) -> Result<RawExtension, MlsError> {
    let unreadable = || MlsError::Malformed("extension");
    let id = extension.extension_type().into();
    if let Extension::Unknown(_, data) = extension {
        return Ok(RawExtension { id, data: data.0.clone() });
    }
    // The encoding is the type, the length of the data, the data.
    let bytes = extension.tls_serialize_detached().map_err(|_| unreadable())?;
    let mut rest = bytes.get(2..).ok_or_else(unreadable)?;
    TlsVarInt::tls_deserialize(&mut rest).map_err(|_| unreadable())?;
    Ok(RawExtension { id, data: rest.to_vec() })
}

/// All extensions of a list, in its order.
pub(crate) fn raw_extensions<'a>(
    extensions: impl Iterator<Item = &'a Extension>,
) -> Result<Vec<RawExtension>, MlsError> {
    extensions.map(raw_extension).collect()
}

/// The extension of this type and data.
pub(crate) fn extension(raw: &RawExtension) -> Result<Extension, MlsError> {
    let malformed = MlsError::Malformed("extension");
    let mut bytes = raw.id.to_be_bytes().to_vec();
    if tls_codec::VLByteSlice(&raw.data).tls_serialize(&mut bytes).is_err() {
        return Err(malformed);
    }
    Extension::tls_deserialize_exact(&bytes).map_err(|_| malformed)
}

/// A list of group-context extensions. Their order is kept.
pub(crate) fn group_extensions(raw: &[RawExtension]) -> Result<Extensions<GroupContext>, MlsError> {
    let extensions = raw.iter().map(extension).collect::<Result<Vec<_>, _>>()?;
    Extensions::from_vec(extensions).map_err(|_| MlsError::Malformed("group-context extensions"))
}
