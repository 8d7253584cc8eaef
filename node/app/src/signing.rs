//! The signatures of persons to charters, releases and reveals. The secret is the person's own and stays with the front end that asks for it.

use cwg_crypto::{Digest, SigningKey, VerifyingKey};
use cwg_protocol::NodeKey;
use cwg_protocol::charter::MemberSignature;
use cwg_protocol::lighthouse::limits::{RELEASE_LEN_MAX, SIGNED_RELEASE_LEN_MAX};
use cwg_protocol::lighthouse::{BuiltRelease, ReleaseBody};
use cwg_protocol::reveal::Approval;
use cwg_protocol::wire::encode;

use crate::lighthouse::request::encoded;
use crate::named::{self, bytes_of};
use crate::problem::{Exit, Problem};
use crate::refusals::release_problem;

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

/// Signs a release as the person who built it. `head` is that field of the draft's view; the answer goes into
/// [`crate::LighthouseRequest::Sign`].
///
/// # Errors
/// If the head is not one, or breaks a rule.
pub fn sign_release(head: &str, person: &str, key: &SigningKey) -> Result<String, Problem> {
    let body: ReleaseBody = encoded("a release's head", head, RELEASE_LEN_MAX)?;
    let built = BuiltRelease::build(&body, named::name("the person's name", person)?, key);
    Ok(hex::encode(encode(&built.map_err(|error| release_problem(&error))?)))
}

/// Signs a release as the second person. `built` and `digest` are those fields of the draft's view, so that what is signed is
/// what was shown; the answer goes into [`crate::LighthouseRequest::Approve`].
///
/// # Errors
/// If what was built is not that, is not good, or this person is the one who built it.
pub fn approve_release(built: &str, digest: &str, person: &str, key: &SigningKey) -> Result<String, Problem> {
    let built: BuiltRelease = encoded("a built release", built, SIGNED_RELEASE_LEN_MAX)?;
    if built.digest() != Digest::from_bytes(bytes_of("the release's digest", digest)?) {
        return Err(Problem::defect("the release to be signed is not the one that was shown"));
    }
    let approved = built.approve(named::name("the person's name", person)?, key);
    Ok(hex::encode(encode(&approved.map_err(|error| release_problem(&error))?)))
}

/// Approves a reveal as a person. `to_be_approved` is that field of the reveal's view; the answer goes into
/// [`crate::RevealRequest::Approve`].
///
/// # Errors
/// If it is not what that view holds.
pub fn approve_reveal(to_be_approved: &str, key: &SigningKey) -> Result<String, Problem> {
    let statement = Digest::from_bytes(bytes_of("what is to be approved", to_be_approved)?);
    Ok(hex::encode(encode(&Approval::sign(statement, key))))
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
