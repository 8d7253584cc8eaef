//! Which protocols are measured at which sizes.

use std::fmt;

use cwg_app::Problem;
use cwg_protocol::psi::vole::Vole;
use cwg_protocol::psi::{LabelLen, PROTOCOLS, PsiProtocol, SetSizes, padded_size};

use super::args::{BenchLighthouse, BenchPsi};
use crate::problems;

/// One protocol at one pair of sizes.
pub(crate) struct Measurement {
    pub(crate) protocol: &'static dyn PsiProtocol,
    pub(crate) receiver_items: u32,
    pub(crate) sender_items: u32,
    /// Of the sender's labels.
    pub(crate) label_len: LabelLen,
}

impl Measurement {
    /// The security model that the protocol is measured in.
    pub(crate) fn profile(&self) -> &'static str {
        profile(self.protocol)
    }

    /// Items that both sides hold.
    pub(crate) fn common_items(&self) -> u32 {
        self.receiver_items.min(self.sender_items) / 2
    }

    fn padded(&self) -> SetSizes {
        SetSizes {
            receiver: padded_size(self.receiver_items as usize),
            sender: padded_size(self.sender_items as usize),
            label_len: self.label_len,
        }
    }

    fn is_taken(&self) -> bool {
        let padded = self.padded();
        padded.receiver.max(padded.sender) <= self.protocol.items_max()
    }
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protocol, receiver_items, sender_items, .. } = self;
        write!(f, "{}: receiver {receiver_items} items, sender {sender_items}", protocol.name())
    }
}

/// Every measurement, in the order of the registry and then of the sizes. What a protocol does not take is left out
/// with a note.
pub(crate) fn plan(args: &BenchPsi, note: &dyn Fn(&str)) -> Result<Vec<Measurement>, Problem> {
    let asked = sizes(args)?;
    let mut plan = Vec::new();
    for protocol in protocols(args)? {
        let of = |(receiver_items, sender_items)| Measurement {
            protocol,
            receiver_items,
            sender_items,
            label_len: LabelLen::NONE,
        };
        if asked.is_empty() {
            let quick = |m: &Measurement| protocol.cost(m.padded()).group_operations <= GROUP_OPERATIONS_MAX;
            plan.extend(SIZES.map(|size| of((size, size))).into_iter().filter(|m| m.is_taken() && quick(m)));
            continue;
        }
        for measurement in asked.iter().copied().map(of) {
            if measurement.is_taken() {
                plan.push(measurement);
            } else {
                note(&format!("{measurement}: left out, it takes {}, padding included", protocol.items_max()));
            }
        }
    }
    if plan.is_empty() { Err(problems::nothing_to_measure()) } else { Ok(plan) }
}

/// The labelled protocol for each number of keys.
pub(crate) fn lighthouse(args: &BenchLighthouse) -> Result<Vec<Measurement>, Problem> {
    let of = |keys: &u32| Measurement {
        protocol: &Vole::LABELLED,
        receiver_items: *keys,
        sender_items: args.clues,
        label_len: args.label_len,
    };
    let plan: Vec<Measurement> = args.keys.iter().map(of).collect();
    if plan.iter().all(Measurement::is_taken) { Ok(plan) } else { Err(problems::nothing_to_measure()) }
}

/// Sizes of a plan that names none.
const SIZES: [u32; 6] = [1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20];

/// A plan that names no sizes leaves out those at which a protocol needs more multiplications in its group than this,
/// which take some ten seconds.
const GROUP_OPERATIONS_MAX: u64 = 1 << 18;

/// The sizes asked for, receiver's and sender's.
fn sizes(args: &BenchPsi) -> Result<Vec<(u32, u32)>, Problem> {
    match (args.receiver_items, args.sender_items) {
        (Some(receiver), Some(sender)) => Ok(vec![(receiver, sender)]),
        (Some(_), None) | (None, Some(_)) if args.items.is_empty() => Err(problems::one_size()),
        (receiver, sender) => {
            Ok(args.items.iter().map(|items| (receiver.unwrap_or(*items), sender.unwrap_or(*items))).collect())
        }
    }
}

fn protocols(args: &BenchPsi) -> Result<Vec<&'static dyn PsiProtocol>, Problem> {
    let named = |protocol: &&dyn PsiProtocol| {
        args.protocol.is_empty() || args.protocol.iter().any(|name| name == protocol.name())
    };
    for name in &args.protocol {
        crate::psi::chosen(name)?;
    }
    let fits = |protocol: &&dyn PsiProtocol| args.profile.as_ref().is_none_or(|wanted| wanted == profile(*protocol));
    let sets_alone = |protocol: &&dyn PsiProtocol| !protocol.carries_labels();
    Ok(PROTOCOLS.iter().copied().filter(sets_alone).filter(named).filter(fits).collect())
}

fn profile(protocol: &dyn PsiProtocol) -> &'static str {
    protocol.leakage().model.text()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Words {
        #[command(flatten)]
        args: BenchPsi,
    }

    fn planned(words: &[&str]) -> Result<Vec<(&'static str, u32, u32)>, String> {
        let words = Words::try_parse_from(["psi"].iter().chain(words)).map_err(|error| error.kind().to_string())?;
        let plan = plan(&words.args, &|_| ()).map_err(|problem| problem.code)?;
        Ok(plan.iter().map(|m| (m.protocol.name(), m.receiver_items, m.sender_items)).collect())
    }

    #[test]
    fn sizes_are_equal_unless_a_side_has_its_own() {
        for (words, sizes) in [
            (&["--items", "64", "--items", "2^7"][..], &[(64, 64), (128, 128)][..]),
            (&["--receiver-items", "10", "--sender-items", "1e3"], &[(10, 1000)]),
            (&["--items", "64", "--items", "32", "--sender-items", "1e3"], &[(64, 1000), (32, 1000)]),
            // Beyond what the protocol takes: left out.
            (&["--items", "2^20", "--items", "2^21"], &[(1 << 20, 1 << 20)]),
        ] {
            let expected: Vec<_> = sizes.iter().map(|(receiver, sender)| ("voprf", *receiver, *sender)).collect();
            assert_eq!(planned(&[words, &["--protocol", "voprf"]].concat()), Ok(expected), "{words:?}");
        }
    }

    #[test]
    fn a_plan_that_cannot_be_is_refused_by_name() {
        for (words, code) in [
            (&["--receiver-items", "10"][..], "one-size"),
            (&["--protocol", "voprf", "--items", "2^31"], "nothing-to-measure"),
            (&["--protocol", "voprf", "--profile", "semi-honest"], "nothing-to-measure"),
            (&["--protocol", "nothing"], "unknown-protocol"),
            (&["--protocol", "vole-labelled"], "needs-labels"),
        ] {
            assert_eq!(planned(words), Err(code.to_owned()), "{words:?}");
        }
    }

    #[test]
    fn a_plan_without_sizes_measures_every_protocol_without_labels() {
        let plan = planned(&[]).unwrap();
        for protocol in PROTOCOLS {
            assert!(
                protocol.carries_labels() != plan.iter().any(|(name, ..)| *name == protocol.name()),
                "{}",
                protocol.name()
            );
        }
    }
}
