//! One post: from a template to bytes of one length, signed by a pseudonym of the room, sealed under the room's key.

use core::fmt;

use cwg_crypto::aead::{NONCE_LEN, TAG_LEN};
use cwg_crypto::{Domain, SealKey, Secret32, Seed, Signature, SigningKey, VerifyingKey, derive, derive_public};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::words::{Frequency, Outcome, Question};
use crate::lighthouse::{Caveats, ClueRole, Day, Stage, Typology};
use crate::reveal::{ReadStep, STEP_VERSION, Step};
use crate::round::limits::ROOM_TEXT_LEN_MAX;
use crate::round::terms::{FreeText, RoundTerms};
use crate::round::turn::Execution;
use crate::wire::BoundedText;

/// The key of one item's room. It opens and seals posts, and serves nothing else.
pub struct RoomKey(Secret32);

/// What a post says, in the words of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// A question to the other holders.
    Question(Question),
    /// The item was really seen in the writer's own books.
    Sighting {
        /// The first day.
        first: Day,
        /// The last day.
        last: Day,
        /// How often.
        frequency: Frequency,
        /// What the item's holder did.
        role: ClueRole,
    },
    /// The pattern that the writer sees.
    Typology {
        /// Of exploitation.
        typology: Typology,
        /// The stage.
        stage: Stage,
    },
    /// What came of a match.
    Outcome(Outcome),
}

/// A post before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// What it says.
    pub content: Content,
    /// Restrictions that go with it, whatever a reader's rights are.
    pub caveats: Caveats,
    /// The day after which it is of no more use.
    pub expires: Day,
    /// The name of the post that it answers.
    pub answers: Option<[u8; 8]>,
    /// Free text, where the terms allow it.
    pub text: Option<BoundedText<ROOM_TEXT_LEN_MAX>>,
}

/// One writer in one room: the same in all its posts there, and another one in every other room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pseudonym([u8; 32]);

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonym(..)")
    }
}

impl Pseudonym {
    /// The pseudonym with this key.
    pub(crate) const fn from_bytes(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// Its key. No two writers have the same, and one writer has another in every room.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether it made a signature of [`RoomKey::sign_as`].
    pub(crate) fn has_signed(&self, domain: Domain, part: &[u8], signature: &Signature) -> bool {
        VerifyingKey::from_bytes(self.0).is_ok_and(|key| key.verify(domain, &[part], signature).is_ok())
    }

    /// What is shown of it: too much for a holder to make a pseudonym that looks like another one's.
    pub fn short(&self) -> [u8; 8] {
        *self.0.first_chunk().expect("32 bytes have eight")
    }
}

/// A post as a holder reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPost {
    /// Its name, by which another post answers it.
    pub name: [u8; 8],
    /// Who wrote it.
    pub writer: Pseudonym,
    /// What it says.
    pub draft: Draft,
}

impl ReadPost {
    /// Whether it still holds on a day: what has expired is neither shown nor kept.
    pub fn holds_on(&self, today: Day) -> bool {
        today <= self.draft.expires
    }
}

/// Why bytes that opened under a room's key are no post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPost {
    /// Not of the form, or of one that this version does not know.
    #[error("not the form of a post")]
    Form,
    /// Not signed by its pseudonym for this room, turn and interval.
    #[error("not signed by its pseudonym")]
    Signature,
    /// Free text where the terms have none.
    #[error("free text, which the terms do not allow")]
    Text,
    /// It would outlive the rooms.
    #[error("it expires after the rooms do")]
    Expiry,
}

/// Bytes of a post before it is sealed: what is signed, then the signature.
pub(crate) const SIGNED_LEN: usize = 1 + 1 + 6 + 1 + 2 + 2 + 8 + 32 + 1 + ROOM_TEXT_LEN_MAX;
const PLAIN_LEN: usize = SIGNED_LEN + 64;

/// Bytes of a sealed post: nonce, post, tag.
pub(super) const POST_LEN: usize = NONCE_LEN + PLAIN_LEN + TAG_LEN;

const VERSION: u8 = 1;

impl RoomKey {
    /// The key of a found item's room.
    pub fn new(secret: Secret32) -> Self {
        Self(secret)
    }

    /// The signing key of a writer in this room. The secret is the writer's own, and serves this turn alone.
    fn pseudonym(&self, writer: &Secret32) -> SigningKey {
        SigningKey::from_secret(&derive(Domain::RoomPseudonym, writer, &[self.0.expose()]))
    }

    /// The pseudonym of a writer in this room.
    pub fn pseudonym_of(&self, writer: &Secret32) -> Pseudonym {
        Pseudonym(*self.pseudonym(writer).verifying_key().as_bytes())
    }

    /// A secret of all holders of the item, for one use.
    pub(crate) fn common_secret(&self, domain: Domain, parts: &[&[u8]]) -> Secret32 {
        derive(domain, &self.0, parts)
    }

    /// A secret of one writer in this room, for one use.
    pub(crate) fn own_secret(&self, domain: Domain, writer: &Secret32, part: &[u8]) -> Secret32 {
        derive(domain, writer, &[self.0.expose(), part])
    }

    /// Signs as a writer in this room, for something other than a post.
    pub(crate) fn sign_as(&self, writer: &Secret32, domain: Domain, part: &[u8]) -> Signature {
        self.pseudonym(writer).sign(domain, &[part])
    }

    /// Signs and seals a post for an interval. The seed serves this post alone.
    pub(super) fn seal(&self, at: &Place<'_>, draft: &Draft, writer: &Secret32, seed: Seed) -> Vec<u8> {
        self.seal_signed(at, Domain::RoomPost, |writer| draft.encode(at.interval, writer), writer, seed)
    }

    /// The same of a step of a reveal: nobody without the key can tell one from the other.
    pub(super) fn seal_step(&self, at: &Place<'_>, step: &Step, writer: &Secret32, seed: Seed) -> Vec<u8> {
        self.seal_signed(at, Domain::RevealPost, |writer| step.encode(at.interval, writer), writer, seed)
    }

    /// Opens a post of an interval, if it is one of this room; and what is wrong with it, if it is not as it should be.
    pub(super) fn open(&self, at: &Place<'_>, sealed: &[u8]) -> Option<Result<ReadPost, BadPost>> {
        let plain = self.open_plain(at, sealed).filter(|plain| plain.first() != Some(&STEP_VERSION))?;
        Some(self.read(at, &plain, sealed))
    }

    /// Opens a step of a reveal in the same way.
    pub(super) fn open_step(&self, at: &Place<'_>, sealed: &[u8]) -> Option<Result<ReadStep, BadPost>> {
        let plain = self.open_plain(at, sealed).filter(|plain| plain.first() == Some(&STEP_VERSION))?;
        Some(self.read_step(at, &plain))
    }

    fn seal_signed(
        &self,
        at: &Place<'_>,
        domain: Domain,
        encode: impl FnOnce(&[u8; 32]) -> Vec<u8>,
        writer: &Secret32,
        seed: Seed,
    ) -> Vec<u8> {
        let pseudonym = self.pseudonym(writer);
        let mut plain = encode(pseudonym.verifying_key().as_bytes());
        plain.extend_from_slice(pseudonym.sign(domain, &self.signed_parts(at, &plain)).as_bytes());
        let mut nonce = [0; NONCE_LEN];
        seed.rng().fill_bytes(&mut nonce);
        let sealed = self.sealing().seal(&nonce, &[at.execution.0.as_bytes()], &plain);
        [nonce.as_slice(), &sealed].concat()
    }

    fn open_plain(&self, at: &Place<'_>, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        self.sealing().open(nonce, &[at.execution.0.as_bytes()], rest).ok()
    }

    fn read_step(&self, at: &Place<'_>, plain: &[u8]) -> Result<ReadStep, BadPost> {
        let (signed, signature) = plain.split_last_chunk::<64>().ok_or(BadPost::Form)?;
        let (step, interval, writer) = Step::decode(signed).ok_or(BadPost::Form)?;
        self.check(at, Domain::RevealPost, signed, signature, &writer, interval)?;
        Ok(ReadStep { writer, step })
    }

    /// That what is signed is of its writer and of this interval.
    fn check(
        &self,
        at: &Place<'_>,
        domain: Domain,
        signed: &[u8],
        signature: &[u8; 64],
        writer: &Pseudonym,
        interval: u16,
    ) -> Result<(), BadPost> {
        let key = VerifyingKey::from_bytes(writer.0).map_err(|_| BadPost::Form)?;
        let verified = key.verify(domain, &self.signed_parts(at, signed), &Signature::from_bytes(*signature));
        if verified.is_err() || interval != at.interval { Err(BadPost::Signature) } else { Ok(()) }
    }

    fn read(&self, at: &Place<'_>, plain: &[u8], sealed: &[u8]) -> Result<ReadPost, BadPost> {
        let (signed, signature) = plain.split_last_chunk::<64>().ok_or(BadPost::Form)?;
        let (draft, interval, writer) = Draft::decode(signed).ok_or(BadPost::Form)?;
        let writer = Pseudonym(writer);
        self.check(at, Domain::RoomPost, signed, signature, &writer, interval)?;
        if draft.text.is_some() && at.terms.body().rooms.text == FreeText::Off {
            return Err(BadPost::Text);
        }
        if draft.expires > Day::of(at.terms.body().rooms.closes()) {
            return Err(BadPost::Expiry);
        }
        Ok(ReadPost { name: name_of(at, sealed), writer, draft })
    }

    /// The room is among them, so that nobody can carry a post of one room into another.
    fn signed_parts<'a>(&'a self, at: &'a Place<'_>, signed: &'a [u8]) -> [&'a [u8]; 3] {
        [at.execution.0.as_bytes(), self.0.expose(), signed]
    }

    fn sealing(&self) -> SealKey {
        SealKey::new(Secret32::new(*self.0.expose()))
    }
}

impl fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomKey(..)")
    }
}

/// Where and when a post stands.
pub(super) struct Place<'a> {
    pub(super) terms: &'a RoundTerms,
    pub(super) execution: Execution,
    pub(super) interval: u16,
}

fn name_of(at: &Place<'_>, sealed: &[u8]) -> [u8; 8] {
    let name = derive_public(Domain::RoomPostName, &[at.execution.0.as_bytes(), sealed]);
    *name.as_bytes().first_chunk().expect("32 bytes have eight")
}

impl Content {
    /// The template's number and its fields: six bytes, filled up with zeros.
    fn fields(&self) -> (u8, [u8; 6]) {
        match *self {
            Self::Question(question) => (1, [question.number(), 0, 0, 0, 0, 0]),
            Self::Sighting { first, last, frequency, role } => {
                let ([a, b], [c, d]) = (first.number().to_le_bytes(), last.number().to_le_bytes());
                (2, [a, b, c, d, frequency.number(), role.number()])
            }
            Self::Typology { typology, stage } => (3, [typology.number(), stage.number(), 0, 0, 0, 0]),
            Self::Outcome(outcome) => (4, [outcome.number(), 0, 0, 0, 0, 0]),
        }
    }

    fn of(template: u8, fields: [u8; 6]) -> Option<Self> {
        let [a, b, c, d, e, f] = fields;
        let content = match template {
            1 => Self::Question(a.try_into().ok()?),
            2 => Self::Sighting {
                first: Day::from_number(u16::from_le_bytes([a, b])),
                last: Day::from_number(u16::from_le_bytes([c, d])),
                frequency: e.try_into().ok()?,
                role: f.try_into().ok()?,
            },
            3 => Self::Typology { typology: a.try_into().ok()?, stage: b.try_into().ok()? },
            4 => Self::Outcome(a.try_into().ok()?),
            _ => return None,
        };
        let in_order = !matches!(content, Self::Sighting { first, last, .. } if first > last);
        (content.fields() == (template, fields) && in_order).then_some(content)
    }
}

impl Draft {
    fn encode(&self, interval: u16, writer: &[u8; 32]) -> Vec<u8> {
        let (template, fields) = self.content.fields();
        let text = self.text.as_deref().unwrap_or_default();
        let mut bytes = vec![VERSION, template];
        bytes.extend(fields);
        bytes.push(self.caveats.into());
        bytes.extend(self.expires.number().to_le_bytes());
        bytes.extend(interval.to_le_bytes());
        bytes.extend(self.answers.unwrap_or_default());
        bytes.extend(writer);
        bytes.push(text.len() as u8);
        bytes.extend(text.as_bytes());
        bytes.resize(SIGNED_LEN, 0);
        bytes
    }

    /// Draft, interval and writer. None unless this is the one encoding of them.
    fn decode(bytes: &[u8]) -> Option<(Self, u16, [u8; 32])> {
        let (&[version, template], rest) = bytes.split_first_chunk()?;
        let (fields, rest) = rest.split_first_chunk::<6>()?;
        let (&[caveats], rest) = rest.split_first_chunk()?;
        let (expires, rest) = rest.split_first_chunk()?;
        let (interval, rest) = rest.split_first_chunk()?;
        let (answers, rest) = rest.split_first_chunk::<8>()?;
        let (writer, rest) = rest.split_first_chunk::<32>()?;
        let (&[text_len], rest) = rest.split_first_chunk()?;
        let text = core::str::from_utf8(rest.get(..text_len.into())?).ok()?;
        let text = (!text.is_empty()).then(|| BoundedText::try_from(text.to_owned())).transpose().ok()?;
        let draft = Self {
            content: Content::of(template, *fields)?,
            caveats: caveats.try_into().ok()?,
            expires: Day::from_number(u16::from_le_bytes(*expires)),
            answers: (*answers != [0; 8]).then_some(*answers),
            text,
        };
        let interval = u16::from_le_bytes(*interval);
        let is_canonical = version == VERSION && draft.encode(interval, writer) == bytes;
        is_canonical.then_some((draft, interval, *writer))
    }
}
