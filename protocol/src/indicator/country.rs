//! Countries by their codes (ISO 3166-1), which several kinds begin with.

use super::{
    clean::Clean,
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
    tables,
};

/// The code of two letters for a code of two or three.
pub(super) fn canonical_country(value: &Clean<'_>, repairs: &mut RepairCodes) -> Result<&'static str, RefusalCode> {
    repairs.merge(value.repairs);
    let country = tables::country(&value.text.to_ascii_uppercase()).ok_or(RefusalCode::CountryUnknown)?;
    if country != value.text {
        let lower = country.eq_ignore_ascii_case(&value.text);
        repairs.insert(if lower { RepairCode::UpperCased } else { RepairCode::NotationChanged });
    }
    Ok(country)
}
