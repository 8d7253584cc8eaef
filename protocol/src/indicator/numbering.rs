//! Numbering plans: which digits are a number, and of what type.
//!
//! The plans are the metadata that `phonenumber` carries. Its own parser is not used: it takes a number whose beginning
//! alone fits a plan, strips trunk prefixes that are part of the number (`+7 812`), and compiles patterns under a global
//! lock. The steps follow the description of Google's libphonenumber, against which they were compared.

use std::{collections::HashMap, sync::LazyLock, sync::OnceLock};

use phonenumber::{
    Metadata, Type,
    metadata::{DATABASE, Descriptor},
};
use regex::{Regex, RegexBuilder};

use super::column::Region;

/// A number that some plan knows.
pub(super) struct Number {
    /// The country calling code.
    pub(super) code: u16,
    /// The national significant number, leading zeros included.
    pub(super) national: String,
    /// Its type; never `Unknown`.
    pub(super) found: Type,
}

/// The number of digits that begin with a country code.
pub(super) fn international(digits: &str) -> Option<Number> {
    // No country code is the beginning of another.
    let (code, rest) = (1..=3).find_map(|len| {
        let code = digits.get(..len)?.parse::<u16>().ok()?;
        (!digits.starts_with('0') && plans_of(code).is_some()).then(|| (code, &digits[len..]))
    })?;
    number_in(plans_of(code)?.first()?, code, rest)
}

/// The number of digits as they are dialled in a region: international, with the country code alone, or national.
pub(super) fn national(region: Region, digits: &str) -> Option<Number> {
    let metadata = DATABASE.by_id(region.code())?;
    let code = metadata.country_code();
    let plan = plans_of(code)?.iter().find(|plan| plan.id == region.code())?;
    if let Some(rest) = plan.after_international_prefix(digits) {
        return international(rest);
    }
    let with_code = digits.strip_prefix(&code.to_string()).map(|rest| plan.without_trunk_prefix(rest));
    if let Some(rest) = with_code.filter(|rest| !plan.general.is_match(digits) && plan.general.is_match(rest)) {
        return number_in(plan, code, &rest);
    }
    number_in(plan, code, digits)
}

/// The number after its trunk prefix; as it stands only where the shorter one is no number.
fn number_in(plan: &Plan, code: u16, digits: &str) -> Option<Number> {
    let stripped = plan.without_trunk_prefix(digits);
    [stripped, digits.to_owned()].into_iter().find_map(|national| {
        let found = type_of(code, &national)?;
        Some(Number { code, national, found })
    })
}

/// The type under the plan of the region to which the number belongs.
fn type_of(code: u16, national: &str) -> Option<Type> {
    let plans = plans_of(code)?;
    let only = plans.len() == 1;
    for plan in plans {
        let leads = plan.leading_digits.as_ref().map(|pattern| pattern.is_match(national));
        let found = plan.type_of(national);
        // Leading digits settle the region; a region without them is tried by its patterns.
        if only || leads == Some(true) || (leads.is_none() && found.is_some()) {
            return found;
        }
    }
    None
}

/// One region's plan with its patterns compiled.
struct Plan {
    id: &'static str,
    international_prefix: Option<Regex>,
    trunk_prefix: Option<Regex>,
    transform: Option<&'static str>,
    leading_digits: Option<Regex>,
    general: Pattern,
    types: Vec<(Pattern, Type)>,
}

/// A pattern for a whole number, with the lengths it can have.
struct Pattern {
    lens: &'static [u16],
    regex: Regex,
}

impl Pattern {
    fn of(descriptor: &'static Descriptor) -> Option<Self> {
        let regex = compiled(&format!("^(?:{})$", descriptor.national_number().as_str()))?;
        Some(Self { lens: descriptor.possible_length(), regex })
    }

    fn is_match(&self, national: &str) -> bool {
        (self.lens.is_empty() || self.lens.iter().any(|len| usize::from(*len) == national.len()))
            && self.regex.is_match(national)
    }
}

impl Plan {
    fn of(metadata: &'static Metadata) -> Option<Self> {
        let descriptors = metadata.descriptors();
        // In the order in which the authors of the metadata try them.
        let types = [
            (descriptors.premium_rate(), Type::PremiumRate),
            (descriptors.toll_free(), Type::TollFree),
            (descriptors.shared_cost(), Type::SharedCost),
            (descriptors.voip(), Type::Voip),
            (descriptors.personal_number(), Type::PersonalNumber),
            (descriptors.pager(), Type::Pager),
            (descriptors.uan(), Type::Uan),
            (descriptors.voicemail(), Type::Voicemail),
            (descriptors.fixed_line(), Type::FixedLine),
            (descriptors.mobile(), Type::Mobile),
        ];
        let types = types.into_iter().filter_map(|(descriptor, found)| Some((Pattern::of(descriptor?)?, found)));
        let trunk = metadata.national_prefix_for_parsing().map(|pattern| pattern.as_str());
        Some(Self {
            id: metadata.id(),
            international_prefix: metadata.international_prefix().and_then(|pattern| beginning(pattern.as_str())),
            trunk_prefix: trunk.or(metadata.national_prefix()).and_then(beginning),
            transform: metadata.national_prefix_transform_rule(),
            leading_digits: metadata.leading_digits().and_then(|pattern| beginning(pattern.as_str())),
            general: Pattern::of(descriptors.general())?,
            types: types.collect(),
        })
    }

    fn type_of(&self, national: &str) -> Option<Type> {
        if !self.general.is_match(national) {
            return None;
        }
        self.types.iter().find(|(pattern, _)| pattern.is_match(national)).map(|(_, found)| *found)
    }

    /// The digits after the prefix for calls abroad; a zero cannot follow it.
    fn after_international_prefix<'a>(&self, digits: &'a str) -> Option<&'a str> {
        let prefix = self.international_prefix.as_ref()?.find(digits)?;
        Some(&digits[prefix.end()..]).filter(|rest| !rest.starts_with('0'))
    }

    /// The digits without their trunk prefix, unless they are a number only with it.
    fn without_trunk_prefix(&self, digits: &str) -> String {
        let Some(groups) = self.trunk_prefix.as_ref().and_then(|pattern| pattern.captures(digits)) else {
            return digits.to_owned();
        };
        let end = groups.get(0).map_or(0, |all| all.end());
        let last = groups.get(groups.len() - 1).filter(|_| groups.len() > 1);
        let stripped = match (self.transform, last) {
            (Some(transform), Some(_)) => {
                let mut head = String::new();
                groups.expand(transform, &mut head);
                head + &digits[end..]
            }
            _ => digits[end..].to_owned(),
        };
        if self.general.is_match(digits) && !self.general.is_match(&stripped) { digits.to_owned() } else { stripped }
    }
}

/// The plans of a country code, the main region first. Patterns are compiled when a code is first seen.
fn plans_of(code: u16) -> Option<&'static [Plan]> {
    type Slot = (Vec<&'static Metadata>, OnceLock<Vec<Plan>>);
    static CODES: LazyLock<HashMap<u16, Slot>> = LazyLock::new(|| {
        let mut codes: HashMap<u16, Slot> = HashMap::new();
        for metadata in DATABASE.iter() {
            codes.entry(metadata.country_code()).or_default().0.push(metadata);
        }
        for (regions, _) in codes.values_mut() {
            regions.sort_by_key(|metadata| (!metadata.is_main_country_for_code(), metadata.id()));
        }
        codes
    });
    let (regions, plans) = CODES.get(&code)?;
    Some(plans.get_or_init(|| regions.iter().filter_map(|metadata| Plan::of(metadata)).collect()))
}

fn beginning(pattern: &str) -> Option<Regex> {
    compiled(&format!("^(?:{pattern})"))
}

/// Patterns of the metadata are written over several lines and mean ASCII digits.
fn compiled(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).ignore_whitespace(true).unicode(false).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_compiles() {
        for metadata in DATABASE.iter() {
            let plan = Plan::of(metadata).unwrap_or_else(|| panic!("{}", metadata.id()));
            let stated = metadata.descriptors();
            assert_eq!(plan.international_prefix.is_some(), metadata.international_prefix().is_some());
            assert_eq!(plan.leading_digits.is_some(), metadata.leading_digits().is_some());
            assert!(metadata.national_prefix_for_parsing().is_none() || plan.trunk_prefix.is_some());
            assert_eq!(plan.types.iter().any(|(_, found)| *found == Type::Mobile), stated.mobile().is_some());
        }
    }
}
