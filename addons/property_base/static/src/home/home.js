import { Component, onWillDestroy, onWillStart, useExternalListener, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { deserializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const { DateTime } = luxon;

const REFRESH = 120_000;
const MINUTE = 60_000;

/** Today (今日工作): what the user's post needs, by sections that the addons provide; see property.home. */
export class PropertyHome extends Component {
    static template = "property_base.Home";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ home: null, busy: false, minute: 0 });
        useSetupAction({});
        this.readAt = 0;
        onWillStart(() => this.read());
        useExternalListener(document, "visibilitychange", () => this.refresh());
        this.timer = browser.setInterval(() => {
            this.state.minute++;
            this.refresh();
        }, MINUTE);
        onWillDestroy(() => browser.clearInterval(this.timer));
    }

    async read(silent = false) {
        this.readAt = Date.now();
        this.state.home = await (silent ? this.orm.silent : this.orm).call("property.home", "get_home", []);
    }

    refresh() {
        if (document.visibilityState === "visible" && Date.now() - this.readAt > REFRESH) {
            return this.read(true);
        }
    }

    get today() {
        return DateTime.now().toLocaleString({ weekday: "long", year: "numeric", month: "long", day: "numeric" });
    }

    get greeting() {
        const hour = DateTime.now().hour;
        const name = { name: this.state.home.name };
        if (hour < 11) {
            return _t("Good morning, %(name)s", name);
        }
        return hour < 18 ? _t("Good afternoon, %(name)s", name) : _t("Good evening, %(name)s", name);
    }

    /** What is to be done: each number once, above the lists. */
    get tiles() {
        return this.state.home.sections.filter(({ task }) => task);
    }

    get main() {
        return filledFirst(this.state.home.sections.filter(({ side }) => !side));
    }

    get side() {
        return filledFirst(this.state.home.sections.filter(({ side }) => side));
    }

    get isIdle() {
        return this.tiles.every(({ count }) => !count);
    }

    toneOf({ count, tone }) {
        return count && tone ? `o_tone_${tone}` : "";
    }

    /** When, as short as it can be said. */
    whenOf(row) {
        if (row.until) {
            return timeLeft(DateTime.fromISO(row.until));
        }
        const moment = row.at ? DateTime.fromISO(row.at) : row.on ? deserializeDate(row.on) : null;
        if (!moment) {
            return "";
        }
        if (row.at && moment.hasSame(DateTime.now(), "day")) {
            return moment.toLocaleString(DateTime.TIME_24_SIMPLE);
        }
        const day = { month: "long", day: "numeric" };
        return moment.toLocaleString(row.at ? { ...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : day);
    }

    fullWhenOf(row) {
        const moment = row.until || row.at;
        return moment ? DateTime.fromISO(moment).toLocaleString(DateTime.DATETIME_MED) : "";
    }

    open({ action, res_model: resModel, res_id: resId }) {
        return this.action.doAction(action || {
            type: "ir.actions.act_window", res_model: resModel, res_id: resId, views: [[false, "form"]],
        });
    }

    isOpenable({ action, res_id: resId }) {
        return Boolean(action || resId);
    }

    async press(button) {
        if (this.state.busy) {
            return;
        }
        this.state.busy = true;
        try {
            const action = await this.orm.call(button.res_model, button.method, [[button.res_id]]);
            if (action && typeof action === "object") {
                await this.action.doAction(action, { onClose: () => this.read() });
            }
        } finally {
            this.state.busy = false;
            await this.read();
        }
    }
}

/** In their order, those with nothing in them below the others. */
function filledFirst(sections) {
    const isFilled = ({ count, figures }) => Boolean(count || figures?.length);
    return [...sections.filter(isFilled), ...sections.filter((section) => !isFilled(section))];
}

function timeLeft(moment) {
    const left = moment.diffNow().milliseconds;
    if (left <= 0) {
        return _t("over");
    }
    const hours = Math.floor(left / (60 * MINUTE));
    if (hours < 1) {
        return _t("%s min left", Math.max(1, Math.floor(left / MINUTE)));
    }
    return hours < 48 ? _t("%s h left", hours) : _t("%s d left", Math.floor(hours / 24));
}

registry.category("actions").add("property_base.home", PropertyHome);
