//! Why a value of a column is refused: a closed list of codes, each with a problem and a hint, never with the value.

use core::fmt;

use crate::reasons::reasons;

reasons! {
    /// Why an identifier has no canonical form under ruleset 2.
    pub enum RefusalCode {
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
            "map accounts abroad as iban or foreign-account; other letters have no canonical form";
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
            "give the host name; map addresses with their time as ip-time";
        UrlHasPath = "url-has-path": "the value is an address with a path, query or fragment",
            "give the host name alone: full addresses must not enter the network";
        UrlHasPort = "url-has-port": "the value has a port or a user name",
            "give the host name alone";
        OnionVersion = "onion-version": "the onion address is not of version 3",
            "leave version 2 addresses out: they have stopped working";
        IbanShape = "iban-shape": "an IBAN is two letters, two check digits and letters or digits",
            "check the column; accounts without an IBAN are another kind";
        IbanCountry = "iban-country": "the country does not use IBANs",
            "map Australian accounts as au-account, and those of other countries without IBANs as foreign-account";
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
        MediaContent = "media-content": "the value is a picture or a file, not an identifier",
            "take the column out of the export: pictures and files must not enter the network";
        ForbiddenNumber = "forbidden-number": "the value says that it is a tax file or Medicare number",
            "the law forbids to use these here: remove them from the export";
        PartsNeeded = "parts-needed": "this kind of identifier stands in several columns",
            "map it with parts = { ... } in the column map";
        CardMasked = "card-masked": "the card number is masked",
            "leave masked numbers out: they name many cards";
        CardRange = "card-range": "no issuer of cards uses numbers that begin like this one with so many digits",
            "check that the column holds card numbers; a bank's own account number is au-account";
        CardTest = "card-test": "the card number is one that processors publish for tests",
            "leave the row out";
        CountryUnknown = "country-unknown": "the country is not a code of ISO 3166-1",
            "write two or three letters, for example PH or PHL";
        ForeignShape = "foreign-shape": "an account abroad is country, BIC and an account number of letters and digits",
            "write CC:BIC:ACCOUNT, or map the parts in columns of their own";
        ForeignAustralian = "foreign-australian": "the account is in Australia",
            "map it as au-account, with its BSB";
        BankMissing = "bank-missing": "the account abroad has neither a BIC nor the name of a bank",
            "map the column of the BIC, or of the bank's name";
        BicShape = "bic-shape": "a BIC is eight or eleven letters and digits with a country in the fifth and sixth place",
            "check the column; a bank's name belongs in the part bank";
        OperatorUnknown = "operator-unknown": "the operator of e-wallets is not in the table of this ruleset",
            "use a name of tables/ewallets.txt; a new operator needs a new ruleset";
        OperatorCountry = "operator-country": "the operator has no e-wallets in this country",
            "check the country of the account";
        EwalletShape = "ewallet-shape": "an e-wallet is country, operator and a phone number, address or name of 3 to 64 letters",
            "write CC:operator:id, or map the parts in columns of their own";
        EwalletHandle = "ewallet-handle": "the account is a name on a platform",
            "map names that begin with $ or @ as handle";
        TagShape = "tag-shape": "the tag or memo is not one of this network",
            "give the tag alone: up to ten digits for xrp, 64 bytes of text for xlm and ton";
        TagConflict = "tag-conflict": "the address carries another tag than the column of tags",
            "check which of the two is right at the source";
        IpTimeShape = "ip-time-shape": "the value is not an address, an @ and a time",
            "write ADDRESS@TIME, or map address and time in columns of their own";
        IpShape = "ip-shape": "the address is not one of IPv4 or IPv6",
            "write no leading zeros, no zone and no network but /64";
        IpNotGlobal = "ip-not-global": "the address belongs to no single customer: it is private, shared, reserved or a tunnel",
            "log the address on the outside of the translator, with its port";
        PortShape = "port-shape": "a port is a number from 1 to 65535",
            "map the column of the source port, or none";
        TimeShape = "time-shape": "the time is not RFC 3339 and not in seconds or milliseconds since 1970",
            "write 2026-01-31T09:30:00+11:00";
        TimeOffset = "time-offset": "the time does not say its offset from UTC",
            "write Z or +11:00 after it: an hour cannot be guessed";
        DateShape = "date-shape": "the value is not one date",
            "write 1990-05-17, with four digits of the year";
        DateOrder = "date-order": "the date has its year last, and the column map does not say what comes first",
            "set date_order to dmy or mdy in the column map";
        DateUnreal = "date-unreal": "there is no such day, or it lies outside the years that are taken",
            "check the order of day and month";
        BirthRange = "birth-range": "the date of birth lies before 1900 or after today",
            "correct the date at the source";
        BirthPlaceholder = "birth-placeholder": "the date of birth is 1 January, which stands for an unknown day",
            "leave the row out, or fill in the real date";
        SexUnknown = "sex-unknown": "the sex is none of male, female, other and not stated",
            "write 1, 2, 3 or 9, M, F or X, or leave it empty";
        NameShape = "name-shape": "the name holds digits, signs or letters that have no counterpart in A to Z",
            "give the name alone, without numbers, addresses or remarks";
        NameTooLong = "name-too-long": "the name has more words or letters than a name",
            "check that the column does not hold free text";
        NameSingle = "name-single": "the name is one word, which many people in a city share",
            "give given and family name";
        PayeeShape = "payee-shape": "a payee is country, city and name, or country and phone number",
            "write CC:CITY:NAME or CC:+PHONE, or map the parts in columns of their own";
        CityMissing = "city-missing": "the payee has a name but no city",
            "map the column of the city or of the pay-out branch";
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.problem())
    }
}

impl core::error::Error for RefusalCode {}
