//! `cwg round` and `cwg room`.

use clap::{Args, Subcommand};
use cwg_app::{Exit, Problem, Request, RoundRequest, RoundTerms, TypeItems, View};

use crate::args::{Common, ConsentArgs};
use crate::commands::{ask, consented_to};
use crate::output::Output;
use crate::problems;

#[derive(Debug, Subcommand)]
pub(crate) enum RoundCommand {
    /// Hub: calls members to make the shared key of a pilot, or to hand over the one there is.
    Ceremony(CeremonyArgs),
    /// Shows shared keys and ceremonies.
    Keys,
    /// Hub: opens a round.
    Open(OpenArgs),
    /// Member: takes part in a round, after showing what it reveals and asking.
    Join {
        /// The round.
        round: String,
        #[command(flatten)]
        consent: ConsentArgs,
        /// Waits until the round has ended here.
        #[arg(long)]
        wait: bool,
    },
    /// Member: shows how a round stands.
    Status {
        /// The round.
        round: String,
        /// Waits until it has ended here.
        #[arg(long)]
        wait: bool,
    },
    /// Hub: ends a round before its time.
    Close {
        /// The round.
        round: String,
    },
    /// Shows a round: terms, turns, what it reveals. Its items are shown by `cwg match list --run`.
    Show {
        /// The round.
        round: String,
    },
    /// Shows all rounds.
    List,
}

#[derive(Debug, Args)]
pub(crate) struct CeremonyArgs {
    /// Number or name of the pilot.
    #[arg(long)]
    pilot: String,
    /// Who will hold a share, by name or fingerprint; given once for each.
    #[arg(long = "holder", required = true, value_name = "MEMBER")]
    holders: Vec<String>,
    /// How many of them it takes to evaluate.
    #[arg(long, default_value_t = 3)]
    threshold: u8,
    /// How long each of the four phases lasts at most.
    #[arg(long, default_value_t = 3_600, value_name = "SECONDS")]
    phase: u64,
    /// The present key is handed over to these holders; with the same ones, its shares are refreshed.
    #[arg(long)]
    handover: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    /// Number or name of the pilot.
    #[arg(long)]
    pilot: String,
    /// Members that must hold an item: 2 to 15.
    #[arg(long = "k", value_name = "MEMBERS")]
    threshold: u8,
    /// A type and the number of items that every member brings of it, padding included, as phone=20000; given once for each.
    #[arg(long = "items", required = true, value_name = "TYPE=ITEMS")]
    types: Vec<String>,
    /// Uploads without which there is no result; at least two more than k, which is what it is if it is left out.
    #[arg(long)]
    uploads: Option<u8>,
    /// From now until the end of evaluations: members join within it.
    #[arg(long, default_value_t = 14_400, value_name = "SECONDS")]
    evaluate: u64,
    /// For tickets.
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    claim: u32,
    /// For uploads.
    #[arg(long, default_value_t = 7_200, value_name = "SECONDS")]
    upload: u32,
    /// By which one member may hold up all others.
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    stall: u32,
    /// Answers leave the hub at multiples of so many seconds.
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    beat: u32,
    /// From the end of uploads until answers are there.
    #[arg(long, default_value_t = 3_600, value_name = "SECONDS")]
    answer: u32,
    /// Relays for which there is time, one after the other if one fails; fewer than four only for a trial.
    #[arg(long, default_value_t = 4)]
    turns: u8,
    /// Intervals of the rooms, which open when the round ends; 0 for none.
    #[arg(long, default_value_t = 0, value_name = "INTERVALS")]
    rooms: u16,
    /// How long each is.
    #[arg(long, default_value_t = 86_400, value_name = "SECONDS")]
    interval: u32,
    /// Posts of every member in every interval, real or not.
    #[arg(long, default_value_t = 4)]
    posts: u8,
    /// Posts may have a short free text.
    #[arg(long)]
    free_text: bool,
    /// Tells the coordinator in place of a band about how many items it found, with the noise of the charter's counts; once a month.
    #[arg(long)]
    count: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoomCommand {
    /// Shows the rooms of a round and everything that is said in them.
    List {
        /// The round.
        round: String,
    },
    /// Shows what is said in one room.
    Read {
        /// The round.
        round: String,
        /// The number of the room.
        room: u32,
    },
    /// Writes to a room. It leaves with the next interval, among as many posts of everyone that say nothing.
    Post(PostArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PostArgs {
    /// The round.
    round: String,
    /// The number of the room.
    room: u32,
    /// question WORD, outcome WORD, typology TYPOLOGY STAGE, or sighting FIRST LAST FREQUENCY ROLE.
    #[arg(required = true, num_args = 2..=5, value_name = "TEMPLATE")]
    says: Vec<String>,
    /// A restriction; may be given several times.
    #[arg(long = "caveat")]
    caveats: Vec<String>,
    /// The name of the post that it answers.
    #[arg(long, value_name = "POST")]
    answers: Option<String>,
    /// A short free text, where the terms of the round allow it.
    #[arg(long)]
    text: Option<String>,
}

/// Carries out a command of `cwg round`.
pub(crate) async fn run(common: &Common, command: RoundCommand, out: Output) -> Result<View, Problem> {
    let request = match command {
        RoundCommand::Join { round, consent, wait } => return join(common, round, consent, wait, out).await,
        RoundCommand::Ceremony(CeremonyArgs { pilot, holders, threshold, phase, handover }) => {
            RoundRequest::Ceremony { pilot, holders, threshold, phase_secs: phase, handover }
        }
        RoundCommand::Keys => RoundRequest::Keys,
        RoundCommand::Open(args) => RoundRequest::Open { terms: terms_of(args)? },
        RoundCommand::Status { round, wait: true } => RoundRequest::Await { round },
        RoundCommand::Status { round, wait: false } | RoundCommand::Show { round } => RoundRequest::Show { round },
        RoundCommand::Close { round } => RoundRequest::Close { round },
        RoundCommand::List => RoundRequest::List,
    };
    ask(common, Request::Round { ask: request }).await
}

/// Carries out a command of `cwg room`.
pub(crate) async fn run_room(common: &Common, command: RoomCommand) -> Result<View, Problem> {
    let request = match command {
        RoomCommand::List { round } => RoundRequest::Rooms { round, room: None },
        RoomCommand::Read { round, room } => RoundRequest::Rooms { round, room: Some(room) },
        RoomCommand::Post(PostArgs { round, room, says, caveats, answers, text }) => {
            RoundRequest::Post { round, room, says, caveats, answers, text }
        }
    };
    ask(common, Request::Round { ask: request }).await
}

async fn join(common: &Common, round: String, consent: ConsentArgs, wait: bool, out: Output) -> Result<View, Problem> {
    let shown = ask(common, Request::Round { ask: RoundRequest::Show { round: round.clone() } }).await?;
    let View::Round(view) = &shown else { return Err(problems::no_answer()) };
    let leakage = consented_to(consent, "Take part in this round", &view.leakage, || out.screen(&shown.screen()))?;
    let joined = ask(common, Request::Round { ask: RoundRequest::Join { round: round.clone(), leakage } }).await?;
    if wait { ask(common, Request::Round { ask: RoundRequest::Await { round } }).await } else { Ok(joined) }
}

fn terms_of(args: OpenArgs) -> Result<RoundTerms, Problem> {
    let types = args.types.iter().map(|text| {
        let named = text.split_once('=').and_then(|(kind, items)| Some((kind.to_owned(), items.parse().ok()?)));
        let (kind, items) = named.ok_or_else(|| {
            let problem = "--items is a type and a number";
            Problem::new(Exit::Usage, "round-items", problem, "write it as phone=20000")
        })?;
        Ok(TypeItems { kind, items })
    });
    Ok(RoundTerms {
        types: types.collect::<Result<_, Problem>>()?,
        pilot: args.pilot,
        threshold: args.threshold,
        uploads: args.uploads.unwrap_or_else(|| args.threshold.saturating_add(2)),
        evaluate_secs: args.evaluate,
        claim_secs: args.claim,
        upload_secs: args.upload,
        stall_secs: args.stall,
        beat_secs: args.beat,
        answer_secs: args.answer,
        turns: args.turns,
        rooms: args.rooms,
        interval_secs: args.interval,
        posts: args.posts,
        free_text: args.free_text,
        count: args.count,
    })
}
