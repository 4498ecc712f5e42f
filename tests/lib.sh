# shellcheck shell=bash
# What tests/run, tests/lint, tests/i18n and tests/bench share. Sourced, runs nothing by itself.
. "$(dirname "${BASH_SOURCE[0]}")/../docker/install.sh"

# A run that was killed could not drop its databases; their names tell whose they were.
drop_orphans() {
    local db pid
    [ -n "${PRIVATE_PG_DATA:-}" ] || return 0
    psql -d postgres -Atc "select datname from pg_database where datname ~ '^property_test_[0-9]+'" | while read -r db; do
        pid=${db#property_test_}
        pid=${pid%%_*}
        kill -0 "$pid" 2>/dev/null || drop_database "$db"
    done
}

# The tests' own copies are called after their database, and go with it.
drop_test_databases() {
    local db
    psql -d postgres -Atc "select datname from pg_database where datname = '$TEST_DB' or datname like '${TEST_DB}\\_%'" | while read -r db; do
        drop_database "$db"
    done
}

test_tools() {
    install_all tests
    export PATH=$VENV_DIR/bin:$PATH PYTHONPATH=$REPO_DIR/tests
    cd "$REPO_DIR"
}

# test_database: a database with our addons and demo data, in TEST_DB. Without DB= it is made from
# nothing and dropped at the end; with DB=name it is kept, and brought up to date by the next run.
test_database() {
    test_tools
    start_postgres
    drop_orphans
    if [ -n "${DB:-}" ]; then
        TEST_DB=$DB
    else
        TEST_DB=property_test_$$
        at_exit drop_test_databases
    fi
    ensure_database "$TEST_DB" "$(our_modules test)"
    # What tests with servers of their own copy: a template must have nobody connected to it.
    copy_database "$TEST_DB" "${TEST_DB}_tpl"
}

# odoo_pytest ARGUMENT…: pytest with Odoo loaded on the test database.
odoo_pytest() {
    "$PYTHON" -m pytest --odoo-database="$TEST_DB" --odoo-config="$CONF" --odoo-http "$@"
}
