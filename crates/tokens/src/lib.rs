//! Bearer tokens (JWT, RFC 7519): signing, verification, keys and roles.
//!
//! | module | contents |
//! | --- | --- |
//! | [`role`] | the roles of callers |
//! | [`keys`] | verification keys, from a JWK set or a secret |
//! | [`verify`] | checks a token and returns its bearer |
//! | [`sign`] | signs tokens and generates key pairs |
//!
//! A token is verified with a configured key, by the one algorithm of that key. The algorithm in the token's
//! header only has to match. So `none` fits no key, and neither does a public key used as an HMAC secret
//! (algorithm confusion).
//!
//! No I/O and no clock: the caller brings the keys and the time.

pub mod keys;
pub mod role;
pub mod sign;
pub mod verify;

pub use keys::KeySet;
pub use role::Role;
pub use sign::Signer;
pub use verify::{Identity, TokenError, Verifier};

#[cfg(test)]
mod tests;
