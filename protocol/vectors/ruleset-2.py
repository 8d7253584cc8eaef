#!/usr/bin/env python3
"""Writes ruleset-2.json: the kinds that ruleset 1 had already. Every expectation is written by hand; independent libraries check the ones they can.

Oracles: python-stdnum 2.2 (ABN, ACN, IBAN, IMEI), phonenumbers 9.0.33 (phone), idna 3 (A-labels), base58 2.1 and
bech32 1.2 (Bitcoin, TRON), pycryptodome 4.4 (Keccak, SHA3), precis-i18n 1.1 (handles). Nothing here calls our own code.
"""

import hashlib
import json
import pathlib
import sys

import base58
import bech32
import idna
import phonenumbers
import precis_i18n
from Crypto.Hash import SHA3_256, keccak
from stdnum import iban as std_iban
from stdnum import imei as std_imei
from stdnum.au import abn as std_abn
from stdnum.au import acn as std_acn

CASES = []


def case(kind, value, expect, **rules):
    entry = {"kind": kind}
    if isinstance(value, dict):
        entry["parts"] = value
    elif isinstance(value, bytes):
        entry["input_hex"] = value.hex()
    else:
        entry["input"] = value
    CASES.append(entry | rules | {"expect": expect})


def ok(kind, value, keys, repairs="", **rules):
    """keys: 'kind text strength' with the text free of spaces, or triples."""
    triples = [tuple(k.split(" ")) if isinstance(k, str) else k for k in keys]
    expect = {
        "keys": [{"kind": k, "text": t, "strength": s} for k, t, s in triples],
        "repairs": repairs.split(),
    }
    if "extension" in rules:
        expect["extension"] = rules.pop("extension")
    case(kind, value, expect, **rules)


def no(kind, value, code, **rules):
    case(kind, value, {"refused": code}, **rules)


# --- common rules -----------------------------------------------------------------------------------------------

no("phone", b"\xff\xfe0412345678", "not-utf8")
no("email", b"j\xf6rg@example.com", "not-utf8")
no("email", "a" * 1025, "too-long")
no("handle", "telegram:" + "é" * 600, "too-long")
for blank in ("", "   ", "\ufeff", "\u200b\u200e", "\t\r\n", "\u00a0\u3000"):
    no("email", blank, "empty")
no("abn", "51824\x00753556", "control-character")
no("email", "jo\tan@example.com", "control-character")
no("handle", "telegram:jo\x1ban", "control-character")
no("handle", "telegram:jo\u0085an", "control-character")
for word in ("unknown", "N/A", "n/a", "NULL", "none", "Test", "-", "TBC", "#N/A", "nan", "test@test.com"):
    no("email", word, "placeholder")
no("phone", "0000000", "placeholder")
no("phone", "0000 000 000", "placeholder")
no("abn", "11111111111", "placeholder")
no("acn", "999 999 999", "placeholder")
no("payid", "ｕｎｋｎｏｗｎ", "placeholder")
no("abn", "００００００００００００", "placeholder")
ok("email", "\ufeffjoan@example.com", ["email joan@example.com B"], "invisible-removed")
ok("email", " joan@example.com\n", ["email joan@example.com B"], "trimmed")
ok("email", "\u200bjoan@exam\u200bple.com", ["email joan@example.com B"], "invisible-removed")
ok("email", "\u202ajoan@example.com\u202c", ["email joan@example.com B"], "invisible-removed")
ok("email", "\u00a0joan@example.com\u3000", ["email joan@example.com B"], "trimmed")
ok("email", "\u200djoan@example.com \u200d", ["email joan@example.com B"], "invisible-removed trimmed")

# --- au-account -------------------------------------------------------------------------------------------------

A = "au-account"
ok(A, "062000:12345678", ["au-account 062000:12345678 A"])
ok(A, "062-000 12345678", ["au-account 062000:12345678 A"], "separators-removed")
ok(A, "062 000 12345678", ["au-account 062000:12345678 A"], "separators-removed")
ok(A, "062000 012345678", ["au-account 062000:12345678 A"], "separators-removed leading-zeros-removed")
ok(A, "062-000:12 345 678", ["au-account 062000:12345678 A"], "separators-removed")
ok(A, "062-000/12345678", ["au-account 062000:12345678 A"], "separators-removed")
ok(A, "062000-12345678", ["au-account 062000:12345678 A"], "separators-removed")
ok(A, "062000:0000012345", ["au-account 062000:12345 A"], "leading-zeros-removed")
ok(A, "062000:1", ["au-account 062000:1 A"])
ok(A, "062000:1234567890", ["au-account 062000:1234567890 A"])
ok(A, "BSB 062-000 Acc 12 345 678", ["au-account 062000:12345678 A"], "separators-removed label-removed")
ok(A, "BSB: 062-000, Account: 12345678".replace(",", ""), ["au-account 062000:12345678 A"], "separators-removed label-removed")
ok(A, "bsb 062000 acct no. 12345678", ["au-account 062000:12345678 A"], "label-removed")
ok(A, "BSB 062-000 12345678", ["au-account 062000:12345678 A"], "separators-removed label-removed")
ok(A, "０６２−０００　１２３４５６７８", ["au-account 062000:12345678 A"], "width-folded separators-removed")
ok(A, "062‑000 12345678", ["au-account 062000:12345678 A"], "width-folded separators-removed")
ok(A, "062\u200b000:12345678", ["au-account 062000:12345678 A"], "invisible-removed")
ok(A, "012-019 123456", ["au-account 012019:123456 A", "au-account 012055:123456 B"], "separators-removed")
ok(A, "012003:123456", ["au-account 012003:123456 A", "au-account 012019:123456 B", "au-account 012055:123456 B"])
ok(A, "012055:123456", ["au-account 012055:123456 A"])
ok(A, "012-340 123456", ["au-account 012340:123456 A", "au-account 012301:123456 B"], "separators-removed")
ok(A, "62-000 12345678", ["au-account 062000:12345678 A"], "separators-removed bsb-zero-restored", repair_short_bsb=True)
ok(A, "62000:12345678", ["au-account 062000:12345678 A"], "bsb-zero-restored", repair_short_bsb=True)
no(A, "62000:12345678", "bsb-five-digits")
no(A, "62-000 12345678", "bsb-five-digits")
no(A, "62000 12345678", "bsb-five-digits")
no(A, "6200:12345678", "bsb-length")
no(A, "0620000:12345678", "bsb-length")
no(A, "006200:12345678", "bsb-unknown-prefix")
no(A, "20000:12345678", "bsb-unknown-prefix", repair_short_bsb=True)
no(A, "999999:12345678", "bsb-unknown-prefix")
no(A, "062x00:12345678", "account-not-digits")
no(A, "062000:1234567A", "account-not-digits")
no(A, "062000:٣٤٥", "account-not-digits")
no(A, "CBA 062000 12345678", "account-not-digits")
no(A, "062000:0000000", "account-zero")
no(A, "062000:12345678901", "account-length")
no(A, "062000:11111111", "placeholder")
no(A, "062000:000001111", "placeholder")
no(A, "12345678", "bsb-missing")
no(A, ":12345678", "bsb-missing")
no(A, "062000", "account-shape")
ok(A, "062000:9", ["au-account 062000:9 A"])
no(A, "06200012345678", "account-shape")
no(A, "062000:123:456", "account-shape")
no(A, "062-000", "account-shape")
ok(A, {"bsb": "062000", "account": "012345678"}, ["au-account 062000:12345678 A"], "leading-zeros-removed")
ok(A, {"bsb": " 062-000", "account": "12 345 678"}, ["au-account 062000:12345678 A"], "trimmed separators-removed")
for bsb, account, code in (("62000", "1234", "bsb-five-digits"), ("", "1234", "bsb-missing"), ("062000", "", "empty"),
                           ("06200O", "1234", "bsb-not-digits"), ("062000", "12E4", "account-not-digits"),
                           ("062000", "n/a", "placeholder"), ("n/a", "1234", "bsb-not-digits")):
    no(A, {"bsb": bsb, "account": account}, code)

# --- abn, acn ---------------------------------------------------------------------------------------------------

for number in ("51824753556", "83914571673", "53004085616"):
    assert std_abn.is_valid(number)
assert not std_abn.is_valid("51824753557") and not std_abn.is_valid("10000000000")
for number in ("004085616", "000000019", "005749986"):
    assert std_acn.is_valid(number)
assert not std_acn.is_valid("004085617") and not std_acn.is_valid("824753556") and not std_acn.is_valid("914571673")
ok("abn", "51824753556", ["abn 51824753556 A"])
ok("abn", "51 824 753 556", ["abn 51824753556 A"], "separators-removed")
ok("abn", "51-824-753-556", ["abn 51824753556 A"], "separators-removed")
ok("abn", "ABN: 51 824 753 556", ["abn 51824753556 A"], "label-removed separators-removed")
ok("abn", "83 914 571 673", ["abn 83914571673 A"], "separators-removed")
ok("abn", "53004085616", ["abn 53004085616 A", "acn 004085616 B"])
ok("abn", "５１８２４７５３５５６", ["abn 51824753556 A"], "width-folded")
no("abn", "51824753557", "checksum")
no("abn", "15824753556", "checksum")
no("abn", "5182475355", "digit-count")
no("abn", "004085616", "digit-count")
no("abn", "5182475355O", "not-digits")
no("abn", "ABN", "not-digits")


def abn_sum_passes(digits):
    weights = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
    return (sum(w * int(d) for w, d in zip(weights, digits)) - 10) % 89 == 0


# 10 and 99 are the same check value: the register hands out 99.
ninety_nine = next(f"99{n:09}" for n in range(100000019, 100001000) if abn_sum_passes(f"99{n:09}") and not std_acn.is_valid(f"{n:09}"))
ten = "10" + ninety_nine[2:]
assert abn_sum_passes(ten) and std_abn.is_valid(ninety_nine) and not std_abn.is_valid(ten)
ok("abn", ninety_nine, [f"abn {ninety_nine} A"])
no("abn", ten, "checksum")
ok("acn", "004085616", ["acn 004085616 A"])
ok("acn", "004 085 616", ["acn 004085616 A"], "separators-removed")
ok("acn", "ACN 000 000 019", ["acn 000000019 A"], "label-removed separators-removed")
ok("acn", "005749986", ["acn 005749986 A"])
no("acn", "004085617", "checksum")
no("acn", "4085616", "digit-count")
no("acn", "53004085616", "digit-count")
no("acn", "00408561a", "not-digits")

# --- phone ------------------------------------------------------------------------------------------------------

SERVICE = {"phone-toll-free": phonenumbers.PhoneNumberType.TOLL_FREE,
           "phone-premium": phonenumbers.PhoneNumberType.PREMIUM_RATE,
           "phone-shared-cost": phonenumbers.PhoneNumberType.SHARED_COST,
           "phone-company": phonenumbers.PhoneNumberType.UAN}


def phone(value, e164, repairs="", region=None, extension=None):
    plain = value.replace("\u200b", "")
    parsed = phonenumbers.parse(plain, region)
    assert phonenumbers.is_valid_number(parsed), value
    assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == e164, value
    assert phonenumbers.number_type(parsed) not in SERVICE.values(), value
    rules = {"region": region} if region else {}
    if extension:
        assert parsed.extension == extension, value
        rules["extension"] = extension
    ok("phone", value, [f"phone {e164} B"], repairs, **rules)


def service(value, code, region=None):
    parsed = phonenumbers.parse(value, region)
    assert phonenumbers.number_type(parsed) == SERVICE[code], (value, phonenumbers.number_type(parsed))
    no("phone", value, code, **({"region": region} if region else {}))


MOBILE = "+61412345678"
S, C, T = "separators-removed", "country-code-added", "trunk-prefix-removed"
phone("+61412345678", MOBILE)
phone("0412 345 678", MOBILE, f"{S} {C}", "AU")
phone("0412345678", MOBILE, C, "AU")
phone("(04) 1234 5678", MOBILE, f"{S} {C}", "AU")
phone("+61 (0)412 345 678", MOBILE, f"{S} {T}")
phone("+610412345678", MOBILE, T)
phone("61412345678", MOBILE, C, "AU")
phone("412345678", MOBILE, C, "AU")
phone("0011 61 412 345 678", MOBILE, f"{S} {C}", "AU")
phone("+61-412-345-678", MOBILE, S)
phone("+61.412.345.678", MOBILE, S)
phone("tel:+61412345678", MOBILE, "uri-stripped")
phone("+６１４１２３４５６７８", MOBILE, "width-folded")
phone("＋61 412 345 678", MOBILE, f"width-folded {S}")
phone("+61 412–345–678", MOBILE, f"width-folded {S}")
phone("0011 44 20 7031 3000", "+442070313000", f"{S} {C}", "AU")
phone("+44 (0)20 7031 3000", "+442070313000", f"{S} {T}")
phone("(02) 9374 4000", "+61293744000", f"{S} {C}", "AU")
phone("+61 2 9374 4000 ext. 12", "+61293744000", f"{S} extension-dropped", extension="12")
phone("+61 2 9374 4000 x 045", "+61293744000", f"{S} extension-dropped", extension="045")
phone("+61293744000;ext=7", "+61293744000", "extension-dropped", extension="7")
phone("+61 2 9374 4000 #12", "+61293744000", f"{S} extension-dropped", extension="12")
phone("+39 06 698 12345", "+390669812345", S)
phone("+390236618300", "+390236618300")
phone("+1 (212) 555-0123".replace("555-0123", "736-5000"), "+12127365000", S)
phone("+63 917 123 4567", "+639171234567", S)
phone("0917 123 4567", "+639171234567", f"{S} {C}", "PH")
phone("+66 81 234 5678", "+66812345678", S)
phone("+49 30/123456", "+4930123456", S)
phone("+44 7400 123456", "+447400123456", S)
phone("+40 712 034 567", "+40712034567", S)
phone("+855 91 234 567", "+85591234567", S)
phone("+61 444 444 440", "+61444444440", S)
phone("07400 123456", "+447400123456", f"{S} {C}", "GB")
# A trunk prefix is not stripped where it is part of the number.
phone("+7 812 345 67 89", "+78123456789", S)
phone("8 (812) 345-67-89", "+78123456789", f"{S} {C}", "RU")
phone("+370 801 23 456", "+37080123456", S)
phone("+86 10 1234 5678", "+861012345678", S)
phone("21 234", "+68221234", f"{S} {C}", "CK")
# Too long by one digit, though the beginning fits a plan.
for longer in ("+86 10 1234 5648 1", "+611310123456", "+880 27111634 1"):
    assert not phonenumbers.is_valid_number(phonenumbers.parse(longer))
    no("phone", longer, "phone-invalid")
no("phone", "0412 345 678", "no-region")
no("phone", "61412345678", "no-region")
service("1300 975 707", "phone-shared-cost", "AU")
service("13 22 21", "phone-shared-cost", "AU")
service("+611300975707", "phone-shared-cost")
service("1800 801 920", "phone-toll-free", "AU")
service("+1 800 253 0000", "phone-toll-free")
service("1900 654 321", "phone-premium", "AU")
service("+44 9012 345678", "phone-premium")
service("+44 5612 345678".replace("5612 345678", "5512 345678"), "phone-company")
no("phone", "000", "phone-short-code", region="AU")
no("phone", "12455", "phone-short-code", region="AU")
no("phone", "+61", "phone-invalid")
no("phone", "+61412345", "phone-invalid")
no("phone", "+6141234567890", "phone-invalid")
no("phone", "+999123456789", "phone-invalid")
no("phone", "04123456789", "phone-invalid", region="AU")
no("phone", "+61 444 444 444", "placeholder")
no("phone", "0444444444", "placeholder", region="AU")
no("phone", "1800 FLOWERS", "phone-shape", region="AU")
no("phone", "0412 345 678 (Joan)", "phone-shape", region="AU")
no("phone", "0412345678, 0298765432", "phone-shape", region="AU")
no("phone", "0412345678 x12 x13", "phone-shape", region="AU")
no("phone", "joan@example.com", "phone-shape", region="AU")
no("phone", "0412345678/0412345679/0298765432", "phone-shape", region="AU")
no("phone", "+61*412345678", "phone-shape")
no("phone", "61+412345678", "phone-shape", region="AU")

# --- payid ------------------------------------------------------------------------------------------------------

P = "payid"
ok(P, "+61-412345678", [f"phone {MOBILE} B"], "payid-dash")
ok(P, "+61412345678", [f"phone {MOBILE} B"])
ok(P, "+61-412 345 678", [f"phone {MOBILE} B"], f"payid-dash {S}")
ok(P, "0412 345 678", [f"phone {MOBILE} B"], f"{S} {C}", region="AU")
ok(P, "+1-2127365000", ["phone +12127365000 B"], "payid-dash")
ok(P, "＋61-412345678", [f"phone {MOBILE} B"], "width-folded payid-dash")
ok(P, "Joan@Example.com", ["email joan@example.com B"], "lower-cased")
ok(P, "joan.b+x@gmail.com", ["email joan.b+x@gmail.com B", "mailbox joanb@gmail.com B"])
ok(P, "51824753556", ["abn 51824753556 A"])
ok(P, "53 004 085 616", ["abn 53004085616 A", "acn 004085616 B"], S)
ok(P, "004085616", ["acn 004085616 A"])
ok(P, "Bright-Coffee.Shop", ["orgid bright-coffee.shop B"], "lower-cased")
ok(P, "bright coffee", [("orgid", "bright coffee", "B")])
no(P, "+6-1412345678", "payid-dash")
no(P, "+614-12345678", "payid-dash")
no(P, "+61-0412345678", "payid-dash")
no(P, "+61-", "payid-dash")
no(P, "+61-1300975707", "phone-shared-cost")
no(P, "0412345678", "no-region")
no(P, "61412345678", "checksum")
no(P, "412345678", "checksum")
assert not std_abn.is_valid("61412345678") and not std_acn.is_valid("412345678")
no(P, "12345", "payid-digits")
no(P, "café", "orgid-characters")
no(P, "a" * 257, "too-long")
no(P, "joan@localhost", "unknown-suffix")

# --- email ------------------------------------------------------------------------------------------------------

E = "email"
ok(E, "joan@example.com", ["email joan@example.com B"])
ok(E, "JOAN@EXAMPLE.COM", ["email joan@example.com B"], "lower-cased")
ok(E, "Joan.Byrne+Shop@Gmail.com", ["email joan.byrne+shop@gmail.com B", "mailbox joanbyrne@gmail.com B"], "lower-cased")
ok(E, "joanbyrne@googlemail.com", ["email joanbyrne@googlemail.com B", "mailbox joanbyrne@gmail.com B"])
ok(E, "joanbyrne@gmail.com", ["email joanbyrne@gmail.com B", "mailbox joanbyrne@gmail.com B"])
ok(E, "+tag@gmail.com", ["email +tag@gmail.com B"])
ok(E, "joan.+x@hotmail.com", ["email joan.+x@hotmail.com B"])
ok(E, "joan.+x@gmail.com", ["email joan.+x@gmail.com B", "mailbox joan@gmail.com B"])
ok(E, "joan.b+x@outlook.com", ["email joan.b+x@outlook.com B", "mailbox joan.b@outlook.com B"])
ok(E, "joan+x@hotmail.com.au", ["email joan+x@hotmail.com.au B", "mailbox joan@hotmail.com.au B"])
ok(E, "joan+x@icloud.com", ["email joan+x@icloud.com B", "mailbox joan@icloud.com B"])
ok(E, "joan+x@me.com", ["email joan+x@me.com B", "mailbox joan@me.com B"])
ok(E, "joan+x@fastmail.com", ["email joan+x@fastmail.com B", "mailbox joan@fastmail.com B"])
ok(E, "joan+x@proton.me", ["email joan+x@proton.me B", "mailbox joan@proton.me B"])
ok(E, "joan-shop@yahoo.com", ["email joan-shop@yahoo.com B"])
ok(E, "joan.b+x@bigpond.com", ["email joan.b+x@bigpond.com B"])
ok(E, "joan@mailinator.com", ["email joan@mailinator.com C"])
ok(E, "joan@inbox.mailinator.com", ["email joan@inbox.mailinator.com C"])
ok(E, "joan@example.com.", ["email joan@example.com B"], "trailing-dot-removed")
ok(E, "mailto:joan@example.com?subject=hi", ["email joan@example.com B"], "uri-stripped")
ok(E, "<joan@example.com>", ["email joan@example.com B"], "unquoted")
ok(E, '"joan"@example.com', ["email joan@example.com B"], "unquoted")
ok(E, '"joan byrne"@example.com', [("email", '"joan byrne"@example.com', "B")])
ok(E, '"jo@an"@example.com', [("email", '"jo@an"@example.com', "B")])
ok(E, '"joan\\ byrne"@gmail.com', [("email", '"joan byrne"@gmail.com', "B")], "unquoted")
ok(E, "jörg@example.com", ["email jörg@example.com B"])
ok(E, "JÖRG@example.com", ["email jörg@example.com B"], "lower-cased")
ok(E, "jo\u0308rg@example.com", ["email jörg@example.com B"], "normalized")
ok(E, "jörg@gmail.com", ["email jörg@gmail.com B"])
assert idna.encode("bücher.de", uts46=True) == b"xn--bcher-kva.de"
assert idna.encode("faß.de", uts46=True) == b"xn--fa-hia.de"
ok(E, "joan@bücher.de", ["email joan@xn--bcher-kva.de B"], "idna-encoded")
ok(E, "joan@faß.de", ["email joan@xn--fa-hia.de B"], "idna-encoded")
ok(E, "joan@ｅxample.com", ["email joan@example.com B"], "idna-encoded")
ok(E, "joan@example。com", ["email joan@example.com B"], "idna-encoded")
ok(E, "o'brien@example.com.au", ["email o'brien@example.com.au B"])
ok(E, "a" * 64 + "@example.com", [f"email {'a' * 64}@example.com B"])
ok(E, "joan@someone.github.io", ["email joan@someone.github.io B"])
no(E, "joan", "email-shape")
no(E, "joan@", "email-shape")
no(E, "@example.com", "email-shape")
no(E, "joan@b@example.com", "email-shape")
no(E, "joan@example.com; kim@example.com", "email-shape")
no(E, "Joan Byrne <joan@example.com>", "email-local")
no(E, "joan byrne@example.com", "email-local")
no(E, ".joan@example.com", "email-local")
no(E, "joan.@example.com", "email-local")
no(E, "jo..an@example.com", "email-local")
no(E, "jo,an@example.com", "email-local")
no(E, '""@example.com', "email-local")
no(E, "a" * 65 + "@example.com", "email-length")
no(E, "a" * 64 + "@" + ".".join(["b" * 63] * 3) + ".com", "email-length")
no(E, "joan@[203.0.113.7]", "ip-address")
no(E, "joan@203.0.113.7", "ip-address")
no(E, "joan@localhost", "unknown-suffix")
no(E, "joan@mail.corp", "unknown-suffix")
no(E, "joan@com.au", "suffix-only")
no(E, "joan@exa_mple.com", "host-syntax")
no(E, "joan@-example.com", "host-syntax")
no(E, "joan@exam..ple.com", "host-syntax")
no(E, "joan@" + "b" * 64 + ".com", "host-syntax")
no(E, "joan@exam ple.com", "host-syntax")

# --- iban -------------------------------------------------------------------------------------------------------

GOOD = ["GB82WEST12345698765432", "DE44500105175407324931", "FR1420041010050500013M02606", "NL91ABNA0417164300",
        "RO49AAAA1B31007593840000", "MT84MALT011000012345MTLCAST001S", "NO9386011117947"]
for number in GOOD:
    assert std_iban.is_valid(number, check_country=False), number
    ok("iban", number, [f"iban {number} A"])
ok("iban", "GB82 WEST 1234 5698 7654 32", [f"iban {GOOD[0]} A"], S)
ok("iban", "gb82west12345698765432", [f"iban {GOOD[0]} A"], "upper-cased")
ok("iban", "IBAN: DE44 5001 0517 5407 3249 31", [f"iban {GOOD[1]} A"], f"label-removed {S}")
ok("iban", "ＤＥ44500105175407324931", [f"iban {GOOD[1]} A"], "width-folded")
no("iban", "GB82WEST12345698765431", "checksum")
no("iban", "GB28WEST12345698765432", "checksum")
no("iban", "06200012345678", "iban-shape")
no("iban", "GB82", "iban-shape")
no("iban", "GB82WEST1234569876543200000000000000", "iban-shape")
no("iban", "GB82WEST1234_698765432", "iban-shape")


def with_check(country, bban):
    number = int("".join(str(int(c, 36)) for c in bban + country + "00"))
    return f"{country}{98 - number % 97:02}{bban}"


for country in ("AU", "NZ", "US", "PH"):
    no("iban", with_check(country, "062000012345678"), "iban-country")
no("iban", with_check("GB", "WEST1234569876543"), "iban-structure")
no("iban", with_check("DE", "50010517540732493A"), "iban-structure")
# 01 and 98 are the same check value; only 02 to 98 are given out.
low = next(n for n in range(10**17, 10**17 + 2000) if with_check("DE", f"{n:018}")[2:4] == "98")
ok("iban", with_check("DE", f"{low:018}"), [f"iban {with_check('DE', f'{low:018}')} A"])
no("iban", f"DE01{low:018}", "checksum")

# --- btc --------------------------------------------------------------------------------------------------------

B = "btc"


def p2pkh(hash160, version=0):
    return base58.b58encode_check(bytes([version]) + bytes.fromhex(hash160)).decode()


LEGACY, SEGWIT = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "bc1qw7llyrrqu53dl23n2rpekqc2t5qyaqu6ueplg7"
HASH = base58.b58decode_check(LEGACY)[1:].hex()
assert bytes(bech32.decode("bc", SEGWIT)[1]).hex() == HASH and p2pkh(HASH) == LEGACY
P2SH = "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"
assert base58.b58decode_check(P2SH)[0] == 5
P2WSH = "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3"
assert len(bech32.decode("bc", P2WSH)[1]) == 32
TAPROOT = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"  # BIP 350
ok(B, LEGACY, [f"btc {LEGACY} A", f"hash160 {HASH} A"])
ok(B, SEGWIT, [f"btc {SEGWIT} A", f"hash160 {HASH} A"])
ok(B, SEGWIT.upper(), [f"btc {SEGWIT} A", f"hash160 {HASH} A"], "lower-cased")
ok(B, f"bitcoin:{LEGACY}?amount=0.1&label=x", [f"btc {LEGACY} A", f"hash160 {HASH} A"], "uri-stripped")
ok(B, f"BITCOIN:{SEGWIT.upper()}", [f"btc {SEGWIT} A", f"hash160 {HASH} A"], "uri-stripped lower-cased")
ok(B, f"  {LEGACY}\u200b ", [f"btc {LEGACY} A", f"hash160 {HASH} A"], "invisible-removed trimmed")
ok(B, P2SH, [f"btc {P2SH} A"])
ok(B, P2WSH, [f"btc {P2WSH} A"])
ok(B, TAPROOT, [f"btc {TAPROOT} A"])
no(B, "bc1Qw7llyrrqu53dl23n2rpekqc2t5qyaqu6ueplg7", "mixed-case")
no(B, SEGWIT[:-1] + "8", "checksum")
no(B, TAPROOT[:-1] + "q", "checksum")
no(B, LEGACY[:-1] + "3", "checksum")
no(B, LEGACY.lower(), "checksum")
no(B, LEGACY[:-1] + "0", "address-shape")


def with_variant(version, program, const):
    data = [version] + bech32.convertbits(bytes.fromhex(program), 8, 5)
    expanded = bech32.bech32_hrp_expand("bc") + data
    mod = bech32.bech32_polymod(expanded + [0] * 6) ^ const
    return "bc1" + "".join(bech32.CHARSET[d] for d in data + [(mod >> 5 * (5 - i)) & 31 for i in range(6)])


BECH32, BECH32M = 1, 0x2BC830A3
KEY32 = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
assert with_variant(1, KEY32, BECH32M) == TAPROOT and with_variant(0, HASH, BECH32) == SEGWIT
no(B, with_variant(1, KEY32, BECH32), "bech32-variant")
no(B, with_variant(0, HASH, BECH32M), "bech32-variant")
no(B, with_variant(0, KEY32[:60], BECH32), "address-shape")
no(B, with_variant(17, KEY32, BECH32M), "address-shape")
no(B, with_variant(0, "00" * 20, BECH32), "zero-address")
no(B, p2pkh("00" * 20), "zero-address")
no(B, p2pkh(HASH, 0x6F), "testnet")
no(B, p2pkh(HASH, 0xC4), "testnet")
no(B, "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "testnet")
no(B, p2pkh(HASH, 0x30), "wrong-network")
no(B, p2pkh(HASH, 0x32), "wrong-network")
no(B, p2pkh(HASH, 0x1E), "wrong-network")
no(B, "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", "wrong-network")
no(B, "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "wrong-network")
no(B, "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "address-shape")
no(B, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "address-shape")
no(B, "bc1", "address-shape")

# --- evm --------------------------------------------------------------------------------------------------------

V = "evm"


def checksum_case(digits):
    digest = keccak.new(digest_bits=256, data=digits.encode()).hexdigest()
    return "0x" + "".join(c.upper() if int(h, 16) >= 8 else c for c, h in zip(digits, digest))


for mixed in ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
              "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"):
    assert checksum_case(mixed[2:].lower()) == mixed
    ok(V, mixed, [f"evm {mixed.lower()} A"], "lower-cased")
LOWER = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
ok(V, LOWER, [f"evm {LOWER} A"])
ok(V, "0x" + LOWER[2:].upper(), [f"evm {LOWER} A"], "lower-cased")
ok(V, LOWER.upper(), [f"evm {LOWER} A"], "lower-cased")
ok(V, LOWER[2:], [f"evm {LOWER} A"], "prefix-added")
ok(V, f"ethereum:{LOWER}@1?value=1", [f"evm {LOWER} A"], "uri-stripped")
ok(V, f"ethereum:pay-{LOWER}", [f"evm {LOWER} A"], "uri-stripped")
no(V, "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "checksum")
no(V, "0x0000000000000000000000000000000000000000", "zero-address")
no(V, "0x0000000000000000000000000000000000000001", "zero-address")
no(V, "0x000000000000000000000000000000000000dEaD", "known-contract")
USDT = checksum_case("dac17f958d2ee523a2206206994597c13d831ec7")
assert USDT == "0xdAC17F958D2ee523a2206206994597C13D831ec7"
no(V, USDT, "known-contract")
no(V, LOWER[:-1], "address-shape")
no(V, LOWER + "0", "address-shape")
no(V, LOWER[:-1] + "g", "address-shape")
no(V, "vitalik.eth", "address-shape")
no(V, LEGACY, "address-shape")

# --- trx --------------------------------------------------------------------------------------------------------

X = "trx"
TRON = "TBHTJqAy4DhHhmT3dNceJYNRz4SdLofLre"
BODY = base58.b58decode_check(TRON)
assert BODY[0] == 0x41 and len(BODY) == 21
TRON_KEYS = [f"trx {TRON} A", f"evm 0x{BODY[1:].hex()} B"]
ok(X, TRON, TRON_KEYS)
ok(X, BODY.hex(), TRON_KEYS, "notation-changed")
ok(X, BODY.hex().upper(), TRON_KEYS, "notation-changed")
ok(X, "0x" + BODY.hex(), TRON_KEYS, "notation-changed")
ok(X, f"tron:{TRON}", TRON_KEYS, "uri-stripped")
no(X, TRON[:-1] + "f", "checksum")
no(X, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "known-contract")
no(X, LEGACY, "wrong-network")
no(X, p2pkh("00" * 20, 0x41), "zero-address")
no(X, "0x" + BODY[1:].hex(), "address-shape")
no(X, "42" + BODY[1:].hex(), "address-shape")
no(X, TRON.lower(), "address-shape")  # holds l
no(X, TRON + "1", "checksum")

# --- handle -----------------------------------------------------------------------------------------------------

H = "handle"
NAMES = precis_i18n.get_profile("UsernameCaseMapped")
for name, mapped in (("Joan_B", "joan_b"), ("JÖRG", "jörg"), ("Straße", "straße"), ("Ｊｏａｎ", "joan"), ("Иван", "иван")):
    assert NAMES.enforce(name) == mapped
for name in ("joan b", "joan🎉"):
    try:
        NAMES.enforce(name)
        sys.exit(name)
    except UnicodeEncodeError:
        pass
ok(H, "telegram:joan_b", ["handle telegram:joan_b B"])
ok(H, "telegram:@Joan_B", ["handle telegram:joan_b B"], "sigil-removed lower-cased")
ok(H, "tg:joan_b", ["handle telegram:joan_b B"], "notation-changed")
ok(H, "Telegram:joan_b", ["handle telegram:joan_b B"], "lower-cased")
ok(H, "telegram: joan_b", ["handle telegram:joan_b B"], "trimmed")
ok(H, "@joan_b", ["handle telegram:joan_b B"], "prefix-added sigil-removed", platform="telegram")
ok(H, "joan_b", ["handle any:joan_b C"], "prefix-added", platform="any")
ok(H, "https://t.me/Joan_B", ["handle telegram:joan_b B"], "uri-stripped lower-cased")
ok(H, "t.me/joan_b", ["handle telegram:joan_b B"], "uri-stripped")
ok(H, "hxxps://t[.]me/joan_b", ["handle telegram:joan_b B"], "uri-stripped")
ok(H, "https://www.instagram.com/joan.b/?hl=en", ["handle instagram:joan.b B"], "uri-stripped")
ok(H, "https://m.facebook.com/joan.b", ["handle facebook:joan.b B"], "uri-stripped")
ok(H, "https://www.facebook.com/profile.php?id=100001234567890", ["handle facebook:id:100001234567890 B"], "uri-stripped")
ok(H, "https://twitter.com/joan_b", ["handle x:joan_b B"], "uri-stripped")
ok(H, "https://x.com/joan_b", ["handle x:joan_b B"], "uri-stripped")
ok(H, "twitter:joan_b", ["handle x:joan_b B"], "notation-changed")
ok(H, "reddit:u/joan_b", ["handle reddit:joan_b B"], "sigil-removed")
ok(H, "https://www.reddit.com/user/joan_b/", ["handle reddit:joan_b B"], "uri-stripped")
ok(H, "https://www.tiktok.com/@joan.b", ["handle tiktok:joan.b B"], "uri-stripped")
ok(H, "https://www.snapchat.com/add/joan-b", ["handle snapchat:joan-b B"], "uri-stripped")
ok(H, "https://cash.app/$joanb", ["handle cashapp:joanb B"], "uri-stripped")
ok(H, "cashapp:$JoanB", ["handle cashapp:joanb B"], "sigil-removed lower-cased")
ok(H, "https://paypal.me/joanb", ["handle paypal:joanb B"], "uri-stripped")
ok(H, "https://wise.com/pay/me/joanb", ["handle wise:joanb B"], "uri-stripped")
ok(H, "ens:Joan.eth", ["handle ens:joan.eth B"], "lower-cased")
ok(H, "https://steamcommunity.com/profiles/76561198000000007", ["handle steam:id:76561198000000007 B"], "uri-stripped")
ok(H, "https://steamcommunity.com/id/JoanB", ["handle steam:joanb B"], "uri-stripped lower-cased")
ok(H, "steam:76561198000000007", ["handle steam:id:76561198000000007 B"], "notation-changed")
ok(H, "telegram:123456789", ["handle telegram:id:123456789 B"], "notation-changed")
ok(H, "telegram:id:123456789", ["handle telegram:id:123456789 B"])
ok(H, "discord:80351110224678912", ["handle discord:id:80351110224678912 B"], "notation-changed")
ok(H, "discord:joan#1234", ["handle discord:joan#1234 B"])
ok(H, "https://www.youtube.com/channel/UCabcDEF123456-_xyzABCDE", ["handle youtube:id:UCabcDEF123456-_xyzABCDE B"], "uri-stripped")
ok(H, "youtube:id:UCabcDEF123456-_xyzABCDE", ["handle youtube:id:UCabcDEF123456-_xyzABCDE B"])
ok(H, "skype:live:.cid.0a1b2c3d4e5f", ["handle skype:live:.cid.0a1b2c3d4e5f B"])
ok(H, "telegram:JÖRG", ["handle telegram:jörg B"], "lower-cased")
ok(H, "telegram:Straße", ["handle telegram:straße B"], "lower-cased")
ok(H, "telegram:Ｊｏａｎ", ["handle telegram:joan B"], "normalized")
ok(H, "telegram:Ⓙⓞⓐⓝ", ["handle telegram:joan B"], "normalized")
ok(H, "telegram:Иван", ["handle telegram:иван B"], "lower-cased")
ok(H, "telegram:jоan", ["handle telegram:jоan B"])  # Cyrillic о: another name
ok(H, "discord:Joan B", [("handle-raw", "discord:Joan B", "C")])
ok(H, "discord:Joan🎉", ["handle-raw discord:Joan🎉 C"])
no(H, "joan_b", "platform-missing")
no(H, "@joan_b", "platform-missing")
no(H, "myspace:joan_b", "platform-unknown")
no(H, "https://myspace.com/joan_b", "platform-unknown")
no(H, "discord:joan_b", "platform-conflict", platform="telegram")
no(H, "https://t.me/joan_b", "platform-conflict", platform="discord")
no(H, "https://t.me/joan_b/123", "url-not-profile")
no(H, "https://t.me/+AbCdEf123", "url-not-profile")
no(H, "https://t.me/", "url-not-profile")
no(H, "https://www.instagram.com/p/CxYz123/", "url-not-profile")
no(H, "https://www.reddit.com/r/australia", "url-not-profile")
no(H, "https://x.com/search?q=joan", "handle-reserved")
no(H, "https://www.instagram.com/explore/", "handle-reserved")
no(H, "telegram:", "handle-shape")
no(H, "telegram:@", "handle-shape")
no(H, "telegram:joan/b", "handle-shape")
no(H, "telegram:@@joan", "handle-shape")
no(H, "cashapp:$$joan", "handle-shape")
ok(H, "telegram:@ joan", ["handle telegram:joan B"], "sigil-removed trimmed")
no(H, "telegram:id:abc", "handle-shape")
no(H, "paypal:joan@example.com", "handle-is-email")
no(H, "telegram:unknown", "placeholder")
no(H, "telegram:N/A", "handle-shape")
no(H, "telegram:id:11111111", "placeholder")

# --- domain -----------------------------------------------------------------------------------------------------

D = "domain"
ok(D, "example.com", ["domain example.com B"])
ok(D, "WWW.Example.COM.", ["domain www.example.com B"], "trailing-dot-removed lower-cased")
ok(D, "https://example.com/", ["domain example.com B"], "uri-stripped")
ok(D, "hxxps://example[.]com", ["domain example.com B"], "defanged")
ok(D, "hxxp://www[.]example[.]com/", ["domain www.example.com B"], "uri-stripped defanged")
ok(D, "example(dot)com", ["domain example.com B"], "defanged")
ok(D, "example[DOT]com", ["domain example.com B"], "defanged")
ok(D, "example{.}com", ["domain example.com B"], "defanged")
ok(D, "bücher.de", ["domain xn--bcher-kva.de B"], "idna-encoded")
ok(D, "xn--bcher-kva.de", ["domain xn--bcher-kva.de B"])
ok(D, "faß.de", ["domain xn--fa-hia.de B"], "idna-encoded")
ok(D, "ＥＸＡＭＰＬＥ．com", ["domain example.com B"], "idna-encoded")
ok(D, "食狮.中国", ["domain xn--85x722f.xn--fiqs8s B"], "idna-encoded")
ok(D, "r3---sn-abc.example.com", ["domain r3---sn-abc.example.com B"])
ok(D, "joan.github.io", ["domain joan.github.io B"])
ok(D, "نامه\u200cای.com", ["domain xn--mgba3gch31f060k.com B"], "idna-encoded")
assert idna.encode("نامه\u200cای.com", uts46=True) == b"xn--mgba3gch31f060k.com"


def onion(key, version=3, spoil=0):
    digest = SHA3_256.new(b".onion checksum" + key + bytes([version])).digest()[:2]
    import base64
    return base64.b32encode(key + bytes([digest[0] ^ spoil]) + digest[1:] + bytes([version])).decode().lower() + ".onion"


ONION = onion(hashlib.sha256(b"ruleset 1").digest())
assert onion(__import__("base64").b32decode("2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid".upper())[:32]) == \
    "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
ok(D, ONION, [f"domain {ONION} B"])
ok(D, ONION.upper(), [f"domain {ONION} B"], "lower-cased")
ok(D, f"http://{ONION}/", [f"domain {ONION} B"], "uri-stripped")
ok(D, f"www.{ONION}", [f"domain www.{ONION} B", f"domain {ONION} B"])
no(D, onion(hashlib.sha256(b"ruleset 1").digest(), spoil=1), "checksum")
no(D, onion(hashlib.sha256(b"ruleset 1").digest(), version=4), "onion-version")
no(D, "expyuzz4wqqyqhjn.onion", "onion-version")
no(D, ONION.replace(ONION[3], "1", 1), "host-syntax")
no(D, "https://example.com/path", "url-has-path")
no(D, "example.com/?q=1", "url-has-path")
no(D, "example.com#top", "url-has-path")
no(D, "example.com:8080", "url-has-port")
no(D, "https://joan@example.com/", "url-has-port")
no(D, "ftp://example.com", "host-syntax")
no(D, "203.0.113.7", "ip-address")
no(D, "0x7f.1", "ip-address")
no(D, "2001:db8::1", "ip-address")
no(D, "[2001:db8::1]", "ip-address")
no(D, "localhost", "unknown-suffix")
no(D, "intranet.corp", "unknown-suffix")
no(D, "com.au", "suffix-only")
no(D, "exa_mple.com", "host-syntax")
no(D, "*.example.com", "host-syntax")
no(D, "exam ple.com", "host-syntax")
for label in ("xn--99999999", "xn--0000h"):  # not Punycode
    try:
        idna.decode(label)
        sys.exit(label)
    except idna.IDNAError:
        no(D, f"{label}.com", "host-syntax")

# --- device -----------------------------------------------------------------------------------------------------

G = "device"
IMEI = "490154203237518"
assert std_imei.is_valid(IMEI) and not std_imei.is_valid("490154203237519")
ok(G, f"imei:{IMEI}", [f"device imei:{IMEI} B"])
ok(G, "IMEI: 49-015420-323751-8", [f"device imei:{IMEI} B"], f"lower-cased {S}")
ok(G, IMEI, [f"device imei:{IMEI} B"], "prefix-added", device="imei")
ok(G, "imei:4901542032375101", [f"device imei:{IMEI} B"], "notation-changed")
ok(G, "imeisv:4901542032375101", [f"device imei:{IMEI} B"], "notation-changed")
ok(G, "imsi:505013456789012", ["device imsi:505013456789012 B"])
ok(G, "505013456789012", ["device imsi:505013456789012 B"], "prefix-added", device="imsi")
ok(G, "mac:001a2b3c4d5e", ["device mac:001a2b3c4d5e C"])
ok(G, "00:1A:2B:3C:4D:5E", ["device mac:001a2b3c4d5e C"], f"prefix-added {S} lower-cased")
ok(G, "00-1a-2b-3c-4d-5e", ["device mac:001a2b3c4d5e C"], f"prefix-added {S}")
ok(G, "mac:001a.2b3c.4d5e", ["device mac:001a2b3c4d5e C"], S)
UUID = "38400000-8cf0-11bd-b23e-10b96e40000d"
ok(G, f"adid:{UUID}", [f"device adid:{UUID} C"])
ok(G, f"idfa:{UUID.upper()}", [f"device adid:{UUID} C"], "notation-changed lower-cased")
ok(G, UUID, [f"device adid:{UUID} C"], "prefix-added")
ok(G, f"gaid:{UUID.replace('-', '')}", [f"device adid:{UUID} C"], "notation-changed")
ok(G, "adid:{" + UUID + "}", [f"device adid:{UUID} C"], S)
no(G, IMEI, "device-kind-missing")
no(G, "001a2b3c4d5e", "device-kind-missing")
no(G, "serial:ABC123", "device-kind-missing")
no(G, f"imei:{IMEI}", "device-kind-conflict", device="imsi")
no(G, "imei:490154203237519", "checksum")
no(G, "imei:49015420323751", "device-shape")
no(G, "imei:49015420323751X", "device-shape")
no(G, "imei:000000000000000", "placeholder")
no(G, "imsi:001010123456789", "device-shape")
no(G, "imsi:50501345678901", "device-shape")
no(G, "mac:02:1a:2b:3c:4d:5e", "mac-local")
no(G, "mac:da:a1:19:00:00:01", "mac-local")
no(G, "mac:01:00:5e:00:00:01", "mac-group")
no(G, "mac:ff:ff:ff:ff:ff:ff", "mac-group")
no(G, "mac:00:00:00:00:00:00", "placeholder")
no(G, "mac:00:1a:2b:3c:4d", "device-shape")
no(G, "mac:00:1a:2b:3c:4d:zz", "device-shape")
no(G, "adid:00000000-0000-0000-0000-000000000000", "placeholder")
no(G, "adid:38400000-8cf0-11bd-b23e10b96e40000d", "device-shape")
no(G, "adid:38400000", "device-shape")

assert len(CASES) == len({json.dumps({k: v for k, v in c.items() if k != "expect"}, sort_keys=True) for c in CASES}), "a case twice"
target = pathlib.Path(__file__).with_suffix(".json")
lines = ",\n".join(json.dumps(entry, ensure_ascii=True) for entry in CASES)
target.write_text(f"[\n{lines}\n]\n", encoding="ascii")
print(f"{len(CASES)} cases", file=sys.stderr)
