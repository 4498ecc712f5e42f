import base64
import hashlib
import io

import psycopg2.extras

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.tools import SQL, format_list

from ..tools import price_table

# Stages of an import, as parts of the progress bar.
PROGRESS = {'read': 5, 'check': 45, 'units': 65, 'prices': 80, 'changes': 60, 'done': 100}
PREVIEW_ROWS = 8
# What a blank cell leaves as it is, since no unit is without it.
KEPT_WHEN_BLANK = ('floor', 'usage', 'layout_id')
# The columns of a price table that are columns of a unit.
UNIT_COLUMNS = (
    'floor', 'usage', 'orientation', 'gross_area', 'inside_area', 'shared_area',
    'measured_gross_area', 'measured_inside_area', 'measured_shared_area', 'note',
)


class PropertyPriceImport(models.TransientModel):
    """Read a price table as it was filed: map its columns, check every row, then import all of it or nothing."""

    _name = 'property.price.import'
    _description = 'Import a Price Table'

    step = fields.Selection(
        [('upload', "File"), ('columns', "Columns"), ('check', "Check"), ('done', "Done")], required=True, default='upload')
    file = fields.Binary("Price Table", attachment=False)
    filename = fields.Char()
    project_id = fields.Many2one('property.project', help="Empty: the project that the table's title names, made if it is new.")
    company_id = fields.Many2one('res.company', required=True, default=lambda self: self.env.company)
    project_name = fields.Char("Project in the Table")
    developer_name = fields.Char("Developer")
    permit_name = fields.Char("Permit in the Table")
    permit_date = fields.Date("Permit Issued On")
    date_filing = fields.Date("Filed On")
    create_permit = fields.Boolean("Enter the Permit Too")
    building_default = fields.Char("Building", help="For rows that name no building.")
    column_ids = fields.One2many('property.price.import.column', 'wizard_id', "Columns")
    finding_ids = fields.One2many('property.price.import.finding', 'wizard_id', "Findings")
    fault_ids = fields.One2many('property.price.import.finding', 'wizard_id', "Faults", domain=[('kind', '=', 'fault')])
    other_ids = fields.One2many('property.price.import.finding', 'wizard_id', "Changes", domain=[('kind', '!=', 'fault')])
    row_count = fields.Integer("Units in the Table", readonly=True)
    fault_count = fields.Integer("Faults Found", readonly=True)
    warning_count = fields.Integer("Warnings", readonly=True)
    new_count = fields.Integer("New Units", readonly=True)
    changed_count = fields.Integer("Changed Units", readonly=True)
    unchanged_count = fields.Integer("Unchanged Units", readonly=True)
    total = fields.Monetary("Total Price", readonly=True)
    currency_id = fields.Many2one(related='company_id.currency_id')
    list_id = fields.Many2one('property.price.list', "Price List", readonly=True)

    # ------------------------------------------------------------------ actions

    def action_read(self):
        """Read the file's heading and first rows, and guess what the columns stand for."""
        self.ensure_one()
        self._progress('read')
        rows, header = self._read_header()
        title = price_table.read_title(rows, header)
        mapping = price_table.guess_mapping(header, self.env['property.import.mapping']._remembered())
        project = self.project_id or self._find_project(title.get('project'))
        self._check_same_project(title.get('project'))
        self.column_ids.unlink()
        self.write({
            'step': 'columns',
            'project_id': project.id,
            'company_id': (project.company_id or self.company_id).id,
            'project_name': title.get('project'),
            'developer_name': title.get('developer'),
            'permit_name': title.get('permit'),
            'permit_date': title.get('permit_date'),
            'date_filing': title.get('filing_date'),
            'create_permit': bool(title.get('permit') and title.get('permit_date')) and self._may_create_permit()
            and not self.env['property.permit'].search_count([('name', '=', title.get('permit'))], limit=1),
            'column_ids': [fields.Command.create({
                'index': column.index,
                'header': column.text,
                'field': mapping.get(column.index, False),
                'sample': self._sample_of(rows, header, column.index),
            }) for column in header.columns],
        })
        self._progress('done')
        return self._reopen()

    def action_check(self):
        """Check every row and compare the table with what is there; nothing is written but the findings."""
        self.ensure_one()
        self._check_may_import()
        self._progress('read')
        result = self._parse()
        self._progress('check')
        self.finding_ids.unlink()
        findings = [('fault', *self._finding(fault)) for fault in result.faults]
        findings += [('warning', *self._finding(warning)) for warning in result.warnings]
        counts = {'new': 0, 'changed': 0, 'unchanged': 0}
        if not result.faults:
            self._stage(result.records)
            self._progress('changes')
            more, counts = self._compare()
            findings += more
        self._write_findings(findings)
        self.write({
            'step': 'check',
            'row_count': len(result.records),
            'fault_count': sum(finding[0] == 'fault' for finding in findings),
            'warning_count': sum(finding[0] == 'warning' for finding in findings),
            'new_count': counts['new'],
            'changed_count': counts['changed'],
            'unchanged_count': counts['unchanged'],
            'total': float(sum(record.total_price for record in result.records)),
        })
        self.env['property.import.mapping']._remember({
            price_table.normalise_header(column.header): column.field for column in self.column_ids})
        self._progress('done')
        return self._reopen()

    def action_import(self):
        """Import the whole table in one transaction.

        :raise UserError: one sentence, when it cannot be; nothing is written then
        """
        self.ensure_one()
        self._check_may_import()
        self._progress('read')
        result = self._parse()
        self._progress('check')
        if result.faults:
            raise UserError(self.env._(
                "The table has %(count)s faults, the first in row %(row)s: %(message)s",
                count=len(result.faults), row=result.faults[0].row, message=self._message(result.faults[0])))
        self._ensure_project()
        self._stage(result.records)
        findings, counts = self._compare()
        fault = next((finding for finding in findings if finding[0] == 'fault'), None)
        if fault:
            raise UserError(self.env._("Row %(row)s: %(message)s", row=fault[1], message=fault[4]))
        if not counts['new'] and not counts['changed'] and not counts['repriced']:
            raise UserError(self.env._("The table holds nothing new: every unit and price is already as it says."))
        self._write_catalogue(result.records)
        self._progress('units')
        price_list = self._write_units()
        self._progress('prices')
        self._write_prices(price_list)
        # What the planner knew of these tables is of another size now.
        self.env.cr.execute("ANALYZE property_unit, property_price_list_line")
        self._write_permit()
        self._attach(price_list)
        self.write({'step': 'done', 'list_id': price_list.id, 'new_count': counts['new'], 'changed_count': counts['changed']})
        self._progress('done')
        return self._reopen()

    def action_back(self):
        self.ensure_one()
        self.step = {'check': 'columns', 'columns': 'upload'}.get(self.step, self.step)
        return self._reopen()

    def action_other_file(self):
        self.ensure_one()
        self.write({'step': 'upload', 'file': False, 'filename': False})
        return self._reopen()

    def action_open_list(self):
        self.ensure_one()
        return self.list_id._get_records_action()

    def action_open_units(self):
        self.ensure_one()
        return self.project_id.action_view_units()

    # ------------------------------------------------------------------ reading

    def _data(self):
        if not self.file:
            raise UserError(self.env._("Choose the file with the price table first."))
        return base64.b64decode(self.with_context(bin_size=False).file)

    def _read_header(self):
        """:return: the rows of the sheet, and its header"""
        try:
            table = price_table.read_table(self._data(), self.filename or '')
            return table.rows, price_table.find_header(table.rows)
        except price_table.TableError as error:
            raise UserError(self._message(error)) from error

    def _parse(self):
        """:return: the units, faults and warnings of the whole table"""
        self._check_not_imported_before()
        rows, header = self._read_header()
        self._check_same_project(price_table.read_title(rows, header).get('project'))
        try:
            return price_table.parse(rows, header, self._mapping(), self.building_default or None)
        except price_table.TableError as error:
            raise UserError(self._message(error)) from error

    def _mapping(self):
        """:return: index of the column → key of the field"""
        mapping = {}
        for column in self.column_ids:
            if not column.field:
                continue
            if column.field in mapping.values():
                raise UserError(self.env._(
                    "Two columns stand for “%(field)s”: leave one of them out.",
                    field=dict(column._fields['field']._description_selection(self.env))[column.field]))
            mapping[column.index] = column.field
        if 'floor_price' in mapping.values() and not self.env.user.has_group('property_base.group_floor_price'):
            raise UserError(self.env._("You may not set floor prices: leave that column out."))
        return mapping

    @api.model
    def _sample_of(self, rows, header, index):
        values = (row[index] for row in rows[header.bottom + 1:header.bottom + 60] if index < len(row))
        texts = dict.fromkeys(str(value) for value in values if value not in (None, ''))
        return ' | '.join(list(texts)[:PREVIEW_ROWS])[:120]

    def _message(self, item):
        """The sentence of a fault, warning or table error, in the user's language."""
        params = dict(item.params)
        if 'keys' in params:
            params['fields'] = format_list(self.env, [self._label(key) for key in params['keys']])
        return price_table.sentence(item.code, params, self.env._)

    def _finding(self, fault):
        """:return: row, 序号, unit or column, message"""
        label = self._label(fault.field) if fault.field in price_table.FIELDS else ''
        return fault.row, fault.sequence, label, self._message(fault)

    @api.model
    def _label(self, key):
        """The name of a column in the user's language."""
        return price_table.label(key, self.env._)

    # ------------------------------------------------------------------ checks

    def _check_may_import(self):
        for model in ('property.unit', 'property.building', 'property.layout', 'property.price.list'):
            self.env[model].check_access('create')
        self.env['property.unit'].check_access('write')
        if self.project_id:
            self.project_id.check_access('write')
        elif not self.env['property.project'].has_access('create'):
            raise UserError(self.env._(
                "There is no project “%s” yet, and only the department manager may make one.", self.project_name or ''))
        if self.company_id not in self.env.companies:
            raise UserError(self.env._("You do not work for %s.", self.company_id.sudo().name))

    def _may_create_permit(self):
        return self.env['property.permit'].has_access('create')

    def _check_not_imported_before(self):
        before = self.env['property.price.list'].search([
            ('import_checksum', '=', hashlib.sha256(self._data()).hexdigest()), ('state', '!=', 'cancelled'),
        ], limit=1)
        if before:
            raise UserError(self.env._(
                "This very file was imported on %(date)s as %(list)s.",
                date=fields.Date.to_string(fields.Datetime.context_timestamp(self, before.create_date)),
                list=f'{before.name} {before.display_name}'))

    def _check_same_project(self, name):
        if name and self.project_id and not self._names_project(self.project_id, name):
            raise UserError(self.env._(
                "This is the table of “%(name)s” and not of %(project)s.", name=name, project=self.project_id.name))

    @api.model
    def _names_project(self, project, name):
        return name in (project.name, project.promotion_name)

    def _find_project(self, name):
        if not name:
            return self.env['property.project']
        return self.env['property.project'].search(
            ['|', ('name', '=', name), ('promotion_name', '=', name), ('company_id', 'in', self.env.companies.ids)], limit=1)

    def _ensure_project(self):
        """The project that the table goes into, locked against a second import, made if it is new."""
        if not self.project_id:
            if not self.project_name:
                raise UserError(self.env._("Choose the project: the table's title does not name one."))
            self.project_id = self.env['property.project'].create({
                'name': self.project_name,
                'developer_name': self.developer_name,
                'company_id': self.company_id.id,
            })
            self.project_id.flush_recordset()
        try:
            self.project_id.lock_for_update()
        except LockError as error:
            raise UserError(self.env._("Somebody else is changing this project: try again in a minute.")) from error

    # ------------------------------------------------------------------ comparing

    def _stage(self, records):
        """Copy the units into a temporary table, which the rest compares and writes from in whole sets."""
        self.env.flush_all()
        cr = self.env.cr
        cr.execute("DROP TABLE IF EXISTS property_import_stage")
        cr.execute("""
            CREATE TEMPORARY TABLE property_import_stage (
                row integer, sequence integer, building text, stair text, floor integer, room text,
                layout text, usage text, orientation text, pricing_mode text,
                gross_area numeric, inside_area numeric, shared_area numeric,
                measured_gross_area numeric, measured_inside_area numeric, measured_shared_area numeric,
                unit_price numeric, total_price numeric, floor_price numeric, note text,
                unit_id integer, building_id integer, layout_id integer, line_id integer
            ) ON COMMIT DROP
        """)
        columns = (
            'row', 'sequence', 'building', 'stair', 'floor', 'room', 'layout_code', 'usage', 'orientation', 'pricing_mode',
            'gross_area', 'inside_area', 'shared_area', 'measured_gross_area', 'measured_inside_area',
            'measured_shared_area', 'unit_price', 'total_price', 'floor_price', 'note',
        )
        positions = [price_table.Record._fields.index(column) for column in columns]
        buffer = io.StringIO()
        escape = str.maketrans({'\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r'})
        for record in records:
            buffer.write('\t'.join(
                '\\N' if (value := record[position]) is None
                else value.translate(escape) if isinstance(value, str) else str(value)
                for position in positions))
            buffer.write('\n')
        buffer.seek(0)
        names = ', '.join('layout' if column == 'layout_code' else column for column in columns)
        cr._obj.copy_expert(f"COPY property_import_stage ({names}) FROM STDIN", buffer)
        if self.project_id:
            self._match()

    def _match(self):
        """Find the building, layout and unit of every staged row that are there already."""
        self.env.cr.execute(SQL(
            """
            UPDATE property_import_stage s SET building_id = b.id
            FROM property_building b WHERE b.project_id = %(project)s AND b.name = s.building;
            UPDATE property_import_stage s SET layout_id = l.id
            FROM property_layout l WHERE l.project_id = %(project)s AND l.name = s.layout;
            ANALYZE property_import_stage;
            UPDATE property_import_stage s SET unit_id = u.id
            FROM property_unit u
            WHERE s.unit_id IS NULL AND u.building_id = s.building_id AND COALESCE(u.stair, '') = COALESCE(s.stair, '') AND u.name = s.room;
            """,
            project=self.project_id.id,
        ))

    def _given(self):
        """The unit columns that this table has; the others are left as they are."""
        mapped = set(self.column_ids.mapped('field'))
        return [column for column in UNIT_COLUMNS if column in mapped]

    def _compare(self):
        """What the staged table would change.

        :return: findings (kind, row, sequence, unit, message), and a dict of counts
        """
        cr = self.env.cr
        base = self._base_list()
        counts = {'new': 0, 'changed': 0, 'unchanged': 0, 'repriced': 0}
        findings = []
        labels = {
            name: self.env['property.unit']._fields[name]._description_string(self.env)
            for name in (*UNIT_COLUMNS, 'layout_id', 'list_price')
        }
        given = self._given()
        if 'layout' in self.column_ids.mapped('field'):
            given.append('layout_id')
        cr.execute("SELECT count(*) FROM property_import_stage WHERE unit_id IS NULL")
        counts['new'] = cr.fetchone()[0]
        cr.execute(SQL(
            """
            SELECT s.row, s.sequence, concat_ws('-', s.building, s.stair, s.room) AS name, u.state,
                s.total_price, l.total AS old_price, l.unit_price AS old_unit_price, s.unit_price, s.pricing_mode,
                l.pricing_mode AS old_mode, s.floor_price, l.floor_price AS old_floor_price,
                s.layout, y.name AS old_layout, %(new)s, %(old)s
            FROM property_import_stage s
            JOIN property_unit u ON u.id = s.unit_id
            LEFT JOIN property_layout y ON y.id = u.layout_id
            LEFT JOIN property_price_list_line l ON l.unit_id = s.unit_id AND l.list_id = %(base)s
            ORDER BY s.row
            """,
            new=SQL(", ").join(SQL.identifier('s', column) for column in UNIT_COLUMNS),
            old=SQL(", ").join(SQL("%s AS %s", SQL.identifier('u', column), SQL.identifier(f'old_{column}')) for column in UNIT_COLUMNS),
            base=base.id or None,
        ))
        with_floor_price = 'floor_price' in self.column_ids.mapped('field')
        for line in cr.dictfetchall():
            place = (line['row'], str(line['sequence'] or ''), line['name'])
            changes = []
            for column in given:
                new, old = (
                    (line['layout'], line['old_layout']) if column == 'layout_id'
                    else (line[column], line[f'old_{column}']))
                # A blank cell says nothing of what every unit has.
                if (new or None) != (old or None) and not (new is None and column in KEPT_WHEN_BLANK):
                    changes.append(f'{labels[column]} {self._value(column, old)} → {self._value(column, new)}')
            repriced = (
                line['total_price'] != line['old_price'] or (line['unit_price'] or 0) != (line['old_unit_price'] or 0)
                or line['pricing_mode'] != line['old_mode']
                or (with_floor_price and (line['floor_price'] or 0) != (line['old_floor_price'] or 0)))
            if line['total_price'] != line['old_price']:
                old, new = (self._value('list_price', line[name]) for name in ('old_price', 'total_price'))
                changes.append(f"{labels['list_price']} {old} → {new}")
            if not changes and not repriced:
                counts['unchanged'] += 1
                continue
            if line['state'] not in ('unreleased', 'available'):
                state = self.env['property.unit']._state_label(line['state'])
                findings.append(('fault', *place, self.env._(
                    "%(unit)s is “%(state)s” and cannot be changed by a table.", unit=line['name'], state=state)))
                continue
            counts['changed'] += bool(changes)
            counts['repriced'] += bool(repriced)
            findings.append(('changed', *place, '; '.join(changes) or self.env._("Pricing changes")))
        return findings, counts

    def _value(self, column, value):
        if value in (None, '', False):
            return '—'
        field = self.env['property.unit']._fields.get(column)
        if field.type == 'selection':
            return dict(field._description_selection(self.env)).get(value, value)
        return f'{value:.2f}' if isinstance(value, float) else str(value)

    def _base_list(self):
        """The price list that the table goes on from: a draft over the same units, or the one in force."""
        if not self.project_id:
            return self.env['property.price.list']
        self.env.cr.execute(SQL(
            """
            SELECT DISTINCT l.list_id, p.state FROM property_import_stage s
            JOIN property_price_list_line l ON l.unit_id = s.unit_id
            JOIN property_price_list p ON p.id = l.list_id AND p.state IN ('draft', 'scheduled', 'active')
            """
        ))
        rows = self.env.cr.fetchall()
        for state in ('scheduled', 'draft', 'active'):
            lists = self.env['property.price.list'].browse([list_id for list_id, its in rows if its == state])
            if len(lists) > 1:
                raise UserError(self.env._(
                    "The table covers units of several price lists (%s): split it, one table for each list.",
                    ', '.join(lists.mapped('display_name'))))
            if lists and state == 'scheduled':
                raise UserError(self.env._(
                    "%s waits for its date: take it back to draft before you import over it.", lists.display_name))
            if lists:
                return lists
        return self.env['property.price.list']

    # ------------------------------------------------------------------ writing

    def _write_catalogue(self, records):
        """Make the buildings and layouts that are missing."""
        project = self.project_id
        Building, Layout = self.env['property.building'], self.env['property.layout']
        buildings = {building.name for building in Building.with_context(active_test=False).search([('project_id', '=', project.id)])}
        layouts = {layout.name for layout in Layout.with_context(active_test=False).search([('project_id', '=', project.id)])}
        new_buildings, new_layouts = {}, {}
        for record in records:
            if record.building not in buildings:
                new_buildings.setdefault(record.building, len(buildings) + len(new_buildings) + 1)
            if record.layout_code and record.layout_code not in layouts:
                new_layouts.setdefault(record.layout_code, record)
        Building.create([
            {'project_id': project.id, 'name': name, 'sequence': 10 * place} for name, place in new_buildings.items()])
        Layout.create([{
            'project_id': project.id,
            'name': code,
            'rooms': record.layout_rooms,
            'usage': record.usage or 'residential',
            'bedrooms': record.bedrooms or 0,
            'halls': record.halls or 0,
            'baths': record.baths or 0,
        } for code, record in new_layouts.items()])
        self.env.flush_all()
        self._match()

    def _write_units(self):
        """Insert the new units and update the changed ones, in whole sets.

        The statements write what ``create`` and ``write`` would, stored computes included; a test compares the two
        field by field.

        :return: the draft price list that the prices go into
        """
        cr = self.env.cr
        price_list = self._target_list()
        stack = SQL("CASE WHEN s.floor > 0 AND s.room ~ ('^0*' || s.floor || '[0-9]{2}$') THEN right(s.room, 2) END")
        common = {'uid': self.env.uid, 'now': cr.now(), 'stack': stack}
        zero = SQL(", ").join(SQL("COALESCE(%s, 0)", SQL.identifier('s', column)) for column in UNIT_COLUMNS if column.endswith('area'))
        cr.execute(SQL(
            """
            INSERT INTO property_unit (
                name, full_name, building_id, project_id, company_id, currency_id, stair, floor, stack, layout_id,
                usage, orientation, pricing_mode, note,
                gross_area, inside_area, shared_area, measured_gross_area, measured_inside_area, measured_shared_area,
                state, active, create_uid, create_date, write_uid, write_date)
            SELECT s.room, concat_ws('-', s.building, s.stair, s.room), s.building_id, %(project)s, %(company)s, %(currency)s,
                s.stair, COALESCE(s.floor, 1), %(stack)s, s.layout_id,
                COALESCE(s.usage, 'residential'), s.orientation, s.pricing_mode, s.note, %(zero)s,
                'unreleased', TRUE, %(uid)s, %(now)s, %(uid)s, %(now)s
            FROM property_import_stage s WHERE s.unit_id IS NULL ORDER BY s.row
            """,
            project=self.project_id.id, company=self.project_id.company_id.id, currency=self.project_id.currency_id.id,
            zero=zero, **common,
        ))
        given = {
            column: (
                SQL("COALESCE(%s, 0)", SQL.identifier('s', column)) if column.endswith('area')
                else SQL("COALESCE(%s, %s)", SQL.identifier('s', column), SQL.identifier('u', column))
                if column in KEPT_WHEN_BLANK else SQL.identifier('s', column))
            for column in (*self._given(), 'layout_id')
        }
        cr.execute(SQL(
            """
            UPDATE property_unit u SET %(assignments)s,
                stack = CASE WHEN u.floor = COALESCE(s.floor, u.floor) THEN u.stack ELSE %(stack)s END,
                write_uid = %(uid)s, write_date = %(now)s
            FROM property_import_stage s WHERE u.id = s.unit_id AND (%(different)s)
            """,
            assignments=SQL(", ").join(SQL("%s = %s", SQL.identifier(column), value) for column, value in given.items()),
            different=SQL(" OR ").join(
                SQL("%s IS DISTINCT FROM %s", SQL.identifier('u', column), value) for column, value in given.items()),
            **common,
        ))
        self._match()
        self.env['property.unit'].invalidate_model()
        self.project_id.building_ids._tell_boards()
        return price_list

    def _target_list(self):
        """The draft that the prices are written into: one that is open over these units, the next version of the list
        in force, or a new one."""
        base = self._base_list()
        values = {
            'date_filing': self.date_filing,
            'import_checksum': hashlib.sha256(self._data()).hexdigest(),
        }
        if base.state == 'active':
            base = base._create_next_version()
        elif not base:
            base = self.env['property.price.list'].create({
                'project_id': self.project_id.id,
                'title': self.env._("Filed prices"),
                'source': 'import',
            })
        base.write(values)
        return base

    def _write_prices(self, price_list):
        with_floor_price = 'floor_price' in self.column_ids.mapped('field')
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """
            INSERT INTO property_price_list_line AS line (
                list_id, unit_id, project_id, building_id, layout_id, company_id, currency_id,
                pricing_mode, price_area, unit_price, total, floor_price, previous_unit_price, previous_total, change,
                create_uid, create_date, write_uid, write_date)
            SELECT %(list)s, u.id, u.project_id, u.building_id, u.layout_id, u.company_id, u.currency_id,
                s.pricing_mode,
                CASE s.pricing_mode WHEN 'gross' THEN u.gross_area WHEN 'inside' THEN u.inside_area ELSE 0 END,
                CASE WHEN s.pricing_mode = 'unit' THEN 0 ELSE s.unit_price END, s.total_price, s.floor_price,
                COALESCE(u.unit_price, 0), COALESCE(u.list_price, 0),
                CASE WHEN u.list_price > 0 THEN s.total_price - u.list_price ELSE 0 END,
                %(uid)s, %(now)s, %(uid)s, %(now)s
            FROM property_import_stage s JOIN property_unit u ON u.id = s.unit_id ORDER BY s.row
            ON CONFLICT (list_id, unit_id) DO UPDATE SET
                pricing_mode = EXCLUDED.pricing_mode, price_area = EXCLUDED.price_area,
                unit_price = EXCLUDED.unit_price, total = EXCLUDED.total,
                change = CASE WHEN line.previous_total > 0 THEN EXCLUDED.total - line.previous_total ELSE 0 END,
                floor_price = %(floor_price)s, layout_id = EXCLUDED.layout_id,
                build_up = CASE WHEN line.total = EXCLUDED.total THEN line.build_up END,
                write_uid = EXCLUDED.write_uid, write_date = EXCLUDED.write_date
            WHERE (line.pricing_mode, line.price_area, line.unit_price, line.total, line.floor_price)
                IS DISTINCT FROM
                (EXCLUDED.pricing_mode, EXCLUDED.price_area, EXCLUDED.unit_price, EXCLUDED.total, %(floor_price)s)
            """,
            list=price_list.id, uid=self.env.uid, now=self.env.cr.now(),
            floor_price=SQL("EXCLUDED.floor_price" if with_floor_price else "line.floor_price"),
        ))
        self.env['property.price.list.line'].invalidate_model()
        price_list.invalidate_recordset()

    def _write_permit(self):
        if not (self.create_permit and self.permit_name and self.permit_date):
            return
        self.env.cr.execute("SELECT DISTINCT building_id, count(*) FROM property_import_stage GROUP BY building_id")
        self.env['property.permit'].create({
            'name': self.permit_name,
            'project_id': self.project_id.id,
            'date_issue': self.permit_date,
            'coverage_ids': [
                fields.Command.create({'building_id': building, 'unit_count': count})
                for building, count in sorted(self.env.cr.fetchall())],
        })

    def _attach(self, price_list):
        """Keep the file with the price list, and say what was done."""
        price_list.message_post(
            body=self.env._(
                "Imported from %(file)s: %(rows)s units, %(new)s of them new.",
                file=self.filename, rows=self.row_count or len(price_list.line_ids), new=self.new_count),
            attachments=[(self.filename or 'price_table.xlsx', self._data())])

    def _write_findings(self, findings):
        """A batch insert: a table of 50,000 rows may change every one of them."""
        self.env.flush_all()
        now = self.env.cr.now()
        psycopg2.extras.execute_values(
            self.env.cr._obj,
            """INSERT INTO property_price_import_finding
                (wizard_id, kind, row, sequence, name, message, create_uid, create_date, write_uid, write_date) VALUES %s""",
            [(self.id, *finding, self.env.uid, now, self.env.uid, now) for finding in findings], page_size=1000)
        self.env['property.price.import.finding'].invalidate_model()
        self.invalidate_recordset(['finding_ids', 'fault_ids', 'other_ids'])

    # ------------------------------------------------------------------ screen

    def _progress(self, stage):
        """Move the user's progress bar now, not when this transaction ends."""
        with self.env.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})['bus.bus']._sendone(
                self.env.user.partner_id, 'property_import_progress', {'wizard': self.id, 'percent': PROGRESS[stage]})

    def _reopen(self):
        return {
            'type': 'ir.actions.act_window',
            'res_model': self._name,
            'res_id': self.id,
            'view_mode': 'form',
            'target': 'new',
            'name': self.env._("Import Price Table"),
            'context': {'dialog_size': 'extra-large'},
        }


class PropertyPriceImportColumn(models.TransientModel):
    _name = 'property.price.import.column'
    _description = 'Column of an Imported Table'
    _order = 'wizard_id, index'
    _rec_name = 'header'

    wizard_id = fields.Many2one('property.price.import', required=True, index=True, ondelete='cascade')
    index = fields.Integer(readonly=True)
    header = fields.Char("Heading", readonly=True)
    sample = fields.Char("First Values", readonly=True)
    field = fields.Selection('_field_selection', "Stands For")

    @api.model
    def _field_selection(self):
        allowed = self.env.user.has_group('property_base.group_floor_price')
        return [
            (key, label) for key, label in self.env['property.import.mapping']._table_fields() if key != 'floor_price' or allowed]


class PropertyPriceImportFinding(models.TransientModel):
    _name = 'property.price.import.finding'
    _description = 'Finding of an Import'
    _order = 'wizard_id, row, id'
    _rec_name = 'message'

    wizard_id = fields.Many2one('property.price.import', required=True, index=True, ondelete='cascade')
    kind = fields.Selection([('fault', "Fault"), ('warning', "Warning"), ('changed', "Change")], required=True)
    row = fields.Integer(help="Row of the sheet.")
    sequence = fields.Char("No.")
    name = fields.Char("Column or Unit")
    message = fields.Char()
