//! `person`: keys P1 to P5 from a name and a date of birth (`docs/spec/ruleset-2.md` §3.21).
//!
//! P2 follows the statistical linkage key SLK-581 (AIHW, METeOR 349510); P3 and P4 use the Double Metaphone (Philips 2000). No
//! key is more than strength C: a person key alone opens no case.

pub(super) mod name;

use rphonetic::DoubleMetaphone;

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, refuse_placeholder},
    column::Rules,
    day::{Day, parse_day},
    parts::{PartRefusal, Parts},
    refusal::RefusalCode,
    repair::RepairCodes,
};

const GIVEN: usize = 0;
const FAMILY: usize = 1;
const BORN: usize = 2;
const SEX: usize = 3;

/// The first year of birth that is taken.
const YEAR_MIN: u16 = 1900;
/// SLK-581: sex not stated.
const SEX_NOT_STATED: char = '9';

pub(super) fn canonicalize_parts(parts: &Parts<'_>, rules: &Rules) -> Result<Canonical, PartRefusal> {
    let mut repairs = RepairCodes::default();
    let given = words_of(parts, GIVEN, &mut repairs)?;
    let family = words_of(parts, FAMILY, &mut repairs)?;
    if given.is_empty() && family.is_empty() {
        return Err(RefusalCode::Empty.of_part(FAMILY));
    }
    let born = parts.required(BORN)?;
    repairs.merge(born.repairs);
    let born = birth(&born, rules).map_err(|code| code.of_part(BORN))?;
    let sex = match parts.optional(SEX)? {
        Some(value) => sex(&value.text).map_err(|code| code.of_part(SEX))?,
        None => SEX_NOT_STATED,
    };
    let person = Person { given, family, born };
    let mut keys = person.keys(sex).into_iter();
    let text = keys.next().expect("every person has a linkage key");
    let mut canonical = Canonical::new(IndicatorKind::Person, text, Strength::C, repairs);
    for text in keys {
        canonical.alias(IndicatorKind::Person, text, Strength::C);
    }
    Ok(canonical)
}

/// A person as the keys see one: names as words of A to Z.
struct Person {
    given: Vec<String>,
    family: Vec<String>,
    born: Day,
}

impl Person {
    /// P1 to P5 as far as the names allow. Without one of the names there is P2 alone: a family name and a date, or a given
    /// name and a date, are shared by too many.
    fn keys(&self, sex: char) -> Vec<String> {
        let mut keys = Vec::new();
        if !self.given.is_empty() && !self.family.is_empty() {
            let names = self.sorted_names();
            keys.push(format!("P1:{names}:{}", self.born));
            keys.extend(self.phonetic_keys());
            keys.extend(self.either_order(&names));
        }
        // A side that does not know the sex would never meet one that does, so both forms stand.
        for sex in [SEX_NOT_STATED, sex] {
            keys.push(format!("P2:{}", self.linkage_key(sex)));
        }
        keys
    }

    /// Every word of both names, sorted: given and family name may have changed places.
    fn sorted_names(&self) -> String {
        let mut words: Vec<&str> = self.given.iter().chain(&self.family).map(String::as_str).collect();
        words.sort_unstable();
        words.join(" ")
    }

    /// P5: P1 with day and month in ascending order, where both can be a month. The two orders of one date meet here and, being
    /// a key of its own, show that they met in this way alone.
    fn either_order(&self, names: &str) -> Option<String> {
        let (day, month) = (self.born.day(), self.born.month());
        let (first, second) = (day.min(month), day.max(month));
        (second <= 12 && first != second).then(|| format!("P5:{names}:{:04}:{first:02}:{second:02}", self.born.year()))
    }

    /// P3 and P4, unless a name has no sound of its own.
    fn phonetic_keys(&self) -> Vec<String> {
        // Codes of any length: at four, the customary cut, long names would meet that only begin alike.
        let metaphone = DoubleMetaphone::new(None);
        let sound = |text: &str| Some(metaphone.double_metaphone(text).primary()).filter(|code| !code.is_empty());
        let given = self.given.first().expect("asked for with both names");
        let Some(family) = sound(&self.family.concat()) else { return Vec::new() };
        let initial = &given[..1];
        let mut keys = vec![format!("P3:{family}:{initial}:{}", self.born)];
        if let Some(given) = sound(given) {
            let (first, second) = if given <= family { (given, family) } else { (family, given) };
            keys.push(format!("P4:{first} {second}:{}", self.born));
        }
        keys
    }

    /// SLK-581: letters 2, 3, 5 of the family name, 2 and 3 of the given name, `2` for a letter that is not there, `999` and `99`
    /// for a name that is not there, DDMMYYYY, sex.
    fn linkage_key(&self, sex: char) -> String {
        let letters = |words: &[String], places: &[usize]| {
            let name = words.concat();
            let letter = |at: &usize| name.chars().nth(*at - 1).unwrap_or('2');
            let missing = if name.is_empty() { Some('9') } else { None };
            places.iter().map(|at| missing.unwrap_or_else(|| letter(at))).collect::<String>()
        };
        let (family, given) = (letters(&self.family, &[2, 3, 5]), letters(&self.given, &[2, 3]));
        let born = self.born;
        format!("{family}{given}{:02}{:02}{:04}{sex}", born.day(), born.month(), born.year())
    }
}

fn words_of(parts: &Parts<'_>, part: usize, repairs: &mut RepairCodes) -> Result<Vec<String>, PartRefusal> {
    match parts.optional(part)? {
        Some(value) => name::words(value, repairs).map_err(|code| code.of_part(part)),
        None => Ok(Vec::new()),
    }
}

/// A day from 1900 to today that is not 1 January, which forms fill in where the day is not known.
fn birth(value: &Clean<'_>, rules: &Rules) -> Result<Day, RefusalCode> {
    refuse_placeholder(&value.text)?;
    let born = parse_day(&value.text, rules.date_order)?;
    if born.year() < YEAR_MIN || rules.today.is_some_and(|today| born > today) {
        return Err(RefusalCode::BirthRange);
    }
    if (born.day(), born.month()) == (1, 1) { Err(RefusalCode::BirthPlaceholder) } else { Ok(born) }
}

/// The code of SLK-581: 1 male, 2 female, 3 other, 9 not stated.
fn sex(text: &str) -> Result<char, RefusalCode> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "m" | "male" => Ok('1'),
        "2" | "f" | "female" => Ok('2'),
        "3" | "x" | "o" | "other" => Ok('3'),
        "9" | "u" | "unknown" | "not stated" => Ok(SEX_NOT_STATED),
        _ => Err(RefusalCode::SexUnknown),
    }
}
