"""Makes ../authlib-values.js, by hand: it was run once, and what it wrote is frozen.

python -m pip install Authlib==1.9.10 && python authlib-values.py keys.json > ../authlib-values.js

keys.json holds the public halves of the test keys by name. Authlib leaves out the leading zero
bytes of a coordinate, so it seals until there are some in x, in y, in both and in neither.
"""

import base64
import json
import sys
from importlib.metadata import version
from pathlib import Path

from authlib.jose import JsonWebEncryption, JsonWebKey

LENGTHS = {"P-256": 32, "P-384": 48, "P-521": 66}
# both are short once in 65,536 on P-256 and P-384, and once in four on P-521
WANTED = {"P-256": ("x", "y", ""), "P-384": ("x", "y", ""), "P-521": ("x", "y", "xy", "")}


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def short_members(value: str) -> str:
    epk = json.loads(bytes_of(value.split(".")[0]))["epk"]
    return "".join(name for name in "xy" if len(bytes_of(epk[name])) < LENGTHS[epk["crv"]])


def rows(keys: dict):
    for name, jwk in keys.items():
        for alg in ("ECDH-ES+A256KW", "ECDH-ES"):
            missing = set(WANTED[jwk["crv"]])
            header = {
                "alg": alg, "enc": "A256GCM", "kid": jwk["kid"], "cty": "application/json",
                "ctx": {"form": "claim"},
            }  # fmt: skip
            while missing:
                key = JsonWebKey.import_key({k: jwk[k] for k in ("kty", "crv", "x", "y")})
                value = JsonWebEncryption().serialize_compact(header, b'{"a":1}', key).decode()
                short = short_members(value)
                if short in missing:
                    missing.remove(short)
                    yield {"name": name, "alg": alg, "short": short, "value": value}


found = list(rows(json.loads(Path(sys.argv[1]).read_text())))
print(f"// Values that Authlib {version('Authlib')} (Python) sealed to the test keys, each of the")
print("// content {\"a\":1} and the context { form: 'claim' }. Written by make/authlib-values.py, and")
print("// frozen since. `short`: which coordinates of epk lost their leading zero bytes.")
print(f"// Count: {len(found)}.")
print("export const authlibValues = [")
for row in found:
    print(f"  {json.dumps(row, separators=(',', ':'))},")
print("]")
