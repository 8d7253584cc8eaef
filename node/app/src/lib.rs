//! The application layer: the one place between the engine and the people, whether they type or click.
//!
//! A front end makes a [`Request`], and shows the [`View`] or the [`Problem`] that comes of it; it needs no other type
//! of this crate, and none of the engine or the protocol. In between, the daemon calls [`prepare`], which answers
//! from the state or says what is to be done, and [`answer`], which turns the engine's reply into a view.
//!
//! No socket, no async, no clock. Files are read in three places: [`files`], for the small ones that people write,
//! [`indicators`], for what a member loads or compares, and [`lighthouse`], for what a hub makes clues of and publishes. The
//! last also writes one: a release as a file.

#![forbid(unsafe_code)]

mod action;
mod charter_file;
pub mod counts;
mod describe;
pub mod files;
pub mod indicators;
pub mod lighthouse;
mod mask;
mod named;
mod problem;
mod protocols;
mod refusals;
mod request;
pub mod rounds;
mod signing;
pub mod standing;
mod times;
pub mod view;
mod work;

pub use action::{Action, Pending, answer, prepare};
pub use charter_file::{BudgetTerms, CharterFile, IndicatorTerms, When};
pub use counts::CountRequest;
pub use lighthouse::{hub, trends};
pub use problem::{Exit, Problem};
pub use protocols::{leakage_of, protocols};
pub use refusals::problem as refused;
pub use request::{LighthouseRequest, Purge, Request, SourceFile, WhoLearns};
pub use rounds::{RevealRequest, RoundRequest, RoundTerms, TypeItems};
pub use signing::{approve_release, approve_reveal, sign_as_person, sign_release};
pub use view::View;
pub use work::{
    AuditShowWork, AuditVerifyWork, Checked, DamagedRecord, DoctorWork, FigureWork, LoadWork, MatchListWork,
    MatchShowWork, OpenBook, PlanBookWork, PurgeOlderWork, Records, Running, Since, StatusWork, Submit, Work,
};
