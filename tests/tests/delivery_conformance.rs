//! The networks pass the suites of the network.

use std::sync::Arc;

use futures_util::FutureExt;
use hexmtp_delivery_memory::MemoryNetwork;
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{GroupId, InstallationId, Timestamp};
use hexmtp_platform_test::{SeededEntropy, VirtualClock};
use hexmtp_ports::delivery::{DeliveryService, OutboundGroupMessage, OutboundWelcome, WelcomePayload};
use hexmtp_ports::identity_log::IdentityLog;
use hexmtp_tests::conformance::network::Network;
use proptest::prelude::*;

const UNREAD_LIMIT: usize = 200;

fn memory_network() -> MemoryNetwork {
    let clock = VirtualClock::starting_at(Timestamp::from_nanos(1_700_000_000_000_000_000));
    MemoryNetwork::with_unread_limit(Arc::new(clock), UNREAD_LIMIT)
}

fn network() -> Network {
    let network = Arc::new(memory_network());
    Network {
        delivery: network.clone(),
        identity_log: network.clone(),
        commit_log: network,
        entropy: Arc::new(SeededEntropy::new(1)),
        unread_limit: UNREAD_LIMIT,
    }
}

mod delivery {
    hexmtp_tests::delivery_suite!(tokio::test(start_paused = true), super::network);
}

mod subscription {
    hexmtp_tests::subscription_suite!(tokio::test(start_paused = true), super::network);
}

mod identity_log {
    hexmtp_tests::identity_log_suite!(tokio::test(start_paused = true), super::network);
}

mod commit_log {
    hexmtp_tests::commit_log_suite!(tokio::test(start_paused = true), super::network);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// R-NET-002, R-NET-003, R-NET-013, R-NET-023
    #[test]
    fn random_bytes_are_refused_or_taken_but_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let network = memory_network();
        let group_id = GroupId::new([1; 16]);
        let data = bytes.clone();
        let message = OutboundGroupMessage { group_id, data, sender_hmac: bytes.clone(), should_push: true };
        let payload = WelcomePayload::Welcome {
            data: bytes.clone(),
            hpke_public_key: bytes.clone(),
            algorithm: WrapperAlgorithm::Curve25519,
            metadata: bytes.clone(),
        };
        let welcome = OutboundWelcome { destination: InstallationId::new([2; 32]), payload };
        let calls = async {
            let _ = network.publish_group_messages(vec![message]).await;
            let _ = network.upload_key_package(bytes.clone()).await;
            let taken = network.publish_welcomes(vec![welcome]).await.is_ok();
            assert_eq!(taken, !bytes.is_empty());
            assert!(network.publish(&bytes).await.is_err());
        };
        prop_assert!(calls.now_or_never().is_some());
    }
}
