# shellcheck shell=bash
# format                          format all C files

command_format() {
    need lint
    find src tests bench -name node_modules -prune -o -name '*.[ch]' -print0 | xargs -0 -r clang-format -i
}
