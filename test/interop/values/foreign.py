"""JOSE libraries for Python: write values to a published key, and read them with a private key.

python foreign.py jobs.json results.json
"""

import base64
import functools
import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import joserfc.jwe
import joserfc.jwk
import jwcrypto.jwe
import jwcrypto.jwk

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says that joserfc is what follows it
    import authlib.jose


class Joserfc:
    @staticmethod
    def registry(alg: str) -> joserfc.jwe.JWERegistry:
        # it knows no ctx, iat and jti
        return joserfc.jwe.JWERegistry(algorithms=[alg, "A256GCM"], strict_check_header=False)

    @classmethod
    def write(cls, keys: str, header: dict, plaintext: bytes) -> str:
        key = joserfc.jwk.KeySet.import_key_set(json.loads(keys)).get_by_kid(header["kid"])
        return joserfc.jwe.encrypt_compact(
            header, plaintext, key, registry=cls.registry(header["alg"])
        )

    @classmethod
    def read(cls, private: joserfc.jwk.Key, value: str, alg: str) -> bytes:
        return joserfc.jwe.decrypt_compact(value, private, registry=cls.registry(alg)).plaintext

    import_key = joserfc.jwk.import_key


class Authlib:
    @staticmethod
    def write(keys: str, header: dict, plaintext: bytes) -> str:
        key = authlib.jose.JsonWebKey.import_key_set(keys).find_by_kid(header["kid"])
        jwe = authlib.jose.JsonWebEncryption(algorithms=[header["alg"], "A256GCM"])
        return jwe.serialize_compact(header, plaintext, key).decode()

    @staticmethod
    def read(private: authlib.jose.Key, value: str, alg: str) -> bytes:
        jwe = authlib.jose.JsonWebEncryption(algorithms=[alg, "A256GCM"])
        return jwe.deserialize_compact(value, private)["payload"]

    import_key = authlib.jose.JsonWebKey.import_key


class Jwcrypto:
    @staticmethod
    def write(keys: str, header: dict, plaintext: bytes) -> str:
        key = jwcrypto.jwk.JWKSet.from_json(keys).get_key(header["kid"])
        jwe = jwcrypto.jwe.JWE(plaintext, json.dumps(header), algs=[header["alg"], "A256GCM"])
        jwe.add_recipient(key)
        return jwe.serialize(compact=True)

    @staticmethod
    def read(private: jwcrypto.jwk.JWK, value: str, alg: str) -> bytes:
        jwe = jwcrypto.jwe.JWE(algs=[alg, "A256GCM"])
        jwe.deserialize(value, private)
        return jwe.payload

    @staticmethod
    def import_key(private: dict) -> jwcrypto.jwk.JWK:
        return jwcrypto.jwk.JWK(**private)


LIBRARIES = {"joserfc": Joserfc, "Authlib": Authlib, "jwcrypto": Jwcrypto}


def epk_is_short(value: str) -> bool:
    """Whether a coordinate of the ephemeral key has lost its leading zeros."""
    header = value.split(".")[0]
    epk = json.loads(base64.urlsafe_b64decode(header + "=="))["epk"]
    full = {"P-256": 43, "P-384": 64, "P-521": 88}[epk["crv"]]
    return min(len(epk["x"]), len(epk["y"])) < full


def write(job: dict) -> dict:
    """Writes a value, again and again until its epk is as short or as full as the job asks."""
    library = LIBRARIES[job["library"]]
    plaintext = base64.b64decode(job["plaintext"])
    while True:
        value = library.write(job["set"], dict(job["header"]), plaintext)
        if job["shortEpk"] is None or epk_is_short(value) == job["shortEpk"]:
            return {"value": value}


@functools.cache
def private_key(library: str, jwk: str):
    """A key as a library holds it: importing an RSA key takes longer than reading a value."""
    return LIBRARIES[library].import_key(json.loads(jwk))


def read(job: dict) -> dict:
    key = private_key(job["library"], json.dumps(job["jwk"]))
    plaintext = LIBRARIES[job["library"]].read(key, job["value"], job["alg"])
    return {"plaintext": base64.b64encode(plaintext).decode()}


def run(job: dict) -> dict:
    try:
        return {"write": write, "read": read}[job["kind"]](job)
    except Exception as error:  # every failure is a result
        return {"error": f"{type(error).__name__}: {error}"[:500]}


def main(jobs: str, results: str) -> None:
    done = {
        "versions": {name: version(name) for name in LIBRARIES},
        "results": [run(job) for job in json.loads(Path(jobs).read_text("utf-8"))],
    }
    Path(results).write_text(json.dumps(done), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
