import { Component, markRaw, onMounted, onPatched, onWillUnmount, onWillUpdateProps, reactive, useEffect, useRef } from "@odoo/owl";
import { BoardLines } from "../board_lines/board_lines";
import { boardLinesStyle } from "../board_lines/board_lines_style";

// Pixels around what is seen that are drawn too, and the step by which the window moves: a scroll by less draws nothing.
const MARGIN = 240;
const STEP = 120;
// On paper; an A3 sheet without its margins.
const PAPER = { wide: 1490, tall: 1030 };
const WIDE_COLUMNS = 12;
// Until the style sheet can be asked.
const UNMEASURED = { width: 1000, label: 44, cell: 102, cellMax: 150, height: 40, gap: 3, stairGap: 20 };

/**
 * The floors and units of a building: a window onto them, so that two thousand units weigh no more than two hundred. The
 * lines stand at places that the model has reckoned; what is out of sight is not there.
 *
 * They stand in a shadow root: Odoo's style sheets have hundreds of `:has()` rules, for which the browser looks again at all
 * that is drawn whenever one class changes (measured: 19 ms, and 0.3 ms without them).
 */
export class BoardGrid extends Component {
    static template = "property_customer_service.BoardGrid";
    static props = {
        board: Object, // BoardModel
        tick: Number, // what makes it look again
        stairs: Array, // names of those that are shown
        compact: Boolean,
        printing: Boolean,
        scroller: Function, // () => the element that scrolls, if it is not this one
        handlers: Object, // of the pointer, the mouse and the keyboard
        drawn: Function, // called after each drawing
        register: Function, // is given this component, for scrollTo and cellOf
    };

    setup() {
        this.rootRef = useRef("root");
        this.headingRef = useRef("heading");
        this.linesRef = useRef("lines");
        this.anchorRef = useRef("anchor");
        this.view = reactive({ from: 0, to: 0, left: 0, right: 0, ...this.viewOf(this.props) });
        this.onScroll = () => this.look();
        this.observer = new ResizeObserver(() => this.layOut());
        this.layOutModel(this.props, UNMEASURED);
        this.props.register(this);
        onWillUpdateProps((next) => {
            const { board, stairs, printing, compact } = this.props;
            if (next.board !== board || `${next.stairs}` !== `${stairs}` || next.printing !== printing || next.compact !== compact) {
                this.layOutModel(next);
            }
            Object.assign(this.view, this.viewOf(next));
        });
        onMounted(() => {
            this.observer.observe(this.rootRef.el);
            this.layOut();
            const shadow = this.linesRef.el.attachShadow({ mode: "open" });
            shadow.adoptedStyleSheets = [boardLinesStyle()];
            this.lines = this.__owl__.app.createRoot(BoardLines, {
                env: this.env, props: { view: this.view, handlers: this.props.handlers, drawn: () => this.props.drawn() },
            });
            this.lines.mount(shadow);
        });
        onPatched(() => this.look());
        onWillUnmount(() => {
            this.observer.disconnect();
            this.lines.destroy();
        });
        useEffect(
            (scroller) => {
                scroller.addEventListener("scroll", this.onScroll, { passive: true });
                return () => scroller.removeEventListener("scroll", this.onScroll);
            },
            () => [this.scroller]
        );
    }

    viewOf({ board, tick, compact, printing }) {
        return { board: markRaw(board), tick, compact, printing };
    }

    get scroller() {
        return this.props.scroller() || this.rootRef.el;
    }

    /** The sizes that the style sheet sets. */
    get room() {
        const style = getComputedStyle(this.rootRef.el);
        const pixels = (name) => parseFloat(style.getPropertyValue(name));
        return {
            // Of what scrolls: on a phone this element is as wide as what is in it.
            width: this.scroller.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight),
            label: pixels("--label"), cell: pixels("--cell"), cellMax: pixels("--cell-max"), height: pixels("--cell-height"),
            gap: pixels("--cell-gap"), stairGap: pixels("--stair-gap"),
        };
    }

    layOutModel({ board, stairs, printing, compact }, room = this.room) {
        if (printing) {
            room = {
                width: board.columnCount > WIDE_COLUMNS ? PAPER.wide : PAPER.tall, label: 30, cell: 30, cellMax: 110, height: 30, gap: 2,
                stairGap: 10,
            };
        } else if (compact) {
            room = { ...room, cell: Math.round(room.cell * 0.6), cellMax: room.cell, height: 23, gap: 2 };
        }
        board.layOut(room, stairs);
    }

    /** After a change of size. */
    layOut() {
        if (this.rootRef.el && !this.props.printing) {
            this.layOutModel(this.props);
            this.render();
            this.look();
        }
    }

    /** Moves the window to what is seen. */
    look() {
        const lines = this.linesRef.el;
        if (!lines) {
            return;
        }
        const seen = this.scroller.getBoundingClientRect();
        const place = lines.getBoundingClientRect();
        const snap = (value) => Math.floor(value / STEP) * STEP;
        const [from, to] = this.props.board.linesBetween(
            snap(seen.top - place.top) - MARGIN, snap(seen.bottom - place.top) + STEP + MARGIN);
        const left = snap(seen.left - place.left) - MARGIN;
        const right = snap(seen.right - place.left) + STEP + MARGIN;
        // Assigning what is the same draws nothing.
        Object.assign(this.view, { from, to, left, right });
    }

    stairStyle(stair) {
        return `left: ${stair.left}px; width: ${stair.width}px; grid-template-columns: repeat(${stair.columns.length}, minmax(0, 1fr))`;
    }

    cellOf(unit) {
        return this.linesRef.el?.shadowRoot?.querySelector(`.o_property_unit[data-id="${unit.id}"]`);
    }

    /**
     * Where a popover of a unit stands: over its cell, but outside of the shadow, where Odoo's overlays do not reach.
     *
     * @returns {HTMLElement}
     */
    anchorOn(unit) {
        const anchor = this.anchorRef.el;
        const cell = this.cellOf(unit).getBoundingClientRect();
        const root = this.rootRef.el.getBoundingClientRect();
        Object.assign(anchor.style, {
            left: `${cell.left - root.left + this.rootRef.el.scrollLeft}px`, top: `${cell.top - root.top + this.rootRef.el.scrollTop}px`,
            width: `${cell.width}px`, height: `${cell.height}px`,
        });
        return anchor;
    }

    /** Brings a unit into sight; its cell is there after the next drawing. */
    scrollTo(unit) {
        const { scroller } = this;
        const seen = scroller.getBoundingClientRect();
        const place = this.linesRef.el.getBoundingClientRect();
        const heading = this.headingRef.el?.getBoundingClientRect();
        const top = place.top + unit.line.top;
        const above = Math.max(seen.top, heading?.bottom || 0) - top;
        const below = top + unit.line.height - seen.bottom;
        if (above > 0) {
            scroller.scrollTop -= above + 4;
        } else if (below > 0) {
            scroller.scrollTop += below + 4;
        }
        const width = unit.group.width / unit.group.columns;
        const start = place.left + unit.group.left + width * unit.group.cells.indexOf(unit);
        const label = parseFloat(getComputedStyle(this.rootRef.el).getPropertyValue("--label"));
        const before = seen.left + label - start;
        const behind = start + width - seen.right;
        if (before > 0) {
            scroller.scrollLeft -= before + 4;
        } else if (behind > 0) {
            scroller.scrollLeft += behind + 4;
        }
        this.look();
    }
}
