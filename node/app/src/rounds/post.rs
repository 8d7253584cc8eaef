//! From words to a post.

use cwg_protocol::UnixTime;
use cwg_protocol::lighthouse::{Caveat, Caveats, ClueRole, Day, Stage, Typology};
use cwg_protocol::round::room::{Content, Draft, Frequency, Outcome, Question};

use crate::named::bytes_of;
use crate::problem::{Exit, Problem};
use crate::times::{DayEnd, parse};

/// The post that these words are.
pub(super) fn draft(
    says: &[String],
    caveats: &[String],
    answers: Option<&str>,
    text: Option<String>,
    closes: UnixTime,
) -> Result<Draft, Problem> {
    let caveats = caveats.iter().try_fold(Caveats::NONE, |all, name| {
        let caveat = Caveat::from_name(name).ok_or_else(|| unknown("caveat", Caveat::NAMES))?;
        Ok::<Caveats, Problem>(all.with(caveat))
    })?;
    let text = text.map(|text| {
        text.try_into().map_err(|_| {
            let problem = "free text has up to 160 bytes of visible characters";
            Problem::new(Exit::Usage, "post-text", problem, "shorten it")
        })
    });
    Ok(Draft {
        content: content(says)?,
        caveats,
        expires: Day::of(closes),
        answers: answers.map(|name| bytes_of("the name of a post", name)).transpose()?,
        text: text.transpose()?,
    })
}

fn content(says: &[String]) -> Result<Content, Problem> {
    let words: Vec<&str> = says.iter().map(String::as_str).collect();
    Ok(match words[..] {
        ["question", word] => {
            Content::Question(Question::from_name(word).ok_or_else(|| unknown("question", Question::NAMES))?)
        }
        ["outcome", word] => {
            Content::Outcome(Outcome::from_name(word).ok_or_else(|| unknown("outcome", Outcome::NAMES))?)
        }
        ["typology", typology, stage] => Content::Typology {
            typology: Typology::from_name(typology).ok_or_else(|| unknown("typology", Typology::NAMES))?,
            stage: Stage::from_name(stage).ok_or_else(|| unknown("stage", Stage::NAMES))?,
        },
        ["sighting", first, last, frequency, role] => Content::Sighting {
            first: day(first)?,
            last: day(last)?,
            frequency: Frequency::from_name(frequency).ok_or_else(|| unknown("frequency", Frequency::NAMES))?,
            role: ClueRole::from_name(role).ok_or_else(|| unknown("role", ClueRole::NAMES))?,
        },
        _ => {
            let problem = "a post is a question, a sighting, a typology or an outcome, with its words";
            let hint = "cwg room post --help shows the templates";
            return Err(Problem::new(Exit::Usage, "post-template", problem, hint));
        }
    })
}

fn day(text: &str) -> Result<Day, Problem> {
    let refused = || Problem::new(Exit::Usage, "post-day", "this is not a day", "write it as 2026-01-31");
    parse(text, DayEnd::First).map(Day::of).ok_or_else(refused)
}

fn unknown(what: &str, words: &[&str]) -> Problem {
    Problem::new(Exit::Usage, "post-word", format!("no {what} has this name"), format!("one of {}", words.join(", ")))
}

/// A post in words.
pub(super) fn words(content: Content) -> String {
    match content {
        Content::Question(word) => format!("question: {word}"),
        Content::Outcome(word) => format!("outcome: {word}"),
        Content::Typology { typology, stage } => format!("typology: {typology}, {stage}"),
        Content::Sighting { first, last, frequency, role } => {
            format!("sighting: {first} to {last}, {frequency}, {role}")
        }
    }
}
