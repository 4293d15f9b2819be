//! Who can be messaged: not only whether there is an inbox, but whether an installation of it can be invited (W-23).

use std::collections::{BTreeMap, BTreeSet};

use hexmtp_domain::{InboxId, InstallationId, Timestamp};
use hexmtp_ports::delivery::DeliveryService;
use hexmtp_ports::mls::MlsEngine;

use crate::error::PortError;

/// What can be done with the key package that the network hands out for an installation (PROTOCOL.md 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyPackageStatus {
    /// The network has none.
    Missing,
    /// It names another installation than the one that was asked for.
    SomebodyElses,
    /// It cannot be used: it is damaged, forged, or its lifetime is over by the MLS engine's clock.
    Unusable {
        /// The stable code of the reason.
        code: &'static str,
    },
    /// Its lifetime is over, or has not begun, by this client's clock.
    OutOfDate {
        /// The inbox that it names.
        inbox_id: InboxId,
        /// When its lifetime starts and ends.
        lifetime: (Timestamp, Timestamp),
    },
    /// The installation can be invited with it.
    Usable {
        /// The inbox that it names. Whether the installation belongs to it, the inbox's log says.
        inbox_id: InboxId,
        /// When its lifetime starts and ends.
        lifetime: (Timestamp, Timestamp),
    },
}

impl KeyPackageStatus {
    /// Whether the installation can be invited with it, as an installation of this inbox.
    #[must_use]
    pub fn is_usable_for(&self, inbox_id: InboxId) -> bool {
        matches!(self, Self::Usable { inbox_id: named, .. } if *named == inbox_id)
    }
}

/// Whether somebody can be messaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reachability {
    /// The identifier belongs to no inbox.
    NoInbox,
    /// There is an inbox, but no installation of it can be invited: it has none, none of them has a usable key package,
    /// or the inbox's log breaks the rules. Official clients call such an inbox one that can be messaged.
    Unreachable {
        /// The inbox.
        inbox_id: InboxId,
    },
    /// An installation of the inbox can be invited.
    Reachable {
        /// The inbox.
        inbox_id: InboxId,
    },
}

/// The present key packages of installations, in the order asked, as this client would judge them for an invitation.
pub(crate) async fn key_package_statuses(
    delivery: &dyn DeliveryService,
    mls: &dyn MlsEngine,
    now: Timestamp,
    installations: &[InstallationId],
) -> Result<Vec<KeyPackageStatus>, PortError> {
    if installations.is_empty() {
        return Ok(Vec::new());
    }
    let packages = delivery.fetch_key_packages(installations).await?;
    let status = |(installation, tls): (&InstallationId, Option<Vec<u8>>)| {
        let Some(tls) = tls else { return KeyPackageStatus::Missing };
        match mls.verify_key_package(&tls) {
            Err(error) => KeyPackageStatus::Unusable { code: error.code() },
            Ok(package) if package.member.installation_id != *installation => KeyPackageStatus::SomebodyElses,
            Ok(package) => {
                let (inbox_id, lifetime) = (package.member.inbox_id, package.lifetime);
                let (start, end) = lifetime;
                match start <= now && now <= end {
                    true => KeyPackageStatus::Usable { inbox_id, lifetime },
                    false => KeyPackageStatus::OutOfDate { inbox_id, lifetime },
                }
            }
        }
    };
    Ok(installations.iter().zip(packages).map(status).collect())
}

/// R-IDN-222: for each inbox that was found, whether an installation of it can be invited. Key packages are asked for
/// in one call.
pub(crate) async fn reachability(
    delivery: &dyn DeliveryService,
    mls: &dyn MlsEngine,
    now: Timestamp,
    found: Vec<Option<InboxId>>,
    installations: &BTreeMap<InboxId, BTreeSet<InstallationId>>,
) -> Result<Vec<Reachability>, PortError> {
    let owned: Vec<(InboxId, InstallationId)> =
        installations.iter().flat_map(|(inbox_id, ids)| ids.iter().map(|id| (*inbox_id, *id))).collect();
    let asked: Vec<InstallationId> = owned.iter().map(|(_, id)| *id).collect();
    let statuses = key_package_statuses(delivery, mls, now, &asked).await?;
    let reachable: BTreeSet<InboxId> = owned
        .iter()
        .zip(statuses)
        .filter(|((inbox_id, _), status)| status.is_usable_for(*inbox_id))
        .map(|((inbox_id, _), _)| *inbox_id)
        .collect();
    let answer = |found: Option<InboxId>| match found {
        None => Reachability::NoInbox,
        Some(inbox_id) if reachable.contains(&inbox_id) => Reachability::Reachable { inbox_id },
        Some(inbox_id) => Reachability::Unreachable { inbox_id },
    };
    Ok(found.into_iter().map(answer).collect())
}
