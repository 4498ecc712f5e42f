import { Component, useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";
import { momentOf } from "../board_model";
import { STATE_BY_ID } from "../board_states";

/** What there is to know of one unit: beside the building at a desk, from below on a phone. */
export class UnitCard extends Component {
    static template = "property_customer_service.UnitCard";
    static props = {
        card: Object, // reactive: unit (of BoardModel.describe) and details (of get_board_details; they come later)
        actions: { type: Array, optional: true },
        close: { type: Function, optional: true },
    };

    setup() {
        this.action = useService("action");
        this.card = useState(this.props.card);
    }

    get movements() {
        return (this.card.details?.movements || []).map((movement, index) => ({
            ...movement, index, from: STATE_BY_ID[movement.from], to: STATE_BY_ID[movement.to], when: momentOf(movement.date),
        }));
    }

    /** Why it cannot be sold: at once in few words, then in the server's sentence. */
    get block() {
        return this.card.unit.block && ((this.card.unit.block && this.card.details?.sentence) || this.card.unit.block);
    }

    openRequest(id) {
        this.props.close?.();
        return this.action.doAction({
            type: "ir.actions.act_window", res_model: "property.unit.request", res_id: id, views: [[false, "form"]],
        });
    }

    onAction(action) {
        this.props.close?.();
        action.run();
    }
}
