//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::bench::BenchCommand;
use crate::lighthouse::LighthouseCommand;
use crate::rounds::{RoomCommand, RoundCommand};

/// Private set intersection for a closed working group: find together what each of you holds, and nothing else.
#[derive(Debug, Parser)]
#[command(name = "cwg", version, max_term_width = 110, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The node's directory.
    #[arg(long, global = true, env = "CWG_DIR", default_value = "./cwg-node", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// One JSON document on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// A file whose first line is the passphrase of the node's store; without it, and without a key file, it is asked for.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// A file of 32 random bytes that opens the node's store instead of a passphrase.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The whole network on this machine: real processes, sample files, a run for each pair, what everyone learnt.
    Demo(DemoArgs),
    /// The hub: make one, invite members.
    #[command(subcommand)]
    Hub(HubCommand),
    /// A member: make one, join a network.
    #[command(subcommand)]
    Member(MemberCommand),
    /// Runs this directory's node until it is told to stop.
    Serve(ServeArgs),
    /// Who is in the network.
    #[command(subcommand)]
    Roster(RosterCommand),
    /// Named persons of this node, each with an own key under an own passphrase.
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Pilots and their charters.
    #[command(subcommand)]
    Pilot(PilotCommand),
    /// This member's indicators.
    #[command(subcommand)]
    Indicators(IndicatorsCommand),
    /// Runs.
    #[command(subcommand)]
    Run(RunCommand),
    /// Matches: facts about values, not accusations.
    #[command(subcommand)]
    Match(MatchCommand),
    /// Lighthouse: the hub's releases of clues, and what they say of this member's own values.
    #[command(subcommand)]
    Lighthouse(LighthouseCommand),
    /// Rounds: what at least k members hold, shown to those who hold it, and not whose it is.
    #[command(subcommand)]
    Round(RoundCommand),
    /// Rooms: unnamed posts between the holders of one item of a round.
    #[command(subcommand)]
    Room(RoomCommand),
    /// What this node did, entry by entry, without identifiers.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Compares two plain text files, a line each, without any network set-up.
    #[command(subcommand)]
    Psi(PsiCommand),
    /// Every protocol with what it reveals, under which assumption, and what it costs.
    Protocols,
    /// Measures this program on this machine.
    #[command(subcommand)]
    Bench(BenchCommand),
    /// One side of a measurement, started by `bench`.
    #[command(hide = true)]
    BenchSide,
    /// Looks at this directory and machine, and says what is wrong and what to do.
    Doctor,
    /// What this node is and how it is doing.
    Status,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Keep the demo's directory and say where it is.
    #[arg(long)]
    pub(crate) keep: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HubCommand {
    /// Makes this directory the hub of a new network.
    Init(InitArgs),
    /// Invites a member: prints a text that lets one node join, once.
    Invite(InviteArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// Makes this directory a member's node and prints the fingerprint to read back to the hub.
    Init(InitArgs),
    /// Joins a network with an invitation.
    Join(JoinArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The node's name.
    #[arg(long)]
    pub(crate) name: String,
    /// Address and UDP port to listen on, as other nodes reach it, for example 192.0.2.7:7300.
    #[arg(long, default_value = "127.0.0.1:7300", value_name = "ADDR")]
    pub(crate) listen: String,
    /// Makes the file of `--key-file`, which must not exist yet.
    #[arg(long)]
    pub(crate) new_key_file: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InviteArgs {
    /// The name under which the member will be known.
    #[arg(long)]
    pub(crate) name: String,
    /// How long the invitation is good for.
    #[arg(long, default_value_t = 72, value_name = "HOURS")]
    pub(crate) hours: u32,
}

#[derive(Debug, Args)]
pub(crate) struct JoinArgs {
    /// A file with the invitation, or `-` for standard input. It is a secret: it does not belong on a command line.
    #[arg(value_name = "FILE")]
    pub(crate) invitation: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Level and form of the log on standard error.
    #[arg(long, value_enum, default_value_t = LogForm::Text)]
    pub(crate) log: LogForm,
    /// Writes when each frame, job and line of the log was, and how long it was, to a file that does not exist yet.
    #[arg(long, hide = true, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    /// Lines for people.
    Text,
    /// A JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RosterCommand {
    /// Shows the roster in force.
    Show,
    /// Hub: revokes a member. Its node can complete no handshake from then on, and not join again under its keys.
    Revoke {
        /// Name or fingerprint.
        member: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Gives a person a signing key under that person's own passphrase.
    Add(OperatorArgs),
    /// Shows the persons of this node.
    List,
}

#[derive(Debug, Args)]
pub(crate) struct OperatorArgs {
    /// The person's name.
    pub(crate) name: String,
    /// A file whose first line is the person's passphrase; without it, it is asked for.
    #[arg(long, value_name = "FILE")]
    pub(crate) operator_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PilotCommand {
    /// Hub: writes a charter from a file and sends it to its members.
    New {
        /// The charter, as TOML.
        #[arg(long)]
        file: PathBuf,
    },
    /// Shows a charter: its terms, what its runs reveal, who has signed.
    Show {
        /// Number or name.
        pilot: String,
    },
    /// Signs a charter as a person of this member.
    Sign(SignArgs),
    /// Shows all pilots.
    List,
}

/// A person who signs with an own key.
#[derive(Debug, Args)]
pub(crate) struct PersonArgs {
    /// Who signs.
    #[arg(long)]
    pub(crate) operator: String,
    /// A file whose first line is the person's passphrase; without it, it is asked for.
    #[arg(long, value_name = "FILE")]
    pub(crate) operator_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// Number or name.
    pub(crate) pilot: String,
    #[command(flatten)]
    pub(crate) person: PersonArgs,
    /// Signs without showing the charter and asking.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IndicatorsCommand {
    /// Reads a file and says what would be accepted, repaired and refused; changes nothing.
    Check(FileArgs),
    /// Loads a file.
    Load(FileArgs),
    /// Shows what is loaded.
    Stats,
    /// Deletes a load.
    Purge {
        /// The load's number.
        load: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// CSV, JSON lines or Parquet.
    pub(crate) file: PathBuf,
    /// What its columns are, as TOML.
    #[arg(long)]
    pub(crate) map: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// Plans a pair run, or a lighthouse run with the hub, and shows what it would reveal.
    Plan(PlanArgs),
    /// Starts a planned run, after showing what it reveals and asking.
    Start {
        /// The run's number.
        run: String,
        #[command(flatten)]
        consent: ConsentArgs,
        /// Waits until it has ended.
        #[arg(long)]
        wait: bool,
    },
    /// Shows where a run stands.
    Status {
        /// The run's number.
        run: String,
        /// Waits until it has ended.
        #[arg(long)]
        wait: bool,
    },
    /// Shows all runs.
    List,
}

/// How a person consents to what a run or a round reveals.
#[derive(Debug, Args)]
pub(crate) struct ConsentArgs {
    /// Consents without showing what it reveals and asking.
    #[arg(long, conflicts_with = "leakage")]
    pub(crate) yes: bool,
    /// Consents to the leakage that has this digest, as it was shown, and to nothing else.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) leakage: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Number or name of the pilot.
    #[arg(long)]
    pub(crate) pilot: String,
    /// The other member.
    #[arg(long = "with", required_unless_present = "lighthouse", conflicts_with = "lighthouse")]
    pub(crate) peer: Option<String>,
    /// Compares a file of this member's own with the hub's newest release; the file is not kept.
    #[arg(long, requires_all = ["book", "map"])]
    pub(crate) lighthouse: bool,
    /// The file: CSV, JSON lines or Parquet. The daemon reads it when the run is started.
    #[arg(long, value_name = "FILE", requires = "lighthouse")]
    pub(crate) book: Option<PathBuf>,
    /// What the file's columns are, as TOML.
    #[arg(long, value_name = "FILE", requires = "lighthouse")]
    pub(crate) map: Option<PathBuf>,
    /// Who learns; in a lighthouse run this member alone.
    #[arg(long, default_value = "us", conflicts_with = "lighthouse")]
    pub(crate) learns: String,
    /// Indicator types, separated by commas; all of the charter without it.
    #[arg(long, value_delimiter = ',')]
    pub(crate) types: Vec<String>,
    /// The protocol; without it `voprf` for up to 4096 own items, `vole` for more; in a lighthouse run `vole-labelled`.
    #[arg(long, conflicts_with = "lighthouse")]
    pub(crate) protocol: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MatchCommand {
    /// Shows matches, values masked.
    List {
        /// Only of this run.
        #[arg(long)]
        run: Option<String>,
        /// Only of this type.
        #[arg(long = "type")]
        kind: Option<String>,
        /// Only those after this match, which the list before named as its last.
        #[arg(long, value_name = "MATCH")]
        after: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Those of lighthouse runs all of whose clues the hub took back, with the reason, and no others.
        #[arg(long)]
        withdrawn: bool,
    },
    /// Shows one match in full.
    Show {
        /// The match's number.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Shows entries.
    Show {
        /// From this number on.
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// At most so many.
        #[arg(long, default_value_t = 1000)]
        limit: u32,
    },
    /// Reads every entry again, checks seals and chain, and says where it ends.
    Verify {
        /// An earlier head, as `NUMBER:HASH`: the chain must still contain it.
        #[arg(long)]
        head: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PsiCommand {
    /// Waits for one connection, is the sender and learns nothing.
    Listen(PsiListen),
    /// Connects, is the receiver and learns which of its lines the listener also has.
    Connect(PsiConnect),
}

#[derive(Debug, Args)]
pub(crate) struct PsiListen {
    /// The file, an item a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) items: PathBuf,
    /// Address and UDP port.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// The protocol; without it whichever the connector names.
    #[arg(long)]
    pub(crate) protocol: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PsiConnect {
    /// Where the listener is.
    #[arg(value_name = "ADDR")]
    pub(crate) address: String,
    /// What the listener printed after `pin`.
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) pin: String,
    /// The file, an item a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) items: PathBuf,
    /// Where to write the lines that both have.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The protocol; without it `voprf` for up to 4096 lines, `vole` for more.
    #[arg(long)]
    pub(crate) protocol: Option<String>,
}
