//! Views of releases, recalls and trends: what the engine knows, in words.

use cwg_engine::record::NodeKind;
use cwg_engine::state::State;
use cwg_engine::{Draft, Published};
use cwg_protocol::UnixTime;
use cwg_protocol::lighthouse::{Figure, PersonSignature, ReleaseBody, VerifiedRelease};
use cwg_protocol::roster::{Entry, Status};
use cwg_protocol::wire::encode;

use super::trends::{ComparisonView, TrendsView};
use crate::named::name_of;
use crate::problem::{Exit, Problem};
use crate::times::shown;
use crate::view::{
    FigureLine, GroupMeanView, KeyCount, MemberReleaseLine, PersonLine, RecallLine, RecallsView, ReleaseLine,
    ReleaseSourceLine, ReleaseView, ReleasesView, View,
};

/// The draft.
pub(crate) fn draft(state: &State, now: UnixTime) -> Result<ReleaseView, Problem> {
    let draft = state.lighthouse().draft().ok_or_else(|| {
        Problem::new(Exit::Refused, "no-draft", "no release is drafted", "make one with cwg lighthouse build")
    })?;
    let Draft { draft: drafted, built, approved } = draft;
    let mut view = head(&drafted.body, draft.stage(), state, now);
    view.builder = built.as_ref().map(|built| person(built.builder()));
    view.approver = approved.as_ref().map(|approved| person(approved.approver()));
    match (built, approved) {
        (None, _) => view.head = Some(hex::encode(encode(&drafted.body))),
        (Some(built), None) => view.built = Some(hex::encode(encode(built))),
        (Some(_), Some(_)) => {}
    }
    Ok(view)
}

/// A release that this node has published or adopted.
pub(crate) fn published(state: &State, release: &Published, now: UnixTime) -> ReleaseView {
    let is_hub = state.own().is_some_and(|own| own.kind == NodeKind::Hub);
    let mut view = head(&release.body, if is_hub { "published" } else { "adopted" }, state, now);
    let network = state.network();
    let read =
        network.and_then(|network| VerifiedRelease::read_back(release.signed.clone(), network.hub, network.id).ok());
    view.builder = read.as_ref().map(|release| person(release.builder()));
    view.approver = read.as_ref().map(|release| person(release.approver()));
    view.members = members(state);
    view
}

fn head(body: &ReleaseBody, stage: &str, state: &State, now: UnixTime) -> ReleaseView {
    let sources = body.sources.iter().map(|terms| ReleaseSourceLine {
        source: terms.source.pseudonym.to_string(),
        source_kind: terms.source.kind.name().to_owned(),
        caveats: terms.caveats.iter().map(|caveat| caveat.name().to_owned()).collect(),
        kinds: terms.kinds.iter().map(|kind| kind.name().to_owned()).collect(),
        clues: terms.clues,
    });
    let kinds = body.content.kinds.iter();
    let version = body.client_min;
    ReleaseView {
        number: body.number.0,
        stage: stage.to_owned(),
        digest: body.digest().to_string(),
        root: body.content.root.to_string(),
        clues: body.content.clues,
        withdrawals: body.content.withdrawals,
        kinds: kinds.map(|count| KeyCount { kind: count.kind.name().into(), keys: count.clues.into() }).collect(),
        sources: sources.collect(),
        contradictions: body.contradictions,
        changes: body.changes.iter().map(|line| line.to_string()).collect(),
        created: shown(body.created),
        valid_until: shown(body.valid_until),
        expired: body.valid_until < now,
        base: body.base.map(|base| base.number.0),
        label_bytes: body.class.into(),
        ruleset: body.ruleset,
        version_min: format!("{}.{}.{}", version.major, version.minor, version.patch),
        recalls: state.lighthouse().last_recall(),
        notes: if body.content.clues == 1 { vec![ONE_CLUE.to_owned()] } else { Vec::new() },
        ..ReleaseView::default()
    }
}

/// A person who signed a release.
pub(crate) fn person(signature: &PersonSignature) -> PersonLine {
    PersonLine { name: signature.name.to_string(), fingerprint: signature.key.to_string() }
}

/// All releases.
pub(crate) fn releases(state: &State) -> ReleasesView {
    let lighthouse = state.lighthouse();
    let lines = lighthouse.releases().values().rev().map(|release| ReleaseLine {
        number: release.seen.number.0,
        at: shown(release.at),
        valid_until: shown(release.body.valid_until),
        clues: release.body.content.clues,
        withdrawals: release.body.content.withdrawals,
        digest: release.seen.digest.to_string(),
    });
    ReleasesView { releases: lines.collect(), draft: lighthouse.draft().map(|draft| draft.stage().to_owned()) }
}

/// The last recalls, and who knows of them. `new` were made just now.
pub(crate) fn recalls(state: &State, new: Option<u32>) -> RecallsView {
    let lighthouse = state.lighthouse();
    let all = lighthouse.last_recall();
    let last = lighthouse.recalls_after(all.saturating_sub(RECALLS_LISTED)).iter().rev();
    let lines = last.map(|signed| {
        let recall = signed.recall();
        RecallLine {
            number: recall.number,
            clue: recall.clue.to_string(),
            reason: recall.reason.name().to_owned(),
            at: shown(recall.at),
        }
    });
    RecallsView { new, all, recalls: lines.collect(), members: members(state) }
}

/// The trends released last.
pub(crate) fn trends(state: &State) -> Result<View, Problem> {
    let trends = state.lighthouse().trends().ok_or_else(|| {
        Problem::new(
            Exit::Refused,
            "no-trends",
            "no trends were released yet",
            "the hub releases them with cwg lighthouse trends --release, once a month",
        )
    })?;
    Ok(View::Trends(Box::new(TrendsView::from(trends))))
}

/// The mean released last; at a member its own figure of that month beside it, at the hub how many released one.
pub(crate) fn group_mean(state: &State) -> GroupMeanView {
    let lighthouse = state.lighthouse();
    let own = state.own().filter(|own| own.kind == NodeKind::Member).map(|own| own.node());
    let released = lighthouse.figures().iter().map(|(month, figures)| FigureLine {
        month: month.to_string(),
        own: own.and_then(|own| figures.get(&own).copied()),
        members: own.is_none().then_some(figures.len() as u64),
    });
    let mean = lighthouse.mean();
    let comparison = mean.and_then(|(month, mean)| {
        let own = *lighthouse.figures().get(&month)?.get(&own?)?;
        Some(ComparisonView::of(&format!("matches with clues in {month}"), own, mean))
    });
    GroupMeanView {
        month: mean.map(|(month, _)| month.to_string()),
        mean: mean.and_then(|(_, mean)| if let Figure::Shown(mean) = mean { Some(mean) } else { None }),
        comparison,
        released: released.collect(),
    }
}

/// At the hub: what each member on the roster said it has.
fn members(state: &State) -> Vec<MemberReleaseLine> {
    if state.own().is_none_or(|own| own.kind != NodeKind::Hub) {
        return Vec::new();
    }
    let Some(network) = state.network() else { return Vec::new() };
    let known = state.lighthouse().members();
    let active = network.roster().body().members.iter().filter(|entry| entry.status == Status::Active);
    let line = |entry: &Entry| {
        let has = known.get(&entry.node);
        MemberReleaseLine {
            member: name_of(state, entry.node),
            release: has.and_then(|has| has.release).map(|number| number.0),
            recalls: has.map_or(0, |has| has.recalls),
            since: has.map(|has| shown(has.at)),
        }
    };
    active.map(line).collect()
}

/// Recalls that a view lists.
const RECALLS_LISTED: u32 = 100;

const ONE_CLUE: &str = "This release has one clue, and its head, which every member reads, says so: whoever matches it knows all \
     that the hub holds, everyone else knows that nobody of theirs is meant, and who hears of a case knows from which source and \
     kind of identifier it came. Publish it together with others if it can wait";
