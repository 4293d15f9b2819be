//! Every call, observed: counted, measured, logged. Never its content.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use hexmtp_proto::status::code_name;
use http_body::{Frame, SizeHint};
use tonic::Code;

use crate::metrics::Metrics;

/// The methods that are told apart; a client can make up as many names as it likes.
const METHODS: [&str; 19] = [
    "/xmtp.identity.api.v1.IdentityApi/GetIdentityUpdates",
    "/xmtp.identity.api.v1.IdentityApi/GetInboxIds",
    "/xmtp.identity.api.v1.IdentityApi/PublishIdentityUpdate",
    "/xmtp.identity.api.v1.IdentityApi/VerifySmartContractWalletSignatures",
    "/xmtp.mls.api.v1.MlsApi/BatchPublishCommitLog",
    "/xmtp.mls.api.v1.MlsApi/BatchQueryCommitLog",
    "/xmtp.mls.api.v1.MlsApi/FetchKeyPackages",
    "/xmtp.mls.api.v1.MlsApi/GetIdentityUpdates",
    "/xmtp.mls.api.v1.MlsApi/GetNewestGroupMessage",
    "/xmtp.mls.api.v1.MlsApi/QueryGroupMessages",
    "/xmtp.mls.api.v1.MlsApi/QueryWelcomeMessages",
    "/xmtp.mls.api.v1.MlsApi/RegisterInstallation",
    "/xmtp.mls.api.v1.MlsApi/RevokeInstallation",
    "/xmtp.mls.api.v1.MlsApi/SendGroupMessages",
    "/xmtp.mls.api.v1.MlsApi/SendWelcomeMessages",
    "/xmtp.mls.api.v1.MlsApi/Subscribe",
    "/xmtp.mls.api.v1.MlsApi/SubscribeGroupMessages",
    "/xmtp.mls.api.v1.MlsApi/SubscribeWelcomeMessages",
    "/xmtp.mls.api.v1.MlsApi/UploadKeyPackage",
];

/// The name of a method in metrics, such as `MlsApi/SendGroupMessages`.
fn method(path: &str) -> &'static str {
    METHODS
        .iter()
        .find(|known| **known == path)
        .and_then(|known| known.rsplit_once('.'))
        .map_or("other", |(_, name)| name)
}

/// Observes a gRPC call from its headers to its trailers.
pub(crate) async fn observe(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let method = method(request.uri().path());
    let mut call = Call { metrics, method, began: Instant::now(), code: None };
    let response = next.run(request).await;
    call.read_code(response.headers());
    response.map(|body| Body::new(Observed { body, call }))
}

/// A call. When it is dropped, it is over.
struct Call {
    metrics: Arc<Metrics>,
    method: &'static str,
    began: Instant,
    code: Option<Code>,
}

impl Call {
    fn read_code(&mut self, headers: &HeaderMap) {
        if let Some(code) = headers.get("grpc-status") {
            self.code = Some(Code::from_bytes(code.as_bytes()));
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // Who goes away before the end has cancelled the call.
        let code = self.code.unwrap_or(Code::Cancelled);
        let took = self.began.elapsed();
        let is_stream = self.method.starts_with("MlsApi/Subscribe");
        self.metrics.call_ended(self.method, code_name(code), (!is_stream).then_some(took));
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(method = self.method, code = code_name(code), milliseconds, "call");
    }
}

/// The answer of a call, whose end tells how the call ended.
struct Observed {
    body: Body,
    call: Call,
}

impl HttpBody for Observed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            self.call.read_code(trailers);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost_reflect::DescriptorPool;

    use super::*;

    #[test]
    fn every_method_of_the_two_services_is_told_apart() {
        let pool = DescriptorPool::decode(hexmtp_proto::FILE_DESCRIPTOR_SET).unwrap();
        let of = |service: &str| {
            let service = pool.get_service_by_name(service).unwrap();
            service.methods().map(|it| format!("/{}/{}", service.full_name(), it.name())).collect::<Vec<_>>()
        };
        let both = [of("xmtp.mls.api.v1.MlsApi"), of("xmtp.identity.api.v1.IdentityApi")].concat();
        let known: BTreeSet<String> = METHODS.iter().map(ToString::to_string).collect();
        assert_eq!(both.into_iter().collect::<BTreeSet<_>>(), known);
        assert_eq!(method("/xmtp.mls.api.v1.MlsApi/Subscribe"), "MlsApi/Subscribe");
        assert_eq!(method("/xmtp.mls.api.v1.MlsApi/Nonsense"), "other");
    }
}
