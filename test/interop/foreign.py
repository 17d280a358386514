"""The official Python SDK: runs a list of jobs against the KMS endpoint of its environment.

python foreign.py jobs.json results.json
"""

import base64
import functools
import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsEcdhKeyringInput,
    CreateAwsKmsKeyringInput,
    CreateAwsKmsRsaKeyringInput,
    CreateMultiKeyringInput,
    CreateRawEcdhKeyringInput,
    EphemeralPrivateKeyToStaticPublicKeyInput,
    KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey,
    KmsEcdhStaticConfigurationsKmsPublicKeyDiscovery,
    KmsPrivateKeyToStaticPublicKeyInput,
    KmsPublicKeyDiscoveryInput,
    RawEcdhStaticConfigurationsEphemeralPrivateKeyToStaticPublicKey,
)
from aws_encryption_sdk.identifiers import Algorithm, CommitmentPolicy

SUITE = Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
client = aws_encryption_sdk.EncryptionSDKClient(
    commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
)
providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
kms = boto3.client("kms")


def der(pem: str) -> bytes:
    return base64.b64decode("".join(line for line in pem.splitlines() if "-----" not in line))


@functools.cache
def rsa_keyring(arn: str, pem: str | None):
    return providers.create_aws_kms_rsa_keyring(
        input=CreateAwsKmsRsaKeyringInput(
            kms_key_id=arn,
            encryption_algorithm="RSAES_OAEP_SHA_256",
            public_key=pem.encode() if pem else None,
            kms_client=kms,
        )
    )


@functools.cache
def ecdh_discovery_keyring(arn: str, curve: str):
    return providers.create_aws_kms_ecdh_keyring(
        input=CreateAwsKmsEcdhKeyringInput(
            key_agreement_scheme=KmsEcdhStaticConfigurationsKmsPublicKeyDiscovery(
                KmsPublicKeyDiscoveryInput(recipient_kms_identifier=arn)
            ),
            curve_spec=curve,
            kms_client=kms,
        )
    )


@functools.cache
def ecdh_static_keyring(sender: str, pem: str, curve: str):
    return providers.create_aws_kms_ecdh_keyring(
        input=CreateAwsKmsEcdhKeyringInput(
            key_agreement_scheme=KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey(
                KmsPrivateKeyToStaticPublicKeyInput(
                    sender_kms_identifier=sender, recipient_public_key=der(pem)
                )
            ),
            curve_spec=curve,
            kms_client=kms,
        )
    )


@functools.cache
def ecdh_ephemeral_keyring(pem: str, curve: str):
    return providers.create_raw_ecdh_keyring(
        input=CreateRawEcdhKeyringInput(
            key_agreement_scheme=RawEcdhStaticConfigurationsEphemeralPrivateKeyToStaticPublicKey(
                EphemeralPrivateKeyToStaticPublicKeyInput(recipient_public_key=der(pem))
            ),
            curve_spec=curve,
        )
    )


@functools.cache
def symmetric_keyring(arn: str):
    return providers.create_aws_kms_keyring(
        input=CreateAwsKmsKeyringInput(kms_key_id=arn, kms_client=kms)
    )


def keyring(job: dict):
    """One keyring, or a multi-keyring when the job names several keys."""
    sealing = job["kind"] == "seal"

    def one(key: dict):
        if key["keyring"] == "symmetric":
            return symmetric_keyring(key["arn"])
        if key["keyring"] == "rsa":
            return rsa_keyring(key["arn"], key["publicKeyPem"] if sealing else None)
        if sealing and "sender" in key:
            return ecdh_static_keyring(key["sender"], key["publicKeyPem"], key["curve"])
        if sealing:
            return ecdh_ephemeral_keyring(key["publicKeyPem"], key["curve"])
        return ecdh_discovery_keyring(key["arn"], key["curve"])

    first, *rest = [one(key) for key in job["keys"]]
    if not rest:
        return first
    return providers.create_multi_keyring(
        input=CreateMultiKeyringInput(generator=first, child_keyrings=rest)
    )


def seal(job: dict) -> dict:
    plaintext = Path(job["plaintextFile"]).read_bytes()
    sizes = {"frame_length": job["frameLength"]} if "frameLength" in job else {}
    message, header = client.encrypt(
        source=plaintext,
        keyring=keyring(job),
        encryption_context=job["context"],
        algorithm=None if job.get("defaultSuite") else SUITE,
        **sizes,
    )
    Path(job["messageFile"]).write_bytes(message)
    return {"length": len(message), "frameLength": header.frame_length}


def open_(job: dict) -> dict:
    plaintext, header = client.decrypt(
        source=Path(job["messageFile"]).read_bytes(),
        keyring=keyring(job),
        encryption_context=job["context"],
    )
    if header.encryption_context != job["context"]:
        raise ValueError("the context that came out is another")
    return {"length": len(plaintext), "sha256": hashlib.sha256(plaintext).hexdigest()}


def run(job: dict) -> dict:
    try:
        return {"seal": seal, "open": open_}[job["kind"]](job)
    except Exception as error:  # every failure is a result
        return {"error": f"{type(error).__name__}: {error}"[:500]}


def main(jobs: str, results: str) -> None:
    names = ["aws-encryption-sdk", "aws-cryptographic-material-providers"]
    done = {
        "sdk": " with ".join(f"{name} {version(name)}" for name in names),
        "results": [run(job) for job in json.loads(Path(jobs).read_text("utf-8"))],
    }
    Path(results).write_text(json.dumps(done), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
