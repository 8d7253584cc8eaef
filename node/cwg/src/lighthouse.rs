//! The commands of Lighthouse: releases at the hub, what came of them at a member.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cwg_app::trends::{Picture, TrendsView};
use cwg_app::view::ReleaseView;
use cwg_app::{Exit, LighthouseRequest, Problem, Request, SourceFile, View};

use crate::args::{Common, PersonArgs};
use crate::commands::{absolute, ask, consent};
use crate::output::Output;
use crate::standing::{StandingCommand, request_of as standing_request};
use crate::{operator_key, problems};

#[derive(Debug, Subcommand)]
pub(crate) enum LighthouseCommand {
    /// Hub: reads files of sources and says what would be taken, repaired and refused; changes nothing.
    Check(SourceArgs),
    /// Hub: builds and signs the draft of the next release, from sources and from the release before.
    Build(BuildArgs),
    /// Hub: approves the draft as a second person, after showing it and asking.
    Approve(ApproveArgs),
    /// Hub: publishes the approved draft to all members, and in the open key periods of the standing comparison.
    Publish,
    /// Hub: throws the draft away.
    Drop,
    /// Shows a release: what is in it, who signed it, and at the hub which member has it.
    Show {
        /// Its number, or `draft`; without it the newest.
        release: Option<String>,
    },
    /// Shows all releases.
    List,
    /// Hub: what changed between two releases, by type.
    Diff {
        /// The earlier and the later; without them from the newest to the draft, or to the newest from the one before.
        #[arg(num_args = 2, value_names = ["FROM", "TO"])]
        releases: Vec<u32>,
    },
    /// Hub: takes clues back, at once and for good; every member hears of it.
    Recall {
        /// Their ids.
        #[arg(required = true, value_name = "CLUE")]
        clues: Vec<String>,
        /// `recalled` if it was wrong, `superseded` if another clue stands for it.
        #[arg(long, default_value = "recalled")]
        reason: String,
    },
    /// Shows the clues that were taken back, and at the hub who has confirmed it.
    Recalls,
    /// Shows the trends that were released last.
    Trends(TrendsArgs),
    /// Member: releases to the hub, for the group's mean alone, how many different values of its own met a clue in a month that
    /// is over.
    Figure {
        /// The month.
        #[arg(value_name = "YYYY-MM")]
        month: String,
    },
    /// Shows the group's mean, and at a member its own figure beside it; at the hub a month releases its mean first.
    Mean {
        /// Hub: the month.
        #[arg(value_name = "YYYY-MM")]
        month: Option<String>,
    },
    /// Hub: writes the newest release to a file. The file holds identifiers in the clear.
    Export {
        /// A file that is not there yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Checks a file of a release: signatures, number, root, every record. Such a file holds identifiers in the clear.
    Verify {
        /// The file.
        file: PathBuf,
    },
    /// The standing comparison.
    #[command(flatten)]
    Standing(StandingCommand),
}

#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// A file of a source, and its map; may be given several times.
    #[arg(long = "source", num_args = 2, value_names = ["FILE", "MAP"])]
    sources: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    sources: SourceArgs,
    #[command(flatten)]
    person: PersonArgs,
    /// Bytes of what a match says: 32, 64, 128, 256 or 512.
    #[arg(long, default_value_t = 64, value_name = "BYTES")]
    class: u16,
    /// For how many days the release may be used.
    #[arg(long, default_value_t = 45, value_name = "DAYS")]
    valid_days: u16,
    /// A line about what changed, which every member reads; may be given several times.
    #[arg(long = "note", value_name = "TEXT")]
    notes: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    #[command(flatten)]
    person: PersonArgs,
    /// Approves without showing the draft and asking.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TrendsArgs {
    /// Hub: releases the trends of the newest release first, once a month.
    #[arg(long)]
    release: bool,
    /// Writes all figures as CSV to a new file.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Writes the pictures as SVG to a folder.
    #[arg(long, value_name = "DIR")]
    svg: Option<PathBuf>,
}

/// Carries out a command.
pub(crate) async fn run(common: &Common, command: LighthouseCommand, out: Output) -> Result<View, Problem> {
    let request = match command {
        LighthouseCommand::Build(args) => return build(common, args, out).await,
        LighthouseCommand::Approve(args) => return approve(common, &args, out).await,
        LighthouseCommand::Trends(args) => return trends(common, &args, out).await,
        LighthouseCommand::Check(args) => LighthouseRequest::Check { sources: sources_of(&args)? },
        LighthouseCommand::Standing(command) => return ask(common, standing_request(command)?).await,
        LighthouseCommand::Publish => return publish(common, out).await,
        LighthouseCommand::Drop => LighthouseRequest::Drop,
        LighthouseCommand::Show { release } => LighthouseRequest::Show { release },
        LighthouseCommand::List => LighthouseRequest::List,
        LighthouseCommand::Diff { releases } => {
            LighthouseRequest::Diff { from: releases.first().copied(), to: releases.get(1).copied() }
        }
        LighthouseCommand::Recall { clues, reason } => LighthouseRequest::Recall { clues, reason },
        LighthouseCommand::Recalls => LighthouseRequest::Recalls,
        LighthouseCommand::Figure { month } => LighthouseRequest::ReleaseFigure { month },
        LighthouseCommand::Mean { month: Some(month) } => LighthouseRequest::ReleaseMean { month },
        LighthouseCommand::Mean { month: None } => LighthouseRequest::Mean,
        LighthouseCommand::Export { out } => LighthouseRequest::Export { path: absolute(&out)? },
        LighthouseCommand::Verify { file } => LighthouseRequest::Verify { path: absolute(&file)? },
    };
    asked(common, request).await
}

async fn asked(common: &Common, ask_for: LighthouseRequest) -> Result<View, Problem> {
    ask(common, Request::Lighthouse { ask: ask_for }).await
}

fn sources_of(args: &SourceArgs) -> Result<Vec<SourceFile>, Problem> {
    let pairs = args.sources.chunks_exact(2);
    pairs.map(|pair| Ok(SourceFile { path: absolute(&pair[0])?, map: absolute(&pair[1])? })).collect()
}

async fn build(common: &Common, args: BuildArgs, out: Output) -> Result<View, Problem> {
    // Before a long build: a passphrase that does not open the key would make it worth nothing.
    let key = operator_key::of(common, &args.person)?;
    let request = LighthouseRequest::Build {
        sources: sources_of(&args.sources)?,
        label_bytes: args.class,
        valid_days: args.valid_days,
        changes: args.notes,
    };
    let View::Build(mut build) = asked(common, request).await? else { return Err(problems::no_answer()) };
    let head = build.release.head.as_deref().ok_or_else(problems::no_answer)?;
    let built = cwg_app::sign_release(head, &args.person.operator, &key)?;
    let signed = asked(common, LighthouseRequest::Sign { built }).await.inspect_err(|_| {
        out.note("the draft stands unsigned: build it again once this is mended, or drop it with cwg lighthouse drop");
    })?;
    let View::Release(release) = signed else { return Err(problems::no_answer()) };
    build.release = *release;
    Ok(View::Build(build))
}

async fn approve(common: &Common, args: &ApproveArgs, out: Output) -> Result<View, Problem> {
    let draft = LighthouseRequest::Show { release: Some("draft".to_owned()) };
    let shown = asked(common, draft).await?;
    let View::Release(release) = &shown else { return Err(problems::no_answer()) };
    let ReleaseView { digest, stage, .. } = &**release;
    let Some(built) = &release.built else {
        let hint = "cwg lighthouse build signs a draft; an approved one is published with cwg lighthouse publish";
        return Err(Problem::new(Exit::Refused, "draft-state", format!("the draft is {stage}"), hint));
    };
    if !args.yes {
        let question = format!("Approve this release as {}", args.person.operator.escape_default());
        // The first release has nothing before it.
        let diff = match release.base {
            Some(_) => Some(asked(common, LighthouseRequest::Diff { from: None, to: None }).await?),
            None => None,
        };
        consent(&question, || {
            [Some(&shown), diff.as_ref()].into_iter().flatten().for_each(|view| out.screen(&view.screen()))
        })?;
    }
    let key = operator_key::of(common, &args.person)?;
    let approved = cwg_app::approve_release(built, digest, &args.person.operator, &key)?;
    asked(common, LighthouseRequest::Approve { approved }).await
}

async fn publish(common: &Common, out: Output) -> Result<View, Problem> {
    let published = asked(common, LighthouseRequest::Publish).await?;
    let View::Standing(standing) = ask(common, Request::StandingShow).await? else { return Err(problems::no_answer()) };
    if !standing.periods.is_empty() {
        out.note("the release is published; its edition follows for the standing comparison");
        ask(common, Request::EditionPublish).await.map_err(|edition| Problem {
            problem: format!("the release is published, and its edition is not: {}", edition.problem),
            ..edition
        })?;
    }
    Ok(published)
}

async fn trends(common: &Common, args: &TrendsArgs, out: Output) -> Result<View, Problem> {
    let request = if args.release { LighthouseRequest::ReleaseTrends } else { LighthouseRequest::Trends };
    let view = asked(common, request).await?;
    let View::Trends(trends) = &view else { return Err(problems::no_answer()) };
    write_trends(trends, args, out)?;
    Ok(view)
}

fn write_trends(trends: &TrendsView, args: &TrendsArgs, out: Output) -> Result<(), Problem> {
    if let Some(path) = &args.csv {
        write_new(path, trends.csv().as_bytes(), out)?;
    }
    if let Some(dir) = &args.svg {
        std::fs::create_dir_all(dir).map_err(|error| problems::cannot_write(dir, &error))?;
        for picture in Picture::ALL {
            let name = format!("release-{}-{}.svg", trends.release, picture.name());
            write_new(&dir.join(name), picture.draw(trends).as_bytes(), out)?;
        }
    }
    Ok(())
}

/// Figures that were given to others are not overwritten.
fn write_new(path: &Path, bytes: &[u8], out: Output) -> Result<(), Problem> {
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    made.and_then(|mut file| file.write_all(bytes)).map_err(|error| problems::cannot_write(path, &error))?;
    out.note(&format!("wrote {}", path.display()));
    Ok(())
}
