//! Splits a byte stream, in chunks of any size, into PostgreSQL's message frames.

/// How much of a body is kept. All inspected messages are shorter, except errors, whose SQLSTATE is near the
/// beginning.
const KEPT: usize = 128;

/// A type byte and four bytes of length.
const HEAD: usize = 5;

/// Follows the messages of one direction of a connection.
pub(crate) struct Frames {
    head: [u8; HEAD],
    /// Bytes of the head received so far.
    head_length: usize,
    /// Bytes of the body still to come.
    body_left: usize,
    kept: Vec<u8>,
}

impl Frames {
    /// At the beginning of a stream. A client's first message has no type byte.
    pub(crate) fn new(first_has_type: bool) -> Self {
        Self {
            head: [0; HEAD],
            head_length: usize::from(!first_has_type),
            body_left: 0,
            kept: Vec::new(),
        }
    }

    /// Calls `seen` with the type and the beginning of the body of each complete message.
    pub(crate) fn follow(&mut self, mut bytes: &[u8], mut seen: impl FnMut(u8, &[u8])) {
        while !bytes.is_empty() {
            if self.head_length < HEAD {
                let taken = bytes.len().min(HEAD - self.head_length);
                let (now, later) = bytes.split_at(taken);
                self.head[self.head_length..self.head_length + taken].copy_from_slice(now);
                self.head_length += taken;
                bytes = later;
                if self.head_length < HEAD {
                    return;
                }
                let [_, length @ ..] = self.head;
                let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
                // The length counts itself.
                self.body_left = length.saturating_sub(HEAD - 1);
            } else {
                let taken = bytes.len().min(self.body_left);
                let (now, later) = bytes.split_at(taken);
                let kept = taken.min(KEPT - self.kept.len());
                self.kept.extend_from_slice(&now[..kept]);
                self.body_left -= taken;
                bytes = later;
            }
            if self.body_left == 0 {
                seen(self.head[0], &self.kept);
                self.head = [0; HEAD];
                self.head_length = 0;
                self.kept.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(first_has_type: bool, chunks: &[&[u8]]) -> Vec<(u8, Vec<u8>)> {
        let mut frames = Frames::new(first_has_type);
        let mut all = Vec::new();
        for chunk in chunks {
            frames.follow(chunk, |kind, body| all.push((kind, body.to_vec())));
        }
        all
    }

    #[test]
    fn messages_are_found_wherever_the_chunks_end() {
        let bytes = b"S\0\0\0\x04D\0\0\0\x07abcZ\0\0\0\x05I";
        let found = [
            (b'S', Vec::new()),
            (b'D', b"abc".to_vec()),
            (b'Z', b"I".to_vec()),
        ];
        assert_eq!(messages(true, &[bytes]), found);
        for cut in 0..bytes.len() {
            let (one, other) = bytes.split_at(cut);
            assert_eq!(messages(true, &[one, other]), found, "cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(messages(true, &single), found);
    }

    #[test]
    fn a_clients_first_message_has_no_type() {
        let bytes = b"\0\0\0\x08\0\x03\0\0Q\0\0\0\x05\0";
        let kinds: Vec<u8> = messages(false, &[bytes]).iter().map(|one| one.0).collect();
        assert_eq!(kinds, [0, b'Q']);
    }

    #[test]
    fn of_a_long_message_the_beginning_is_kept() {
        let mut bytes = b"D\0\0\x10\x04".to_vec();
        bytes.extend_from_slice(&[7; 4096]);
        bytes.extend_from_slice(b"Z\0\0\0\x05T");
        let found = messages(true, &[&bytes]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].1.len(), KEPT);
        assert_eq!(found[1], (b'Z', b"T".to_vec()));
    }
}
