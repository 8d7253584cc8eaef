//! What a count tells, and to whom (`docs/spec/count.md` §7).

use crate::leakage::Sentences;

/// Of a count of two banks.
pub const LEAKAGE: Sentences = Sentences {
    of: "count",
    told: &[
        ("each bank", "about how many items both hold, in tens and with noise, or that it is under 20; not which"),
        ("the hub", "that number with the noise of both banks; nothing of any item"),
        (
            "a bank with the hub, where both follow the protocol",
            "the number with the noise of the other bank; not which of its own items it is about",
        ),
        ("whoever watches the links", "that the count took place, and its terms' sizes"),
    ],
    not_protected: &[
        "a bank that does not follow the protocol can lift the answer out of its noise for a few items; the floor, the tens and \
         one release a month bound that; with the hub it learns which of the items it sent the other bank holds",
        "a hub that answers with any number",
        "false inputs: nothing proves that a bank's items come from its records",
        "people with more identifiers in a list than the terms say: noise is for so many",
        "what the same lists tell month after month adds up; the ledger bounds each month",
        "later quantum attack: someone who recorded both lists and takes discrete logarithms can test guesses against them",
    ],
    assumption: "semi-honest parties; decisional Diffie-Hellman in ristretto255 and random oracles",
};
