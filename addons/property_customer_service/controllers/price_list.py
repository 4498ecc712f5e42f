from odoo.exceptions import AccessError, MissingError
from odoo.http import Controller, request, route

from .xlsx import xlsx_response


class PriceListController(Controller):

    @route('/property/price_list/<int:list_id>/xlsx', type='http', auth='user', methods=['GET'], readonly=True)
    def price_list_xlsx(self, list_id):
        """The price list as the filing table that it came from, for whoever may read it."""
        price_list = request.env['property.price.list'].browse(list_id)
        try:
            price_list.check_access('read')
            name = f'{price_list.project_id.name}_{price_list.name}_v{price_list.version}'
        except (AccessError, MissingError):
            return request.not_found()
        return xlsx_response(name, price_list._write_xlsx)
