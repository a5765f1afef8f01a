# shellcheck shell=bash
# run [address:port]              start the gateway with demo data on 127.0.0.1:8080 (or PORTCULLIS_LISTEN)

# shellcheck source=tools/dev/services.sh
. tools/dev/services.sh

readonly DEMO_PASSWORD_MD5=fe01ce2a7fbac8fafaed7c982a04e229 # of "demo"

port_is_taken() {
    (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null
}

print_invitation() {
    local base="http://$1/modules/addons/wbteampro"
    cat <<TEXT

portcullis is running, with the demo company's data. Ctrl-C stops it.

  Sandbox      $base/sandbox/
  Reference    $base/reference/
  Docs         $base/docs/
  API          $base/api.php/v1
  Demo login   demo / demo
  Database     mariadb --socket=$RUN/mysql.sock --user=root whmcs

Try project 100, then its actions, topics, files, timelogs and whmcstickets:

  curl -s '$base/api.php/v1/projects/100/json?username=demo&password=$DEMO_PASSWORD_MD5'
  curl -s '$base/api.php/v1/projects/100/actions/xml?username=demo&password=$DEMO_PASSWORD_MD5'

TEXT
}

# A shell that starts a job in the background has it ignore SIGINT, and an ignored signal cannot be trapped.
heed_interrupts() {
    local ignored
    ignored=$(sed -n 's/^SigIgn:[[:space:]]*//p' /proc/self/status)
    if ((16#$ignored & 2)); then
        exec env --default-signal=INT "$ROOT/dev" run "$@"
    fi
}

command_run() {
    heed_interrupts "$@"
    local listen=${1:-${PORTCULLIS_LISTEN:-127.0.0.1:8080}} gateway
    need build run
    build release portcullis || die "the build failed; what the compiler says stands above"
    if port_is_taken "$listen"; then
        die "$listen is taken by another program. Choose another: ./dev run 127.0.0.1:8081"
    fi
    services_prepare
    trap services_stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    mariadb_start
    redis_start
    demo_load
    say "Starting the gateway on $listen"
    unset PORTCULLIS_LISTEN
    setsid setpriv --pdeathsig TERM build/release/portcullis serve \
        -o server.listen="$listen" -o mysql.socket="$RUN/mysql.sock" -o mysql.user=root -o mysql.database=whmcs \
        -o redis.url="unix://$RUN/redis.sock" -o files.root="$ROOT/var/files" \
        -o remote.config_allow=CompanyName,DateFormat 9>&- </dev/null &
    gateway=$!
    SERVICES=("$gateway" "${SERVICES[@]}")
    wait_for 15 "the gateway" port_is_taken "$listen"
    print_invitation "$listen"
    local code=0
    wait "$gateway" || code=$?
    die "the gateway ended by itself with code $code"
}
