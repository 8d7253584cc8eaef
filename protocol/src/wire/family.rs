//! Families of messages: a body is a kind, two bytes, and that kind's payload, as for [`super::Message`].

/// An enum of messages from a table of names, payloads, kinds and limits, with its encoding. Families within it, in braces, have
/// kinds, limits and an encoding of their own.
macro_rules! message_family {
    ($(#[$family_doc:meta])* $family:ident
     $({ $($(#[$inner_doc:meta])* $inner_kinds:pat => $inner:ident($inner_family:ty),)* })?
     $($(#[$doc:meta])* $name:ident($payload:ty) = $kind:literal, $len_max:expr;)*) => {
        $(#[$family_doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $family {
            $($(#[$doc])* $name($payload),)*
            $($($(#[$inner_doc])* $inner($inner_family),)*)?
        }

        impl $family {
            /// Kind and length limit of every message but those of families within this one, for the specification and the tests.
            pub const KINDS: &[(&'static str, u16, usize)] = &[$((stringify!($name), $kind, $len_max),)*];

            /// The body of a frame.
            pub fn encode(&self) -> Vec<u8> {
                let (kind, payload): (u16, Vec<u8>) = match self {
                    $(Self::$name(payload) => ($kind, $crate::wire::encode(payload)),)*
                    $($(Self::$inner(message) => return message.encode(),)*)?
                };
                [&kind.to_le_bytes()[..], &payload].concat()
            }

            /// The message in a frame's body.
            ///
            /// # Errors
            /// If the kind is unknown or the payload is not of it.
            pub fn decode(body: &[u8]) -> Result<Self, $crate::wire::WireError> {
                use $crate::wire::{CodecError, WireError, decode};
                let (kind, payload) = body.split_first_chunk::<2>().ok_or(WireError::NoKind)?;
                let kind = u16::from_le_bytes(*kind);
                let failed = |error: CodecError| WireError::Payload { kind, error };
                match kind {
                    $($kind => decode(payload, $len_max).map(Self::$name).map_err(failed),)*
                    $($($inner_kinds => <$inner_family>::decode(body).map(Self::$inner),)*)?
                    _ => Err(WireError::UnknownKind(kind)),
                }
            }

            /// The kind's name, for logs.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                    $($(Self::$inner(message) => message.name(),)*)?
                }
            }
        }
    };
}

pub(crate) use message_family;
