//! From the updates of a log to the state of its inbox. What only contracts know, a verifier is asked for; most clients
//! ask the network, as official ones do (PROTOCOL.md 1.5, FEATURES.md ID-26).

use futures_util::future::try_join_all;
use hexmtp_domain::InboxId;
use hexmtp_domain::identity::{
    AssociationError, AssociationState, ContractQuestion, ContractVerdicts, IdentityUpdate,
};
use hexmtp_ports::contract_wallet::{ContractVerdict, ContractWalletError, ContractWalletVerifier};
use hexmtp_ports::identity_log::LoggedUpdate;

use crate::error::{IdentityError, PortError};

/// How many questions are on their way at the same time. An update can hold very many.
const ASKED_AT_ONCE: usize = 8;

/// What the contracts say to the signatures of an update. That a contract cannot be asked is a failure, and no answer:
/// who took it for one would see other members in an inbox than everybody else.
///
/// # Errors
/// [`PortError::ContractWallet`].
pub(crate) async fn ask_contracts(
    verifier: &dyn ContractWalletVerifier,
    update: &IdentityUpdate,
) -> Result<ContractVerdicts, PortError> {
    // A signature that names no account is refused by the fold itself.
    let questions: Vec<ContractQuestion> =
        update.contract_questions().unwrap_or_default().into_iter().collect();
    let mut verdicts = ContractVerdicts::none();
    for asked in questions.chunks(ASKED_AT_ONCE) {
        let answers = try_join_all(asked.iter().map(|question| ask(verifier, question))).await?;
        for (question, answer) in asked.iter().zip(answers) {
            verdicts.record(question.clone(), answer.is_some_and(|verdict| verdict.is_valid));
        }
    }
    Ok(verdicts)
}

/// What the contract says; none where no contract can be asked about such a signature, ever.
pub(crate) async fn ask(
    verifier: &dyn ContractWalletVerifier,
    question: &ContractQuestion,
) -> Result<Option<ContractVerdict>, PortError> {
    match verifier.verify(question.hash(), question.signature()).await {
        Ok(verdict) => Ok(Some(verdict)),
        Err(ContractWalletError::Malformed(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// R-IDN-213: the state after one more update of a log.
pub(crate) async fn follow(
    verifier: &dyn ContractWalletVerifier,
    inbox_id: InboxId,
    state: Option<AssociationState>,
    logged: &LoggedUpdate,
) -> Result<AssociationState, IdentityError> {
    let update = IdentityUpdate::decode(&logged.update)
        .map_err(|source| IdentityError::Undecodable { inbox_id, source })?;
    let verdicts = ask_contracts(verifier, &update).await?;
    AssociationState::apply_with(state, &update, &verdicts)
        .map_err(|source| IdentityError::InvalidLog { inbox_id, source })
}

/// The state after a whole log; none for an empty one.
pub(crate) async fn fold(
    verifier: &dyn ContractWalletVerifier,
    inbox_id: InboxId,
    log: &[LoggedUpdate],
) -> Result<Option<AssociationState>, IdentityError> {
    let mut state = None;
    for logged in log {
        state = Some(follow(verifier, inbox_id, state, logged).await?);
    }
    match state {
        Some(state) if state.inbox_id() != inbox_id => {
            Err(IdentityError::InvalidLog { inbox_id, source: AssociationError::WrongInbox })
        }
        state => Ok(state),
    }
}
