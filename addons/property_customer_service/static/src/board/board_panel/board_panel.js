import { Component, useState } from "@odoo/owl";
import { UnitCard } from "../unit_card/unit_card";

/** Beside the building: the unit that is pointed at; otherwise how each layout sells, and what moved last. */
export class BoardPanel extends Component {
    static template = "property_customer_service.BoardPanel";
    static components = { UnitCard };
    static props = {
        board: Object, // BoardModel
        tick: Number,
        card: Object, // reactive; its unit is null when nothing is pointed at
        open: Function, // (unit id)
        toggleLayout: Function, // (layout id)
        show: Function, // (unit)
    };

    setup() {
        this.card = useState(this.props.card);
    }

    get movements() {
        return this.props.board.movements.map((movement) => this.props.board.describeMovement(movement)).filter(Boolean);
    }
}
