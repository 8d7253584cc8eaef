//! The controlled list of platforms (`platforms.txt`), each with a category. Names of handles are another list: that of the
//! ruleset.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::vocabulary::PlatformCategory;

/// A platform of the list, by its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct ListedPlatform(u16);

/// A number that stands for no platform of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} stands for no platform of the list")]
pub struct UnknownPlatform(pub u16);

/// Number, name and category of each platform, ascending by number; 0 stands for none.
const TABLE: &str = include_str!("platforms.txt");

struct Row {
    number: u16,
    name: &'static str,
    category: PlatformCategory,
}

fn rows() -> impl Iterator<Item = Row> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut fields = line.split(' ');
        let number = fields.next()?.parse().ok()?;
        let name = fields.next()?;
        Some(Row { number, name, category: PlatformCategory::from_name(fields.next()?)? })
    })
}

impl ListedPlatform {
    /// The platform of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        rows().find(|row| row.name == name).map(|row| Self(row.number))
    }

    /// Every platform, ascending by number.
    pub fn all() -> impl Iterator<Item = Self> {
        rows().map(|row| Self(row.number))
    }

    /// The number used in records and labels, from 1.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The name used in files and on screen.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What kind of place it is.
    pub fn category(self) -> PlatformCategory {
        self.row().category
    }

    fn row(self) -> Row {
        rows().find(|row| row.number == self.0).expect("made from a row of the table")
    }
}

impl TryFrom<u16> for ListedPlatform {
    type Error = UnknownPlatform;

    fn try_from(number: u16) -> Result<Self, UnknownPlatform> {
        rows().find(|row| row.number == number).map(|_| Self(number)).ok_or(UnknownPlatform(number))
    }
}

impl From<ListedPlatform> for u16 {
    fn from(platform: ListedPlatform) -> Self {
        platform.0
    }
}

impl fmt::Display for ListedPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for ListedPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ListedPlatform({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_platform_with_its_own_number_and_name() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(rows().count(), lines.clone().count(), "each line is read");
        assert!(lines.clone().all(|line| line.split(' ').count() == 3));
        let numbers: Vec<u16> = rows().map(|row| row.number).collect();
        assert_eq!(numbers, (1..=numbers.len() as u16).collect::<Vec<_>>(), "appended only, without gaps");
        for platform in ListedPlatform::all() {
            assert_eq!(ListedPlatform::from_name(platform.name()), Some(platform));
            assert_eq!(ListedPlatform::try_from(platform.number()), Ok(platform));
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(platform.name().chars().all(plain), "{platform}");
        }
        let past = numbers.len() as u16 + 1;
        assert!([0, past, u16::MAX].into_iter().all(|number| ListedPlatform::try_from(number).is_err()));
    }

    #[test]
    fn each_category_has_a_platform_for_those_not_listed() {
        for category in PlatformCategory::ALL {
            let other = ListedPlatform::from_name(&format!("other-{category}")).unwrap();
            assert_eq!(other.category(), *category);
        }
    }
}
