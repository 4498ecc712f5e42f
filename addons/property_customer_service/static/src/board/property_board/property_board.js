import { Component, markRaw, onMounted, onPatched, onWillDestroy, onWillStart, reactive, useExternalListener, useRef, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { router } from "@web/core/browser/router";
import { CheckboxItem } from "@web/core/dropdown/checkbox_item";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { _t } from "@web/core/l10n/translation";
import { RPCError } from "@web/core/network/rpc";
import { usePopover } from "@web/core/popover/popover_hook";
import { registry } from "@web/core/registry";
import { SIZES } from "@web/core/ui/ui_service";
import { useBus, useService } from "@web/core/utils/hooks";
import { debounce } from "@web/core/utils/timing";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { BoardGrid } from "../board_grid/board_grid";
import { BoardModel } from "../board_model";
import { BoardPanel } from "../board_panel/board_panel";
import { REQUESTS } from "../board_states";
import { RequestDialog } from "../request_dialog/request_dialog";
import { UnitCard } from "../unit_card/unit_card";

const LAST_PROJECT = "property_board.project";
const LAST_BUILDING = "property_board.building";
const COMPACT = "property_board.compact";
// Longer than units pass under the pointer while the board scrolls: a card costs the browser as much as all of the board.
const POINT_DELAY = 90;
const CARD_DELAY = 180;
const DETAILS_DELAY = 120;
const DETAILS_FRESH = 20_000;
const CHANGES_DELAY = 150;
const COUNTS_DELAY = 1500;
const SEARCH_DELAY = 120;
const LONG_PRESS = 450;
const PRESS_SLACK = 10;
// The countdowns move, and whoever slept is noticed.
const HEARTBEAT = 20_000;
// No board is older than this, whatever happened to its messages.
const STALE = 120_000;
// Not all boards at once, when the clock opens a sale.
const JITTER = 2000;
const LONGEST_TIMER = 2 ** 31 - 1;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The sales-control board (销控图): a building's floors and units, live, with what sales control does to them. */
export class PropertyBoard extends Component {
    static template = "property_customer_service.PropertyBoard";
    static components = { BoardGrid, BoardPanel, CheckboxItem, Dropdown, Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.busService = useService("bus_service");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.ui = useService("ui");
        this.rootRef = useRef("root");
        this.searchRef = useRef("search");
        this.display = { controlPanel: {} };
        this.hoverCard = usePopover(UnitCard, {
            animation: false, arrow: false, closeOnClickAway: true, popoverClass: "o_property_hover_card",
            position: "right-start", setActiveElement: false,
        });
        this.sheet = usePopover(UnitCard, { useBottomSheet: true });
        // `tick` draws the board again after the model, which is not reactive, has changed.
        this.state = useState({
            loading: true, tick: 0, projects: [], buildings: [], projectId: false, buildingId: false, stair: false,
            selecting: false, connected: true, printing: false, news: "", compact: browser.localStorage.getItem(COMPACT) === "1",
        });
        // By itself, so that pointing at units draws nothing but the card.
        this.card = reactive({ unit: null, details: null });
        this.details = new Map();
        this.board = null;
        this.grid = null;
        this.anchor = null;
        this.channels = [];
        this.changes = { running: false, again: false };
        this.handlers = {
            click: (ev) => this.onClick(ev),
            dblclick: (ev) => this.onDoubleClick(ev),
            keydown: (ev) => this.onGridKeydown(ev),
            mouseover: (ev) => this.onMouseOver(ev),
            mouseleave: () => this.onMouseLeave(),
            focusin: (ev) => this.onFocusIn(ev),
            pointerdown: (ev) => this.onPointerDown(ev),
            pointermove: (ev) => this.onPointerMove(ev),
            pointerend: () => this.onPointerEnd(),
            contextmenu: (ev) => this.onContextMenu(ev),
        };
        this.registerGrid = (grid) => (this.grid = grid);
        this.onDrawn = () => {
            this.focusPending();
            this.printPending();
        };
        // On a phone all of the board scrolls, with the building in it.
        this.outerScroller = () => (this.ui.isSmall ? this.rootRef.el : null);

        this.onSearch = debounce((value) => this.draw(() => {
            this.board.search = value;
            this.board.refilter();
        }), SEARCH_DELAY);
        this.readChangesSoon = debounce(() => this.readChanges(), CHANGES_DELAY);
        this.readCountsSoon = debounce(() => this.readCounts(), COUNTS_DELAY);
        this.readDetailsSoon = debounce((unit) => this.readDetails(unit), DETAILS_DELAY);
        this.onBus = ({ building, version }) => {
            this.readCountsSoon();
            // A smaller version was over when this board was read, and is in it.
            if (building === this.state.buildingId && !(version < this.board?.version)) {
                this.readChangesSoon();
            }
        };
        this.busService.subscribe("property_board", this.onBus);
        useBus(this.busService, "BUS:RECONNECT", () => this.onConnection(true));
        useBus(this.busService, "BUS:CONNECT", () => this.onConnection(true));
        useBus(this.busService, "BUS:DISCONNECT", () => this.onConnection(false));
        useExternalListener(window, "keydown", this.onWindowKeydown);
        useExternalListener(document, "visibilitychange", () => this.onHeartbeat());
        this.heartbeat = browser.setInterval(() => this.onHeartbeat(), HEARTBEAT);
        useSetupAction({
            getLocalState: () => ({
                buildingId: this.state.buildingId,
                filters: this.board?.getFilters(),
                scroll: this.scroller && [this.scroller.scrollLeft, this.scroller.scrollTop],
            }),
        });
        onWillStart(() => this.loadBuildings());
        onMounted(() => {
            const [left, top] = this.props.state?.scroll || [];
            this.scroller?.scrollTo({ left, top });
        });
        onPatched(() => this.focusPending());
        onWillDestroy(() => {
            for (const timer of [this.pointTimer, this.cardTimer, this.pressTimer, this.clockTimer]) {
                browser.clearTimeout(timer);
            }
            browser.clearInterval(this.heartbeat);
            for (const soon of [this.onSearch, this.readChangesSoon, this.readCountsSoon, this.readDetailsSoon]) {
                soon.cancel();
            }
            this.busService.unsubscribe("property_board", this.onBus);
            this.listenTo([]);
        });
    }

    /** Changes the model and draws what has changed. */
    draw(change) {
        change();
        this.state.tick++;
    }

    get scroller() {
        return this.outerScroller() || this.grid?.rootRef.el;
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
            || (context.active_model === "property.building" && context.active_id) || Number(router.current.building_id);
        const asked = buildings.find((building) => building.id === wanted);
        const project = asked?.project_id[0] || Number(browser.localStorage.getItem(LAST_PROJECT));
        if (projects.size) {
            await this.chooseProject(projects.has(project) ? project : this.state.projects[0].id, asked?.id);
        }
        this.state.loading = false;
    }

    async chooseProject(projectId, buildingId = null) {
        this.state.projectId = projectId;
        this.state.buildings = this.buildings.filter((building) => building.project_id[0] === projectId)
            .map(({ id, name, unit_count: units }) => ({ id, name, units, available: null }));
        browser.localStorage.setItem(LAST_PROJECT, projectId);
        const last = buildingId || Number(browser.localStorage.getItem(`${LAST_BUILDING}.${projectId}`));
        const building = this.state.buildings.find(({ id }) => id === last)
            || this.state.buildings.find((each) => each.units) || this.state.buildings[0];
        // First the channels: what changes while the board is read is not missed.
        this.listenTo(this.state.buildings.map(({ id }) => `property_board_${id}`));
        await Promise.all([this.chooseBuilding(building.id), this.readCounts()]);
    }

    async chooseBuilding(buildingId) {
        this.closeCard();
        this.state.buildingId = buildingId;
        this.changes = { running: false, again: false };
        browser.localStorage.setItem(`${LAST_BUILDING}.${this.state.projectId}`, buildingId);
        router.pushState({ building_id: buildingId });
        await this.readBoard();
    }

    async readCounts() {
        const { projectId } = this.state;
        const counts = await this.orm.silent.call("property.building", "get_board_counts", [projectId]);
        if (projectId === this.state.projectId) {
            this.state.buildings = counts;
        }
    }

    async readBoard() {
        const buildingId = this.state.buildingId;
        const before = this.board?.building.id === buildingId ? this.board : null;
        const data = await this.orm.call("property.building", "get_board", [buildingId]);
        if (buildingId !== this.state.buildingId) {
            return; // Another building was chosen meanwhile.
        }
        const board = markRaw(new BoardModel(data));
        const filters = this.board ? this.board.getFilters() : this.props.state?.filters;
        if (filters) {
            board.setFilters(filters);
        }
        if (before) {
            const again = ({ id }) => board.units.get(id);
            board.select([...before.selection].map(again).filter(Boolean));
            board.focus(before.focused && again(before.focused));
        }
        this.board = board;
        this.anchor = null;
        this.details.clear();
        this.card.unit = null;
        this.state.stair = board.stairs.some(({ name }) => name === this.state.stair) ? this.state.stair : board.stairs[0]?.name;
        this.state.selecting = this.ui.isSmall && Boolean(board.selection.size);
        this.afterRead();
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
                "property.building", "get_board_changes", [board.building.id, board.version, board.cluster]);
            if (board !== this.board) {
                return; // Another building was chosen meanwhile.
            }
            const changed = answer.reload ? null : board.applyChanges(answer);
            if (!changed) {
                await this.readBoard();
                return;
            }
            this.afterRead();
            if (changed.length) {
                this.onChanged(changed);
            }
        } finally {
            changes.running = false;
        }
        if (changes.again) {
            this.readChangesSoon();
        }
    }

    onChanged(units) {
        const { board } = this;
        this.details.clear();
        this.state.news = units.length === 1 ? units[0].label : _t("%s units have changed", units.length);
        if (units.some(({ id }) => id === this.card.unit?.id)) {
            const unit = board.units.get(this.card.unit.id);
            this.card.unit = board.describe(unit);
            this.readDetailsSoon(unit);
        }
        this.state.tick++;
    }

    /** Sets the alarm for what the clock alone will change: a window of sale that opens, a permit that ends. */
    afterRead() {
        this.readAt = Date.now();
        browser.clearTimeout(this.clockTimer);
        const { nextChange } = this.board;
        if (nextChange !== null) {
            const delay = nextChange * 1000 + Math.random() * JITTER;
            this.clockTimer = browser.setTimeout(() => this.readBoard(), Math.min(delay, LONGEST_TIMER));
        }
    }

    listenTo(channels) {
        for (const channel of this.channels) {
            this.busService.deleteChannel(channel);
        }
        this.channels = channels;
        for (const channel of channels) {
            this.busService.addChannel(channel);
        }
    }

    onConnection(connected) {
        this.state.connected = connected;
        if (connected && this.board) {
            this.readChangesSoon();
            this.readCountsSoon();
        }
    }

    onHeartbeat() {
        if (document.visibilityState !== "visible" || !this.board) {
            return;
        }
        if (this.board.updateCountdowns()) {
            this.state.tick++;
        }
        // Asleep, or without its messages for whatever reason.
        if (Date.now() - this.readAt > STALE) {
            this.readChangesSoon();
            this.readCountsSoon();
        }
    }

    // -------------------------------------------------------------------------
    // What is shown
    // -------------------------------------------------------------------------

    /** The elevation's stairs: on a phone one at a time. */
    get shownStairs() {
        const names = this.board.stairs.map(({ name }) => name);
        return this.ui.isSmall && names.length > 1 && !this.state.printing ? [this.state.stair] : names;
    }

    get hasPanel() {
        return this.ui.size >= SIZES.XL;
    }

    get boardClass() {
        return this.board?.columnCount > 12 ? "o_board_wide" : "o_board_tall";
    }

    get soldText() {
        const { sold, total } = this.board.totals;
        return _t("%(sold)s of %(total)s sold", { sold, total });
    }

    get matchingText() {
        return _t("%s match", this.board.matching);
    }

    toggleCompact() {
        this.state.compact = !this.state.compact;
        browser.localStorage.setItem(COMPACT, this.state.compact ? "1" : "0");
    }

    onProjectChange(ev) {
        return this.chooseProject(Number(ev.target.value));
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
        this.showUnit(unit);
    }

    selectMatching() {
        this.draw(() => this.board.selectMatching());
        this.state.selecting = this.ui.isSmall;
    }

    clearSelection() {
        this.state.selecting = false;
        this.anchor = null;
        this.draw(() => this.board.select([]));
        this.showUnit(null);
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
            this.openUnit(unit.id);
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
        if (ev.key === "p" && (ev.ctrlKey || ev.metaKey) && this.board?.units.size) {
            ev.preventDefault();
            this.print();
            return;
        }
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
            const next = this.board.neighbour(unit, ...arrow);
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
            this.openUnit(unit.id);
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

    moveFocus(unit) {
        if (unit) {
            this.focusWanted = unit;
            this.draw(() => this.board.focus(unit));
        }
    }

    /** Brings the unit that is to have the focus into sight, and gives it the focus once it is drawn. */
    focusPending() {
        const unit = this.focusWanted;
        if (unit) {
            this.grid.scrollTo(unit);
            const cell = this.grid.cellOf(unit);
            if (cell) {
                this.focusWanted = null;
                cell.focus({ preventScroll: true });
            }
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
            if (unit) {
                this.showUnitSoon(unit);
            }
        }
    }

    onMouseLeave() {
        this.hovered = null;
        this.closeCard();
        // Back to what was clicked.
        this.showUnitSoon(this.anchor?.selected ? this.anchor : null);
    }

    onFocusIn(ev) {
        const unit = this.unitOf(ev);
        if (unit && ev.target.matches(":focus-visible")) {
            this.showUnitSoon(unit);
        }
    }

    showUnitSoon(unit) {
        browser.clearTimeout(this.pointTimer);
        this.pointTimer = browser.setTimeout(() => this.showUnit(unit), POINT_DELAY);
    }

    /** Shows a unit's card: in the panel, or beside its cell where there is no room for one. */
    showUnit(unit) {
        browser.clearTimeout(this.pointTimer);
        if (this.ui.isSmall || this.card.unit?.id === unit?.id) {
            return;
        }
        this.fillCard(unit);
        this.closeCard();
        if (unit && !this.hasPanel) {
            this.cardTimer = browser.setTimeout(() => {
                if (this.grid.cellOf(unit) && !this.pressTimer) {
                    this.hoverCard.open(this.grid.anchorOn(unit), { card: this.card });
                }
            }, CARD_DELAY);
        }
    }

    fillCard(unit) {
        const kept = unit && this.details.get(unit.id);
        const fresh = kept && Date.now() - kept.at < DETAILS_FRESH;
        this.card.unit = unit ? this.board.describe(unit) : null;
        this.card.details = fresh ? kept.details : null;
        if (unit && !fresh) {
            this.readDetailsSoon(unit);
        }
    }

    async readDetails(unit) {
        const details = await this.orm.silent.call("property.unit", "get_board_details", [unit.id]);
        this.details.set(unit.id, { at: Date.now(), details });
        if (this.card.unit?.id === unit.id) {
            this.card.details = details;
        }
    }

    closeCard() {
        browser.clearTimeout(this.cardTimer);
        this.hoverCard.close();
    }

    openSheet(unit) {
        const actions = [
            { id: "open", label: _t("Open the unit"), icon: "fa-external-link", run: () => this.openUnit(unit.id) },
            { id: "select", label: _t("Select"), icon: "fa-check-square-o", run: () => this.toggleOne(unit) },
            ...this.requestsFor([unit]).filter(({ units }) => units.length)
                .map(({ kind, label, icon }) => ({ id: kind, label, icon, run: () => this.askFor(kind, [unit]) })),
        ];
        this.fillCard(unit);
        // Unlike a popover a sheet does not hand its component the way to close it.
        this.sheet.open(this.grid.anchorOn(unit), { card: this.card, actions, close: () => this.sheet.close() });
    }

    goToUnit(unit) {
        if (unit.dim) {
            this.clearFilters();
        }
        this.draw(() => this.board.select([unit]));
        this.anchor = unit;
        this.moveFocus(unit);
    }

    // -------------------------------------------------------------------------
    // Actions
    // -------------------------------------------------------------------------

    /** What the user may ask for, with those of the units that it fits. */
    requestsFor(units) {
        const { rights } = this.board;
        return Object.entries(REQUESTS).filter(([kind]) => rights[kind]).map(([kind, request]) => ({
            kind,
            label: rights[kind] === "do" ? request.label : request.ask,
            icon: request.icon,
            units: units.filter((unit) => unit.state === request.from
                && (!request.ofHold || (unit.requestId && (unit.mine || rights.others)))),
        }));
    }

    get selectionRequests() {
        const units = [...this.board.selection];
        return this.requestsFor(units).filter((request) => request.units.length);
    }

    askFor(kind, units) {
        const { board } = this;
        const request = REQUESTS[kind];
        const holds = request.ofHold ? board.holdsOf(units) : undefined;
        this.dialog.add(RequestDialog, {
            request,
            rooms: units.map((unit) => board.fullRoom(unit)),
            holds,
            getApprover: (hours) => this.orm.silent.call("property.unit.request", "get_board_approver", [
                kind, request.timed ? hours : 0, board.building.project_id, (holds || []).map(({ id }) => id)]),
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

    openUnit(id) {
        this.closeCard();
        return this.action.doAction({
            type: "ir.actions.act_window", res_model: "property.unit", res_id: id, views: [[false, "form"]],
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

    /** All of the building is drawn first: on the screen only what is seen is. */
    print() {
        this.closeCard();
        this.printWanted = true;
        this.state.printing = true;
    }

    printPending() {
        if (this.printWanted && this.state.printing) {
            this.printWanted = false;
            window.print();
            this.state.printing = false;
        }
    }
}

registry.category("actions").add("property_customer_service.board", PropertyBoard);
