from odoo import models


class PropertyChecklistMixin(models.AbstractModel):
    _inherit = 'property.checklist.mixin'

    def _prepare_paper_origin(self):
        vals = super()._prepare_paper_origin()
        if 'project_id' in self._fields:
            vals['project_id'] = self.project_id.id
        return vals
