# shellcheck shell=bash
# fuzz [seconds] [target...]      run the fuzz targets, each for so many seconds (60)

# fuzz_one SECONDS TARGET: new inputs go to var/, the seeds stay as they are.
fuzz_one() {
    local seconds=$1 target=$2 folder new
    new=var/fuzz/$target
    mkdir -p "$new/corpus"
    local seeds=()
    for folder in "tests/fuzz/corpus/${target#fuzz_}" "tests/fuzz/corpus/${target#fuzz_*_}"; do
        [ ! -d "$folder" ] || seeds+=("$folder")
    done
    "build/fuzz/tests/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -verbosity=0 -artifact_prefix="$new/" "$new/corpus" "${seeds[@]}" >"$new/log" 2>&1
}

command_fuzz() {
    local seconds=${1:-60} target failed=0
    [[ $seconds =~ ^[0-9]+$ ]] || die "fuzz: seconds first, then targets"
    build fuzz
    local targets=("${@:2}")
    if [ ${#targets[@]} -eq 0 ]; then
        mapfile -t targets < <(cd tests/fuzz && printf '%s\n' fuzz_*.c | sed 's/\.c$//')
    fi
    mkdir -p var/results
    : >var/results/fuzz.tsv
    for target in "${targets[@]}"; do
        say "Fuzzing $target for $seconds s"
        if fuzz_one "$seconds" "$target"; then
            printf 'passed\t%s\n' "$target" >>var/results/fuzz.tsv
        else
            printf 'failed\t%s\n' "$target" >>var/results/fuzz.tsv
            tail -40 "var/fuzz/$target/log" >&2
            echo "What breaks it lies in var/fuzz/$target/" >&2
            failed=1
        fi
    done
    return "$failed"
}
