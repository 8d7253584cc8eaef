//! Why a reveal does not go on.

use super::fields::BadFields;

/// Why a reveal does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevealRefusal {
    /// Not the stage for it.
    #[error("the reveal is not at a stage where this can be done")]
    Stage,
    /// The live charter is not that of the round.
    #[error("the charter in force is not that of the round")]
    OtherCharter,
    /// The charter has no clause of reveals.
    #[error("the charter has no clause that allows reveals")]
    NoClause,
    /// The node takes no part in the round.
    #[error("this node takes no part in the round")]
    NotNamed,
    /// No field is named.
    #[error(transparent)]
    Fields(#[from] BadFields),
    /// Other fields than were asked for.
    #[error("a request is answered with the fields that it asks for, or declined")]
    OtherFields,
    /// A pseudonym of this member's own.
    #[error("the one who is asked is this member itself")]
    ThisMember,
    /// In the past, or after the rooms.
    #[error("a request expires in a later interval of the rooms")]
    Expiry,
    /// A person who may not approve for this member.
    #[error("this person is not an approver of this member")]
    NotApprover,
    /// One person twice.
    #[error("this person has approved already: another one must")]
    SamePerson,
    /// A signature to something else.
    #[error("the approval does not sign these fields")]
    BadApproval,
    /// The other side's key is none.
    #[error("nothing can be sealed to the key of the other side")]
    BadKey,
}

impl RevealRefusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Stage => "reveal-stage",
            Self::OtherCharter => "reveal-other-charter",
            Self::NoClause => "reveal-no-clause",
            Self::NotNamed => "reveal-not-named",
            Self::Fields(_) => "reveal-no-field",
            Self::OtherFields => "reveal-other-fields",
            Self::ThisMember => "reveal-self",
            Self::Expiry => "reveal-expiry",
            Self::NotApprover => "reveal-not-approver",
            Self::SamePerson => "reveal-same-person",
            Self::BadApproval => "reveal-bad-approval",
            Self::BadKey => "reveal-bad-key",
        }
    }
}
