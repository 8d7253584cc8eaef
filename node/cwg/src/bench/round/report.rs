//! The figures of one round, as JSON and as tables.

use serde::Serialize;

use super::spans::{Phase, Role, Traces};
use crate::output::{Output, drawn};

/// One round. The names are what `--json` prints; seconds, bytes, 10^6 bytes.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) members: usize,
    pub(super) items: u32,
    pub(super) k: u8,
    /// From the first consent to the last value stored.
    pub(super) evaluation_s: f64,
    /// From the opening of the turn to the slots.
    pub(super) tickets_s: f64,
    /// From the slots to the last piece at the hub. The search of all pieces but the last ones is in it.
    pub(super) uploads_s: f64,
    /// From the last piece to the last result.
    pub(super) result_s: f64,
    /// Of that, searching and sealing what is left.
    pub(super) search_s: f64,
    /// Of that, waiting for the beat.
    pub(super) beat_s: f64,
    /// All phases, the beat included.
    pub(super) busy_s: f64,
    /// Items that all members found, added up: exactly those of plain counting.
    pub(super) found: usize,
    pub(super) nodes: Vec<NodeFigures>,
}

/// What the nodes of one role did: medians, and of memory the most.
#[derive(Debug, Serialize)]
pub(super) struct NodeFigures {
    role: &'static str,
    nodes: usize,
    cpu_s: Phases<f64>,
    bytes_sent: Phases<u64>,
    bytes_received: Phases<u64>,
    peak_mb: Option<f64>,
}

/// A figure of each phase.
#[derive(Debug, Serialize)]
struct Phases<T> {
    evaluation: T,
    tickets: T,
    uploads: T,
    result: T,
}

impl Figures {
    /// The figures of a round; `peaks` are those of its nodes, in their order. None if there was nobody of a role that every round has.
    pub(super) fn of(traces: &Traces, peaks: Vec<Option<f64>>, (k, items): (u8, u32), found: usize) -> Option<Self> {
        let seconds = |phase| traces.span(phase).seconds();
        let by_role = |role: Role| {
            let of_role = || traces.roles().zip(&peaks).filter(move |(of, _)| *of == role);
            let peaks: Option<Vec<f64>> = of_role().map(|(_, peak)| *peak).collect();
            let (cpu, bytes) = (|phase| traces.processor_s(role, phase), |phase| traces.bytes(role, phase));
            Some(NodeFigures {
                role: name(role),
                nodes: of_role().count(),
                cpu_s: Phases::of(|phase| median(cpu(phase), f64::total_cmp))?,
                bytes_sent: Phases::of(|phase| median(bytes(phase).0, Ord::cmp))?,
                bytes_received: Phases::of(|phase| median(bytes(phase).1, Ord::cmp))?,
                peak_mb: peaks.and_then(|peaks| peaks.into_iter().reduce(f64::max)),
            })
        };
        let has = |role: &Role| traces.roles().any(|of| of == *role);
        let roles = [Role::Hub, Role::Relay, Role::Keyholder, Role::Member].into_iter().filter(has);
        Some(Self {
            members: traces.roles().filter(|role| *role != Role::Hub).count(),
            items,
            k,
            evaluation_s: seconds(Phase::Evaluation),
            tickets_s: seconds(Phase::Tickets),
            uploads_s: seconds(Phase::Uploads),
            result_s: seconds(Phase::Result),
            search_s: traces.after_uploads.search.seconds(),
            beat_s: traces.after_uploads.beat.seconds(),
            busy_s: traces.busy_s(),
            found,
            nodes: roles.map(by_role).collect::<Option<_>>()?,
        })
    }
}

impl<T> Phases<T> {
    fn of(figure: impl Fn(Phase) -> Option<T>) -> Option<Self> {
        Some(Self {
            evaluation: figure(Phase::Evaluation)?,
            tickets: figure(Phase::Tickets)?,
            uploads: figure(Phase::Uploads)?,
            result: figure(Phase::Result)?,
        })
    }

    fn each(&self) -> [&T; 4] {
        [&self.evaluation, &self.tickets, &self.uploads, &self.result]
    }
}

/// Of an even number the smaller of the two in the middle.
fn median<T>(mut figures: Vec<T>, order: impl FnMut(&T, &T) -> std::cmp::Ordering) -> Option<T> {
    figures.sort_by(order);
    let middle = figures.len().checked_sub(1)? / 2;
    Some(figures.swap_remove(middle))
}

const fn name(role: Role) -> &'static str {
    match role {
        Role::Hub => "hub",
        Role::Relay => "relay",
        Role::Keyholder => "keyholder",
        Role::Member => "member",
    }
}

/// Draws each round as two tables.
pub(super) fn draw(rounds: &[Figures], out: Output) {
    for round in rounds {
        out.line(&format!(
            "{} members with {} items each, k = {}: {} items found, as plain counting has it; {:.1} s",
            round.members, round.items, round.k, round.found, round.busy_s
        ));
        let headers = ["evaluation\ns", "tickets\ns", "uploads\ns", "result\ns", "of that\nsearch", "of that\nbeat"];
        let times =
            [round.evaluation_s, round.tickets_s, round.uploads_s, round.result_s, round.search_s, round.beat_s];
        out.line(&drawn(&headers.map(str::to_owned), &[times.map(|time| format!("{time:.2}")).to_vec()]));
        let headers = [
            "",
            "nodes",
            "processor s:\nevaluation",
            "\ntickets",
            "\nuploads",
            "\nresult",
            "MB sent:\nevaluation",
            "\ntickets",
            "\nuploads",
            "\nresult",
            "MB received:\nevaluation",
            "\ntickets",
            "\nuploads",
            "\nresult",
            "peak\nMB",
        ];
        let rows: Vec<Vec<String>> = round.nodes.iter().map(NodeFigures::cells).collect();
        out.line(&drawn(&headers.map(str::to_owned), &rows));
    }
}

impl NodeFigures {
    fn cells(&self) -> Vec<String> {
        let seconds = self.cpu_s.each().map(|seconds| format!("{seconds:.2}"));
        let mb = |bytes: &Phases<u64>| bytes.each().map(|bytes| format!("{:.3}", *bytes as f64 / 1e6));
        let peak = self.peak_mb.map_or_else(|| "-".to_owned(), |mb| format!("{mb:.0}"));
        let figures = [seconds, mb(&self.bytes_sent), mb(&self.bytes_received)].concat();
        [vec![self.role.to_owned(), self.nodes.to_string()], figures, vec![peak]].concat()
    }
}
