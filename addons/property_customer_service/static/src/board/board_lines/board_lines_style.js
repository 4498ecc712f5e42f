import { STATES } from "../board_states";

// Colours and sizes come from property_board.scss, through its variables.
const CSS = `
:host { display: block; position: relative; contain: layout style; }
.lines { position: absolute; inset: 0; }
.line { position: absolute; left: 0; width: 100%; }
.line.ground { box-shadow: 0 -2px 0 #a08c74; }
.floor {
    position: sticky; left: 0; z-index: 2; box-sizing: border-box; width: var(--label); height: 100%;
    padding: 0 8px var(--cell-gap) 0; display: flex; align-items: center; justify-content: flex-end;
    background: var(--board-ground); color: var(--muted); font-size: 13px; font-variant-numeric: tabular-nums;
}
h3 { position: sticky; left: 0; display: inline-block; margin: 0 0 0 var(--label); padding-top: 14px; font-size: 13px; font-weight: 600; color: var(--muted); }
.group { position: absolute; top: 0; bottom: var(--cell-gap); display: grid; gap: 0 var(--cell-gap); }
.o_property_unit {
    display: grid; grid-template-columns: minmax(0, 1fr) auto; align-content: center; box-sizing: border-box;
    min-width: 0; padding: 0 6px; border: 1px solid var(--stripe); border-radius: 4px; background-color: var(--tint); color: var(--ink);
    font: inherit; text-align: left; font-variant-numeric: tabular-nums; overflow: hidden; contain: layout paint style; cursor: pointer;
    touch-action: manipulation; user-select: none; -webkit-user-select: none; -webkit-touch-callout: none;
}
${STATES.map(({ id }) => `.o_unit_${id} { --tint: var(--${id}-tint); --stripe: var(--${id}-stripe); --ink: var(--${id}-ink); }`).join("\n")}
.o_unit_unreleased { background-image: var(--unreleased-pattern); }
.o_unit_held { border-style: dashed; }
.o_unit_available { border-left-width: 4px; padding-left: 3px; }
.o_unit_titled { border-right: 4px double #fff; }
@media (hover: hover) { .o_property_unit:hover { box-shadow: inset 0 0 0 2px rgba(17, 24, 39, .35); } }
.o_property_unit:focus { outline: none; }
/* Inside the cell, which is painted by itself and would cut off what reaches out. */
.o_property_unit:focus-visible { outline: 2px solid #111827; outline-offset: -2px; }
:is(.o_unit_registered, .o_unit_handed_over, .o_unit_titled):focus-visible { outline-color: #fff; box-shadow: inset 0 0 0 4px #111827; }
.o_dim { opacity: .17; }
.o_selected, .o_selected:focus { outline: 3px solid var(--brand); outline-offset: -3px; opacity: 1; }
.o_selected .sign { background: var(--brand) !important; color: #fff; }
.o_selected:is(.o_unit_registered, .o_unit_handed_over, .o_unit_titled) { box-shadow: inset 0 0 0 5px #fff; }
.o_selected.o_dim { opacity: .5; }
.o_selected:focus-visible { outline-style: double; outline-width: 4px; }
b { font-size: 14px; line-height: 18px; font-weight: 600; white-space: nowrap; }
.sign {
    justify-self: end; align-self: center; min-width: 17px; box-sizing: border-box; padding: 0 2px; border-radius: 3px; text-align: center;
    font-size: 11px; line-height: 15px; font-weight: 600; background: color-mix(in srgb, var(--tint) 35%, white);
}
:is(.o_unit_registered, .o_unit_handed_over, .o_unit_titled) .sign { background: rgba(255, 255, 255, .2); }
.area, .countdown, .price { font-size: 11px; line-height: 15px; white-space: nowrap; }
.countdown.soon { color: #9a2c00; font-weight: 600; }
.price { text-align: right; }
.icon { margin-left: 4px; font: normal 11px/1 FontAwesome; }
.countdown .icon { margin: 0 3px 0 0; }
.lock::before { content: "\\f023"; }
.user::before { content: "\\f007"; }
.clock::before { content: "\\f017"; }
.o_changed { animation: changed 2.4s ease-out; }
.o_changed_again { animation: changed_again 2.4s ease-out; }
@keyframes changed { 0%, 45% { box-shadow: inset 0 0 0 3px #f59e0b; } 100% { box-shadow: inset 0 0 0 3px transparent; } }
@keyframes changed_again { 0%, 45% { box-shadow: inset 0 0 0 3px #f59e0b; } 100% { box-shadow: inset 0 0 0 3px transparent; } }
@media (prefers-reduced-motion: reduce) { .o_changed, .o_changed_again { animation: none; } }
/* Room and sign alone: the whole building at one glance. */
.compact :is(.area, .price, .countdown) { display: none; }
.compact b { font-size: 12px; line-height: 16px; }
.compact .sign { font-size: 10px; line-height: 13px; min-width: 15px; }
.compact .o_property_unit { padding: 0 3px 0 4px; }
@media screen and (max-width: 767px) {
    .floor { padding-right: 6px; font-size: 12px; }
    .sign { padding: 0 1px; min-width: 14px; }
    .area, .countdown:not(.soon) { display: none; }
    .price { grid-column: 1 / -1; text-align: left; font-size: 12px; }
    .countdown.soon { grid-column: 1 / -1; }
    .countdown.soon + .price { display: none; }
}
@media print {
    :host { height: auto !important; contain: none; }
    .lines { position: static; }
    .line { position: relative; top: auto !important; break-inside: avoid; }
    .floor { position: static; background: none; font-size: 10px; padding-right: 4px; }
    .o_property_unit { padding: 0 2px; contain: none; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
    .o_selected { outline: 0; }
    b { font-size: 10px; line-height: 13px; }
    .sign { font-size: 8px; line-height: 11px; min-width: 11px; }
    .area, .countdown, .price { font-size: 8px; line-height: 11px; }
}
`;

let sheet = null;

/** The style of what stands in the shadow. */
export function boardLinesStyle() {
    if (!sheet) {
        sheet = new CSSStyleSheet();
        sheet.replaceSync(CSS);
    }
    return sheet;
}
