from odoo import fields, models
from odoo.addons.property_base.tools.table_objects import AppendOnly, Triggers

# What is logged about a person moves to the file that his was merged into, and nowhere else.
_MOVES_FUNCTION = """
CREATE OR REPLACE FUNCTION property_moves_with_merge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM property_buyer_merge WHERE source_id = OLD.partner_id AND target_id = NEW.partner_id
    ) THEN
        RAISE EXCEPTION 'refused by %', TG_ARGV[0]
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_ARGV[0];
    END IF;
    RETURN NEW;
END $$
"""


class MovesWithMerge(Triggers):
    """The ``partner_id`` of a log changes by a recorded merge of two files only."""

    def __init__(self, message):
        super().__init__(
            "BEFORE UPDATE OF partner_id ON {table} FOR EACH ROW WHEN (OLD.partner_id IS DISTINCT FROM NEW.partner_id)"
            " EXECUTE FUNCTION property_moves_with_merge('{name}')",
            function=_MOVES_FUNCTION, message=message)


class PropertyBuyerMerge(models.Model):
    """Which file of the buyer file went into which: by it the logs of a file that is gone are still found.

    Numbers and not links, since the one is deleted and the other may go into a third.
    """

    _name = 'property.buyer.merge'
    _description = 'Merge of Buyer Files'
    _order = 'id desc'
    _rec_name = 'target_id'

    source_id = fields.Integer("File That Is Gone", required=True, readonly=True, index=True, aggregator=None)
    target_id = fields.Many2oneReference("Into", model_field='res_model', required=True, readonly=True, index=True)
    res_model = fields.Char(compute='_compute_res_model', export_string_translation=False)
    company_id = fields.Many2one('res.company', required=True, readonly=True, ondelete='restrict')
    user_id = fields.Many2one('res.users', "By", required=True, readonly=True, ondelete='restrict')

    _append_only = AppendOnly(
        'source_id', 'target_id', 'company_id', 'user_id', 'create_uid', 'create_date',
        message="The log of merged files is never changed or deleted.")

    def _compute_res_model(self):
        self.res_model = 'res.partner'
