//! One endpoint of a chain.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hexmtp_ports::contract_wallet::ContractVerdict;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::json_rpc;
use crate::question::{self, Question};

/// The most bytes of an answer. Those that count have a few hundred; only an error can be longer.
const LONGEST_ANSWER: usize = 64 * 1024;

/// An endpoint and what is known about its health.
pub(crate) struct Endpoint {
    url: Url,
    client: Client,
    next_id: AtomicU64,
    rests_until: Mutex<Option<Instant>>,
}

impl Endpoint {
    pub(crate) const fn new(url: Url, client: Client) -> Self {
        Self { url, client, next_id: AtomicU64::new(1), rests_until: Mutex::new(None) }
    }

    /// Scheme and host: the rest of a URL is often a key.
    pub(crate) fn name(&self) -> String {
        name(&self.url)
    }

    /// Whether it failed a short while ago.
    pub(crate) fn rests(&self) -> bool {
        let until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Asks it.
    ///
    /// # Errors
    /// [`Failure`] when it gives no verdict. Then it rests for that long, if the failure is its own.
    pub(crate) async fn ask(&self, question: &Question, rest: Duration) -> Result<ContractVerdict, Failure> {
        let outcome = self.verdict(question).await;
        let until = match &outcome {
            Err(failure) if failure.is_of_the_endpoint() => Instant::now().checked_add(rest),
            _ => None,
        };
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        outcome
    }

    async fn verdict(&self, question: &Question) -> Result<ContractVerdict, Failure> {
        let block_number = match question.block {
            0 => self.newest_block().await?,
            block => block,
        };
        let params = json!([{ "data": question.data }, format!("{block_number:#x}")]);
        let is_valid = match self.call("eth_call", &params).await {
            Ok(answer) => question::verdict(&answer)?,
            // A validator that cannot run to its end has not accepted anything.
            Err(Failure::Refused { is_revert: true, .. }) => false,
            Err(failure) => return Err(failure),
        };
        Ok(ContractVerdict { is_valid, block_number })
    }

    async fn newest_block(&self) -> Result<u64, Failure> {
        let answer = self.call("eth_blockNumber", &json!([])).await?;
        match json_rpc::quantity(&answer) {
            // Who stored this number with a signature would have it asked about at the newest block for ever.
            None | Some(0) => Err(Failure::Garbage("it is no number of a block")),
            Some(number) => Ok(number),
        }
    }

    async fn call(&self, method: &str, params: &Value) -> Result<Value, Failure> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let failed = |error: reqwest::Error| Failure::Transport(error.without_url());
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        let mut response =
            request.body(json_rpc::request(id, method, params)).send().await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(Failure::Status(response.status().as_u16()));
        }
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if answer.len() + chunk.len() > LONGEST_ANSWER {
                return Err(Failure::TooLong);
            }
            answer.extend_from_slice(&chunk);
        }
        json_rpc::result(id, &answer)
    }
}

/// What may be shown of a URL.
pub(crate) fn name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}
