#!/usr/bin/env python3
"""Writes ruleset-2-phones.json: what phonenumbers 9.0.33 says of its example numbers, and of numbers one step away.

Each entry is [input, default region or null, E.164 or refusal code]. Nothing here calls our own code.
"""

import json
import pathlib
import random

import phonenumbers
from phonenumbers import PhoneNumberFormat as Format
from phonenumbers import PhoneNumberType as Type

REFUSED = {
    Type.TOLL_FREE: "phone-toll-free",
    Type.PREMIUM_RATE: "phone-premium",
    Type.SHARED_COST: "phone-shared-cost",
    Type.UAN: "phone-company",
    Type.VOICEMAIL: "phone-company",
}
TYPES = sorted(set(REFUSED) | {Type.FIXED_LINE, Type.MOBILE, Type.VOIP, Type.PERSONAL_NUMBER, Type.PAGER})


def expectation(value, region):
    digits = "".join(c for c in value if c.isdigit())
    invalid = "phone-invalid" if value.startswith("+") or len(digits) > 5 else "phone-short-code"
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return invalid
    if not phonenumbers.is_valid_number(number):
        return invalid
    kind = phonenumbers.number_type(number)
    if kind in REFUSED:
        return REFUSED[kind]
    national = phonenumbers.national_significant_number(number)
    return "placeholder" if len(set(national)) == 1 else phonenumbers.format_number(number, Format.E164)


def forms(region, kind, rng):
    example = phonenumbers.example_number_for_type(region, kind)
    if example is None:
        return
    plus = phonenumbers.format_number(example, Format.E164)
    yield plus, None
    yield phonenumbers.format_number(example, Format.NATIONAL), region
    changed = list(plus)
    changed[rng.randrange(4, len(changed))] = rng.choice("0123456789")
    yield "".join(changed), None
    yield plus + rng.choice("0123456789"), None
    yield plus[:-1], None


def main():
    rng = random.Random(1)
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)
    inputs = {form: None for region in regions for kind in TYPES for form in forms(region, kind, rng)}
    lines = [json.dumps([value, region, expectation(value, region)]) for value, region in inputs if value.isascii()]
    pathlib.Path(__file__).with_suffix(".json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="ascii")


main()
