# shellcheck shell=bash
# The one installer. Sourced by docker/run, docker/odoo-bin and tests/*; it defines functions and
# runs nothing by itself. Everything it makes lies in a cache outside the checkout, keyed by version,
# built in a temporary place and renamed when whole, so that an interrupted run is simply repeated.
#
# Settings, all optional (environment):
#   ODOO_SRC       an existing Odoo 19 checkout or unpacked tree, instead of Debian's package
#   DEBIAN_MIRROR  where Debian is fetched from, instead of this machine's own apt mirror
#   PROPERTY_CACHE the cache folder          [${XDG_CACHE_HOME:-~/.cache}/property-customer-service]
#   PGHOST, PGPORT, PGUSER, PGPASSWORD   a PostgreSQL of yours, instead of a private one
#   PORT           the port to serve on      [8069]
#   PROPERTY_KEY_FILE   the keys of the encrypted numbers  [property.keys in the cache's data folder, made when missing]

set -euo pipefail
umask 022

REPO_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
ADDONS_DIR=$REPO_DIR/addons
CACHE_DIR=${PROPERTY_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/property-customer-service}
LOG_DIR=$CACHE_DIR/log
BUILD_LOG=$LOG_DIR/install.log
DISK_NEEDED_MB=3072
ODOO_PACKAGES='odoo-19 libjs-jquery libjs-jquery-form libjs-underscore fonts-roboto-unhinted
    fonts-montserrat fonts-inconsolata fonts-ocr-b'
# The modules that stand below our addons. They are installed first and without Odoo's own
# (English) demo data; the Chinese chart is what the demo company uses, not a dependency of ours.
BASE_MODULES=crm,calendar,portal,account,account_payment,rating,phone_validation,l10n_cn

# our_modules [test]: the addons of this repository; with "test" the ones of test-only models too.
our_modules() {
    local manifest name names=()
    for manifest in "$ADDONS_DIR"/*/__manifest__.py; do
        name=$(basename "${manifest%/*}")
        if [ "${1:-}" = test ] || [[ $name != test_* ]]; then names+=("$name"); fi
    done
    (IFS=,; printf '%s' "${names[*]}")
}

say() { printf '%s\n' "$*" >&2; }
die() { say "Error: $*"; exit 1; }

# at_exit COMMAND: run it when the script ends, however it ends; the newest first.
AT_EXIT=()
at_exit() { AT_EXIT+=("$1"); }

end_script() {
    local status=$? i
    trap - EXIT
    trap '' INT TERM HUP
    for ((i = ${#AT_EXIT[@]} - 1; i >= 0; i--)); do ${AT_EXIT[i]} || true; done
    exit "$status"
}
trap end_script EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# spawn COMMAND…: start it in a process group of its own, so that one signal ends all of it and the
# terminal's Ctrl-C reaches this script alone. Sets SPAWNED.
spawn() {
    set -m
    "$@" </dev/null &
    SPAWNED=$!
    set +m
}

# stop_group PID: end a spawned process and all that it started; wait until it is gone.
stop_group() {
    local i
    kill -TERM -- "-$1" 2>/dev/null || return 0
    for ((i = 0; i < 100; i++)); do
        kill -0 -- "-$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

STEP_PID=
stop_step() {
    [ -n "$STEP_PID" ] || return 0
    say
    say 'Interrupted; run it again to go on.'
    stop_group "$STEP_PID"
}
at_exit stop_step

# step TEXT COMMAND…: run a long command into the log, with a line that moves while it works.
step() {
    local text=$1 started=$SECONDS spin='|/-\' i=0 next=30 status=0
    shift
    mkdir -p "$LOG_DIR"
    printf '\n=== %s: %s\n' "$text" "$*" >>"$BUILD_LOG"
    spawn "$@" >>"$BUILD_LOG" 2>&1
    STEP_PID=$SPAWNED
    while kill -0 "$STEP_PID" 2>/dev/null; do
        if [ -t 2 ]; then
            printf '\r  %s %s (%d s) ' "${spin:i++%4:1}" "$text" $((SECONDS - started)) >&2
        elif [ $((SECONDS - started)) -ge "$next" ]; then
            printf '  … %s (%d s)\n' "$text" $((SECONDS - started)) >&2
            next=$((next + 30))
        fi
        # Short steps are over at once; long ones need no haste.
        sleep "$((SECONDS - started < 5 ? 0 : 1)).1" &
        wait $! 2>/dev/null || true
    done
    wait "$STEP_PID" || status=$?
    STEP_PID=
    [ ! -t 2 ] || printf '\r' >&2
    if [ "$status" != 0 ]; then
        printf '  ✗ %s\n' "$text" >&2
        return 1
    fi
    printf '  ✓ %s (%d s)\n' "$text" $((SECONDS - started)) >&2
}

# why_failed: the telling line of the last step's log, for a one-sentence error; what the network or
# the disk did explains what came of it.
why_failed() {
    local log line
    log=$(tac "$BUILD_LOG" 2>/dev/null | sed '/^=== /q')
    line=$(grep -m 1 -E 'Could not (resolve|connect)|Temporary failure|Connection refused|Network is unreachable|No space left' <<<"$log" ||
        grep -m 1 -E '^(E:|W: Failed|ERROR|error:|Could not|pg_restore: error|pg_dump: error|tar: |cp: )' <<<"$log" || true)
    line=${line#"${line%%[![:space:]]*}"}
    printf '%s' "${line:-see $BUILD_LOG}"
}

free_mb() { df -Pm "$1" | awk 'NR == 2 {print $4}'; }

check_disk() {
    mkdir -p "$CACHE_DIR" "$LOG_DIR" || die "cannot write to the cache folder $CACHE_DIR; set PROPERTY_CACHE to a folder of yours."
    local free
    free=$(free_mb "$CACHE_DIR")
    [ "$free" -ge "$DISK_NEEDED_MB" ] ||
        die "$CACHE_DIR has only $free MB free and the installation needs $DISK_NEEDED_MB MB; free some space or set PROPERTY_CACHE to another disk."
}

# ---------------------------------------------------------------- system packages

pg_bin() {  # the newest PostgreSQL server's bin folder, or nothing
    find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -t/ -k5 -V | while read -r d; do
        [ -x "$d/initdb" ] && echo "$d"
    done | tail -n 1
}

missing_packages() {
    local missing=()
    python3 -c 'import venv, ensurepip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || missing+=(python3 python3-venv)
    [ -n "${PGHOST:-}" ] || [ -n "$(pg_bin)" ] || missing+=(postgresql)
    command -v psql >/dev/null || missing+=(postgresql-client)
    command -v xz >/dev/null || missing+=(xz-utils)
    [ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
    command -v setpriv >/dev/null || missing+=(util-linux)
    ldconfig -p 2>/dev/null | grep -q libmagic.so.1 || [ -n "$(find /usr/lib -name 'libmagic.so.1' 2>/dev/null | head -n 1)" ] || missing+=(libmagic1)
    [ -n "$(find /usr/share/fonts -iname '*cjk*' -o -iname 'wqy-*' 2>/dev/null | head -n 1)" ] || missing+=(fonts-noto-cjk)
    if ! command -v wkhtmltopdf >/dev/null && apt_has wkhtmltopdf; then missing+=(wkhtmltopdf); fi
    if [ "${1:-}" = tests ]; then
        command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
        command -v pdftoppm >/dev/null || missing+=(poppler-utils)
    fi
    printf '%s\n' "${missing[@]}"
}

apt_has() { [[ $(LC_ALL=C apt-cache policy "$1" 2>/dev/null) == *'Candidate: '[!\(]* ]]; }

as_root() {
    local sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo -n)
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
}

apt_run() {
    as_root apt-get -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@"
}

install_system() {
    local list want
    list=$(missing_packages "${1:-}" | xargs)
    # wkhtmltopdf is known to apt only once it has lists; a bare machine has none.
    [ -n "$list" ] || return 0
    if ! command -v apt-get >/dev/null; then
        die "this machine has no apt; install these yourself and run again: $list"
    fi
    if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
        die "these packages are missing and this account may not install them: ask an administrator for 'apt-get install $list', then run again."
    fi
    check_disk
    step 'Reading the package lists' apt_run update || die "the package lists could not be fetched ($(why_failed)); check the network and apt's sources."
    want=$(missing_packages "${1:-}" | xargs)
    step "Installing system packages: $want" install_packages "$want" ||
        die "a system package could not be installed ($(why_failed)); check the network and apt's sources."
    list=$(missing_packages "${1:-}" | xargs)
    [ -z "$list" ] || die "these packages are still missing after the installation: $list; see $BUILD_LOG."
}

install_packages() {
    # Debian's postgresql makes and starts a cluster of its own unless told not to; ours is private.
    local conf=/etc/postgresql-common/createcluster.conf
    if [[ " $1 " == *' postgresql '* ]] && [ ! -e "$conf" ]; then
        as_root mkdir -p "${conf%/*}"
        printf 'create_main_cluster = false\n' | as_root tee "$conf" >/dev/null
    fi
    # What an interrupted installation left half done comes first.
    as_root dpkg --configure -a
    apt_run --fix-broken install
    # shellcheck disable=SC2086
    apt_run install --no-install-recommends $1
}

# ---------------------------------------------------------------- Odoo

# A private apt: own lists, own archive, this machine's mirror and Debian's own keys. apt checks the
# signature of the index and the SHA256 of every file for us, and knows about proxies. A mirror may be
# a frozen copy whose index is past its date; the signature still holds.
private_apt() {
    apt-get -o Dir::Etc::sourcelist="$APT_DIR/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::State::lists="$APT_DIR/lists" -o Dir::Cache="$APT_DIR/cache" \
        -o Dir::State::status="$APT_DIR/status" -o Acquire::Languages=none -o APT::Sandbox::User= \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Debug::NoLocking=1 \
        -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3 "$@"
}

debian_mirror() {
    if [ -n "${DEBIAN_MIRROR:-}" ]; then
        printf '%s' "${DEBIAN_MIRROR%/}"
    else
        apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2>/dev/null |
            awk '$2 !~ /security|updates|backports/ && $1 ~ /debian\/?$/ {sub(/\/$/, "", $1); print $1; exit}'
    fi
}

debian_codename() { (. /etc/os-release && printf '%s' "${VERSION_CODENAME:-bookworm}"); }

fetch_odoo() {
    local mirror prefix=$1 codename
    APT_DIR=$CACHE_DIR/apt
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || die "no Debian mirror is known to this machine's apt; set DEBIAN_MIRROR or ODOO_SRC."
    codename=$(debian_codename)
    mkdir -p "$APT_DIR/lists/partial" "$APT_DIR/cache/archives/partial" "$APT_DIR/debs"
    : >"$APT_DIR/status"
    {
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main"
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $codename main"
    } >"$APT_DIR/sources.list"
    step 'Reading the index that has Odoo 19' private_apt --error-on=any update ||
        die "the package index could not be read from $mirror ($(why_failed)); check the network or set DEBIAN_MIRROR."
    # Font Awesome must be 4.7, which is this release's; unstable's has other file names.
    # shellcheck disable=SC2086
    step 'Fetching Odoo 19 (130 MB)' in_dir "$APT_DIR/debs" private_apt download $ODOO_PACKAGES "fonts-font-awesome/$codename" ||
        die "Odoo 19 could not be fetched from $mirror ($(why_failed))."
    rm -rf "$prefix.tmp"
    mkdir -p "$prefix.tmp"
    step 'Unpacking Odoo 19' unpack_debs "$prefix.tmp" || die "Odoo 19 could not be unpacked ($(why_failed))."
    # Left out of Debian's package for its licence; it only blurs the background of video calls, but
    # a page that misses it reports a console error.
    local selfie=$prefix.tmp/usr/lib/python3/dist-packages/odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js
    if [ ! -e "$selfie" ]; then
        mkdir -p "${selfie%/*}"
        echo '/* not part of the Debian package */' >"$selfie"
    fi
    mend_links "$prefix.tmp"
    if [ -n "$(find "$prefix.tmp" -xtype l | head -n 1)" ]; then
        die "Odoo's package has a link to a file that is missing: $(find "$prefix.tmp" -xtype l | head -n 1)"
    fi
    rm -rf "$prefix"
    mv "$prefix.tmp" "$prefix"
    rm -rf "$APT_DIR"
}

# The fonts' packages rename their files from time to time (Inconsolata.otf became
# Inconsolata-Regular.otf in another folder): a link to a font goes to the font of that name.
mend_links() {
    local link name target
    find "$1" -xtype l -name '*.[ot]tf' | while read -r link; do
        name=$(basename "$(readlink "$link")")
        target=$(find "$1/usr/share/fonts" -name "${name%.*}-Regular.[ot]tf" -o -name "${name%.*}.[ot]tf" | head -n 1)
        if [ -n "$target" ]; then ln -sf "$(realpath --relative-to="${link%/*}" "$target")" "$link"; fi
    done
}

in_dir() { (cd "$1" && shift && "$@"); }

in_order() { "$1" && shift && "$@"; }

unpack_debs() {
    local deb
    for deb in "$APT_DIR"/debs/*.deb; do
        dpkg-deb -x "$deb" "$1" || return 1
    done
}

install_odoo() {
    if [ -n "${ODOO_SRC:-}" ]; then
        [ -e "$ODOO_SRC/odoo/release.py" ] || die "ODOO_SRC=$ODOO_SRC is not an Odoo source tree (no odoo/release.py in it)."
        grep -q 'version_info = (19, 0' "$ODOO_SRC/odoo/release.py" || die "ODOO_SRC=$ODOO_SRC is not Odoo 19."
        ODOO_DIR=$(cd "$ODOO_SRC" && pwd -P)
        return
    fi
    local prefix=$CACHE_DIR/odoo-19.0
    ODOO_DIR=$prefix/usr/lib/python3/dist-packages
    if [ ! -e "$ODOO_DIR/odoo/release.py" ]; then
        check_disk
        fetch_odoo "$prefix"
    fi
}

install_venv() {
    local key
    key=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')-$(sha256sum "$REPO_DIR/requirements.txt" | cut -c1-12)
    VENV_DIR=$CACHE_DIR/venv-$key
    if [ ! -e "$VENV_DIR/.complete" ]; then
        check_disk
        rm -rf "$VENV_DIR"
        step 'Making the virtualenv' python3 -m venv "$VENV_DIR" || die "the virtualenv could not be made ($(why_failed))."
        step 'Installing Python packages' "$VENV_DIR/bin/python" -m pip install --disable-pip-version-check --no-input -r "$REPO_DIR/requirements.txt" ||
            die "a Python package could not be installed ($(why_failed)); check the network and pip's settings."
        touch "$VENV_DIR/.complete"
    fi
    local pth
    pth=$(echo "$VENV_DIR"/lib/python3*/site-packages)/odoo-19.pth
    [ "$(cat "$pth" 2>/dev/null)" = "$ODOO_DIR" ] || echo "$ODOO_DIR" >"$pth"
    PYTHON=$VENV_DIR/bin/python
    # A command of its own: with workers Odoo starts itself again by the name it was called by.
    if [ ! -x "$VENV_DIR/bin/odoo" ]; then
        printf '#!%s\nfrom odoo.cli.command import main\nmain()\n' "$PYTHON" >"$VENV_DIR/bin/odoo.$$"
        chmod +x "$VENV_DIR/bin/odoo.$$"
        mv "$VENV_DIR/bin/odoo.$$" "$VENV_DIR/bin/odoo"
    fi
}

# ---------------------------------------------------------------- PostgreSQL

# PostgreSQL refuses to run as root, so there the cluster belongs to the postgres account, in a
# folder that this account can reach (a root's home is closed to it).
as_pg() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --init-groups "$@")
    else
        "$@"
    fi
}

start_postgres() {
    if [ -n "${PGHOST:-}" ]; then
        export PGHOST PGUSER=${PGUSER:-$(id -un)}
        psql -d postgres -Atc 'select 1' >/dev/null 2>>"$BUILD_LOG" ||
            die "the PostgreSQL at PGHOST=$PGHOST does not let $PGUSER in; see $BUILD_LOG."
        return
    fi
    local bin root data
    bin=$(pg_bin)
    root=$CACHE_DIR/postgres
    if [ "$(id -u)" = 0 ]; then root=${PROPERTY_PGROOT:-/var/lib/property-customer-service}; fi
    data=$root/$(basename "$(dirname "$bin")")
    mkdir -p "$root"
    if [ "$(id -u)" = 0 ]; then chown postgres:postgres "$root"; fi
    # Whoever uses the cluster holds a shared lock; the last one out stops it.
    exec {PG_USERS_FD}>"$root/users.lock"
    exec {PG_START_FD}>"$root/start.lock"
    flock "$PG_START_FD"
    flock -s "$PG_USERS_FD"
    if [ ! -e "$data/.complete" ]; then
        as_pg rm -rf "$data"
        step 'Making the private PostgreSQL' pg_close_fds as_pg "$bin/initdb" -D "$data" -U odoo -A trust -E UTF8 --locale=C.UTF-8 ||
            die "the private PostgreSQL could not be made ($(why_failed))."
        as_pg tee -a "$data/postgresql.conf" >/dev/null <<-EOF
			listen_addresses = ''
			unix_socket_directories = '$root'
			unix_socket_permissions = 0700
			max_connections = 200
			shared_buffers = 512MB
			work_mem = 32MB
			maintenance_work_mem = 256MB
			effective_cache_size = 2GB
			max_wal_size = 4GB
			synchronous_commit = off
			random_page_cost = 1.1
			jit = off
		EOF
        as_pg touch "$data/.complete"
    fi
    export PGHOST=$root PGPORT=5432 PGUSER=odoo
    unset PGDATABASE PGPASSWORD PGSERVICE
    PRIVATE_PG_DATA=$data
    at_exit stop_postgres
    if ! as_pg "$bin/pg_ctl" -D "$data" status >/dev/null 2>&1; then
        pg_close_fds as_pg "$bin/pg_ctl" -D "$data" -l "$root/server.log" -w -t 60 start >>"$BUILD_LOG" 2>&1 ||
            die "the private PostgreSQL does not start; see $root/server.log."
    fi
    flock -u "$PG_START_FD"
}

# The server outlives the script that starts it and must not inherit its locks.
pg_close_fds() (
    for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        [ "$fd" -lt 3 ] || [ "$fd" -gt 250 ] || eval "exec $fd>&-"
    done
    "$@"
)

stop_postgres() {
    [ -n "${PRIVATE_PG_DATA:-}" ] || return 0
    local data=$PRIVATE_PG_DATA
    PRIVATE_PG_DATA=
    flock "$PG_START_FD"
    flock -u "$PG_USERS_FD"
    if flock -n "$PG_USERS_FD"; then
        as_pg "$(pg_bin)/pg_ctl" -D "$data" -m fast -w stop >/dev/null 2>&1 || true
    fi
    flock -u "$PG_START_FD"
}

# ---------------------------------------------------------------- everything

# install [tests]: after it ODOO_DIR, PYTHON and CONF are set and the tools are there.
install_all() {
    mkdir -p "$CACHE_DIR" "$LOG_DIR" 2>/dev/null || die "cannot write to the cache folder $CACHE_DIR; set PROPERTY_CACHE to a folder of yours."
    exec {INSTALL_FD}>"$CACHE_DIR/install.lock"
    flock -n "$INSTALL_FD" || die "another installation is running in $CACHE_DIR; wait for it to end and run again."
    install_system "${1:-}"
    install_odoo
    install_venv
    exec {INSTALL_FD}>&-
    write_conf
    make_key_file
}

write_conf() {
    CONF_DIR=$CACHE_DIR/conf-$(printf '%s' "$REPO_DIR" | sha256sum | cut -c1-8)
    CONF=$CONF_DIR/odoo.conf
    DATA_DIR=$CACHE_DIR/data
    mkdir -p "$CONF_DIR" "$DATA_DIR"
    cat >"$CONF.$$" <<-EOF
		[options]
		addons_path = $ODOO_DIR/odoo/addons,$ADDONS_DIR
		data_dir = $DATA_DIR
		list_db = False
		admin_passwd = $(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
		server_wide_modules = base,rpc,web
		http_interface = 0.0.0.0
	EOF
    # An Odoo checkout keeps most addons in a second folder. (Debian's package has a folder of that
    # name too, but it holds only the Python half of the addons.)
    if [ ! -e "$ODOO_DIR/odoo/addons/web/__manifest__.py" ]; then
        sed -i "s|^addons_path = |&$ODOO_DIR/addons,|" "$CONF.$$"
    fi
    mv "$CONF.$$" "$CONF"
}

# The keys of the encrypted numbers lie beside the database and its files and never in them: docker/backup leaves them out.
make_key_file() {
    if [ -z "${PROPERTY_KEY_FILE:-}" ]; then
        PROPERTY_KEY_FILE=$DATA_DIR/property.keys
        # A link fails where another script was first, and whatever is there stays.
        if [ ! -e "$PROPERTY_KEY_FILE" ]; then
            (umask 077 && printf '%s:%s\n' "$(date -u +%Y%m%d)" "$(head -c 32 /dev/urandom | base64)" >"$PROPERTY_KEY_FILE.$$")
            ln "$PROPERTY_KEY_FILE.$$" "$PROPERTY_KEY_FILE" 2>/dev/null || true
            rm -f "$PROPERTY_KEY_FILE.$$"
        fi
    fi
    export PROPERTY_KEY_FILE
}

odoo_bin() { "$VENV_DIR/bin/odoo" "$@"; }

# odoo_run COMMAND_OR_OPTION…: Odoo's command line with our configuration in the right place.
odoo_run() {
    case ${1:-} in
        -* | '') odoo_bin -c "$CONF" "$@" ;;
        # Commands of addons are looked for before -c is read.
        *) local command=$1; shift; ODOO_RC=$CONF odoo_bin "$command" -c "$CONF" "$@" ;;
    esac
}

database_exists() { [ "$(psql -d postgres -Atc "select 1 from pg_database where datname = '$1'")" = 1 ]; }

# What the database is made from: the addons' files and Odoo itself.
code_hash() {
    (cd "$ADDONS_DIR" && find . -type f ! -name '*.pyc' ! -path '*/tests/*' ! -path '*/readme/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; echo "$ODOO_DIR") | sha256sum | cut -c1-16
}

# The modules below ours come from a template of their own, without demo data: made once per cache.
base_template() {
    BASE_TEMPLATE=property_base_tpl_$(printf '%s %s' "$ODOO_DIR" "$BASE_MODULES" | sha256sum | cut -c1-8)
    exec {TEMPLATE_FD}>"$CACHE_DIR/template.lock"
    flock -n "$TEMPLATE_FD" || { say '  waiting for another script that installs Odoo into a database…'; flock "$TEMPLATE_FD"; }
    if ! database_exists "$BASE_TEMPLATE"; then
        drop_database "${BASE_TEMPLATE}_tmp"
        step 'Installing Odoo into a database (2 min)' odoo_run -d "${BASE_TEMPLATE}_tmp" -i "$BASE_MODULES" --load-language=zh_CN --stop-after-init --no-http --log-level=warn ||
            die "Odoo could not make a database; see $BUILD_LOG."
        rename_database "${BASE_TEMPLATE}_tmp" "$BASE_TEMPLATE"
    fi
    exec {TEMPLATE_FD}>&-
}

# build_database NAME [MODULES]: a new database with our addons and the Chinese demo data.
build_database() {
    local db=$1
    base_template
    copy_database "$BASE_TEMPLATE" "${db}_tmp"
    # Odoo loads demo data only where the modules below have theirs; they are marked so, which keeps
    # Odoo's English samples out and lets ours in.
    psql -d "${db}_tmp" -qAtc "update ir_module_module set demo = true where state = 'installed'"
    step "Installing the addons and the demo data into '$db'" odoo_run -d "${db}_tmp" -i "${2:-$(our_modules)}" --with-demo --stop-after-init --no-http --log-level=warn ||
        die "the addons could not be installed; see $BUILD_LOG."
    local without
    without=$(psql -d "${db}_tmp" -Atc "select string_agg(name, ', ') from ir_module_module where state = 'installed' and demo is not true")
    [ -z "$without" ] || die "the demo data of $without could not be loaded; see $BUILD_LOG."
    # Or the first page that anybody opens waits for it.
    step 'Compiling the styles and scripts' compile_assets "${db}_tmp" ||
        die "the styles and scripts could not be compiled; see $BUILD_LOG."
    remember_code "${db}_tmp"
    rename_database "${db}_tmp" "$db"
}

compile_assets() {
    odoo_run shell -d "$1" --no-http --log-level=warn <<-'PYTHON'
		env["ir.qweb"]._pregenerate_assets_bundles()
		env.cr.commit()
	PYTHON
}

# ensure_database NAME [MODULES]: build it where it is missing, update it where the addons changed.
ensure_database() {
    local db=$1 modules=${2:-$(our_modules)}
    if ! database_exists "$db"; then
        build_database "$db" "$modules"
    elif [ "$(psql -d "$db" -Atc "select value from ir_config_parameter where key = 'property.code_hash'")" != "$(code_hash)" ]; then
        step "The addons have changed: updating '$db'" odoo_run -d "$db" -i "$modules" -u property_base --with-demo --stop-after-init --no-http --log-level=warn ||
            die "the database could not be updated; see $BUILD_LOG (or make a new one)."
        remember_code "$db"
    fi
}

remember_code() {
    psql -d "$1" -qAtc "insert into ir_config_parameter (key, value) values ('property.code_hash', '$(code_hash)') on conflict (key) do update set value = excluded.value"
}

rename_database() {  # rename_database FROM TO: rows and files; what was called TO is gone
    drop_database "$2"
    if [ -d "$DATA_DIR/filestore/$1" ]; then mv "$DATA_DIR/filestore/$1" "$DATA_DIR/filestore/$2"; fi
    psql -d postgres -qAtc "alter database \"$1\" rename to \"$2\"" >>"$BUILD_LOG" 2>&1 ||
        die "the database '$1' could not be renamed to '$2'; see $BUILD_LOG."
}

copy_database() {  # copy_database FROM TO: rows and files
    drop_database "$2"
    psql -d postgres -qAtc "create database \"$2\" template \"$1\"" >>"$BUILD_LOG" 2>&1 ||
        die "the database '$1' could not be copied to '$2': close what is connected to it and run again."
    mkdir -p "$DATA_DIR/filestore"
    if [ -d "$DATA_DIR/filestore/$1" ]; then cp -al "$DATA_DIR/filestore/$1" "$DATA_DIR/filestore/$2"; fi
}

drop_database() {
    psql -d postgres -qAtc "drop database if exists \"$1\" with (force)" >>"$BUILD_LOG" 2>&1
    rm -rf "${DATA_DIR:?}/filestore/$1"
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port FROM: the first port from there on that nobody listens on.
free_port() {
    local port=$1
    while port_taken "$port"; do port=$((port + 1)); done
    echo "$port"
}

# use_installation: PostgreSQL and DATA_DIR, the caller's own or those of docker/run.
use_installation() {
    if [ -n "${DATA_DIR:-}" ]; then
        mkdir -p "$LOG_DIR" 2>/dev/null || die "cannot write to $LOG_DIR; set PROPERTY_CACHE to a folder of yours."
    else
        install_all
    fi
    start_postgres
}
