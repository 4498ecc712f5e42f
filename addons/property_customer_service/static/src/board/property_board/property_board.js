import { Component, onMounted, onPatched, onWillDestroy, onWillStart, useExternalListener, useRef, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { CheckboxItem } from "@web/core/dropdown/checkbox_item";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { _t } from "@web/core/l10n/translation";
import { RPCError } from "@web/core/network/rpc";
import { usePopover } from "@web/core/popover/popover_hook";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { debounce } from "@web/core/utils/timing";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { BoardCells } from "../board_cells/board_cells";
import { BoardModel } from "../board_model";
import { REQUESTS } from "../board_states";
import { RequestDialog } from "../request_dialog/request_dialog";
import { UnitCard } from "../unit_card/unit_card";

const LAST_PROJECT = "property_board.project";
const LAST_BUILDING = "property_board.building";
const CARD_DELAY = 180;
const CHANGES_DELAY = 150;
const SEARCH_DELAY = 120;
const LONG_PRESS = 450;
const PRESS_SLACK = 10;
// A column narrower than this is not legible; the board scrolls sideways instead.
const WIDE_COLUMNS = 12;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The sales-control board (销控图): a building's floors and units, live, with what sales control does to them. */
export class PropertyBoard extends Component {
    static template = "property_customer_service.PropertyBoard";
    static components = { BoardCells, CheckboxItem, Dropdown, Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.busService = useService("bus_service");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.ui = useService("ui");
        this.searchRef = useRef("search");
        this.gridRef = useRef("grid");
        this.display = { controlPanel: {} };
        this.hoverCard = usePopover(UnitCard, {
            animation: false, arrow: false, closeOnClickAway: true, popoverClass: "o_property_hover_card",
            position: "right-start", setActiveElement: false,
        });
        this.sheet = usePopover(UnitCard, { useBottomSheet: true });
        // `tick` draws the board again after the model, which is not reactive, has changed.
        this.state = useState({
            loading: true, tick: 0, projects: [], buildings: [], projectId: false, buildingId: false, stair: false,
            selecting: false, connected: true,
        });
        this.board = null;
        this.anchor = null;
        this.channel = null;
        this.changes = { running: false, again: false };

        this.onSearch = debounce((value) => this.draw(() => {
            this.board.search = value;
            this.board.refilter();
        }), SEARCH_DELAY);
        this.readChangesSoon = debounce(() => this.readChanges(), CHANGES_DELAY);
        this.onBus = ({ building, version }) => {
            if (building === this.state.buildingId && !(version <= this.board?.version)) {
                this.readChangesSoon();
            }
        };
        this.busService.subscribe("property_board", this.onBus);
        useBus(this.busService, "BUS:RECONNECT", () => this.onConnection(true));
        useBus(this.busService, "BUS:CONNECT", () => this.onConnection(true));
        useBus(this.busService, "BUS:DISCONNECT", () => this.onConnection(false));
        useExternalListener(window, "keydown", this.onWindowKeydown);
        useSetupAction({
            getLocalState: () => ({
                buildingId: this.state.buildingId,
                filters: this.board?.getFilters(),
                scroll: this.gridRef.el && [this.gridRef.el.scrollLeft, this.gridRef.el.scrollTop],
            }),
        });
        onWillStart(() => this.loadBuildings());
        onMounted(() => {
            const [left, top] = this.props.state?.scroll || [];
            this.gridRef.el?.scrollTo({ left, top });
        });
        onPatched(() => this.focusPending());
        onWillDestroy(() => {
            clearTimeout(this.cardTimer);
            clearTimeout(this.pressTimer);
            this.onSearch.cancel();
            this.readChangesSoon.cancel();
            this.busService.unsubscribe("property_board", this.onBus);
            this.listenTo(null);
        });
    }

    /** Changes the model and draws what has changed. */
    draw(change) {
        change();
        this.state.tick++;
    }

    // -------------------------------------------------------------------------
    // Reading
    // -------------------------------------------------------------------------

    async loadBuildings() {
        const buildings = await this.orm.searchRead("property.building", [], ["name", "project_id", "unit_count"]);
        this.buildings = buildings;
        const projects = new Map(buildings.map(({ project_id: [id, name] }) => [id, name]));
        this.state.projects = [...projects].map(([id, name]) => ({ id, name }));
        const { context = {}, params = {} } = this.props.action;
        const wanted = this.props.state?.buildingId || params.building_id
            || (context.active_model === "property.building" && context.active_id);
        const asked = buildings.find((building) => building.id === wanted);
        const project = asked?.project_id[0] || Number(browser.localStorage.getItem(LAST_PROJECT));
        if (projects.size) {
            await this.chooseProject(projects.has(project) ? project : this.state.projects[0].id, asked?.id);
        }
        this.state.loading = false;
    }

    async chooseProject(projectId, buildingId = null) {
        this.state.projectId = projectId;
        this.state.buildings = this.buildings.filter((building) => building.project_id[0] === projectId);
        browser.localStorage.setItem(LAST_PROJECT, projectId);
        const last = buildingId || Number(browser.localStorage.getItem(`${LAST_BUILDING}.${projectId}`));
        const building = this.state.buildings.find(({ id }) => id === last)
            || this.state.buildings.find((each) => each.unit_count) || this.state.buildings[0];
        await this.chooseBuilding(building.id);
    }

    async chooseBuilding(buildingId) {
        this.closeCard();
        this.state.buildingId = buildingId;
        browser.localStorage.setItem(`${LAST_BUILDING}.${this.state.projectId}`, buildingId);
        // First the channel: what changes while the board is read is not missed.
        this.listenTo(`property_board_${buildingId}`);
        await this.readBoard();
    }

    async readBoard() {
        const buildingId = this.state.buildingId;
        const kept = this.board?.building.id === buildingId ? this.board.getFilters() : this.props.state?.filters;
        const data = await this.orm.call("property.building", "get_board", [buildingId]);
        if (buildingId !== this.state.buildingId) {
            return; // Another building was chosen meanwhile.
        }
        const board = new BoardModel(data);
        if (kept) {
            board.setFilters(kept);
        }
        this.board = board;
        this.anchor = null;
        this.state.stair = board.stairs.some(({ name }) => name === this.state.stair) ? this.state.stair : board.stairs[0]?.name;
        this.state.selecting = false;
        this.state.tick++;
    }

    /** One request at a time; what is announced meanwhile is read after it. */
    async readChanges() {
        const { board, changes } = this;
        if (!board) {
            return;
        }
        if (changes.running) {
            changes.again = true;
            return;
        }
        Object.assign(changes, { running: true, again: false });
        try {
            const answer = await this.orm.silent.call(
                "property.building", "get_board_changes", [board.building.id, board.version]);
            if (board !== this.board) {
                return; // Another building was chosen meanwhile.
            }
            if (answer.reload || !board.applyChanges(answer)) {
                await this.readBoard();
            } else if (answer.units.length) {
                this.closeCard();
                this.state.tick++;
            }
        } finally {
            changes.running = false;
        }
        if (changes.again) {
            this.readChangesSoon();
        }
    }

    listenTo(channel) {
        if (this.channel) {
            this.busService.deleteChannel(this.channel);
        }
        this.channel = channel;
        this.changes = { running: false, again: false };
        if (channel) {
            this.busService.addChannel(channel);
        }
    }

    onConnection(connected) {
        this.state.connected = connected;
        if (connected && this.board) {
            this.readChangesSoon();
        }
    }

    // -------------------------------------------------------------------------
    // What is shown
    // -------------------------------------------------------------------------

    get project() {
        return this.state.projects.find(({ id }) => id === this.state.projectId);
    }

    /** The elevation's stairs: on a phone one at a time. */
    isShownStair(name) {
        return !this.ui.isSmall || this.board.stairs.length < 2 || name === this.state.stair;
    }

    get shownStairs() {
        return this.board.stairs.filter(({ name }) => this.isShownStair(name));
    }

    get elevationStyle() {
        const stairs = this.shownStairs;
        const columns = stairs.reduce((sum, { columns }) => sum + columns.length, 0);
        const width = (cell) =>
            `calc(var(--label) + ${columns} * (${cell} + var(--cell-gap)) + ${stairs.length} * var(--stair-gap))`;
        return `min-width: ${width("var(--cell)")}; max-width: ${width("150px")}`;
    }

    groupStyle(count) {
        return `flex: ${count} 1 calc(${count} * (var(--cell) + var(--cell-gap))); grid-template-columns: repeat(${count}, minmax(0, 1fr))`;
    }

    get boardClass() {
        return this.board?.columnCount > WIDE_COLUMNS ? "o_board_wide" : "o_board_tall";
    }

    get soldText() {
        const { sold, total } = this.board.totals;
        return _t("%(sold)s of %(total)s sold", { sold, total });
    }

    get matchingText() {
        return _t("%s match", this.board.matching);
    }

    // -------------------------------------------------------------------------
    // Filters
    // -------------------------------------------------------------------------

    toggleFilter(menu, id) {
        this.draw(() => this.board.toggleFilter(menu, id));
    }

    clearFilters() {
        this.searchRef.el.value = "";
        this.draw(() => this.board.setFilters({}));
    }

    onSearchKeydown(ev) {
        if (ev.key === "Enter") {
            this.onSearch.cancel();
            this.draw(() => {
                this.board.search = ev.target.value;
                this.board.refilter();
            });
            this.moveFocus(this.board.firstUnit);
        } else if (ev.key === "Escape") {
            ev.stopPropagation();
            this.clearFilters();
            ev.target.blur();
        }
    }

    // -------------------------------------------------------------------------
    // Selection
    // -------------------------------------------------------------------------

    unitOf(ev) {
        const cell = ev.target.closest(".o_property_unit");
        return cell && this.board.units.get(Number(cell.dataset.id));
    }

    cellOf(unit) {
        return this.gridRef.el?.querySelector(`.o_property_unit[data-id="${unit.id}"]`);
    }

    selectUnit(unit, { keep, range } = {}) {
        this.draw(() => {
            if (range && this.anchor) {
                this.board.select(this.board.between(this.anchor, unit), { keep });
            } else {
                const alone = this.board.selection.size === 1 && unit.selected;
                this.board.select([unit], { keep, toggle: keep || alone });
                if (alone && !keep) {
                    this.board.select([]);
                }
                this.anchor = unit;
            }
            this.board.focus(unit);
        });
    }

    selectMatching() {
        this.draw(() => this.board.selectMatching());
        this.state.selecting = this.ui.isSmall;
    }

    clearSelection() {
        this.state.selecting = false;
        this.draw(() => this.board.select([]));
    }

    onClick(ev) {
        const unit = this.unitOf(ev);
        if (!unit || this.pressed) {
            this.pressed = false;
            return;
        }
        this.closeCard();
        if (ev.pointerType === "touch" || this.ui.isSmall) {
            if (this.state.selecting) {
                this.toggleOne(unit);
            } else {
                this.openSheet(unit);
            }
        } else {
            this.selectUnit(unit, { keep: ev.ctrlKey || ev.metaKey, range: ev.shiftKey });
        }
    }

    toggleOne(unit) {
        this.selectUnit(unit, { keep: true });
        this.state.selecting = Boolean(this.board.selection.size);
    }

    onDoubleClick(ev) {
        const unit = this.unitOf(ev);
        if (unit && !this.ui.isSmall) {
            this.openUnit(unit);
        }
    }

    onPointerDown(ev) {
        this.pressed = false;
        const unit = this.unitOf(ev);
        if (unit && ev.pointerType === "touch") {
            this.pressAt = [ev.clientX, ev.clientY];
            this.pressTimer = setTimeout(() => {
                this.pressed = true;
                browser.navigator.vibrate?.(20);
                this.toggleOne(unit);
            }, LONG_PRESS);
        }
    }

    onPointerMove(ev) {
        if (this.pressTimer && Math.hypot(ev.clientX - this.pressAt[0], ev.clientY - this.pressAt[1]) > PRESS_SLACK) {
            this.onPointerEnd();
        }
    }

    onPointerEnd() {
        clearTimeout(this.pressTimer);
        this.pressTimer = null;
    }

    onContextMenu(ev) {
        // A long press selects; at a desk the browser's menu stays.
        if (this.pressed || this.pressTimer) {
            ev.preventDefault();
        }
    }

    // -------------------------------------------------------------------------
    // Keyboard
    // -------------------------------------------------------------------------

    onWindowKeydown(ev) {
        const typing = ev.target.closest?.("input, textarea, select, [contenteditable]");
        if (ev.key === "/" && !typing && this.searchRef.el && !ev.ctrlKey && !ev.metaKey && !ev.altKey
                && this.ui.activeElement === document) {
            ev.preventDefault();
            this.searchRef.el.focus();
            this.searchRef.el.select();
        }
    }

    onGridKeydown(ev) {
        const unit = this.unitOf(ev);
        if (!unit) {
            return;
        }
        const arrow = ARROWS[ev.key];
        if (arrow) {
            const next = this.board.neighbour(unit, ...arrow, this.perLine(ev.target));
            if (next) {
                if (ev.shiftKey) {
                    this.anchor ||= unit;
                    this.draw(() => this.board.select(this.board.between(this.anchor, next)));
                }
                this.moveFocus(next);
            }
        } else if (ev.key === " ") {
            this.selectUnit(unit, { keep: true, range: ev.shiftKey });
        } else if (ev.key === "Enter") {
            this.openUnit(unit);
        } else if (ev.key === "Escape") {
            this.closeCard();
            this.clearSelection();
        } else if (ev.key === "a" && (ev.ctrlKey || ev.metaKey)) {
            this.selectMatching();
        } else {
            return;
        }
        ev.preventDefault();
        ev.stopPropagation();
    }

    /** How many cells a line of the wrapped grid around `cell` has. */
    perLine(cell) {
        const grid = cell.closest(".o_board_wrapped");
        return grid ? getComputedStyle(grid).gridTemplateColumns.split(" ").length : 1;
    }

    moveFocus(unit) {
        if (unit) {
            this.focusWanted = unit;
            this.draw(() => this.board.focus(unit));
        }
    }

    focusPending() {
        const unit = this.focusWanted;
        if (unit) {
            this.focusWanted = null;
            const cell = this.cellOf(unit);
            cell?.focus({ preventScroll: true });
            cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
            this.showCardSoon(unit);
        }
    }

    // -------------------------------------------------------------------------
    // Cards
    // -------------------------------------------------------------------------

    onMouseOver(ev) {
        const unit = this.unitOf(ev);
        if (unit !== this.hovered) {
            this.hovered = unit;
            this.closeCard();
            if (unit && !this.ui.isSmall) {
                this.showCardSoon(unit);
            }
        }
    }

    onMouseLeave() {
        this.hovered = null;
        this.closeCard();
    }

    showCardSoon(unit) {
        clearTimeout(this.cardTimer);
        this.cardTimer = setTimeout(() => {
            const cell = this.cellOf(unit);
            if (cell && !this.ui.isSmall && !this.pressTimer) {
                this.hoverCard.open(cell, { unit: this.board.describe(unit) });
            }
        }, CARD_DELAY);
    }

    closeCard() {
        clearTimeout(this.cardTimer);
        this.hoverCard.close();
    }

    openSheet(unit) {
        const actions = [
            { id: "open", label: _t("Open"), icon: "fa-external-link", run: () => this.openUnit(unit) },
            { id: "select", label: _t("Select"), icon: "fa-check-square-o", run: () => this.toggleOne(unit) },
            ...this.requestsFor([unit]).filter(({ units }) => units.length)
                .map(({ kind, label, icon }) => ({ id: kind, label, icon, run: () => this.askFor(kind, [unit]) })),
        ];
        this.sheet.open(this.cellOf(unit), { unit: this.board.describe(unit), actions });
    }

    // -------------------------------------------------------------------------
    // Actions
    // -------------------------------------------------------------------------

    /** What the user may ask for, with those of the units that it fits. */
    requestsFor(units) {
        return Object.entries(REQUESTS).filter(([kind]) => this.board.rights[kind]).map(([kind, request]) => ({
            kind,
            label: request.label,
            icon: request.icon,
            units: units.filter((unit) => request.from.includes(unit.state)),
        }));
    }

    get selectionRequests() {
        return this.requestsFor([...this.board.selection]);
    }

    askFor(kind, units) {
        const { approver } = this.board;
        this.dialog.add(RequestDialog, {
            kind,
            request: REQUESTS[kind],
            rooms: units.map((unit) => this.board.fullRoom(unit)),
            approver: (typeof approver === "string" ? approver : approver?.[kind]) || undefined,
            confirm: (values) => this.request(kind, units.map(({ id }) => id), values),
        });
    }

    async request(kind, ids, values) {
        try {
            const { message, type } = await this.orm.call(
                "property.unit.request", "request_from_board", [kind, ids, values]);
            this.notification.add(message, { type });
        } catch (error) {
            if (!(error instanceof RPCError) || !error.data?.message) {
                throw error;
            }
            this.notification.add(error.data.message, { type: "danger", sticky: true });
            return false;
        }
        this.clearSelection();
        this.readChangesSoon();
        return true;
    }

    openUnit(unit) {
        this.closeCard();
        return this.action.doAction({
            type: "ir.actions.act_window", res_model: "property.unit", res_id: unit.id, views: [[false, "form"]],
        });
    }

    openList() {
        return this.action.doAction({
            type: "ir.actions.act_window", res_model: "property.unit", name: _t("Selected Units"),
            domain: [["id", "in", [...this.board.selection].map(({ id }) => id)]], views: [[false, "list"], [false, "form"]],
        });
    }

    openUnits() {
        return this.action.doAction("property_customer_service.property_unit_action");
    }

    openProjects() {
        return this.action.doAction("property_customer_service.property_project_action");
    }

    print() {
        this.closeCard();
        window.print();
    }
}

registry.category("actions").add("property_customer_service.board", PropertyBoard);
