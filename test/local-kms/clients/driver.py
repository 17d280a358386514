"""boto3 and the AWS CLI as drivers: one JSON line for each step of a list that is read and sent.

python driver.py boto3|aws steps.json  (endpoint, Region and credentials from the environment)
"""

import base64
import json
import re
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

REFERENCE = re.compile(r"\$\{([\w.-]+)\}")
SETTINGS = Config(parameter_validation=False, retries={"total_max_attempts": 1})
CLIENT = boto3.client("kms", config=SETTINGS)
MODEL = CLIENT.meta.service_model
HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}


class Missing(Exception):
    """An earlier step did not answer what this one needs."""


def value_of(kept, path):
    value = kept
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = None
    if value is None:
        raise Missing(path)
    return value


def resolve(kept, value):
    if isinstance(value, str):
        whole = REFERENCE.fullmatch(value)
        if whole:
            return value_of(kept, whole[1])
        return REFERENCE.sub(lambda found: str(value_of(kept, found[1])), value)
    if isinstance(value, list):
        return [resolve(kept, item) for item in value]
    if isinstance(value, dict):
        return {name: resolve(kept, member) for name, member in value.items()}
    return value


def common(value):
    """An answer in the form that all drivers print: bytes as base64, times as epoch seconds."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    if isinstance(value, list):
        return [common(item) for item in value]
    if isinstance(value, dict):
        return {
            name: common(member) for name, member in value.items() if name != "ResponseMetadata"
        }
    return value


def failed(message):
    """What no service said: this client came to no answer."""
    return {"error": {"code": "Client", "message": message}}


def members(call):
    return MODEL.operation_model(call).input_shape.members


def through_boto3(call, given):
    shapes = members(call)
    blobs = {
        name: base64.b64decode(value)
        for name, value in given.items()
        if shapes[name].type_name == "blob"
    }
    try:
        return {"answer": common(getattr(CLIENT, xform_name(call))(**{**given, **blobs}))}
    except ClientError as refusal:
        error = refusal.response["Error"]
        return {"error": {"code": error["Code"], "message": error.get("Message", "")}}


def flags(call, given, folder):
    """The options of `aws kms <call>`: blobs come from files, structures are JSON."""
    shapes = members(call)
    for name, value in given.items():
        option = f"--{xform_name(name, '-')}"
        kind = shapes[name].type_name
        if kind == "boolean":
            yield option if value else f"--no-{option[2:]}"
        elif kind == "blob":
            path = Path(folder, name)
            path.write_bytes(base64.b64decode(value))
            yield from (option, f"fileb://{path}")
        else:
            yield from (option, value if isinstance(value, str) else json.dumps(value))


REFUSAL = re.compile(
    r"An error occurred \((\w+)\) when calling the \w+ operation(?: \([^)]*\))?: ?(.*)", re.DOTALL
)


def through_cli(call, given):
    aws = Path(sys.executable).with_name("aws")
    with tempfile.TemporaryDirectory() as folder:
        pages = ["--no-paginate"] if CLIENT.can_paginate(xform_name(call)) else []
        options = [*pages, "--output", "json", *flags(call, given, folder)]
        command = [aws, "kms", xform_name(call, "-"), *options]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return {"answer": json.loads(done.stdout) if done.stdout.strip() else {}}
    refusal = REFUSAL.search(done.stderr)
    if refusal is None:
        return failed(done.stderr.strip()[-300:])
    return {"error": {"code": refusal[1], "message": refusal[2].rstrip("\n")}}


def verify_locally(given):
    """Checks a signature with Python's cryptography, under a public key that KMS handed out."""
    names = ("PublicKey", "Message", "Signature")
    public, message, signature = (base64.b64decode(given[name]) for name in names)
    algorithm = given["SigningAlgorithm"]
    key, digest = load_der_public_key(public), HASHES[algorithm[-3:]]()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
            pad = pss if "PSS" in algorithm else padding.PKCS1v15()
            key.verify(signature, message, pad, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        else:
            return failed(f"{algorithm}: no public key of a known kind")
    except InvalidSignature:
        return {"answer": {"Valid": False}}
    return {"answer": {"Valid": True}}


def main(through, path):
    kept = {}
    for step in json.loads(Path(path).read_text()):
        try:
            given = resolve(kept, step["input"])
            if step["call"] == "verifyLocally":
                result = verify_locally(given)
            else:
                result = through(step["call"], given)
        except Missing:
            result = {"error": {"code": "Missing", "message": ""}}
        except Exception as failure:  # every step answers one line
            result = failed(f"{type(failure).__name__}: {failure}")
        kept[step["name"]] = result.get("answer")
        print(json.dumps({"name": step["name"], **result}), flush=True)


main({"boto3": through_boto3, "aws": through_cli}[sys.argv[1]], sys.argv[2])
