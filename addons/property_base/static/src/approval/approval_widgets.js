import { Component } from "@odoo/owl";
import { deserializeDateTime, toLocaleDateTimeString } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const ICONS = {
    waiting: "fa-circle-o",
    pending: "fa-hourglass-half",
    agreed: "fa-check",
    returned: "fa-reply",
    rejected: "fa-times",
    skipped: "fa-minus",
};

function moment(text) {
    return text ? toLocaleDateTimeString(deserializeDateTime(text)) : "";
}

class JsonWidget extends Component {
    static props = { ...standardFieldProps };

    get value() {
        return this.props.record.data[this.props.name];
    }

    moment(text) {
        return moment(text);
    }
}

/** The steps of an approval in a row: who, when, what they said, and who is next. */
export class ApprovalRibbon extends JsonWidget {
    static template = "property_base.ApprovalRibbon";

    /** Of a document all rounds, of a request its own. */
    get rounds() {
        const value = this.value || {};
        return value.rounds || (value.steps ? [value] : []);
    }

    get last() {
        return this.rounds[this.rounds.length - 1];
    }

    get earlier() {
        return this.rounds.slice(0, -1);
    }

    get earlierLabel() {
        return _t("Earlier submissions: %s", this.earlier.length);
    }

    get lastLabel() {
        return _t("Submitted before: %s", this.last.state_label);
    }

    get ahead() {
        return this.value?.ahead || [];
    }

    icon(step) {
        return ICONS[step.state] || "fa-circle-o";
    }
}

/** Every value as it was submitted; what differs from the round before, or from today, stands out. */
export class ApprovalValues extends JsonWidget {
    static template = "property_base.ApprovalValues";

    get hasBefore() {
        return (this.value || []).some((row) => row.before !== null && row.before !== undefined && row.before !== false);
    }

    get hasSince() {
        return (this.value || []).some((row) => row.since);
    }
}

/** A few key figures below each other, for a card. */
export class ApprovalFigures extends JsonWidget {
    static template = "property_base.ApprovalFigures";
}

/** Who would be asked. */
export class ApprovalSimulation extends JsonWidget {
    static template = "property_base.ApprovalSimulation";
}

for (const [name, component] of Object.entries({
    property_approval_ribbon: ApprovalRibbon,
    property_approval_values: ApprovalValues,
    property_approval_figures: ApprovalFigures,
    property_approval_simulation: ApprovalSimulation,
})) {
    registry.category("fields").add(name, { component, supportedTypes: ["json"] });
}
