//! The bytes of a label: fixed fields, little endian, every bit accounted for in `docs/spec/lighthouse.md` §4.

use super::{Label, LabelClue, LabelError, LinksLeftOut};
use crate::indicator::Strength;
use crate::lighthouse::clue::{Link, Observed};
use crate::lighthouse::contradiction::{Contradictions, Reading};
use crate::lighthouse::day::Day;
use crate::lighthouse::grade::{Confidence, Decay, Grade, HalfLife};
use crate::lighthouse::id::ClueId;
use crate::lighthouse::place::{Area, Country, Place, PlaceFields, Postcode3, Sa3, State};
use crate::lighthouse::platform::ListedPlatform;
use crate::lighthouse::vocabulary::{
    Caveats, ClueRole, Minor, PlaceBasis, Precision, Relation, Review, Stage, Subject, Typology,
};

/// Bytes before the clues.
pub const HEAD_LEN: usize = 5;
/// Bytes of a clue without links.
pub const ENTRY_LEN: usize = 45;
/// Bytes of a link.
pub const LINK_LEN: usize = 17;

const LINKS_LEFT_OUT: u8 = 1 << 7;

/// The label without padding.
pub(super) fn encode(label: &Label) -> Vec<u8> {
    let reading = &label.reading;
    let mut bytes = vec![u8::try_from(label.clues.len()).expect("checked against its limit")];
    bytes.extend(label.more.to_le_bytes());
    bytes.push(reading.subject.number() | reading.minor.number() << 2 | reading.contradictions.bits() << 4);
    bytes.push(reading.caveats.into());
    label.clues.iter().for_each(|clue| put_clue(&mut bytes, clue));
    bytes
}

/// A label, and what follows it.
pub(super) fn decode(bytes: &[u8]) -> Result<(Label, &[u8]), LabelError> {
    let mut rest = Rest(bytes);
    let [shown] = rest.take()?;
    let more = u16::from_le_bytes(rest.take()?);
    let [read, caveats] = rest.take()?;
    let contradictions = Contradictions::from_bits(read >> 4).ok_or(LabelError::Malformed("reading"))?;
    let reading = Reading {
        subject: word(read & 3, "reading")?,
        minor: word(read >> 2 & 3, "reading")?,
        caveats: word(caveats, "caveats")?,
        contradictions,
    };
    let clues = (0..shown).map(|_| take_clue(&mut rest)).collect::<Result<Vec<_>, _>>()?;
    Ok((Label { reading, clues, more }, rest.0))
}

fn put_clue(bytes: &mut Vec<u8>, clue: &LabelClue) {
    bytes.extend(clue.id.as_bytes());
    let words = u16::from(clue.role.number())
        | u16::from(clue.subject.number()) << 3
        | u16::from(clue.minor.number()) << 5
        | u16::from(clue.typology.number()) << 7
        | u16::from(clue.stage.number()) << 11
        | strength_bits(clue.strength) << 14;
    bytes.extend(words.to_le_bytes());
    bytes.extend(clue.platform.map_or(0, ListedPlatform::number).to_le_bytes());
    bytes.push(u8::from(clue.caveats) | clue.review.number() << 4 | clue.observed.precision.number() << 6);
    let (curve, half_life) = match clue.decay {
        Decay::Steady => (0, 0),
        Decay::Linear => (1, 0),
        Decay::HalfLife(days) => (2, u16::from(days)),
    };
    bytes.push(clue.grade.reliability() | clue.grade.credibility() << 3 | curve << 6);
    bytes.push(clue.confidence.into());
    bytes.push(clue.source);
    bytes.extend(clue.observed.first.number().to_le_bytes());
    bytes.extend(clue.observed.last.number().to_le_bytes());
    bytes.extend(clue.observed.count.to_le_bytes());
    bytes.extend(clue.expires.number().to_le_bytes());
    bytes.extend(half_life.to_le_bytes());
    put_place(bytes, clue.place);
    let left_out = if clue.links_left_out == LinksLeftOut::Some { LINKS_LEFT_OUT } else { 0 };
    bytes.push(u8::try_from(clue.links.len()).expect("at most sixteen") | left_out);
    for link in clue.links.iter() {
        bytes.push(link.relation.number());
        bytes.extend(link.to.as_bytes());
    }
}

fn put_place(bytes: &mut Vec<u8>, place: Option<Place>) {
    let Some(place) = place else { return bytes.extend([0; 8]) };
    let fields = place.fields();
    let (kind, area) = match fields.area {
        None => (0, 0),
        Some(Area::Sa3(sa3)) => (1, u32::from(sa3)),
        Some(Area::Postcode3(postcode)) => (2, u32::from(u16::from(postcode))),
    };
    bytes.extend(fields.country.letters());
    bytes.push(fields.state.map_or(0, u8::from) | kind << 4 | fields.basis.number() << 6);
    bytes.extend(&area.to_le_bytes()[..3]);
    bytes.extend(fields.radius_km.to_le_bytes());
}

fn take_clue(rest: &mut Rest<'_>) -> Result<LabelClue, LabelError> {
    let id = ClueId::from_bytes(rest.take()?);
    let words = u16::from_le_bytes(rest.take()?);
    let bits = |from: u32, mask: u16| (words >> from & mask) as u8;
    let platform = match u16::from_le_bytes(rest.take()?) {
        0 => None,
        number => Some(ListedPlatform::try_from(number).map_err(|_| LabelError::Malformed("platform"))?),
    };
    let [marks, grade, confidence, source] = rest.take()?;
    let observed = Observed {
        first: Day::from_number(u16::from_le_bytes(rest.take()?)),
        last: Day::from_number(u16::from_le_bytes(rest.take()?)),
        count: u32::from_le_bytes(rest.take()?),
        precision: word::<Precision>(marks >> 6, "precision")?,
    };
    let expires = Day::from_number(u16::from_le_bytes(rest.take()?));
    let half_life = u16::from_le_bytes(rest.take()?);
    let place = take_place(rest)?;
    let (links, links_left_out) = take_links(rest)?;
    Ok(LabelClue {
        id,
        strength: strength_of(words >> 14)?,
        role: word::<ClueRole>(bits(0, 7), "role")?,
        subject: word::<Subject>(bits(3, 3), "subject")?,
        minor: word::<Minor>(bits(5, 3), "minor")?,
        typology: word::<Typology>(bits(7, 15), "typology")?,
        stage: word::<Stage>(bits(11, 7), "stage")?,
        platform,
        observed,
        place,
        source,
        grade: Grade::new(grade & 7, grade >> 3 & 7).map_err(|_| LabelError::Malformed("grade"))?,
        confidence: Confidence::try_from(confidence).map_err(|_| LabelError::Malformed("confidence"))?,
        review: word::<Review>(marks >> 4 & 3, "review")?,
        links,
        links_left_out,
        caveats: word::<Caveats>(marks & 15, "caveats")?,
        expires,
        decay: decay_of(grade >> 6, half_life)?,
    })
}

fn take_place(rest: &mut Rest<'_>) -> Result<Option<Place>, LabelError> {
    let bytes: [u8; 8] = rest.take()?;
    if bytes == [0; 8] {
        return Ok(None);
    }
    let malformed = LabelError::Malformed("place");
    let [first, second, marks, area @ .., near, far] = bytes;
    let number = u32::from_le_bytes([area[0], area[1], area[2], 0]);
    let area = match (marks >> 4 & 3, number) {
        (0, 0) => None,
        (1, number) => Some(Area::Sa3(Sa3::try_from(number).map_err(|_| malformed)?)),
        (2, number) => {
            let number = u16::try_from(number).map_err(|_| malformed)?;
            Some(Area::Postcode3(Postcode3::try_from(number).map_err(|_| malformed)?))
        }
        _ => return Err(malformed),
    };
    let state = match marks & 15 {
        0 => None,
        number => Some(word::<State>(number, "place")?),
    };
    let fields = PlaceFields {
        country: Country::try_from([first, second]).map_err(|_| malformed)?,
        state,
        area,
        basis: word::<PlaceBasis>(marks >> 6, "place")?,
        radius_km: u16::from_le_bytes([near, far]),
    };
    Place::new(fields).map(Some).map_err(|_| malformed)
}

type Links = crate::wire::BoundedVec<Link, { crate::lighthouse::limits::LINKS_MAX }>;

fn take_links(rest: &mut Rest<'_>) -> Result<(Links, LinksLeftOut), LabelError> {
    let [head] = rest.take()?;
    let count = head & !LINKS_LEFT_OUT;
    if usize::from(count) > crate::lighthouse::limits::LINKS_MAX {
        return Err(LabelError::Malformed("number of links"));
    }
    let links = (0..count).map(|_| {
        let [relation] = rest.take()?;
        Ok(Link { relation: word::<Relation>(relation, "relation")?, to: ClueId::from_bytes(rest.take()?) })
    });
    let links: Vec<Link> = links.collect::<Result<_, LabelError>>()?;
    let left_out = if head & LINKS_LEFT_OUT == 0 { LinksLeftOut::None } else { LinksLeftOut::Some };
    Ok((links.try_into().expect("counted above"), left_out))
}

fn strength_bits(strength: Strength) -> u16 {
    match strength {
        Strength::A => 1,
        Strength::B => 2,
        Strength::C => 3,
    }
}

fn strength_of(bits: u16) -> Result<Strength, LabelError> {
    match bits {
        1 => Ok(Strength::A),
        2 => Ok(Strength::B),
        3 => Ok(Strength::C),
        _ => Err(LabelError::Malformed("strength")),
    }
}

fn decay_of(curve: u8, half_life: u16) -> Result<Decay, LabelError> {
    match (curve, half_life) {
        (0, 0) => Ok(Decay::Steady),
        (1, 0) => Ok(Decay::Linear),
        (2, days) => HalfLife::try_from(days).map(Decay::HalfLife).map_err(|_| LabelError::Malformed("decay")),
        _ => Err(LabelError::Malformed("decay")),
    }
}

fn word<T: TryFrom<u8>>(number: u8, what: &'static str) -> Result<T, LabelError> {
    T::try_from(number).map_err(|_| LabelError::Malformed(what))
}

/// What is left of the bytes.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], LabelError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(LabelError::Malformed("length"))?;
        self.0 = rest;
        Ok(*taken)
    }
}
