import { Component, onMounted, onPatched, useState } from "@odoo/owl";
import { BoardCells } from "./board_cells";

/** The floors and units that are in sight; see BoardGrid, in whose shadow they stand. */
export class BoardLines extends Component {
    static template = "property_customer_service.BoardLines";
    static components = { BoardCells };
    static props = {
        view: Object, // reactive: board (BoardModel), tick, from, to, left, right, compact, printing
        handlers: Object, // of the pointer, the mouse and the keyboard
        drawn: Function, // called after each drawing
    };

    setup() {
        this.view = useState(this.props.view);
        onMounted(() => this.props.drawn());
        onPatched(() => this.props.drawn());
    }

    get lines() {
        const { board, from, to, printing } = this.view;
        if (printing) {
            return board.lines;
        }
        const lines = board.lines.slice(from, to);
        // What has the focus stays, or the keyboard would lose its place.
        const kept = board.focused?.line;
        if (kept && (kept.index < from || kept.index >= to) && board.lines[kept.index] === kept) {
            lines.push(kept);
        }
        return lines;
    }

    groupsOf(line) {
        const { board, left, right, printing } = this.view;
        return printing
            ? line.groups
            : line.groups.filter((group) => (group.left < right && group.left + group.width > left) || group === board.focused?.group);
    }

    groupStyle(group) {
        return `left: ${group.left}px; width: ${group.width}px; grid-template-columns: repeat(${group.columns}, minmax(0, 1fr))`;
    }
}
