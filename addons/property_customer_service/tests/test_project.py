from .common import PropertyCase


class TestProject(PropertyCase):

    def test_names(self):
        sentence = "There is already a project of this name in the company."
        Project = self.env['property.project'].with_user(self.users['manager'])
        with self.refused_by_database(sentence, 'property.project'):
            Project.create({'name': 'Acorn Hill', 'company_id': self.company.id})
        with self.refused_by_database(sentence, 'property.project'):
            self.as_user('manager', self.other_project).name = 'Acorn Hill'
        self.assertLoadRefused(Project, ['name'], [['Cedar'], ['Cedar']], sentence)
        elsewhere = self.env['property.project'].create(
            {'name': 'Acorn Hill', 'company_id': self.env['res.company'].create({'name': 'Elsewhere'}).id})
        self.assertTrue(elsewhere)

    def test_names_in_the_project(self):
        for model, sentence in (
            ('property.building', "The project already has a building of this name."),
            ('property.layout', "The project already has a layout of this code."),
        ):
            name = {'property.building': 'B1', 'property.layout': 'A'}[model]
            Model = self.env[model].with_user(self.users['manager'])
            with self.refused_by_database(sentence, model):
                Model.create({'name': name, 'project_id': self.project.id})
            self.assertLoadRefused(
                Model, ['name', 'project_id/.id'], [['New', str(self.project.id)], ['New', str(self.project.id)]], sentence)
        self.env['property.layout'].create({'name': 'B', 'project_id': self.other_project.id})
        self.env.flush_all()

    def test_company_stays(self):
        company = self.env['res.company'].create({'name': 'Elsewhere'})
        self.make_units(self.building, (1,))
        both = {'allowed_company_ids': [self.company.id, company.id]}
        for project in (self.project, self.project.sudo(), self.project.with_context(**both)):
            with self.refused("Acorn Hill already has units and stays with its company."):
                project.company_id = company
        self.building.unit_ids.active = False
        with self.refused("Acorn Hill already has units and stays with its company."):
            self.project.company_id = company
        self.assertEqual(
            self.sql('SELECT DISTINCT company_id FROM property_unit WHERE project_id = %s', self.project.id),
            [(self.company.id,)])
        self.other_project.company_id = company
        self.assertEqual(
            self.sql('SELECT company_id FROM property_building WHERE project_id = %s', self.other_project.id), [(company.id,)])

    def test_building_stays(self):
        units = self.make_units(self.building, (1,))
        for layout in (self.env['property.layout'], self.layout):
            units.layout_id = layout
            with self.refused("B1 has units and stays with its project."):
                self.building.project_id = self.other_project
        self.assertEqual(self.sql('SELECT DISTINCT project_id FROM property_unit WHERE id IN %s', tuple(units.ids)), [(self.project.id,)])
        self.env['property.permit'].create({
            'name': 'P', 'project_id': self.project.id, 'date_issue': '2025-01-01',
            'coverage_ids': [(0, 0, {'building_id': self.building_2.id})]})
        with self.refused("B2 stands on a permit and stays with its project."):
            self.building_2.project_id = self.other_project
        self.env['property.building'].create({'name': 'B3', 'project_id': self.project.id}).project_id = self.other_project
        self.env.flush_all()

    def test_unlink(self):
        self.make_units(self.building, (1,))
        for post in ('manager', 'administrator'):
            with self.refused("Acorn Hill has units: archive it instead."):
                self.as_user(post, self.project).unlink()
        with self.refused("Birch Lane has buildings, layouts, permits or price lists: archive it instead."):
            self.as_user('manager', self.other_project).unlink()
        self.other_building.unlink()
        with self.refused("Birch Lane has buildings, layouts, permits or price lists: archive it instead."):
            self.as_user('manager', self.other_project).unlink()
        self.other_layout.unlink()
        self.as_user('manager', self.other_project).unlink()
        self.assertFalse(self.other_project.exists())
        self.assertTrue(self.project.exists())

    def test_figures(self):
        """One query for each figure, for all projects, and they are what the rows say."""
        units = self.make_units(self.building, (1, 2)) + self.make_units(self.building_2, (1,))
        self.activate(self.make_list(units, 12345.67))
        self.env.invalidate_all()
        self.assertEqual(
            (self.project.unit_count, self.project.unit_area, self.project.unit_value, self.project.building_count,
             self.project.layout_count, self.project.price_list_count), (6, 600.0, 7407402.0, 2, 2, 1))
        self.assertEqual((self.building.unit_count, self.building.floor_max, self.building.floor_min), (4, 2, 1))
        self.assertEqual(
            (self.other_project.unit_count, self.other_project.unit_value, self.other_project.building_count), (0, 0, 1))
