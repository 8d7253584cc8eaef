//! Releases at a hub, from files of sources to what is published, carried, taken back and checked. Every value is invented or from
//! a reserved range.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod network;

use std::fs;
use std::path::{Path, PathBuf};

use cwg_app::view::{BuildView, RecallsView, ReleaseDiffView, ReleaseView, ReleasesView, View};
use cwg_app::{Exit, LighthouseRequest, Problem, Request, SourceFile, approve_release, sign_release};
use cwg_crypto::{Secret32, SigningKey};
use cwg_engine::record::{Entry, StoredSecret};
use cwg_protocol::lighthouse::{ClueId, Figure, Month, Standing, Status, WithdrawalReason};
use cwg_protocol::{NodeKey, OperatorKey, UnixTime};
use network::{NOW, Node, name};
use tempfile::TempDir;

const DAY: u64 = 86_400;

/// A hub with two persons, and a folder for sources.
struct Hub {
    node: Node,
    dir: TempDir,
}

fn person(byte: u8) -> SigningKey {
    SigningKey::from_secret(&Secret32::new([byte; 32]))
}

/// The id of this number, as a source writes it.
fn id(number: u8) -> String {
    ClueId::new(NOW, [number; 10]).to_string()
}

fn row(number: u8, rest: &str) -> String {
    format!("{},phone,+614915701{:02},2026-05-01,{rest}\n", id(number), 50 + number)
}

/// The rest of an active row that nobody said more of.
const PLAIN: &str = ",,,active,80";

impl Hub {
    fn new() -> Self {
        let operator = |text: &str, byte| {
            let key = OperatorKey(person(byte).verifying_key());
            Entry::OperatorAdded { name: name(text), key }
        };
        let keyed = Entry::LighthouseKeyed { secret: StoredSecret([90; 32]) };
        let node = Node::hub_with(&["Bank 0"]).with([keyed, operator("Ann", 70), operator("Ben", 71)]);
        Self { node, dir: tempfile::tempdir().unwrap() }
    }

    fn lighthouse(&mut self, ask: LighthouseRequest) -> Result<View, Problem> {
        self.node.ask(Request::Lighthouse { ask })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A source of this name and kind with these rows.
    fn source(&self, source: &str, kind: &str, caveats: &str, rows: &[String]) -> SourceFile {
        let (path, map) = (self.path(&format!("{source}.csv")), self.path(&format!("{source}.toml")));
        let map_text = format!(
            "format = \"csv\"\n[source]\npseudonym = \"{source}\"\nkind = \"{kind}\"\n[defaults]\n\
             typology = \"sextortion\"\ngrade = \"B2\"\ncaveats = \"{caveats}\"\nview = \"yes\"\n"
        );
        fs::write(&map, map_text).unwrap();
        let head = "id,kind,value,first-seen,subject,minor,expires,status,confidence\n";
        let rows: String = rows.concat().replace(",2026-05-01,,,,", ",2026-05-01,,,2026-12-31,");
        fs::write(&path, format!("{head}{rows}")).unwrap();
        SourceFile { path, map }
    }

    fn hotline(&self, rows: &[String]) -> SourceFile {
        self.source("hotline-north", "hotline", "no-sole-basis", rows)
    }

    fn build(&mut self, sources: Vec<SourceFile>) -> Result<BuildView, Problem> {
        let changes = vec!["more from the north".to_owned()];
        match self.lighthouse(LighthouseRequest::Build { sources, label_bytes: 64, valid_days: 45, changes })? {
            View::Build(view) => Ok(*view),
            other => panic!("{other:?}"),
        }
    }

    fn draft(&mut self) -> ReleaseView {
        match self.lighthouse(LighthouseRequest::Show { release: Some("draft".into()) }).unwrap() {
            View::Release(view) => *view,
            other => panic!("{other:?}"),
        }
    }

    fn publish(&mut self) -> ReleaseView {
        let built = sign_release(&self.draft().head.unwrap(), "Ann", &person(70)).unwrap();
        self.lighthouse(LighthouseRequest::Sign { built }).unwrap();
        let draft = self.draft();
        let approved = approve_release(&draft.built.unwrap(), &draft.digest, "Ben", &person(71)).unwrap();
        self.lighthouse(LighthouseRequest::Approve { approved }).unwrap();
        match self.lighthouse(LighthouseRequest::Publish).unwrap() {
            View::Release(view) => *view,
            other => panic!("{other:?}"),
        }
    }

    fn release(&mut self, sources: Vec<SourceFile>) -> (BuildView, ReleaseView) {
        (self.build(sources).unwrap(), self.publish())
    }

    fn diff(&mut self) -> ReleaseDiffView {
        match self.lighthouse(LighthouseRequest::Diff { from: None, to: None }).unwrap() {
            View::ReleaseDiff(view) => view,
            other => panic!("{other:?}"),
        }
    }

    fn recall(&mut self, numbers: &[u8], reason: &str) -> RecallsView {
        let clues = numbers.iter().map(|number| id(*number)).collect();
        match self.lighthouse(LighthouseRequest::Recall { clues, reason: reason.into() }).unwrap() {
            View::Recalls(view) => view,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_release_goes_from_sources_through_two_persons_to_publication() {
    let mut hub = Hub::new();
    let sources =
        vec![hub.hotline(&[row(1, PLAIN), row(2, PLAIN)]), hub.source("partner", "ngo", "none", &[row(3, PLAIN)])];
    let build = hub.build(sources).unwrap();
    assert_eq!((build.added, build.carried, build.reports.len()), (3, 0, 2));
    let draft = hub.draft();
    assert_eq!((draft.number, draft.stage.as_str(), draft.clues, draft.base), (1, "unsigned", 3, None));
    assert_eq!(
        draft.sources.iter().map(|line| (&*line.source, line.clues)).collect::<Vec<_>>(),
        [("hotline-north", 2), ("partner", 1)]
    );
    assert_eq!(draft.sources[0].caveats, ["no-sole-basis"]);
    assert_eq!(hub.node.contents.entries.borrow().values().next().unwrap().1, 3, "an item for each clue");

    assert_eq!(hub.lighthouse(LighthouseRequest::Publish).unwrap_err().code, "draft-state");
    let built = sign_release(&draft.head.unwrap(), "Ann", &person(70)).unwrap();
    hub.lighthouse(LighthouseRequest::Sign { built }).unwrap();
    let draft = hub.draft();
    let built = draft.built.unwrap();
    let same = approve_release(&built, &draft.digest, "Ben", &person(70)).unwrap_err();
    assert_eq!((same.code.as_str(), same.exit), ("release-same-person", Exit::Refused));
    let other = approve_release(&built, &"0".repeat(64), "Ben", &person(71)).unwrap_err();
    assert_eq!(other.code, "defect", "what is signed is what was shown");
    let stranger = approve_release(&built, &draft.digest, "Cleo", &person(72)).unwrap();
    assert_eq!(hub.lighthouse(LighthouseRequest::Approve { approved: stranger }).unwrap_err().code, "unknown-operator");
    let approved = approve_release(&built, &draft.digest, "Ben", &person(71)).unwrap();
    hub.lighthouse(LighthouseRequest::Approve { approved }).unwrap();
    let View::Release(release) = hub.lighthouse(LighthouseRequest::Publish).unwrap() else { panic!("a release") };
    assert_eq!((release.stage.as_str(), &*release.approver.unwrap().name), ("published", "Ben"));
    assert_eq!(release.members.len(), 1, "the hub sees each member");
    let View::Releases(ReleasesView { releases, draft: None }) = hub.lighthouse(LighthouseRequest::List).unwrap()
    else {
        panic!("a list without a draft")
    };
    assert_eq!(releases[0].digest, release.digest);
}

#[test]
fn the_next_release_carries_replaces_and_withdraws_and_its_delta_says_so() {
    let mut hub = Hub::new();
    let first = vec![hub.hotline(&[row(1, PLAIN), row(2, PLAIN), row(3, PLAIN), row(4, PLAIN)])];
    hub.release(first);
    assert_eq!(hub.recall(&[4], "superseded").new, Some(1));
    assert_eq!(hub.recall(&[4], "recalled").new, Some(0), "a recall stands");
    // 1 is not in the file and stays; 2 says something else; 3 is taken back by its source; 4 by the hub; 5 is new.
    let rows = [row(2, ",,,active,30"), row(3, ",,,recalled,80"), row(4, PLAIN), row(5, PLAIN)];
    let next = vec![hub.hotline(&rows)];
    let build = hub.build(next).unwrap();
    let counts = (build.carried, build.changed, build.recalled, build.superseded, build.added);
    assert_eq!(counts, (1, 1, 1, 1, 1));
    assert_eq!((build.withdrawn_before, &build.withdrawn_before_first[..]), (1, &[id(4)][..]));
    let diff = hub.diff();
    assert_eq!((diff.from, diff.to, diff.padded), (1, 2, 1024));
    let [line] = &diff.kinds[..] else { panic!("one kind") };
    assert_eq!((line.added, line.changed, line.withdrawn), (1, 1, 2));
    let release = hub.publish();
    assert_eq!((release.clues, release.withdrawals, release.base), (3, 2, Some(1)));
    // What the source took back is recalled with the release; the hub's own recall stands as it was.
    let recalled = hub.node.state().lighthouse().recalled();
    let reason = |number: u8| recalled[&ClueId::new(NOW, [number; 10])].reason;
    assert_eq!((recalled.len(), reason(3), reason(4)), (2, WithdrawalReason::Recalled, WithdrawalReason::Superseded));
    assert_eq!(hub.diff(), diff, "the same two releases, now that both are published");
    let View::Recalls(recalls) = hub.lighthouse(LighthouseRequest::Recalls).unwrap() else { panic!("recalls") };
    assert_eq!((recalls.all, recalls.new, &*recalls.recalls[0].clue), (2, None, &*id(3)));
}

#[test]
fn a_withdrawn_clue_never_comes_back_and_is_forgotten_after_its_time() {
    let mut hub = Hub::new();
    let all = |hub: &Hub| vec![hub.hotline(&[row(1, PLAIN), row(2, PLAIN)])];
    let sources = all(&hub);
    hub.release(sources);
    hub.recall(&[1], "recalled");
    let sources = all(&hub);
    let (_, release) = hub.release(sources);
    assert_eq!((release.clues, release.withdrawals), (1, 1));
    let sources = all(&hub);
    let (build, release) = hub.release(sources);
    assert_eq!((release.clues, release.withdrawals, build.withdrawn_before), (1, 1, 1));
    // Both expire at the end of 2026; their withdrawals stand 90 days more.
    hub.node.now = UnixTime(NOW.0 + 250 * DAY);
    let build = hub.build(Vec::new()).unwrap();
    assert_eq!((build.expired, build.release.clues, build.release.withdrawals), (1, 0, 2));
    hub.publish();
    hub.node.now = UnixTime(NOW.0 + 310 * DAY);
    let sources = vec![hub.hotline(&[row(1, ",,2027-12-31,active,80"), row(3, ",,2027-12-31,active,80")])];
    let (build, release) = hub.release(sources);
    assert_eq!((build.forgotten, build.withdrawn_before), (2, 1), "a recall is for good, a withdrawal is not");
    assert_eq!((release.clues, release.withdrawals), (1, 0));
    assert_eq!(hub.diff().forgotten, 2);
}

#[test]
fn a_carried_clue_takes_on_what_its_source_asks_since() {
    let mut hub = Hub::new();
    let sources = vec![hub.source("partner", "ngo", "none", &[row(1, PLAIN)])];
    hub.release(sources);
    let sources = vec![hub.source("partner", "ngo", "no-onward", &[row(2, PLAIN)])];
    let (build, release) = hub.release(sources);
    assert_eq!((build.changed, build.added), (1, 1));
    assert_eq!(release.sources[0].caveats, ["no-onward"]);
    // A file that asks for less loosens nothing that was published under more.
    let sources = vec![hub.source("partner", "ngo", "none", &[row(3, PLAIN)])];
    let (build, _) = hub.release(sources);
    assert_eq!((build.carried, build.changed, build.added), (2, 0, 1));
}

#[test]
fn the_records_of_the_newest_releases_are_kept_and_no_others() {
    let mut hub = Hub::new();
    let sources = vec![hub.hotline(&[row(1, PLAIN), row(2, PLAIN)])];
    hub.release(sources);
    for _ in 0..cwg_app::hub::CONTENTS_KEPT {
        hub.release(Vec::new());
    }
    hub.build(Vec::new()).unwrap();
    let kept = cwg_app::hub::kept_contents(hub.node.state());
    assert_eq!(kept.len(), cwg_app::hub::CONTENTS_KEPT + 1, "and that of the draft");
    let from = |number| LighthouseRequest::Diff { from: Some(number), to: None };
    assert_eq!(hub.lighthouse(from(1)).unwrap_err().code, "content-not-kept");
    assert!(hub.lighthouse(from(2)).is_ok());
}

#[test]
fn a_member_has_another_pseudonym_in_each_release_and_stays_one_source() {
    let mut hub = Hub::new();
    let sources = vec![hub.source("bank-word", "member", "none", &[row(1, PLAIN)]), hub.hotline(&[row(2, PLAIN)])];
    let (_, first) = hub.release(sources);
    let (_, second) = hub.release(Vec::new());
    let sources = vec![hub.source("bank-word", "member", "none", &[row(3, PLAIN)])];
    let (_, third) = hub.release(sources);
    let member = |release: &ReleaseView| {
        let lines: Vec<_> = release.sources.iter().filter(|line| line.source_kind == "member").collect();
        assert_eq!(lines.len(), 1, "one source");
        (lines[0].source.clone(), lines[0].clues)
    };
    let names = [&first, &second, &third].map(|release| member(release).0);
    assert!(names.iter().all(|name| !name.contains("bank-word") && name.starts_with("member-")), "{names:?}");
    assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2]);
    assert_eq!(member(&third).1, 2, "the carried clue and the new one are of one source");
}

#[test]
fn what_cannot_be_a_release_is_refused_by_its_code_and_leaves_nothing() {
    let mut hub = Hub::new();
    let check = |hub: &mut Hub, sources: Vec<SourceFile>, code: &str| {
        let problem = hub.build(sources).unwrap_err();
        assert_eq!(problem.code, code, "{problem:?}");
        assert!(!problem.hint.is_empty());
        assert!(hub.node.contents.records.borrow().is_empty(), "{code}");
        assert!(hub.node.contents.entries.borrow().is_empty(), "{code}");
    };
    check(&mut hub, Vec::new(), "empty-release");
    let expired = vec![hub.hotline(&[row(1, ",,2026-05-02,active,80")])];
    check(&mut hub, expired, "empty-release");
    let nothing = vec![hub.hotline(&["1,phone,nonsense,2026-05-01,,,,active,80\n".to_owned()])];
    check(&mut hub, nothing, "nothing-taken");
    let twice = vec![hub.hotline(&[row(1, PLAIN), row(1, ",,,active,20")])];
    check(&mut hub, twice, "two-under-one-name");
    let forbidden = hub.hotline(&[row(1, PLAIN)]);
    fs::write(&forbidden.path, "id,kind,value,first-seen,tfn\n").unwrap();
    check(&mut hub, vec![forbidden], "forbidden-tax-file-number");
    let kinds = vec![hub.source("same", "ngo", "none", &[row(1, PLAIN)])];
    hub.release(kinds);
    let other = vec![hub.source("same", "hotline", "none", &[row(2, PLAIN)])];
    assert_eq!(hub.build(other).unwrap_err().code, "source-kind-changed");

    let ask = |label_bytes, valid_days, note: &str| LighthouseRequest::Build {
        sources: Vec::new(),
        label_bytes,
        valid_days,
        changes: vec![note.to_owned()],
    };
    for (ask, code) in [
        (ask(63, 45, "a"), "label-class"),
        (ask(64, 0, "a"), "valid-days"),
        (ask(64, 45, &"a".repeat(241)), "changes"),
        (ask(64, 45, "call +61491570156"), "release-rule"),
    ] {
        assert_eq!(hub.lighthouse(ask).unwrap_err().code, code);
    }
}

#[test]
fn a_forbidden_row_is_refused_where_it_stands_and_the_rest_goes_on() {
    let mut hub = Hub::new();
    let media = format!("{},handle,data:image/png;base64x,2026-05-01,,,2026-12-31,active,80\n", id(2));
    let sources = vec![hub.hotline(&[row(1, PLAIN), media, row(3, PLAIN)])];
    let View::SourceReports(checked) = hub.lighthouse(LighthouseRequest::Check { sources: sources.clone() }).unwrap()
    else {
        panic!("reports")
    };
    assert_eq!(checked.clues, 2);
    assert!(hub.node.state().lighthouse().draft().is_none(), "a check keeps nothing");
    let build = hub.build(sources).unwrap();
    let report = &build.reports[0];
    assert_eq!((build.added, report.refused, &*report.refused_at[0].code), (2, 1, "forbidden-media"));
    assert!(!format!("{build:?}").contains("base64x"), "no value in a report");
}

#[test]
fn contradictions_are_counted_and_named_and_stop_nothing() {
    let mut hub = Hub::new();
    let same = |number: u8, rest: &str| row(number, rest).replace(&format!("701{:02}", 50 + number), "70199");
    let sources = vec![
        hub.hotline(&[same(1, "suspect,,2026-12-31,active,80"), row(3, PLAIN)]),
        hub.source("partner", "ngo", "none", &[same(2, "victim,yes,2026-12-31,active,80")]),
    ];
    let build = hub.build(sources).unwrap();
    assert_eq!(build.release.contradictions, 1);
    assert_eq!((&*build.contradictions[0].code, build.contradictions[0].items), ("contradiction-subject", 1));
    assert_eq!(build.contradicting, [[id(1), id(2)]]);
    hub.publish();
    // Recalled by the hub: the identifier is gone from the records, and the other clue of it is still looked at.
    hub.recall(&[1], "recalled");
    let build = hub.build(Vec::new()).unwrap();
    assert_eq!(&*build.contradictions[0].code, "contradiction-recalled-beside");
    assert_eq!(build.contradicting, [[id(1), id(2)]]);
    let records = hub.node.contents.records.borrow();
    let clues: Vec<_> = records.values().last().unwrap().iter().filter_map(|record| record.clue()).collect();
    assert!(clues.len() == 2 && clues.iter().all(|clue| clue.fields().status == Status::Active));
}

#[test]
fn a_release_of_one_clue_says_what_its_size_tells() {
    let mut hub = Hub::new();
    let sources = vec![hub.hotline(&[row(1, PLAIN)])];
    let build = hub.build(sources).unwrap();
    assert_eq!(build.release.notes.len(), 1);
    assert!(build.release.notes[0].contains("one clue"));
    let sources = vec![hub.hotline(&[row(1, PLAIN), row(2, PLAIN)])];
    assert!(hub.build(sources).unwrap().release.notes.is_empty());
}

#[test]
fn trends_are_released_once_a_month_from_the_current_release() {
    let mut hub = Hub::new();
    let refused = |hub: &mut Hub, ask| hub.lighthouse(ask).unwrap_err().code;
    assert_eq!(refused(&mut hub, LighthouseRequest::Trends), "no-trends");
    assert_eq!(refused(&mut hub, LighthouseRequest::ReleaseTrends), "no-release");
    let rows: Vec<String> = (1..=40).map(|number| row(number, PLAIN)).collect();
    let sources = vec![
        hub.source("one", "ngo", "none", &rows[..14]),
        hub.source("two", "hotline", "none", &rows[14..27]),
        hub.source("three", "platform", "none", &rows[27..]),
    ];
    hub.release(sources);
    let View::Trends(trends) = hub.lighthouse(LighthouseRequest::ReleaseTrends).unwrap() else { panic!("trends") };
    assert_eq!((trends.clues, &*trends.period), (Some(40), "2026-06"));
    assert_eq!(refused(&mut hub, LighthouseRequest::ReleaseTrends), "not-disclosed");
    assert_eq!(hub.lighthouse(LighthouseRequest::Trends).unwrap(), View::Trends(trends));
    hub.node.now = UnixTime(NOW.0 + 31 * DAY);
    assert_eq!(
        refused(&mut hub, LighthouseRequest::ReleaseTrends),
        "not-disclosed",
        "the release is still that of June"
    );
    hub.release(Vec::new());
    assert!(hub.lighthouse(LighthouseRequest::ReleaseTrends).is_ok());
}

#[test]
fn a_members_figure_stands_beside_the_mean_of_five() {
    let names = ["Bank 0", "Bank 1", "Bank 2", "Bank 3", "Bank 4"];
    let may: Month = "2026-05".parse().unwrap();
    let ask = |node: &mut Node, ask| node.ask(Request::Lighthouse { ask });
    let figure = |number: u8| {
        let member = NodeKey(network::node_key(number).verifying_key());
        Entry::FigureReleased { member, period: may, matches: 20 + u32::from(number) }
    };
    let mut hub = Node::hub_with(&names).with((1..=5).map(figure));
    assert_eq!(ask(&mut hub, LighthouseRequest::ReleaseMean { month: "May".into() }).unwrap_err().code, "month");
    let View::GroupMean(mean) = ask(&mut hub, LighthouseRequest::ReleaseMean { month: "2026-05".into() }).unwrap()
    else {
        panic!("a mean")
    };
    assert_eq!((mean.month.as_deref(), mean.mean, mean.released[0].members), (Some("2026-05"), Some(20), Some(5)));

    let mut member = Node::member(1, &names);
    let own = LighthouseRequest::ReleaseFigure { month: "2026-05".into() };
    let View::GroupMean(mean) = ask(&mut member, own.clone()).unwrap() else { panic!("a mean") };
    assert_eq!((mean.month, mean.comparison, mean.released[0].own), (None, None, Some(0)));
    assert_eq!(ask(&mut member, own).unwrap_err().code, "figure-released");
    let mut member = member.with([Entry::MeanAdopted { period: may, mean: Figure::Shown(20) }]);
    let View::GroupMean(mean) = ask(&mut member, LighthouseRequest::Mean).unwrap() else { panic!("a mean") };
    assert_eq!(mean.comparison.unwrap().standing.as_deref(), Some(Standing::Below.name()));
}

/// What a member of the hub's network finds in a file.
fn verify(member: &mut Node, path: &Path) -> Result<View, Problem> {
    member.ask(Request::Lighthouse { ask: LighthouseRequest::Verify { path: path.to_owned() } })
}

#[test]
fn a_file_of_a_release_is_whole_or_refused_by_its_code() {
    let mut hub = Hub::new();
    let sources = vec![hub.hotline(&(1..=9).map(|number| row(number, PLAIN)).collect::<Vec<_>>())];
    hub.release(sources);
    let path = hub.path("release.lhr");
    let export = |hub: &mut Hub, path: &Path| hub.lighthouse(LighthouseRequest::Export { path: path.to_owned() });
    let View::ReleaseFile(written) = export(&mut hub, &path).unwrap() else { panic!("a file") };
    let bytes = fs::read(&path).unwrap();
    assert_eq!((written.written, written.clues, written.bytes), (true, 9, bytes.len() as u64));
    assert_eq!(export(&mut hub, &path).unwrap_err().code, "cannot-write", "nothing is overwritten");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    let mut member = Node::member(1, &["Bank 0"]);
    let View::ReleaseFile(checked) = verify(&mut member, &path).unwrap() else { panic!("a file") };
    assert_eq!((checked.written, &checked.root), (false, &written.root));
    let mut found = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        verify(&mut member, &path).unwrap_err().code
    };
    for cut in (0..bytes.len()).step_by(7) {
        assert_eq!(found(&bytes[..cut]), "release-truncated", "cut at {cut}");
    }
    let changed = |at: usize| {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        changed
    };
    let head = 4 + u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
    assert_eq!(found(&changed(head - 1)), "release-wrong-signer");
    for at in (head..bytes.len()).step_by(11) {
        let code = found(&changed(at));
        let codes = ["release-wrong-root", "release-truncated", "release-malformed", "release-terms"];
        assert!(codes.contains(&&*code), "byte {at}: {code}");
    }
    assert_eq!(found(&[&bytes[..], &[0; 4]].concat()), "release-wrong-root", "more behind the end");
    assert_eq!(found(&[&bytes[..head], &bytes[head..].repeat(2)[..]].concat()), "release-wrong-root");
    assert_eq!(found(&u32::MAX.to_le_bytes()), "release-malformed", "a length beyond any limit");

    // A member that has a newer release takes no older one, and the hub itself has moved on.
    hub.release(Vec::new());
    fs::write(&path, &bytes).unwrap();
    assert_eq!(verify(&mut hub.node, &path).unwrap_err().code, "release-rollback");
    let mut later = Node::member(1, &["Bank 0"]);
    later.now = UnixTime(NOW.0 + 46 * DAY);
    assert_eq!(verify(&mut later, &path).unwrap_err().code, "release-expired");
}

#[test]
fn only_the_hub_works_on_releases() {
    let mut member = Node::member(1, &["Bank 0"]);
    let mut check = |ask: LighthouseRequest, code: &str| {
        assert_eq!(member.ask(Request::Lighthouse { ask }).unwrap_err().code, code);
    };
    let build = LighthouseRequest::Build { sources: Vec::new(), label_bytes: 64, valid_days: 45, changes: Vec::new() };
    check(build, "not-hub");
    check(LighthouseRequest::Check { sources: Vec::new() }, "not-hub");
    check(LighthouseRequest::Publish, "not-hub");
    check(LighthouseRequest::Drop, "not-hub");
    check(LighthouseRequest::Diff { from: None, to: None }, "not-hub");
    check(LighthouseRequest::ReleaseTrends, "not-hub");
    check(LighthouseRequest::Export { path: "x".into() }, "not-hub");
    check(LighthouseRequest::Recall { clues: vec![id(1)], reason: "recalled".into() }, "not-hub");
    check(LighthouseRequest::Show { release: None }, "no-release");
    check(LighthouseRequest::Show { release: Some("7".into()) }, "unknown-release");
    check(LighthouseRequest::Show { release: Some("newest".into()) }, "release-name");
}
