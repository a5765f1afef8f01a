# shellcheck shell=bash
# build [preset] [target...]      build a preset of CMakePresets.json (release)

command_build() {
    build "${1:-release}" "${@:2}"
}
