//! Problems of the binary's own surroundings: files, the store, the network. One sentence and one remedy each.

use std::path::Path;
use std::time::Duration;

use cwg_app::{Exit, Problem};
use cwg_engine::io::DialFailure;
use cwg_engine::state::Misfit;
use cwg_net::NetError;
use cwg_protocol::BadPin;
use cwg_protocol::session::PlainError;
use cwg_store::{BadRecord, Blame, StoreError};

/// What to do about a defect of this program.
pub(crate) const REPORT: &str = "report this with the output of cwg doctor";

/// Files larger than this are not read whole.
const FILE_LEN_MAX: u64 = 1 << 30;

pub(crate) fn store(error: &StoreError) -> Problem {
    let exit = match (error, error.blame()) {
        (StoreError::InUse { .. }, _) => Exit::TryAgain,
        (StoreError::AlreadyThere { .. }, _) => Exit::CannotCreate,
        (_, Blame::Machine) => Exit::Io,
        (_, Blame::Operator) => Exit::Configuration,
        (_, Blame::Caller) => Exit::Internal,
    };
    Problem::new(exit, "store", error.problem(), error.hint())
}

pub(crate) fn record(number: u64, error: &BadRecord) -> Problem {
    let hint = "start the version of the program that wrote the store, or restore the directory from a backup";
    Problem::new(Exit::Io, "record-unreadable", format!("record {number} of the journal: {error}"), hint)
}

pub(crate) fn misfit(error: &Misfit) -> Problem {
    Problem::new(Exit::Io, "journal-misfit", error.to_string(), "restore the directory from a backup")
}

pub(crate) fn net(error: &NetError) -> Problem {
    let hint = match error {
        NetError::Listen { .. } => "choose an address of this machine and a free UDP port, with [net] bind in cwg.toml",
        _ => "report this with the output of cwg doctor",
    };
    Problem::new(Exit::Unavailable, "network", error.to_string(), hint)
}

pub(crate) fn bind_unknown(address: &str) -> Problem {
    Problem::new(
        Exit::Configuration,
        "bind-unknown",
        format!("{address} is a name, and this node has to listen on an address"),
        "set [net] bind = \"ADDRESS:PORT\" in cwg.toml",
    )
}

pub(crate) fn config(path: &Path, error: &toml::de::Error) -> Problem {
    let text = error.to_string();
    let first: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Problem::new(
        Exit::Configuration,
        "config",
        format!("{}: {}", path.display(), first.join("; ")),
        "docs/operations.md lists every key with its values",
    )
}

pub(crate) fn no_entropy() -> Problem {
    let hint = "start the node on a system with a working random device";
    Problem::new(Exit::Io, "no-entropy", "the operating system gives no random bytes", hint)
}

pub(crate) fn no_answer() -> Problem {
    Problem::new(Exit::Internal, "no-answer", "the node ended before it answered", "look at its log and start it again")
}

pub(crate) fn cannot_read(path: &Path, error: &std::io::Error) -> Problem {
    let hint = "check the path and its permissions";
    Problem::new(Exit::Io, "cannot-read", format!("cannot read {}: {error}", path.display()), hint)
}

pub(crate) fn cannot_write(path: &Path, error: &std::io::Error) -> Problem {
    let hint = "check the directory, its permissions and the space on its disk";
    Problem::new(Exit::CannotCreate, "cannot-write", format!("cannot write {}: {error}", path.display()), hint)
}

/// Reads a regular file of bounded length.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Problem> {
    let meta = std::fs::metadata(path).map_err(|error| cannot_read(path, &error))?;
    if !meta.is_file() {
        return Err(not_a_file(path));
    }
    if meta.len() > FILE_LEN_MAX {
        let problem = format!("{} has {} bytes, at most {FILE_LEN_MAX} are read", path.display(), meta.len());
        return Err(Problem::new(Exit::BadInput, "file-too-large", problem, "split the file"));
    }
    std::fs::read(path).map_err(|error| cannot_read(path, &error))
}

pub(crate) fn not_a_file(path: &Path) -> Problem {
    let hint = "give the path of an ordinary file";
    Problem::new(Exit::BadInput, "not-a-file", format!("{} is not a file", path.display()), hint)
}

pub(crate) fn file_changed(path: &Path) -> Problem {
    let problem = format!("{} was changed while it was in use; nothing was written", path.display());
    Problem::new(Exit::BadInput, "file-changed", problem, "leave the file alone until the command ends")
}

pub(crate) fn too_many_lines(path: &Path) -> Problem {
    let problem = format!("{} has more than {} lines", path.display(), u32::MAX);
    Problem::new(Exit::BadInput, "too-many-lines", problem, "split the file")
}

pub(crate) fn long_line(path: &Path, line: usize, limit: usize) -> Problem {
    let problem = format!("{}, line {line}: longer than {limit} bytes", path.display());
    Problem::new(Exit::BadInput, "line-too-long", problem, "give a text file with one item a line")
}

pub(crate) fn no_items(path: &Path) -> Problem {
    let problem = format!("{} holds no items", path.display());
    Problem::new(Exit::BadInput, "no-items", problem, "give a text file with one item a line")
}

pub(crate) fn too_many_items(path: &Path, items: usize, limit: u32) -> Problem {
    let problem = format!("{} holds {items} items, this protocol takes {limit}, padding included", path.display());
    Problem::new(Exit::BadInput, "too-many-items", problem, "split the file")
}

pub(crate) fn bad_pin(error: &BadPin) -> Problem {
    Problem::new(Exit::Usage, "bad-pin", error.to_string(), "copy what `cwg psi listen` printed after `pin`")
}

pub(crate) fn unknown_protocol(name: &str) -> Problem {
    let problem = format!("there is no protocol `{}`", name.escape_default());
    Problem::new(Exit::Usage, "unknown-protocol", problem, "`cwg protocols` lists them")
}

pub(crate) fn needs_labels(name: &str) -> Problem {
    let problem = format!("`{name}` needs a label for each item, which lines do not have");
    Problem::new(
        Exit::Usage,
        "needs-labels",
        problem,
        "choose another protocol; `cwg bench lighthouse` measures this one",
    )
}

pub(crate) fn no_address() -> Problem {
    Problem::new(Exit::Internal, "no-address", "the listener has no address", "report this")
}

pub(crate) fn network_stopped() -> Problem {
    Problem::new(Exit::Internal, "network-stopped", "the network driver ended", "start the command again")
}

pub(crate) fn loader_stopped() -> Problem {
    Problem::new(Exit::Internal, "loader-stopped", "the reader of the own set ended before the session", REPORT)
}

pub(crate) fn dial(failure: DialFailure, address: &str) -> Problem {
    let address = address.escape_default();
    let (code, problem, hint) = match failure {
        DialFailure::Unresolved => ("address-unresolved", format!("{address} names no address"), "give HOST:PORT"),
        DialFailure::Unreachable => {
            ("unreachable", format!("nothing answers at {address}"), "check that the listener runs, and its UDP port")
        }
        DialFailure::Busy => {
            ("busy", format!("what answers at {address} has no room for one more connection"), "try again in a minute")
        }
        DialFailure::Refused => (
            "handshake-refused",
            format!("what answers at {address} does not hold the pinned key, or does not accept us"),
            "compare the pin with what the listener printed, and the versions of both",
        ),
    };
    Problem::new(Exit::Unavailable, code, problem, hint)
}

pub(crate) fn peer_lost() -> Problem {
    let hint = "start both sides again; nothing was learnt";
    Problem::new(Exit::Unavailable, "peer-lost", "the other side went away before the end", hint)
}

pub(crate) fn peer_silent(limit: Duration) -> Problem {
    let problem = format!("the other side said nothing for {} s", limit.as_secs());
    Problem::new(Exit::Unavailable, "peer-silent", problem, "start both sides again; nothing was learnt")
}

pub(crate) fn plain(error: &PlainError) -> Problem {
    let (code, hint) = match error {
        PlainError::Version { .. } => ("protocol-version", "use the same version on both sides"),
        PlainError::Terms => ("terms", "give both sides the same --protocol and the same version"),
        PlainError::Labels => ("labels", "choose a protocol without labels on both sides"),
        PlainError::Size { .. } => ("size", "split the larger file"),
        PlainError::GivenUp(given_up) => (given_up.code(), "start both sides again; nothing was learnt"),
        PlainError::Violation(violation) => (violation.code(), "do not trust the other side; nothing was learnt"),
    };
    Problem::new(Exit::Unavailable, code, error.to_string(), hint)
}

pub(crate) fn nothing_to_measure() -> Problem {
    let hint = "`cwg protocols` lists each protocol with its model and the largest set it takes";
    Problem::new(Exit::Usage, "nothing-to-measure", "no protocol fits these choices and sizes", hint)
}

pub(crate) fn one_size() -> Problem {
    let hint = "give --receiver-items and --sender-items, or --items";
    Problem::new(Exit::Usage, "one-size", "only one side has a size", hint)
}

pub(crate) fn relay(error: &std::io::Error) -> Problem {
    let problem = format!("the emulated link cannot be set up: {error}");
    Problem::new(Exit::Unavailable, "link", problem, "check that UDP on loopback is allowed")
}

pub(crate) fn bench_side_not_started(error: &std::io::Error) -> Problem {
    let problem = format!("this program cannot start itself a second time: {error}");
    Problem::new(Exit::Unavailable, "bench-side", problem, "check that its file is still there")
}

pub(crate) fn bench_side_lost() -> Problem {
    let hint = "see what it wrote to standard error; its memory may not have sufficed";
    Problem::new(Exit::Unavailable, "bench-side", "one side of the measurement ended before it was done", hint)
}

pub(crate) fn bench_side_alone() -> Problem {
    let problem = "this is one side of a measurement and was not told what to measure";
    Problem::new(Exit::Usage, "bench-side", problem, "run `cwg bench psi`")
}

pub(crate) fn wrong_matches(protocol: &str) -> Problem {
    let problem = format!("{protocol} did not find exactly the items that were planted");
    Problem::new(Exit::Internal, "wrong-matches", problem, REPORT)
}

pub(crate) fn not_so_many_holders(holders: u8, threshold: u8) -> Problem {
    let problem = format!("a key that {holders} hold cannot be one that {threshold} of them evaluate");
    Problem::new(Exit::Usage, "keyholders", problem, "choose 2 to 15 keyholders, of whom 2 to all evaluate")
}

pub(crate) fn too_many_collected(members: u8, items: u32, threshold: u8) -> Problem {
    let problem = format!("what {threshold} of {members} lists of {items} items hold cannot be searched for");
    Problem::new(Exit::Usage, "collect", problem, "choose up to 2^20 items, and no more holders than members")
}

pub(crate) fn too_few_members(threshold: u8, members: u8) -> Problem {
    let problem = format!("a round of {members} members cannot be one of k = {threshold}");
    Problem::new(Exit::Usage, "too-few-members", problem, "take at least two members more than k")
}

pub(crate) fn round_ended(why: &str, code: &str) -> Problem {
    let hint = "if items were not evaluated in time, give it more with --evaluate";
    Problem::new(Exit::Unavailable, "round-ended", format!("the round ended without a result: {why} ({code})"), hint)
}
