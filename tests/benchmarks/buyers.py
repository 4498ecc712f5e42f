"""Finding one buyer among half a million by the identity number that nobody can read."""

import io

from odoo.addons.property_base.models.property_secret_key import ring
from odoo.addons.property_base.tools.identity import id_check_char

from bench_rows import row
from benchmarks.catalogue import as_manager

BUYERS = 500_000
SEARCHES = 100
PURPOSE = "res.partner.identity_number"


def number_of(index):
    day, sequence = divmod(index, 1000)
    body = f"110000{1950 + day // 336}{day // 28 % 12 + 1:02}{day % 28 + 1:02}{sequence:03}"
    return body + id_check_char(body)


def prepare_buyers(env):
    """Rows by COPY, with real hashes; one cipher stands for all, since a search reads none."""
    env = as_manager(env, "Buyers")
    keys = ring(env)
    cipher = keys.encrypt(PURPOSE, number_of(0))
    stream = io.StringIO()
    for index in range(BUYERS):
        stream.write(f"{index}\t{keys.hash(PURPOSE, number_of(index))}\n")
    stream.seek(0)
    env.cr.execute("CREATE TEMPORARY TABLE bench_buyer (index integer, hash text) ON COMMIT DROP")
    env.cr.copy_from(stream, "bench_buyer")
    env.cr.execute(
        """
        INSERT INTO res_partner (name, complete_name, type, active, is_buyer, company_id, partner_share, autopost_bills, lang, ref,
            identity_type, identity_number_cipher, identity_number_hash, identity_number_mask, phone, phone_digits)
        SELECT 'Buyer ' || index, 'Buyer ' || index, 'contact', TRUE, TRUE, %s, TRUE, 'ask', 'en_US', 'REF' || index,
            'mainland_id', %s, hash, '110***********0000', '139' || lpad(index::text, 8, '0'), '139' || lpad(index::text, 8, '0')
        FROM bench_buyer
        """, [env.company.id, cipher])
    env.cr.execute("ANALYZE res_partner")
    env.invalidate_all()
    return env["res.partner"], [index * (BUYERS // SEARCHES) for index in range(SEARCHES)]


def search(partners, domains):
    for domain in domains:
        assert len(partners.search_fetch(domain, ["name"], limit=80)) == 1
        partners.env.invalidate_all()


def by_plain_column(_env, prepared):
    partners, indexes = prepared
    search(partners, ([("ref", "=", f"REF{index}")] for index in indexes))


@row("search buyer", reference=by_plain_column, aim=1.3, prepare=prepare_buyers)
def by_identity_number(_env, prepared):
    partners, indexes = prepared
    search(partners, ([("identity_number", "=", number_of(index))] for index in indexes))
