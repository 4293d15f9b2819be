//! The MLS engine.

use std::sync::Arc;

use hexmtp_domain::group::LeafMember;
use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::key_package::{lifetime_from, wrapper_extensions};
use hexmtp_domain::{GroupId, KeyPackageRef, Secret, Timestamp};
use hexmtp_ports::mls::{
    GroupParams, Joined, KeyPackageParams, MlsEngine, MlsError, MlsSession, NewKeyPackage, VerifiedKeyPackage,
};
use hexmtp_ports::store::MlsRows;
use openmls::prelude::{
    ApplicationIdExtension, Extension, Extensions, KeyPackage, KeyPackageIn, LastResortExtension, LeafNode,
    Lifetime, MlsGroup, OpenMlsCrypto, OpenMlsProvider as _, ProtocolVersion, StagedWelcome,
};
use openmls_rust_crypto::RustCrypto;
use tls_codec::{Deserialize as _, Serialize as _};

use crate::errors::{self, backend, invalid};
use crate::parameters::{
    CIPHERSUITE, create_config, join_config, key_package_capabilities, required_capabilities,
};
use crate::provider::{InstallationSigner, Provider};
use crate::session::GroupSession;
use crate::storage::Kind;
use crate::{leaf, wire};

/// The MLS engine on OpenMLS. It keeps nothing but a source of random numbers.
#[derive(Debug, Default)]
pub struct OpenMlsEngine {
    crypto: Arc<RustCrypto>,
}

impl OpenMlsEngine {
    /// An engine seeded from the operating system's (or the browser's) randomness.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn provider(&self) -> Provider {
        Provider::new(&self.crypto)
    }
}

impl MlsEngine for OpenMlsEngine {
    fn create_key_package(&self, params: KeyPackageParams<'_>) -> Result<NewKeyPackage, MlsError> {
        let provider = self.provider();
        let signer = InstallationSigner::new(params.key)?;
        let (not_before, not_after) = lifetime_from(params.now);
        provider.overlay.accept_new_key_package();
        let bundle = KeyPackage::builder()
            .key_package_lifetime(Lifetime::init(seconds(not_before), seconds(not_after)))
            .key_package_extensions(key_package_extensions(params.wrapper_public_key)?)
            .leaf_node_capabilities(key_package_capabilities(params.wrapper_public_key.is_some()))
            .leaf_node_extensions(leaf_extensions(&params)?)
            .build(CIPHERSUITE, &provider, &signer, signer.credential(params.inbox_id))
            .map_err(|error| provider.failed(error, backend))?;
        let package = bundle.key_package();
        let id = package.hash_ref(provider.crypto()).map_err(backend)?;
        let reference = KeyPackageRef::from_slice(id.as_slice()).map_err(backend)?;
        Ok(NewKeyPackage {
            reference,
            tls: package.tls_serialize_detached().map_err(backend)?,
            init_public_key: package.hpke_init_key().as_slice().to_vec(),
            init_private_key: Secret::new(bundle.init_private_key().to_vec()),
            changes: provider.overlay.take_changes(),
        })
    }

    fn verify_key_package(&self, tls: &[u8]) -> Result<VerifiedKeyPackage, MlsError> {
        let (package, member) = checked_key_package(&*self.crypto, tls)?;
        describe(&package, member, tls)
    }

    fn create_group(&self, params: GroupParams<'_>) -> Result<Box<dyn MlsSession>, MlsError> {
        let provider = self.provider();
        let signer = InstallationSigner::new(params.key)?;
        let mut extensions =
            params.extensions.iter().map(wire::extension).collect::<Result<Vec<Extension>, _>>()?;
        extensions.push(required_capabilities());
        let extensions =
            Extensions::from_vec(extensions).map_err(|_| MlsError::Malformed("group-context extensions"))?;
        provider.overlay.load_group(params.group_id, MlsRows::new())?;
        let id = openmls::prelude::GroupId::from_slice(params.group_id.as_bytes());
        let credential = signer.credential(params.inbox_id);
        let config = create_config(extensions);
        let group = MlsGroup::new_with_group_id(&provider, &signer, &config, id, credential)
            .map_err(|error| provider.failed(error, backend))?;
        Ok(Box::new(GroupSession::new(params.group_id, provider, signer, group)?))
    }

    fn open_group(
        &self,
        key: &InstallationKey,
        group_id: GroupId,
        rows: MlsRows,
    ) -> Result<Box<dyn MlsSession>, MlsError> {
        Ok(Box::new(GroupSession::open(group_id, self.provider(), key, rows)?))
    }

    fn join(
        &self,
        key: &InstallationKey,
        welcome: &[u8],
        (reference, rows): (KeyPackageRef, MlsRows),
    ) -> Result<Joined, MlsError> {
        let provider = self.provider();
        let welcome = wire::welcome(welcome)?;
        // The welcome names our key package with the very bytes that we look for.
        let mut named = welcome.secrets().iter().map(|secrets| secrets.new_member());
        let id = named.find(|id| id.as_slice() == reference.as_bytes());
        let id = id.ok_or(MlsError::NotForThisKeyPackage)?;
        provider.overlay.load_key_package(reference, &id, rows)?;
        if !provider.overlay.has(Kind::KeyPackage, &id)? {
            return Err(MlsError::MissingRow(Kind::KeyPackage.name()));
        }
        let failed = |error| provider.failed(error, errors::welcome);

        let builder =
            StagedWelcome::build_from_welcome(&provider, &join_config(), welcome).map_err(failed)?;
        if !builder.processed_welcome().psks().is_empty() {
            return Err(MlsError::Malformed("a welcome with pre-shared keys"));
        }
        let group_id = builder.processed_welcome().unverified_group_info().group_id();
        let group_id =
            GroupId::from_slice(group_id.as_slice()).map_err(|_| MlsError::Malformed("a group id"))?;
        provider.overlay.load_group(group_id, MlsRows::new())?;
        // Whether the group is known already, and what then, is the application's to decide.
        let staged = builder.skip_lifetime_validation().replace_old_group().build().map_err(failed)?;
        let sender = leaf::of_leaf_node(staged.welcome_sender().map_err(invalid)?).map_err(invalid)?;
        let signer = InstallationSigner::new(key)?;
        if staged.own_leaf_node().is_none_or(|own| own.signature_key().as_slice() != signer.public_key()) {
            return Err(MlsError::NotForThisKeyPackage);
        }
        let group = staged.into_group(&provider).map_err(failed)?;
        let session = GroupSession::new(group_id, provider, signer, group)?;
        // A leaf that does not say who it is makes the group unusable; better not join it.
        session.state()?;
        Ok(Joined { session: Box::new(session), sender })
    }
}

/// Reads a key package, checks all that MLS prescribes, lifetime included, and says whom it would add.
pub(crate) fn checked_key_package(
    crypto: &impl OpenMlsCrypto,
    tls: &[u8],
) -> Result<(KeyPackage, LeafMember), MlsError> {
    let package = KeyPackageIn::tls_deserialize_exact(tls).map_err(|_| MlsError::Malformed("key package"))?;
    let package =
        package.validate(crypto, ProtocolVersion::Mls10).map_err(|error| errors::key_package(&error))?;
    if package.ciphersuite() != CIPHERSUITE {
        return Err(MlsError::InvalidKeyPackage("its ciphersuite is not that of XMTP"));
    }
    let member = leaf::of_leaf_node(package.leaf_node())
        .map_err(|_| MlsError::InvalidKeyPackage("its leaf does not say whose it is"))?;
    Ok((package, member))
}

fn describe(package: &KeyPackage, member: LeafMember, tls: &[u8]) -> Result<VerifiedKeyPackage, MlsError> {
    let node = package.leaf_node();
    let capabilities = node.capabilities();
    let lifetime = package.life_time();
    Ok(VerifiedKeyPackage {
        member,
        tls: tls.to_vec(),
        init_public_key: package.hpke_init_key().as_slice().to_vec(),
        extensions: wire::raw_extensions(package.extensions().iter())?,
        leaf_extensions: wire::raw_extensions(node.extensions().iter())?,
        extension_capabilities: capabilities.extensions().iter().map(|id| u16::from(*id)).collect(),
        proposal_capabilities: capabilities.proposals().iter().map(|id| u16::from(*id)).collect(),
        lifetime: (timestamp(lifetime.not_before()), timestamp(lifetime.not_after())),
    })
}

/// The extensions of a key package, in the order of official clients (PROTOCOL.md 2.2).
fn key_package_extensions(wrapper_public_key: Option<&[u8]>) -> Result<Extensions<KeyPackage>, MlsError> {
    let mut extensions = vec![Extension::LastResort(LastResortExtension::default())];
    for raw in wrapper_public_key.into_iter().flat_map(wrapper_extensions) {
        extensions.push(wire::extension(&raw)?);
    }
    Extensions::from_vec(extensions).map_err(backend)
}

fn leaf_extensions(params: &KeyPackageParams<'_>) -> Result<Extensions<LeafNode>, MlsError> {
    let id = ApplicationIdExtension::new(params.inbox_id.to_string().as_bytes());
    Extensions::single(Extension::ApplicationId(id)).map_err(backend)
}

fn seconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_seconds()).unwrap_or(0)
}

fn timestamp(seconds: u64) -> Timestamp {
    Timestamp::from_nanos(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000_000))
}
