"""Everything that can be wrong with a price table, in one list.

The code is the identity; the English text is a default for the caller to translate. Placeholders are named, and every
error, fault and warning carries the parameters that its text uses.
"""

MESSAGES = {
    # The file as a whole: TableError.
    'empty_file': "The file is empty.",
    'file_too_large': "The file has %(size)s MB; the limit is %(limit)s MB.",
    'not_a_table': "%(filename)s is neither an .xlsx workbook nor a .csv text file.",
    'not_a_workbook': "%(filename)s is an archive or another document, not an .xlsx workbook.",
    'old_format': "%(filename)s has the format of Excel 97–2003. Save it as .xlsx and try again.",
    'password': "The file is protected by a password. Save it without one and try again.",
    'bomb': "The file unpacks to far more data than a price table can have.",
    'unsafe_xml': "The file contains a document type declaration, which no spreadsheet program writes.",
    'corrupt': "The file is damaged or was not transferred completely.",
    'no_sheet': "The workbook has no visible sheet.",
    'empty_sheet': "The sheet is empty.",
    'too_many_rows': "The sheet has more than %(limit)s rows.",
    'too_many_columns': "The sheet has more than %(limit)s columns.",
    'no_header': "No header row with the room number and the other columns was found in the first %(limit)s rows.",
    'missing_columns': "The table lacks these columns: %(fields)s.",
    'no_units': "The table has no unit below its header.",
    # A cell or a row: Fault.
    'missing_room': "The room number is missing.",
    'missing_building': "The building is missing.",
    'missing_area': "The area is missing.",
    'no_price': "Neither a unit price nor a total price is given.",
    'duplicate_room': "%(building)s %(stair)s %(room)s is also in row %(other)s.",
    'not_a_number': "“%(value)s” is not a number.",
    'not_positive': "%(value)s must be greater than zero.",
    'negative': "%(value)s must not be negative.",
    'too_large': "%(value)s is too large; the limit is %(limit)s.",
    'too_long': "The text has %(length)s characters; the limit is %(limit)s.",
    'not_a_floor': "“%(value)s” is not a whole floor.",
    'unknown_usage': "“%(value)s” is not a known usage.",
    'unknown_orientation': "“%(value)s” is not a known orientation.",
    'unknown_pricing_mode': "“%(value)s” is not a known pricing mode.",
    'formula': "A formula (%(value)s) stands where a value belongs.",
    'date': "A date (%(value)s) stands where another value belongs.",
    'cell_error': "The cell shows the error %(value)s.",
    'inside_above_gross': "The inside area %(inside)s is larger than the gross area %(gross)s.",
    'shared_mismatch': "The apportioned area %(value)s is not gross minus inside area, %(expected)s.",
    'total_mismatch': "The total %(value)s is not unit price times area, %(expected)s.",
    # What may be right and is worth a look: Fault objects in Result.warnings.
    'total_rounding': "The total %(value)s differs from unit price times area, %(expected)s, by rounding.",
    'subtotal_sum': "The subtotal %(value)s differs from the sum of the rows, %(expected)s.",
    'subtotal_count': "%(value)s units are stated; the rows are %(expected)s.",
    'floor_price_above_total': "The floor price %(value)s is above the total price %(total)s.",
}


class TableError(Exception):
    """The table cannot be read at all. `code` is a key of MESSAGES, `params` fills its placeholders."""

    def __init__(self, code, **params):
        super().__init__(MESSAGES[code] % params)
        self.code = code
        self.params = params
