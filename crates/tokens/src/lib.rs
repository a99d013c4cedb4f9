//! Bearer tokens (JWT, RFC 7519): the keys that they are checked by, the roles that they carry, made and
//! checked.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`role`] | what a caller may be |
//! | [`keys`] | the keys that tokens are checked by, from a JWK set or a secret |
//! | [`verify`] | whether a token holds, and whose it is |
//! | [`sign`] | tokens and key pairs, made |
//!
//! A token is checked with a key that was configured, by the one algorithm of that key. The algorithm that
//! a token names only has to be the same; `none`, and a public key used as a secret, fit no key.
//!
//! No I/O and no clock: whoever asks brings the keys and the time.

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
