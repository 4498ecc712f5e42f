from odoo import api, models


class PropertyApprovalLineMixin(models.AbstractModel):
    """Records below a document with approvals: they come, change and go only while the document is no longer, or not yet, asked about."""

    _name = 'property.approval.line.mixin'
    _description = 'Line of a document with approvals'

    #: The many2one field to the document.
    _approval_parent = None
    #: Fields that are approved with the document; the others stay free.
    _approval_guarded = ()

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines[self._approval_parent]._approval_guard({})
        return lines

    def write(self, vals):
        if vals.keys() & {self._approval_parent, *self._approval_guarded}:
            self[self._approval_parent]._approval_guard({})
        result = super().write(vals)
        if self._approval_parent in vals:
            self[self._approval_parent]._approval_guard({})
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_submitted(self):
        self[self._approval_parent]._approval_guard({})
