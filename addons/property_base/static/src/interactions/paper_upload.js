import { Interaction } from "@web/public/interaction";
import { registry } from "@web/core/registry";

const MEGABYTE = 1024 * 1024;

/** The buyer's page of papers: what is chosen or photographed is sent at once, unless it is too large to be taken. */
export class PaperUpload extends Interaction {
    static selector = ".o_property_paper_upload";
    dynamicContent = {
        "input[type=file]": { "t-on-change": this.onChoose },
        ".o_property_paper_refusal": { "t-att-class": () => ({ "d-none": !this.refused }) },
        ".o_property_paper_sending": { "t-att-class": () => ({ "d-none": !this.sending }) },
        label: { "t-att-class": () => ({ disabled: this.sending }) },
    };

    setup() {
        this.refused = false;
        this.sending = false;
        this.limit = Number(this.el.closest(".o_property_papers").dataset.megabytes) * MEGABYTE;
    }

    onChoose(ev) {
        const files = [...ev.target.files];
        if (!files.length) {
            return;
        }
        this.refused = files.some((file) => file.size > this.limit);
        if (this.refused) {
            ev.target.value = "";
            return;
        }
        this.sending = true;
        this.el.submit();
    }
}

registry.category("public.interactions").add("property_base.paper_upload", PaperUpload);
