//! Versions.

use proptest::prelude::*;

use crate::version::{CLAIMED, ProtocolVersion, VersionError};

/// R-MSG-012
#[test]
fn the_claimed_version_is_one() {
    assert_eq!(ProtocolVersion::claimed().to_string(), CLAIMED);
    assert!(ProtocolVersion::claimed().supports(CLAIMED));
}

/// R-MSG-011
#[test]
fn a_group_pauses_for_a_higher_minimum_only() {
    let claimed = ProtocolVersion::claimed();
    for fits in ["0.0.0", "1.6.0", "1.9.99", "1.10.0-dev", "1.10.0-rc.1", "1.10.0", "1.10.0+build.7"] {
        assert!(claimed.supports(fits), "{fits}");
    }
    for higher in ["1.10.1-alpha", "1.10.1", "1.11.0-dev", "1.11.0", "2.0.0", "10.0.0"] {
        assert!(!claimed.supports(higher), "{higher}");
    }
}

/// R-MSG-013
#[test]
fn a_minimum_that_is_no_version_does_not_pause() {
    for malformed in
        ["", "1", "1.10", "v1.10.0", "1.10.0.0", "01.10.0", "1.10.0-", "latest", "99.99", " 9.9.9"]
    {
        assert_eq!(ProtocolVersion::parse(malformed), Err(VersionError), "{malformed}");
        assert!(ProtocolVersion::claimed().supports(malformed), "{malformed}");
    }
    assert_eq!(VersionError.code(), "version.malformed");
}

#[test]
fn versions_are_ordered_as_semver_says() {
    let ascending = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.2.0",
        "1.10.0",
        "2.0.0",
    ];
    for (at, lower) in ascending.iter().enumerate() {
        for higher in &ascending[at + 1..] {
            let (lower, higher) =
                (ProtocolVersion::parse(lower).unwrap(), ProtocolVersion::parse(higher).unwrap());
            assert!(lower < higher && higher.supports(&lower.to_string()), "{lower} {higher}");
        }
    }
    assert_eq!("1.0.0+a".parse::<ProtocolVersion>(), "1.0.0+b".parse());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text: String) {
        if let Ok(version) = ProtocolVersion::parse(&text) {
            prop_assert_eq!(version.to_string(), text);
        }
    }

    #[test]
    fn a_later_version_supports_what_an_earlier_one_does(a: (u8, u8, u8), b: (u8, u8, u8), minimum: (u8, u8, u8)) {
        let text = |(major, minor, patch)| format!("{major}.{minor}.{patch}");
        let earlier = ProtocolVersion::parse(&text(a.min(b))).unwrap();
        let later = ProtocolVersion::parse(&text(a.max(b))).unwrap();
        prop_assert!(!earlier.supports(&text(minimum)) || later.supports(&text(minimum)));
        prop_assert_eq!(earlier.supports(&text(minimum)), minimum <= a.min(b));
    }
}
