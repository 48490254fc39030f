"""A part of an archive that is locked with AES (WinZip's AE-1 and AE-2), as wallets send their bills; Python's zipfile reads only the old lock.

Format: https://www.winzip.com/en/support/aes-encryption/ — salt, two bytes that tell a wrong password, the data, ten bytes of HMAC-SHA1 over it;
keys by PBKDF2-HMAC-SHA1 with 1,000 rounds; AES in counter mode, the counter little-endian from one.

>>> is_locked_so(zipfile.ZipInfo("a.csv"))
False
"""

import hashlib
import hmac
import struct
import zipfile
import zlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_METHOD, _FIELD, _ROUNDS, _BLOCK, _MAC = 99, 0x9901, 1000, 16, 10
_KEY_BYTES = {1: 16, 2: 24, 3: 32}


class WrongPassword(ValueError):
    """The password does not open this part."""


def is_locked_so(part: zipfile.ZipInfo) -> bool:
    """Whether a part is locked with AES."""
    return part.compress_type == _METHOD


def unlocked(archive: bytes, part: zipfile.ZipInfo, password: str) -> bytes:
    """The part's content. Raises WrongPassword, or zipfile.BadZipFile where it is damaged or of an unknown kind."""
    strength, method = _kind(part.extra)
    key_bytes = _KEY_BYTES[strength]
    start = part.header_offset
    name_bytes, extra_bytes = struct.unpack("<HH", archive[start + 26 : start + 30])
    first = start + 30 + name_bytes + extra_bytes
    body = archive[first : first + part.compress_size]
    salt, check = body[: key_bytes // 2], body[key_bytes // 2 : key_bytes // 2 + 2]
    sealed, mac = body[key_bytes // 2 + 2 : -_MAC], body[-_MAC:]
    keys = hashlib.pbkdf2_hmac("sha1", password.encode(), salt, _ROUNDS, 2 * key_bytes + 2)
    if len(check) < 2 or keys[-2:] != check:
        raise WrongPassword
    if not hmac.compare_digest(hmac.new(keys[key_bytes : 2 * key_bytes], sealed, hashlib.sha1).digest()[:_MAC], mac):
        raise zipfile.BadZipFile("the check of an AES part differs")
    plain = _counted(sealed, keys[:key_bytes])
    if method == zipfile.ZIP_STORED:
        return plain[: part.file_size]
    if method != zipfile.ZIP_DEFLATED:
        raise zipfile.BadZipFile(f"an AES part packed by method {method}")
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(plain, part.file_size)


def _kind(extra: bytes) -> tuple[int, int]:
    """(strength, how it is packed) of the field that AES adds to a part."""
    while len(extra) >= 4:
        field, size = struct.unpack("<HH", extra[:4])
        if field == _FIELD and size >= 7 and extra[8] in _KEY_BYTES:
            return extra[8], struct.unpack("<H", extra[9:11])[0]
        extra = extra[4 + size :]
    raise zipfile.BadZipFile("an AES part without its field")


def _counted(sealed: bytes, key: bytes) -> bytes:
    """AES in counter mode with a little-endian counter: the blocks' numbers under AES, laid over the data."""
    blocks = -(-len(sealed) // _BLOCK)
    numbers = b"".join(n.to_bytes(_BLOCK, "little") for n in range(1, blocks + 1))
    # one block a number under the key is what counter mode is; the library counts big-endian only
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    stream = (encryptor.update(numbers) + encryptor.finalize())[: len(sealed)]
    return (int.from_bytes(sealed, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(sealed), "big")
