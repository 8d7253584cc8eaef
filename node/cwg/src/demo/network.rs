//! The processes of the demo, and of what is measured between nodes: started, joined, under a charter, and removed.

use std::fs::File;
use std::io::{BufReader, Write as _};
use std::net::UdpSocket;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cwg_app::view::{MatchView, RunView};
use cwg_app::{Exit, Problem, Request, View, WhoLearns};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::{entropy, operator_key, problems, socket};

/// A daemon that is not ready by then will not be.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// How often another process is asked whether something has reached it.
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// The person who signs for each bank.
const PERSON: &str = "Demo Person";

/// A hub and its banks.
pub(crate) struct Network {
    // Before the directory: processes end first.
    banks: Vec<Bank>,
    hub: Daemon,
    dir: TempDir,
}

/// What a bank is and holds.
pub(crate) struct Sample<'a> {
    pub(crate) name: &'a str,
    /// Its file.
    pub(crate) file: &'a [u8],
    /// Its column map.
    pub(crate) map: &'a str,
}

/// Whether nodes write down what they do ([`crate::trace`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traced {
    Yes,
    No,
}

/// One bank.
pub(crate) struct Bank {
    pub(crate) name: String,
    daemon: Daemon,
    pilot: String,
}

/// A process that serves a directory; killed when dropped.
pub(crate) struct Daemon {
    dir: PathBuf,
    child: Child,
}

impl Network {
    /// Starts everything and signs the charter everywhere.
    pub(crate) fn start(
        samples: &[Sample<'_>],
        charter: &str,
        traced: Traced,
        talk: impl Fn(&str),
    ) -> Result<Self, Problem> {
        let dir = tempfile::Builder::new()
            .prefix("cwg-demo-")
            .tempdir()
            .map_err(|error| problems::cannot_write(&std::env::temp_dir(), &error))?;
        let root = dir.path();
        init(root, "hub", &["hub", "init", "--name", "Demo hub"])?;
        let hub = Daemon::start(&root.join("hub"), traced)?;
        let mut banks = Vec::new();
        for Sample { name, file, map } in samples {
            let slug = slug(name);
            init(root, &slug, &["member", "init", "--name", name])?;
            let bank_dir = root.join(&slug);
            write(&bank_dir.join("sample.csv"), file)?;
            write(&bank_dir.join("sample.map.toml"), map.as_bytes())?;
            let invite = Request::Invite { name: (*name).to_owned(), valid_secs: 3600 };
            let View::Invitation(invitation) = hub.ask(&invite)? else { return Err(unexpected("an invitation")) };
            let text = bank_dir.join("invitation.txt");
            write(&text, invitation.text.as_bytes())?;
            command(&bank_dir, &["member", "join", &text.display().to_string()])?;
            let daemon = Daemon::start(&bank_dir, traced)?;
            banks.push(Bank { name: (*name).to_owned(), daemon, pilot: String::new() });
        }
        talk("all have joined by invitation; every connection is pinned to the roster, TLS 1.3 with X25519MLKEM768");
        let mut network = Self { banks, hub, dir };
        network.sign(charter)?;
        talk("the charter is signed by every bank's node and a named person of it");
        Ok(network)
    }

    fn sign(&mut self, charter: &str) -> Result<(), Problem> {
        let path = self.dir.path().join("charter.toml");
        write(&path, charter.as_bytes())?;
        let charter = cwg_app::files::read_charter(&path)?;
        let View::Pilot(pilot) = self.hub.ask(&Request::PilotNew { charter })? else {
            return Err(unexpected("a pilot"));
        };
        for bank in &mut self.banks {
            bank.pilot.clone_from(&pilot.pilot);
            let passphrase =
                Zeroizing::new(entropy::seed()?.into_secret().expose().map(|b| format!("{b:02x}")).concat());
            let key = operator_key::create(&bank.daemon.dir, PERSON, &passphrase)?;
            bank.ask(&Request::OperatorAdd { name: PERSON.to_owned(), key })?;
            let shown = bank.await_pilot(|view| view.awaits_us)?;
            let signing = operator_key::open(&bank.daemon.dir, PERSON, &passphrase)?;
            let member = shown.sign_for.clone().unwrap_or_default();
            let signature = cwg_app::sign_as_person(&shown.charter, &member, &signing)?;
            bank.ask(&Request::PilotSign {
                pilot: shown.pilot.clone(),
                person: PERSON.to_owned(),
                charter: shown.charter.clone(),
                signature,
            })?;
        }
        for bank in &self.banks {
            bank.await_pilot(|view| view.live)?;
        }
        Ok(())
    }

    /// Carries out a command of the hub's people.
    pub(crate) fn hub_command(&self, args: &[&str]) -> Result<(), Problem> {
        command(&self.hub.dir, args)
    }

    /// Writes a file beside the nodes, and says where.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<String, Problem> {
        let path = self.dir.path().join(name);
        write(&path, bytes)?;
        Ok(path.display().to_string())
    }

    pub(crate) fn hub(&self) -> &Daemon {
        &self.hub
    }

    pub(crate) fn banks(&self) -> &[Bank] {
        &self.banks
    }

    /// Ends the processes and removes all they wrote.
    pub(crate) fn stop(self) {
        drop(self);
    }

    /// Ends the processes and leaves what they wrote.
    pub(crate) fn keep(self) -> PathBuf {
        let Self { banks, hub, dir } = self;
        drop((banks, hub));
        dir.keep()
    }
}

impl Bank {
    /// Asks the bank's daemon.
    pub(crate) fn ask(&self, request: &Request) -> Result<View, Problem> {
        self.daemon.ask(request)
    }

    pub(crate) fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    /// The pilot whose charter it has signed.
    pub(crate) fn pilot(&self) -> &str {
        &self.pilot
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.daemon.dir.join("sample.csv")
    }

    pub(crate) fn map(&self) -> PathBuf {
        self.daemon.dir.join("sample.map.toml")
    }

    /// The name of its sample.
    pub(crate) fn slug(&self) -> String {
        slug(&self.name)
    }

    /// Plans a run, consents to what the plan says it reveals, and waits for its end.
    pub(crate) fn run_with(&self, other: &str, learns: WhoLearns) -> Result<RunView, Problem> {
        let View::RunPlan(plan) = self.ask(&Request::RunPlan {
            pilot: self.pilot.clone(),
            with: other.to_owned(),
            learns,
            types: Vec::new(),
            roles: Vec::new(),
            protocol: None,
        })?
        else {
            return Err(unexpected("a plan"));
        };
        self.ask(&Request::RunStart { run: plan.run.clone(), leakage: plan.leakage.digest.clone() })?;
        match self.ask(&Request::RunAwait { run: plan.run.clone() })? {
            View::Run(run) => Ok(*run),
            _ => Err(unexpected("a run")),
        }
    }

    /// All matches of a run or a round, in full.
    pub(crate) fn matches(&self, run: &str) -> Result<Vec<MatchView>, Problem> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let list =
                Request::MatchList { run: Some(run.to_owned()), kind: None, after, limit: 1000, withdrawn: false };
            let View::Matches(list) = self.ask(&list)? else { return Err(unexpected("matches")) };
            for line in list.matches {
                let View::Match(full) = self.ask(&Request::MatchShow { id: line.id })? else {
                    return Err(unexpected("a match"));
                };
                all.push(*full);
            }
            match list.next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// Charters travel from node to node on their own: asks until this one has come, within a limit.
    fn await_pilot(
        &self,
        ready: impl Fn(&cwg_app::view::PilotView) -> bool,
    ) -> Result<cwg_app::view::PilotView, Problem> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            match self.ask(&Request::PilotShow { pilot: self.pilot.clone() }) {
                Ok(View::Pilot(view)) if ready(&view) => return Ok(*view),
                Err(problem) if Instant::now() > deadline => return Err(problem),
                _ if Instant::now() > deadline => return Err(unexpected("a charter, in time")),
                _ => std::thread::sleep(ASK_AGAIN),
            }
        }
    }
}

impl Daemon {
    fn start(dir: &Path, traced: Traced) -> Result<Self, Problem> {
        let mut serve = program()?;
        serve.args(["--dir", &dir.display().to_string(), "serve"]);
        if traced == Traced::Yes {
            serve.arg("--trace").arg(trace_of(dir));
        }
        let mut child = serve
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed("a node could not be started", &error.to_string()))?;
        let talk = child.stderr.take().ok_or_else(|| unexpected("a pipe"))?;
        let daemon = Self { dir: dir.to_owned(), child };
        let log = File::create(dir.join("serve.log")).map_err(|error| problems::cannot_write(dir, &error))?;
        let (ready, is_ready) = std::sync::mpsc::channel();
        std::thread::spawn(move || copy_log(BufReader::new(talk), log, &ready));
        match is_ready.recv_timeout(READY_WITHIN) {
            Ok(Ok(())) => Ok(daemon),
            Ok(Err(said)) => Err(failed("a node ended at once", &said)),
            Err(_) => Err(failed("a node did not get ready", "it said nothing in time")),
        }
    }

    /// Its number, as `/proc` has it.
    pub(crate) fn number(&self) -> String {
        self.child.id().to_string()
    }

    /// What it has done so far; empty if it is not traced.
    pub(crate) fn trace(&self) -> Result<String, Problem> {
        let path = trace_of(&self.dir);
        match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            read => read.map_err(|error| failed("a trace cannot be read", &error.to_string())),
        }
    }

    pub(crate) fn ask(&self, request: &Request) -> Result<View, Problem> {
        socket::ask(&self.dir, request, &mut crate::output::progress())
            .unwrap_or_else(|| Err(failed("a node is gone", "see serve.log, with --keep")))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies what a daemon says to a file, and tells when it serves, or what it said if it ends before.
fn copy_log(lines: impl std::io::BufRead, mut log: File, ready: &std::sync::mpsc::Sender<Result<(), String>>) {
    let mut said = Vec::new();
    let mut serving = false;
    for line in lines.lines().map_while(Result::ok) {
        let _ = writeln!(log, "{line}");
        if !serving && line.starts_with("serving ") {
            serving = true;
            let _ = ready.send(Ok(()));
        }
        if !serving {
            said.push(line);
        }
    }
    if !serving {
        let _ = ready.send(Err(said.join("; ")));
    }
}

/// Beside the directory, which only the node writes to.
fn trace_of(dir: &Path) -> PathBuf {
    dir.with_extension("trace")
}

fn slug(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}

/// Makes a node's directory with a key file and a free port.
fn init(root: &Path, slug: &str, args: &[&str]) -> Result<(), Problem> {
    let address = UdpSocket::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .map_err(|error| failed("no free port on this machine", &error.to_string()))?;
    let key = root.join(format!("{slug}.key")).display().to_string();
    let mut all = args.to_vec();
    let address = address.to_string();
    all.extend(["--listen", &address, "--key-file", &key, "--new-key-file"]);
    command(&root.join(slug), &all)
}

fn command(dir: &Path, args: &[&str]) -> Result<(), Problem> {
    let done = program()?
        .args(["--dir", &dir.display().to_string()])
        .args(args)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed("a command could not be started", &error.to_string()))?;
    if done.status.success() {
        return Ok(());
    }
    Err(failed("a command of the demo failed", String::from_utf8_lossy(&done.stderr).trim()))
}

fn program() -> Result<Command, Problem> {
    let path =
        std::env::current_exe().map_err(|error| failed("this program does not find itself", &error.to_string()))?;
    let mut command = Command::new(path);
    // The demo's nodes are its own: nothing of the caller's node is touched.
    command.env_remove("CWG_DIR");
    Ok(command)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|error| problems::cannot_write(path, &error))
}

fn failed(what: &str, said: &str) -> Problem {
    Problem::new(Exit::Internal, "demo", format!("{what}: {said}"), "run it again with --keep and look at the logs")
}

/// Asks until it is so, within a limit.
pub(crate) fn until(within: Duration, what: &str, so: impl Fn() -> Result<bool, Problem>) -> Result<(), Problem> {
    let deadline = Instant::now() + within;
    while !so()? {
        if Instant::now() > deadline {
            return Err(unexpected(&format!("{what}, in time")));
        }
        std::thread::sleep(ASK_AGAIN);
    }
    Ok(())
}

/// An answer of another kind than was asked for.
pub(crate) fn unexpected(what: &str) -> Problem {
    failed("the demo expected", what)
}
