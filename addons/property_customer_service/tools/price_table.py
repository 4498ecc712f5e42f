"""The price filing table of a presale, one price per unit (一房一价): reading, checking and writing it.

Areas are in ㎡ and money in yuan, both Decimal with two places; no value is a float. Of Odoo only the marking of
terms for translation is used here.

    table = read_table(data, filename)
    header = find_header(table.rows)
    mapping = guess_mapping(header, remembered)
    result = parse(table.rows, header, mapping)
    write_table(stream, read_title(table.rows, header), result.records)
"""
from . import sheet_reader
from .price_fields import FIELDS, FieldSpec, Record, label, normalise_header, round_half_up
from .price_header import Column, Header, find_header, guess_mapping, header_score, read_title
from .price_rows import Fault, Result, Skipped, parse
from .price_writer import FILING_FIELDS, write_table
from .sheet_reader import MAX_BYTES, MAX_COLUMNS, MAX_ROWS, MAX_UNCOMPRESSED, Formula, Table
from .table_error import MESSAGES, TableError, sentence

__all__ = [
    'FIELDS', 'FILING_FIELDS', 'MAX_BYTES', 'MAX_COLUMNS', 'MAX_ROWS', 'MAX_UNCOMPRESSED', 'MESSAGES', 'Column',
    'Fault', 'FieldSpec', 'Formula', 'Header', 'Record', 'Result', 'Skipped', 'Table', 'TableError', 'find_header',
    'guess_mapping', 'label', 'normalise_header', 'parse', 'read_table', 'read_title', 'round_half_up', 'sentence',
    'write_table',
]


def read_table(data, filename):
    """Return a Table (rows, sheet_name) of an .xlsx or .csv file given as bytes; raise TableError.
    See sheet_reader.Table for what the rows hold."""
    return sheet_reader.read(data, filename, header_score)
