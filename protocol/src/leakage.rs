//! What counts and reveals tell, as values: shown before consent, and bound into what is signed. Pair runs have
//! [`crate::psi::Leakage`], rounds [`crate::round::RoundLeakage`].

use cwg_crypto::{Digest, Domain, digest};

/// Each sentence a person reads, with whom it is about; the last ones are of what nobody is protected against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentences {
    /// Of what: the first part of the digest.
    pub of: &'static str,
    /// Who, and what that is told.
    pub told: &'static [(&'static str, &'static str)],
    /// What nobody is protected against.
    pub not_protected: &'static [&'static str],
    /// Against whom, and under which assumption, the rest holds.
    pub assumption: &'static str,
}

impl Sentences {
    /// The digest that terms and approvals name.
    pub fn digest(&self) -> Digest {
        let not_protected = self.not_protected.iter().map(|sentence| ("not protected", *sentence));
        digest_of(self.of, self.told.iter().copied().chain(not_protected), self.assumption)
    }
}

/// The digest of all sentences, each with whom it is about, and of the assumption.
pub(crate) fn digest_of(
    of: &str,
    sentences: impl Iterator<Item = (&'static str, &'static str)>,
    assumption: &str,
) -> Digest {
    let mut text = String::from(of);
    for part in sentences.flat_map(|(who, sentence)| [who, sentence]) {
        text.push('\0');
        text.push_str(part);
    }
    digest(Domain::Leakage, &[text.as_bytes(), assumption.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_counts_and_each_has_another_digest() {
        let (count, reveal) = (crate::count::LEAKAGE, crate::reveal::LEAKAGE);
        assert_ne!(count.digest(), reveal.digest());
        for all in [count, reveal] {
            let shorter = Sentences { told: &all.told[1..], ..all };
            let unsaid = Sentences { not_protected: &all.not_protected[1..], ..all };
            let otherwise = Sentences { assumption: "", ..all };
            assert!([shorter, unsaid, otherwise].iter().all(|changed| changed.digest() != all.digest()));
            let sentences = all.told.iter().flat_map(|(who, what)| [who, what]).chain(all.not_protected);
            assert!(sentences.clone().all(|sentence| !sentence.ends_with('.') && !sentence.contains('\0')));
        }
    }
}
