//! Places, never finer than a statistical area or the first three digits of a postcode: no point, no street, no suburb.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::limits::RADIUS_MAX_KM;
use super::vocabulary::{PlaceBasis, UnknownWord};
use crate::indicator::Region;

/// Where something was seen, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "PlaceFields", into = "PlaceFields")]
pub struct Place(PlaceFields);

/// What a place says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PlaceFields {
    /// The country.
    pub country: Country,
    /// The state, in Australia alone.
    pub state: Option<State>,
    /// The area, in Australia alone.
    pub area: Option<Area>,
    /// How it is known.
    pub basis: PlaceBasis,
    /// Kilometres within which it holds; 0 if the source does not say.
    pub radius_km: u16,
}

/// Why fields make no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPlace {
    /// A state or an area outside of Australia.
    #[error("states and areas are those of Australia")]
    NotInAustralia,
    /// An area of another state.
    #[error("the statistical area lies in another state")]
    OtherState,
    /// A radius over half the way around the earth.
    #[error("a radius is at most {RADIUS_MAX_KM} km")]
    Radius,
}

impl Place {
    /// The place that these fields make.
    ///
    /// # Errors
    /// If they contradict each other.
    pub fn new(fields: PlaceFields) -> Result<Self, BadPlace> {
        let local = fields.state.is_some() || fields.area.is_some();
        if local && fields.country != Country::AUSTRALIA {
            return Err(BadPlace::NotInAustralia);
        }
        if let (Some(state), Some(Area::Sa3(sa3))) = (fields.state, fields.area)
            && sa3.state() != state
        {
            return Err(BadPlace::OtherState);
        }
        if fields.radius_km > RADIUS_MAX_KM {
            return Err(BadPlace::Radius);
        }
        Ok(Self(fields))
    }

    /// What it says.
    pub const fn fields(&self) -> &PlaceFields {
        &self.0
    }
}

impl TryFrom<PlaceFields> for Place {
    type Error = BadPlace;

    fn try_from(fields: PlaceFields) -> Result<Self, BadPlace> {
        Self::new(fields)
    }
}

impl From<Place> for PlaceFields {
    fn from(place: Place) -> Self {
        place.0
    }
}

/// A country by its two letters of ISO 3166-1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "[u8; 2]", into = "[u8; 2]")]
pub struct Country([u8; 2]);

/// Two letters that name no country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a country is two capital letters of ISO 3166-1")]
pub struct BadCountry;

impl Country {
    /// Australia.
    pub const AUSTRALIA: Self = Self(*b"AU");

    /// The country of two capital letters. Known are those with a numbering plan: every inhabited one.
    ///
    /// # Errors
    /// If there is none.
    pub fn parse(code: &str) -> Result<Self, BadCountry> {
        let letters: [u8; 2] = code.as_bytes().try_into().map_err(|_| BadCountry)?;
        let known = letters.iter().all(u8::is_ascii_uppercase) && Region::from_code(code).is_some();
        if known { Ok(Self(letters)) } else { Err(BadCountry) }
    }

    /// Its two letters.
    pub const fn letters(self) -> [u8; 2] {
        self.0
    }
}

impl TryFrom<[u8; 2]> for Country {
    type Error = BadCountry;

    fn try_from(letters: [u8; 2]) -> Result<Self, BadCountry> {
        core::str::from_utf8(&letters).map_err(|_| BadCountry).and_then(Self::parse)
    }
}

impl From<Country> for [u8; 2] {
    fn from(country: Country) -> Self {
        country.0
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| fmt::Write::write_char(f, char::from(*letter)))
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({self})")
    }
}

macro_rules! states {
    ($($state:ident = $number:literal $name:literal $full:literal,)*) => {
        /// A state or territory of Australia. Its number is the first digit of its statistical areas (ABS, ASGS).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u8", into = "u8")]
        #[repr(u8)]
        pub enum State {
            $(#[doc = $full] $state = $number,)*
        }

        impl State {
            /// Every state, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$state,)*];
            /// The names of all states.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The name used in files and on screen.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$state => $name,)*
                }
            }
        }
    };
}

states! {
    NewSouthWales = 1 "NSW" "New South Wales.",
    Victoria = 2 "VIC" "Victoria.",
    Queensland = 3 "QLD" "Queensland.",
    SouthAustralia = 4 "SA" "South Australia.",
    WesternAustralia = 5 "WA" "Western Australia.",
    Tasmania = 6 "TAS" "Tasmania.",
    NorthernTerritory = 7 "NT" "The Northern Territory.",
    CapitalTerritory = 8 "ACT" "The Australian Capital Territory.",
    OtherTerritories = 9 "OT" "Norfolk Island, Christmas Island, the Cocos Islands and Jervis Bay.",
}

impl State {
    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.name() == name)
    }
}

impl TryFrom<u8> for State {
    type Error = UnknownWord;

    fn try_from(number: u8) -> Result<Self, UnknownWord> {
        let state = Self::ALL.iter().copied().find(|state| *state as u8 == number);
        state.ok_or(UnknownWord { list: "State", number })
    }
}

impl From<State> for u8 {
    fn from(state: State) -> Self {
        state as Self
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An area of Australia.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Area {
    /// A statistical area of level 3: some 30,000 to 130,000 people.
    Sa3(Sa3),
    /// The postcodes that begin with three digits.
    Postcode3(Postcode3),
}

/// The five digits of a statistical area of level 3, of which the first is its state's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Sa3(u32);

/// The first three digits of a postcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Postcode3(u16);

/// A number that is no area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an area is the five digits of an SA3, or the first three digits of a postcode")]
pub struct BadArea;

impl Sa3 {
    /// Reads five digits.
    ///
    /// # Errors
    /// If it is not five digits, or the first is no state's.
    pub fn parse(text: &str) -> Result<Self, BadArea> {
        digits(text, 5).and_then(Self::try_from)
    }

    /// The state in which it lies.
    pub fn state(self) -> State {
        let first = u8::try_from(self.0 / 10_000).expect("five digits have one first digit");
        State::try_from(first).expect("checked when it was made")
    }
}

impl TryFrom<u32> for Sa3 {
    type Error = BadArea;

    fn try_from(number: u32) -> Result<Self, BadArea> {
        if (10_000..=99_999).contains(&number) { Ok(Self(number)) } else { Err(BadArea) }
    }
}

impl From<Sa3> for u32 {
    fn from(sa3: Sa3) -> Self {
        sa3.0
    }
}

impl Postcode3 {
    /// Reads three digits.
    ///
    /// # Errors
    /// If it is not three digits, or no postcode begins with them.
    pub fn parse(text: &str) -> Result<Self, BadArea> {
        digits(text, 3).and_then(|number| Self::try_from(number as u16))
    }
}

impl TryFrom<u16> for Postcode3 {
    type Error = BadArea;

    /// Postcodes run from 0200 to 9999.
    fn try_from(number: u16) -> Result<Self, BadArea> {
        if (20..=999).contains(&number) { Ok(Self(number)) } else { Err(BadArea) }
    }
}

impl From<Postcode3> for u16 {
    fn from(postcode: Postcode3) -> Self {
        postcode.0
    }
}

fn digits(text: &str, count: usize) -> Result<u32, BadArea> {
    let good = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if good { text.parse().map_err(|_| BadArea) } else { Err(BadArea) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{decode, encode};

    fn fields() -> PlaceFields {
        PlaceFields {
            country: Country::AUSTRALIA,
            state: State::from_name("VIC"),
            area: Sa3::parse("20604").ok().map(Area::Sa3),
            basis: PlaceBasis::Billing,
            radius_km: 25,
        }
    }

    #[test]
    fn fields_that_contradict_each_other_make_no_place() {
        assert!(Place::new(fields()).is_ok());
        let check = |change: fn(&mut PlaceFields), error| {
            let mut fields = fields();
            change(&mut fields);
            assert_eq!(Place::new(fields), Err(error));
            assert!(decode::<Place>(&encode(&fields), 64).is_err(), "nor do their bytes");
        };
        check(|f| f.country = Country::parse("PH").unwrap(), BadPlace::NotInAustralia);
        check(|f| f.state = State::from_name("NSW"), BadPlace::OtherState);
        check(|f| f.radius_km = 20_001, BadPlace::Radius);
        check(
            |f| *f = PlaceFields { country: Country::parse("NZ").unwrap(), state: None, ..*f },
            BadPlace::NotInAustralia,
        );
    }

    #[test]
    fn places_survive_encoding() {
        let place = Place::new(fields()).unwrap();
        assert_eq!(decode(&encode(&place), 64), Ok(place));
    }

    #[test]
    fn countries_are_two_capital_letters_that_exist() {
        assert!(["AU", "PH", "NZ", "GB", "XK"].into_iter().all(|code| Country::parse(code).is_ok()));
        for code in ["", "A", "AUS", "au", "ZZ", "A1", "\u{e9}"] {
            assert_eq!(Country::parse(code), Err(BadCountry), "{code}");
        }
    }

    #[test]
    fn areas_are_coarse() {
        assert_eq!(Sa3::parse("80101").unwrap().state(), State::CapitalTerritory);
        for text in ["", "0101", "00101", "801011", "8010a", "206041123"] {
            assert_eq!(Sa3::parse(text), Err(BadArea), "{text}");
        }
        assert!(Postcode3::parse("300").is_ok() && Postcode3::parse("080").is_ok());
        for text in ["", "3000", "30", "01", "019", "30a"] {
            assert_eq!(Postcode3::parse(text), Err(BadArea), "{text}");
        }
    }
}
