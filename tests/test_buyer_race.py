from concurrent.futures import ThreadPoolExecutor

import requests

from odoo.addons.property_base.tools.identity import id_check_char
from odoo.tests import BaseCase, get_db_name, tagged

import live

CLIENTS = 8
BODY = "11000019900101099"
NUMBER = BODY + id_check_char(BODY)


class Client:
    """Somebody with a login, through the web client's own route."""

    def __init__(self, url, name, login):
        self.url, self.session = url, requests.Session()
        self.post("/web/session/authenticate", {"db": name, "login": login, "password": login})

    def post(self, path, params):
        return self.session.post(f"{self.url}{path}", json={"params": params}, timeout=60).json()

    def call(self, model, method, *args, **kwargs):
        """:return: the result and the sentence of a refusal"""
        answer = self.post(f"/web/dataset/call_kw/{model}/{method}", {
            "model": model, "method": method, "args": args, "kwargs": {"context": {"lang": "en_US"}, **kwargs}})
        return answer.get("result"), answer["error"]["data"]["message"] if "error" in answer else None


@tagged("post_install", "-at_install")
class TestBuyerRace(BaseCase):
    """Several people enter one identity number at one moment: there is one file, and the others are told so."""

    def test_one_number(self):
        with live.server(get_db_name()) as (url, name), ThreadPoolExecutor(CLIENTS) as pool:
            clients = list(pool.map(lambda number: Client(url, name, ("signing", "manager")[number % 2]), range(CLIENTS)))
            answers = list(pool.map(lambda pair: pair[1].call("res.partner", "create", [{
                "name": f"Buyer {pair[0]}", "is_buyer": True, "identity_type": "mainland_id", "identity_number": NUMBER}]),
                enumerate(clients)))
            made = [result for result, refusal in answers if refusal is None]
            self.assertEqual(len(made), 1, answers)
            [winner] = live.run_sql(name, f"select name from res_partner where id = {made[0][0]}")
            # Some by the look beforehand and some by the database: in one sentence, which names the file.
            for _result, refusal in answers:
                self.assertTrue(refusal is None or (winner in refusal and "\n" not in refusal.strip() and NUMBER not in refusal), refusal)
            # The same by editing files that are there, and by a passport of another country's holder there is no clash.
            ids = clients[0].call("res.partner", "create", [{"name": f"Free {number}", "is_buyer": True} for number in range(CLIENTS)])[0]
            us, gb = (int(live.run_sql(name, f"select id from res_country where code = '{code}'")[0]) for code in ("US", "GB"))
            answers = list(pool.map(lambda pair: pair[1].call("res.partner", "write", [ids[pair[0]]], {
                "identity_type": "passport", "identity_number": "X76543210", "nationality_id": (us, gb)[pair[0] % 2]}), enumerate(clients)))
            self.assertEqual([refusal for _result, refusal in answers].count(None), 2, answers)
            self.assertEqual(live.run_sql(name, "select count(*) from res_partner where identity_number_mask = 'X*****210'"), ["2"])
