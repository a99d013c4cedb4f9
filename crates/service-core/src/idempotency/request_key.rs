//! An idempotency key, bound to its request.

use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// A request's idempotency key and what it is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// The client's key, scoped to its caller and its route.
    pub key: String,
    /// SHA-256 of everything that the request asks for.
    pub digest: [u8; 32],
}

impl RequestKey {
    /// Whether this digest is of the same request.
    #[must_use]
    pub fn is_of(&self, digest: &[u8]) -> bool {
        self.digest == digest
    }

    /// An id derived from the key alone (UUID version 8): what is created under it can be found again even if
    /// the row that remembers the key is lost.
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
