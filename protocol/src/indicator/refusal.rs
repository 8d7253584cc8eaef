//! Why a value of a column is refused: a closed list of codes, each with a problem and a hint, never with the value.

use core::fmt;

macro_rules! refusals {
    ($($name:ident = $code:literal: $problem:literal, $hint:literal;)*) => {
        /// Why an identifier has no canonical form under ruleset 1.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RefusalCode {
            $(#[doc = $problem] $name,)*
        }

        impl RefusalCode {
            /// Every code, in the order of the specification.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

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

refusals! {
    TooLong = "too-long": "the value is longer than any identifier of its kind",
        "check that the column holds one identifier a row";
    NotUtf8 = "not-utf8": "the value is not UTF-8 text",
        "export the file again as UTF-8";
    ControlCharacter = "control-character": "the value holds a control character",
        "remove tabs, line breaks and NUL bytes inside the value";
    Empty = "empty": "the value is empty",
        "leave rows without an identifier out of the file";
    Placeholder = "placeholder": "the value is a placeholder, not an identifier",
        "leave the row out, or fill in the real identifier";
    NotDigits = "not-digits": "the value holds something other than digits and separators",
        "check that the column is mapped to the right kind";
    DigitCount = "digit-count": "the number of digits is wrong for this kind",
        "store the column as text, so that no leading zero is lost";
    Checksum = "checksum": "the check digits or checksum do not fit",
        "correct the typing error at the source; it cannot be repaired here";
    BsbMissing = "bsb-missing": "the account has no BSB",
        "map the BSB column as well, or write BSB:account";
    BsbFiveDigits = "bsb-five-digits": "the BSB has five digits: a spreadsheet may have dropped its leading zero",
        "store the BSB as text, or switch on the repair of short BSBs in the column map";
    BsbLength = "bsb-length": "a BSB has six digits",
        "check the BSB column";
    BsbNotDigits = "bsb-not-digits": "the BSB holds something other than digits, a dash or a space",
        "check the BSB column";
    BsbUnknownPrefix = "bsb-unknown-prefix": "no institution uses BSBs that begin like this one",
        "check the BSB; a new institution needs a new ruleset";
    AccountNotDigits = "account-not-digits": "the account number holds something other than digits",
        "map accounts abroad as iban; other letters have no canonical form";
    AccountLength = "account-length": "an account number has at most ten digits after its leading zeros",
        "check that the column holds the account number alone";
    AccountZero = "account-zero": "the account number is zero",
        "leave the row out, or fill in the real account number";
    AccountShape = "account-shape": "it is not clear where the BSB ends and the account number begins",
        "write BSB:account, or map two columns";
    NoRegion = "no-region": "the phone number has no country code and the column map names no default region",
        "write +country code, or set the default region if the feed is domestic";
    PhoneShape = "phone-shape": "the value does not have the shape of one phone number",
        "give one number a row, in digits, with an extension written as x123 at most";
    PhoneInvalid = "phone-invalid": "no such number can exist in its country's numbering plan",
        "check the country code and the number of digits";
    PhoneTollFree = "phone-toll-free": "the number is toll-free: it names a service, not a person",
        "leave service numbers out";
    PhonePremium = "phone-premium": "the number is a premium-rate number: it names a service, not a person",
        "leave service numbers out";
    PhoneSharedCost = "phone-shared-cost": "the number is a shared-cost number: it names a service, not a person",
        "leave service numbers out";
    PhoneShortCode = "phone-short-code": "the number is a short code",
        "leave short codes out";
    PhoneCompany = "phone-company": "the number is a company-wide or voicemail access number",
        "leave service numbers out";
    PayidDash = "payid-dash": "the dash of the PayID does not stand after the country code",
        "write +61-412345678, or leave the dash out";
    PayidDigits = "payid-digits": "the digits are neither an ABN, an ACN nor a phone number",
        "write a phone PayID with + and country code";
    OrgidCharacters = "orgid-characters": "an organisation identifier is printable ASCII",
        "check that the column is mapped to the right kind";
    EmailShape = "email-shape": "the value is not one address of the form local@host",
        "give one bare address a row, without a display name";
    EmailLocal = "email-local": "the part before the @ is not allowed in an address",
        "check for stray dots, spaces and brackets";
    EmailLength = "email-length": "the local part exceeds 64 bytes or the address 254",
        "check that the column holds the address alone";
    HostSyntax = "host-syntax": "the host name is not valid under UTS 46 and the rules of the DNS",
        "check for stray characters, underscores and empty labels";
    UnknownSuffix = "unknown-suffix": "the host name does not end in a public suffix",
        "check the ending; internal host names have no canonical form";
    SuffixOnly = "suffix-only": "the host name is a public suffix itself",
        "give the full host name";
    IpAddress = "ip-address": "the host is an IP address",
        "give the host name; IP addresses are not part of this ruleset";
    UrlHasPath = "url-has-path": "the value is an address with a path, query or fragment",
        "give the host name alone: full addresses must not enter the network";
    UrlHasPort = "url-has-port": "the value has a port or a user name",
        "give the host name alone";
    OnionVersion = "onion-version": "the onion address is not of version 3",
        "leave version 2 addresses out: they have stopped working";
    IbanShape = "iban-shape": "an IBAN is two letters, two check digits and letters or digits",
        "check the column; accounts without an IBAN are another kind";
    IbanCountry = "iban-country": "the country does not use IBANs",
        "map Australian accounts as au-account; other countries without IBANs are not part of this ruleset";
    IbanStructure = "iban-structure": "the length or structure does not fit the IBAN's country",
        "correct the value at the source";
    AddressShape = "address-shape": "the value does not have the shape of an address of this network",
        "check that the column is mapped to the right kind";
    MixedCase = "mixed-case": "a bech32 address mixes upper and lower case",
        "copy the address again from its source";
    Bech32Variant = "bech32-variant": "the address uses the wrong one of bech32 and bech32m for its witness version",
        "copy the address again from its source";
    WrongNetwork = "wrong-network": "the address belongs to another network",
        "map each currency in a column of its own";
    Testnet = "testnet": "the address belongs to a test network",
        "leave test addresses out";
    ZeroAddress = "zero-address": "the address is the zero address or a reserved one, which nobody owns",
        "leave the row out";
    KnownContract = "known-contract": "the address is a well-known contract or burn address shared by everyone",
        "map the counterparty's address, not the token's";
    PlatformMissing = "platform-missing": "the handle does not say on which platform",
        "write platform:name, or set the platform in the column map";
    PlatformUnknown = "platform-unknown": "the platform is not in the table of this ruleset",
        "use a platform name of tables/platforms.txt";
    PlatformConflict = "platform-conflict": "the value names another platform than the column map",
        "split the column by platform, or remove the platform from the column map";
    UrlNotProfile = "url-not-profile": "the address is not that of a profile",
        "give the profile's address or its name; links to content must not enter the network";
    HandleReserved = "handle-reserved": "the name is a page of the platform, not a person's",
        "leave the row out";
    HandleIsEmail = "handle-is-email": "the handle is an e-mail address",
        "map the column as email";
    HandleShape = "handle-shape": "the name is empty, too long, or holds a slash",
        "give the name alone";
    DeviceKindMissing = "device-kind-missing": "the value does not say what kind of device identifier it is",
        "write imei:, imsi:, mac: or adid: before it, or set the device kind in the column map";
    DeviceKindConflict = "device-kind-conflict": "the value is another kind of device identifier than the column map says",
        "split the column by kind of device identifier";
    DeviceShape = "device-shape": "the value does not have the shape of its kind of device identifier",
        "check the number of digits and the separators";
    MacLocal = "mac-local": "the MAC address is locally administered: phones draw such addresses at random",
        "leave random MAC addresses out";
    MacGroup = "mac-group": "the MAC address is a group or broadcast address",
        "leave the row out";
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.problem())
    }
}

impl core::error::Error for RefusalCode {}
