import { Component, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { useAutofocus } from "@web/core/utils/hooks";

const PERIODS = [24, 72];
const LONGEST = 24 * 365;

/** Asks for the reason of a request and, where units are held, for how long. */
export class RequestDialog extends Component {
    static template = "property_customer_service.RequestDialog";
    static components = { Dialog };
    static props = {
        close: Function,
        kind: String,
        request: Object, // of REQUESTS
        rooms: Array,
        approver: { type: String, optional: true },
        confirm: Function, // ({ reason, hours }) => whether the server took it
    };

    setup() {
        this.periods = PERIODS;
        this.state = useState({ reason: "", period: `${PERIODS[0]}`, otherHours: "", tried: false, busy: false });
        useAutofocus({ refName: "reason" });
    }

    get title() {
        return _t("%(action)s: %(count)s units", { action: this.props.request.title, count: this.props.rooms.length });
    }

    get rooms() {
        const shown = this.props.rooms.slice(0, 12);
        const rest = this.props.rooms.length - shown.length;
        return rest ? _t("%(rooms)s and %(count)s more", { rooms: shown.join(", "), count: rest }) : shown.join(", ");
    }

    get isHold() {
        return this.props.kind === "hold";
    }

    get hours() {
        return Number(this.state.period === "other" ? this.state.otherHours : this.state.period);
    }

    get reasonMissing() {
        return this.props.request.needsReason && !this.state.reason.trim();
    }

    get hoursWrong() {
        return this.isHold && !(Number.isInteger(this.hours) && this.hours > 0 && this.hours <= LONGEST);
    }

    periodLabel(hours) {
        return _t("%s hours", hours);
    }

    async confirm() {
        this.state.tried = true;
        if (this.reasonMissing || this.hoursWrong || this.state.busy) {
            return;
        }
        this.state.busy = true;
        const values = { reason: this.state.reason.trim() };
        if (this.isHold) {
            values.hours = this.hours;
        }
        const taken = await this.props.confirm(values);
        this.state.busy = false;
        if (taken) {
            this.props.close();
        }
    }
}
