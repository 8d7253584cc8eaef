//! The column map: which columns of a file hold what. TOML, every key checked before a row is read.

use core::fmt;
use std::collections::BTreeMap;

use cwg_protocol::indicator::{
    ColumnKind, DateOrder, Day, DeviceKind, Forbidden, Need, Platform, Region, RepairShortBsb, Role, Rules,
};
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
    /// Parquet, of columns that are not nested.
    Parquet,
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
    date_order: Option<String>,
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

/// Values of one type: in one column, or in parts that have columns of their own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueColumn {
    #[serde(default)]
    column: Option<ColumnName>,
    #[serde(default)]
    parts: BTreeMap<String, ColumnName>,
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
    #[serde(default)]
    date_order: Option<String>,
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
    One {
        kind: ColumnKind,
        column: C,
    },
    /// One column for each part of the kind, where the map names one.
    Parts {
        kind: ColumnKind,
        columns: Vec<Option<C>>,
    },
    Typed {
        kind: C,
        value: C,
        role: Option<C>,
    },
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
        if written.delimiter.is_some() || written.has_header.is_some() {
            let without = match written.format {
                Format::Csv => None,
                Format::Jsonl => Some("jsonl"),
                Format::Parquet => Some("parquet"),
            };
            if let Some(format) = without {
                return Err(fault("delimiter or has_header", format!("means nothing for {format}"), "remove it"));
            }
        }
        if let Some(delimiter) = &written.delimiter
            && !matches!(delimiter.as_bytes(), [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n' | 0))
        {
            return Err(fault("delimiter", "is not one ASCII character", "write \",\", \";\", \"|\" or \"\\t\""));
        }
        let defaults = Defaults {
            role: role("role", written.role.as_deref())?,
            region: region("region", written.region.as_deref())?,
            date_order: date_order("date_order", written.date_order.as_deref())?.unwrap_or_default(),
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

    /// This map for a load on a day: nobody is born after it.
    #[must_use]
    pub fn on(mut self, today: Day) -> Self {
        for value in &mut self.values {
            value.rules.today = Some(today);
        }
        self
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
                ValuePlace::Parts { columns, .. } => names.extend(columns.iter().flatten()),
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
    date_order: DateOrder,
    repair: RepairShortBsb,
}

impl Defaults {
    fn rules(&self) -> Rules {
        Rules {
            default_region: self.region,
            repair_short_bsb: self.repair,
            date_order: self.date_order,
            ..Rules::default()
        }
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
        let rules = rules_of(column, kind, defaults, key)?;
        let role = Some(defaults.role(&key("role"), column.role.as_deref())?);
        values.push(MappedValue { place: place_of(column, kind, key)?, role, rules });
    }
    if let Some(account) = &written.account {
        let role = Some(defaults.role("account.role", account.role.as_deref())?);
        let columns = vec![Some(account.bsb.clone()), Some(account.account.clone())];
        let place = ValuePlace::Parts { kind: ColumnKind::AuAccount, columns };
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

/// What a column may switch on.
fn rules_of(
    column: &ValueColumn,
    kind: ColumnKind,
    defaults: &Defaults,
    key: impl Fn(&str) -> String,
) -> Result<Rules, Fault> {
    let mut rules = defaults.rules();
    if let Some(own) = region(&key("region"), column.region.as_deref())? {
        rules.default_region = Some(own);
    }
    if let Some(own) = date_order(&key("date_order"), column.date_order.as_deref())? {
        rules.date_order = own;
    }
    rules.platform = choice(
        &key("platform"),
        column.platform.as_deref(),
        "a platform of protocol/tables/platforms.txt",
        Platform::from_name,
    )?;
    rules.device =
        choice(&key("device"), column.device.as_deref(), "imei, imsi, mac, adid or sdk", DeviceKind::from_name)?;
    for (name, stated, only, of) in [
        ("platform", rules.platform.is_some(), ColumnKind::Handle, "handles"),
        ("device", rules.device.is_some(), ColumnKind::Device, "devices"),
        ("date_order", column.date_order.is_some(), ColumnKind::Person, "persons"),
    ] {
        if stated && kind != only {
            let hint = format!("remove it, or set type = \"{only}\"");
            return Err(fault(key(name), format!("means something for {of} only"), hint));
        }
    }
    Ok(rules)
}

/// Where a value stands: in one column, or in one for each of its parts.
fn place_of(
    column: &ValueColumn,
    kind: ColumnKind,
    key: impl Fn(&str) -> String,
) -> Result<ValuePlace<ColumnName>, Fault> {
    let listed = |parts: &[&str]| format!("parts = {{ {} }}", parts.join(" = \"...\", ") + " = \"...\"");
    let all: Vec<&str> = kind.parts().iter().map(|part| part.name).collect();
    match (&column.column, column.parts.is_empty()) {
        (Some(_), false) => Err(fault(key("parts"), "stands beside column", "name one column, or its parts")),
        (None, true) if all.is_empty() => Err(fault(key("column"), "is missing", "name the column of the value")),
        (None, true) => Err(fault(key("column"), "is missing", format!("name the column, or write {}", listed(&all)))),
        (Some(_), true) if !kind.in_one_column() => Err(fault(
            key("column"),
            format!("cannot hold a {kind}, which has parts"),
            format!("write {}", listed(&all)),
        )),
        (Some(name), true) => Ok(ValuePlace::One { kind, column: name.clone() }),
        (None, false) => {
            if let Some(name) = column.parts.keys().find(|name| !all.contains(&name.as_str())) {
                let hint =
                    if all.is_empty() { "name one column".to_owned() } else { format!("write {}", listed(&all)) };
                return Err(fault(key("parts"), format!("names {name}, which is no part of a {kind}"), hint));
            }
            let missing = |need: &&cwg_protocol::indicator::Part| {
                need.need == Need::Always && !column.parts.contains_key(need.name)
            };
            if let Some(part) = kind.parts().iter().find(missing) {
                let problem = format!("does not name {}, without which there is no {kind}", part.name);
                return Err(fault(key("parts"), problem, format!("write {}", listed(&all))));
            }
            let columns = kind.parts().iter().map(|part| column.parts.get(part.name).cloned()).collect();
            Ok(ValuePlace::Parts { kind, columns })
        }
    }
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

fn date_order(key: &str, text: Option<&str>) -> Result<Option<DateOrder>, Fault> {
    choice(key, text, "ymd, dmy or mdy", DateOrder::from_name)
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
        ColumnName::Name(name) => match Forbidden::of_header(name) {
            Some(sort) => {
                Err(fault(format!("column {name}"), format!("looks like {}", sort.looks_like()), sort.hint()))
            }
            None => Ok(()),
        },
        ColumnName::Number(_) => Ok(()),
    }
}
