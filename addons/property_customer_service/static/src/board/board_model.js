import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { formatFloat } from "@web/core/utils/numbers";
import { nbsp } from "@web/core/utils/strings";
import { BLOCKS, ORIENTATIONS, STATE_BY_ID, STATES, USAGES } from "./board_states";

const { DateTime } = luxon;

// A row of the server's, in its order.
const COLUMNS = [
    "id", "stair", "floor", "room", "stack", "layoutId", "usage", "orientation", "grossArea", "insideArea",
    "unitPrice", "listPrice", "state", "block", "holder", "expiry", "requestId", "mine",
];
const ELEVATION = "elevation";
const GROUND = "ground";
const BANDS = 5;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const EXPIRES_SOON = 12 * HOUR;
const TITLE_HEIGHT = 40;
const LATEST_MOVEMENTS = 6;

const compareNaturally = new Intl.Collator(undefined, { numeric: true }).compare;

/**
 * One building: its units, where they stand, what is selected and what the filters leave. Plain objects, not
 * reactive: what is drawn is told by the `stamp` of each group of cells, which goes up when one of them changes.
 */
export class BoardModel {
    constructor(data) {
        this.building = data.building;
        this.currency = data.currency;
        this.rights = data.rights;
        this.layouts = new Map(data.layouts);
        this.compact = new Intl.NumberFormat(user.lang.replace("_", "-"), {
            notation: "compact",
            minimumFractionDigits: 1,
            maximumFractionDigits: user.lang.startsWith("zh") ? 1 : 2,
        });
        this.keepVersion(data);
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

    /** What comes with every answer of the server. */
    keepVersion({ version, cluster, now, next_change: nextChange, movements }) {
        Object.assign(this, { version, cluster, nextChange });
        // The countdowns go by the server's clock.
        this.clockSkew = Date.parse(now) - Date.now();
        this.movements = movements.slice(0, LATEST_MOVEMENTS);
    }

    now() {
        return Date.now() + this.clockSkew;
    }

    // -------------------------------------------------------------------------
    // Units
    // -------------------------------------------------------------------------

    readRow(row) {
        const unit = { row };
        for (let index = 0; index < COLUMNS.length; index++) {
            unit[COLUMNS[index]] = row[index];
        }
        const state = STATE_BY_ID[unit.state] || STATES[0];
        unit.sign = state.sign.toString();
        unit.price = unit.listPrice ? this.compact.format(unit.listPrice) : "—";
        unit.area = unit.grossArea ? formatFloat(unit.grossArea, { digits: [16, 2] }) : "";
        // "Not released" is a state already: the mark is for what is not to be expected.
        unit.marked = Boolean(unit.block && unit.block !== "not_released");
        unit.expiresAt = unit.expiry ? Date.parse(unit.expiry) : null;
        this.updateCountdown(unit);
        // 2-2501 finds the room of 2单元 too.
        const short = unit.stair && `${unit.stair.replace(/\D/g, "")}-${unit.room}`;
        unit.haystack = [this.fullRoom(unit), short, unit.holder].filter(Boolean).join(" ").toLowerCase();
        return unit;
    }

    /** @returns {boolean} whether its cell looks different from before */
    updateCountdown(unit) {
        const left = unit.expiresAt === null ? null : unit.expiresAt - this.now();
        const countdown = left === null ? "" : shortDuration(left);
        const soon = left !== null && left < EXPIRES_SOON;
        const changed = unit.countdown !== countdown || unit.soon !== soon;
        Object.assign(unit, { countdown, soon });
        if (changed) {
            unit.label = [
                this.fullRoom(unit), (STATE_BY_ID[unit.state] || STATES[0]).label, unit.area && `${unit.area} ㎡`, unit.price,
                countdown && _t("ends in %s", countdown), unit.marked && BLOCKS[unit.block],
            ].filter(Boolean).join(", ");
        }
        return changed;
    }

    /** @returns {boolean} whether a countdown has moved */
    updateCountdowns() {
        let moved = false;
        for (const unit of this.units.values()) {
            if (unit.expiresAt !== null && this.updateCountdown(unit)) {
                unit.group.stamp = ++this.stamp;
                moved = true;
            }
        }
        return moved;
    }

    /** Whether a contract could be written for it now. */
    isForSale(unit) {
        return unit.state === "available" && !unit.block;
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
            expiry: unit.expiresAt && DateTime.fromMillis(unit.expiresAt).toLocaleString(DateTime.DATETIME_SHORT),
            countdown: unit.countdown,
            over: unit.expiresAt !== null && unit.expiresAt <= this.now(),
            soon: unit.soon,
            mine: unit.mine,
            block: unit.block && (BLOCKS[unit.block] || unit.block),
            sealed: unit.block === "sealed",
            forSale: this.isForSale(unit),
        };
    }

    /** A line of the ledger in words; nothing where the unit is out of sight. */
    describeMovement([unitId, from, to, date, person]) {
        const unit = this.units.get(unitId);
        return unit && {
            key: `${unitId} ${date} ${to}`, unit, room: this.fullRoom(unit), from: STATE_BY_ID[from], to: STATE_BY_ID[to], person,
            when: momentOf(date),
        };
    }

    /**
     * Takes the rows that changed, and perhaps some that did not: what was read is a superset.
     *
     * @returns {Array|null} the units that look different, or nothing where one has no place here: then the building is to
     *   be read anew
     */
    applyChanges(answer) {
        const fresh = [];
        for (const row of answer.units) {
            const old = this.units.get(row[0]);
            if (old && old.row.every((value, index) => value === row[index])) {
                continue;
            }
            const unit = this.readRow(row);
            if (!old || old.stair !== unit.stair || old.floor !== unit.floor || old.room !== unit.room || old.stack !== unit.stack) {
                return null;
            }
            fresh.push([old, unit]);
        }
        this.keepVersion(answer);
        for (const [old, unit] of fresh) {
            old.changed += 1;
            Object.assign(old, unit).group.stamp = ++this.stamp;
        }
        if (fresh.length) {
            this.updateTotals();
            this.refilter();
        }
        return fresh.map(([old]) => old);
    }

    updateTotals() {
        const units = [...this.units.values()];
        const states = new Map(STATES.map((state) => [state.id, { count: 0, value: 0 }]));
        const layouts = new Map();
        let sold = 0;
        let forSale = 0;
        let mine = 0;
        for (const unit of units) {
            const isSold = STATE_BY_ID[unit.state]?.sold ? 1 : 0;
            const ofState = states.get(unit.state);
            ofState.count += 1;
            ofState.value += unit.listPrice || 0;
            sold += isSold;
            forSale += this.isForSale(unit) ? 1 : 0;
            mine += unit.mine ? 1 : 0;
            const key = unit.layoutId || 0;
            if (!layouts.has(key)) {
                layouts.set(key, { id: key, label: this.layouts.get(key) || USAGES[unit.usage] || "—", total: 0, available: 0, sold: 0 });
            }
            const layout = layouts.get(key);
            layout.total += 1;
            layout.available += unit.state === "available" ? 1 : 0;
            layout.sold += isSold;
        }
        const total = units.length;
        this.totals = {
            total,
            sold,
            forSale,
            mine,
            rate: percent(sold, total),
            states: STATES.map((state) => {
                const { count, value } = states.get(state.id);
                return { ...state, count, value: value ? this.compact.format(value) : "", share: total ? (100 * count) / total : 0 };
            }),
            layouts: [...layouts.values()]
                .map((layout) => ({ ...layout, rate: percent(layout.sold, layout.total), share: (100 * layout.sold) / layout.total }))
                .sort((a, b) => compareNaturally(`${a.label}`, `${b.label}`)),
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
                    groups: this.stairs.map((stair) => ({
                        key: stair.name,
                        stair,
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
        this.groundFloors = [...floors].sort(([a], [b]) => b - a).map(([number, cells]) => ({ number, cells }));
        this.groundFloors.forEach((floor, y) => {
            // A group of its own until it is laid out.
            const group = { stamp: 1 };
            floor.cells.forEach((unit, x) => Object.assign(unit, { key: unit.id, place: GROUND, group, x, y }));
        });
        const usages = [...new Set(units.map((unit) => USAGES[unit.usage] || unit.usage))];
        this.groundTitle = usages.join(" · ");
    }

    /**
     * Says where everything is drawn, in pixels: only the lines that are looked at are ever made.
     *
     * @param {object} room width (what there is), label, cell and cellMax (widths), height, gap and stairGap
     * @param {Array<string>} stairs names of the stairs that are shown
     */
    layOut({ width, label, cell, cellMax, height, gap, stairGap }, stairs) {
        this.lines = [];
        let top = 0;
        const add = (line, tall) => {
            this.lines.push({ ...line, index: this.lines.length, top, height: tall });
            top += tall;
        };
        this.shownStairs = this.stairs.filter(({ name }) => stairs.includes(name));
        const columns = this.shownStairs.reduce((sum, stair) => sum + stair.columns.length, 0);
        const gaps = columns * gap + (this.shownStairs.length - 1) * (stairGap - gap);
        this.cellWidth = Math.max(cell, Math.min(cellMax, Math.floor((width - label - gaps) / (columns || 1))));
        let left = label;
        for (const stair of this.shownStairs) {
            stair.left = left;
            stair.width = stair.columns.length * (this.cellWidth + gap) - gap;
            left += stair.width + stairGap;
        }
        this.contentWidth = Math.max(left - stairGap, label);
        for (const [y, floor] of this.floors.entries()) {
            const groups = floor.groups.filter(({ stair }) => stair.left !== undefined && this.shownStairs.includes(stair));
            for (const group of groups) {
                Object.assign(group, { left: group.stair.left, width: group.stair.width, columns: group.cells.length });
            }
            add({
                key: `floor ${floor.number}`, label: floorLabel(floor.number), groups,
                ground: floor.number < 0 && (y === 0 || this.floors[y - 1].number >= 0),
            }, height + gap);
        }
        this.perLine = Math.max(1, Math.floor((width - label + gap) / (cell + gap)));
        const wide = Math.floor((width - label + gap) / this.perLine) - gap;
        for (const [y, floor] of this.groundFloors.entries()) {
            if (y === 0) {
                add({ key: "title", title: this.groundTitle, groups: [] }, TITLE_HEIGHT);
            }
            for (let start = 0; start < floor.cells.length; start += this.perLine) {
                const cells = floor.cells.slice(start, start + this.perLine);
                const group = {
                    key: "wrapped", cells, stamp: ++this.stamp, columns: cells.length, left: label,
                    width: cells.length * (wide + gap) - gap,
                };
                for (const unit of cells) {
                    unit.group = group;
                }
                add({
                    key: `wrapped ${floor.number} ${start}`, label: start ? "" : floorLabel(floor.number), groups: [group],
                    ground: !start && floor.number < 0 && (y === 0 ? this.floors.length > 0 : this.groundFloors[y - 1].number >= 0),
                }, height + gap);
            }
        }
        if (this.groundFloors.length) {
            this.contentWidth = Math.max(this.contentWidth, Math.min(width, label + this.perLine * (wide + gap) - gap));
        }
        for (const line of this.lines) {
            for (const group of line.groups) {
                for (const unit of group.cells) {
                    unit.line = line;
                }
            }
        }
        this.contentHeight = top;
    }

    /** The lines that touch a stretch of pixels. */
    linesBetween(top, bottom) {
        let low = 0;
        let high = this.lines.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.lines[middle].top + this.lines[middle].height <= top) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let end = low;
        while (end < this.lines.length && this.lines[end].top < bottom) {
            end++;
        }
        return [low, end];
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
        // Reached from the panel too, where there is but one layout.
        this.filterTests.layout ||= new Map([...this.layouts.keys()].map((id) => [id, (unit) => unit.layoutId === id]));
        this.filterTests.state = new Map(STATES.map(({ id }) => [id, (unit) => unit.state === id]));
        this.filterTests.only = new Map([["forSale", (unit) => this.isForSale(unit)], ["mine", (unit) => unit.mine]]);
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
        const counts = new Map();
        for (const unit of this.selection) {
            area += unit.grossArea || 0;
            price += unit.listPrice || 0;
            counts.set(unit.state, (counts.get(unit.state) || 0) + 1);
        }
        return {
            text: _t("%s selected", this.selection.size),
            area: formatFloat(area, { digits: [16, 2] }),
            price: price ? this.compact.format(price) : "",
            states: STATES.filter(({ id }) => counts.has(id)).map((state) => ({ ...state, count: counts.get(state.id) })),
        };
    }

    /** The holds that these units are in, with what they hold of this building. */
    holdsOf(units) {
        const ids = new Set(units.map(({ requestId }) => requestId));
        const holds = new Map();
        for (const unit of this.units.values()) {
            if (unit.requestId && ids.has(unit.requestId)) {
                if (!holds.has(unit.requestId)) {
                    holds.set(unit.requestId, { id: unit.requestId, holder: unit.holder, units: [] });
                }
                holds.get(unit.requestId).units.push(unit);
            }
        }
        return [...holds.values()];
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
        for (const floor of this.floors) {
            const first = cellsOf(floor).find((unit) => unit.id && !unit.dim);
            if (first) {
                return first;
            }
        }
        const ground = this.groundFloors.flatMap(({ cells }) => cells);
        return ground.find((unit) => !unit.dim) || this.units.values().next().value;
    }

    /**
     * The unit that an arrow key leads to.
     *
     * @param {object} unit where the focus is
     * @param {number} dx -1, 0 or 1
     * @param {number} dy -1, 0 or 1; 1 is down
     */
    neighbour(unit, dx, dy) {
        const { perLine } = this;
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

/** 25 min, 5 h, 3 d. */
function shortDuration(milliseconds) {
    if (milliseconds <= 0) {
        return _t("over");
    }
    if (milliseconds < HOUR) {
        return _t("%s min", Math.max(1, Math.floor(milliseconds / MINUTE)));
    }
    return milliseconds < 2 * DAY ? _t("%s h", Math.floor(milliseconds / HOUR)) : _t("%s d", Math.floor(milliseconds / DAY));
}

/** When something happened: the hour if it was today, else the day too. */
export function momentOf(date) {
    const moment = DateTime.fromISO(date);
    return moment.hasSame(DateTime.now(), "day")
        ? moment.toLocaleString(DateTime.TIME_24_SIMPLE)
        : moment.toLocaleString({ month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

function percent(part, total) {
    return total ? `${formatFloat((100 * part) / total, { digits: [16, 1] })}%` : "—";
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
