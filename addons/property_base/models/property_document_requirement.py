from odoo import api, fields, models

ANY = 'any'


class PropertyDocumentRequirement(models.Model):
    """That a process asks for a paper. Of several rows for one type the most particular one counts."""

    _name = 'property.document.requirement'
    _description = 'Required Paper'
    _order = 'process, sequence, id'
    _rec_name = 'type_id'
    _check_company_auto = True

    #: The many2one fields that limit a row, the most particular one first. An addon that adds a narrower scope adds the
    #: field and prepends its name, as on :class:`property.parameter.value`; the unique index and :meth:`_needed` follow.
    _scope_fields = ('company_id',)

    sequence = fields.Integer(default=100)
    active = fields.Boolean(default=True)
    type_id = fields.Many2one('property.document.type', "Paper", required=True, index=True, ondelete='restrict', check_company=True)
    process = fields.Selection([
        ('subscription', "Subscription"),
        ('signing', "Signing"),
        ('registration', "Filing"),
        ('mortgage', "Mortgage Loan"),
        ('change', "Change"),
        ('cancellation', "Cancellation"),
        ('handover', "Handover"),
        ('title', "Title Deed"),
    ], required=True)
    payment_mode = fields.Selection([
        (ANY, "Any"),
        ('lump_sum', "Lump Sum"),
        ('installments', "Installments"),
        ('commercial', "Commercial Loan"),
        ('provident', "Provident Fund Loan"),
        ('combined', "Combined Loan"),
    ], required=True, default=ANY)
    necessity = fields.Selection([
        ('mandatory', "Mandatory"),
        ('conditional', "If It Applies"),
        ('not_needed', "Not Needed"),
    ], required=True, default='mandatory', help="“Not needed” takes a paper away where a wider row asks for it.")
    condition = fields.Char(translate=True, help="When it applies; the buyer reads this.")
    per_buyer = fields.Boolean("From Each Buyer", help="Otherwise once for the document.")
    buyer_kind = fields.Selection(
        [('any', "Individuals and Companies"), ('person', "Individuals"), ('company', "Companies")], string="Buyers",
        required=True, default='any', help="Which of the buyers owe a paper that is asked for from each.")
    originals = fields.Integer(default=1)
    copies = fields.Integer()
    company_id = fields.Many2one('res.company', index='btree_not_null', help="Empty: every company.")

    _scope_uniq = models.UniqueIndex(
        lambda registry: "(process, payment_mode, type_id, {})".format(', '.join(
            f'COALESCE({name}, 0)' for name in registry['property.document.requirement']._scope_fields)),
        "This process asks for this paper already.")
    _numbers_positive = models.Constraint('CHECK (originals >= 0 AND copies >= 0)', "A number of papers is not negative.")

    @api.depends('type_id.name', 'process')
    def _compute_display_name(self):
        processes = dict(self._fields['process']._description_selection(self.env))
        for requirement in self:
            requirement.display_name = f"{processes.get(requirement.process, '')}: {requirement.type_id.name or ''}"

    def _needed(self, process, payment_mode, scope):
        """The rows among these that a document needs: for each type the most particular one.

        :param dict scope: record or none by the name of the field, for each of ``_scope_fields``
        :return: property.document.requirement in their order
        """
        best = {}
        for row in self:
            fits = row.process == process and row.type_id.active and row.payment_mode in (ANY, payment_mode) and all(
                not row[name] or row[name] == scope.get(name) for name in self._scope_fields)
            if not fits:
                continue
            rank = (tuple(bool(row[name]) for name in self._scope_fields), row.payment_mode != ANY)
            if row.type_id not in best or rank > best[row.type_id][0]:
                best[row.type_id] = (rank, row)
        needed = {row.id for _rank, row in best.values() if row.necessity != 'not_needed'}
        return self.filtered(lambda row: row.id in needed)

    def _owing(self, partners):
        """Who of a document's buyers owes the paper.

        :return: list of res.partner, each one or (once for the document, and there is no buyer yet) none
        """
        if not self.per_buyer:
            return [partners[:1]]
        return [partner for partner in partners if self.buyer_kind in ('any', 'company' if partner.is_company else 'person')]
