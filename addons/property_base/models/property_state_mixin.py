from odoo import api, models
from odoo.exceptions import UserError


class Transition:
    """The right to write one state on certain records, once.

    A Python object, so that no context which comes by RPC can claim it.
    """

    __slots__ = ('ids', 'model', 'spent', 'to')

    def __init__(self, records, to):
        self.model = records._name
        self.ids = frozenset(records.ids)
        self.to = to
        self.spent = False

    def spend(self, records, to):
        """:return: whether it covers this very write; it covers no other after that"""
        if self.spent or self.model != records._name or self.to != to or self.ids != frozenset(records.ids):
            return False
        self.spent = True
        return True


class PropertyStateMixin(models.AbstractModel):
    """A ``state`` that moves only along declared transitions, whoever writes it.

    The model declares a Selection ``state`` (``copy=False``) and :attr:`_transitions`; its actions call
    :meth:`_transition`. ``create`` starts at the initial state, whatever values, context or user
    defaults say; a plain ``write`` of the state is refused.
    """

    _name = 'property.state.mixin'
    _description = 'State along declared transitions'

    #: state: the states that it may become. The first key is the initial state.
    _transitions = {}

    @property
    def _initial_state(self):
        return next(iter(self._transitions))

    @api.model_create_multi
    def create(self, vals_list):
        initial = self._initial_state
        for vals in vals_list:
            if vals.get('state', initial) != initial:
                raise UserError(self.env._(
                    "A new record starts as “%(initial)s”: leave its state out, it moves by its own actions.",
                    initial=self._state_label(initial),
                ))
        # Set outright: a default_state in the context or an ir.default gets past a look at the values.
        return super().create([{**vals, 'state': initial} for vals in vals_list])

    def write(self, vals):
        if 'state' not in vals:
            return super().write(vals)
        transition = self.env.context.get('property_transition')
        if not (isinstance(transition, Transition) and transition.spend(self, vals['state'])):
            raise UserError(self.env._("The state moves only by its own actions, not by editing it."))
        # Used up here: hooks and other records below must not find it.
        return super(PropertyStateMixin, self.with_context(property_transition=None)).write(vals)

    def _transition(self, to, **vals):
        """Move all records to the state ``to`` and write ``vals`` with it.

        :raise UserError: where a record's state has no way to ``to``
        """
        self._check_can_become(to)
        return self.with_context(property_transition=Transition(self, to)).write({**vals, 'state': to})

    def _check_can_become(self, to):
        for record in self:
            if to not in self._transitions.get(record.state, ()):
                raise UserError(self.env._(
                    "%(record)s is “%(state)s” and cannot become “%(to)s”.",
                    record=record.display_name,
                    state=self._state_label(record.state),
                    to=self._state_label(to),
                ))

    def _state_label(self, state):
        return dict(self._fields['state']._description_selection(self.env)).get(state, state)
