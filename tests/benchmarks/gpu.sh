#!/usr/bin/env bash
# Everything that needs a GPU, in one call of at most 9 minutes. Each part writes its output to a file in OUT,
# even if other parts fail. Needs CuPy and PyTorch for this GPU, pytest and matplotlib; MNIST is optional.
#
#   tests/benchmarks/gpu.sh OUT [FOLDER WITH THE MNIST FILES]
set -uo pipefail
[ $# -ge 1 ] || { echo "usage: tests/benchmarks/gpu.sh OUT [FOLDER WITH THE MNIST FILES]" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd) || exit 2
mnist=()
data=digits
if [ $# -ge 2 ]; then
    folder=$(cd "$2" && pwd) || exit 2
    mnist=(--data-dir "$folder")
    data=mnist
fi
cd "$(dirname "$0")/../.."
export PYTHONPATH=$PWD PYTHONUNBUFFERED=1 MPLBACKEND=Agg
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wrong=0

part() {        # part NAME SECONDS COMMAND...: output goes to OUT/NAME.txt; after SIGINT pytest still reports
    local name=$1 limit=$2 start=$SECONDS code
    shift 2
    timeout -s INT -k 5 "$limit" "$@" > "$out/$name.txt" 2>&1 < /dev/null
    code=$?
    [ $code -eq 0 ] || wrong=1
    echo "$name: exit code $code, $((SECONDS - start)) s" | tee -a "$out/summary.txt"
}

: > "$out/summary.txt"
minivae="python3 -m minivae"
part machine 20 bash -c 'nvidia-smi; python3 --version; python3 -m pip list | grep -i -E "^(cupy|numpy|torch|pytest)"'
part bench 50 $minivae bench --backend cupy
part versus 150 python3 tests/benchmarks/versus.py --device cuda --rounds 4 --epochs 2 "${mnist[@]}" --out "$out/versus.json"
part experiments 50 python3 tests/benchmarks/gpu_experiments.py
part train 40 $minivae train --backend cupy --data $data "${mnist[@]}" --latent 20 --hidden 500 --epochs 2 --out "$work/run"
part evaluate 25 $minivae evaluate "$work/run" --backend cupy --samples 500 --images 1000
part infer 15 $minivae infer linear-regression --backend cupy --steps 200 --out "$work/infer.png"
# Only the tests that use the device; all others compute with NumPy.
part tests $((530 - SECONDS)) python3 -m pytest --backend cupy -v -p no:cacheprovider tests/test_device.py \
    tests/inference/test_inference_fit.py tests/app/test_infer.py tests/test_vae.py -k "device or cupy"
exit $wrong
