import { Component, onWillDestroy, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** How far the server is with a table: it says so over the bus while its transaction still runs. */
export class ImportProgress extends Component {
    static template = "property_customer_service.ImportProgress";
    static props = { ...standardWidgetProps };

    setup() {
        this.state = useState({ percent: 0 });
        this.bus = useService("bus_service");
        this.onProgress = ({ wizard, percent }) => {
            if (wizard === this.props.record.resId || !this.props.record.resId) {
                this.state.percent = percent;
            }
        };
        this.bus.subscribe("property_import_progress", this.onProgress);
        onWillDestroy(() => this.bus.unsubscribe("property_import_progress", this.onProgress));
    }

    get label() {
        return _t("%s %% done", this.state.percent);
    }
}

registry.category("view_widgets").add("property_import_progress", { component: ImportProgress });
