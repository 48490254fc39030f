"""What a file is, by its first bytes: the name and the type that a phone sends prove nothing.

>>> media_type(bytes.fromhex("ffd8ffe000104a464946")), media_type(b"%PDF-1.7"), media_type(b"GIF89a")
('image/jpeg', 'application/pdf', '')
"""

_HEADS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"%PDF-", "application/pdf"))
_HEIC = (b"heic", b"heix", b"mif1", b"hevc", b"heim", b"heis")


def media_type(content: bytes) -> str:
    """The media type of a JPEG, PNG, WebP or HEIC photo or a PDF; empty of anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return "image/heic"
    return next((name for head, name in _HEADS if content.startswith(head)), "")
