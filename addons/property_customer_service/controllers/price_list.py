from tempfile import TemporaryFile

from werkzeug.wsgi import wrap_file

from odoo.exceptions import AccessError, MissingError
from odoo.http import Controller, Response, content_disposition, request, route

XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'


class PriceListController(Controller):

    @route('/property/price_list/<int:list_id>/xlsx', type='http', auth='user', methods=['GET'], readonly=True)
    def price_list_xlsx(self, list_id):
        """The price list as the filing table that it came from, for whoever may read it."""
        price_list = request.env['property.price.list'].browse(list_id)
        try:
            price_list.check_access('read')
            name = f'{price_list.project_id.name}_{price_list.name}_v{price_list.version}.xlsx'
        except (AccessError, MissingError):
            return request.not_found()
        stream = TemporaryFile()  # noqa: SIM115 - the response closes it when it has been sent
        price_list._write_xlsx(stream)
        size = stream.tell()
        stream.seek(0)
        return Response(wrap_file(request.httprequest.environ, stream), direct_passthrough=True, headers=[
            ('Content-Type', XLSX),
            ('Content-Length', size),
            ('Content-Disposition', content_disposition(name)),
            ('Cache-Control', 'no-store'),
        ])
