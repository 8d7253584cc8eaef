//! A charter with counts, and terms of one, for tests.

use std::sync::OnceLock;

use super::{CountBody, CountTerms, LEAKAGE, NoiseTerms, SharedCount};
use crate::charter::{Charter, CountRules, KindRoles, RunKind};
use crate::indicator::{IndicatorKind, Roles};
use crate::round::sample::{NETWORK, charter_body, node, roster, signing};
use crate::{Epoch, NodeKey, RunId, UnixTime};

pub(super) const OPENS: UnixTime = UnixTime(1_000);
pub(super) const ENDS: UnixTime = UnixTime(2_000);
pub(super) const ITEMS: u32 = 64;

/// Members 1 and 2, in the order of their keys.
pub(super) fn banks() -> [NodeKey; 2] {
    let mut banks = [node(1), node(2)];
    banks.sort();
    banks
}

pub(super) fn charter() -> &'static Charter {
    static CHARTER: OnceLock<Charter> = OnceLock::new();
    CHARTER.get_or_init(|| {
        let mut body = charter_body();
        body.runs = vec![RunKind::Count].try_into().unwrap();
        body.rounds = None;
        body.counts = Some(CountRules { noise: noise(500, 9, 1) });
        Charter::sign(body, &signing(0)).unwrap()
    })
}

pub(super) fn noise(epsilon: u16, digits: u8, sensitivity: u8) -> NoiseTerms {
    NoiseTerms {
        epsilon: epsilon.try_into().unwrap(),
        delta: digits.try_into().unwrap(),
        sensitivity: sensitivity.try_into().unwrap(),
    }
}

pub(super) fn body() -> CountBody {
    CountBody {
        network: NETWORK,
        pilot: charter().body().pilot,
        charter: charter().digest(),
        epoch: Epoch(1),
        run: RunId([9; 8]),
        banks: banks(),
        kinds: vec![KindRoles { kind: IndicatorKind::Phone, roles: Roles::BOTH }].try_into().unwrap(),
        items: ITEMS,
        noise: noise(500, 9, 1),
        leakage: LEAKAGE.digest(),
        opens: OPENS,
        ends: ENDS,
    }
}

pub(super) fn terms_of(body: &CountBody) -> SharedCount {
    CountTerms::sign(body, &signing(0), charter(), roster()).unwrap().into()
}

pub(super) fn terms() -> SharedCount {
    terms_of(&body())
}
