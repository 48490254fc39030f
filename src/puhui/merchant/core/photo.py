"""What a photo is, by its first bytes.

>>> kind_of(bytes.fromhex("ffd8ffe000104a464946")), kind_of(b"%PDF-1.7")
('image/jpeg', '')
"""

from puhui.kernel.media_type import media_type


def kind_of(content: bytes) -> str:
    """The media type of a JPEG, PNG, WebP or HEIC photo; empty of anything else."""
    found = media_type(content)
    return found if found.startswith("image/") else ""
