//! Every domain-separation string of the project, in one table.

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
