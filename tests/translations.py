"""The Chinese of our addons, held against the terms that Odoo itself exports from the database."""

import io
from pathlib import Path

import polib

from odoo.tools.translate import trans_export

ADDONS = Path(__file__).resolve().parent.parent / "addons"
LANGUAGE = "zh_CN"


def our_modules():
    """Names of the addons of this repository that a user installs."""
    return sorted(path.parent.name for path in ADDONS.glob("[!t]*/__manifest__.py"))


def export_terms(env, module):
    """The terms of a module.

    :rtype: polib.POFile or None for a module that has no term
    """
    buffer = io.BytesIO()
    if not trans_export(False, [module], buffer, "po", env):
        return None
    terms = polib.pofile(buffer.getvalue().decode())
    # Nobody reads the labels of an abstract model, and whether Odoo exports those that other modules add to it depends
    # on whether the database was made or updated.
    abstract = tuple(
        f"field_{name.replace('.', '_')}__" for name, model in env.registry.items()
        if model._abstract and name.startswith("property."))
    for entry in list(terms):
        entry.occurrences = [
            occurrence for occurrence in entry.occurrences
            if not occurrence[0].rpartition(".")[2].startswith(abstract)]
        if not entry.occurrences:
            terms.remove(entry)
    return terms


def _catalogue(module):
    path = ADDONS / module / "i18n" / f"{LANGUAGE}.po"
    return polib.pofile(str(path)) if path.exists() else polib.POFile()


def find_problems(env, module):
    """What is wrong with a module's Chinese, one line each; an empty list when nothing is."""
    terms = export_terms(env, module) or polib.POFile()
    wanted = {entry.msgid for entry in terms}
    entries = {entry.msgid: entry for entry in _catalogue(module) if not entry.obsolete}
    problems = []
    for msgid in sorted(wanted):
        entry = entries.get(msgid)
        if entry is None:
            problems.append(f"{module}: missing: {msgid!r}")
        elif entry.fuzzy:
            problems.append(f"{module}: fuzzy: {msgid!r}")
        elif not entry.msgstr.strip():
            problems.append(f"{module}: empty: {msgid!r}")
    problems += [f"{module}: no longer in the source: {msgid!r}" for msgid in sorted(entries.keys() - wanted)]
    return problems


def update_files(env, module):
    """Write the .pot anew and merge the .po: translations stay, new terms are empty, old ones go.

    :return: the number of terms that have no translation yet
    :rtype: int
    """
    terms = export_terms(env, module)
    if terms is None:
        return 0
    folder = ADDONS / module / "i18n"
    folder.mkdir(exist_ok=True)
    _drop_dates(terms)
    terms.save(str(folder / f"{module}.pot"))

    known = {entry.msgid: entry for entry in _catalogue(module)}
    for entry in terms:
        if entry.msgid in known:
            entry.msgstr = known[entry.msgid].msgstr
            if known[entry.msgid].fuzzy:
                entry.flags.append("fuzzy")
    terms.metadata["Language"] = LANGUAGE
    terms.metadata["Plural-Forms"] = "nplurals=1; plural=0;"
    terms.save(str(folder / f"{LANGUAGE}.po"))
    return sum(not entry.msgstr for entry in terms)


def _drop_dates(terms):
    """The day of the export would change the file each time and says nothing."""
    for key in ("POT-Creation-Date", "PO-Revision-Date"):
        terms.metadata.pop(key, None)
