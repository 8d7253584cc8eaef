//! Commands of a node: each becomes a request, answered by the daemon of the directory or, if none runs, right here.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use cwg_app::view::{LeakageView, PilotView};
use cwg_app::{Exit, Problem, Purge, Request, View, WhoLearns};

use crate::args::{
    AuditCommand, Command, Common, ConsentArgs, HubCommand, IndicatorsCommand, InitArgs, MatchCommand, MemberCommand,
    OperatorArgs, OperatorCommand, PilotCommand, PlanArgs, RosterCommand, RunCommand, SignArgs,
};
use crate::config::NodeConfig;
use crate::node::{Node, Reach};
use crate::output::Output;
use crate::unlock::{Typed, Unlocking};
use crate::{operator_key, problems, socket, unlock};

/// Invitations are far shorter; a file longer than this is something else.
const INVITATION_FILE_LEN_MAX: u64 = 64 * 1024;

/// Carries out a command of a node and shows what came of it. Returns what to exit with.
pub(crate) async fn run(common: &Common, command: Command, out: Output) -> Result<Exit, Problem> {
    let view = match command {
        Command::Hub(HubCommand::Init(args)) => init(common, &args, NodeSort::Hub, out).await?,
        Command::Member(MemberCommand::Init(args)) => init(common, &args, NodeSort::Member, out).await?,
        Command::Operator(OperatorCommand::Add(args)) => add_operator(common, &args).await?,
        Command::Pilot(PilotCommand::Sign(args)) => sign(common, &args, out).await?,
        Command::Run(RunCommand::Start { run, consent, wait }) => start_run(common, run, consent, wait, out).await?,
        Command::Run(RunCommand::Plan(args)) => plan_run(common, args).await?,
        Command::Lighthouse(command) => crate::lighthouse::run(common, command, out).await?,
        Command::Round(command) => crate::rounds::run(common, command, out).await?,
        Command::Count(command) => crate::counts::run(common, command, out).await?,
        Command::Room(command) => crate::rounds::run_room(common, command).await?,
        Command::Reveal(command) => crate::reveals::run(common, command, out).await?,
        command => ask(common, request_of(command)?).await?,
    };
    out.view(&view);
    Ok(view.exit())
}

fn request_of(command: Command) -> Result<Request, Problem> {
    Ok(match command {
        Command::Hub(HubCommand::Invite(args)) => {
            Request::Invite { name: args.name, valid_secs: u64::from(args.hours) * 3600 }
        }
        Command::Member(MemberCommand::Join(args)) => Request::Join { invitation: read_invitation(&args.invitation)? },
        Command::Roster(RosterCommand::Show) => Request::RosterShow,
        Command::Roster(RosterCommand::Revoke { member }) => Request::RosterRevoke { member },
        Command::Operator(OperatorCommand::List) => Request::OperatorList,
        Command::Pilot(PilotCommand::New { file }) => {
            Request::PilotNew { charter: cwg_app::files::read_charter(&file)? }
        }
        Command::Pilot(PilotCommand::Show { pilot }) => Request::PilotShow { pilot },
        Command::Pilot(PilotCommand::List) => Request::PilotList,
        Command::Indicators(IndicatorsCommand::Check(args)) => {
            Request::IndicatorsCheck { path: absolute(&args.file)?, map: absolute(&args.map)? }
        }
        Command::Indicators(IndicatorsCommand::Load(args)) => {
            Request::IndicatorsLoad { path: absolute(&args.file)?, map: absolute(&args.map)? }
        }
        Command::Indicators(IndicatorsCommand::Stats) => Request::IndicatorsStats,
        Command::Indicators(IndicatorsCommand::Purge { load }) => Request::IndicatorsPurge { which: Purge::Load(load) },
        Command::Run(RunCommand::Status { run, wait: false }) => Request::RunStatus { run },
        Command::Run(RunCommand::Status { run, wait: true }) => Request::RunAwait { run },
        Command::Run(RunCommand::List) => Request::RunList,
        Command::Match(MatchCommand::List { run, kind, after, limit, withdrawn }) => {
            Request::MatchList { run, kind, after, limit, withdrawn }
        }
        Command::Match(MatchCommand::Show { id }) => Request::MatchShow { id },
        Command::Audit(AuditCommand::Show { from, limit }) => Request::AuditShow { from, limit },
        Command::Audit(AuditCommand::Verify { head }) => Request::AuditVerify { head },
        Command::Doctor => Request::Doctor,
        Command::Status => Request::Status,
        _ => unreachable!("carried out before"),
    })
}

/// Asks the daemon of the directory, or opens the directory for this one question.
pub(crate) async fn ask(common: &Common, request: Request) -> Result<View, Problem> {
    let mut hearer = crate::output::progress();
    let answered = tokio::task::block_in_place(|| socket::ask(&common.dir, &request, &mut hearer));
    if let Some(answer) = answered {
        return answer;
    }
    let config = NodeConfig::read(&common.dir)?;
    let unlocking = Unlocking::find(common, &config, Typed::Known)?;
    let reach = if matches!(request, Request::Join { .. }) { Reach::Dialing } else { Reach::Offline };
    let node = tokio::task::block_in_place(|| Node::open(&common.dir, unlocking.as_unlock(), config, reach))?;
    node.run_one(request, hearer).await
}

/// Which sort of node is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NodeSort {
    Hub,
    Member,
}

async fn init(common: &Common, args: &InitArgs, sort: NodeSort, out: Output) -> Result<View, Problem> {
    let config = NodeConfig::read(&common.dir)?;
    if args.new_key_file {
        let Some(path) = &common.key_file else {
            let problem = "--new-key-file needs --key-file";
            return Err(Problem::new(Exit::Usage, "no-key-file", problem, "say where the key file is to be"));
        };
        cwg_store::create_key_file(path).map_err(|error| problems::store(&error))?;
    }
    let unlocking = Unlocking::find(common, &config, Typed::New)?;
    let (name, listen) = (args.name.clone(), args.listen.clone());
    let request = match sort {
        NodeSort::Hub => Request::HubInit { name, listen },
        NodeSort::Member => Request::MemberInit { name, listen },
    };
    // What cannot become a node makes no directory.
    Node::check(&request)?;
    let node = tokio::task::block_in_place(|| Node::create(&common.dir, unlocking.as_unlock(), config))?;
    let view = node.run_one(request, crate::output::progress()).await?;
    if let Unlocking::KeyFile(path) = &unlocking {
        write_config(&common.dir, path, out)?;
    }
    Ok(view)
}

/// Names the key file in a new `cwg.toml`, so that later commands find it.
fn write_config(dir: &Path, key_file: &Path, out: Output) -> Result<(), Problem> {
    let path = dir.join(crate::config::FILE);
    let key_file = absolute(key_file)?;
    let mut table = toml::Table::new();
    let mut store = toml::Table::new();
    store.insert("key_file".to_owned(), key_file.display().to_string().into());
    table.insert("store".to_owned(), store.into());
    match std::fs::OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut file) => {
            file.write_all(table.to_string().as_bytes()).map_err(|error| problems::cannot_write(&path, &error))?;
            out.note(&format!("wrote {}", path.display()));
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(problems::cannot_write(&path, &error)),
    }
}

async fn add_operator(common: &Common, args: &OperatorArgs) -> Result<View, Problem> {
    let file = args.operator_passphrase_file.as_deref();
    let passphrase = unlock::operator(&args.name, file, Typed::New)?;
    // Asked first: a name that is taken must not leave a key behind.
    ask(common, Request::OperatorList).await?;
    let key = operator_key::create(&common.dir, &args.name, &passphrase)?;
    let added = ask(common, Request::OperatorAdd { name: args.name.clone(), key }).await;
    if added.is_err() {
        operator_key::discard(&common.dir, &args.name);
    }
    added
}

async fn sign(common: &Common, args: &SignArgs, out: Output) -> Result<View, Problem> {
    let shown = ask(common, Request::PilotShow { pilot: args.pilot.clone() }).await?;
    let View::Pilot(pilot) = &shown else { return Err(problems::no_answer()) };
    let Some(member) = &pilot.sign_for else {
        let hint = "the members named in the charter sign it, each on its own node";
        return Err(Problem::new(Exit::Refused, "not-ours-to-sign", "this node is not named in the charter", hint));
    };
    if !args.yes {
        consent(&format!("Sign this charter as {}", args.person.operator.escape_default()), || {
            out.screen(&shown.screen())
        })?;
    }
    let key = operator_key::of(common, &args.person)?;
    let PilotView { pilot: number, charter, .. } = &**pilot;
    let signature = cwg_app::sign_as_person(charter, member, &key)?;
    let request = Request::PilotSign {
        pilot: number.clone(),
        person: args.person.operator.clone(),
        charter: charter.clone(),
        signature,
    };
    ask(common, request).await
}

async fn plan_run(common: &Common, args: PlanArgs) -> Result<View, Problem> {
    if let (true, Some(book), Some(map)) = (args.lighthouse, &args.book, &args.map) {
        let (book, map) = (absolute(book)?, absolute(map)?);
        let request = Request::LighthousePlan { pilot: args.pilot, book, map, types: args.types, roles: Vec::new() };
        return ask(common, request).await;
    }
    let learns = match args.learns.as_str() {
        "us" => WhoLearns::Us,
        "them" => WhoLearns::Them,
        "both" => WhoLearns::Both,
        _ => {
            let problem = "--learns is `us`, `them` or `both`";
            return Err(Problem::new(Exit::Usage, "learns", problem, "name who is to learn the matches"));
        }
    };
    let request = Request::RunPlan {
        pilot: args.pilot,
        // Without it there is --lighthouse, as the arguments say.
        with: args.peer.unwrap_or_default(),
        learns,
        types: args.types,
        roles: Vec::new(),
        protocol: args.protocol,
    };
    ask(common, request).await
}

async fn start_run(
    common: &Common,
    run: String,
    consent: ConsentArgs,
    wait: bool,
    out: Output,
) -> Result<View, Problem> {
    let view = ask(common, Request::RunStatus { run: run.clone() }).await?;
    let View::Run(planned) = &view else { return Err(problems::no_answer()) };
    let leakage = cwg_app::leakage_of(&planned.protocol)?;
    let digest = consented_to(consent, "Start this run", &leakage.digest, || {
        out.screen(&view.screen());
        show_leakage(&leakage, out);
    })?;
    let started = ask(common, Request::RunStart { run: run.clone(), leakage: digest }).await?;
    if wait { ask(common, Request::RunAwait { run }).await } else { Ok(started) }
}

/// What a run reveals, low-entropy guessing first among what is not protected.
pub(crate) fn show_leakage(leakage: &LeakageView, out: Output) {
    for (who, facts) in [
        ("the receiver learns", &leakage.receiver),
        ("the sender learns", &leakage.sender),
        ("someone who watches the network learns", &leakage.observer),
        ("not protected", &leakage.not_protected),
    ] {
        out.line(&format!("  {who}:"));
        for fact in facts {
            out.line(&format!("    - {fact}"));
        }
    }
    out.line(&format!("  holds against: {} sides, if {}", leakage.model, leakage.assumption));
}

/// The digest of the leakage that a person consents to: as given, or `shown` after a question unless that was answered before.
pub(crate) fn consented_to(
    args: ConsentArgs,
    question: &str,
    shown: &str,
    show: impl FnOnce(),
) -> Result<String, Problem> {
    if let Some(digest) = args.leakage {
        return Ok(digest);
    }
    if !args.yes {
        consent(question, show)?;
    }
    Ok(shown.to_owned())
}

/// Shows what is consented to, and asks for a yes.
pub(crate) fn consent(question: &str, show: impl FnOnce()) -> Result<(), Problem> {
    let refused =
        |problem: &str| Problem::new(Exit::Refused, "no-consent", problem, "give --yes to consent without a question");
    if !std::io::stdin().is_terminal() {
        return Err(refused("there is no terminal to ask for consent"));
    }
    show();
    let mut talk = std::io::stderr().lock();
    let _ = write!(talk, "{question}? Type yes: ").and_then(|()| talk.flush());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|_| refused("no answer could be read"))?;
    if line.trim() == "yes" { Ok(()) } else { Err(refused("nothing was done")) }
}

fn read_invitation(path: &Path) -> Result<String, Problem> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .take(INVITATION_FILE_LEN_MAX)
            .read_to_string(&mut text)
            .map_err(|error| problems::cannot_read(path, &error))?;
        return Ok(text);
    }
    let bytes = problems::read_file(path)?;
    String::from_utf8(bytes).map_err(|_| {
        let problem = format!("{} is not an invitation", path.display());
        Problem::new(
            Exit::BadInput,
            "bad-invitation",
            problem,
            "give the file that holds what `cwg hub invite` printed",
        )
    })
}

pub(crate) fn absolute(path: &Path) -> Result<std::path::PathBuf, Problem> {
    std::path::absolute(path).map_err(|error| problems::cannot_read(path, &error))
}
