"""What may be kept as the file of a paper: told by its content, never by the name that somebody gave it."""
import re
import unicodedata

from odoo.tools.mimetypes import guess_mimetype

#: type of the content: (kind, extension, bytes that it has and where)
_TYPES = {
    'application/pdf': ('pdf', '.pdf', 0, b'%PDF-'),
    'image/jpeg': ('image', '.jpg', 0, b'\xff\xd8\xff'),
    'image/png': ('image', '.png', 0, b'\x89PNG\r\n\x1a\n'),
    'image/webp': ('image', '.webp', 8, b'WEBP'),
    'image/heic': ('image', '.heic', 4, b'ftyp'),
    'image/heif': ('image', '.heif', 4, b'ftyp'),
}
#: What the phone's and the browser's file chooser offers.
ACCEPT = {
    'pdf': 'application/pdf',
    'image': 'image/jpeg,image/png,image/webp,image/heic,image/heif',
}
ACCEPT['any'] = f"{ACCEPT['pdf']},{ACCEPT['image']}"

_STEM_LENGTH = 80
_EXTENSION = re.compile(r'\.\w{1,5}$')


def content_type(content):
    """What the bytes are.

    :param bytes content: the whole file
    :return: the mimetype, or nothing where it is no PDF, JPEG, PNG, WebP or HEIC
    """
    mimetype = guess_mimetype(content)
    if mimetype not in _TYPES:
        return None
    _kind, _extension, offset, signature = _TYPES[mimetype]
    # A file that is two things at once shows its other face at the beginning.
    return mimetype if content[offset:offset + len(signature)] == signature else None


def kind_and_extension(mimetype):
    """:return: ``('pdf' or 'image', '.ext')`` of a type that :func:`content_type` knows"""
    return _TYPES[mimetype][:2]


def clean_name(name, extension):
    """A name that is safe on every disk and in every header, and says what the file is.

    Folders, control and direction characters go; the extension is the content's.
    """
    name = unicodedata.normalize('NFC', name or '').replace('\\', '/').rpartition('/')[2]
    name = ''.join(' ' if unicodedata.category(char)[0] in 'CZ' else char for char in name)
    name = re.sub(r'[<>:"|?*]', ' ', name)
    stem = _EXTENSION.sub('', ' '.join(name.split())).strip(' .')[:_STEM_LENGTH].strip(' .')
    return (stem or 'file') + extension
