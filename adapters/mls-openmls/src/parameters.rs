//! The MLS parameters of XMTP (PROTOCOL.md 2.1 to 2.4).

use openmls::prelude::{
    Capabilities, Ciphersuite, CredentialType, Extension, ExtensionType, Extensions, GroupContext,
    MlsGroupCreateConfig, MlsGroupJoinConfig, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProposalType,
    ProtocolVersion, RequiredCapabilitiesExtension, SenderRatchetConfiguration,
};

/// The only ciphersuite.
pub(crate) const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519;

/// How many epochs back application messages can be opened.
pub(crate) const MAX_PAST_EPOCHS: u64 = 3;

const OUT_OF_ORDER_TOLERANCE: u32 = 5;
const MAXIMUM_FORWARD_DISTANCE: u32 = 1000;
const PADDING: usize = 0;

const IMMUTABLE_METADATA: ExtensionType = ExtensionType::Unknown(0xf000);
const MUTABLE_METADATA: ExtensionType = ExtensionType::Unknown(0xff00);
const GROUP_MEMBERSHIP: ExtensionType = ExtensionType::Unknown(0xff01);
const GROUP_PERMISSIONS: ExtensionType = ExtensionType::Unknown(0xff02);
const WELCOME_WRAPPER_ENCRYPTION: ExtensionType = ExtensionType::Unknown(0xff03);
const WELCOME_POINTEE_AEAD_TYPES: ExtensionType = ExtensionType::Unknown(0xff04);

/// The capabilities of a leaf in a key package (PROTOCOL.md 2.2). App-data groups are not supported yet, so the
/// extension `0x0006` and the proposal `0x0008` of official clients are not among them.
pub(crate) fn key_package_capabilities(with_wrapper_key: bool) -> Capabilities {
    let mut extensions = vec![
        ExtensionType::LastResort,
        ExtensionType::ApplicationId,
        IMMUTABLE_METADATA,
        GROUP_PERMISSIONS,
        MUTABLE_METADATA,
        GROUP_MEMBERSHIP,
    ];
    if with_wrapper_key {
        extensions.extend([WELCOME_WRAPPER_ENCRYPTION, WELCOME_POINTEE_AEAD_TYPES]);
    }
    capabilities(&[CIPHERSUITE], &extensions)
}

/// The capabilities of the leaf that creates a group (PROTOCOL.md 2.3), under the same restriction. The official
/// leaf lists every ciphersuite of its MLS library; only one is ever used.
pub(crate) fn creator_capabilities() -> Capabilities {
    let extensions = [
        GROUP_MEMBERSHIP,
        MUTABLE_METADATA,
        GROUP_PERMISSIONS,
        IMMUTABLE_METADATA,
        ExtensionType::LastResort,
        ExtensionType::ApplicationId,
        WELCOME_WRAPPER_ENCRYPTION,
        WELCOME_POINTEE_AEAD_TYPES,
    ];
    capabilities(&[CIPHERSUITE], &extensions)
}

fn capabilities(ciphersuites: &[Ciphersuite], extensions: &[ExtensionType]) -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(ciphersuites),
        Some(extensions),
        Some(&[ProposalType::GroupContextExtensions]),
        Some(&[CredentialType::Basic]),
    )
}

/// What every member of a group must be capable of (PROTOCOL.md 2.3).
pub(crate) fn required_capabilities() -> Extension {
    Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(
        &[
            GROUP_MEMBERSHIP,
            MUTABLE_METADATA,
            GROUP_PERMISSIONS,
            IMMUTABLE_METADATA,
            ExtensionType::LastResort,
            ExtensionType::ApplicationId,
        ],
        &[ProposalType::GroupContextExtensions],
        &[CredentialType::Basic],
    ))
}

fn past_epochs() -> usize {
    usize::try_from(MAX_PAST_EPOCHS).unwrap_or(usize::MAX)
}

fn ratchet() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(OUT_OF_ORDER_TOLERANCE, MAXIMUM_FORWARD_DISTANCE)
}

/// How a group is joined and then used.
pub(crate) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(PADDING)
        .max_past_epochs(past_epochs())
        .sender_ratchet_configuration(ratchet())
        .use_ratchet_tree_extension(true)
        .build()
}

/// How a group is created and then used.
pub(crate) fn create_config(extensions: Extensions<GroupContext>) -> MlsGroupCreateConfig {
    MlsGroupCreateConfig::builder()
        .ciphersuite(CIPHERSUITE)
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(PADDING)
        .max_past_epochs(past_epochs())
        .sender_ratchet_configuration(ratchet())
        .use_ratchet_tree_extension(true)
        .capabilities(creator_capabilities())
        .with_group_context_extensions(extensions)
        .build()
}
