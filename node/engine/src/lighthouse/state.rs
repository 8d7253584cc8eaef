//! What a node knows of Lighthouse: the fold of its records.

use std::collections::BTreeMap;

use cwg_crypto::{Domain, Secret32, derive};
use cwg_protocol::indicator::{RULESET_ID, ruleset_hash};
use cwg_protocol::lighthouse::{
    ApprovedRelease, BuiltRelease, ClientVersion, ClueId, ClueIdKey, Expected, Figure, GroupMean, Month, Purpose,
    Recall, RecordKey, ReleaseBody, ReleaseError, ReleaseNumber, Seen, SignedRecall, SignedRelease, Trends,
    VerifiedRelease, Watermark, WatermarkKey,
};
use cwg_protocol::{NetworkId, NodeKey, UnixTime};

use crate::record::{ContentId, Entry, Record, ReleaseDraft};

/// What a node knows of Lighthouse.
#[derive(Default)]
pub struct Lighthouse {
    secret: Option<Secret32>,
    draft: Option<Draft>,
    releases: BTreeMap<ReleaseNumber, Published>,
    recalled: BTreeMap<ClueId, Recall>,
    recalls: Vec<SignedRecall>,
    members: BTreeMap<NodeKey, MemberHas>,
    trends: Option<Box<Trends>>,
    figures: BTreeMap<Month, BTreeMap<NodeKey, u32>>,
    group: Option<Box<GroupMean>>,
    mean: Option<(Month, Figure)>,
}

/// A draft, and who has signed it.
pub struct Draft {
    /// What it is.
    pub draft: ReleaseDraft,
    /// The first signature.
    pub built: Option<BuiltRelease>,
    /// Both.
    pub approved: Option<ApprovedRelease>,
}

/// A release that was published.
pub struct Published {
    /// What it says.
    pub body: ReleaseBody,
    /// What a node remembers of it.
    pub seen: Seen,
    /// As it travels.
    pub signed: SignedRelease,
    /// Hub: where its content is.
    pub content: Option<ContentId>,
    /// Member: the mark of its copy.
    pub mark: Option<Watermark>,
    /// When this node published or adopted it.
    pub at: UnixTime,
}

/// What a member said it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberHas {
    /// Its newest release.
    pub release: Option<ReleaseNumber>,
    /// The number of the last recall it has.
    pub recalls: u32,
    /// When this last changed.
    pub at: UnixTime,
}

/// The hub's secrets for what it publishes.
pub struct LighthouseKeys {
    secret: Secret32,
}

impl LighthouseKeys {
    /// Gives clues their names.
    pub fn names(&self) -> ClueIdKey {
        ClueIdKey::new(self.of(b"names"))
    }

    /// Salts records.
    pub fn records(&self) -> RecordKey {
        RecordKey::new(self.of(b"records"))
    }

    /// Marks members' copies.
    pub fn marks(&self) -> WatermarkKey {
        WatermarkKey::new(self.of(b"marks"))
    }

    fn of(&self, purpose: &[u8]) -> Secret32 {
        derive(Domain::LighthouseSecret, &self.secret, &[purpose])
    }
}

impl Draft {
    /// The word for where it stands.
    pub fn stage(&self) -> &'static str {
        match (&self.built, &self.approved) {
            (_, Some(_)) => "approved",
            (Some(_), None) => "built",
            (None, None) => "unsigned",
        }
    }
}

/// The version of this program, which a release may be too new for.
pub fn client_version() -> ClientVersion {
    let part = |text: &str| text.parse().expect("the version of a package is three numbers");
    ClientVersion {
        major: part(env!("CARGO_PKG_VERSION_MAJOR")),
        minor: part(env!("CARGO_PKG_VERSION_MINOR")),
        patch: part(env!("CARGO_PKG_VERSION_PATCH")),
    }
}

impl Lighthouse {
    pub(crate) fn fold(&mut self, record: &Record, network: NetworkId, hub: NodeKey) -> Option<()> {
        match &record.entry {
            Entry::LighthouseKeyed { secret } => self.secret = Some(Secret32::new(secret.0)),
            Entry::ReleaseDrafted(draft) => {
                self.draft = Some(Draft { draft: (**draft).clone(), built: None, approved: None });
            }
            Entry::ReleaseBuilt(built) => {
                let draft = self.draft.as_mut()?;
                draft.built = Some((**built).clone());
            }
            Entry::ReleaseApproved(approved) => {
                let draft = self.draft.as_mut()?;
                draft.approved = Some((**approved).clone());
            }
            Entry::DraftDropped => drop(self.draft.take()?),
            Entry::ReleasePublished(signed) => {
                let content = Some(self.draft.take()?.draft.content);
                self.publish(signed, (network, hub), record.at, content, None)?;
            }
            Entry::ReleaseAdopted { signed, mark } => {
                self.publish(signed, (network, hub), record.at, None, Some(*mark))?;
            }
            Entry::Recalled(signed) => {
                let recall = signed.check(network, hub, self.last_recall()).ok()?;
                self.recalls.push(*signed);
                self.recalled.entry(recall.clue).or_insert(recall);
            }
            Entry::MemberHas { member, release, recalls } => {
                let has = MemberHas { release: *release, recalls: *recalls, at: record.at };
                self.members.insert(*member, has);
            }
            Entry::TrendsReleased(trends) => self.trends = Some(trends.clone()),
            Entry::FigureReleased { member, period, matches } => {
                self.figures.entry(*period).or_default().insert(*member, *matches);
            }
            Entry::MeanReleased(mean) => {
                self.mean = Some((mean.period(), mean.figure()));
                self.group = Some(mean.clone());
            }
            Entry::MeanAdopted { period, mean } => self.mean = Some((*period, *mean)),
            _ => return None,
        }
        Some(())
    }

    fn publish(
        &mut self,
        signed: &SignedRelease,
        (network, hub): (NetworkId, NodeKey),
        at: UnixTime,
        content: Option<ContentId>,
        mark: Option<Watermark>,
    ) -> Option<()> {
        let release = VerifiedRelease::read_back(signed.clone(), hub, network).ok()?;
        let (body, seen) = (release.body().clone(), release.seen());
        let follows = self.current().is_none_or(|current| current.seen.number < seen.number);
        follows.then(|| {
            self.releases.insert(seen.number, Published { body, seen, signed: signed.clone(), content, mark, at });
        })
    }

    /// Hub: its secrets.
    pub fn keys(&self) -> Option<LighthouseKeys> {
        Some(LighthouseKeys { secret: Secret32::new(*self.secret.as_ref()?.expose()) })
    }

    /// Hub: the draft of the next release.
    pub fn draft(&self) -> Option<&Draft> {
        self.draft.as_ref()
    }

    /// Releases that this node has published or adopted.
    pub fn releases(&self) -> &BTreeMap<ReleaseNumber, Published> {
        &self.releases
    }

    /// The newest release.
    pub fn current(&self) -> Option<&Published> {
        self.releases.last_key_value().map(|(_, release)| release)
    }

    /// Clues that were taken back. What a release or a label says of them counts no more.
    pub fn recalled(&self) -> &BTreeMap<ClueId, Recall> {
        &self.recalled
    }

    /// Recalls after number `after`, oldest first.
    pub fn recalls_after(&self, after: u32) -> &[SignedRecall] {
        self.recalls.get(after as usize..).unwrap_or(&[])
    }

    /// The number of the last recall; 0 if there is none.
    pub fn last_recall(&self) -> u32 {
        u32::try_from(self.recalls.len()).expect("there are a million at most")
    }

    /// Hub: what members said they have.
    pub fn members(&self) -> &BTreeMap<NodeKey, MemberHas> {
        &self.members
    }

    /// The trends that were released last.
    pub fn trends(&self) -> Option<&Trends> {
        self.trends.as_deref()
    }

    /// Figures that were released, by month and member: at a member its own.
    pub fn figures(&self) -> &BTreeMap<Month, BTreeMap<NodeKey, u32>> {
        &self.figures
    }

    /// Hub: what the last mean was made of.
    pub fn group(&self) -> Option<&GroupMean> {
        self.group.as_deref()
    }

    /// The last mean of the group and its month.
    pub fn mean(&self) -> Option<(Month, Figure)> {
        self.mean
    }
}

/// What a node of this program expects of a release.
pub(crate) fn expected(network: NetworkId, hub: NodeKey, seen: Option<Seen>) -> Expected {
    Expected {
        network,
        hub,
        purpose: Purpose::Live,
        ruleset: RULESET_ID,
        ruleset_hash: ruleset_hash(),
        client: client_version(),
        seen,
    }
}

impl Published {
    /// The release, checked anew: whether it may be used at that time.
    ///
    /// # Errors
    /// If it has expired, or this program follows another ruleset by now.
    pub fn usable(&self, network: NetworkId, hub: NodeKey, now: UnixTime) -> Result<VerifiedRelease, ReleaseError> {
        VerifiedRelease::verify(self.signed.clone(), &expected(network, hub, Some(self.seen)), now)
    }
}
