"""Computes the signed examples of RFC 8037 A.4 and RFC 9964 A.1 from their private keys.

Both algorithms are deterministic there.

Run by hand, with what two other implementations say of the outcome:

    python3 -m venv venv
    venv/bin/pip install dilithium-py==1.5.1 jwcrypto==1.6.1 cryptography==50.0.2
    venv/bin/python test/vectors/make/rfc-jws.py

dilithium-py signs with ML-DSA, OpenSSL 4 (in cryptography) with Ed25519 and verifies ML-DSA;
jwcrypto carries the examples of RFC 9964 in its tests, and they are the same to the last character.
It prints the rows of ../rfc-jws.js, with `key` as a JWK.
"""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa
from dilithium_py.ml_dsa import ML_DSA_44, ML_DSA_65, ML_DSA_87
from jwcrypto.jwk import JWK
from jwcrypto.tests_mldsa import RFC9964_VECTORS

frodo = "It\u2019s a dangerous business, Frodo, going out your door."


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def text(value: dict) -> str:
    return json.dumps(value, separators=(",", ":"))


def signing_input(header: str, payload: str) -> str:
    return f"{b64(header.encode())}.{b64(payload.encode())}"


def rfc8037() -> dict:
    seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    header, payload = text({"alg": "EdDSA"}), "Example of Ed25519 signing"
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key().public_bytes_raw())}
    assert jwk["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert JWK(**jwk).thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    signature = b64(key.sign(signing_input(header, payload).encode()))
    assert (
        signature
        == "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
    return {
        "name": "RFC 8037 A.4",
        "header": header,
        "payload": payload,
        "key": jwk,
        "signature": signature,
    }


def rfc9964(alg: str, implementation) -> dict:
    public, private = implementation.key_derive(bytes(32))
    jwk = {"kty": "AKP", "alg": alg, "pub": b64(public)}
    kid = b64(hashlib.sha256(text(dict(sorted(jwk.items()))).encode()).digest())
    header = text({"alg": alg, "kid": kid})
    signed = signing_input(header, frodo)
    signature = implementation.sign(private, signed.encode(), deterministic=True)
    published = RFC9964_VECTORS[alg]
    assert (published["raw_public_key"], published["kid"]) == (public.hex(), kid)
    assert published["jws"] == f"{signed}.{b64(signature)}"
    getattr(mldsa, f"MLDSA{alg[-2:]}PublicKey").from_public_bytes(public).verify(
        signature, signed.encode()
    )
    return {
        "name": f"RFC 9964 A.1, {alg}",
        "header": header,
        "payload": frodo,
        "key": {**jwk, "kid": kid},
        "signature": b64(signature),
    }


sets = {"ML-DSA-44": ML_DSA_44, "ML-DSA-65": ML_DSA_65, "ML-DSA-87": ML_DSA_87}
for row in [rfc8037(), *(rfc9964(alg, implementation) for alg, implementation in sets.items())]:
    print(json.dumps(row, ensure_ascii=False))
