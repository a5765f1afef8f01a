# shellcheck shell=bash
# What the commands share: messages, Debian packages, builds.

# Debian's own: a Python put first on the PATH knows nothing of Debian's modules.
python() {
    /usr/bin/python3 "$@"
}

say() {
    printf '\033[1m==> %s\033[0m\n' "$*" >&2
}

die() {
    printf './dev: %s\n' "$*" >&2
    exit 1
}

# packages_of GROUP...: the packages of these groups of tools/packages.txt, one a line.
packages_of() {
    local group
    for group in "$@"; do
        sed -n "s/^$group: *//p" tools/packages.txt
    done | tr ' ' '\n' | sort -u
}

# A program of the package's name serves as well, however it came here (npm is also a part of others' nodejs).
package_is_there() {
    [[ " $(dpkg-query -W -f '${db:Status-Status} ' "$1" 2>/dev/null || true)" == *" installed "* ]] ||
        command -v "$1" >/dev/null
}

packages_missing() {
    local package
    for package in $(packages_of "$@"); do
        package_is_there "$package" || echo "$package"
    done
}

# need GROUP...: installs what these groups lack; who may not install is told what to ask for.
need() {
    command -v dpkg-query >/dev/null || return 0
    local missing
    mapfile -t missing < <(packages_missing "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        die "these packages are missing: ${missing[*]}
Install them with: sudo apt-get install --no-install-recommends ${missing[*]}"
    fi
    say "Installing ${#missing[@]} packages: ${missing[*]}"
    apt-get update -q </dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" </dev/null
}

# build PRESET [TARGET...]: configures once, then lets ninja decide.
build() {
    local preset=$1
    shift
    need build
    [ "$preset" != fuzz ] || need fuzz
    if [ ! -f "build/$preset/build.ninja" ]; then
        say "Configuring $preset"
        local launcher=()
        ! command -v ccache >/dev/null || launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
        cmake --preset "$preset" "${launcher[@]}" >&2
    fi
    say "Building $preset"
    if [ $# -gt 0 ]; then
        cmake --build "build/$preset" --target "$@" >&2
    else
        cmake --build "build/$preset" >&2
    fi
}
