import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { formatFloat } from "@web/core/utils/numbers";
import { nbsp } from "@web/core/utils/strings";
import { BLOCKS, ORIENTATIONS, STATE_BY_ID, STATES, USAGES } from "./board_states";

const { DateTime } = luxon;

// A row of the server's, in its order.
const COLUMNS = [
    "id", "stair", "floor", "room", "stack", "layoutId", "usage", "orientation", "grossArea", "insideArea",
    "unitPrice", "listPrice", "state", "block", "holder", "expiry",
];
const ELEVATION = "elevation";
const GROUND = "ground";
// Cells that are rendered together where a floor is a wrapped grid: a garage has hundreds.
const CHUNK = 100;
const BANDS = 5;
const EXPIRES_SOON = { hours: 12 };

const compareNaturally = new Intl.Collator(undefined, { numeric: true }).compare;

/**
 * One building: its units, where they stand, what is selected and what the filters leave. Plain objects, not
 * reactive: what is drawn is told by the `stamp` of each group of cells, which goes up when one of them changes.
 */
export class BoardModel {
    constructor(data) {
        this.building = data.building;
        this.version = data.version;
        this.currency = data.currency;
        this.rights = data.rights;
        this.approver = data.approver;
        this.layouts = new Map(data.layouts);
        this.compact = new Intl.NumberFormat(user.lang.replace("_", "-"), {
            notation: "compact",
            minimumFractionDigits: 1,
            maximumFractionDigits: user.lang.startsWith("zh") ? 1 : 2,
        });
        this.units = new Map();
        for (const row of data.units) {
            const unit = this.readRow(row);
            this.units.set(unit.id, Object.assign(unit, { dim: false, selected: false, focused: false, changed: 0 }));
        }
        this.selection = new Set();
        this.focused = null;
        this.filters = {};
        this.search = "";
        this.stamp = 1;
        this.placeUnits();
        this.makeFilters();
        this.matching = this.units.size;
        this.updateTotals();
        this.focus(this.firstUnit);
    }

    // -------------------------------------------------------------------------
    // Units
    // -------------------------------------------------------------------------

    readRow(row) {
        const unit = {};
        for (let index = 0; index < COLUMNS.length; index++) {
            unit[COLUMNS[index]] = row[index];
        }
        const state = STATE_BY_ID[unit.state] || STATES[0];
        unit.sign = state.sign.toString();
        unit.price = unit.listPrice ? this.compact.format(unit.listPrice) : "—";
        unit.area = unit.grossArea ? formatFloat(unit.grossArea, { digits: [16, 2] }) : "";
        // "Not released" is a state already: the mark is for what is not to be expected.
        unit.marked = Boolean(unit.block && unit.block !== "not_released");
        unit.expiresAt = unit.expiry ? DateTime.fromISO(unit.expiry.replace(" ", "T"), { zone: "utc" }).toLocal() : null;
        unit.soon = Boolean(unit.expiresAt && unit.expiresAt < DateTime.now().plus(EXPIRES_SOON));
        unit.label = [this.fullRoom(unit), state.label, unit.area && `${unit.area} ㎡`, unit.price]
            .filter(Boolean).join(", ");
        // 2-2501 finds the room of 2单元 too.
        const short = unit.stair && `${unit.stair.replace(/\D/g, "")}-${unit.room}`;
        unit.haystack = [this.fullRoom(unit), short, unit.holder].filter(Boolean).join(" ").toLowerCase();
        return unit;
    }

    fullRoom(unit) {
        return unit.stair ? `${unit.stair} ${unit.room}` : unit.room;
    }

    /** Everything that the card shows, in words. */
    describe(unit) {
        const money = (value, suffix = "") => {
            if (!value) {
                return "—";
            }
            const { symbol, position, decimals } = this.currency;
            const parts = [symbol, formatFloat(value, { digits: [16, decimals] })];
            return (position === "after" ? parts.reverse() : parts).join(nbsp) + suffix;
        };
        const area = (value) => (value ? formatFloat(value, { digits: [16, 2] }) : "—");
        return {
            id: unit.id,
            room: this.fullRoom(unit),
            building: this.building.name,
            floor: _t("Floor %s", floorLabel(unit.floor)),
            state: STATE_BY_ID[unit.state] || STATES[0],
            layout: this.layouts.get(unit.layoutId),
            usage: USAGES[unit.usage],
            orientation: ORIENTATIONS[unit.orientation],
            areas: `${area(unit.grossArea)} / ${area(unit.insideArea)} ㎡`,
            unitPrice: money(unit.unitPrice, unit.unitPrice ? "/㎡" : ""),
            listPrice: money(unit.listPrice),
            holder: unit.holder,
            expiry: unit.expiresAt && unit.expiresAt.toLocaleString(DateTime.DATETIME_SHORT),
            expiryRelative: unit.expiresAt && unit.expiresAt.toRelative(),
            soon: unit.soon,
            block: unit.block && (BLOCKS[unit.block] || unit.block),
            sealed: unit.block === "sealed",
        };
    }

    /**
     * Takes the rows that changed.
     *
     * @returns {boolean} whether all have a place here; otherwise the building is to be read anew
     */
    applyChanges({ version, units }) {
        this.version = version;
        const fresh = [];
        for (const row of units) {
            const unit = this.readRow(row);
            const old = this.units.get(unit.id);
            if (!old || old.stair !== unit.stair || old.floor !== unit.floor || old.stack !== unit.stack) {
                return false;
            }
            fresh.push([old, unit]);
        }
        for (const [old, unit] of fresh) {
            old.changed += old.state !== unit.state ? 1 : 0;
            Object.assign(old, unit).group.stamp = ++this.stamp;
        }
        this.updateTotals();
        this.refilter();
        return true;
    }

    updateTotals() {
        const counts = Object.fromEntries(STATES.map((state) => [state.id, 0]));
        let sold = 0;
        for (const unit of this.units.values()) {
            counts[unit.state] += 1;
            sold += STATE_BY_ID[unit.state]?.sold ? 1 : 0;
        }
        const total = this.units.size;
        this.totals = {
            total,
            sold,
            rate: total ? `${formatFloat((100 * sold) / total, { digits: [16, 1] })}%` : "—",
            states: STATES.map((state) => ({
                ...state,
                count: counts[state.id],
                share: total ? (100 * counts[state.id]) / total : 0,
            })),
        };
    }

    // -------------------------------------------------------------------------
    // Places
    // -------------------------------------------------------------------------

    /** An elevation, floors by stairs and stacks, for what has a stair; a wrapped grid by floor for the rest. */
    placeUnits() {
        const units = [...this.units.values()].sort((a, b) => compareNaturally(a.room, b.room));
        this.placeElevation(units.filter((unit) => unit.stair));
        this.placeGround(units.filter((unit) => !unit.stair));
    }

    placeElevation(units) {
        const stairs = new Map();
        const taken = new Set();
        for (const unit of units) {
            if (!stairs.has(unit.stair)) {
                stairs.set(unit.stair, new Set());
            }
            // Two rooms of one stack on one floor (a maisonette that was divided) stand side by side.
            let column = unit.stack || "";
            while (taken.has(`${unit.stair}\n${unit.floor}\n${column}`)) {
                column += "’";
            }
            taken.add(`${unit.stair}\n${unit.floor}\n${column}`);
            unit.column = column;
            stairs.get(unit.stair).add(column);
        }
        this.stairs = [...stairs.keys()].sort(compareNaturally).map((name) => ({
            name,
            columns: [...stairs.get(name)].sort(compareNaturally),
        }));
        let offset = 0;
        for (const stair of this.stairs) {
            stair.offset = offset;
            stair.index = new Map(stair.columns.map((column, index) => [column, index]));
            offset += stair.columns.length;
        }
        this.columnCount = offset;
        const stairByName = new Map(this.stairs.map((stair) => [stair.name, stair]));
        const floors = new Map();
        for (const unit of units) {
            if (!floors.has(unit.floor)) {
                floors.set(unit.floor, {
                    number: unit.floor,
                    label: floorLabel(unit.floor),
                    groups: this.stairs.map((stair) => ({
                        key: stair.name,
                        stamp: 1,
                        cells: stair.columns.map((column) => ({ key: `gap-${column}` })),
                    })),
                });
            }
            const stair = stairByName.get(unit.stair);
            const column = stair.index.get(unit.column);
            const group = floors.get(unit.floor).groups[this.stairs.indexOf(stair)];
            group.cells[column] = unit;
            unit.key = unit.id;
            unit.group = group;
            unit.place = ELEVATION;
            unit.x = stair.offset + column;
        }
        this.floors = [...floors.values()].sort((a, b) => b.number - a.number);
        this.floors.forEach((floor, y) => {
            floor.firstBelowGround = floor.number < 0 && (y === 0 || this.floors[y - 1].number >= 0);
            for (const group of floor.groups) {
                for (const unit of group.cells) {
                    unit.y = y;
                }
            }
        });
    }

    placeGround(units) {
        const floors = new Map();
        for (const unit of units) {
            if (!floors.has(unit.floor)) {
                floors.set(unit.floor, []);
            }
            floors.get(unit.floor).push(unit);
        }
        this.groundFloors = [...floors].sort(([a], [b]) => b - a).map(([number, cells]) => {
            const groups = [];
            for (let index = 0; index < cells.length; index += CHUNK) {
                groups.push({ key: index, stamp: 1, cells: cells.slice(index, index + CHUNK) });
            }
            return { number, label: floorLabel(number), cells, groups };
        });
        this.groundFloors.forEach((floor, y) => {
            floor.firstBelowGround = floor.number < 0 && (y === 0 ? this.floors.length > 0 : this.groundFloors[y - 1].number >= 0);
            for (const group of floor.groups) {
                for (const unit of group.cells) {
                    Object.assign(unit, { key: unit.id, group, place: GROUND, y });
                }
            }
            floor.cells.forEach((unit, x) => (unit.x = x));
        });
        const usages = [...new Set(units.map((unit) => USAGES[unit.usage] || unit.usage))];
        this.groundTitle = usages.join(" · ");
    }

    // -------------------------------------------------------------------------
    // Filters
    // -------------------------------------------------------------------------

    makeFilters() {
        const units = [...this.units.values()];
        const options = (key, label) => {
            const counts = new Map();
            for (const unit of units) {
                if (unit[key]) {
                    counts.set(unit[key], (counts.get(unit[key]) || 0) + 1);
                }
            }
            return [...counts].map(([id, count]) => ({ id, count, label: `${label(id) || id}`, test: (unit) => unit[key] === id }))
                .sort((a, b) => compareNaturally(a.label, b.label));
        };
        this.filterMenus = [
            { id: "layout", label: _t("Layout"), options: options("layoutId", (id) => this.layouts.get(id)) },
            { id: "area", label: _t("Area (㎡)"), options: bands(units, "grossArea", (value) => `${value}`) },
            { id: "price", label: _t("Price"), options: bands(units, "listPrice", (value) => this.compact.format(value).replace(/\.0+(?=\D|$)/, "")) },
            { id: "orientation", label: _t("Orientation"), options: options("orientation", (id) => ORIENTATIONS[id]) },
            { id: "usage", label: _t("Usage"), options: options("usage", (id) => USAGES[id]) },
        ].filter((menu) => menu.options.length > 1);
        this.filterTests = Object.fromEntries(
            this.filterMenus.map((menu) => [menu.id, new Map(menu.options.map((option) => [option.id, option.test]))])
        );
        this.filterTests.state = new Map(STATES.map(({ id }) => [id, (unit) => unit.state === id]));
    }

    /** The chosen filters, as they can be kept and given back to `setFilters`. */
    getFilters() {
        return {
            search: this.search,
            chosen: Object.fromEntries(Object.entries(this.filters).map(([menu, ids]) => [menu, [...ids]])),
        };
    }

    setFilters({ search = "", chosen = {} }) {
        this.search = search;
        this.filters = {};
        for (const [menu, ids] of Object.entries(chosen)) {
            const known = ids.filter((id) => this.filterTests[menu]?.has(id));
            if (known.length) {
                this.filters[menu] = new Set(known);
            }
        }
        this.refilter();
    }

    toggleFilter(menu, id) {
        const chosen = (this.filters[menu] ||= new Set());
        if (!chosen.delete(id)) {
            chosen.add(id);
        }
        if (!chosen.size) {
            delete this.filters[menu];
        }
        this.refilter();
    }

    isChosen(menu, id) {
        return Boolean(this.filters[menu]?.has(id));
    }

    get isFiltered() {
        return Boolean(this.search || Object.keys(this.filters).length);
    }

    refilter() {
        const tests = Object.entries(this.filters).map(([menu, ids]) =>
            [...ids].map((id) => this.filterTests[menu].get(id)));
        const search = this.search.trim().toLowerCase();
        this.matching = 0;
        for (const unit of this.units.values()) {
            const match = tests.every((alternatives) => alternatives.some((test) => test(unit)))
                && (!search || unit.haystack.includes(search));
            this.matching += match ? 1 : 0;
            if (unit.dim === match) {
                unit.dim = !match;
                unit.group.stamp = ++this.stamp;
            }
        }
    }

    // -------------------------------------------------------------------------
    // Selection and focus
    // -------------------------------------------------------------------------

    select(units, { keep = false, toggle = false } = {}) {
        const before = this.selection;
        const after = new Set(keep ? before : []);
        for (const unit of units) {
            if (toggle && after.has(unit)) {
                after.delete(unit);
            } else {
                after.add(unit);
            }
        }
        this.selection = after;
        for (const unit of new Set([...before, ...after])) {
            if (unit.selected !== after.has(unit)) {
                unit.selected = after.has(unit);
                unit.group.stamp = ++this.stamp;
            }
        }
    }

    selectMatching() {
        this.select([...this.units.values()].filter((unit) => !unit.dim));
    }

    /** The units between two: a rectangle of the elevation, or a stretch of the wrapped grid. */
    between(from, to) {
        const inside = (value, a, b) => value >= Math.min(a, b) && value <= Math.max(a, b);
        return [...this.units.values()].filter((unit) => {
            if (unit.place !== from.place || from.place !== to.place) {
                return unit === to;
            }
            if (unit.place === ELEVATION) {
                return inside(unit.x, from.x, to.x) && inside(unit.y, from.y, to.y);
            }
            const order = (each) => each.y * 1e6 + each.x;
            return inside(order(unit), order(from), order(to));
        });
    }

    get selectionFigures() {
        let area = 0;
        let price = 0;
        for (const unit of this.selection) {
            area += unit.grossArea || 0;
            price += unit.listPrice || 0;
        }
        return {
            text: _t("%s selected", this.selection.size),
            area: formatFloat(area, { digits: [16, 2] }),
            price: price ? this.compact.format(price) : "",
        };
    }

    /** The unit that the tabulator reaches: the last one that had the focus, or the first. */
    focus(unit) {
        if (unit && unit !== this.focused) {
            for (const [each, focused] of [[this.focused, false], [unit, true]]) {
                if (each) {
                    each.focused = focused;
                    each.group.stamp = ++this.stamp;
                }
            }
            this.focused = unit;
        }
    }

    get firstUnit() {
        for (const floor of [...this.floors, ...this.groundFloors]) {
            for (const group of floor.groups) {
                for (const unit of group.cells) {
                    if (unit.id && !unit.dim) {
                        return unit;
                    }
                }
            }
        }
        return this.units.values().next().value;
    }

    /**
     * The unit that an arrow key leads to.
     *
     * @param {object} unit where the focus is
     * @param {number} dx -1, 0 or 1
     * @param {number} dy -1, 0 or 1; 1 is down
     * @param {number} perLine how many cells a line of the wrapped grid has
     */
    neighbour(unit, dx, dy, perLine) {
        if (unit.place === GROUND) {
            const floor = this.groundFloors[unit.y];
            const target = unit.x + dx + dy * perLine;
            if (floor.cells[target]) {
                return floor.cells[target];
            }
            if (dx) {
                return null;
            }
            const next = this.groundFloors[unit.y + dy];
            if (next) {
                const column = unit.x % perLine;
                const line = dy > 0 ? 0 : Math.floor((next.cells.length - 1) / perLine) * perLine;
                return next.cells[Math.min(line + column, next.cells.length - 1)];
            }
            return dy < 0 && this.floors.length ? nearest(this.floors.at(-1), unit.x % perLine) : null;
        }
        if (dx) {
            const row = cellsOf(this.floors[unit.y]);
            for (let x = unit.x + dx; x >= 0 && x < row.length; x += dx) {
                if (row[x].id) {
                    return row[x];
                }
            }
            return null;
        }
        const floor = this.floors[unit.y + dy];
        if (floor) {
            return nearest(floor, unit.x);
        }
        return dy > 0 && this.groundFloors.length ? this.groundFloors[0].cells[0] : null;
    }
}

function cellsOf(floor) {
    return floor.groups.flatMap((group) => group.cells);
}

function nearest(floor, x) {
    let best = null;
    cellsOf(floor).forEach((cell, index) => {
        if (cell.id && (!best || Math.abs(index - x) < Math.abs(best.x - x))) {
            best = cell;
        }
    });
    return best;
}

function floorLabel(number) {
    return number < 0 ? `B${-number}` : `${number}`;
}

/** At most BANDS + 1 stretches of round numbers that hold units. */
function bands(units, key, format) {
    const values = units.map((unit) => unit[key]).filter((value) => value > 0);
    if (!values.length) {
        return [];
    }
    const low = values.reduce((a, b) => Math.min(a, b));
    const high = values.reduce((a, b) => Math.max(a, b));
    const rough = (high - low) / BANDS || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
    const counts = new Map();
    for (const value of values) {
        const band = Math.floor(value / step);
        counts.set(band, (counts.get(band) || 0) + 1);
    }
    return [...counts.keys()].sort((a, b) => a - b).map((band) => ({
        id: band,
        count: counts.get(band),
        label: `${format(band * step)} – ${format((band + 1) * step)}`,
        test: (unit) => unit[key] > 0 && Math.floor(unit[key] / step) === band,
    }));
}
