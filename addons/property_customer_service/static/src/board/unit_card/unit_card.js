import { Component } from "@odoo/owl";

/** What there is to know of one unit: hovers beside its cell at a desk, comes up from below on a phone. */
export class UnitCard extends Component {
    static template = "property_customer_service.UnitCard";
    static props = {
        unit: Object, // of BoardModel.describe
        actions: { type: Array, optional: true },
        close: { type: Function, optional: true },
    };

    onAction(action) {
        this.props.close?.();
        action.run();
    }
}
