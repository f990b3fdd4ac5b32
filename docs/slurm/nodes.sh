#!/usr/bin/env bash
# The nodes of a plan as array jobs of Slurm, without Ray; each wave starts after the one before.
#
#   harness plan table1 --profile paper --write-nodes nodes
#   docs/slurm/nodes.sh nodes --gpus=1 --cpus-per-task=8 --time=24:00:00
#
# What follows the folder goes to sbatch. Afterwards `harness reproduce` has only the report to
# write; what failed, or ran out of time, is planned and submitted again.
set -euo pipefail
folder=$(realpath "$1")
shift
harness=${HARNESS:-harness} # or "python -m harness"

after=()
for ((wave = 1; ; wave++)); do
    place=$folder/wave-$wave
    [ -d "$place" ] || break
    files=("$place"/*.json)
    printf -v quoted '%q' "$place"
    job=$(sbatch --parsable --job-name="harness-$wave" --array="0-$((${#files[@]} - 1))" \
        --signal=B:TERM@120 "${after[@]}" "$@" \
        --wrap "files=($quoted/*.json); exec $harness worker \"\${files[\$SLURM_ARRAY_TASK_ID]}\"")
    echo "$place: ${#files[@]} nodes in job ${job%%;*}"
    after=(--dependency="afterany:${job%%;*}") # of what failed only what needs it is lost
done
