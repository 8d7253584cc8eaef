//! The arguments of `cwg bench`.

use clap::{Args, Subcommand};
use cwg_protocol::psi::LabelLen;

use super::link::Link;

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Measures PSI protocols on made-up items, half of the smaller set in common.
    ///
    /// Two processes of this program run a session over QUIC on loopback. Wall time is the receiver's, from dialing to
    /// its matches; processor time is of all threads, user and system, over the same span; memory is the peak of it.
    /// Bytes are those of the session's frames, as `cwg psi` counts them. Bits per item are all bytes of both directions,
    /// in bits, over the number of items of the larger set. A run whose matches are not the planted ones is an error.
    Psi(BenchPsi),
    /// Measures labelled PSI as a lighthouse run needs it: the sender holds clues, each with a label, and the receiver keys.
    ///
    /// As `bench psi`, with half of the smaller set in common; a run whose matches or labels are not the planted ones is an
    /// error. Labels are made when they are asked for, within the measured span.
    Lighthouse(BenchLighthouse),
    /// Measures the standing comparison of a hub and a bank, as processes on this machine: an evaluated file, look-ups.
    ///
    /// Half of the look-ups meet a clue; an answer that is not the planted one is an error. A look-up is timed from the question
    /// on the bank's socket to its answer: one evaluation by the hub, charged and durable before, and a look in the editions.
    Lookup(BenchLookup),
    /// Measures rounds between a hub and members, as processes on this machine: evaluation, tickets, uploads, result.
    ///
    /// About a hundredth of every list is shared by one, two and up to all members; a result that is not that of plain counting is an
    /// error. Times are those of the nodes' own traces, from when a phase could begin to when it was done: waiting for the end of
    /// evaluations, which the terms fix, is in none of them. Rounds of several k are held one after the other by the same nodes.
    Round(BenchRound),
    /// Measures the hub's search by itself: what at least k of some lists hold, with all cores.
    ///
    /// Numbers of members, items and k may be several each, separated by commas; every combination is measured. A result that is not
    /// that of plain counting is an error.
    Collect(BenchCollect),
    /// Measures the shared function of rounds on one thread: evaluations with proof at a keyholder; blinding, and verifying,
    /// joining and finalizing at a member.
    Evaluate(BenchEvaluate),
}

#[derive(Debug, Args)]
pub(crate) struct BenchRound {
    /// Members: 4 to 15.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(4..=15), default_value_t = 15)]
    pub(crate) members: u8,
    /// Items of every member.
    #[arg(long, value_name = "N", value_parser = size, default_value = "10^4")]
    pub(crate) items: u32,
    /// Members that must hold an item; several, separated by commas, are several rounds.
    #[arg(long = "k", value_name = "K", value_parser = clap::value_parser!(u8).range(2..=13), value_delimiter = ',', default_value = "2,3")]
    pub(crate) thresholds: Vec<u8>,
    /// Members that hold a share of the key; five, or all if there are fewer.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=15), default_value_t = 5)]
    pub(crate) keyholders: u8,
    /// How many of them it takes to evaluate.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=15), default_value_t = 3)]
    pub(crate) evaluators: u8,
    /// From the opening to the end of evaluations, instead of what this machine seems to need.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) evaluate: Option<u64>,
    /// Holds each round so often and shows the one with the median busy time.
    #[arg(long, value_name = "R", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) repeat: u32,
}

#[derive(Debug, Args)]
pub(crate) struct BenchCollect {
    /// Lists: 2 to 15.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=15), value_delimiter = ',', default_value = "15")]
    pub(crate) members: Vec<u8>,
    /// Items of every list.
    #[arg(long, value_name = "N", value_parser = size, value_delimiter = ',', default_value = "10^5")]
    pub(crate) items: Vec<u32>,
    /// Lists that must hold an item.
    #[arg(long = "k", value_name = "K", value_parser = clap::value_parser!(u8).range(2..=15), value_delimiter = ',', default_value = "2,3,4,5")]
    pub(crate) thresholds: Vec<u8>,
    /// Searches so often and shows the median wall time.
    #[arg(long, value_name = "R", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) repeat: u32,
}

#[derive(Debug, Args)]
pub(crate) struct BenchEvaluate {
    /// Who hold a share of the key: 2 to 15.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=15), default_value_t = 5)]
    pub(crate) keyholders: u8,
    /// How many of them it takes to evaluate.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=15), default_value_t = 3)]
    pub(crate) evaluators: u8,
    /// Batches.
    #[arg(long, value_name = "N", value_parser = size, default_value = "20")]
    pub(crate) batches: u32,
}

#[derive(Debug, Args)]
pub(crate) struct BenchLookup {
    /// Clues of the release.
    #[arg(long, value_name = "N", value_parser = size, default_value = "10^4")]
    pub(crate) clues: u32,
    /// Customers in the bank's file.
    #[arg(long, value_name = "N", value_parser = size, default_value = "10^5")]
    pub(crate) customers: u32,
    /// Look-ups.
    #[arg(long, value_name = "N", value_parser = size, default_value = "1000")]
    pub(crate) look_ups: u32,
}

#[derive(Debug, Args)]
pub(crate) struct BenchPsi {
    /// Only this protocol; may be given several times.
    #[arg(long, value_name = "PROTOCOL")]
    pub(crate) protocol: Vec<String>,
    /// Only protocols secure in this model.
    #[arg(long, value_name = "PROFILE", value_parser = ["malicious", "semi-honest"])]
    pub(crate) profile: Option<String>,
    /// Items of each side, like 1024, 2^20, 10^6 or 1e6; may be given several times.
    #[arg(long, value_name = "N", value_parser = size)]
    pub(crate) items: Vec<u32>,
    /// Items of the receiver, instead of --items.
    #[arg(long, value_name = "N", value_parser = size)]
    pub(crate) receiver_items: Option<u32>,
    /// Items of the sender, instead of --items.
    #[arg(long, value_name = "N", value_parser = size)]
    pub(crate) sender_items: Option<u32>,
    #[command(flatten)]
    pub(crate) conditions: Conditions,
}

#[derive(Debug, Args)]
pub(crate) struct BenchLighthouse {
    /// Clues of the sender, like 10^6.
    #[arg(long, value_name = "N", value_parser = size, default_value = "10^6")]
    pub(crate) clues: u32,
    /// Keys of the receiver; may be given several times.
    #[arg(long, value_name = "N", value_parser = size, required = true)]
    pub(crate) keys: Vec<u32>,
    /// Bytes of a label: a multiple of 16 from 16 to 512.
    #[arg(long, value_name = "BYTES", value_parser = label_len, default_value = "32")]
    pub(crate) label_len: LabelLen,
    #[command(flatten)]
    pub(crate) conditions: Conditions,
}

/// Under what everything is measured.
#[derive(Debug, Args)]
pub(crate) struct Conditions {
    /// Through an emulated link of this rate each way and this round trip time, like 100mbit,30ms.
    #[arg(long, value_name = "RATE,DELAY")]
    pub(crate) link: Option<Link>,
    /// Runs each measurement so often and shows the run with the median wall time.
    #[arg(long, value_name = "R", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) repeat: u32,
}

fn label_len(text: &str) -> Result<LabelLen, String> {
    let len = text.parse().ok().and_then(LabelLen::new).filter(|len| !len.is_none());
    len.ok_or_else(|| "a label has a multiple of 16 bytes, from 16 to 512".to_owned())
}

/// A number of items: digits, or a base and an exponent.
fn size(text: &str) -> Result<u32, String> {
    let parsed = match (text.split_once('^'), text.split_once(['e', 'E'])) {
        (Some((base, exponent)), _) => power(base, exponent),
        (None, Some((factor, exponent))) => {
            power("10", exponent).and_then(|power| factor.parse::<u32>().ok()?.checked_mul(power))
        }
        (None, None) => text.parse().ok(),
    };
    parsed.filter(|size| *size > 0).ok_or_else(|| "not a number of items: give one like 1024, 2^20 or 1e6".to_owned())
}

fn power(base: &str, exponent: &str) -> Option<u32> {
    base.parse::<u32>().ok()?.checked_pow(exponent.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_written_in_digits_or_as_a_power() {
        for (text, items) in [
            ("1", 1),
            ("1024", 1024),
            ("2^10", 1024),
            ("2^20", 1 << 20),
            ("10^6", 1_000_000),
            ("1e6", 1_000_000),
            ("25E3", 25_000),
            ("4294967295", u32::MAX),
        ] {
            assert_eq!(size(text), Ok(items), "{text}");
        }
    }

    #[test]
    fn a_label_has_whole_blocks() {
        for (text, good) in [("16", true), ("32", true), ("512", true), ("0", false), ("20", false), ("528", false)] {
            assert_eq!(label_len(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn what_is_no_size_or_over_32_bits_is_refused() {
        for text in ["", "0", "0e3", "-1", "2^", "^2", "2^32", "10^10", "5e9", "1e", "e6", "1.5e6", "2^-1", "1 024"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
