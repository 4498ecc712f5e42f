"""Everything that can be wrong with a price table, in one list.

The code is the identity; the English text is translated where it is shown. Placeholders are named, and every
error, fault and warning carries the parameters that its text uses.
"""
from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__, default_lang='en_US')

MESSAGES = {
    # The file as a whole: TableError.
    'empty_file': _lt("The file is empty."),
    'file_too_large': _lt("The file has %(size)s MB; the limit is %(limit)s MB."),
    'not_a_table': _lt("%(filename)s is neither an .xlsx workbook nor a .csv text file."),
    'not_a_workbook': _lt("%(filename)s is an archive or another document, not an .xlsx workbook."),
    'old_format': _lt("%(filename)s has the format of Excel 97–2003. Save it as .xlsx and try again."),
    'password': _lt("The file is protected by a password. Save it without one and try again."),
    'bomb': _lt("The file unpacks to far more data than a price table can have."),
    'unsafe_xml': _lt("The file contains a document type declaration, which no spreadsheet program writes."),
    'corrupt': _lt("The file is damaged or was not transferred completely."),
    'no_sheet': _lt("The workbook has no visible sheet."),
    'empty_sheet': _lt("The sheet is empty."),
    'too_many_rows': _lt("The sheet has more than %(limit)s rows."),
    'too_many_columns': _lt("The sheet has more than %(limit)s columns."),
    'no_header': _lt("No header row with the room number and the other columns was found in the first %(limit)s rows."),
    'missing_columns': _lt("The table lacks these columns: %(fields)s."),
    'no_units': _lt("The table has no unit below its header."),
    # A cell or a row: Fault.
    'missing_room': _lt("The room number is missing."),
    'missing_building': _lt("The building is missing."),
    'missing_area': _lt("The area is missing."),
    'no_price': _lt("Neither a unit price nor a total price is given."),
    'duplicate_room': _lt("%(building)s %(stair)s %(room)s is also in row %(other)s."),
    'not_a_number': _lt("“%(value)s” is not a number."),
    'not_positive': _lt("%(value)s must be greater than zero."),
    'negative': _lt("%(value)s must not be negative."),
    'too_large': _lt("%(value)s is too large; the limit is %(limit)s."),
    'too_long': _lt("The text has %(length)s characters; the limit is %(limit)s."),
    'not_a_floor': _lt("“%(value)s” is not a whole floor."),
    'unknown_usage': _lt("“%(value)s” is not a known usage."),
    'unknown_orientation': _lt("“%(value)s” is not a known orientation."),
    'unknown_pricing_mode': _lt("“%(value)s” is not a known pricing mode."),
    'formula': _lt("A formula (%(value)s) stands where a value belongs."),
    'date': _lt("A date (%(value)s) stands where another value belongs."),
    'cell_error': _lt("The cell shows the error %(value)s."),
    'inside_above_gross': _lt("The inside area %(inside)s is larger than the gross area %(gross)s."),
    'shared_mismatch': _lt("The apportioned area %(value)s is not gross minus inside area, %(expected)s."),
    'total_mismatch': _lt("The total %(value)s is not unit price times area, %(expected)s."),
    # What may be right and is worth a look: Fault objects in Result.warnings.
    'total_rounding': _lt("The total %(value)s differs from unit price times area, %(expected)s, by rounding."),
    'subtotal_sum': _lt("The subtotal %(value)s differs from the sum of the rows, %(expected)s."),
    'subtotal_count': _lt("%(value)s units are stated; the rows are %(expected)s."),
    'floor_price_above_total': _lt("The floor price %(value)s is above the total price %(total)s."),
}


def sentence(code, params, translate=str):
    """Return the sentence of an error, fault or warning.

    `translate` makes text of a term: `env._` in a user's language; without it English, or the language of the request.
    """
    return translate(MESSAGES[code]) % params


class TableError(Exception):
    """The table cannot be read at all. `code` is a key of MESSAGES, `params` fills its placeholders."""

    def __init__(self, code, **params):
        super().__init__(sentence(code, params))
        self.code = code
        self.params = params
