//! The column map: which columns of a file hold what. TOML, every key checked before a row is read.

use core::fmt;

use cwg_protocol::indicator::{ColumnKind, DeviceKind, Platform, Region, RepairShortBsb, Role, Rules};
use serde::{Deserialize, Serialize};

use super::{COLUMNS_MAX, MAPPED_MAX};
use crate::files::parse_toml;
use crate::problem::{Exit, Problem};

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// RFC 4180, with another delimiter if the map names one.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// A column map whose every word was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMap {
    written: Written,
    values: Vec<MappedValue>,
}

/// A column by its header or its number, or a field of a JSON object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected the name of a column or its number, from 1")]
pub enum ColumnName {
    /// Counted from 1.
    Number(u32),
    /// As the header has it, upper and lower case alike; exactly, for JSON.
    Name(String),
}

/// As the file says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: Format,
    #[serde(default)]
    delimiter: Option<String>,
    #[serde(default)]
    has_header: Option<bool>,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    repair_short_bsb: bool,
    #[serde(default)]
    reference: Option<ColumnName>,
    #[serde(default)]
    columns: Vec<ValueColumn>,
    #[serde(default)]
    account: Option<AccountColumns>,
    #[serde(default)]
    typed: Option<TypedColumns>,
}

/// A column with values of one type.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueColumn {
    column: ColumnName,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    platform: Option<String>,
    #[serde(default)]
    device: Option<String>,
}

/// An Australian account in two columns.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountColumns {
    bsb: ColumnName,
    account: ColumnName,
    #[serde(default)]
    role: Option<String>,
}

/// Rows that say themselves of which type their value is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedColumns {
    #[serde(rename = "type")]
    kind: ColumnName,
    value: ColumnName,
    #[serde(default)]
    role: Option<ColumnName>,
}

/// One value of a row: where it stands, what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MappedValue {
    pub(super) place: ValuePlace<ColumnName>,
    /// The role, where the row does not say it.
    pub(super) role: Option<Role>,
    pub(super) rules: Rules,
}

/// Where a value stands: by the map's words, then by slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ValuePlace<C> {
    One { kind: ColumnKind, column: C },
    Account { bsb: C, account: C },
    Typed { kind: C, value: C, role: Option<C> },
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl ColumnMap {
    /// Reads the text of a column map; `file` is its name for messages.
    ///
    /// # Errors
    /// If it is not one: the problem names the line or the key.
    pub fn parse(text: &str, file: &str) -> Result<Self, Problem> {
        let hint = "compare it with the examples in node/app/samples";
        let written: Written = parse_toml(text, file, "column-map", hint)?;
        Self::check(written).map_err(|(key, problem, hint)| refused(format!("{file}: {key} {problem}"), hint))
    }

    fn check(written: Written) -> Result<Self, Fault> {
        let jsonl = written.format == Format::Jsonl;
        if jsonl && (written.delimiter.is_some() || written.has_header.is_some()) {
            return Err(fault("delimiter or has_header", "means nothing for jsonl", "remove it"));
        }
        if let Some(delimiter) = &written.delimiter
            && !matches!(delimiter.as_bytes(), [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n' | 0))
        {
            return Err(fault("delimiter", "is not one ASCII character", "write \",\", \";\", \"|\" or \"\\t\""));
        }
        let defaults = Defaults {
            role: role("role", written.role.as_deref())?,
            region: region("region", written.region.as_deref())?,
            repair: if written.repair_short_bsb { RepairShortBsb::RestoreZero } else { RepairShortBsb::Refuse },
        };
        let values = values_of(&written, &defaults)?;
        let map = Self { written, values };
        let names = map.names();
        if map.values.is_empty() {
            return Err(fault("columns", "is empty", "add [[columns]], [account] or [typed]"));
        }
        if names.len() > MAPPED_MAX {
            return Err(fault("columns", format!("names more than {MAPPED_MAX} columns"), "split the map in two"));
        }
        for name in names {
            check_name(name, jsonl, map.has_header())?;
        }
        Ok(map)
    }

    pub(super) fn format(&self) -> Format {
        self.written.format
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.written.delimiter.as_ref().and_then(|text| text.bytes().next()).unwrap_or(b',')
    }

    pub(super) fn has_header(&self) -> bool {
        self.written.has_header.unwrap_or(true)
    }

    pub(super) fn reference(&self) -> Option<&ColumnName> {
        self.written.reference.as_ref()
    }

    pub(super) fn values(&self) -> &[MappedValue] {
        &self.values
    }

    /// Every column that the map names.
    pub(super) fn names(&self) -> Vec<&ColumnName> {
        let mut names: Vec<&ColumnName> = self.reference().into_iter().collect();
        for value in &self.values {
            match &value.place {
                ValuePlace::One { column, .. } => names.push(column),
                ValuePlace::Account { bsb, account } => names.extend([bsb, account]),
                ValuePlace::Typed { kind, value, role } => {
                    names.extend([Some(kind), Some(value), role.as_ref()].into_iter().flatten())
                }
            }
        }
        names
    }
}

type Fault = (String, String, String);

fn fault(key: impl Into<String>, problem: impl Into<String>, hint: impl Into<String>) -> Fault {
    (key.into(), problem.into(), hint.into())
}

pub(super) fn refused(problem: String, hint: impl Into<String>) -> Problem {
    Problem::new(Exit::BadInput, "column-map", problem, hint)
}

struct Defaults {
    role: Option<Role>,
    region: Option<Region>,
    repair: RepairShortBsb,
}

impl Defaults {
    fn rules(&self) -> Rules {
        Rules { default_region: self.region, repair_short_bsb: self.repair, ..Rules::default() }
    }

    fn role(&self, key: &str, own: Option<&str>) -> Result<Role, Fault> {
        role(key, own)?.or(self.role).ok_or_else(|| {
            fault(
                key,
                "is missing and the map has no default role",
                "say whose identifiers these are: holder or counterparty",
            )
        })
    }
}

fn values_of(written: &Written, defaults: &Defaults) -> Result<Vec<MappedValue>, Fault> {
    let mut values = Vec::new();
    for (at, column) in written.columns.iter().enumerate() {
        let key = |rest: &str| format!("columns[{at}].{rest}");
        let kind = ColumnKind::from_name(&column.kind).ok_or_else(|| {
            let all = ColumnKind::ALL.map(ColumnKind::name).join(", ");
            fault(key("type"), "is not a type of column", format!("one of {all}"))
        })?;
        let mut rules = defaults.rules();
        if let Some(own) = region(&key("region"), column.region.as_deref())? {
            rules.default_region = Some(own);
        }
        rules.platform = choice(
            &key("platform"),
            column.platform.as_deref(),
            "a platform of protocol/tables/platforms.txt",
            Platform::from_name,
        )?;
        rules.device =
            choice(&key("device"), column.device.as_deref(), "imei, imsi, mac or adid", DeviceKind::from_name)?;
        if rules.platform.is_some() && kind != ColumnKind::Handle {
            return Err(fault(
                key("platform"),
                "means something for handles only",
                "remove it, or set type = \"handle\"",
            ));
        }
        if rules.device.is_some() && kind != ColumnKind::Device {
            return Err(fault(
                key("device"),
                "means something for devices only",
                "remove it, or set type = \"device\"",
            ));
        }
        let role = Some(defaults.role(&key("role"), column.role.as_deref())?);
        values.push(MappedValue { place: ValuePlace::One { kind, column: column.column.clone() }, role, rules });
    }
    if let Some(account) = &written.account {
        let role = Some(defaults.role("account.role", account.role.as_deref())?);
        let place = ValuePlace::Account { bsb: account.bsb.clone(), account: account.account.clone() };
        values.push(MappedValue { place, role, rules: defaults.rules() });
    }
    if let Some(typed) = &written.typed {
        let role = if typed.role.is_some() { defaults.role } else { Some(defaults.role("typed.role", None)?) };
        let place =
            ValuePlace::Typed { kind: typed.kind.clone(), value: typed.value.clone(), role: typed.role.clone() };
        values.push(MappedValue { place, role, rules: defaults.rules() });
    }
    Ok(values)
}

fn choice<T>(
    key: &str,
    text: Option<&str>,
    choices: &str,
    known: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    text.map(|text| known(text).ok_or_else(|| fault(key, "is not known", format!("write {choices}")))).transpose()
}

fn role(key: &str, text: Option<&str>) -> Result<Option<Role>, Fault> {
    choice(key, text, "holder or counterparty", Role::from_name)
}

fn region(key: &str, text: Option<&str>) -> Result<Option<Region>, Fault> {
    choice(key, text, "two upper-case letters of ISO 3166-1, for example AU", Region::from_code)
}

fn check_name(name: &ColumnName, jsonl: bool, has_header: bool) -> Result<(), Fault> {
    match name {
        ColumnName::Number(_) if jsonl => {
            Err(fault("a column", "is a number, and JSON fields have names", "write the field's name in quotes"))
        }
        ColumnName::Number(number) if *number == 0 || *number as usize > COLUMNS_MAX => {
            Err(fault("a column", format!("is not from 1 to {COLUMNS_MAX}"), "columns are counted from 1"))
        }
        ColumnName::Name(name) if name.trim().is_empty() => {
            Err(fault("a column", "has an empty name", "name it or give its number"))
        }
        ColumnName::Name(name) if !jsonl && !has_header => Err(fault(
            format!("column {name}"),
            "is named although has_header is false",
            "give its number, from 1, or set has_header = true",
        )),
        ColumnName::Name(name) if is_forbidden(name) => Err(fault(
            format!("column {name}"),
            "looks like a tax file or Medicare number",
            "the law forbids to use these here: remove the column from the map and from the export",
        )),
        _ => Ok(()),
    }
}

/// Whether a header names numbers that must never enter: tax file numbers and Medicare numbers.
pub(super) fn is_forbidden(header: &str) -> bool {
    let words: Vec<String> = header
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let joined = words.concat();
    let numbered = |word: &String| {
        word.strip_prefix("tfn").is_some_and(|rest| {
            matches!(rest, "" | "no" | "nr" | "num" | "number") || rest.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    words.iter().any(|word| numbered(word) || word.ends_with("tfn"))
        || joined.contains("taxfile")
        || joined.contains("medicare")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_forbidden_numbers_are_known() {
        for forbidden in [
            "tfn",
            "TFN",
            "Cust TFN",
            "tax file number",
            "TaxFileNo",
            "tax_file_no",
            "medicare",
            "Medicare_Card",
            "customerTFN",
            "TfnNumber",
            "tfn_1",
            "TFN2",
        ] {
            assert!(is_forbidden(forbidden), "{forbidden}");
        }
        for allowed in ["mobile", "abn", "tax_country", "file", "email", "platform"] {
            assert!(!is_forbidden(allowed), "{allowed}");
        }
    }
}
