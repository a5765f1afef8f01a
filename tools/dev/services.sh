# shellcheck shell=bash
# A private MariaDB and a private Redis under var/, on unix sockets, stopped by their own pids.
# Sockets lie in $RUN, which is var/run unless that path is too long for a socket's address.

SERVICES=()

# service_start NAME COMMAND...: in a session of its own, so that Ctrl-C reaches ./dev alone and things stop in
# order; should ./dev be killed, the kernel stops the service.
service_start() {
    local name=$1
    shift
    setsid setpriv --pdeathsig TERM "$@" >>"var/log/$name.log" 2>&1 </dev/null 9>&- &
    SERVICES=("$!" "${SERVICES[@]}")
    echo "$!" >"$RUN/$name.pid"
}

# Youngest first: the gateway before what it stands on.
services_stop() {
    local pid
    for pid in "${SERVICES[@]}"; do
        kill -TERM "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    SERVICES=()
    rm -f "$RUN"/*.pid
}

# wait_for SECONDS WHAT COMMAND...: also ends when the youngest service has died.
wait_for() {
    local tries=$(($1 * 10)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ $((tries -= 1)) -le 0 ] || ! kill -0 "${SERVICES[0]}" 2>/dev/null; then
            die "$what does not answer; see var/log/"
        fi
        sleep 0.1
    done
}

services_prepare() {
    mkdir -p var/run var/log var/files
    RUN=$ROOT/var/run
    if [ ${#RUN} -gt 80 ]; then
        RUN=/tmp/portcullis-$(id -u)-$(echo "$ROOT" | cksum | cut -d' ' -f1)
        mkdir -p "$RUN"
        chmod 700 "$RUN"
    fi
    exec 9>"$RUN/lock"
    flock -n 9 || die "another ./dev run of this working copy is running"
}

sql() {
    mariadb --no-defaults --user=root --socket="$RUN/mysql.sock" --default-character-set=utf8mb4 "$@"
}

mariadb_start() {
    local user=()
    [ "$(id -u)" -ne 0 ] || user=(--user=root)
    if [ ! -d var/mysql/mysql ]; then
        say "Creating a database under var/mysql"
        rm -rf var/mysql
        mariadb-install-db --no-defaults --auth-root-authentication-method=normal --skip-test-db \
            "${user[@]}" --datadir="$ROOT/var/mysql" >var/log/mariadb-install.log 2>&1 ||
            die "mariadb-install-db failed; see var/log/mariadb-install.log"
    fi
    service_start mariadb mariadbd --no-defaults "${user[@]}" --datadir="$ROOT/var/mysql" \
        --socket="$RUN/mysql.sock" --skip-networking --skip-log-bin --character-set-server=utf8mb3 \
        --innodb-buffer-pool-size=256M --innodb-flush-log-at-trx-commit=2 --max-connections=300
    wait_for 60 MariaDB sql -e 'SELECT 1'
}

redis_start() {
    service_start redis redis-server --port 0 --unixsocket "$RUN/redis.sock" --save '' --appendonly no \
        --dir "$ROOT/var"
    wait_for 10 Redis redis-cli -s "$RUN/redis.sock" ping
}

# Loads structure and demo rows into the database whmcs, unless these very files were loaded before.
demo_load() {
    local now file
    now=$(cat schema/structure/*.sql schema/demo/*.sql | sha256sum | cut -d' ' -f1)
    if [ "$(cat var/mysql/demo.sum 2>/dev/null || true)" = "$now" ]; then
        return
    fi
    say "Loading structure and demo rows"
    rm -f var/mysql/demo.sum
    sql -e 'DROP DATABASE IF EXISTS whmcs; CREATE DATABASE whmcs CHARACTER SET utf8mb3'
    for file in schema/structure/*.sql schema/demo/*.sql; do
        sql whmcs <"$file" || die "cannot load $file"
    done
    rm -rf var/files/demo
    cp -r schema/demo/files var/files/demo
    echo "$now" >var/mysql/demo.sum
}
