//! Every domain-separation string of the project, in one table. Tags that an RFC fixes stand with the code that implements it.

macro_rules! domains {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What a hash, a derived key, a signature or a sealed box is for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Domain {
            $($(#[$doc])* $name,)*
        }

        impl Domain {
            /// Every domain.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The string that separates it from all others.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

domains! {
    /// An independent seed from a seed.
    SeedFork = "cwg-network seed-fork/v1",
    /// Digest of an indicator's canonical form.
    Item = "cwg-network item/v1",
    /// Digest of a line of a plain file.
    PlainItem = "cwg-network plain-item/v1",
    /// Fingerprint of a node's signing key.
    NodeFingerprint = "cwg-network node-fingerprint/v1",
    /// Fingerprint of a node's transport key.
    TransportFingerprint = "cwg-network transport-fingerprint/v1",
    /// Fingerprint of a person's key.
    OperatorFingerprint = "cwg-network operator-fingerprint/v1",
    /// A hub's signature over a roster.
    Roster = "cwg-network roster-signature/v1",
    /// Digest of a roster.
    RosterDigest = "cwg-network roster-digest/v1",
    /// A hub's signature over a charter.
    Charter = "cwg-network charter-signature/v1",
    /// Digest of a charter.
    CharterDigest = "cwg-network charter-digest/v1",
    /// A person's signature to a charter.
    CharterPerson = "cwg-network charter-person/v1",
    /// A node's signature to a charter and to a person's signature.
    CharterNode = "cwg-network charter-node/v1",
    /// Transport key derived from an invitation's secret.
    InvitationTransport = "cwg-network invitation-transport/v1",
    /// Checksum of an invitation's text.
    InvitationCheck = "cwg-network invitation-check/v1",
    /// Key of the resets by which a listener ends connections that it no longer knows.
    StatelessReset = "cwg-network stateless-reset/v1",
    /// A node's signature over a channel.
    Hello = "cwg-network hello/v1",
    /// A new member's signature over a channel.
    Join = "cwg-network join/v1",
    /// Name of a session.
    Session = "cwg-network session/v1",
    /// Key that deals items into the shards of a session.
    Shards = "cwg-network shards/v1",
    /// Keys of the hash from a store's key to its bin and sparse columns.
    OkvsRows = "cwg-network okvs-rows/v1",
    /// Key of the hash from a store's key to the point of its dense columns.
    OkvsDense = "cwg-network okvs-dense/v1",
    /// Key of the public code that compresses a silent VOLE.
    ExpandConvolute = "cwg-network expand-convolute/v1",
    /// Keys that make the children in the trees of a batch.
    VoleTree = "cwg-network vole-tree/v1",
    /// Name of an execution of the vector OLE.
    VoleSession = "cwg-network vole-session/v1",
    /// Rows of the key-value store of a shard.
    VoleRows = "cwg-network vole-rows/v1",
    /// Hash of an item to the field, in a shard.
    VoleField = "cwg-network vole-field/v1",
    /// Hash of an output without its item, in a shard.
    VoleOutput = "cwg-network vole-output/v1",
    /// Separator of the tags of a shard.
    VoleTag = "cwg-network vole-tag/v1",
    /// Separator of the keys of a shard's labels.
    VoleLabel = "cwg-network vole-label/v1",
    /// Commitment to half of a shard's mask.
    VoleMask = "cwg-network vole-mask/v1",
    /// Answer to the challenge of a batch.
    VoleCheck = "cwg-network vole-check/v1",
    /// Commitment to a set of items.
    SetCommitment = "cwg-network set-commitment/v1",
    /// Rules of a session without a network.
    PlainRules = "cwg-network plain-rules/v1",
    /// Seals a person's signing key.
    OperatorKey = "cwg-network operator-key/v1",
    /// Number of a match, from its run and its place in it.
    MatchNumber = "cwg-network match-number/v1",
    /// Name of a clue, from its source's own name for it.
    ClueId = "cwg-network clue-id/v1",
    /// Pseudonym of a member as a source, in the next release.
    SourcePseudonym = "cwg-network source-pseudonym/v1",
    /// Salt of a clue's record in the tree of a release.
    ClueSalt = "cwg-network clue-salt/v1",
    /// Digest of a release.
    ReleaseDigest = "cwg-network release-digest/v1",
    /// Signature to a release by the person who built it.
    ReleaseBuilder = "cwg-network release-builder/v1",
    /// Signature to a release by the person who approved it.
    ReleaseApprover = "cwg-network release-approver/v1",
    /// A hub's signature to a release and to both persons' signatures.
    ReleaseHub = "cwg-network release-hub/v1",
    /// A hub's signature to a recall of a clue.
    Recall = "cwg-network recall/v1",
    /// A secret of the hub for its releases, by its use.
    LighthouseSecret = "cwg-network lighthouse-secret/v1",
    /// Mark of the copy of a release that one member gets.
    Watermark = "cwg-network watermark/v1",
    /// A hub's signature to a key period of the standing comparison.
    StandingPeriod = "cwg-network standing-period/v1",
    /// A hub's signature to an edition of the standing comparison.
    StandingEdition = "cwg-network standing-edition/v1",
    /// Digest by which an edition names the one before it.
    StandingDigest = "cwg-network standing-digest/v1",
    /// Secret of an item from which the keys of its labels in all editions follow.
    StandingLabel = "cwg-network standing-label/v1",
    /// Key that seals one table of own outputs.
    StandingTable = "cwg-network standing-table/v1",
    /// A side's signature over a final transcript.
    Seal = "cwg-network seal/v1",
    /// Digest of a leakage statement.
    Leakage = "cwg-network leakage/v1",
    /// Random scalar of a proof of evaluation.
    ProofNonce = "cwg-network proof-nonce/v1",
    /// Digest of one lane of a transcript.
    TranscriptLane = "cwg-network transcript-lane/v1",
    /// End value of a transcript.
    Transcript = "cwg-network transcript/v1",
    /// Root of a Merkle tree without leaves.
    MerkleEmpty = "cwg-network merkle-empty/v1",
    /// Leaf of a Merkle tree.
    MerkleLeaf = "cwg-network merkle-leaf/v1",
    /// Node of a Merkle tree.
    MerkleNode = "cwg-network merkle-node/v1",
    /// Key under which a store's own key is wrapped.
    StoreWrap = "cwg-network store-wrap/v1",
    /// Checksum of a keyslot.
    StoreSlot = "cwg-network store-slot/v1",
    /// Key that seals journal records.
    JournalKey = "cwg-network journal-key/v1",
    /// Authentication of a segment header or of the journal's head.
    JournalMac = "cwg-network journal-mac/v1",
    /// Chain of hashes over journal records.
    JournalChain = "cwg-network journal-chain/v1",
    /// Key that seals one set file.
    SetKey = "cwg-network set-key/v1",
    /// Digest of what a set file holds.
    SetContent = "cwg-network set-content/v1",
    /// Key that seals one file of a release's content.
    ReleaseFile = "cwg-network release-file/v1",
    /// Names in the store's index, and the mark of its clean end.
    IndexKey = "cwg-network index-key/v1",
    /// Hash to the group of a base oblivious transfer.
    BaseOtHash = "cwg-network base-ot-hash/v1",
    /// Key of a base oblivious transfer.
    BaseOtKey = "cwg-network base-ot-key/v1",
    /// AES key that makes the left children of a tree's nodes.
    CotTreeLeft = "cwg-network cot-tree-left/v1",
    /// AES key that makes the right children of a tree's nodes.
    CotTreeRight = "cwg-network cot-tree-right/v1",
    /// AES key that makes the seed of a stream of a leaf.
    CotLeafSeed = "cwg-network cot-leaf-seed/v1",
    /// Proof of a leaf, by which trees are compared.
    CotLeafProof = "cwg-network cot-leaf-proof/v1",
    /// Digest of the proofs of all leaves.
    CotLeafDigest = "cwg-network cot-leaf-digest/v1",
    /// Running hash over the messages of an extension, and its challenges.
    CotTranscript = "cwg-network cot-transcript/v1",
    /// Digest of the hashed columns of an extension.
    CotCheck = "cwg-network cot-check/v1",
    /// AES key that hashes correlated entries to keys.
    CotKey = "cwg-network cot-key/v1",
    /// Key of an item in one execution of a collection.
    CollectItem = "cwg-network collect-item/v1",
    /// Tag of an item where two holders are enough.
    CollectTag = "cwg-network collect-tag/v1",
    /// Key of an item's room.
    CollectRoom = "cwg-network collect-room/v1",
    /// Priority and bins of an item in a pair of tables.
    CollectPlace = "cwg-network collect-place/v1",
    /// Coefficients of an item's shares in a table.
    CollectShare = "cwg-network collect-share/v1",
    /// Name of a ceremony, over all its parameters.
    Ceremony = "cwg-network ceremony-name/v1",
    /// Pledge of a dealer before it has seen any dealing.
    CeremonyPledge = "cwg-network ceremony-pledge/v1",
    /// Key that seals a share to its receiver.
    CeremonyShare = "cwg-network ceremony-share/v1",
    /// Digest of all messages of a ceremony.
    CeremonyTranscript = "cwg-network ceremony-transcript/v1",
    /// Proof of possession of a dealt or a receiving key.
    SigmaPossession = "cwg-network sigma-possession/v1",
    /// Proof that a complaint opens what was sealed to its author.
    SigmaComplaint = "cwg-network sigma-complaint/v1",
    /// Random scalar of a proof in a ceremony.
    SigmaNonce = "cwg-network sigma-nonce/v1",
    /// Serial of a redeemed ticket.
    TicketSerial = "cwg-network ticket-serial/v1",
    /// What a message sealed to a public key is bound to.
    HpkeSealed = "cwg-network hpke-sealed/v1",
    /// Key of the answer to what was sealed to a public key.
    HpkeAnswer = "cwg-network hpke-answer/v1",
    /// A holder's signature over a shared key and what its ceremony came to.
    SharedKey = "cwg-network shared-key/v1",
    /// A hub's signature over the terms of a ceremony.
    CeremonyTerms = "cwg-network ceremony-terms/v1",
    /// Digest of the terms of a ceremony.
    CeremonyTermsDigest = "cwg-network ceremony-terms-digest/v1",
    /// A participant's signature over what it posts in a ceremony.
    CeremonyPost = "cwg-network ceremony-post/v1",
    /// A hub's signature over the terms of a round.
    RoundTerms = "cwg-network round-terms/v1",
    /// Digest of the terms of a round.
    RoundTermsDigest = "cwg-network round-digest/v1",
    /// A hub's signature over the opening of a turn.
    RoundTurn = "cwg-network round-turn/v1",
    /// Name of a turn, which everything in it is bound to.
    RoundExecution = "cwg-network round-execution/v1",
    /// Digest by which a keyholder knows a batch that it has charged for.
    EvaluationBatch = "cwg-network evaluation-batch/v1",
    /// A holder's signing key in one room.
    RoomPseudonym = "cwg-network room-pseudonym/v1",
    /// A pseudonym's signature over a post.
    RoomPost = "cwg-network room-post/v1",
    /// Name of a post, by which another one answers it.
    RoomPostName = "cwg-network room-answered/v1",
    /// Hash to the group of an input that two keys mask.
    CommuteHash = "cwg-network commute-hash/v1",
    /// Tag of an input that both keys have masked.
    CommuteTag = "cwg-network commute-tag/v1",
    /// A hub's signature over the terms of a count.
    CountTerms = "cwg-network count-terms/v1",
    /// Digest of the terms of a count, which everything in it is bound to.
    CountDigest = "cwg-network count-digest/v1",
    /// Common dummy of two banks in a count.
    CountDummy = "cwg-network count-dummy/v1",
    /// A hub's signature over the answer of a count.
    CountAnswer = "cwg-network count-answer/v1",
    /// Digest of all tags that a bank sends the hub in a count.
    CountSent = "cwg-network count-sent/v1",
    /// A pseudonym's signature over a step of a reveal.
    RevealPost = "cwg-network reveal-post/v1",
    /// Name of a reveal, from its room and its request.
    RevealName = "cwg-network reveal-name/v1",
    /// Secret of a pseudonym's key to which the other side's fields are sealed.
    RevealBox = "cwg-network reveal-box/v1",
    /// Name under which the hub pairs the two boxes of a reveal.
    RevealSlot = "cwg-network reveal-slot/v1",
    /// Secret by which one side's deposits are told from the other's.
    RevealMark = "cwg-network reveal-mark/v1",
    /// Digest of that secret, by which the hub knows who withdraws.
    RevealMarkDigest = "cwg-network reveal-mark-digest/v1",
    /// Digest of what one side lets the other see.
    RevealFields = "cwg-network reveal-fields/v1",
    /// A person's signature to a reveal.
    RevealApproval = "cwg-network reveal-approval/v1",
    /// A member's signature to a reveal and to its persons' signatures.
    RevealNode = "cwg-network reveal-node/v1",
    /// A pseudonym's signature to what it shows.
    RevealWriter = "cwg-network reveal-writer/v1",
    /// Digest by which both sides name a reveal that took place.
    RevealReceipt = "cwg-network reveal-receipt/v1",
    /// Digest of a ruleset: its tables, vectors and pinned versions.
    Ruleset = "cwg-network ruleset/v1",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_domains_share_a_string_or_a_prefix() {
        for a in Domain::ALL {
            for b in Domain::ALL {
                assert!(a == b || !a.text().starts_with(b.text()), "{a:?} and {b:?}");
            }
        }
    }
}
