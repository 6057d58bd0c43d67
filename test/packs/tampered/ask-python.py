"""Asks the verifier in Python about many bundles in one process.

Standard input: a JSON array of {"folder", "args"}; the arguments are those of the command, taken in that folder. Standard
output: a JSON array of {"code", "stdout", "stderr"} in the same order. That a key made a signature is asked of openssl once.
"""

import functools
import importlib.util
import io
import json
import os
import sys
import traceback


def load(path):
    spec = importlib.util.spec_from_file_location("verify_offline_bundle", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


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
    asked = functools.lru_cache(maxsize=None)(module.OpenSsl._verifies)
    module.OpenSsl._verifies = asked
    # Each run makes an object of its own; the answer does not depend on it.
    module.OpenSsl.__hash__ = lambda self: 0
    module.OpenSsl.__eq__ = lambda self, other: isinstance(other, module.OpenSsl)
    answers = [ask(module, each["folder"], each["args"]) for each in json.load(sys.stdin)]
    json.dump(answers, sys.stdout)


main()
