//! Stored numbers.

use super::status::{DeliveryStatus, MessageKind};
use crate::captured::database;

/// R-MSG-010
#[test]
fn kinds_and_statuses_are_stored_as_the_reference_does() {
    use DeliveryStatus::{Failed, Published, Unpublished};
    assert_eq!([MessageKind::Application, MessageKind::MembershipChange].map(MessageKind::to_stored), [1, 2]);
    assert_eq!([Unpublished, Published, Failed].map(DeliveryStatus::to_stored), [1, 2, 3]);
    for number in i16::MIN..=i16::MAX {
        let kind = MessageKind::from_stored(number);
        assert_eq!(kind.is_some(), (1..=2).contains(&number));
        assert!(kind.is_none_or(|kind| kind.to_stored() == number));
        let status = DeliveryStatus::from_stored(number);
        assert_eq!(status.is_some(), (1..=3).contains(&number));
        assert!(status.is_none_or(|status| status.to_stored() == number));
    }
    for message in database()["group_messages"].as_array().unwrap() {
        let number = i16::try_from(message["delivery_status"].as_i64().unwrap()).unwrap();
        assert_eq!(DeliveryStatus::from_stored(number), Some(Published));
    }
}
