# What the scripts share: where things are, how they speak. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Virtual environments may be shared between clones.
venvs=${SPARKGATE_VENVS:-$root/.venv}

# The Spark that is used where SPARK_HOME is not set: 3.5 is Spark's long-term line and starts in half the time of 4.1.
default_spark_venv=$venvs/spark-3.5

jobs=${SPARKGATE_JOBS:-$(nproc)}

if [[ -t 2 ]]; then bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'; else bold='' red='' plain=''; fi

say() { printf '%s== %s%s\n' "$bold" "$*" "$plain" >&2; }

die() {
    printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2
    exit 1
}

# usage_error SCRIPT MESSAGE: for an argument that the script does not know.
usage_error() {
    printf '%s: %s (try %s --help)\n' "$1" "$2" "$1" >&2
    exit 2
}

# help_of FILE: the comment at the top of a script is its help.
help_of() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$1"; }

# Prints the SPARK_HOME inside a virtual environment.
spark_home_in() {
    local home
    for home in "$1"/lib/python3*/site-packages/pyspark; do
        [[ -x $home/bin/spark-submit ]] && { printf '%s\n' "$home"; return; }
    done
    return 1
}
