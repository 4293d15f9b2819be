//! The methods of the v3 API that a client calls.

use tonic::codegen::http::uri::PathAndQuery;

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident = $service:literal),* $(,)?) => {
        /// A method of the v3 API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Method {
            $($(#[$doc])* $name,)*
        }

        impl Method {
            /// All methods.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in the schema.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Where it is called.
            pub(crate) fn path(self) -> PathAndQuery {
                PathAndQuery::from_static(match self {
                    $(Self::$name => concat!("/", $service, "/", stringify!($name)),)*
                })
            }
        }
    };
}

methods! {
    /// Appends group messages.
    SendGroupMessages = "xmtp.mls.api.v1.MlsApi",
    /// Reads a group's log.
    QueryGroupMessages = "xmtp.mls.api.v1.MlsApi",
    /// Reads the newest message of groups.
    GetNewestGroupMessage = "xmtp.mls.api.v1.MlsApi",
    /// Appends welcomes.
    SendWelcomeMessages = "xmtp.mls.api.v1.MlsApi",
    /// Reads a destination's welcomes.
    QueryWelcomeMessages = "xmtp.mls.api.v1.MlsApi",
    /// Replaces a key package.
    UploadKeyPackage = "xmtp.mls.api.v1.MlsApi",
    /// Reads key packages.
    FetchKeyPackages = "xmtp.mls.api.v1.MlsApi",
    /// Follows groups.
    SubscribeGroupMessages = "xmtp.mls.api.v1.MlsApi",
    /// Follows destinations of welcomes.
    SubscribeWelcomeMessages = "xmtp.mls.api.v1.MlsApi",
    /// Appends to commit logs.
    BatchPublishCommitLog = "xmtp.mls.api.v1.MlsApi",
    /// Reads commit logs.
    BatchQueryCommitLog = "xmtp.mls.api.v1.MlsApi",
    /// Appends to an inbox's log.
    PublishIdentityUpdate = "xmtp.identity.api.v1.IdentityApi",
    /// Reads inboxes' logs.
    GetIdentityUpdates = "xmtp.identity.api.v1.IdentityApi",
    /// Finds inboxes.
    GetInboxIds = "xmtp.identity.api.v1.IdentityApi",
    /// Asks contracts about their wallets' signatures.
    VerifySmartContractWalletSignatures = "xmtp.identity.api.v1.IdentityApi",
}
