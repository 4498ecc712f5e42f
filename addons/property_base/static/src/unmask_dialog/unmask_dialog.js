import { Component, onWillUnmount, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { useAutofocus } from "@web/core/utils/hooks";

const SECONDS = 30;
const SHORTEST_REASON = 4;

/** Asks why, and then shows the number for half a minute. It is kept nowhere else in the page. */
export class UnmaskDialog extends Component {
    static template = "property_base.UnmaskDialog";
    static components = { Dialog };
    static props = {
        close: Function,
        label: String,
        unmask: Function, // (reason) => the number; it is logged
    };

    setup() {
        this.state = useState({ reason: "", tried: false, busy: false, number: "", left: SECONDS });
        useAutofocus({ refName: "reason" });
        onWillUnmount(() => clearInterval(this.timer));
    }

    get reasonMissing() {
        return this.state.reason.trim().length < SHORTEST_REASON;
    }

    get hint() {
        return _t("It is hidden again in %s seconds.", this.state.left);
    }

    async show() {
        this.state.tried = true;
        if (this.reasonMissing || this.state.busy) {
            return;
        }
        this.state.busy = true;
        try {
            this.state.number = await this.props.unmask(this.state.reason.trim());
        } finally {
            this.state.busy = false;
        }
        this.timer = setInterval(() => {
            this.state.left -= 1;
            if (!this.state.left) {
                this.props.close();
            }
        }, 1000);
    }

    onKeydown(ev) {
        if (ev.key === "Enter" && !ev.isComposing) {
            ev.preventDefault();
            this.show();
        }
    }
}
