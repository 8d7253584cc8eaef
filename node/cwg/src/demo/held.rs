//! A key and a round of a whole network, as its people would make and hold them.

use std::time::Duration;

use cwg_app::view::RoundView;
use cwg_app::{Problem, Request, RoundRequest, RoundTerms, View};

use super::network::{Bank, Daemon, Network, unexpected, until};

/// The first so many banks make a key that so many of them evaluate under, and know it.
pub(crate) fn make_key(network: &Network, holders: u8, threshold: u8) -> Result<(), Problem> {
    let holders = &network.banks()[..holders.into()];
    let pilot = network.banks()[0].pilot().to_owned();
    let names = holders.iter().map(|bank| bank.name.clone()).collect();
    let call = RoundRequest::Ceremony { pilot, holders: names, threshold, phase_secs: 600, handover: false };
    ask(network.hub(), call)?;
    for node in holders.iter().map(Bank::daemon).chain([network.hub()]) {
        until(WITHIN, "a shared key", || match ask(node, RoundRequest::Keys)? {
            View::SharedKeys(view) => Ok(!view.keys.is_empty()),
            _ => Err(unexpected("shared keys")),
        })?;
    }
    Ok(())
}

/// Opens a round, has every bank consent to what it reveals, and waits for its end at each of them.
pub(crate) fn hold(network: &Network, terms: RoundTerms) -> Result<Vec<RoundView>, Problem> {
    let opened = round_of(ask(network.hub(), RoundRequest::Open { terms })?)?;
    let round = || opened.round.clone();
    for bank in network.banks() {
        let is_offered = || Ok(ask(bank.daemon(), RoundRequest::Show { round: round() }).is_ok());
        until(WITHIN, "the terms of the round", is_offered)?;
    }
    for bank in network.banks() {
        ask(bank.daemon(), RoundRequest::Join { round: round(), leakage: opened.leakage.clone() })?;
    }
    let banks = network.banks().iter();
    banks.map(|bank| round_of(ask(bank.daemon(), RoundRequest::Await { round: round() })?)).collect()
}

/// How a round stands at the hub.
pub(crate) fn at_hub(network: &Network, round: &str) -> Result<RoundView, Problem> {
    round_of(ask(network.hub(), RoundRequest::Show { round: round.to_owned() })?)
}

fn ask(node: &Daemon, ask: RoundRequest) -> Result<View, Problem> {
    node.ask(&Request::Round { ask })
}

fn round_of(view: View) -> Result<RoundView, Problem> {
    match view {
        View::Round(view) => Ok(*view),
        _ => Err(unexpected("a round")),
    }
}

/// What other processes have not done by then they will not do.
pub(crate) const WITHIN: Duration = Duration::from_secs(120);
