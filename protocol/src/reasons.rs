//! Closed lists of reasons: an enumeration whose values each have a stable code, a problem and a hint.

/// Declares such a list. A line of it is `Name = "code": "what is wrong", "what to do";`.
macro_rules! reasons {
    ($(#[$attribute:meta])* $vis:vis enum $List:ident {
        $($name:ident = $code:literal: $problem:literal, $hint:literal;)*
    }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $List {
            $(#[doc = $problem] $name,)*
        }

        impl $List {
            /// Every reason, in the order of the specification.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable name used in reports and vectors.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// What is wrong, in one sentence.
            pub const fn problem(self) -> &'static str {
                match self {
                    $(Self::$name => $problem,)*
                }
            }

            /// What to do about it.
            pub const fn hint(self) -> &'static str {
                match self {
                    $(Self::$name => $hint,)*
                }
            }
        }
    };
}

pub(crate) use reasons;
