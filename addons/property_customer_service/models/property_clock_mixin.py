from odoo import models


class PropertyClockMixin(models.AbstractModel):
    """A document that hangs on a project counts its deadlines there: its days, its parameters."""

    _inherit = 'property.clock.mixin'

    def _clock_project(self):
        """:return: the project that the document's deadlines belong to, or none"""
        return self.project_id if 'project_id' in self._fields else self.env['property.project']

    def _clock_timezone(self):
        return self._clock_project().tz or super()._clock_timezone()

    def _clock_scope(self):
        return {**super()._clock_scope(), 'project_id': self._clock_project()}

    def _prepare_clock_vals(self, kind, start, responsible):
        return {**super()._prepare_clock_vals(kind, start, responsible), 'project_id': self._clock_project().id}
