//! Policies as protobuf messages: three messages of one shape, each with its own numbers.

use hexmtp_proto::xmtp::mls::message_contents as wire;

use super::{AccessPolicy, PermissionsPolicy, Policy, PolicyError};

impl AccessPolicy {
    const fn to_wire(self) -> i32 {
        match self {
            Self::Allow => 1,
            Self::Deny => 2,
            Self::Admin => 3,
            Self::SuperAdmin => 4,
        }
    }

    const fn from_wire(number: i32) -> Result<Self, PolicyError> {
        Ok(match number {
            1 => Self::Allow,
            2 => Self::Deny,
            3 => Self::Admin,
            4 => Self::SuperAdmin,
            _ => return Err(PolicyError::Invalid),
        })
    }
}

impl PermissionsPolicy {
    const fn to_wire(self) -> i32 {
        match self {
            Self::Deny => 1,
            Self::Admin => 2,
            Self::SuperAdmin => 3,
        }
    }

    const fn from_wire(number: i32) -> Result<Self, PolicyError> {
        Ok(match number {
            1 => Self::Deny,
            2 => Self::Admin,
            3 => Self::SuperAdmin,
            _ => return Err(PolicyError::Invalid),
        })
    }
}

/// Both directions between [`Policy`] and one of the messages. Recursion ends where protobuf decoding ended.
macro_rules! policy_message {
    ($base:ty, $message:ident, $module:ident) => {
        impl From<&Policy<$base>> for wire::$message {
            fn from(policy: &Policy<$base>) -> Self {
                use wire::$module::{AndCondition, AnyCondition, Kind};
                let kind = match policy {
                    Policy::Base(base) => Kind::Base(base.to_wire()),
                    Policy::And(policies) => Kind::AndCondition(AndCondition {
                        policies: policies.iter().map(Self::from).collect(),
                    }),
                    Policy::Any(policies) => Kind::AnyCondition(AnyCondition {
                        policies: policies.iter().map(Self::from).collect(),
                    }),
                };
                Self { kind: Some(kind) }
            }
        }

        impl TryFrom<wire::$message> for Policy<$base> {
            type Error = PolicyError;

            fn try_from(message: wire::$message) -> Result<Self, PolicyError> {
                use wire::$module::Kind;
                let all = |policies: Vec<wire::$message>| {
                    if policies.is_empty() {
                        return Err(PolicyError::Invalid);
                    }
                    policies.into_iter().map(Self::try_from).collect::<Result<Vec<_>, _>>()
                };
                Ok(match message.kind.ok_or(PolicyError::Invalid)? {
                    Kind::Base(number) => Self::Base(<$base>::from_wire(number)?),
                    Kind::AndCondition(condition) => Self::And(all(condition.policies)?),
                    Kind::AnyCondition(condition) => Self::Any(all(condition.policies)?),
                })
            }
        }
    };
}

policy_message!(AccessPolicy, MembershipPolicy, membership_policy);
policy_message!(AccessPolicy, MetadataPolicy, metadata_policy);
policy_message!(PermissionsPolicy, PermissionsUpdatePolicy, permissions_update_policy);
