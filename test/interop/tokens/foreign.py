"""JOSE libraries for Python: issue tokens with keys of their own, and verify tokens.

They verify under a key set that they fetch.

python foreign.py jobs.json results.json
"""

import base64
import functools
import hashlib
import json
import platform
import sys
import urllib.request
import warnings
from importlib.metadata import version
from pathlib import Path

import joserfc.jwk
import joserfc.jwt
import jwcrypto.jwk
import jwcrypto.jws
import jwcrypto.jwt
import jwt
from cryptography.hazmat.backends.openssl.backend import backend
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says that joserfc is what follows it
    import authlib.jose

CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
EDDSA = ("Ed25519", "EdDSA")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def spki(public_key) -> str:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return b64(public_key.public_bytes(serialization.Encoding.DER, kind))


class PyJwt:
    """Keys of cryptography, exported by PyJWT."""

    def __init__(self, alg: str, bits: int):
        self.alg, self.key = alg, Cryptography.generate(alg, bits)
        public = jwt.get_algorithm_by_name(alg).to_jwk(self.key.public_key(), as_dict=True)
        self.jwk = {**public, "use": "sig", "alg": alg, "kid": f"{alg} of PyJWT"}
        self.spki = spki(self.key.public_key())

    def token(self, claims: dict) -> str:
        return jwt.encode(claims, self.key, self.alg, headers={"kid": self.jwk["kid"]})

    @staticmethod
    @functools.cache
    def fetch(url: str) -> jwt.PyJWKClient:
        return jwt.PyJWKClient(url)

    @classmethod
    def verify(cls, url: str, token: str, alg: str, issuer: str, audience: str) -> dict:
        return jwt.decode(
            token,
            cls.fetch(url).get_signing_key_from_jwt(token),
            algorithms=[alg],
            issuer=issuer,
            audience=audience,
            options={"require": ["iss", "aud", "exp", "iat"]},
        )


class Joserfc:
    """A kid that is the thumbprint."""

    def __init__(self, alg: str, bits: int):
        kind, parameter = (
            (joserfc.jwk.ECKey, CURVES[alg]) if alg in CURVES
            else (joserfc.jwk.OKPKey, "Ed25519") if alg in EDDSA
            else (joserfc.jwk.RSAKey, bits)
        )  # fmt: skip
        self.alg, self.key = alg, kind.generate_key(parameter, {"use": "sig", "alg": alg})
        self.key.ensure_kid()
        self.jwk = self.key.as_dict(private=False)
        self.spki = spki(self.key.public_key)

    def token(self, claims: dict) -> str:
        header = {"typ": "JWT", "alg": self.alg, "kid": self.jwk["kid"]}
        return joserfc.jwt.encode(header, claims, self.key, algorithms=[self.alg])

    @staticmethod
    @functools.cache
    def fetch(url: str) -> joserfc.jwk.KeySet:
        return joserfc.jwk.KeySet.import_key_set(json.loads(text_of(url)))

    @classmethod
    def verify(cls, url: str, token: str, alg: str, issuer: str, audience: str) -> dict:
        decoded = joserfc.jwt.decode(token, cls.fetch(url), algorithms=[alg])
        joserfc.jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        ).validate(decoded.claims)
        return decoded.claims


class Jwcrypto:
    """All algorithms, also ML-DSA as RFC 9964 has it."""

    def __init__(self, alg: str, bits: int):
        members = (
            {"kty": "EC", "crv": CURVES[alg]} if alg in CURVES
            else {"kty": "OKP", "crv": "Ed25519"} if alg in EDDSA
            else {"kty": "AKP"} if alg.startswith("ML-DSA")
            else {"kty": "RSA", "size": bits}
        )  # fmt: skip
        self.alg = alg
        self.key = jwcrypto.jwk.JWK.generate(
            **members, alg=alg, use="sig", key_ops=["sign", "verify"]
        )
        self.jwk = {
            **self.key.export_public(as_dict=True),
            "kid": self.key.thumbprint(),
            "key_ops": ["verify"],
        }
        self.spki = "".join(self.key.export_to_pem().decode().splitlines()[1:-1])

    def token(self, claims: dict) -> str:
        made = jwcrypto.jwt.JWT({"alg": self.alg, "kid": self.jwk["kid"]}, claims, algs=[self.alg])
        made.make_signed_token(self.key)
        return made.serialize()

    @staticmethod
    @functools.cache
    def fetch(url: str) -> jwcrypto.jwk.JWKSet:
        return jwcrypto.jwk.JWKSet.from_json(text_of(url))

    @classmethod
    def verify(cls, url: str, token: str, alg: str, issuer: str, audience: str) -> dict:
        wanted = {"iss": issuer, "aud": audience, "exp": None}
        kid = jwt.get_unverified_header(token)["kid"]
        # given the set, it tries every key and does not say why none fits
        key = cls.fetch(url).get_key(kid)
        found = jwcrypto.jwt.JWT(jwt=token, key=key, algs=[alg], check_claims=wanted)
        return json.loads(found.claims)


class Authlib:
    """Verifies only."""

    @staticmethod
    @functools.cache
    def fetch(url: str) -> authlib.jose.KeySet:
        return authlib.jose.JsonWebKey.import_key_set(text_of(url))

    @classmethod
    def verify(cls, url: str, token: str, alg: str, issuer: str, audience: str) -> dict:
        wanted = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": audience},
            "exp": {"essential": True},
        }
        library = authlib.jose.JsonWebToken([alg])
        claims = library.decode(token, cls.fetch(url), claims_options=wanted)
        claims.validate()
        return dict(claims)


class Cryptography:
    """No tokens: signatures over messages, as DER where it is ECDSA, and over an external mu."""

    def __init__(self, alg: str, bits: int):
        self.alg, self.key = alg, self.generate(alg, bits)
        self.jwk = jwcrypto.jwk.JWK.from_pyca(self.key.public_key()).export_public(as_dict=True)
        self.jwk = {**self.jwk, "use": "sig", "alg": alg}
        self.spki = spki(self.key.public_key())

    @staticmethod
    def generate(alg: str, bits: int):
        if alg in CURVES:
            return ec.generate_private_key(getattr(ec, f"SECP{CURVES[alg][2:]}R1")())
        if alg in EDDSA:
            return ed25519.Ed25519PrivateKey.generate()
        if alg.startswith("ML-DSA"):
            return getattr(mldsa, f"MLDSA{alg[-2:]}PrivateKey").generate()
        return rsa.generate_private_key(65537, bits)

    def sign(self, message: bytes) -> bytes:
        if self.alg in EDDSA or self.alg.startswith("ML-DSA"):
            return self.key.sign(message)
        digest = getattr(hashes, f"SHA{self.alg[2:]}")()
        if self.alg in CURVES:
            return self.key.sign(message, ec.ECDSA(digest))
        salted = padding.PSS(padding.MGF1(digest), digest.digest_size)
        return self.key.sign(message, salted if self.alg[0] == "P" else padding.PKCS1v15(), digest)

    def sign_mu(self, message: bytes) -> dict:
        """FIPS 204, Algorithm 7, line 6: mu = H(H(pk, 64) || 0 || 0 || message, 64), H: SHAKE256."""
        tr = hashlib.shake_256(self.key.public_key().public_bytes_raw()).digest(64)
        mu = hashlib.shake_256(tr + bytes(2) + message).digest(64)
        return {"mu": b64(mu), "signature": b64(self.key.sign_mu(mu))}


LIBRARIES = {
    "PyJWT": PyJwt,
    "joserfc": Joserfc,
    "jwcrypto": Jwcrypto,
    "Authlib": Authlib,
    "cryptography": Cryptography,
}


@functools.cache
def text_of(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def issue(job: dict) -> dict:
    """A key, as it exports it, and a token for each set of claims."""
    made = LIBRARIES[job["library"]](job["algorithm"], job["bits"])
    return {
        "jwk": made.jwk,
        "spki": made.spki,
        "tokens": [made.token(claims) for claims in job["claims"]],
    }


def sign(job: dict) -> dict:
    """A key, and a signature over each message; with ML-DSA also one over the mu of another."""
    made = LIBRARIES[job["library"]](job["algorithm"], job["bits"])
    signatures = [b64(made.sign(base64.b64decode(message))) for message in job["messages"]]
    done = {"jwk": made.jwk, "spki": made.spki, "signatures": signatures}
    if job["algorithm"].startswith("ML-DSA"):
        done["external"] = made.sign_mu(base64.b64decode(job["external"]))
    return done


def read(job: dict) -> dict:
    """What a JWS says, if it verifies under a JWK."""
    jws = jwcrypto.jws.JWS()
    jws.allowed_algs = [job["algorithm"]]
    jws.deserialize(job["token"], jwcrypto.jwk.JWK(**job["jwk"]))
    return {"text": jws.payload.decode()}


def thumbprint(job: dict) -> dict:
    return {"text": jwcrypto.jwk.JWK(**job["jwk"]).thumbprint()}


def verify(job: dict) -> dict:
    library = LIBRARIES[job["library"]]
    return {
        "claims": library.verify(
            job["url"], job["token"], job["algorithm"], job["issuer"], job["audience"]
        )
    }


VERBS = {verb.__name__: verb for verb in (issue, sign, read, thumbprint, verify)}


def run(job: dict) -> dict:
    try:
        return VERBS[job["kind"]](job)
    except Exception as error:  # every failure is a result
        return {"error": f"{type(error).__name__}: {error}"[:500]}


def main(jobs: str, results: str) -> None:
    done = {
        "versions": {
            **{name: version(name) for name in LIBRARIES},
            "OpenSSL": backend.openssl_version_text(),
            "Python": platform.python_version(),
        },
        "results": [run(job) for job in json.loads(Path(jobs).read_text("utf-8"))],
    }
    Path(results).write_text(json.dumps(done), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
