//! What a person is told when something cannot be done: a code, a sentence, a hint, and whose turn it is.

use serde::{Deserialize, Serialize};

/// The exit codes of the command line, by who has to act. The numbers follow `sysexits.h` where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// The question was answered, and the answer is no: damage was found, a run has no result.
    No = 1,
    /// The command was put wrongly.
    Usage = 64,
    /// What was given to read is not what it should be.
    BadInput = 65,
    /// A peer or the network cannot be reached.
    Unavailable = 69,
    /// A defect of this program.
    Internal = 70,
    /// An output or a directory cannot be made.
    CannotCreate = 73,
    /// The disk or a file refuses.
    Io = 74,
    /// Not now: try again later.
    TryAgain = 75,
    /// A rule, a charter or a missing right forbids it.
    Refused = 77,
    /// The node or its surroundings are not set up for this.
    Configuration = 78,
}

impl Exit {
    /// Every code with its meaning: the table that the manual prints.
    pub const TABLE: [(Self, &'static str); 11] = [
        (Self::Ok, "done"),
        (Self::No, "the answer is no, for example: the audit found damage, or the run ended without a result"),
        (Self::Usage, "the command was put wrongly"),
        (Self::BadInput, "the input is not what it should be; the message names the place"),
        (Self::Unavailable, "a peer or the network cannot be reached"),
        (Self::Internal, "a defect of this program"),
        (Self::CannotCreate, "an output or a directory cannot be made"),
        (Self::Io, "a disk or a file cannot be read or written"),
        (Self::TryAgain, "not possible now; the same command may succeed later"),
        (Self::Refused, "a rule, a charter or a missing right forbids it"),
        (Self::Configuration, "the node is not set up for this"),
    ];

    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for u8 {
    fn from(exit: Exit) -> Self {
        exit.code()
    }
}

impl TryFrom<u8> for Exit {
    type Error = String;

    fn try_from(code: u8) -> Result<Self, String> {
        let known = Self::TABLE.iter().find(|(exit, _)| exit.code() == code);
        known.map(|(exit, _)| *exit).ok_or_else(|| format!("{code} is no exit code of this program"))
    }
}

/// Why something was not done. As JSON: `{"code", "problem", "hint", "exit"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{problem}")]
pub struct Problem {
    /// Stable, lower-case, with dashes.
    pub code: String,
    /// One sentence without a full stop. Never an identifier.
    pub problem: String,
    /// What to do about it.
    pub hint: String,
    /// What the command line exits with.
    pub exit: Exit,
}

impl Problem {
    /// A problem.
    pub fn new(exit: Exit, code: impl Into<String>, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: code.into(), problem: problem.into(), hint: hint.into(), exit }
    }

    /// A defect of this program: an answer that does not fit the question.
    pub(crate) fn defect(what: &'static str) -> Self {
        Self::new(Exit::Internal, "defect", what, "report this with the output of cwg doctor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_each_number_stands_once() {
        for (exit, meaning) in Exit::TABLE {
            assert_eq!(Exit::try_from(exit.code()), Ok(exit));
            assert!(!meaning.is_empty() && !meaning.ends_with('.'));
        }
        let numbers: std::collections::BTreeSet<u8> = Exit::TABLE.iter().map(|(exit, _)| exit.code()).collect();
        assert_eq!(numbers.len(), Exit::TABLE.len());
        assert_eq!((0..=u8::MAX).filter(|code| Exit::try_from(*code).is_ok()).count(), Exit::TABLE.len());
    }

    #[test]
    fn a_problem_travels_as_json() {
        let problem = Problem::new(Exit::Refused, "not-hub", "only the hub can do this", "ask the coordinator");
        let json = serde_json::to_string(&problem).unwrap();
        assert_eq!(
            json,
            r#"{"code":"not-hub","problem":"only the hub can do this","hint":"ask the coordinator","exit":77}"#
        );
        assert_eq!(serde_json::from_str::<Problem>(&json).unwrap(), problem);
    }
}
