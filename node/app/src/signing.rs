//! The signature of a person to a charter. The secret is the person's own and stays with the front end that asks for it.

use cwg_crypto::{Digest, SigningKey, VerifyingKey};
use cwg_protocol::NodeKey;
use cwg_protocol::charter::MemberSignature;

use crate::named::bytes_of;
use crate::problem::{Exit, Problem};

/// Signs a charter as a named person. `charter` and `member` are the fields `charter` and `sign_for` of the pilot's
/// view; the answer goes into [`crate::Request::PilotSign`].
///
/// # Errors
/// If one of the two is not what that view holds.
pub fn sign_as_person(charter: &str, member: &str, key: &SigningKey) -> Result<String, Problem> {
    let charter = Digest::from_bytes(bytes_of("the charter's digest", charter)?);
    let member = NodeKey(public_key("the member's key", member)?);
    Ok(hex::encode(MemberSignature::sign_as_person(charter, member, key).as_bytes()))
}

/// A public key from its 64 hexadecimal digits.
pub(crate) fn public_key(what: &'static str, text: &str) -> Result<VerifyingKey, Problem> {
    VerifyingKey::from_bytes(bytes_of(what, text)?).map_err(|_| {
        Problem::new(
            Exit::BadInput,
            "key-invalid",
            format!("{what} is not an Ed25519 public key"),
            "copy the key again from where it was made",
        )
    })
}
