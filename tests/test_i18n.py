import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

import polib

from odoo.tests import TransactionCase, tagged

import translations


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    def test_every_term_has_its_chinese(self):
        for module in translations.our_modules():
            problems = translations.find_problems(self.env, module)
            self.assertFalse(problems, "\n".join(["run tests/i18n --update", *problems]))

    def test_update_keeps_what_is_translated(self):
        """The check itself, on a copy of the files: it must see each kind of fault."""
        module = "property_base"
        addons = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, addons)
        (addons / module).mkdir()
        with patch.object(translations, "ADDONS", addons):
            count = translations.update_files(self.env, module)
            self.assertGreater(count, 0)
            self.assertEqual(len(translations.find_problems(self.env, module)), count)

            catalogue = polib.pofile(str(addons / module / "i18n" / "zh_CN.po"))
            for entry in catalogue:
                entry.msgstr = "译文"
            first, second = catalogue[0], catalogue[1]
            second.flags.append("fuzzy")
            catalogue.append(polib.POEntry(msgid="No such term", msgstr="没有"))
            catalogue.save()
            problems = translations.find_problems(self.env, module)
            self.assertEqual(problems, [
                f"{module}: fuzzy: {second.msgid!r}",
                f"{module}: no longer in the source: 'No such term'",
            ])

            self.assertEqual(translations.update_files(self.env, module), 0)
            self.assertEqual(translations.find_problems(self.env, module), [f"{module}: fuzzy: {second.msgid!r}"])
            merged = polib.pofile(str(addons / module / "i18n" / "zh_CN.po"))
            self.assertEqual(merged.find(first.msgid).msgstr, "译文")
