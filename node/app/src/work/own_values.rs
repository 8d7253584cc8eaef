//! Which matched keys of one customer are forms of one value of the customer's: two forms of a value say no more than one.
//!
//! A match keeps a canonical form, not the cell that it came from. Where the ruleset leads from one form to the other, that is
//! followed; where it does not, keys that could be forms of one value are taken for forms of one.

use std::collections::BTreeSet;

use cwg_engine::io::IndicatorRow;
use cwg_protocol::indicator::{ColumnKind, IndicatorKind, Rules, canonicalize};

/// For each of some keys of one customer the number of its value.
pub(super) fn own_values(rows: &[&IndicatorRow]) -> Vec<u32> {
    let forms: Vec<Forms<'_>> = rows.iter().map(|row| Forms::of(row)).collect();
    let mut values: Vec<u32> = (0..).take(rows.len()).collect();
    for place in 0..rows.len() {
        for earlier in 0..place {
            let (from, to) = (values[place], values[earlier]);
            if from != to && forms[place].may_be_one(&forms[earlier]) {
                values.iter_mut().filter(|value| **value == from).for_each(|value| *value = to);
            }
        }
    }
    values
}

/// A key, with the other forms that its text leads to.
struct Forms<'a> {
    kind: IndicatorKind,
    text: &'a str,
    all: BTreeSet<(IndicatorKind, String)>,
}

impl<'a> Forms<'a> {
    fn of(row: &'a IndicatorRow) -> Self {
        let mut all = BTreeSet::from([(row.kind, row.canonical.clone())]);
        let column = ColumnKind::from_name(row.kind.name());
        if let Some(Ok(canonical)) =
            column.map(|column| canonicalize(column, row.canonical.as_bytes(), &Rules::default()))
        {
            all.extend(canonical.keys.iter().map(|key| (key.kind, key.text.clone())));
        }
        Self { kind: row.kind, text: &row.canonical, all }
    }

    fn may_be_one(&self, other: &Self) -> bool {
        !self.all.is_disjoint(&other.all) || self.beside(other)
    }

    /// Forms that come of several cells, of which neither leads to the other.
    fn beside(&self, other: &Self) -> bool {
        use IndicatorKind::{ForeignAccount, Handle, HandleRaw, IpTime, Payee, Person};
        match (self.kind, other.kind) {
            (Person, Person) | (Payee, Payee) | (IpTime, IpTime) => true,
            // One account at a bank that has a code and a name.
            (ForeignAccount, ForeignAccount) => {
                let ends = |text: &str| {
                    text.split_once(':').map(|(country, rest)| {
                        (country.to_owned(), rest.rsplit(':').next().unwrap_or_default().to_owned())
                    })
                };
                ends(self.text) == ends(other.text)
            }
            // One account of a platform, by its name and its number.
            (Handle | HandleRaw, Handle | HandleRaw) => {
                let platform = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
                platform(self.text) == platform(other.text)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use cwg_protocol::Item;
    use cwg_protocol::indicator::{Roles, Strength};

    use super::*;

    fn row(kind: IndicatorKind, canonical: &str) -> IndicatorRow {
        IndicatorRow {
            item: Item([0; 32]),
            kind,
            roles: Roles::BOTH,
            strength: Strength::A,
            canonical: canonical.to_owned(),
            references: Vec::new(),
            rows: 1,
        }
    }

    #[test]
    fn forms_of_one_value_are_one_and_two_values_are_two() {
        use IndicatorKind::{
            Abn, Acn, AuAccount, Email, Evm, Ewallet, ForeignAccount, Handle, HandleRaw, Iban, Mailbox, Person, Phone,
            Trx,
        };
        let check = |first: (IndicatorKind, &str), second: (IndicatorKind, &str), same: bool| {
            let (first, second) = (row(first.0, first.1), row(second.0, second.1));
            let values = own_values(&[&first, &second]);
            assert_eq!(
                values[0] == values[1],
                same,
                "{} {} and {} {}",
                first.kind,
                first.canonical,
                second.kind,
                second.canonical
            );
            assert_eq!(own_values(&[&second, &first])[0] == own_values(&[&second, &first])[1], same);
        };
        check((Email, "j.oan+x@gmail.com"), (Mailbox, "joan@gmail.com"), true);
        check((Email, "ann@example.org"), (Email, "joan@example.org"), false);
        check((Phone, "+61491570006"), (Phone, "+61491570156"), false);
        check((Ewallet, "PH:gcash:+639171234567"), (Phone, "+639171234567"), true);
        check((Ewallet, "PH:gcash:+639171234567"), (Phone, "+639171234568"), false);
        check((Abn, "53004085616"), (Acn, "004085616"), true);
        check((Abn, "51824753556"), (Acn, "004085616"), false);
        check((AuAccount, "012345:123456"), (AuAccount, "012345:123457"), false);
        check((Trx, "TBHTJqAy4DhHhmT3dNceJYNRz4SdLofLre"), (Evm, "0x0e6b8e34dc115a2848f585851af23d99d09b8463"), true);
        check((ForeignAccount, "PH:BOPIPHMM:1234567"), (ForeignAccount, "PH:bank=BDO:1234567"), true);
        check((ForeignAccount, "PH:BOPIPHMM:1234567"), (ForeignAccount, "PH:BOPIPHMM:1234568"), false);
        check((Iban, "DE89370400440532013000"), (Phone, "+61491570006"), false);
        check((Person, "P1:A"), (Person, "P2:B"), true);
        check((Handle, "telegram:id:123456789"), (HandleRaw, "telegram:joan \u{1f98a}"), true);
        check((Handle, "telegram:joan"), (Handle, "kik:joan"), false);
    }

    #[test]
    fn what_is_one_with_one_is_one_with_all_of_them() {
        let rows = [row(IndicatorKind::Phone, "+639171234567"), row(IndicatorKind::Phone, "+61491570006")];
        let wallet = row(IndicatorKind::Ewallet, "PH:gcash:+639171234567");
        let other = row(IndicatorKind::Ewallet, "PH:maya:+639171234567");
        let values = own_values(&[&rows[0], &rows[1], &wallet, &other]);
        assert!(values[0] == values[2] && values[2] == values[3] && values[0] != values[1]);
    }
}
