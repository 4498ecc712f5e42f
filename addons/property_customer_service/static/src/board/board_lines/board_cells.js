import { Component } from "@odoo/owl";

/**
 * The cells of one stair on one floor. Drawn again only when their `stamp` has changed, so that one unit's change or
 * a selection costs one row; clicks and keys are taken by the lines.
 */
export class BoardCells extends Component {
    static template = "property_customer_service.BoardCells";
    static props = { cells: Array, stamp: Number };

    cellClass(unit) {
        let names = `o_property_unit o_unit_${unit.state}`;
        if (unit.dim) {
            names += " o_dim";
        }
        if (unit.selected) {
            names += " o_selected";
        }
        if (unit.changed) {
            // Two names of one animation: it starts again when they alternate.
            names += unit.changed % 2 ? " o_changed" : " o_changed_again";
        }
        return names;
    }
}
