import os
import stat
import tempfile
from pathlib import Path
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.property_base.tools import key_ring
from odoo.tests import BaseCase

RING = key_ring.parse('\n'.join(('# two of them', '', f'new:{key_ring.new_line().split(":")[1]}  # the current one', key_ring.new_line())))
TEXTS = st.text(st.characters(codec='utf-8'), max_size=60)


class TestKeyRing(BaseCase):

    @given(TEXTS, TEXTS)
    def test_there_and_back(self, purpose, text):
        token = RING.encrypt(purpose, text)
        self.assertEqual(RING.decrypt(purpose, token), text)
        self.assertEqual(key_ring.key_of(token), 'new')
        self.assertNotEqual(RING.encrypt(purpose, text), token, "never twice the same")

    @given(TEXTS, TEXTS, TEXTS)
    def test_bound_to_its_purpose(self, purpose, other, text):
        token = RING.encrypt(purpose, text)
        if other != purpose:
            with self.assertRaises(key_ring.DecryptError):
                RING.decrypt(other, token)
            self.assertNotEqual(RING.hash(purpose, text), RING.hash(other, text))

    @given(TEXTS, st.data())
    def test_any_change_is_found(self, text, data):
        token = RING.encrypt('p', text)
        place = data.draw(st.integers(0, len(token) - 1))
        char = data.draw(st.sampled_from('0AZz-_.='))
        changed = token[:place] + char + token[place + 1:]
        try:
            opened = RING.decrypt('p', changed)
        except key_ring.DecryptError:
            return
        # Another spelling of the same bytes, at most.
        self.assertEqual(opened, text)

    @given(TEXTS, TEXTS)
    def test_hashes(self, one, other):
        self.assertEqual(RING.hash('p', one) == RING.hash('p', other), one == other)
        self.assertEqual(len(set(RING.hashes('p', one))), 2)
        self.assertEqual(RING.hashes('p', one), [RING.hash('p', one, key_id) for key_id in RING.ids])

    def test_no_tokens(self):
        for token in ('', 'x', '1.new.', '1.none.AAAA', '2.new.AAAA', '1.new.AAAA.AAAA', '1.new.!!!!', '1.new.é'):
            with self.subTest(token=token), self.assertRaises(key_ring.DecryptError):
                RING.decrypt('p', token)

    def test_nothing_of_the_key_shows(self):
        line = key_ring.new_line()
        ring = key_ring.parse(line)
        for text in (ring.encrypt('p', 'x'), ring.hash('p', 'x'), ring.fingerprint(ring.current), repr(ring)):
            self.assertNotIn(line.split(':')[1][:10], text)

    def test_older_key_decrypts(self):
        old = key_ring.new_line()
        token = key_ring.parse(old).encrypt('p', 'x')
        new = f'{key_ring.new_line()[:-1].replace(":", "b:")}=\n{old}'
        self.assertEqual(key_ring.parse(new).decrypt('p', token), 'x')
        with self.assertRaises(key_ring.DecryptError):
            key_ring.parse(new.splitlines()[0]).decrypt('p', token)
        # Another key of the same id.
        with self.assertRaises(key_ring.DecryptError):
            key_ring.parse(f'{old.split(":")[0]}:{key_ring.new_line().split(":")[1]}').decrypt('p', token)

    def test_no_key_files(self):
        key = key_ring.new_line().split(':')[1]
        for text in ('', '# nothing', key, f'a:{key[:-2]}', f'a:{key}x', f'a b:{key}', f'a:{key}\na:{key}', 'a:' + 'A' * 44, f'{"a" * 33}:{key}', f'a.b:{key}'):
            with self.subTest(text=text), self.assertRaises(key_ring.KeyFileError) as refusal:
                key_ring.parse(text)
            self.assertEqual(refusal.exception.reason, 'malformed')
            self.assertNotIn(key, repr(refusal.exception.__context__))


class TestKeyFile(BaseCase):

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / 'keys'
        self.startPatcher(patch.dict(os.environ, {key_ring.ENVIRONMENT: str(self.file)}))

    def write_keys(self, text):
        self.file.write_text(text)
        os.utime(self.file, ns=(0, self.id_of_write()))

    def id_of_write(self):
        self.writes = getattr(self, 'writes', 0) + 1
        return self.writes * 10**9

    def assertReason(self, reason, function=key_ring.load):
        with self.assertRaises(key_ring.KeyFileError) as refusal:
            function()
        self.assertEqual(refusal.exception.reason, reason)

    def test_states(self):
        self.assertReason('unreadable')
        self.assertReason('unreadable', key_ring.add_key)
        self.write_keys('nonsense')
        self.assertReason('malformed')
        self.file.write_bytes(b'\xff\xfe')
        self.assertReason('malformed')
        self.write_keys(key_ring.new_line())
        first = key_ring.load()
        self.assertIs(key_ring.load(), first)
        self.write_keys(key_ring.new_line())
        self.assertNotEqual(key_ring.load().fingerprint(key_ring.load().current), first.fingerprint(first.current), "read again when it is another")
        self.file.unlink()
        self.assertReason('unreadable')
        self.file.mkdir()
        self.assertReason('unreadable')
        with patch.dict(os.environ):
            del os.environ[key_ring.ENVIRONMENT]
            self.assertReason('unset')

    def test_add_key(self):
        self.write_keys(f'# ours\nold:{key_ring.new_line().split(":")[1]}\n')
        self.file.chmod(0o600)
        token = key_ring.load().encrypt('p', 'x')
        key_id = key_ring.add_key()
        ring = key_ring.load()
        self.assertEqual(ring.ids, (key_id, 'old'))
        self.assertEqual(ring.decrypt('p', token), 'x')
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        self.assertEqual(os.listdir(self.file.parent), ['keys'])
        self.assertIn('# ours', self.file.read_text())
