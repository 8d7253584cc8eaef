//! Many engines in one thread under virtual time and faults, from one seed.
//!
//! The engines are the shipped ones; what is simulated is what is around them: links, disks, clocks, people and a
//! hostile member. [`simulate`] runs a [`Scenario`] and holds every claim in `checkers/` against what happened. The
//! same seed and knobs give the same [`Trace`], byte for byte.

#![forbid(unsafe_code)]

mod adversary;
mod book;
mod checkers;
mod dice;
mod disk;
mod net;
mod operators;
mod release;
mod report;
mod rounds;
mod scenario;
mod simulate;
mod trace;
mod world;

pub use adversary::Lie;
pub use checkers::{Breach, leakage_as_declared, rounds_look_alike};
pub use report::{Counts, Report};
pub use scenario::{Scenario, ScenarioError};
pub use simulate::simulate;
pub use trace::{Trace, TraceDigest};
