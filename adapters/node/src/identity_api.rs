//! `xmtp.identity.api.v1.IdentityApi`: identity logs and what follows from them.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use hexmtp_domain::InboxId;
use hexmtp_domain::identity::{
    Action, AssociationState, ContractVerdicts, ContractWalletSignature, Identifier, IdentifierKind,
    IdentityUpdate, MAX_UPDATES,
};
use hexmtp_ports::contract_wallet::{ContractVerdict, ContractWalletError, ContractWalletVerifier};
use hexmtp_proto::Message;
use hexmtp_proto::xmtp::identity::api::v1 as wire;
use hexmtp_proto::xmtp::identity::api::v1::identity_api_server::IdentityApi;
use hexmtp_proto::xmtp::identity::api::v1::verify_smart_contract_wallet_signatures_response::ValidationResponse;
use hexmtp_proto::xmtp::identity::associations::IdentityUpdate as WireUpdate;
use tokio::sync::Mutex;
use tonic::{Request, Response, Status};

use crate::checks::{self, invalid};
use crate::error::StorageError;
use crate::storage::{LoggedUpdate, Storage};
use crate::writer::{AssociationChange, NewIdentityUpdate, Write, WriteOutcome};

/// Bytes of all updates of one inbox. 50 whole logs, as official clients ask for at once, must fit into an answer.
const MAX_LOG_BYTES: usize = 400 * 1024;
/// How many locks keep updates of one inbox apart. Inboxes that share one only wait for each other.
const LOCKS: usize = 256;
/// About how many signatures of one call contracts are asked at the same time.
const ASKED_AT_ONCE: usize = 8;

/// The service.
#[derive(Clone)]
pub(crate) struct IdentityService {
    storage: Storage,
    verifier: Option<Arc<dyn ContractWalletVerifier>>,
    locks: Arc<[Mutex<()>]>,
}

impl IdentityService {
    /// With the verifier of contract wallets, if there is one.
    pub(crate) fn new(storage: Storage, verifier: Option<Arc<dyn ContractWalletVerifier>>) -> Self {
        let locks = (0..LOCKS).map(|_| Mutex::new(())).collect();
        Self { storage, verifier, locks }
    }

    /// Updates of one inbox are judged one after the other. That saves work; what keeps the log right is that the
    /// writer takes an update only for the log that it was judged by.
    fn lock_of(&self, inbox: InboxId) -> Option<&Mutex<()>> {
        let [first, ..] = inbox.as_bytes();
        self.locks.get(usize::from(*first) % LOCKS)
    }

    async fn publish(&self, update: WireUpdate) -> Result<(), Status> {
        let payload = update.encode_to_vec();
        if payload.len() > MAX_LOG_BYTES {
            return Err(invalid("the identity update is too large"));
        }
        let update = IdentityUpdate::from_wire(update).map_err(|error| invalid(error.to_string()))?;
        // Chains are asked before anything is locked, and not about what is in the log already.
        let verdicts = match update.contract_wallet_signatures().next() {
            None => ContractVerdicts::none(),
            Some(_) if self.is_logged(update.inbox_id, &payload).await? => return Ok(()),
            Some(_) => self.ask_contracts(&update).await?,
        };
        let _turn = match self.lock_of(update.inbox_id) {
            Some(lock) => Some(lock.lock().await),
            None => None,
        };
        let log = self.storage.identity_updates(update.inbox_id, 0).await?;
        if log.iter().any(|logged| logged.payload == payload) {
            return Ok(());
        }
        let log_bytes: usize = log.iter().map(|logged| logged.payload.len()).sum();
        if log.len() >= MAX_UPDATES || log_bytes + payload.len() > MAX_LOG_BYTES {
            return Err(Status::resource_exhausted("the identity log of the inbox is full"));
        }
        let judged_at = log.last().map_or(0, |last| last.id);
        let inbox = update.inbox_id;
        let changes = changes(&update);
        // Signatures cost time, and a log can have many.
        tokio::task::spawn_blocking(move || judge(&log, &update, &verdicts))
            .await
            .map_err(|error| Status::internal(error.to_string()))??;
        let new = NewIdentityUpdate { inbox, judged_at, payload, changes };
        match self.storage.write(Write::IdentityUpdate(new)).await? {
            WriteOutcome::Written => Ok(()),
            WriteOutcome::Outdated => {
                Err(Status::aborted("the identity log has changed meanwhile; try again"))
            }
        }
    }

    async fn is_logged(&self, inbox: InboxId, payload: &[u8]) -> Result<bool, StorageError> {
        let log = self.storage.identity_updates(inbox, 0).await?;
        Ok(log.iter().any(|logged| logged.payload == payload))
    }

    /// What the contracts say to the update's signatures. One that is not accepted spoils the update.
    async fn ask_contracts(&self, update: &IdentityUpdate) -> Result<ContractVerdicts, Status> {
        let mut verdicts = ContractVerdicts::none();
        for question in update.contract_questions().map_err(|error| invalid(error.to_string()))? {
            let Some(verifier) = &self.verifier else {
                return Err(Status::failed_precondition("this node cannot verify contract wallets"));
            };
            let verdict = verifier.verify(question.hash(), question.signature()).await;
            match verdict {
                Ok(verdict) if verdict.is_valid => verdicts.record(question, true),
                Ok(_) => return Err(invalid("the contract wallet does not accept the signature")),
                Err(error) => return Err(unverified(&error)),
            }
        }
        Ok(verdicts)
    }
}

fn unverified(error: &ContractWalletError) -> Status {
    match error {
        ContractWalletError::UnsupportedChain | ContractWalletError::Malformed(_) => {
            invalid(error.to_string())
        }
        _ => Status::unavailable(error.to_string()),
    }
}

/// Whether the update applies to the log. What is in the log was judged when it came; contracts are not asked again,
/// for they may have changed their mind about a signature since.
fn judge(log: &[LoggedUpdate], update: &IdentityUpdate, verdicts: &ContractVerdicts) -> Result<(), Status> {
    let damaged = || Status::from(StorageError::Corrupt("identity update"));
    let mut state = None;
    for logged in log {
        let logged = IdentityUpdate::decode(&logged.payload).map_err(|_| damaged())?;
        let judged = ContractVerdicts::of_judged(&logged);
        state = Some(AssociationState::apply_with(state, &logged, &judged).map_err(|_| damaged())?);
    }
    AssociationState::admit(state, update, verdicts).map(drop).map_err(|error| invalid(error.to_string()))
}

/// What an update changes for those who look for an inbox by an identifier.
fn changes(update: &IdentityUpdate) -> Vec<AssociationChange> {
    let change = |action: &Action| match action {
        Action::CreateInbox { identifier, .. } => Some(AssociationChange::Associate(identifier.clone())),
        Action::Add { new_member, .. } => new_member.as_identifier().map(AssociationChange::Associate),
        Action::Revoke { member, .. } => member.as_identifier().map(AssociationChange::Dissociate),
        Action::ChangeRecovery { .. } => None,
    };
    update.actions.iter().filter_map(change).collect()
}

/// The identifier that a request names; what is none has no inbox.
fn identifier(request: &wire::get_inbox_ids_request::Request) -> Option<Identifier> {
    let kind = IdentifierKind::from_wire(request.identifier_kind).ok()?;
    Identifier::from_wire(&request.identifier.to_lowercase(), kind, None).ok()
}

fn verdict(outcome: Result<ContractVerdict, ContractWalletError>) -> Result<ValidationResponse, Status> {
    match outcome {
        Ok(verdict) => Ok(ValidationResponse {
            is_valid: verdict.is_valid,
            block_number: Some(verdict.block_number),
            error: None,
        }),
        Err(error @ (ContractWalletError::UnsupportedChain | ContractWalletError::Malformed(_))) => {
            Ok(ValidationResponse { is_valid: false, block_number: None, error: Some(error.to_string()) })
        }
        // To say "not valid" would be a lie that a client keeps.
        Err(error) => Err(unverified(&error)),
    }
}

#[tonic::async_trait]
impl IdentityApi for IdentityService {
    async fn publish_identity_update(
        &self,
        request: Request<wire::PublishIdentityUpdateRequest>,
    ) -> Result<Response<wire::PublishIdentityUpdateResponse>, Status> {
        let update = request.into_inner().identity_update;
        self.publish(update.ok_or_else(|| invalid("the identity update is missing"))?).await?;
        Ok(Response::new(wire::PublishIdentityUpdateResponse {}))
    }

    async fn get_identity_updates(
        &self,
        request: Request<wire::GetIdentityUpdatesRequest>,
    ) -> Result<Response<wire::GetIdentityUpdatesResponse>, Status> {
        let requests = request.into_inner().requests;
        checks::at_most(requests.len(), checks::MAX_LOGS, "identity logs")?;
        let mut responses = Vec::with_capacity(requests.len());
        let mut bytes = 0_u64;
        for request in requests {
            let inbox = request.inbox_id.parse().map_err(|error| invalid(format!("{error}")))?;
            let mut updates = Vec::new();
            for logged in self.storage.identity_updates(inbox, request.sequence_id).await? {
                bytes = bytes.saturating_add(u64::try_from(logged.payload.len()).unwrap_or(u64::MAX));
                let update = WireUpdate::decode(logged.payload.as_slice());
                updates.push(wire::get_identity_updates_response::IdentityUpdateLog {
                    sequence_id: logged.id,
                    server_timestamp_ns: logged.created_ns,
                    update: Some(update.map_err(|_| StorageError::Corrupt("identity update"))?),
                });
            }
            if bytes > self.storage.answer_bytes() {
                return Err(StorageError::TooMuch.into());
            }
            let inbox_id = request.inbox_id;
            responses.push(wire::get_identity_updates_response::Response { inbox_id, updates });
        }
        Ok(Response::new(wire::GetIdentityUpdatesResponse { responses }))
    }

    async fn get_inbox_ids(
        &self,
        request: Request<wire::GetInboxIdsRequest>,
    ) -> Result<Response<wire::GetInboxIdsResponse>, Status> {
        let requests = request.into_inner().requests;
        checks::at_most(requests.len(), checks::MAX_ASKED, "identifiers")?;
        let identifiers: Vec<Option<Identifier>> = requests.iter().map(identifier).collect();
        let known: Vec<Identifier> = identifiers.iter().flatten().cloned().collect();
        let inboxes = self.storage.inbox_ids(&known).await?;
        let answer = |(request, identifier): (wire::get_inbox_ids_request::Request, Option<Identifier>)| {
            wire::get_inbox_ids_response::Response {
                inbox_id: identifier.and_then(|it| inboxes.get(&it)).map(ToString::to_string),
                identifier: request.identifier,
                identifier_kind: request.identifier_kind,
            }
        };
        let responses = requests.into_iter().zip(identifiers).map(answer).collect();
        Ok(Response::new(wire::GetInboxIdsResponse { responses }))
    }

    async fn verify_smart_contract_wallet_signatures(
        &self,
        request: Request<wire::VerifySmartContractWalletSignaturesRequest>,
    ) -> Result<Response<wire::VerifySmartContractWalletSignaturesResponse>, Status> {
        let Some(verifier) = &self.verifier else {
            return Err(Status::unimplemented("this node cannot verify contract wallets"));
        };
        let signatures = request.into_inner().signatures;
        checks::at_most(signatures.len(), checks::MAX_SIGNATURES, "signatures")?;
        let mut questions = Vec::with_capacity(signatures.len());
        for asked in signatures {
            let hash: [u8; 32] = asked.hash.try_into().map_err(|_| invalid("a hash has 32 bytes"))?;
            let signature = ContractWalletSignature {
                account_id: asked.account_id,
                block_number: asked.block_number.unwrap_or(0),
                signature: asked.signature,
            };
            questions.push((hash, signature));
        }
        let verdicts = questions.into_iter().map(|(hash, signature)| {
            let verifier = Arc::clone(verifier);
            async move { verdict(verifier.verify(hash, &signature).await) }
        });
        let responses = stream::iter(verdicts).buffered(ASKED_AT_ONCE).try_collect().await?;
        Ok(Response::new(wire::VerifySmartContractWalletSignaturesResponse { responses }))
    }
}
