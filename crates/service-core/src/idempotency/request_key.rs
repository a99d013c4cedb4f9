//! The key of a request, bound to what it asks for.

use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// What makes a request come about once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// The client's key, bound to the client and to the route that it was sent to.
    pub key: String,
    /// Of all that the request asks for.
    pub digest: [u8; 32],
}

impl RequestKey {
    /// Whether the request of this digest is this one.
    #[must_use]
    pub fn is_of(&self, digest: &[u8]) -> bool {
        self.digest == digest
    }

    /// An id that a request under this key always has (UUID version 8): what is made under it is found again
    /// even if the row that remembers it is lost.
    #[must_use]
    pub fn id(&self) -> Uuid {
        let digest = Sha256::digest(&self.key);
        let mut bytes = [0; 16];
        for (byte, of_digest) in bytes.iter_mut().zip(digest) {
            *byte = of_digest;
        }
        Builder::from_custom_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_belongs_to_its_key() {
        let key = |key: &str| RequestKey {
            key: key.to_owned(),
            digest: [0; 32],
        };
        assert_eq!(key("a").id(), key("a").id());
        assert_ne!(key("a").id(), key("b").id());
        assert_eq!(key("a").id().get_version_num(), 8);
    }
}
