"""The right to touch guarded records once. A Python object, so that no context which comes by RPC can hold one."""


class Permit:
    """Covers one call on exactly these records (or, without records, one ``create``)."""

    __slots__ = ('ids', 'model', 'spent')

    def __init__(self, records):
        self.model = records._name
        self.ids = frozenset(records.ids)
        self.spent = False

    def spend(self, records):
        """:return: whether it covers this very call; it covers no other after that"""
        if self.spent or self.model != records._name or self.ids != frozenset(records.ids):
            return False
        self.spent = True
        return True
