# shellcheck shell=bash
# lint [check...]                 format rooms lengths shell cppcheck tidy (all)

readonly CHECKS=(format rooms lengths shell cppcheck tidy)

lint_format() {
    find src tests bench -name node_modules -prune -o -name '*.[ch]' -print0 |
        xargs -0 -r clang-format --dry-run -Werror
}

lint_rooms() {
    python tools/check_rooms.py
}

lint_lengths() {
    python tools/check_lengths.py
}

lint_shell() {
    find dev .ci/run tools docker -name node_modules -prune -o \
        \( -name dev -o -name run -o -name '*.sh' \) -type f -print0 | xargs -0 -r shellcheck -x
}

lint_cppcheck() {
    cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr --error-exitcode=1 \
        --suppress=missingIncludeSystem --suppressions-list=tools/cppcheck.txt -D_GNU_SOURCE -I src -j "$(nproc)" src
}

lint_tidy() {
    need build
    if [ ! -f build/release/compile_commands.json ]; then
        cmake --preset release >/dev/null
    fi
    find src -name '*.c' -print0 | xargs -0 -n 4 -P "$(nproc)" clang-tidy --quiet -p build/release 2>/dev/null
}

command_lint() {
    need lint
    local checks=("$@") check failed=()
    [ ${#checks[@]} -gt 0 ] || checks=("${CHECKS[@]}")
    for check in "${checks[@]}"; do
        [[ " ${CHECKS[*]} " == *" $check "* ]] || die "lint: unknown check $check (${CHECKS[*]})"
        say "lint: $check"
        "lint_$check" || failed+=("$check")
    done
    [ ${#failed[@]} -eq 0 ] || die "lint failed: ${failed[*]}"
    say "lint: clean"
}
