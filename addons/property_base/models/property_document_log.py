from odoo import fields, models

from ..tools.table_objects import AppendOnly, Triggers

FACTS = (
    'document_id', 'kind', 'date', 'user_id', 'partner_id', 'originals', 'copies', 'how', 'reason', 'create_uid', 'create_date')
NEVER = "The log of papers is never changed or deleted."
# The second person's rule in the database: whoever took a paper in since it was last rejected does not verify it.
_SECOND_PERSON_FUNCTION = """
CREATE OR REPLACE FUNCTION property_document_second_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM property_document_log l
        WHERE l.document_id = NEW.document_id AND l.kind = 'received' AND l.user_id = NEW.user_id AND l.id > COALESCE((
            SELECT max(r.id) FROM property_document_log r WHERE r.document_id = NEW.document_id AND r.kind = 'rejected'), 0)
    ) THEN
        RAISE EXCEPTION 'refused by %', TG_ARGV[0]
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_ARGV[0];
    END IF;
    RETURN NEW;
END $$
"""


class PropertyDocumentLog(models.Model):
    """Who took in, gave back, verified or refused which paper, and when. Nobody changes or deletes it."""

    _name = 'property.document.log'
    _description = 'Receipt Log'
    _order = 'id desc'
    _rec_name = 'document_id'

    document_id = fields.Many2one('property.document', "Paper", required=True, readonly=True, index=True, ondelete='restrict')
    kind = fields.Selection([
        ('received', "Received"),
        ('returned', "Given Back"),
        ('verified', "Verified"),
        ('rejected', "Not Accepted"),
        ('waived', "Waived"),
        ('required', "Required Again"),
    ], string="What Happened", required=True, readonly=True)
    date = fields.Datetime("When", required=True, readonly=True, default=fields.Datetime.now)
    user_id = fields.Many2one('res.users', "By", required=True, readonly=True, ondelete='restrict')
    partner_id = fields.Many2one('res.partner', "From or To", readonly=True, ondelete='restrict')
    originals = fields.Integer(readonly=True, help="Negative when given back.")
    copies = fields.Integer(readonly=True, help="Negative when given back.")
    how = fields.Selection([
        ('in_person', "In Person"),
        ('courier', "By Courier"),
        ('colleague', "Through a Colleague"),
        ('portal', "Through the Portal"),
    ], readonly=True)
    reason = fields.Char("Why", readonly=True)

    _numbers_by_kind = models.Constraint(
        """CHECK (CASE kind WHEN 'received' THEN originals >= 0 AND copies >= 0
                            WHEN 'returned' THEN originals <= 0 AND copies <= 0
                            ELSE originals = 0 AND copies = 0 END)""",
        "Papers come in by being received and go out by being given back.")
    _append_only = AppendOnly(*FACTS, message=NEVER)
    _second_person = Triggers(
        "BEFORE INSERT ON {table} FOR EACH ROW WHEN (NEW.kind = 'verified')"
        " EXECUTE FUNCTION property_document_second_person('{name}')",
        function=_SECOND_PERSON_FUNCTION,
        message="Whoever received a paper does not verify it: a colleague has to.")
