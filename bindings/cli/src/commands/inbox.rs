//! `inbox`: who belongs to an inbox, and changes of the own one.

use std::collections::BTreeMap;
use std::path::Path;

use hexmtp::domain::InboxId;
use hexmtp::domain::identity::{AcceptedRisk, Identifier, LocalWallet};
use hexmtp::error::{IdentityError, InboxChangeError};
use hexmtp::ports::signer::WalletSigner;
use hexmtp::{InboxChange, Inboxes, LocalSigner};

use crate::arguments::{
    ChangeRecoveryArguments, GlobalOptions, InboxAddArguments, InboxArguments, InboxCommand,
    InboxRevokeArguments,
};
use crate::compose;
use crate::error::CliError;
use crate::output::Output;
use crate::person::Person;
use crate::private_key::{opened, read_private_key};
use crate::profile::{Folder, Record, Secrets, WALLET_KEY};
use crate::session::{LOCAL_NODE, Session};
use crate::show::InboxView;

/// Shows an inbox, or changes the own one.
pub(crate) async fn inbox(
    options: &GlobalOptions,
    output: Output,
    arguments: &InboxArguments,
) -> Result<(), CliError> {
    match (&arguments.change, &arguments.person) {
        (Some(InboxCommand::Add(add)), _) => self::add(options, output, add).await,
        (Some(InboxCommand::Revoke(revoke)), _) => self::revoke(options, output, revoke).await,
        (Some(InboxCommand::ChangeRecovery(change)), _) => change_recovery(options, output, change).await,
        (None, Some(person)) => {
            let inboxes = compose::inboxes(&compose::connect(&url(options)?)?);
            let inbox_id = inbox_of(&inboxes, *person).await?;
            output.show(&view(&inboxes, inbox_id, None).await?)
        }
        (None, None) => {
            let session = Session::open(options).await?;
            show_own(session, output, None).await
        }
    }
}

/// The server: the one that is named, that of the profile, or the one on this machine. An inbox can be looked at
/// without an account.
fn url(options: &GlobalOptions) -> Result<String, CliError> {
    if let Some(url) = &options.url {
        return Ok(url.clone());
    }
    let record = Record::read(&Folder::of(options)?)?;
    Ok(record.map_or_else(|| LOCAL_NODE.to_owned(), |record| record.url))
}

async fn inbox_of(inboxes: &Inboxes, person: Person) -> Result<InboxId, CliError> {
    let identifier: Identifier = match person {
        Person::Inbox(inbox_id) => return Ok(inbox_id),
        Person::Address(address) => address.into(),
    };
    let found = inboxes.inbox_ids(std::slice::from_ref(&identifier)).await?;
    found.first().copied().flatten().ok_or_else(|| CliError::NotRegistered(vec![identifier.to_string()]))
}

/// Everything that the network tells about an inbox.
async fn view(inboxes: &Inboxes, inbox_id: InboxId, own: Option<&Session>) -> Result<InboxView, CliError> {
    let state = match inboxes.state(inbox_id).await {
        Err(IdentityError::UnknownInbox(inbox_id)) => {
            return Err(CliError::NotRegistered(vec![format!("inbox {inbox_id}")]));
        }
        state => state?,
    };
    let installations: Vec<_> = state.installations().into_iter().collect();
    let statuses = inboxes.key_package_statuses(&installations).await?;
    Ok(InboxView {
        news: None,
        made_by: inboxes.creation_signature_kind(inbox_id).await?,
        updates: inboxes.update_counts(&[inbox_id]).await?.first().copied().unwrap_or_default(),
        this_device: own.map(|session| session.client.installation_id()),
        key_packages: installations.into_iter().zip(statuses).collect::<BTreeMap<_, _>>(),
        state,
    })
}

async fn show_own(session: Session, output: Output, news: Option<&'static str>) -> Result<(), CliError> {
    let inboxes = compose::inboxes(&compose::connect(&session.url)?);
    let seen = view(&inboxes, session.client.inbox_id(), Some(&session)).await;
    session.close().await?;
    output.show(&InboxView { news, ..seen? })
}

/// The wallet that signs: the one whose key is in a file, or that of the profile.
async fn signer(session: &Session, key_file: Option<&Path>) -> Result<LocalSigner, CliError> {
    let key = match key_file {
        Some(path) => read_private_key(path)?,
        None => Secrets::of(&session.folder, &session.record).get(WALLET_KEY).await?,
    };
    Ok(LocalSigner::new(opened(&key)?))
}

fn wallet_in(path: &Path) -> Result<LocalWallet, CliError> {
    opened(&read_private_key(path)?)
}

async fn add(options: &GlobalOptions, output: Output, arguments: &InboxAddArguments) -> Result<(), CliError> {
    let wallet = wallet_in(&arguments.private_key_file)?;
    let session = Session::open(options).await?;
    session.client.add_account(&LocalSigner::new(wallet)).await?;
    show_own(session, output, Some("The wallet belongs to the inbox.")).await
}

async fn revoke(
    options: &GlobalOptions,
    output: Output,
    arguments: &InboxRevokeArguments,
) -> Result<(), CliError> {
    let session = Session::open(options).await?;
    let signer = signer(&session, arguments.recovery_key_file.as_deref()).await?;
    let change = match arguments.all_other_devices {
        true => InboxChange::RevokeInstallationsBut(session.client.installation_id()),
        false => InboxChange::Revoke(arguments.members.clone()),
    };
    let accepted: &[AcceptedRisk] = match arguments.force {
        true => &[AcceptedRisk::RecoveryLeaves, AcceptedRisk::NoIdentifierLeft],
        false => &[],
    };
    apply(&session, &change, accepted, &[&signer]).await?;
    show_own(session, output, Some("Revoked.")).await
}

async fn change_recovery(
    options: &GlobalOptions,
    output: Output,
    arguments: &ChangeRecoveryArguments,
) -> Result<(), CliError> {
    let successor = arguments.private_key_file.as_deref().map(wallet_in).transpose()?;
    let session = Session::open(options).await?;
    let signer = signer(&session, arguments.recovery_key_file.as_deref()).await?;
    match (successor, arguments.unproven) {
        (Some(wallet), _) => session.client.change_recovery(&signer, &LocalSigner::new(wallet)).await?,
        (None, Some(address)) => {
            let change = InboxChange::ChangeRecovery(address.into());
            apply(&session, &change, &[AcceptedRisk::UnprovenRecovery], &[&signer]).await?;
        }
        (None, None) => return Err(CliError::Usage("who is to be in charge of removals?".to_owned())),
    }
    show_own(session, output, Some("The recovery wallet is another one.")).await
}

/// Has a change signed by whoever is at hand, and applies it.
async fn apply(
    session: &Session,
    change: &InboxChange,
    accepted: &[AcceptedRisk],
    signers: &[&dyn WalletSigner],
) -> Result<(), CliError> {
    let client = &session.client;
    let mut request = client.change_request(change, accepted).await?;
    for recovery in request.missing_identifiers() {
        let Some(signer) = signers.iter().find(|signer| signer.identifier() == recovery) else {
            return Err(InboxChangeError::NotRecovery { recovery }.into());
        };
        let signature = signer.sign(&request.signature_text()).await.map_err(CliError::Signer)?;
        client.add_signature(&mut request, signature).await?;
    }
    client.apply_request(&request).await?;
    Ok(())
}
