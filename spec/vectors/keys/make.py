"""Makes the key files that cosign would have made, with libsodium: `pip install pynacl cryptography`, then run this."""

import base64
import hashlib
import json
import os
import pathlib

import nacl.secret
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

here = pathlib.Path(__file__).parent
key = ec.generate_private_key(ec.SECP256R1())
pkcs8 = key.private_bytes(
    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)


def encrypt(name: str, label: str, cost: int, passphrase: bytes) -> None:
    salt, nonce = os.urandom(32), os.urandom(24)
    secret = hashlib.scrypt(passphrase, salt=salt, n=cost, r=8, p=1, maxmem=1 << 28, dklen=32)
    box = nacl.secret.SecretBox(secret).encrypt(pkcs8, nonce).ciphertext
    text = lambda data: base64.b64encode(data).decode()
    document = {
        "kdf": {"name": "scrypt", "params": {"N": cost, "r": 8, "p": 1}, "salt": text(salt)},
        "cipher": {"name": "nacl/secretbox", "nonce": text(nonce)},
        "ciphertext": text(box),
    }
    digits = text(json.dumps(document, separators=(",", ":")).encode())
    lines = [digits[at : at + 64] for at in range(0, len(digits), 64)]
    block = [f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]
    (here / name).write_text("\n".join(block))


encrypt("cosign.pem", "ENCRYPTED SIGSTORE PRIVATE KEY", 65536, b"correct horse")
encrypt("cosign-old-empty.pem", "ENCRYPTED COSIGN PRIVATE KEY", 32768, b"")
public = key.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
(here / "cosign.pub").write_bytes(public)
