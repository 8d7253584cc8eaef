//! What a column map may say: the kind of a column, and the few things it may switch on.

use core::fmt;

use phonenumber::country;
use serde::{Deserialize, Serialize};

use super::{
    day::{DateOrder, Day},
    tables::Platform,
};

/// The kind a column declares. One kind of column can give indicators of several kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnKind {
    /// An Australian account: BSB and number.
    AuAccount,
    /// A PayID: a phone number, an e-mail address, an ABN, an ACN or an organisation identifier.
    #[serde(rename = "payid")]
    PayId,
    /// An Australian business number.
    Abn,
    /// An Australian company number.
    Acn,
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
    /// An international bank account number (ISO 13616).
    Iban,
    /// A Bitcoin address.
    Btc,
    /// An address of Ethereum or of a chain with the same addresses.
    Evm,
    /// A TRON address.
    Trx,
    /// A name or number on a platform.
    Handle,
    /// A host name.
    Domain,
    /// An IMEI, IMSI, MAC address, advertising identifier or a vendor's fingerprint.
    Device,
    /// The number of a payment card.
    Pan,
    /// An account abroad: country, BIC or bank, account number.
    ForeignAccount,
    /// An account with an operator of e-wallets.
    Ewallet,
    /// A Litecoin address.
    Ltc,
    /// A Dogecoin address.
    Doge,
    /// A Bitcoin Cash address.
    Bch,
    /// A Monero address.
    Xmr,
    /// An address of the XRP Ledger, with its destination tag.
    Xrp,
    /// A Stellar account, with its memo.
    Xlm,
    /// A Solana address.
    Sol,
    /// An address of TON, with its memo.
    Ton,
    /// An address of the Internet at a time.
    IpTime,
    /// Name and date of birth, in several columns.
    Person,
    /// Who is paid abroad: country, city and name, or phone number.
    Payee,
}

impl ColumnKind {
    /// Every kind of column.
    pub const ALL: [Self; 27] = [
        Self::AuAccount,
        Self::PayId,
        Self::Abn,
        Self::Acn,
        Self::Phone,
        Self::Email,
        Self::Iban,
        Self::Btc,
        Self::Evm,
        Self::Trx,
        Self::Handle,
        Self::Domain,
        Self::Device,
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
    ];

    /// The name used in column maps.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuAccount => "au-account",
            Self::PayId => "payid",
            Self::Abn => "abn",
            Self::Acn => "acn",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Iban => "iban",
            Self::Btc => "btc",
            Self::Evm => "evm",
            Self::Trx => "trx",
            Self::Handle => "handle",
            Self::Domain => "domain",
            Self::Device => "device",
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
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a column map may switch on. The default is the strictest: nothing is guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The region of phone numbers without a country code. Leave it out for feeds from abroad.
    pub default_region: Option<Region>,
    /// What to do with a BSB of five digits.
    pub repair_short_bsb: RepairShortBsb,
    /// The platform of handles that do not name one.
    pub platform: Option<Platform>,
    /// The kind of device identifiers that do not name one.
    pub device: Option<DeviceKind>,
    /// In which order dates stand.
    pub date_order: DateOrder,
    /// The day of the load: nobody is born after it. Without it, later dates of birth pass.
    pub today: Option<Day>,
}

/// What to do with a BSB of five digits, of which a spreadsheet may have dropped the leading zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepairShortBsb {
    /// Refuse it.
    #[default]
    Refuse,
    /// Put the zero back and note the repair.
    RestoreZero,
}

/// A region with a numbering plan, named by its ISO 3166-1 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region(pub(super) country::Id);

impl Region {
    /// Australia.
    pub const AU: Self = Self(country::Id::AU);

    /// The region of a code of two upper-case letters; `None` if it has no numbering plan.
    pub fn from_code(code: &str) -> Option<Self> {
        let id = code.parse::<country::Id>().ok()?;
        phonenumber::metadata::DATABASE.by_id(code).map(|_| Self(id))
    }

    /// Its code.
    pub fn code(&self) -> &str {
        self.0.as_ref()
    }
}

/// The kind of a device identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// 15 digits with a check digit, or the 16 digits of an IMEISV (3GPP TS 23.003 §6.2).
    Imei,
    /// 15 digits of a subscriber (3GPP TS 23.003 §2.2).
    Imsi,
    /// 48 bits, universally administered (IEEE 802).
    Mac,
    /// An advertising identifier: a UUID.
    Adid,
    /// A fingerprint by a vendor's software: `vendor:id`, comparable within that vendor alone.
    Sdk,
}

impl DeviceKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Imei, Self::Imsi, Self::Mac, Self::Adid, Self::Sdk];

    /// The name that stands before the value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Imei => "imei",
            Self::Imsi => "imsi",
            Self::Mac => "mac",
            Self::Adid => "adid",
            Self::Sdk => "sdk",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
