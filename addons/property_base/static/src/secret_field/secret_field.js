import { Component, onWillStart } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { CharField, charField } from "@web/views/fields/char/char_field";
import { UnmaskDialog } from "../unmask_dialog/unmask_dialog";

/** A number that reads as its mask: it may be typed anew, and shown in full by those who may, with a reason. */
export class SecretField extends Component {
    static template = "property_base.SecretField";
    static components = { CharField };
    static props = { ...CharField.props, number: { type: String, optional: true } };

    setup() {
        this.dialog = useService("dialog");
        this.orm = useService("orm");
        onWillStart(async () => {
            this.mayUnmask = await user.hasGroup("property_base.group_unmask");
        });
    }

    get charProps() {
        const { number, ...props } = this.props;
        return props;
    }

    get hasNumber() {
        const { record, name } = this.props;
        // What was just typed is no mask yet.
        return Boolean(this.mayUnmask && record.resId && record.data[name]?.includes("*"));
    }

    get label() {
        const { record, name } = this.props;
        return record.activeFields[name].string || record.fields[name].string;
    }

    show() {
        const { record, name, number } = this.props;
        this.dialog.add(UnmaskDialog, {
            label: this.label,
            unmask: (reason) => this.orm.call(record.resModel, "action_unmask", [[record.resId], number || name, reason]),
        });
    }

    /** What is typed replaces the mask and does not go into it. */
    onFocusin(ev) {
        if (ev.target.tagName === "INPUT" && ev.target.value.includes("*")) {
            ev.target.select();
        }
    }
}

export const secretField = {
    ...charField,
    component: SecretField,
    displayName: _t("Masked number"),
    supportedOptions: [{ label: _t("Field of the number"), name: "number", type: "string" }],
    extractProps: (info) => ({ ...charField.extractProps(info), number: info.options.number }),
};

registry.category("fields").add("property_secret", secretField);
