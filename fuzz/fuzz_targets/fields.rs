//! Cuts what the fuzzer gives into the parts of a value.

/// The next part: two bytes of length, and as many bytes as there are of that.
pub(crate) fn field<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let Some((length, tail)) = rest.split_first_chunk() else { return &[] };
    let (field, tail) = tail.split_at(usize::from(u16::from_be_bytes(*length)).min(tail.len()));
    *rest = tail;
    field
}
