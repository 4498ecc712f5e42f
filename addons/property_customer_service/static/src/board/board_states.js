import { _t } from "@web/core/l10n/translation";

/**
 * The life of a unit, in order. The sign (two letters: Odoo leaves single ones
 * untranslated) stands beside the colour for those who do not see it.
 */
export const STATES = [
    { id: "unreleased", label: _t("Not released"), sign: _t("NR"), sold: false },
    { id: "available", label: _t("Available"), sign: _t("AV"), sold: false },
    { id: "held", label: _t("Held"), sign: _t("HD"), sold: false },
    { id: "subscribed", label: _t("Subscribed"), sign: _t("SU"), sold: true },
    { id: "contracted", label: _t("Contracted"), sign: _t("CO"), sold: true },
    { id: "registered", label: _t("Registered"), sign: _t("RE"), sold: true },
    { id: "handed_over", label: _t("Handed over"), sign: _t("HO"), sold: true },
    { id: "titled", label: _t("Titled"), sign: _t("TI"), sold: true },
];

export const STATE_BY_ID = Object.fromEntries(STATES.map((state) => [state.id, state]));

/** Why a unit cannot be sold today. */
export const BLOCKS = {
    not_released: _t("Not released for sale yet"),
    no_permit: _t("No valid presale permit covers it"),
    sealed: _t("Sealed by a court or an authority"),
    mortgaged: _t("Mortgaged, and the mortgagee has not consented"),
    window: _t("Outside the period of sale"),
    no_price: _t("Has no price in force"),
};

export const USAGES = {
    residential: _t("Residential"),
    shop: _t("Shop"),
    office: _t("Office"),
    parking: _t("Parking"),
    storage: _t("Storage"),
    other: _t("Other"),
};

export const ORIENTATIONS = {
    south: _t("South"),
    north: _t("North"),
    east: _t("East"),
    west: _t("West"),
    southeast: _t("Southeast"),
    southwest: _t("Southwest"),
    northeast: _t("Northeast"),
    northwest: _t("Northwest"),
    north_south: _t("North and south"),
    east_west: _t("East and west"),
};

/**
 * What can be asked for: of which units (`from`), and the words of its button and dialog. `ask` is the button's word for
 * whoever can only ask; somebody else then decides.
 */
export const REQUESTS = {
    release: {
        from: "unreleased",
        label: _t("Release units"),
        ask: _t("Ask for release"),
        title: _t("Release for sale"),
        icon: "fa-unlock-alt",
    },
    hold: {
        from: "available",
        label: _t("Hold…"),
        ask: _t("Hold…"),
        title: _t("Hold"),
        icon: "fa-hand-paper-o",
        timed: _t("For how long"),
        needsReason: true,
    },
    extend: {
        from: "held",
        ofHold: true,
        label: _t("Extend…"),
        ask: _t("Extend…"),
        title: _t("Extend the hold"),
        icon: "fa-clock-o",
        timed: _t("How much longer"),
        needsReason: true,
    },
    unhold: {
        from: "held",
        ofHold: true,
        label: _t("Give up"),
        ask: _t("Ask to give up"),
        title: _t("Give up the hold"),
        icon: "fa-undo",
    },
};
