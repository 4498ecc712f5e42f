from odoo import fields
from odoo.exceptions import AccessError, MissingError
from odoo.http import Controller, request, route

from ..models.property_inventory_report import LEVELS
from .xlsx import xlsx_response


class InventoryReportController(Controller):

    @route('/property/inventory_report/xlsx', type='http', auth='user', methods=['GET'], readonly=True)
    def inventory_report_xlsx(self, projects='', day='', level='layout'):
        """The daily report of sales control, for whoever may see all of the projects.

        :param str projects: ids, parted by commas
        :param str day: as in 2026-03-02
        :param str level: project, building or layout
        """
        try:
            day = fields.Date.to_date(day)
            projects = request.env['property.project'].browse(int(project) for project in projects.split(','))
            projects.check_access('read')
            request.env['property.inventory.close'].check_access('read')
            name = projects._inventory_filename(day)
        except (AccessError, MissingError, ValueError):
            return request.not_found()
        if not day or level not in LEVELS:
            return request.not_found()
        return xlsx_response(name, lambda stream: projects._write_inventory_xlsx(stream, day, level))
