# shellcheck shell=bash
# container                       build the image with buildah and ask the gateway in it, database outside

readonly IMAGE=localhost/portcullis:latest
readonly BASE=docker.io/library/debian:bookworm-slim

# shellcheck source=tools/dev/services.sh
. tools/dev/services.sh

container_settings() {
    export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
    STORE=$ROOT/var/container
    PLACE=$(mktemp -d "${TMPDIR:-/tmp}/portcullis-container.XXXXXX")
    CONTAINER=
    mkdir -p "$STORE"
}

bud() {
    buildah --root "$STORE/storage" --runroot "$STORE/run" "$@"
}

container_clean() {
    services_stop
    [ -z "$CONTAINER" ] || bud rm "$CONTAINER" >/dev/null || true
    rm -rf "$PLACE"
}

# The base image is made from Debian's packages, so that no registry of images is asked.
base_image() {
    [ -z "$(bud images --quiet "$BASE" 2>/dev/null)" ] || return 0
    say "Making $BASE with debootstrap"
    debootstrap --variant=minbase bookworm "$PLACE/base" >"$STORE/debootstrap.log" 2>&1 ||
        die "debootstrap failed; see $STORE/debootstrap.log"
    rm -rf "$PLACE"/base/var/cache/apt/archives/*.deb
    local base
    base=$(bud from scratch)
    bud add --quiet "$base" "$PLACE/base" / >/dev/null
    bud config --cmd /bin/bash "$base"
    bud commit --quiet --rm "$base" "$BASE" >/dev/null
    rm -rf "$PLACE/base"
}

free_port() {
    python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

database_outside() {
    say "Starting a database outside the container"
    RUN=$PLACE
    mkdir -p var/log
    mariadb-install-db --no-defaults --auth-root-authentication-method=normal --skip-test-db --user="$(id -un)" \
        --datadir="$PLACE/mysql" >var/log/mariadb-install.log 2>&1 || die "mariadb-install-db failed"
    service_start mariadb mariadbd --no-defaults --user="$(id -un)" --datadir="$PLACE/mysql" --socket="$RUN/mysql.sock" \
        --bind-address=127.0.0.1 --port="$1" --skip-log-bin --character-set-server=utf8mb3
    wait_for 60 MariaDB sql -e 'SELECT 1'
    sql -e "CREATE DATABASE whmcs CHARACTER SET utf8mb3;
            CREATE USER gateway@'127.0.0.1' IDENTIFIED BY 'outside';
            GRANT SELECT, INSERT, UPDATE, DELETE ON whmcs.* TO gateway@'127.0.0.1'"
    cat schema/structure/*.sql schema/demo/*.sql | sql whmcs
}

# in_container COMMAND... (a shell of its own, replaced by buildah, so that its pid is buildah's): as the image's own user, with the image's environment and what is given here.
in_container() (
    printf outside >"$PLACE/password"
    chmod 644 "$PLACE/password"
    exec setpriv --pdeathsig TERM buildah --root "$STORE/storage" --runroot "$STORE/run" run \
        --volume "$PLACE/password:/run/secrets/mysql_password:ro" \
        --env PORTCULLIS_SERVER_LISTEN="127.0.0.1:$WEB_PORT" --env PORTCULLIS_ADMIN_LISTEN="127.0.0.1:$ADMIN_PORT" \
        --env PORTCULLIS_MYSQL_HOSTS="127.0.0.1:$SQL_PORT" --env PORTCULLIS_MYSQL_USER=gateway \
        --env PORTCULLIS_MYSQL_PASSWORD_FILE=/run/secrets/mysql_password --env PORTCULLIS_MYSQL_DATABASE=whmcs \
        "$CONTAINER" -- "$@"
)

container_ask() {
    curl -sf "http://127.0.0.1:$WEB_PORT/modules/addons/wbteampro/api.php/v1/projects/100/json?fields=project_id,project_name&username=demo&password=fe01ce2a7fbac8fafaed7c982a04e229"
}

# The gateway's own pid, told from others by the port that this run drew.
gateway_uid() {
    local pid
    for pid in $(pgrep -x portcullis); do
        if tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "PORTCULLIS_SERVER_LISTEN=127.0.0.1:$WEB_PORT"; then
            stat -c %u "/proc/$pid"
            return
        fi
    done
}

command_container() {
    [ "$(id -u)" -eq 0 ] || die "container: buildah's chroot isolation needs root"
    need container run
    container_settings
    trap container_clean EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    base_image
    say "Building $IMAGE"
    # npm within trusts what this machine trusts, such as a proxy's own certificate.
    bud bud --layers --pull-never --format docker --volume /etc/ssl/certs/ca-certificates.crt:/run/ca-certificates.crt:ro \
        --build-arg NODE_EXTRA_CA_CERTS=/run/ca-certificates.crt --file docker/Dockerfile --tag "$IMAGE" . >&2
    SQL_PORT=$(free_port) WEB_PORT=$(free_port) ADMIN_PORT=$(free_port)
    database_outside "$SQL_PORT"
    CONTAINER=$(bud from --pull-never "$IMAGE")
    say "Starting the gateway in the container"
    in_container /usr/bin/portcullis serve >var/log/container.log 2>&1 &
    SERVICES=("$!" "${SERVICES[@]}")
    wait_for 20 "the gateway in the container" container_ask
    container_ask
    echo
    local uid
    uid=$(gateway_uid)
    [ "$uid" = 10001 ] || die "the gateway runs as user ${uid:-unknown}, not 10001"
    in_container /usr/bin/portcullis healthcheck || die "the health check fails"
    say "The gateway in the container answered as user $uid, and is healthy"
}
