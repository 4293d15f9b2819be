//! One chain: endpoints that stand in for one another.

use backon::{BackoffBuilder, ExponentialBuilder};
use hexmtp_ports::contract_wallet::ContractVerdict;
use tokio::time::sleep;

use crate::endpoint::Endpoint;
use crate::failure::NoVerdict;
use crate::options::VerifierOptions;
use crate::question::Question;

/// The endpoints of a chain, the preferred one first.
pub(crate) struct Chain(pub(crate) Vec<Endpoint>);

impl Chain {
    /// Asks one endpoint after the other until one gives a verdict, and those that may do better once more.
    ///
    /// # Errors
    /// [`NoVerdict`] with what the last one did.
    pub(crate) async fn ask(
        &self,
        question: &Question,
        options: &VerifierOptions,
    ) -> Result<ContractVerdict, NoVerdict> {
        let mut waits = ExponentialBuilder::new()
            .with_min_delay(options.first_wait.min(options.longest_wait))
            .with_max_delay(options.longest_wait)
            .with_max_times(usize::try_from(options.attempts.saturating_sub(1)).unwrap_or(usize::MAX))
            .with_jitter()
            .build();
        let mut endpoints = self.in_turn();
        let mut last = NoVerdict::NoEndpoint;
        loop {
            let mut again = Vec::new();
            for endpoint in endpoints {
                match endpoint.ask(question, options.rest).await {
                    Ok(verdict) => return Ok(verdict),
                    Err(failure) => {
                        let name = endpoint.name();
                        tracing::debug!(endpoint = %name, %failure, "an endpoint gave no verdict");
                        if failure.may_pass() {
                            again.push(endpoint);
                        }
                        last = NoVerdict::Failed { endpoint: name, failure };
                    }
                }
            }
            let wait = if again.is_empty() { None } else { waits.next() };
            let Some(wait) = wait else { return Err(last) };
            sleep(wait).await;
            endpoints = again;
        }
    }

    /// In the order of the list, but those that failed a short while ago after the others.
    fn in_turn(&self) -> Vec<&Endpoint> {
        let (resting, ready): (Vec<_>, Vec<_>) = self.0.iter().partition(|endpoint| endpoint.rests());
        ready.into_iter().chain(resting).collect()
    }
}
