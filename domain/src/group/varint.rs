//! The variable-length length prefix of MLS vectors (RFC 9420 section 2.1.2).

/// The longest vector that the prefix can announce: 30 bits.
const MAX_LENGTH: u32 = (1 << 30) - 1;

/// A vector: its length, then its bytes. `None` when it is longer than the prefix can say.
pub(crate) fn encode_vector(bytes: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= MAX_LENGTH)?;
    let [a, b, c, d] = length.to_be_bytes();
    let mut vector = match length {
        0..=0x3f => vec![d],
        0x40..=0x3fff => vec![c | 0x40, d],
        _ => vec![a | 0x80, b, c, d],
    };
    vector.extend_from_slice(bytes);
    Some(vector)
}

/// Reads input that is exactly one vector; `None` for a longer prefix than needed and for missing or further bytes.
pub(crate) fn decode_vector(input: &[u8]) -> Option<&[u8]> {
    let (length, rest, shortest) = match input {
        [d, rest @ ..] if d >> 6 == 0 => (u32::from(*d), rest, 0),
        [c, d, rest @ ..] if c >> 6 == 1 => (u32::from_be_bytes([0, 0, c & 0x3f, *d]), rest, 0x40),
        [a, b, c, d, rest @ ..] if a >> 6 == 2 => (u32::from_be_bytes([a & 0x3f, *b, *c, *d]), rest, 0x4000),
        _ => return None,
    };
    (length >= shortest && usize::try_from(length) == Ok(rest.len())).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-GRP-001
    #[test]
    fn the_prefix_is_the_shortest_of_one_two_or_four_bytes() {
        for (length, prefix) in [
            (0, vec![0]),
            (63, vec![63]),
            (64, vec![0x40, 64]),
            (16_383, vec![0x7f, 0xff]),
            (16_384, vec![0x80, 0, 0x40, 0]),
        ] {
            let bytes = vec![7; length];
            let vector = encode_vector(&bytes).unwrap();
            assert_eq!(vector[..prefix.len()], prefix);
            assert_eq!(decode_vector(&vector).unwrap(), bytes);
        }
    }

    /// R-GRP-001
    #[test]
    fn other_prefixes_are_refused() {
        for input in [
            vec![],
            vec![0x40],
            vec![0x40, 1, 9],
            vec![0x80, 0, 0, 1, 9],
            vec![0xc0, 0, 0, 0, 0, 0, 0, 0],
            vec![2, 9],
            vec![1, 9, 9],
        ] {
            assert_eq!(decode_vector(&input), None, "{input:?}");
        }
    }
}
