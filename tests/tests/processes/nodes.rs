//! Nodes as processes, each with a directory of its own; all gone at the end.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// What another process has not done by then it will not do.
const WITHIN: Duration = Duration::from_secs(60);

/// How often another process is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// The shipped program, built in the profile of this test.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let deps = std::env::current_exe().unwrap();
        let profile = deps.parent().and_then(Path::parent).unwrap().to_owned();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", "cwg"]);
        if profile.file_name().is_some_and(|name| name == "release") {
            build.arg("--release");
        }
        let target = profile.parent().unwrap();
        assert!(build.env("CARGO_TARGET_DIR", target).status().unwrap().success(), "cwg does not build");
        profile.join("cwg")
    })
}

/// The program on a directory.
pub(crate) fn program(dir: &Path) -> Command {
    let mut command = Command::new(binary());
    command.env_remove("CWG_DIR").env_remove("CWG_LOG").stdin(Stdio::null()).arg("--dir").arg(dir);
    command
}

/// One command with its answer as JSON.
pub(crate) fn cwg(dir: &Path, args: &[&str]) -> Answer {
    Answer::of(program(dir).arg("--json").args(args).output().unwrap())
}

/// What a command came to.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) text: String,
    talk: String,
}

impl Answer {
    pub(crate) fn of(done: std::process::Output) -> Self {
        let text = String::from_utf8(done.stdout).unwrap();
        let talk = String::from_utf8_lossy(&done.stderr).into_owned();
        Self { code: done.status.code().unwrap_or(-1), text, talk }
    }

    /// The document of a command that did it.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.code, 0, "{}{}", self.text, self.talk);
        serde_json::from_str(&self.text).unwrap()
    }

    /// The document of a command whose answer is no.
    pub(crate) fn no(&self) -> Value {
        assert_eq!(self.code, 1, "{}{}", self.text, self.talk);
        serde_json::from_str(&self.text).unwrap()
    }

    /// The problem of a command that did not.
    pub(crate) fn refused(&self, exit: i32) -> Value {
        assert_eq!(self.code, exit, "{}{}", self.text, self.talk);
        assert!(self.talk.contains("hint: "), "{}", self.talk);
        let document: Value = serde_json::from_str(&self.text).unwrap();
        document["problem"].clone()
    }
}

/// One node.
pub(crate) struct Node {
    pub(crate) dir: PathBuf,
    daemon: Option<Child>,
}

impl Node {
    fn init(root: &Path, slug: &str, args: &[&str]) -> Self {
        let dir = root.join(slug);
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let key = root.join(format!("{slug}.key")).display().to_string();
        let rest = ["--listen", &port, "--key-file", &key, "--new-key-file"];
        cwg(&dir, &[args, &rest].concat()).ok();
        Self { dir, daemon: None }
    }

    /// Starts its daemon and waits until it serves.
    pub(crate) fn serve(&mut self) {
        let log = File::create(self.dir.join("serve.log")).unwrap();
        let mut child = program(&self.dir).arg("serve").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let served = lines.by_ref().map_while(Result::ok).any(|line| line.starts_with("serving "));
        assert!(served, "the daemon ended before it served");
        std::thread::spawn(move || {
            let mut log = log;
            for line in lines.map_while(Result::ok) {
                let _ = std::io::Write::write_all(&mut log, line.as_bytes());
            }
        });
        self.daemon = Some(child);
    }

    /// The daemon's process, as the system numbers it.
    pub(crate) fn pid(&self) -> String {
        self.daemon.as_ref().map(Child::id).unwrap().to_string()
    }

    /// SIGSTOP: from now on the daemon does nothing and says nothing.
    pub(crate) fn freeze(&self) {
        assert!(Command::new("kill").args(["-STOP", &self.pid()]).status().unwrap().success());
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.daemon.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        // Beside the directory, which only the node writes to.
        self.dir.with_file_name(format!("{}-{name}", self.dir.file_name().unwrap().display()))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub(crate) fn cwg(&self, args: &[&str]) -> Answer {
        cwg(&self.dir, args)
    }

    /// Asks until the answer is as it should be.
    pub(crate) fn until(&self, args: &[&str], as_it_should: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + WITHIN;
        loop {
            let answer = self.cwg(args);
            if answer.code == 0 && as_it_should(&answer.ok()) {
                return answer.ok();
            }
            assert!(Instant::now() < deadline, "{args:?}: {}", answer.text);
            std::thread::sleep(ASK_AGAIN);
        }
    }

    /// Whether a file of the node holds these bytes as they are.
    pub(crate) fn holds(&self, bytes: &[u8]) -> bool {
        fn any(dir: &Path, bytes: &[u8]) -> bool {
            fs::read_dir(dir).unwrap().flatten().any(|entry| {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    return any(&entry.path(), bytes);
                }
                kind.is_file() && fs::read(entry.path()).unwrap().windows(bytes.len()).any(|window| window == bytes)
            })
        }
        any(&self.dir, bytes)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A hub and banks that have joined and signed one charter if they are two or more, all serving.
pub(crate) struct Group {
    pub(crate) banks: Vec<Node>,
    pub(crate) hub: Node,
    root: TempDir,
}

impl Group {
    pub(crate) fn start(banks: usize) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut hub = Node::init(root.path(), "hub", &["hub", "init", "--name", "Hub"]);
        hub.serve();
        let passphrase = root.path().join("passphrase");
        fs::write(&passphrase, "correct horse battery staple\n").unwrap();
        let mut group = Self { banks: Vec::new(), hub, root };
        for number in 0..banks {
            let mut bank = group.member(&format!("bank{number}"));
            let invitation = group.hub.cwg(&["hub", "invite", "--name", &format!("Bank {number}")]).ok();
            fs::write(bank.path("invitation.txt"), invitation["text"].as_str().unwrap()).unwrap();
            bank.cwg(&["member", "join", &bank.text("invitation.txt")]).ok();
            bank.serve();
            let file = passphrase.display().to_string();
            bank.cwg(&["operator", "add", "Ann", "--operator-passphrase-file", &file]).ok();
            group.banks.push(bank);
        }
        // A charter is between two.
        if banks < 2 {
            return group;
        }
        let names: Vec<String> = (0..banks).map(|number| format!("\"Bank {number}\"")).collect();
        let charter = group.root.path().join("charter.toml");
        let names = names.join(", ");
        // A round is between four.
        let (runs, sections) = match banks {
            ..4 => (r#""pair", "lighthouse", "count""#, String::new()),
            _ => (r#""pair", "lighthouse", "round", "count""#, ROUNDS.replace("MEMBERS", &names)),
        };
        let text = CHARTER.replace("RUNS", runs).replace("SECTIONS", &sections).replace("MEMBERS", &names);
        fs::write(&charter, text).unwrap();
        group.hub.cwg(&["pilot", "new", "--file", &charter.display().to_string()]).ok();
        let file = passphrase.display().to_string();
        for bank in &group.banks {
            bank.until(&["pilot", "show", "Payees"], |pilot| pilot["awaits_us"] == true);
            let sign = ["pilot", "sign", "Payees", "--operator", "Ann", "--yes", "--operator-passphrase-file", &file];
            bank.cwg(&sign).ok();
        }
        for bank in &group.banks {
            bank.until(&["pilot", "show", "Payees"], |pilot| pilot["live"] == true);
        }
        group
    }

    /// A member's node that has joined nothing.
    pub(crate) fn member(&self, slug: &str) -> Node {
        Node::init(self.root.path(), slug, &["member", "init", "--name", slug])
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.banks.iter().chain([&self.hub])
    }
}

const ROUNDS: &str = r#"[rounds]
keyholders = [MEMBERS]
threshold = 2
uploads_min = 4
rounds_per_key = 12
reveals = "clause 9"
"#;

const CHARTER: &str = r#"
name = "Payees"
purpose = "find shared payees"
legal_basis = "invented act, section 1"
members = [MEMBERS]
runs = [RUNS]
learns = ["proposer", "both"]
opens = 2020-01-01
closes = 2099-12-31
retention_days = 90
[budget]
items_per_session = 4096
sessions_per_day = 10
items_min = 10
[counts]
epsilon_thousandths = 500
delta_digits = 9
identifiers = 1
SECTIONS
[[indicators]]
type = "phone"
roles = ["holder", "counterparty"]
[[indicators]]
type = "au-account"
roles = ["counterparty"]
[[indicators]]
type = "btc"
roles = ["counterparty"]
[[indicators]]
type = "hash160"
roles = ["counterparty"]
[[indicators]]
type = "evm"
roles = ["counterparty"]
[[indicators]]
type = "trx"
roles = ["counterparty"]
[[indicators]]
type = "email"
roles = ["holder"]
[[indicators]]
type = "mailbox"
roles = ["holder"]
[[indicators]]
type = "person"
roles = ["holder"]
"#;

/// A `cwg psi listen` that is ready.
pub(crate) struct Listener {
    child: Child,
    pub(crate) address: String,
    pub(crate) pin: String,
}

impl Listener {
    pub(crate) fn start(items: &str) -> Self {
        let mut child = Command::new(binary())
            .args(["psi", "listen", "--items", items])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.next().unwrap().strip_prefix("listening on ").unwrap().to_owned();
        let pin = lines.next().unwrap().strip_prefix("pin ").unwrap().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, pin }
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.kill();
    }
}
