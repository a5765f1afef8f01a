# shellcheck shell=bash
# clean [--all]                   remove build/; --all: var/ with its database and files too

command_clean() {
    rm -rf build
    if [ "${1:-}" = --all ]; then
        [ ! -f var/run/mariadb.pid ] || ! kill -0 "$(cat var/run/mariadb.pid)" 2>/dev/null ||
            die "./dev run is still running here: stop it first"
        rm -rf var
    fi
}
