//! What a reveal tells, and to whom (`docs/spec/reveal.md` §5).

use crate::leakage::Sentences;

/// Of a reveal: what both approvers of each side put their names under.
pub const LEAKAGE: Sentences = Sentences {
    of: "reveal",
    told: &[
        (
            "the other side",
            "the fields that are approved, once its own are with the hub, with signatures that prove them",
        ),
        (
            "other holders of the item",
            "which pseudonyms ask, agree, decline or withdraw, and which fields by name; not what is in them",
        ),
        ("the hub", "that a reveal took place or was withdrawn; not of which item, between whom, or of what"),
        ("the hub with the relay", "which two members revealed themselves to each other"),
        ("everyone else", "nothing; not whether anyone asks"),
    ],
    not_protected: &[
        "what was shown: nothing takes it back from the other side, and its signatures can be shown to others",
        "a side that puts something wrong into its box: it sees the other's fields, and is found out then",
        "a hub that works with one side can give it the other's box first",
        "later quantum attack: someone who recorded the pages and breaks their keys reads boxes of rooms whose key it has",
    ],
    assumption: "the hub does not work with the relay or with one of both sides; gap Diffie-Hellman in X25519",
};
