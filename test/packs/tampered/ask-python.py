"""Asks the verifier in Python about many bundles in one process.

Standard input: a JSON array of {"folder", "args"}; the arguments are those of the command, taken in that folder. Standard
output: a JSON array of {"code", "stdout", "stderr"} in the same order.

Whether a key made a signature is asked of the library that the command `openssl` is made of, where this Python has it, and
never twice: to start that command for each question takes half of the time. The first answers of every kind are the
command's as well, and this program fails when they are not the same.
"""

import collections
import ctypes
import importlib.util
import io
import json
import os
import sys
import traceback

COMPARED = 4


def load(path):
    spec = importlib.util.spec_from_file_location("verify_offline_bundle", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def library():
    """libcrypto as Python itself uses it; None where its functions cannot be found from here."""
    try:
        import _hashlib

        found = ctypes.CDLL(_hashlib.__file__)
        for name in ("d2i_PUBKEY", "EVP_MD_CTX_new", "EVP_sha256"):
            getattr(found, name).restype = ctypes.c_void_p
        for name in ("EVP_DigestVerifyInit", "EVP_DigestVerify", "EVP_PKEY_free", "EVP_MD_CTX_free", "ERR_clear_error"):
            getattr(found, name)
        return found
    except (ImportError, AttributeError, OSError):
        return None


def verifies_by(crypto, hashed, key, message, sig):
    """Whether the key made the signature, by the library; `hashed` for algorithms that sign a SHA-256."""
    der = ctypes.c_char_p(key.der)
    pkey = crypto.d2i_PUBKEY(None, ctypes.byref(der), ctypes.c_long(len(key.der)))
    context = ctypes.c_void_p(crypto.EVP_MD_CTX_new())
    try:
        if pkey is None:
            return False
        digest = ctypes.c_void_p(crypto.EVP_sha256()) if hashed else None
        if crypto.EVP_DigestVerifyInit(context, None, digest, None, ctypes.c_void_p(pkey)) != 1:
            return False
        return 1 == crypto.EVP_DigestVerify(
            context, sig, ctypes.c_size_t(len(sig)), message, ctypes.c_size_t(len(message))
        )
    finally:
        crypto.EVP_MD_CTX_free(context)
        crypto.EVP_PKEY_free(ctypes.c_void_p(pkey))
        crypto.ERR_clear_error()


def quickly(module):
    """What stands in for the verifier's own question to the command."""
    command = module.OpenSsl._verifies
    crypto = library()
    answers = {}
    compared = collections.Counter()

    def asked(self, key, message, sig):
        if crypto is None:
            return command(self, key, message, sig)
        said = verifies_by(crypto, key.alg != module.ED25519, key, message, sig)
        compared[(key.alg, said)] += 1
        if compared[(key.alg, said)] <= COMPARED and command(self, key, message, sig) != said:
            raise AssertionError(f"openssl and its library disagree about a signature of {key.alg}")
        return said

    def once(self, *question):
        if question not in answers:
            answers[question] = asked(self, *question)
        return answers[question]

    return once


def ask(module, folder, args):
    os.chdir(folder)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        code = module.main(args)
    except BaseException:  # A crash is an answer, too: of exit code 1, as Python itself gives.
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout, sys.stderr = before
    for stream in (out, err):
        stream.flush()
    return {"code": code, "stdout": out.buffer.getvalue().decode("utf-8"), "stderr": err.buffer.getvalue().decode("utf-8")}


def main():
    sys.dont_write_bytecode = True
    module = load(sys.argv[1])
    module.OpenSsl._verifies = quickly(module)
    answers = [ask(module, each["folder"], each["args"]) for each in json.load(sys.stdin)]
    json.dump(answers, sys.stdout)


main()
