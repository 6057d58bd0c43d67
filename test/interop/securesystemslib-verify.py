"""Verifies the DSSE envelope of each case with securesystemslib.

stdin: a JSON list of {bundle, key, keyid}, paths of a Sigstore bundle and of a public key in PEM, and the name of the key.
stdout: a JSON list of null, or why the case was refused.
"""

import json
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey


def refusal(case):
    with open(case["bundle"], encoding="utf-8") as file:
        envelope = Envelope.from_dict(json.load(file)["dsseEnvelope"])
    with open(case["key"], "rb") as file:
        key = SSlibKey.from_crypto(load_pem_public_key(file.read()), keyid=case["keyid"])
    try:
        envelope.verify([key], 1)
    except VerificationError as error:
        return str(error)
    return None


json.dump([refusal(case) for case in json.load(sys.stdin)], sys.stdout)
