//! The phases of a round as the traces of its nodes have them, and what each node did in each.

use std::time::Duration;

use cwg_protocol::round::RoundMessage;

use crate::trace::{Event, What};

/// What a node was in a round. Keyholders and the relay are members too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Hub,
    Relay,
    Keyholder,
    Member,
}

/// A phase: from when it could begin to when it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// From the first consent to the last value stored at any member.
    Evaluation,
    /// From the opening of the turn to the slots.
    Tickets,
    /// To the last piece at the hub.
    Uploads,
    /// To the last result stored at any member.
    Result,
}

impl Phase {
    /// The messages that are sent for it.
    const fn messages(self) -> &'static [&'static str] {
        match self {
            Self::Evaluation => &["EvaluateAsk", "EvaluateAnswer", "EvaluateRefused"],
            Self::Tickets => &["TurnOpened", "TicketAsk", "TicketGiven", "Channels", "Slots"],
            Self::Uploads => &["Upload", "Passed", "Carried", "Dropped"],
            Self::Result => &["Returned", "Answer", "TurnEnded"],
        }
    }
}

/// A span of the clock that all nodes of a machine share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Duration,
    pub(super) to: Duration,
}

impl Span {
    pub(super) fn seconds(self) -> f64 {
        self.to.saturating_sub(self.from).as_secs_f64()
    }
}

/// The traces of all nodes of one round.
pub(super) struct Traces {
    nodes: Vec<(Role, Vec<Event>)>,
    spans: [Span; 4],
    pub(super) after_uploads: AfterUploads,
}

/// What the hub does between the last piece and the first answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct AfterUploads {
    /// Searching what is left, and sealing answers.
    pub(super) search: Span,
    /// Waiting for the beat.
    pub(super) beat: Span,
}

impl Traces {
    /// What nodes did since a time; none if a phase is missing.
    pub(super) fn new(events: Vec<Vec<Event>>, roles: Vec<Role>, since: Duration) -> Option<Self> {
        let later = |events: Vec<Event>| events.into_iter().filter(|event| event.at >= since).collect();
        let nodes: Vec<(Role, Vec<Event>)> = roles.into_iter().zip(events.into_iter().map(later)).collect();
        let (_, hub) = nodes.iter().find(|(role, _)| *role == Role::Hub)?;
        let logs = |code: &str| -> Option<Vec<Duration>> {
            let is_of = |event: &&Event| matches!(&event.what, What::Log(of) if of == code);
            let members = nodes.iter().filter(|(role, _)| *role != Role::Hub);
            members.map(|(_, events)| events.iter().find(is_of).map(|event| event.at)).collect()
        };
        let joined = logs("round-joined")?.into_iter().min()?;
        let evaluated = logs("round-evaluated")?.into_iter().max()?;
        let answered = logs("round-answered")?.into_iter().max()?;
        let mut at_hub = hub.iter();
        let opened = at_hub.find(|event| event.what == What::Log("round-turn-opened".to_owned()))?.at;
        let slots = at_hub.find(|event| is_sent(event, "Slots"))?.at;
        let uploaded = hub.iter().rfind(|event| is_received(event, "Carried"))?.at;
        let returned = hub.iter().find(|event| is_sent(event, "Returned"))?.at;
        let is_before = |event: &&Event| event.at <= returned && event.what == What::Job;
        let searched = hub.iter().rfind(is_before)?.at.max(uploaded);
        let span = |from, to| Span { from, to };
        let spans = [span(joined, evaluated), span(opened, slots), span(slots, uploaded), span(uploaded, answered)];
        let after_uploads = AfterUploads { search: span(uploaded, searched), beat: span(searched, returned) };
        Some(Self { nodes, spans, after_uploads })
    }

    pub(super) fn span(&self, phase: Phase) -> Span {
        self.spans[phase as usize]
    }

    /// From the first consent to the last result, without the time between the phases.
    pub(super) fn busy_s(&self) -> f64 {
        self.spans.iter().map(|span| span.seconds()).sum()
    }

    pub(super) fn roles(&self) -> impl Iterator<Item = Role> {
        self.nodes.iter().map(|(role, _)| *role)
    }

    /// Processor seconds of each node of a role in a phase.
    pub(super) fn processor_s(&self, role: Role, phase: Phase) -> Vec<f64> {
        let Span { from, to } = self.span(phase);
        let used = |events: &[Event], at: Duration| {
            events.iter().rfind(|event| event.at <= at).map_or(Duration::ZERO, |event| event.processor)
        };
        self.of(role).map(|events| used(events, to).saturating_sub(used(events, from)).as_secs_f64()).collect()
    }

    /// Bytes of frames of a phase that each node of a role sent and received.
    pub(super) fn bytes(&self, role: Role, phase: Phase) -> (Vec<u64>, Vec<u64>) {
        let kinds: Vec<u16> = phase.messages().iter().map(|name| kind(name)).collect();
        let of_node = |events: &[Event]| {
            events.iter().fold((0, 0), |(sent, received), event| match event.what {
                What::Sent(kind, len) if kinds.contains(&kind) => (sent + len, received),
                What::Received(kind, len) if kinds.contains(&kind) => (sent, received + len),
                _ => (sent, received),
            })
        };
        self.of(role).map(of_node).unzip()
    }

    fn of(&self, role: Role) -> impl Iterator<Item = &[Event]> {
        self.nodes.iter().filter(move |(of, _)| *of == role).map(|(_, events)| events.as_slice())
    }
}

fn is_sent(event: &Event, name: &str) -> bool {
    matches!(event.what, What::Sent(of, _) if of == kind(name))
}

fn is_received(event: &Event, name: &str) -> bool {
    matches!(event.what, What::Received(of, _) if of == kind(name))
}

/// The kind of a message by its name.
fn kind(name: &str) -> u16 {
    let found = RoundMessage::KINDS.iter().find(|(of, ..)| *of == name);
    found.expect("names are those of messages of rounds").1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64, what: What) -> Event {
        Event { at: Duration::from_secs(secs), processor: Duration::from_millis(100 * secs), what }
    }

    fn log(code: &str) -> What {
        What::Log(code.to_owned())
    }

    fn round() -> [Vec<Event>; 3] {
        let member = |late: u64| {
            vec![
                at(1, log("round-evaluated")),
                at(10, log("round-joined")),
                at(11, What::Sent(kind("EvaluateAsk"), 100)),
                at(20 + late, log("round-evaluated")),
                at(33, What::Sent(kind("Upload"), 7)),
                at(52 + late, log("round-answered")),
            ]
        };
        let hub = vec![
            at(2, What::Received(kind("Carried"), 900)),
            at(30, log("round-turn-opened")),
            at(31, What::Received(kind("Carried"), 7)),
            at(32, What::Sent(kind("Slots"), 50)),
            at(40, What::Received(kind("Carried"), 9)),
            at(43, What::Job),
            at(50, What::Sent(kind("Returned"), 5)),
            at(51, What::Job),
        ];
        [member(0), member(4), hub]
    }

    #[test]
    fn phases_are_from_the_first_that_could_to_the_last_that_was_done() {
        let roles = vec![Role::Keyholder, Role::Member, Role::Hub];
        let traces = Traces::new(round().to_vec(), roles, Duration::from_secs(5)).unwrap();
        let phases = [Phase::Evaluation, Phase::Tickets, Phase::Uploads, Phase::Result];
        let spans = phases.map(|phase| (traces.span(phase).from.as_secs(), traces.span(phase).to.as_secs()));
        assert_eq!(spans, [(10, 24), (30, 32), (32, 40), (40, 56)]);
        let after = traces.after_uploads;
        assert_eq!((after.search.seconds(), after.beat.seconds(), traces.busy_s()), (3.0, 7.0, 40.0));
        assert_eq!(traces.bytes(Role::Hub, Phase::Uploads), (vec![0], vec![16]), "what was before counts for nothing");
        assert_eq!(traces.bytes(Role::Member, Phase::Evaluation), (vec![100], vec![0]));
        let of_member = traces.processor_s(Role::Member, Phase::Evaluation);
        assert!(of_member.len() == 1 && (of_member[0] - 1.4).abs() < 1e-9, "{of_member:?}");
    }

    #[test]
    fn a_round_that_did_not_end_has_no_phases() {
        let roles = || vec![Role::Keyholder, Role::Member, Role::Hub];
        for (node, missing) in [(0, 5), (1, 3), (2, 3), (2, 1)] {
            let mut events = round().to_vec();
            events[node].remove(missing);
            assert!(Traces::new(events, roles(), Duration::from_secs(5)).is_none(), "{node} {missing}");
        }
    }
}
