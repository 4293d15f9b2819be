//! The platforms pass the suite of the platform.

#![allow(clippy::expect_used, reason = "a case fails by panicking")]

use std::sync::Arc;

use hexmtp_domain::Timestamp;
use hexmtp_platform_native::{OsEntropy, TokioRuntime};
use hexmtp_platform_test::{SeededEntropy, VirtualClock, VirtualRuntime};
use hexmtp_tests::conformance::platform::Platform;

/// On Tokio's own paused time, so that nobody waits.
fn native() -> Platform {
    Platform {
        entropy: Arc::new(OsEntropy),
        runtime: Arc::new(TokioRuntime::current().expect("within a Tokio test")),
        let_pass: Box::new(|span| {
            Box::pin(async move {
                tokio::time::sleep(span).await;
                // Who wakes at the same moment goes on before the caller does.
                for _ in 0..8 {
                    tokio::task::yield_now().await;
                }
            })
        }),
    }
}

fn test() -> Platform {
    let runtime = VirtualRuntime::new(VirtualClock::starting_at(Timestamp::ZERO));
    Platform {
        entropy: Arc::new(SeededEntropy::new(7)),
        runtime: Arc::new(runtime.clone()),
        let_pass: Box::new(move |span| {
            let runtime = runtime.clone();
            Box::pin(async move { runtime.advance(span) })
        }),
    }
}

mod platform_native {
    hexmtp_tests::platform_suite!(tokio::test(start_paused = true), super::native);
}

mod platform_test {
    hexmtp_tests::platform_suite!(tokio::test(start_paused = true), super::test);
}
