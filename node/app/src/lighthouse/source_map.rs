//! The map of a source: who it is, which column holds what, and what holds where a record does not say it. TOML, every key
//! checked before a row is read.

use std::collections::BTreeMap;

use cwg_protocol::indicator::{ColumnKind, DateOrder, Day, DeviceKind, Need, Platform, Region, RepairShortBsb, Rules};
use cwg_protocol::lighthouse::{Caveat, Caveats, Field, Pseudonym, Source, SourceKind, forbidden_column};
use serde::{Deserialize, Serialize};

use crate::files::parse_toml;
use crate::indicators::MAPPED_MAX;
use crate::problem::{Exit, Problem};

/// How a source is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceFormat {
    /// RFC 4180 with a header, and another delimiter if the map names one.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Parquet.
    Parquet,
    /// One bundle of STIX 2.1.
    Stix,
    /// Events of MISP, as its export writes them.
    Misp,
}

/// The map of a source, whose every word was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceMap {
    written: Written,
    pub(super) rules: Rules,
    pub(super) columns: Vec<(String, Field)>,
    /// The kind of identifiers in parts, and the column of each part.
    pub(super) parts: Option<PartColumns>,
    pub(super) defaults: Vec<(Field, String)>,
    /// Caveats by the text of a statement.
    pub(super) statements: BTreeMap<String, Vec<Caveat>>,
}

/// As the file says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: SourceFormat,
    source: WrittenSource,
    #[serde(default)]
    series: Option<String>,
    #[serde(default)]
    delimiter: Option<String>,
    #[serde(default)]
    reference: Option<String>,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    platform: Option<String>,
    #[serde(default)]
    device: Option<String>,
    #[serde(default)]
    date_order: Option<String>,
    #[serde(default)]
    repair_short_bsb: bool,
    #[serde(default)]
    allow_cards: bool,
    #[serde(default)]
    expires_after_days: Option<u16>,
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    parts: BTreeMap<String, String>,
    #[serde(default)]
    defaults: BTreeMap<String, String>,
    #[serde(default)]
    statements: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSource {
    pseudonym: String,
    kind: String,
}

/// A kind, and the column of each of its parts where there is one.
type PartColumns = (ColumnKind, Vec<Option<String>>);

type Fault = (String, String, String);

fn fault(key: impl Into<String>, problem: impl Into<String>, hint: impl Into<String>) -> Fault {
    (key.into(), problem.into(), hint.into())
}

/// What neither a column nor a default may set: the map says it once, for every record.
const SOURCE_FIELDS: [Field; 2] = [Field::Source, Field::SourceKind];

impl SourceMap {
    /// Reads the text of a map; `file` is its name for messages.
    ///
    /// # Errors
    /// If it is not one: the problem names the line or the key.
    pub fn parse(text: &str, file: &str) -> Result<Self, Problem> {
        let hint = "compare it with the examples in node/app/samples/sources";
        let written: Written = parse_toml(text, file, "source-map", hint)?;
        let refused = |(key, problem, hint): Fault| {
            Problem::new(Exit::BadInput, "source-map", format!("{file}: {key} {problem}"), hint)
        };
        Self::check(written).map_err(refused)
    }

    fn check(written: Written) -> Result<Self, Fault> {
        check_source(&written)?;
        check_keys(&written)?;
        let rules = rules_of(&written)?;
        let defaults = defaults_of(&written)?;
        let kind =
            defaults.iter().find(|(field, _)| *field == Field::Kind).and_then(|(_, kind)| ColumnKind::from_name(kind));
        let parts = parts_of(&written, kind)?;
        let columns = columns_of(&written)?;
        let statements = written
            .statements
            .iter()
            .map(|(text, caveats)| caveats_of(caveats).map(|caveats| (text.trim().to_owned(), caveats)))
            .collect::<Option<_>>()
            .ok_or_else(|| fault("statements", "names a caveat that there is not", caveat_hint()))?;
        Ok(Self { written, rules, columns, parts, defaults, statements })
    }

    /// This map for a build on a day: nobody is born after it.
    #[must_use]
    pub fn on(mut self, today: Day) -> Self {
        self.rules.today = Some(today);
        self
    }

    /// How the source is written.
    pub const fn format(&self) -> SourceFormat {
        self.written.format
    }

    /// The pseudonym of the source.
    pub fn pseudonym(&self) -> &str {
        &self.written.source.pseudonym
    }

    /// The source, as its clues name it.
    ///
    /// # Panics
    /// Never: both words were checked when the map was read.
    pub fn source(&self) -> Source {
        Source {
            pseudonym: self.pseudonym().parse().expect("checked when the map was read"),
            kind: SourceKind::from_name(self.source_kind()).expect("checked when the map was read"),
        }
    }

    /// The caveats that each of its records has at least.
    pub fn caveats(&self) -> Caveats {
        let default = self.defaults.iter().find(|(field, _)| *field == Field::Caveats);
        let caveats = default.and_then(|(_, text)| caveats_of(text)).unwrap_or_default();
        caveats.into_iter().fold(Caveats::NONE, Caveats::with)
    }

    /// What kind of organisation it is, by its word.
    pub fn source_kind(&self) -> &str {
        &self.written.source.kind
    }

    pub(super) fn series(&self) -> Option<&str> {
        self.written.series.as_deref()
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.written.delimiter.as_ref().and_then(|text| text.bytes().next()).unwrap_or(b',')
    }

    pub(super) fn reference(&self) -> Option<&str> {
        self.written.reference.as_deref()
    }

    pub(super) fn ignores(&self, column: &str) -> bool {
        self.written.ignore.iter().any(|name| self.same_column(name, column))
    }

    pub(super) const fn allows_cards(&self) -> bool {
        self.written.allow_cards
    }

    pub(super) const fn expires_after_days(&self) -> Option<u16> {
        self.written.expires_after_days
    }

    /// Names of JSON are taken exactly; those of a header whatever their case.
    pub(super) fn same_column(&self, name: &str, column: &str) -> bool {
        match self.written.format {
            SourceFormat::Jsonl => name == column,
            _ => name.trim().eq_ignore_ascii_case(column.trim()),
        }
    }
}

fn check_source(written: &Written) -> Result<(), Fault> {
    if written.source.pseudonym.parse::<Pseudonym>().is_err() {
        return Err(fault(
            "source.pseudonym",
            "is no pseudonym",
            "write 3 to 32 small letters, digits and dashes, a letter first, with at most 4 digits in a row",
        ));
    }
    if SourceKind::from_name(&written.source.kind).is_none() {
        return Err(fault("source.kind", "is not known", format!("write one of {}", SourceKind::NAMES.join(", "))));
    }
    match &written.series {
        Some(series) if series.parse::<Pseudonym>().is_err() => {
            Err(fault("series", "is no name of a series", "write it as a pseudonym is written, and never change it"))
        }
        None if written.reference.is_some() || is_document(written.format) => Err(fault(
            "series",
            "is missing",
            "write a word for this source that stays when its pseudonym changes: ids are made from it",
        )),
        _ => Ok(()),
    }
}

fn is_document(format: SourceFormat) -> bool {
    matches!(format, SourceFormat::Stix | SourceFormat::Misp)
}

/// Keys that mean nothing for the format would be believed and not kept.
fn check_keys(written: &Written) -> Result<(), Fault> {
    let document = is_document(written.format);
    for (key, stated, means) in [
        ("delimiter", written.delimiter.is_some(), written.format == SourceFormat::Csv),
        ("columns", !written.columns.is_empty(), !document),
        ("parts", !written.parts.is_empty(), !document),
        ("ignore", !written.ignore.is_empty(), !document),
        ("reference", written.reference.is_some(), !document),
        ("statements", !written.statements.is_empty(), written.format == SourceFormat::Stix),
    ] {
        if stated && !means {
            return Err(fault(key, "means nothing for this format", "remove it"));
        }
    }
    if written.columns.len() + written.parts.len() > MAPPED_MAX {
        return Err(fault("columns", format!("names more than {MAPPED_MAX} columns"), "split the map in two"));
    }
    match &written.delimiter {
        Some(delimiter) if !matches!(delimiter.as_bytes(), [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n' | 0)) => {
            Err(fault("delimiter", "is not one ASCII character", "write \",\", \";\", \"|\" or \"\\t\""))
        }
        _ => Ok(()),
    }
}

fn rules_of(written: &Written) -> Result<Rules, Fault> {
    Ok(Rules {
        default_region: known(
            "region",
            written.region.as_deref(),
            "two upper-case letters of ISO 3166-1",
            Region::from_code,
        )?,
        repair_short_bsb: if written.repair_short_bsb { RepairShortBsb::RestoreZero } else { RepairShortBsb::Refuse },
        platform: known(
            "platform",
            written.platform.as_deref(),
            "a platform of protocol/tables/platforms.txt",
            Platform::from_name,
        )?,
        device: known("device", written.device.as_deref(), "imei, imsi, mac, adid or sdk", DeviceKind::from_name)?,
        date_order: known("date_order", written.date_order.as_deref(), "ymd, dmy or mdy", DateOrder::from_name)?
            .unwrap_or_default(),
        today: None,
    })
}

fn known<T>(key: &str, text: Option<&str>, choices: &str, of: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Fault> {
    text.map(|text| of(text).ok_or_else(|| fault(key, "is not known", format!("write {choices}")))).transpose()
}

fn field_of(key: &str, name: &str) -> Result<Field, Fault> {
    let field = Field::ALL.iter().copied().find(|field| field.name() == name);
    let field = field.ok_or_else(|| {
        let all: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
        fault(key, "is not a field of a clue", format!("write one of {}", all.join(", ")))
    })?;
    if SOURCE_FIELDS.contains(&field) {
        return Err(fault(key, "sets the source", "say it under [source], once for the file"));
    }
    Ok(field)
}

fn defaults_of(written: &Written) -> Result<Vec<(Field, String)>, Fault> {
    let mut defaults = Vec::new();
    for (name, text) in &written.defaults {
        let key = format!("defaults.{name}");
        let field = field_of(&key, name)?;
        let one_each = [Field::Id, Field::Value, Field::Links, Field::Status];
        if one_each.contains(&field) {
            return Err(fault(key, "is a field that each record has for itself", "map a column to it"));
        }
        if field == Field::Caveats && caveats_of(text).is_none() {
            return Err(fault(key, "names a caveat that there is not", caveat_hint()));
        }
        if field == Field::Kind && ColumnKind::from_name(text).is_none() {
            let all = ColumnKind::ALL.map(ColumnKind::name).join(", ");
            return Err(fault(key, "is not a kind", format!("write one of {all}")));
        }
        defaults.push((field, text.clone()));
    }
    Ok(defaults)
}

fn columns_of(written: &Written) -> Result<Vec<(String, Field)>, Fault> {
    let mut columns: Vec<(String, Field)> = Vec::new();
    for (column, name) in &written.columns {
        let key = format!("columns.\"{column}\"");
        check_column(&key, column)?;
        let field = field_of(&key, name)?;
        if columns.iter().any(|(_, other)| *other == field) {
            return Err(fault(key, format!("is a second column for {}", field.name()), "map one column to each field"));
        }
        columns.push((column.clone(), field));
    }
    for (key, column) in written.reference.iter().map(|column| ("reference", column)) {
        check_column(key, column)?;
    }
    Ok(columns)
}

fn parts_of(written: &Written, kind: Option<ColumnKind>) -> Result<Option<PartColumns>, Fault> {
    if written.parts.is_empty() {
        return Ok(None);
    }
    let Some(kind) = kind else {
        return Err(fault("parts", "stands without a kind", "set defaults.kind: parts mean something for one kind"));
    };
    let names: Vec<&str> = kind.parts().iter().map(|part| part.name).collect();
    if let Some(name) = written.parts.keys().find(|name| !names.contains(&name.as_str())) {
        let hint =
            if names.is_empty() { "map one column to value".into() } else { format!("write {}", names.join(", ")) };
        return Err(fault(format!("parts.{name}"), format!("is no part of a {kind}"), hint));
    }
    let missing =
        |part: &&cwg_protocol::indicator::Part| part.need == Need::Always && !written.parts.contains_key(part.name);
    if let Some(part) = kind.parts().iter().find(missing) {
        return Err(fault("parts", format!("does not name {}", part.name), format!("there is no {kind} without it")));
    }
    for (name, column) in &written.parts {
        check_column(&format!("parts.{name}"), column)?;
    }
    Ok(Some((kind, names.iter().map(|name| written.parts.get(*name).cloned()).collect())))
}

/// The map's own words are refused as the header's are.
fn check_column(key: &str, column: &str) -> Result<(), Fault> {
    match forbidden_column(column) {
        Some(forbidden) => Err(fault(key, format!("is refused: {}", forbidden.problem()), forbidden.hint())),
        None if column.trim().is_empty() => Err(fault(key, "has an empty name", "name the column")),
        None => Ok(()),
    }
}

/// The caveats of a list, or of `none`.
pub(super) fn caveats_of(text: &str) -> Option<Vec<Caveat>> {
    if text.trim() == "none" {
        return Some(Vec::new());
    }
    text.split(',').map(|name| Caveat::from_name(name.trim())).collect()
}

fn caveat_hint() -> String {
    format!("write none, or of {} those that hold, with commas between", Caveat::NAMES.join(", "))
}
