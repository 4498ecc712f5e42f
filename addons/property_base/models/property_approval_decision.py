from odoo import fields, models

from ..tools.table_objects import AppendOnly, Triggers


class PropertyApprovalDecision(models.Model):
    """What somebody decided on a step, for whom, and why. Nobody writes, changes or deletes one; the database sees to it."""

    _name = 'property.approval.decision'
    _description = 'Approval Decision'
    _inherit = ['property.guarded.mixin']
    _order = 'id'
    _rec_name = 'request_id'

    request_id = fields.Many2one('property.approval.request', required=True, readonly=True, ondelete='restrict', index=True)
    request_step_id = fields.Many2one('property.approval.request.step', "Step", required=True, readonly=True, ondelete='restrict')
    company_id = fields.Many2one('res.company', required=True, readonly=True, ondelete='restrict')
    requester_id = fields.Many2one('res.users', required=True, readonly=True, ondelete='restrict')
    user_id = fields.Many2one('res.users', "Decided By", required=True, readonly=True, ondelete='restrict', index=True)
    principal_id = fields.Many2one(
        'res.users', "On Behalf Of", required=True, readonly=True, ondelete='restrict', help="The approver whose turn it was.")
    kind = fields.Selection(
        [('agree', "Agreed"), ('return', "Returned"), ('reject', "Rejected")], "Decision", required=True, readonly=True)
    opinion = fields.Text(readonly=True)
    granted = fields.Float(readonly=True, digits=(16, 4), aggregator=None, help="Less than was asked; it binds.")
    date = fields.Datetime(required=True, readonly=True)

    _once_idx = models.UniqueIndex(
        '(request_step_id, principal_id)', "This approver has decided on the step already.")
    # A quorum is of different people: the vote of whom one stands in for is no second one.
    _once_each_idx = models.UniqueIndex('(request_step_id, user_id)', "This person has decided on the step already.")
    _not_own = models.Constraint(
        'CHECK (requester_id != user_id AND requester_id != principal_id)',
        "Nobody decides on an own request, not on somebody's behalf either.")
    _reasoned = models.Constraint(
        "CHECK (kind = 'agree' OR COALESCE(trim(opinion), '') != '')", "Say why it is returned or rejected.")
    _append_only = AppendOnly(
        'request_id', 'request_step_id', 'company_id', 'requester_id', 'user_id', 'principal_id', 'kind', 'opinion', 'granted', 'date',
        'create_uid', 'create_date', message="A decision that was made is never changed or deleted.")
    # Whatever code inserts it: only while the request waits for this very step, and under its requester's name.
    _on_running_request = Triggers(
        "BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION property_approval_decision_fits('{name}')",
        function="""
            CREATE OR REPLACE FUNCTION property_approval_decision_fits() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NOT EXISTS (
                    SELECT FROM property_approval_request r
                    JOIN property_approval_request_step s ON s.request_id = r.id
                    WHERE r.id = NEW.request_id AND s.id = NEW.request_step_id AND r.requester_id = NEW.requester_id
                        AND r.state = 'pending' AND s.state = 'pending'
                ) THEN
                    RAISE EXCEPTION 'refused by %', TG_ARGV[0]
                        USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_ARGV[0];
                END IF;
                RETURN NEW;
            END $$""",
        message="There is nothing to decide here: the request does not wait for this step.")

    def _guard_sentence(self):
        return self.env._("A decision is made on its request, by whoever's turn it is, and not by hand.")
