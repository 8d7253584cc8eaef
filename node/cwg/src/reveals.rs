//! `cwg reveal`.

use clap::{Args, Subcommand};
use cwg_app::view::{RevealFields, RevealView};
use cwg_app::{Exit, Problem, Request, RevealRequest, View};
use cwg_engine::command::Refusal;

use crate::args::{Common, ConsentArgs, PersonArgs};
use crate::commands::{ask, consented_to};
use crate::output::Output;
use crate::{operator_key, problems};

#[derive(Debug, Subcommand)]
pub(crate) enum RevealCommand {
    /// Asks another writer of a room to show fields for fields. It leaves once two persons have approved it.
    Request(RequestArgs),
    /// Shows all reveals, or those of a round.
    List {
        /// The round.
        round: Option<String>,
    },
    /// Shows a reveal: how far it is, what is to be approved, what the other side showed.
    Show {
        /// The reveal.
        reveal: String,
    },
    /// Writes down an answer: exactly the fields that were asked for. It leaves once two persons have approved it.
    Answer {
        /// The reveal.
        reveal: String,
        #[command(flatten)]
        show: FieldArgs,
    },
    /// Approves what is written down as a person, after showing it and what it tells, and asking.
    Approve {
        /// The reveal.
        reveal: String,
        #[command(flatten)]
        person: PersonArgs,
        #[command(flatten)]
        consent: ConsentArgs,
    },
    /// Declines what was asked; no reason is given.
    Decline {
        /// The reveal.
        reveal: String,
    },
    /// Takes back what was said, unless it is released before.
    Withdraw {
        /// The reveal.
        reveal: String,
    },
    /// Forgets a reveal that is over before its time.
    Erase {
        /// The reveal.
        reveal: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    /// The round.
    round: String,
    /// The number of the room.
    room: u32,
    /// Whom: a writer's name as `cwg room read` shows it, or its first digits.
    writer: String,
    #[command(flatten)]
    show: FieldArgs,
    /// The fields that are asked for, separated by commas: name, contact, case.
    #[arg(long = "ask", required = true, value_delimiter = ',', value_name = "FIELDS")]
    asks: Vec<String>,
    /// Until when it may be consented to: so many intervals from now, or a date.
    #[arg(long, value_name = "INTERVALS|DATE")]
    until: String,
    /// Why; it stays on this node.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// What this member shows.
#[derive(Debug, Args)]
pub(crate) struct FieldArgs {
    /// This member's name.
    #[arg(long)]
    name: Option<String>,
    /// A person to speak to, with an address or a number.
    #[arg(long)]
    contact: Option<String>,
    /// A reference to a case of this member.
    #[arg(long)]
    case: Option<String>,
}

impl From<FieldArgs> for RevealFields {
    fn from(FieldArgs { name, contact, case }: FieldArgs) -> Self {
        Self { name, contact, case }
    }
}

/// Carries out a command of `cwg reveal`.
pub(crate) async fn run(common: &Common, command: RevealCommand, out: Output) -> Result<View, Problem> {
    let request = match command {
        RevealCommand::Approve { reveal, person, consent } => {
            return approve(common, reveal, &person, consent, out).await;
        }
        RevealCommand::Request(RequestArgs { round, room, writer, show, asks, until, reason }) => {
            RevealRequest::Request { round, room, writer, show: show.into(), ask: asks, until, reason }
        }
        RevealCommand::List { round } => RevealRequest::List { round },
        RevealCommand::Show { reveal } => RevealRequest::Show { reveal },
        RevealCommand::Answer { reveal, show } => RevealRequest::Answer { reveal, show: show.into() },
        RevealCommand::Decline { reveal } => RevealRequest::Decline { reveal },
        RevealCommand::Withdraw { reveal } => RevealRequest::Withdraw { reveal },
        RevealCommand::Erase { reveal } => RevealRequest::Erase { reveal },
    };
    asked(common, request).await
}

async fn asked(common: &Common, request: RevealRequest) -> Result<View, Problem> {
    ask(common, Request::Reveal { ask: request }).await
}

async fn approve(
    common: &Common,
    reveal: String,
    person: &PersonArgs,
    consent: ConsentArgs,
    out: Output,
) -> Result<View, Problem> {
    let shown = asked(common, RevealRequest::Show { reveal }).await?;
    let View::Reveal(view) = &shown else { return Err(problems::no_answer()) };
    let RevealView { reveal, state, leakage, .. } = &**view;
    let Some(statement) = &view.to_be_approved else {
        let hint = "cwg reveal show tells how far it is; a request is answered before it is approved";
        return Err(Problem::new(Exit::Refused, "reveal-stage", format!("the reveal is {state}"), hint));
    };
    let question = format!("Show these fields to the other side, as {}", person.operator.escape_default());
    if consented_to(consent, &question, leakage, || out.screen(&shown.screen()))? != *leakage {
        return Err(cwg_app::refused(&Refusal::Consent));
    }
    let key = operator_key::of(common, person)?;
    let approval = cwg_app::approve_reveal(statement, &key)?;
    asked(common, RevealRequest::Approve { reveal: reveal.clone(), person: person.operator.clone(), approval }).await
}
