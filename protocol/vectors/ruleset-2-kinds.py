#!/usr/bin/env python3
"""Writes ruleset-2-kinds.json: the kinds that ruleset 2 added. Every expectation is written by hand or stems from the cited public
document; independent libraries check the ones they can.

Oracles: python-stdnum 2.2 (Luhn, IBAN, BIC), base58 2.1, bech32 1.2, xrpl-py (X-addresses), cashaddress 1.0 (CashAddr), pycryptodome
(Keccak), Metaphone 0.6 (Double Metaphone), phonenumbers 9 (phones of wallets). Nothing here calls our own code.
"""

import base64
import json
import pathlib
import sys

import base58
import bech32
import metaphone
import phonenumbers
from Crypto.Hash import keccak
from stdnum import bic as std_bic
from stdnum import iban as std_iban
from stdnum import luhn as std_luhn
from xrpl.core import addresscodec

CASES = []


def case(kind, value, expect, **rules):
    entry = {"kind": kind} | ({"parts": value} if isinstance(value, dict) else {"input": value})
    CASES.append(entry | rules | {"expect": expect})


def ok(kind, value, keys, repairs="", **rules):
    """keys: (kind, text, strength); the kind may be left out where it is the column's."""
    triples = [key if len(key) == 3 else (kind, *key) for key in keys]
    expect = {"keys": [{"kind": k, "text": t, "strength": s} for k, t, s in triples], "repairs": repairs.split()}
    case(kind, value, expect, **rules)


def no(kind, value, code, part=None, **rules):
    case(kind, value, {"refused": code} | ({"part": part} if part else {}), **rules)


# --- what must never enter ----------------------------------------------------------------------------------------

no("payid", "data:image/png;base64,iVBORw0KGgo=", "media-content")
no("payid", "/9j/4AAQSkZJRgABAQ" + "A" * 80, "media-content")
no("acn", "TFN 123 456 782", "forbidden-number")
no("payid", "Medicare: 2123 45670 1", "forbidden-number")
no("person", {"given": "data:image/jpeg;base64,xx", "family": "Cruz", "born": "1990-05-17"}, "media-content", "given")
no("person", "Maria Cruz 1990-05-17", "parts-needed")
ok("acn", "ARBN 004 085 616", [("acn", "004085616", "A")], "label-removed separators-removed")
ok("device", "sdk:iovation:0500AbCd1234", [("sdk:iovation:0500AbCd1234", "C")])
ok("device", "SDK:Iovation:0500AbCd1234", [("sdk:iovation:0500AbCd1234", "C")], "lower-cased")
no("device", "sdk:0500AbCd1234", "device-shape")
no("device", "sdk:iovation:short", "device-shape")

# --- pan: numbers of a range that no issuer has been given, made for this file ------------------------------------


def card(body):
    number = body + std_luhn.calc_check_digit(body)
    assert std_luhn.is_valid(number)
    return number


VISA = card("499999000000001")
grouped = " ".join(VISA[i : i + 4] for i in range(0, 16, 4))
ok("pan", VISA, [(VISA, "A")])
ok("pan", grouped, [(VISA, "A")], "separators-removed")
ok("pan", grouped.replace(" ", "-"), [(VISA, "A")], "separators-removed")
ok("pan", "".join(chr(ord(d) + 0xFEE0) for d in VISA), [(VISA, "A")], "width-folded")
for body in ("34999900000001", "2720990000000010"[:15], "620000990000000001", "601199000000000123", "9792990000000012"[:15]):
    ok("pan", card(body), [(card(body), "A")])
no("pan", VISA[:-1] + str((int(VISA[-1]) + 1) % 10), "checksum")
no("pan", card("79999900000001"), "card-range")
no("pan", card("49999900000001"), "card-range")
for test in ("4111111111111111", "4242 4242 4242 4242", "378282246310005", "5555555555554444"):
    assert std_luhn.is_valid(test.replace(" ", ""))
    no("pan", test, "card-test")
no("pan", "4999 99** **** 0013", "card-masked")
no("pan", "499999XXXXXX0013", "card-masked")
no("pan", "49999900", "digit-count")
no("pan", "4999990000000001234567", "digit-count")
no("pan", "4999990000000O13", "not-digits")
no("pan", "4444444444444444", "placeholder")

# --- foreign-account ----------------------------------------------------------------------------------------------

for good in ("BOPIPHMM", "DEUTDEFF500", "NWBKGB2L"):
    assert std_bic.is_valid(good)
ok("foreign-account", "PH:BOPIPHMM:001234567890", [("PH:BOPIPHMM:001234567890", "B")])
ok("foreign-account", "phl:bopiphmmxxx:0012-3456-7890", [("PH:BOPIPHMM:001234567890", "B")],
   "notation-changed upper-cased branch-dropped separators-removed")
ok("foreign-account", {"country": "PH", "bic": "BOPIPHMM", "account": "1234 5678"}, [("PH:BOPIPHMM:12345678", "B")],
   "separators-removed")
ok("foreign-account", {"country": "PH", "bank": "Bank of the Philippine Islands", "account": "12345678"},
   [("PH:bank=BANK OF THE PHILIPPINE ISLANDS:12345678", "C")], "upper-cased")
ok("foreign-account", {"country": "PH", "bic": "BOPIPHMM", "bank": "BPI", "account": "12345678"},
   [("PH:BOPIPHMM:12345678", "B"), ("PH:bank=BPI:12345678", "C")])
ok("foreign-account", "PH:bank=BPI:12345678", [("PH:bank=BPI:12345678", "C")])
assert std_iban.is_valid("GB82WEST12345698765432")
ok("foreign-account", "GB:WESTGB2L:GB82WEST12345698765432",
   [("GB:WESTGB2L:GB82WEST12345698765432", "B"), ("iban", "GB82WEST12345698765432", "A")])
ok("foreign-account", "GB:WESTGB2L:GB82WEST12345698765431", [("GB:WESTGB2L:GB82WEST12345698765431", "B")])
# A name of eight letters is shaped like a BIC (SC is the Seychelles): only the part tells them apart.
ok("foreign-account", {"country": "DE", "bank": "Deutsche", "account": "12345678"}, [("DE:bank=DEUTSCHE:12345678", "C")], "upper-cased")
no("foreign-account", "AU:CTBAAU2S:12345678", "foreign-australian")
no("foreign-account", "XX:BOPIPHMM:12345678", "country-unknown")
no("foreign-account", "Philippines:BOPIPHMM:12345678", "country-unknown")
no("foreign-account", {"country": "PH", "account": "12345678"}, "bank-missing", "bic")
no("foreign-account", {"country": "PH", "bic": "BPI", "account": "12345678"}, "bic-shape", "bic")
no("foreign-account", "PH:BOPIXXMM:12345678", "bic-shape")
no("foreign-account", "PH:BOPIPHM0:12345678", "bic-shape")
no("foreign-account", "PH:BOPIPHMM", "foreign-shape")
no("foreign-account", "PH:BOPIPHMM:12345678?", "foreign-shape")
no("foreign-account", "PH:BOPIPHMM:12", "account-length")
no("foreign-account", "PH:BOPIPHMM:000", "account-zero")
no("foreign-account", {"country": "PH", "bic": "BOPIPHMM", "account": "0000000"}, "placeholder", "account")
no("foreign-account", {"country": "PH", "bic": "BOPIPHMM"}, "empty", "account")

# --- ewallet ------------------------------------------------------------------------------------------------------


def e164(number, region):
    parsed = phonenumbers.parse(number, region)
    assert phonenumbers.is_valid_number(parsed)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


GCASH = e164("0917 123 4567", "PH")
ok("ewallet", f"PH:gcash:{GCASH}", [(f"PH:gcash:{GCASH}", "B"), ("phone", GCASH, "B")])
ok("ewallet", "ph:GCash:0917 123 4567", [(f"PH:gcash:{GCASH}", "B"), ("phone", GCASH, "B")],
   "upper-cased lower-cased separators-removed country-code-added")
ok("ewallet", {"country": "PHL", "operator": "paymaya", "id": "+639171234567"}, [(f"PH:maya:{GCASH}", "B"), ("phone", GCASH, "B")],
   "notation-changed")
KENYA = e164("0712 123456", "KE")
ok("ewallet", {"country": "KE", "operator": "m-pesa", "id": "0712123456"}, [(f"KE:m-pesa:{KENYA}", "B"), ("phone", KENYA, "B")],
   "country-code-added")
ok("ewallet", {"country": "PH", "operator": "paypal", "id": "Joan@gmail.com"},
   [("ZZ:paypal:joan@gmail.com", "B"), ("email", "joan@gmail.com", "B"), ("mailbox", "joan@gmail.com", "B")],
   "notation-changed lower-cased")
ok("ewallet", "ZZ:paypal:joan@example.com", [("ZZ:paypal:joan@example.com", "B"), ("email", "joan@example.com", "B")])
ok("ewallet", "PH:coins-ph:joan_77", [("PH:coins-ph:joan_77", "B")])
ok("ewallet", "ZZ:webmoney:z123456789012", [("ZZ:webmoney:z123456789012", "B")])
no("ewallet", "PH:gcash:12345", "phone-short-code")
no("ewallet", "PH:gcash:$joan", "ewallet-handle")
no("ewallet", "PH:coins-ph:@joan", "ewallet-handle")
no("ewallet", "PH:fastcash:09171234567", "operator-unknown")
no("ewallet", {"country": "KE", "operator": "gcash", "id": "09171234567"}, "operator-country", "operator")
no("ewallet", "Q1:gcash:09171234567", "country-unknown")
no("ewallet", "PH:paypal:09171234567", "email-shape")
no("ewallet", "PH:coins-ph:a b", "ewallet-shape")
no("ewallet", "gcash:09171234567", "ewallet-shape")
no("ewallet", {"country": "PH", "operator": "gcash", "id": "unknown"}, "placeholder", "id")

# --- ltc, doge, bch -----------------------------------------------------------------------------------------------

HASH = bytes.fromhex("751e76e8199196d454941c45d1b3a323f1433bd6")
HEX = ("hash160", HASH.hex(), "A")


def b58(version, body=HASH):
    return base58.b58encode_check(bytes([version]) + body).decode()


def segwit(hrp):
    return bech32.encode(hrp, 0, HASH)


ok("ltc", b58(0x30), [(b58(0x30), "A"), HEX])
ok("ltc", "litecoin:" + b58(0x30) + "?amount=1", [(b58(0x30), "A"), HEX], "uri-stripped")
ok("ltc", b58(0x32), [(b58(0x32), "A")])
# The old form of a script's address is Bitcoin's text as well; the column alone tells.
ok("ltc", b58(0x05), [(b58(0x32), "A")], "notation-changed")
ok("btc", b58(0x05), [("btc", b58(0x05), "A")])
ok("ltc", segwit("ltc"), [(segwit("ltc"), "A"), HEX])
ok("ltc", segwit("ltc").upper(), [(segwit("ltc"), "A"), HEX], "lower-cased")
no("ltc", segwit("ltc")[:-1] + "q", "checksum")
no("ltc", segwit("ltc").replace("w", "W"), "mixed-case")
no("ltc", segwit("bc"), "wrong-network")
no("ltc", segwit("tltc"), "testnet")
no("ltc", b58(0x00), "wrong-network")
no("ltc", b58(0x6F), "testnet")
no("ltc", b58(0x30)[:-1] + ("1" if b58(0x30)[-1] != "1" else "2"), "checksum")
no("ltc", b58(0x30, bytes(20)), "zero-address")
no("btc", segwit("ltc"), "wrong-network")
no("btc", b58(0x30), "wrong-network")
ok("doge", b58(0x1E), [(b58(0x1E), "A"), HEX])
ok("doge", "dogecoin:" + b58(0x1E), [(b58(0x1E), "A"), HEX], "uri-stripped")
ok("doge", b58(0x16), [(b58(0x16), "A")])
no("doge", b58(0x00), "wrong-network")
no("doge", b58(0x71), "testnet")
no("doge", segwit("bc"), "wrong-network")
no("doge", "D" + "1" * 20, "address-shape")

# cashaddr.md, test vectors.
for legacy, cash in (
    ("1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    ("1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR", "qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy"),
    ("16w1D5WRVKJuZUsSRzdLp9w3YGcgoxDXb", "qqq3728yw0y47sqn6l2na30mcw6zm78dzqre909m2r"),
    ("3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC", "ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq"),
    ("3LDsS579y7sruadqu11beEJoTjdFiFCdX4", "pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e"),
    ("31nwvkZwyPdgzjBJZXfDmSWsC4ZLKpYyUw", "pqq3728yw0y47sqn6l2na30mcw6zm78dzq5ucqzc37"),
):
    body = base58.b58decode_check(legacy)
    keys = [("bch", cash, "A")] + ([("hash160", body[1:].hex(), "A")] if cash.startswith("q") else [])
    ok("bch", cash, keys)
    ok("bch", "bitcoincash:" + cash, keys, "uri-stripped")
    ok("bch", cash.upper(), keys, "lower-cased")
    ok("bch", legacy, keys, "notation-changed")
    from cashaddress import convert

    assert convert.to_cash_address(legacy) == "bitcoincash:" + cash
no("bch", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6q", "checksum")
no("bch", "Qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "mixed-case")
no("bch", "bchtest:qpm2qsznhks23z7629mms6s4cwef74vcwvqcw003ap", "testnet")
no("bch", "simpleledger:qpm2qsznhks23z7629mms6s4cwef74vcwvq4lhp8kn", "wrong-network")
no("bch", b58(0x30), "wrong-network")
no("bch", b58(0x00, bytes(20)), "zero-address")

# --- xmr ----------------------------------------------------------------------------------------------------------

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
SIZES = [0, 2, 3, 5, 6, 7, 9, 10, 11]


def monero(body):
    """Blocks of Monero's base58, with the checksum."""
    data = body + keccak.new(digest_bits=256, data=body).digest()[:4]
    text = ""
    for at in range(0, len(data), 8):
        block, number = data[at : at + 8], int.from_bytes(data[at : at + 8], "big")
        digits = ""
        for _ in range(SIZES[len(block)]):
            number, digit = divmod(number, 58)
            digits = ALPHABET[digit] + digits
        text += digits
    return text


def monero_body(text):
    data = b""
    for at in range(0, len(text), 11):
        block, number = text[at : at + 11], 0
        for c in block:
            number = number * 58 + ALPHABET.index(c)
        data += number.to_bytes(SIZES.index(len(block)), "big")
    return data[:-4]


# The addresses of the Monero project's fund.
FUND = "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A"
FUND_SUB = "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H"
for address in (FUND, FUND_SUB):
    assert monero(monero_body(address)) == address
    ok("xmr", address, [(address, "A")])
KEYS = monero_body(FUND)[1:]
ok("xmr", "monero:" + FUND + "?tx_amount=1", [(FUND, "A")], "uri-stripped")
ok("xmr", monero(bytes([19]) + KEYS + bytes(range(8))), [(FUND, "A")], "payment-id-dropped")
no("xmr", monero(bytes([53]) + KEYS), "testnet")
no("xmr", monero(bytes([24]) + KEYS), "testnet")
no("xmr", monero(bytes([7]) + KEYS), "wrong-network")
no("xmr", monero(bytes([18]) + KEYS + bytes(8)), "wrong-network")
no("xmr", FUND[:-1] + "B", "checksum")
no("xmr", FUND[:-1], "address-shape")
no("xmr", "z" * 95, "address-shape")

# --- xrp, xlm, ton, sol -------------------------------------------------------------------------------------------

R = "rDTXLQ7ZKZVKz33zJbHjgVShjsBnqMBhmN"
ok("xrp", R, [(R, "B")])
ok("xrp", R + "#12345", [(R + "#12345", "A")])
ok("xrp", {"address": R, "tag": "0012345"}, [(R + "#12345", "A")], "leading-zeros-removed")
ok("xrp", {"address": R, "tag": "1111"}, [(R + "#1111", "A")])
ok("xrp", {"address": R, "tag": "0"}, [(R + "#0", "A")])
ok("xrp", {"address": R}, [(R, "B")])
for tag, text in ((None, R), (1, R + "#1"), (4294967295, R + "#4294967295")):
    x = addresscodec.classic_address_to_xaddress(R, tag, False)
    ok("xrp", x, [(text, "B" if tag is None else "A")], "notation-changed")
    no("xrp", addresscodec.classic_address_to_xaddress(R, tag, True), "testnet")
X1 = addresscodec.classic_address_to_xaddress(R, 1, False)
ok("xrp", {"address": X1, "tag": "1"}, [(R + "#1", "A")], "notation-changed")
no("xrp", {"address": X1, "tag": "2"}, "tag-conflict", "tag")
no("xrp", {"address": R, "tag": "4294967296"}, "tag-shape", "tag")
no("xrp", {"address": R, "tag": "abc"}, "tag-shape", "tag")
no("xrp", R[:-1] + "M", "checksum")
no("xrp", "rrrrrrrrrrrrrrrrrrrrrhoLvTp", "zero-address")
no("xrp", "rrrrrrrrrrrrrrrrrrrrBZbvji", "zero-address")
no("xrp", b58(0), "address-shape")
no("xrp", {"tag": "1"}, "empty", "address")


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


def strkey(version, body):
    data = bytes([version]) + body
    return base64.b32encode(data + crc16(data).to_bytes(2, "little")).decode().rstrip("=")


# SEP-23, test vectors.
G = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"
M = "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK"
KEY = base64.b32decode(G)[1:33]
assert strkey(6 << 3, KEY) == G and strkey(12 << 3, KEY + (2**63).to_bytes(8, "big")) == M
ok("xlm", G, [(G, "B")])
ok("xlm", M, [(G + "#9223372036854775808", "A")], "notation-changed")
ok("xlm", {"address": G, "memo": "order 77"}, [(G + "#order 77", "A")])
ok("xlm", {"address": G, "memo": "00077"}, [(G + "#00077", "A")])
ok("xlm", G + "#77", [(G + "#77", "A")])
no("xlm", {"address": M, "memo": "1"}, "tag-conflict", "memo")
no("xlm", {"address": G, "memo": "x" * 65}, "tag-shape", "memo")
no("xlm", strkey(18 << 3, KEY), "address-shape")
no("xlm", G[:-1] + "A", "checksum")
no("xlm", G[:20] + ("A" if G[20] != "A" else "B") + G[21:], "checksum")
no("xlm", strkey(6 << 3, bytes(32)), "zero-address")
no("xlm", "GAAAAAAAACGC6", "address-shape")

# TEP-2 and the documentation of TON: one account in five notations.
RAW = "0:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e"


def friendly(flags, raw=RAW, standard=False):
    chain, digits = raw.split(":")
    data = bytes([flags, int(chain) & 0xFF]) + bytes.fromhex(digits)
    data += crc16(data).to_bytes(2, "big")
    return (base64.b64encode if standard else base64.urlsafe_b64encode)(data).decode()


assert friendly(0x11) == "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF"
assert friendly(0x51) == "UQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPuwA"
ok("ton", RAW, [(RAW, "B")])
ok("ton", friendly(0x11), [(RAW, "B")], "notation-changed")
ok("ton", friendly(0x51), [(RAW, "B")], "notation-changed")
ok("ton", friendly(0x11, standard=True), [(RAW, "B")], "notation-changed")
ok("ton", RAW.upper(), [(RAW, "B")], "notation-changed")
ok("ton", "ton://transfer/" + friendly(0x51) + "?amount=1", [(RAW, "B")], "uri-stripped notation-changed")
ok("ton", {"address": friendly(0x51), "memo": "123456"}, [(RAW + "#123456", "A")], "notation-changed")
ok("ton", friendly(0x11, "-1" + RAW[1:]), [("-1" + RAW[1:], "B")], "notation-changed")
no("ton", friendly(0x91), "testnet")
no("ton", friendly(0x31), "address-shape")
no("ton", friendly(0x11, "7" + RAW[1:]), "wrong-network")
no("ton", friendly(0x11)[:-1] + "G", "checksum")
no("ton", "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs", "known-contract")
no("ton", friendly(0x11, "0:" + "00" * 32), "zero-address")
no("ton", RAW[:-2], "address-shape")

SOL = base58.b58encode(bytes(range(7, 39))).decode()
ok("sol", SOL, [(SOL, "A")])
ok("sol", f"solana:{SOL}?amount=1", [(SOL, "A")], "uri-stripped")
no("sol", "1" * 32, "placeholder")
no("sol", "1" * 31, "placeholder")
no("sol", base58.b58encode(bytes(range(7, 38))).decode(), "address-shape")
no("sol", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", "known-contract")
no("sol", "0" + SOL[1:], "address-shape")

# --- handle: numbers and names together, and what the profile of user names refuses ------------------------------

ok("handle", {"platform": "Telegram", "name": "@Joan_77", "id": "123456789"},
   [("telegram:id:123456789", "B"), ("telegram:joan_77", "B")], "notation-changed sigil-removed lower-cased")
ok("handle", {"name": "joan_77", "id": "123456789012345678"}, [("discord:id:123456789012345678", "B"), ("discord:joan_77", "B")],
   platform="discord")
ok("handle", {"platform": "steam", "id": "76561198000000000"}, [("steam:id:76561198000000000", "B")])
ok("handle", {"platform": "telegram", "name": "joan \U0001f98a", "id": "123456789"},
   [("telegram:id:123456789", "B"), ("handle-raw", "telegram:joan \U0001f98a", "C")])
ok("handle", "telegram:joan \U0001f98a", [("handle-raw", "telegram:joan \U0001f98a", "C")])
no("handle", {"name": "joan_77", "id": "123456789"}, "platform-missing", "platform")
no("handle", {"platform": "aol", "id": "123456789"}, "platform-unknown", "platform")
no("handle", {"platform": "telegram", "name": "joan_77", "id": "joan_77"}, "handle-shape", "id")
no("handle", {"platform": "telegram", "name": "https://t.me/joan_77", "id": "123456789"}, "handle-shape", "name")

# --- ip-time ------------------------------------------------------------------------------------------------------

ok("ip-time", "198.41.0.4@2026-01-31T09Z", [("198.41.0.4@2026-01-31T09Z", "C")])
ok("ip-time", "198.41.0.4@2026-01-31T09:30:00Z", [("198.41.0.4@2026-01-31T09Z", "C")], "notation-changed")
ok("ip-time", {"address": "198.41.0.4", "time": "2026-01-31T20:30:00+11:00"}, [("198.41.0.4@2026-01-31T09Z", "C")])
ok("ip-time", {"address": "198.41.0.4", "time": "1769851800"}, [("198.41.0.4@2026-01-31T09Z", "C")])
ok("ip-time", {"address": "198.41.0.4", "time": "2026-01-31T09:05:00Z"},
   [("198.41.0.4@2026-01-31T09Z", "C"), ("198.41.0.4@2026-01-31T08Z", "C")])
ok("ip-time", {"address": "198.41.0.4", "time": "2026-01-31T23:50:00Z"},
   [("198.41.0.4@2026-01-31T23Z", "C"), ("198.41.0.4@2026-02-01T00Z", "C")])
ok("ip-time", {"address": "198.41.0.4", "time": "2026-01-31T09:10:00Z"}, [("198.41.0.4@2026-01-31T09Z", "C")])
ok("ip-time", {"address": "198.41.0.4", "time": "2026-01-31T09:30:00Z", "port": "40123"},
   [("198.41.0.4:40123@2026-01-31T09Z", "B"), ("198.41.0.4@2026-01-31T09Z", "C")])
ok("ip-time", "198.41.0.4:40123@2026-01-31T09Z", [("198.41.0.4:40123@2026-01-31T09Z", "B"), ("198.41.0.4@2026-01-31T09Z", "C")])
ok("ip-time", {"address": "2A01:4F8:0:1::0001", "time": "2026-01-31T09:30:00Z"},
   [("2a01:4f8:0:1::1@2026-01-31T09Z", "C"), ("2a01:4f8:0:1::/64@2026-01-31T09Z", "C")], "notation-changed")
ok("ip-time", "[2a01:4f8::1]:443@2026-01-31T09Z",
   [("[2a01:4f8::1]:443@2026-01-31T09Z", "B"), ("2a01:4f8::1@2026-01-31T09Z", "C"), ("2a01:4f8::/64@2026-01-31T09Z", "C")])
ok("ip-time", "2a01:4f8:0:1::/64@2026-01-31T09Z", [("2a01:4f8:0:1::/64@2026-01-31T09Z", "C")])
ok("ip-time", {"address": "::ffff:198.41.0.4", "time": "2026-01-31T09:30:00Z"}, [("198.41.0.4@2026-01-31T09Z", "C")], "notation-changed")
for inner in ("10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "100.64.0.1", "169.254.1.1", "192.0.2.1", "198.51.100.7",
              "203.0.113.9", "224.0.0.1", "255.255.255.255", "0.0.0.0", "198.18.0.1", "192.88.99.1", "::1", "fe80::1", "fd00::1",
              "2001:db8::1", "2002:c629:4::1", "2001::1", "ff02::1", "3fff::1", "64:ff9b::c629:4", "::ffff:10.0.0.1"):
    no("ip-time", {"address": inner, "time": "2026-01-31T09:30:00Z"}, "ip-not-global", "address")
for bad in ("198.041.0.4", "198.41.0", "198.41.0.256", "fe80::1%eth0", "example.com", "2a01:4f8::1/48", "2a01:4f8::1/64"):
    no("ip-time", {"address": bad, "time": "2026-01-31T09:30:00Z"}, "ip-shape", "address")
no("ip-time", "198.41.0.4", "ip-time-shape")
no("ip-time", {"address": "198.41.0.4"}, "empty", "time")
no("ip-time", {"address": "198.41.0.4", "time": "2026-01-31T09:30:00"}, "time-offset", "time")
no("ip-time", {"address": "198.41.0.4", "time": "31/01/2026 09:30"}, "time-shape", "time")
no("ip-time", {"address": "198.41.0.4", "time": "2026-02-30T09:30:00Z"}, "date-unreal", "time")
no("ip-time", {"address": "198.41.0.4", "time": "1999-12-31T09:30:00Z"}, "date-unreal", "time")
no("ip-time", {"address": "198.41.0.4", "time": "2026-01-31T09:30:00Z", "port": "0"}, "port-shape", "port")
no("ip-time", {"address": "198.41.0.4", "time": "2026-01-31T09:30:00Z", "port": "65536"}, "port-shape", "port")

# --- person -------------------------------------------------------------------------------------------------------


def person(given, family, born, keys, repairs="", sex=None, **rules):
    parts = {"given": given, "family": family, "born": born} | ({"sex": sex} if sex else {})
    ok("person", parts, [(key, "C") for key in keys], repairs, **rules)


def sound(name):
    return metaphone.doublemetaphone(name)[0]


assert (sound("CRUZ"), sound("MARIA"), sound("OBRIEN"), sound("SEAN")) == ("KRS", "MR", "APRN", "SN")
MARIA = ["P1:CRUZ MARIA:1990-05-17", "P3:KRS:M:1990-05-17", "P4:KRS MR:1990-05-17", "P2:RU2AR170519909"]
person("MARIA", "CRUZ", "1990-05-17", MARIA)
person("Maria", "Cruz", "19900517", MARIA, "upper-cased")
person("María", "CRÚZ", "1990-05-17", MARIA, "transliterated upper-cased")
person("MARIA", "DELA CRUZ", "1990-05-17", MARIA, "particles-set-aside")
person("MARIA", "DE LA CRUZ", "1990-05-17", MARIA, "particles-set-aside")
person("Ms. MARIA", "CRUZ JR.", "1990-05-17", MARIA, "title-dropped separators-removed upper-cased")
person("MA.", "CRUZ", "1990-05-17", MARIA, "separators-removed")
person("MARIA", "CRUZ", "17/05/1990", MARIA, date_order="dmy")
person("MARIA", "CRUZ", "05/17/1990", MARIA, date_order="mdy")
person("MARIA", "CRUZ", "1990-05-17T00:00:00.000Z", MARIA)
person("MARIA", "CRUZ", "1990-05-17", MARIA + ["P2:RU2AR170519902"], sex="F")
person("MARIA", "CRUZ", "1990-05-17", MARIA + ["P2:RU2AR170519902"], sex="2")
person("MARIA", "CRUZ", "1990-05-17", MARIA, sex="9")
# Given and family name in the wrong columns: P1 and P4 meet, the others do not.
person("CRUZ", "MARIA", "1990-05-17", [MARIA[0], "P3:MR:C:1990-05-17", MARIA[2], "P2:ARARU170519909"])
# Day and month that could be either: P5 is one key for both.
person("MARIA", "CRUZ", "1990-05-07", ["P1:CRUZ MARIA:1990-05-07", "P3:KRS:M:1990-05-07", "P4:KRS MR:1990-05-07",
       "P5:CRUZ MARIA:1990:05:07", "P2:RU2AR070519909"])
person("MARIA", "CRUZ", "1990-07-05", ["P1:CRUZ MARIA:1990-07-05", "P3:KRS:M:1990-07-05", "P4:KRS MR:1990-07-05",
       "P5:CRUZ MARIA:1990:05:07", "P2:RU2AR050719909"])
person("MARIA", "CRUZ", "1990-05-05", ["P1:CRUZ MARIA:1990-05-05", "P3:KRS:M:1990-05-05", "P4:KRS MR:1990-05-05", "P2:RU2AR050519909"])
OBRIEN = ["P1:BRIEN O SEAN:1990-05-17", "P3:APRN:S:1990-05-17", "P4:APRN SN:1990-05-17", "P2:BREEA170519909"]
person("SEAN", "O'BRIEN", "1990-05-17", OBRIEN, "separators-removed")
person("SEAN", "O\u2019BRIEN", "1990-05-17", OBRIEN, "separators-removed transliterated")
person("SEAN", "OBRIEN", "1990-05-17", ["P1:OBRIEN SEAN:1990-05-17", *OBRIEN[1:]])
# METeOR 349510: short and missing names.
person("JO", "NG", "1990-05-17", ["P1:JO NG:1990-05-17", f"P3:{sound('NG')}:J:1990-05-17",
       "P4:" + " ".join(sorted([sound("JO"), sound("NG")])) + ":1990-05-17", "P2:G22O2170519909"])
person("", "CRUZ", "1990-05-17", ["P2:RU299170519909"])
person("MARIA", "", "1990-05-17", ["P2:999AR170519909"])
# Particles that are the whole name stay: Le, Do and Van are family names as well.
person("HOA", "LE", "1990-05-17", ["P1:HOA LE:1990-05-17", f"P3:{sound('LE')}:H:1990-05-17",
       "P4:" + " ".join(sorted([sound("HOA"), sound("LE")])) + ":1990-05-17", "P2:E22OA170519909"])
person("\u5c0f\u660e", "\u738b", "1990-05-17", ["P1:MING WANG XIAO:1990-05-17", f"P3:{sound('WANG')}:X:1990-05-17",
       "P4:" + " ".join(sorted([sound("XIAO"), sound("WANG")])) + ":1990-05-17", "P2:AN2IA170519909"],
       "transliterated upper-cased separators-removed")
for born, code in (
    ("1990-01-01", "birth-placeholder"), ("01/01/1990", "date-order"), ("1899-12-31", "birth-range"), ("2026-11-26", "birth-range"),
    ("1990-02-30", "date-unreal"), ("17/05/1990", "date-order"), ("17/05/90", "date-shape"), ("33010", "date-shape"),
    ("unknown", "placeholder"), ("", "empty"), ("0000-00-00", "placeholder"),
):
    no("person", {"given": "MARIA", "family": "CRUZ", "born": born}, code, "born")
no("person", {"given": "MARIA", "family": "CRUZ", "born": "17/05/1990"}, "date-unreal", "born", date_order="mdy")
no("person", {"given": "MARIA 2", "family": "CRUZ", "born": "1990-05-17"}, "name-shape", "given")
no("person", {"given": "maria@example.com", "family": "CRUZ", "born": "1990-05-17"}, "name-shape", "given")
no("person", {"given": "https://example.com/maria", "family": "CRUZ", "born": "1990-05-17"}, "name-shape", "given")
no("person", {"given": "MARIA \U0001f98a", "family": "CRUZ", "born": "1990-05-17"}, "name-shape", "given")
no("person", {"given": "unknown", "family": "CRUZ", "born": "1990-05-17"}, "placeholder", "given")
no("person", {"given": "called twice and said that she would come back later on in the week", "family": "CRUZ", "born": "1990-05-17"},
   "name-too-long", "given")
no("person", {"born": "1990-05-17"}, "empty", "family")
no("person", {"given": "MARIA", "family": "CRUZ", "born": "1990-05-17", "sex": "robot"}, "sex-unknown", "sex")

# --- payee --------------------------------------------------------------------------------------------------------

ok("payee", "PH:MANILA:CRUZ MARIA", [("PH:MANILA:CRUZ MARIA", "C")])
ok("payee", {"country": "PH", "city": "Manila", "name": "Maria dela Cruz"}, [("PH:MANILA:CRUZ MARIA", "C")],
   "upper-cased particles-set-aside notation-changed")
ok("payee", {"country": "PH", "city": "MANILA", "name": "MARIA DE LA CRUZ"}, [("PH:MANILA:CRUZ MARIA", "C")],
   "particles-set-aside notation-changed")
ok("payee", {"country": "PHL", "city": "MANILA", "name": "CRUZ, MA."}, [("PH:MANILA:CRUZ MARIA", "C")],
   "notation-changed separators-removed")
ok("payee", {"country": "PH", "city": "QUEZON CITY", "name": "MARIA SANTOS CRUZ"},
   [("PH:QUEZON:CRUZ MARIA SANTOS", "C"), ("PH:QUEZON:CRUZ MARIA", "C")], "label-removed notation-changed")
ok("payee", {"country": "PH", "city": "QUEZON", "name": "CRUZ MARIA S."}, [("PH:QUEZON:CRUZ MARIA", "C")], "separators-removed notation-changed")
ok("payee", {"country": "PH", "city": "LAS PI\u00d1AS", "name": "CRUZ MARIA"}, [("PH:LAS PINAS:CRUZ MARIA", "C")], "transliterated")
ok("payee", {"country": "PH", "phone": "0917 123 4567"}, [(f"PH:{GCASH}", "C")], "separators-removed country-code-added")
ok("payee", f"PH:{GCASH}", [(f"PH:{GCASH}", "C")])
ok("payee", {"country": "PH", "city": "MANILA", "name": "CRUZ MARIA", "phone": GCASH},
   [("PH:MANILA:CRUZ MARIA", "C"), (f"PH:{GCASH}", "C")])
no("payee", {"country": "PH", "name": "CRUZ MARIA"}, "city-missing", "city")
no("payee", {"country": "PH", "city": "MANILA"}, "payee-shape", "name")
no("payee", {"country": "PH", "city": "MANILA", "name": "MARIA"}, "name-single", "name")
no("payee", {"country": "PH", "city": "MANILA", "name": "MARIA C."}, "name-single", "name")
no("payee", {"city": "MANILA", "name": "CRUZ MARIA"}, "empty", "country")
no("payee", {"country": "QQ", "city": "MANILA", "name": "CRUZ MARIA"}, "country-unknown", "country")
no("payee", {"country": "PH", "city": "MANILA 1000", "name": "CRUZ MARIA"}, "name-shape", "city")
no("payee", {"country": "PH", "city": "n/a", "name": "CRUZ MARIA"}, "placeholder", "city")
no("payee", "MANILA", "payee-shape")

# ------------------------------------------------------------------------------------------------------------------

lines = ",\n".join(json.dumps(entry, ensure_ascii=True) for entry in CASES)
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(f"[\n{lines}\n]\n")
print(f"{len(CASES)} vectors", file=sys.stderr)
