"""What a photo is, by its first bytes: the name and the type that a phone sends prove nothing.

>>> kind_of(bytes.fromhex("ffd8ffe000104a464946")), kind_of(b"%PDF-1.7")
('image/jpeg', '')
"""

_HEIC = (b"heic", b"heix", b"mif1", b"hevc", b"heim", b"heis")


def kind_of(content: bytes) -> str:
    """The media type of a JPEG, PNG, WebP or HEIC photo; empty of anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "image/heic" if content[4:8] == b"ftyp" and content[8:12] in _HEIC else ""
