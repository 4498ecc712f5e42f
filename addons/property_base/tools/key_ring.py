"""Numbers that the database must not tell: their cipher, their keyed hash, and the file with the keys. No ORM.

The key file lies outside the database and has one key a line, ``<id>:<32 bytes in base64>``; empty lines and what
follows a # are left out. The first key encrypts, all of them decrypt.
"""
import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ENVIRONMENT = 'PROPERTY_KEY_FILE'
_LINE = re.compile(r'([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)')
_NONCE_BYTES = 12
_FORMAT = '1'


class KeyFileError(Exception):
    """The keys cannot be had; ``reason`` says why: ``unset``, ``unreadable`` or ``malformed``."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class DecryptError(Exception):
    """A cipher that these keys do not open: made with another key, for another purpose, or damaged."""


def _derive(key, use):
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b'property desk ' + use).derive(key)


class KeyRing:
    """Keys by their ids; the first is the current one.

    :param dict keys: id → 32 bytes
    """

    def __init__(self, keys):
        self.ids = tuple(keys)
        self._ciphers = {key_id: AESGCM(_derive(key, b'encryption')) for key_id, key in keys.items()}
        self._hash_keys = {key_id: _derive(key, b'hashing') for key_id, key in keys.items()}
        self._fingerprints = {key_id: _derive(key, b'fingerprint').hex()[:32] for key_id, key in keys.items()}

    @property
    def current(self):
        return self.ids[0]

    def fingerprint(self, key_id):
        """:return: what tells this key from another of the same id, and nothing of the key; None where there is none"""
        return self._fingerprints.get(key_id)

    def encrypt(self, purpose, text):
        """:return: token of ``text`` under the current key, which opens for this ``purpose`` only"""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = self._ciphers[self.current].encrypt(nonce, text.encode(), _bound_to(purpose, self.current))
        return f'{_FORMAT}.{self.current}.{base64.urlsafe_b64encode(nonce + cipher).decode()}'

    def decrypt(self, purpose, token):
        """:raise DecryptError: where no key opens it for this purpose"""
        try:
            version, key_id, body = token.split('.')
            raw = base64.urlsafe_b64decode(body)
            if version != _FORMAT:
                raise DecryptError
            return self._ciphers[key_id].decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _bound_to(purpose, key_id)).decode()
        except (ValueError, KeyError, InvalidTag) as error:
            raise DecryptError from error

    def hash(self, purpose, text, key_id=None):
        """:return: keyed hash of ``text``, equal for equal texts of one purpose, by the current key unless another is named"""
        key = self._hash_keys[key_id or self.current]
        return base64.urlsafe_b64encode(hmac.digest(key, f'{purpose}\0{text}'.encode(), hashlib.sha256)).decode().rstrip('=')

    def hashes(self, purpose, text):
        """:return: list of the hashes by every key, the current one first: rows that wait for a rotation have an older one"""
        return [self.hash(purpose, text, key_id) for key_id in self.ids]


def _bound_to(purpose, key_id):
    return f'{_FORMAT}\0{key_id}\0{purpose}'.encode()


def key_of(token):
    """:return: id of the key that a token was made with"""
    return token.split('.')[1]


def new_line():
    """:return: line of a new key, named after the moment"""
    return f'{datetime.now(UTC):%Y%m%d-%H%M%S}:{base64.b64encode(secrets.token_bytes(32)).decode()}'


def parse(text):
    """Read a key file.

    :rtype: KeyRing
    :raise KeyFileError: where a line is no key, an id comes twice, or there is none
    """
    keys = {}
    for line in text.splitlines():
        content = line.split('#')[0].strip()
        if not content:
            continue
        match = _LINE.fullmatch(content)
        if not match or match[1] in keys:
            raise KeyFileError('malformed')
        try:
            keys[match[1]] = base64.b64decode(match[2], validate=True)
        except binascii.Error as error:
            raise KeyFileError('malformed') from error
    if not keys:
        raise KeyFileError('malformed')
    return KeyRing(keys)


_loaded = {}


def load(path=None):
    """The keys of the file that the environment names; read again when the file is another.

    :rtype: KeyRing
    :raise KeyFileError: where there is none
    """
    path = path or os.environ.get(ENVIRONMENT)
    if not path:
        raise KeyFileError('unset')
    try:
        stat = os.stat(path)
        version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        known = _loaded.get(path)
        if known and known[0] == version:
            return known[1]
        with open(path, encoding='ascii') as file:
            text = file.read()
    except UnicodeDecodeError as error:
        raise KeyFileError('malformed') from error
    except OSError as error:
        raise KeyFileError('unreadable') from error
    ring = parse(text)
    _loaded[path] = (version, ring)
    return ring


def add_key():
    """Put a new key before the others of the key file; those that encrypted until now still decrypt.

    :return: its id
    :raise KeyFileError: where the file cannot be read or written
    """
    load()
    path = os.environ[ENVIRONMENT]
    line = new_line()
    try:
        stat = os.stat(path)
        with open(path, encoding='ascii') as file:
            text = file.read()
        # Beside it and renamed, so that nobody ever reads half a file.
        new_path = f'{path}.{os.getpid()}'
        with open(os.open(new_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.st_mode & 0o777), 'w', encoding='ascii') as file:
            file.write(f'{line}\n{text}')
            file.flush()
            os.fsync(file.fileno())
        if os.geteuid() == 0:
            os.chown(new_path, stat.st_uid, stat.st_gid)
        os.replace(new_path, path)
    except OSError as error:
        raise KeyFileError('unreadable') from error
    return line.split(':')[0]
