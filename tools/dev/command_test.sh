# shellcheck shell=bash
# test [part] [pytest arguments]  run the tests: all, or unit, api [--sanitize asan|tsan|none], faults, browser, fuzz

readonly RESULTS=var/results

# ASan and TSan write to files, so that no report is lost in a log that nobody reads. (gcc's UBSan beside ASan keeps to
# standard error, ends the program there, and the API tests look for its words.)
sanitizer_settings() {
    local log=$ROOT/$RESULTS/sanitizer
    export ASAN_OPTIONS=log_path=$log:detect_leaks=1:detect_stack_use_after_return=1
    export UBSAN_OPTIONS=log_path=$log:print_stacktrace=1:halt_on_error=1
    export TSAN_OPTIONS=log_path=$log:halt_on_error=0:second_deadlock_stack=1:suppressions=$ROOT/tests/support/tsan.supp
}

test_unit() {
    build asan
    touch "$RESULTS/unit-asan.started"
    say "Unit tests under ASan and UBSan"
    ctest --test-dir build/asan --output-on-failure -j "$(nproc)" --timeout 120 \
        --output-junit "$ROOT/$RESULTS/unit-asan.xml" || true
}

# Most API tests wait for timeouts and servers, so more of them than cores run side by side; each process has its own servers,
# and a file's tests stay in one. Tests of faults load the machine themselves.
readonly API_JOBS=${PORTCULLIS_TEST_JOBS:-4}
readonly FAULT_JOBS=2 BROWSER_JOBS=2

# test_python NAME PRESET FOLDER JOBS [pytest arguments]
test_python() {
    local name=$1 preset=$2 folder=$3 jobs=$4
    shift 4
    touch "$RESULTS/$name.started"
    build "$preset" portcullis || return 0
    say "$folder against the $preset build"
    PORTCULLIS_BINARY=$ROOT/build/$preset/portcullis python -m pytest "$folder" -q -p no:cacheprovider --tb=short --maxfail=40 \
        -n "$jobs" --dist loadfile --junitxml="$RESULTS/$name.xml" "$@" || true
}

test_api() {
    local presets=(asan tsan)
    if [ "${1:-}" = --sanitize ]; then
        presets=("${2:?asan, tsan or none}")
        shift 2
    fi
    npm ci --silent --prefix tests/openapi || true # a validator of OpenAPI documents; its tests fail without it
    local preset
    for preset in "${presets[@]/none/release}"; do
        test_python "api-$preset" "$preset" tests/api "$API_JOBS" "$@"
    done
}

test_faults() {
    compgen -G 'tests/faults/test_*.py' >/dev/null || return 0
    build release portcullis # its memory is measured, the sanitizers' is not
    test_python faults-asan asan tests/faults "$FAULT_JOBS" "$@"
}

# The sandbox in Chromium, against the build that people run; its screenshots stay under var/results/screenshots.
test_browser() {
    need browser
    touch "$RESULTS/browser.started"
    npm ci --silent --prefix tests/browser || return 0
    PORTCULLIS_SHOTS=$ROOT/$RESULTS/screenshots test_python browser release tests/browser "$BROWSER_JOBS" "$@"
}

test_fuzz() {
    touch "$RESULTS/fuzz.started"
    # A shell of its own, where an error ends it in spite of what stands behind it; reports stay in its log.
    env -u ASAN_OPTIONS -u UBSAN_OPTIONS -u TSAN_OPTIONS ./dev fuzz 15 || true
}

# Reports that the sanitizers left count, whatever the test around them thought of it.
sanitizer_verdict() {
    compgen -G "$RESULTS/sanitizer.*" >/dev/null || return 0
    touch "$RESULTS/sanitizer-reports.started"
    local file
    for file in "$RESULTS"/sanitizer.*; do
        printf 'failed\t%s\n' "$file" >>"$RESULTS/sanitizer-reports.tsv"
        head -60 "$file" >&2
    done
}

command_test() {
    local part=all
    if [[ ${1:--} != -* ]]; then
        part=$1
        shift
    fi
    [[ " all unit api faults browser fuzz " == *" $part "* ]] || die "test: unknown part $part (unit, api, faults, browser, fuzz)"
    need build run test
    rm -rf "$RESULTS"
    mkdir -p "$RESULTS"
    sanitizer_settings
    if [ "$part" = all ]; then
        test_unit
        test_api "$@"
        test_faults "$@"
        test_browser "$@"
        test_fuzz
    elif [ "$part" = unit ] || [ "$part" = fuzz ]; then
        "test_$part"
    else
        "test_$part" "$@"
    fi
    sanitizer_verdict
    python tools/sum_results.py "$RESULTS"
}
