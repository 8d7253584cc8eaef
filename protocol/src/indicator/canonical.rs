//! From a value of a column to its keys (`docs/spec/ruleset-2.md`). Pure: the same bytes and rules give the same keys.

use core::fmt;

use zeroize::Zeroize;

use super::{
    IndicatorKind, Strength, account, business,
    clean::{CANONICAL_LEN_MAX, Clean, Joiners, clean, fold_width, refuse_placeholder},
    column::{ColumnKind, Rules},
    device, domain, email, ewallet, forbidden, foreign, handle, iban, ip_time, pan,
    parts::{PartRefusal, Parts},
    payee, payid, person, phone,
    refusal::RefusalCode,
    repair::RepairCodes,
    wallet::{bch, evm, sol, ton, trx, utxo, xlm, xmr, xrp},
};

/// The most keys one value can give.
pub const KEYS_MAX: usize = 8;

/// One canonical form of a value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The kind of the form.
    pub kind: IndicatorKind,
    /// The form, at most [`CANONICAL_LEN_MAX`] bytes.
    pub text: String,
    /// How much a match on it says by itself.
    pub strength: Strength,
}

/// The number of a card does not stay in memory.
impl Drop for Key {
    fn drop(&mut self) {
        if self.kind.is_card() {
            self.text.zeroize();
        }
    }
}

/// An identifier is never printed.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {})", self.kind, self.strength)
    }
}

/// What a value became.
#[derive(Clone, PartialEq, Eq)]
pub struct Canonical {
    /// At least one and at most [`KEYS_MAX`] keys without repeats: the primary key, then its aliases.
    pub keys: Vec<Key>,
    /// What was changed; empty if the value was the primary key's text already.
    pub repairs: RepairCodes,
    /// The extension of a phone number: digits that are part of no key.
    pub extension: Option<String>,
}

impl Canonical {
    /// The key that stands for the value itself.
    pub fn primary(&self) -> &Key {
        self.keys.first().expect("built with a primary key")
    }

    pub(super) fn new(kind: IndicatorKind, text: String, strength: Strength, repairs: RepairCodes) -> Self {
        Self { keys: vec![Key { kind, text, strength }], repairs, extension: None }
    }

    /// Adds a further key, unless it is there already.
    pub(super) fn alias(&mut self, kind: IndicatorKind, text: String, strength: Strength) {
        if !self.keys.iter().any(|key| key.kind == kind && key.text == text) {
            self.keys.push(Key { kind, text, strength });
        }
    }
}

impl fmt::Debug for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canonical").field("keys", &self.keys).field("repairs", &self.repairs).finish_non_exhaustive()
    }
}

/// The keys of a value of a column, or why it has none.
///
/// ```
/// use cwg_protocol::indicator::{ColumnKind, RefusalCode, Region, Rules, canonicalize};
///
/// let rules = Rules { default_region: Some(Region::AU), ..Rules::default() };
/// let phone = canonicalize(ColumnKind::Phone, b"0412 345 678", &rules)?;
/// let payid = canonicalize(ColumnKind::PayId, b"+61-412345678", &Rules::default())?;
/// assert_eq!(phone.primary().text, "+61412345678");
/// assert_eq!(phone.primary(), payid.primary());
/// # Ok::<(), RefusalCode>(())
/// ```
///
/// # Errors
///
/// The first rule of the specification that the value breaks.
pub fn canonicalize(kind: ColumnKind, raw: &[u8], rules: &Rules) -> Result<Canonical, RefusalCode> {
    let joiners = match kind {
        ColumnKind::PayId | ColumnKind::Email | ColumnKind::Handle | ColumnKind::Domain => Joiners::Keep,
        _ => Joiners::Remove,
    };
    let mut value = clean(raw, joiners)?;
    if joiners == Joiners::Remove {
        value = folded(value);
    }
    refuse_placeholder(&value.text)?;
    forbidden::refuse_content(&value.text)?;
    let canonical = match kind {
        ColumnKind::AuAccount => account::canonicalize(value, rules),
        ColumnKind::PayId => payid::canonicalize(value, rules),
        ColumnKind::Abn => business::canonicalize_abn(value),
        ColumnKind::Acn => business::canonicalize_acn(value),
        ColumnKind::Phone => phone::canonicalize(value, rules),
        ColumnKind::Email => email::canonicalize(value),
        ColumnKind::Iban => iban::canonicalize(value),
        ColumnKind::Btc => utxo::canonicalize(value, &utxo::BITCOIN),
        ColumnKind::Evm => evm::canonicalize(value),
        ColumnKind::Trx => trx::canonicalize(value),
        ColumnKind::Handle => handle::canonicalize(value, rules),
        ColumnKind::Domain => domain::canonicalize(value),
        ColumnKind::Device => device::canonicalize(value, rules),
        ColumnKind::Pan => pan::canonicalize(value),
        ColumnKind::ForeignAccount => foreign::canonicalize(value),
        ColumnKind::Ewallet => ewallet::canonicalize(value, rules),
        ColumnKind::Ltc => utxo::canonicalize(value, &utxo::LITECOIN),
        ColumnKind::Doge => utxo::canonicalize(value, &utxo::DOGECOIN),
        ColumnKind::Bch => bch::canonicalize(value),
        ColumnKind::Xmr => xmr::canonicalize(value),
        ColumnKind::Xrp => xrp::canonicalize(value),
        ColumnKind::Xlm => xlm::canonicalize(value),
        ColumnKind::Sol => sol::canonicalize(value),
        ColumnKind::Ton => ton::canonicalize(value),
        ColumnKind::IpTime => ip_time::canonicalize(value),
        ColumnKind::Person => Err(RefusalCode::PartsNeeded),
        ColumnKind::Payee => payee::canonicalize(value, rules),
    }?;
    within_limits(canonical)
}

/// The keys of an identifier whose parts stand in several columns: one cell for each of [`ColumnKind::parts`], blank where the
/// map names no column.
///
/// ```
/// use cwg_protocol::indicator::{ColumnKind, PartRefusal, Rules, canonicalize_parts};
///
/// let parts: [&[u8]; 3] = [b"198.41.0.4", b"2026-01-31T09:30:00+11:00", b""];
/// let seen = canonicalize_parts(ColumnKind::IpTime, &parts, &Rules::default())?;
/// assert_eq!(seen.primary().text, "198.41.0.4@2026-01-30T22Z");
/// # Ok::<(), PartRefusal>(())
/// ```
///
/// # Errors
///
/// The first rule of the specification that a part breaks, and which part; [`RefusalCode::PartsNeeded`] of a kind without parts.
pub fn canonicalize_parts(kind: ColumnKind, cells: &[&[u8]], rules: &Rules) -> Result<Canonical, PartRefusal> {
    for (part, cell) in cells.iter().enumerate() {
        let text = core::str::from_utf8(cell).unwrap_or_default();
        forbidden::refuse_content(text.trim()).map_err(|code| code.of_part(part))?;
    }
    let parts = Parts(cells);
    let canonical = match kind {
        ColumnKind::AuAccount => account::canonicalize_parts(&parts, rules),
        ColumnKind::ForeignAccount => foreign::canonicalize_parts(&parts),
        ColumnKind::Ewallet => ewallet::canonicalize_parts(&parts, rules),
        ColumnKind::Xrp => xrp::canonicalize_parts(&parts),
        ColumnKind::Xlm => xlm::canonicalize_parts(&parts),
        ColumnKind::Ton => ton::canonicalize_parts(&parts),
        ColumnKind::Handle => handle::canonicalize_parts(&parts, rules),
        ColumnKind::IpTime => ip_time::canonicalize_parts(&parts),
        ColumnKind::Person => person::canonicalize_parts(&parts, rules),
        ColumnKind::Payee => payee::canonicalize_parts(&parts, rules),
        _ => Err(RefusalCode::PartsNeeded.of_part(0)),
    }?;
    within_limits(canonical).map_err(|code| code.of_part(0))
}

/// Folds full-width forms.
pub(super) fn folded(mut value: Clean<'_>) -> Clean<'_> {
    value.text = fold_width(value.text, &mut value.repairs);
    value
}

fn within_limits(canonical: Canonical) -> Result<Canonical, RefusalCode> {
    debug_assert!((1..=KEYS_MAX).contains(&canonical.keys.len()));
    if canonical.keys.iter().any(|key| key.text.len() > CANONICAL_LEN_MAX) {
        return Err(RefusalCode::TooLong);
    }
    Ok(canonical)
}
