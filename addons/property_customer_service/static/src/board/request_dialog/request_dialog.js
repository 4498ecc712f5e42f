import { Component, onWillStart, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { useAutofocus } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";

const PERIODS = ["24", "72"];
const LONGEST = 24 * 365;
const SHOWN = 12;
const ASK_DELAY = 250;

/** Asks for the reason of a request and, where units are held, for how long; says who will decide. */
export class RequestDialog extends Component {
    static template = "property_customer_service.RequestDialog";
    static components = { Dialog };
    static props = {
        close: Function,
        request: Object, // of REQUESTS
        rooms: Array,
        holds: { type: Array, optional: true }, // that it is about: { id, holder, units }
        getApprover: Function, // (hours) => promise of the names of the posts that decide; none where nobody has to
        confirm: Function, // ({ reason, hours }) => whether the server took it
    };

    setup() {
        this.periods = PERIODS;
        this.state = useState({ reason: "", period: PERIODS[0], otherHours: "", tried: false, busy: false, approver: "" });
        useAutofocus({ refName: "reason" });
        this.askApproverSoon = useDebounced(() => this.askApprover(), ASK_DELAY);
        onWillStart(() => {
            this.askApprover();
        });
    }

    get title() {
        return _t("%(action)s: %(count)s units", { action: this.props.request.title, count: this.props.rooms.length });
    }

    get rooms() {
        const shown = this.props.rooms.slice(0, SHOWN);
        const rest = this.props.rooms.length - shown.length;
        return rest ? _t("%(rooms)s and %(count)s more", { rooms: shown.join(", "), count: rest }) : shown.join(", ");
    }

    holdLabel({ holder, units }) {
        return _t("%(holder)s: %(count)s units", { holder, count: units.length });
    }

    get hours() {
        return Number(this.state.period === "other" ? this.state.otherHours : this.state.period);
    }

    get reasonMissing() {
        return this.props.request.needsReason && !this.state.reason.trim();
    }

    get hoursWrong() {
        return Boolean(this.props.request.timed) && !(Number.isInteger(this.hours) && this.hours > 0 && this.hours <= LONGEST);
    }

    periodLabel(hours) {
        return _t("%s hours", hours);
    }

    async askApprover() {
        if (this.hoursWrong) {
            this.state.approver = "";
            return;
        }
        const { hours } = this;
        const names = await this.props.getApprover(hours);
        if (hours === this.hours) {
            this.state.approver = names.join(", ");
        }
    }

    async confirm() {
        this.state.tried = true;
        if (this.reasonMissing || this.hoursWrong || this.state.busy) {
            return;
        }
        this.state.busy = true;
        const values = { reason: this.state.reason.trim() };
        if (this.props.request.timed) {
            values.hours = this.hours;
        }
        const taken = await this.props.confirm(values);
        this.state.busy = false;
        if (taken) {
            this.props.close();
        }
    }
}
