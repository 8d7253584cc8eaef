//! Matches of a lighthouse run, customer by customer: what our keys of one reference come to together
//! (`docs/spec/lighthouse.md` §7), and which clues were taken back since.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use cwg_engine::io::IndicatorRow;
use cwg_engine::record::Match;
use cwg_protocol::indicator::Role;
use cwg_protocol::lighthouse::limits::SCORED_KEYS_MAX;
use cwg_protocol::lighthouse::{Assessment, ClueId, Company, Day, KeyMatch, Label, LabelClass, Recall, assess};

use super::own_values::own_values;
use crate::problem::Problem;

/// A match with what its label still says.
pub(super) struct Clued {
    pub(super) row: IndicatorRow,
    /// Without the clues that were taken back.
    pub(super) label: Label,
    /// Those.
    pub(super) recalled: Vec<Recall>,
}

impl Clued {
    /// Whether nothing of the match is left: every clue of its item was shown, and all were taken back.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.label.clues.is_empty() && self.label.more == 0
    }
}

/// All matches of a run.
pub(super) struct Customers {
    /// In the order of the run's records.
    pub(super) matches: Vec<Clued>,
    customers: Vec<Customer>,
    /// For each match its customers.
    of_match: Vec<Vec<usize>>,
    today: Day,
}

/// Whom one reference names: a customer or an account, as the bank keeps it. A match without a reference stands alone.
pub(super) struct Customer {
    pub(super) reference: Option<String>,
    /// Places of its matches that count.
    pub(super) keys: Vec<usize>,
    /// More of them than are scored together.
    pub(super) left_out: usize,
    pub(super) assessment: Assessment,
}

impl Customers {
    /// Matches of a run over a release with labels of that class, judged on a day.
    pub(super) fn of(
        matches: Vec<Match>,
        class: LabelClass,
        recalled: &BTreeMap<ClueId, Recall>,
        today: Day,
    ) -> Result<Self, Problem> {
        let decoded: Result<Vec<Clued>, Problem> =
            matches.into_iter().map(|found| clued(found, class, recalled)).collect();
        let matches = decoded?;
        let mut keys: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut alone = Vec::new();
        for (place, found) in matches.iter().enumerate().filter(|(_, found)| !found.is_withdrawn()) {
            for reference in &found.row.references {
                keys.entry(reference).or_default().push(place);
            }
            if found.row.references.is_empty() {
                alone.push((None, vec![place]));
            }
        }
        let named = keys.into_iter().map(|(reference, keys)| (Some(reference.to_owned()), keys));
        let customers: Vec<Customer> =
            named.chain(alone).map(|(reference, keys)| Customer::of(reference, keys, &matches, today)).collect();
        let mut of_match = vec![Vec::new(); matches.len()];
        for (number, customer) in customers.iter().enumerate() {
            customer.keys.iter().for_each(|key| of_match[*key].push(number));
        }
        for numbers in &mut of_match {
            numbers.sort_by_key(|number| Reverse(customers[*number].assessment.urgency()));
        }
        Ok(Self { matches, customers, of_match, today })
    }

    /// The customers of a match, the most urgent first.
    pub(super) fn of_match(&self, place: usize) -> impl Iterator<Item = &Customer> {
        self.of_match[place].iter().map(|number| &self.customers[*number])
    }

    /// Places of all matches: the most urgent first, those without anything left last.
    pub(super) fn queue(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.matches.len()).collect();
        places.sort_by_key(|place| {
            let most = self.of_match[*place].first();
            (Reverse(most.map(|number| self.customers[*number].assessment.urgency())), *place)
        });
        places
    }

    /// What one match says by itself.
    pub(super) fn alone(&self, place: usize) -> Assessment {
        assessed(&[place], &self.matches, self.today)
    }
}

impl Customer {
    fn of(reference: Option<String>, mut keys: Vec<usize>, matches: &[Clued], today: Day) -> Self {
        // The strongest are scored where there are too many.
        keys.sort_by_key(|key| (matches[*key].row.strength, *key));
        let left_out = keys.len().saturating_sub(SCORED_KEYS_MAX);
        let assessment = assessed(&keys[..keys.len() - left_out], matches, today);
        Self { reference, keys, left_out, assessment }
    }
}

fn assessed(keys: &[usize], matches: &[Clued], today: Day) -> Assessment {
    let rows: Vec<&IndicatorRow> = keys.iter().map(|key| &matches[*key].row).collect();
    let scored: Vec<KeyMatch<'_>> = keys
        .iter()
        .zip(own_values(&rows))
        .map(|(key, own_value)| {
            let Clued { row, label, .. } = &matches[*key];
            let company = if row.kind.needs_company() { Company::Needed } else { Company::NotNeeded };
            KeyMatch { kind: row.kind, own_value, role: role_of(row), shared_by: sharers(row), company, label }
        })
        .collect();
    assess(&scored, today).expect("no more keys than are scored together")
}

/// The customer's own side, if the value is both its own and a counterparty's.
fn role_of(row: &IndicatorRow) -> Role {
    let holder = row.roles.iter().any(|role| role == Role::Holder);
    if holder { Role::Holder } else { Role::Counterparty }
}

/// How many customers share the value. References tell, as long as not more of them were met than are kept; without any, each
/// row may be another customer's.
fn sharers(row: &IndicatorRow) -> u32 {
    match row.references.len() {
        1..REFERENCES_KEPT => u32::try_from(row.references.len()).unwrap_or(u32::MAX),
        _ => row.rows,
    }
}

/// References that are kept of an item.
const REFERENCES_KEPT: usize = 16;

fn clued(found: Match, class: LabelClass, recalled: &BTreeMap<ClueId, Recall>) -> Result<Clued, Problem> {
    let mut label =
        Label::decode(&found.label, class).map_err(|_| Problem::defect("a stored label is none of its release"))?;
    let taken_back = label.clues.iter().filter_map(|clue| recalled.get(&clue.id).copied()).collect();
    label.clues.retain(|clue| !recalled.contains_key(&clue.id));
    Ok(Clued { row: found.row, label, recalled: taken_back })
}
