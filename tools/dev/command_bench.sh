# shellcheck shell=bash
# bench [options]                 compare with PHP, Node and the limits (bench/README.md)

command_bench() {
    need build run bench
    build release
    exec bench/run "$@"
}
