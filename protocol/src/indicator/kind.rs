//! Kinds, roles and strengths. The numbers are on the wire and on disk: only ever append.

use core::fmt;

use serde::{Deserialize, Serialize};

/// The type of an indicator's canonical form. `payid` is absent on purpose: it resolves to one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u16)]
#[non_exhaustive]
pub enum IndicatorKind {
    /// `BBBBBB:N`, BSB and account number.
    AuAccount = 1,
    /// Eleven digits.
    Abn = 2,
    /// Nine digits.
    Acn = 3,
    /// E.164.
    Phone = 4,
    /// Strict key: lower-cased local part and A-label domain.
    Email = 5,
    /// Mailbox key: the strict key after the provider's rules.
    Mailbox = 6,
    /// Upper case, no spaces.
    Iban = 7,
    /// Base58Check or Bech32 text.
    Btc = 8,
    /// Hex of the 20-byte hash shared by the legacy and witness address of one key.
    Hash160 = 9,
    /// `0x` and forty lower-case hex digits.
    Evm = 10,
    /// Base58Check text starting with `T`.
    Trx = 11,
    /// `platform:value`.
    Handle = 12,
    /// A-label host, or onion host.
    Domain = 13,
    /// `kind:value`, for example `imei:490154203237518`.
    Device = 14,
    /// A PayID organisation identifier.
    OrgId = 15,
    /// The digits of a payment card.
    Pan = 16,
    /// `CC:BIC:ACCOUNT` or `CC:bank=NAME:ACCOUNT`.
    ForeignAccount = 17,
    /// `CC:operator:id`.
    Ewallet = 18,
    /// Base58Check or Bech32 text of Litecoin.
    Ltc = 19,
    /// Base58Check text of Dogecoin.
    Doge = 20,
    /// CashAddr text without its prefix.
    Bch = 21,
    /// 95 characters of Monero.
    Xmr = 22,
    /// Classic address, and `#tag`.
    Xrp = 23,
    /// Account of Stellar, and `#memo`.
    Xlm = 24,
    /// Base58 of 32 bytes.
    Sol = 25,
    /// Raw address, and `#memo`.
    Ton = 26,
    /// `address@hour`, with the port if it is known.
    IpTime = 27,
    /// `P1:` to `P5:` and a key of name and date of birth.
    Person = 28,
    /// `CC:CITY:NAME` or `CC:+PHONE`.
    Payee = 29,
    /// `platform:name`, exactly as written.
    HandleRaw = 30,
}

impl IndicatorKind {
    /// Every kind, in the order of its number.
    pub const ALL: [Self; 30] = [
        Self::AuAccount,
        Self::Abn,
        Self::Acn,
        Self::Phone,
        Self::Email,
        Self::Mailbox,
        Self::Iban,
        Self::Btc,
        Self::Hash160,
        Self::Evm,
        Self::Trx,
        Self::Handle,
        Self::Domain,
        Self::Device,
        Self::OrgId,
        Self::Pan,
        Self::ForeignAccount,
        Self::Ewallet,
        Self::Ltc,
        Self::Doge,
        Self::Bch,
        Self::Xmr,
        Self::Xrp,
        Self::Xlm,
        Self::Sol,
        Self::Ton,
        Self::IpTime,
        Self::Person,
        Self::Payee,
        Self::HandleRaw,
    ];

    /// The name used in files, charters and on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::AuAccount => "au-account",
            Self::Abn => "abn",
            Self::Acn => "acn",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Mailbox => "mailbox",
            Self::Iban => "iban",
            Self::Btc => "btc",
            Self::Hash160 => "hash160",
            Self::Evm => "evm",
            Self::Trx => "trx",
            Self::Handle => "handle",
            Self::Domain => "domain",
            Self::Device => "device",
            Self::OrgId => "orgid",
            Self::Pan => "pan",
            Self::ForeignAccount => "foreign-account",
            Self::Ewallet => "ewallet",
            Self::Ltc => "ltc",
            Self::Doge => "doge",
            Self::Bch => "bch",
            Self::Xmr => "xmr",
            Self::Xrp => "xrp",
            Self::Xlm => "xlm",
            Self::Sol => "sol",
            Self::Ton => "ton",
            Self::IpTime => "ip-time",
            Self::Person => "person",
            Self::Payee => "payee",
            Self::HandleRaw => "handle-raw",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether a match on this kind alone says too little to open a case, whatever the key's strength.
    pub fn needs_company(self) -> bool {
        matches!(self, Self::Person | Self::Payee | Self::IpTime | Self::HandleRaw)
    }

    /// Whether the kind may enter runs with the hub's release alone: there are so few card numbers that a member could ask a peer
    /// about all of them.
    pub fn lighthouse_only(self) -> bool {
        matches!(self, Self::Pan)
    }

    /// Whether a value is erased from memory after use and shown to nobody but for its ends (PCI DSS 3.4.1: the first six and the
    /// last four digits).
    pub fn is_card(self) -> bool {
        matches!(self, Self::Pan)
    }
}

impl fmt::Display for IndicatorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whose identifier it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Our customer's.
    Holder,
    /// Someone's whom our customer paid.
    Counterparty,
}

impl Role {
    /// Both roles.
    pub const ALL: [Self; 2] = [Self::Holder, Self::Counterparty];

    /// The name used in files, charters and on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Counterparty => "counterparty",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Roles(u8);

/// A set that names a role there is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the set names a role that there is not")]
pub struct BadRoles;

impl TryFrom<u8> for Roles {
    type Error = BadRoles;

    fn try_from(bits: u8) -> Result<Self, BadRoles> {
        if bits & !Self::BOTH.0 == 0 { Ok(Self(bits)) } else { Err(BadRoles) }
    }
}

impl From<Roles> for u8 {
    fn from(roles: Roles) -> Self {
        roles.0
    }
}

impl Roles {
    /// No role.
    pub const NONE: Self = Self(0);
    /// Both roles.
    pub const BOTH: Self = Self(3);

    /// The set of one role.
    pub fn only(role: Role) -> Self {
        Self(match role {
            Role::Holder => 1,
            Role::Counterparty => 2,
        })
    }

    /// This set and another.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether both sets have a role in common.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The roles of this set.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.meets(Self::only(*role)))
    }
}

/// How much a match on an indicator says by itself (`domain`: strengths A to C).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Strength {
    /// Unique and stable.
    A,
    /// Unique but recyclable.
    B,
    /// Weak: needs company.
    C,
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{CodecError, decode, encode};

    #[test]
    fn a_set_of_roles_decodes_only_if_it_names_roles() {
        for bits in 0..=3u8 {
            assert_eq!(decode::<Roles>(&encode(&bits), 1).map(u8::from), Ok(bits));
        }
        assert_eq!(decode::<Roles>(&encode(&4u8), 1), Err(CodecError::Malformed));
    }
}
