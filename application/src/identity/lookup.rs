//! From identifiers to inboxes.

use hexmtp_domain::InboxId;
use hexmtp_domain::identity::Identifier;

use crate::context::Context;
use crate::error::ChangeError;

/// The inbox of every identifier.
///
/// # Errors
/// [`ChangeError::UnknownIdentifiers`] names exactly those that belong to no inbox.
pub(crate) async fn inbox_ids(
    context: &Context,
    identifiers: &[Identifier],
) -> Result<Vec<InboxId>, ChangeError> {
    let found = context.identity_log.inbox_ids(identifiers).await?;
    let unknown: Vec<Identifier> = identifiers
        .iter()
        .zip(found.iter().map(Some).chain(std::iter::repeat(None)))
        .filter(|(_, inbox_id)| !matches!(inbox_id, Some(Some(_))))
        .map(|(identifier, _)| identifier.clone())
        .collect();
    if unknown.is_empty() {
        Ok(found.into_iter().flatten().collect())
    } else {
        Err(ChangeError::UnknownIdentifiers(unknown))
    }
}

/// For each identifier, in the order asked, whether it belongs to an inbox.
pub(crate) async fn can_message(
    context: &Context,
    identifiers: &[Identifier],
) -> Result<Vec<bool>, ChangeError> {
    let found = context.identity_log.inbox_ids(identifiers).await?;
    Ok((0..identifiers.len()).map(|index| matches!(found.get(index), Some(Some(_)))).collect())
}
