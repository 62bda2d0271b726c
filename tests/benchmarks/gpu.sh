#!/usr/bin/env bash
# Everything that needs a GPU, in one call of at most 9 minutes. Each part leaves its output as a file in OUT, whatever
# becomes of the others. Needs CuPy and PyTorch for this GPU, pytest and matplotlib; MNIST is used where it is.
#
#   tests/benchmarks/gpu.sh OUT [FOLDER WITH THE MNIST FILES]
set -uo pipefail
[ $# -ge 1 ] || { echo "usage: tests/benchmarks/gpu.sh OUT [FOLDER WITH THE MNIST FILES]" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
mnist=$(cd "${2:-.}" && pwd)
cd "$(dirname "$0")/../.."
export PYTHONPATH=$PWD PYTHONUNBUFFERED=1 MPLBACKEND=Agg MINIVAE_DATA=$mnist
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wrong=0

part() {        # part NAME SECONDS COMMAND...: its output goes to OUT/NAME.txt
    local name=$1 limit=$2 start=$SECONDS code
    shift 2
    timeout "$limit" "$@" > "$out/$name.txt" 2>&1 < /dev/null
    code=$?
    [ $code -eq 0 ] || wrong=1
    echo "$name: exit code $code, $((SECONDS - start)) s" | tee -a "$out/summary.txt"
}

: > "$out/summary.txt"
part machine 20 bash -c 'nvidia-smi; python3 --version; python3 -m pip list 2>/dev/null | grep -i -E "^(cupy|numpy|torch|pytest|matplotlib)"'
part device-tests 90 python3 -m pytest --backend cupy -q tests/test_device.py tests/test_vae.py
part bench 50 python3 -m minivae bench --backend cupy
part versus 170 python3 tests/benchmarks/versus.py --device cuda --rounds 10 --data-dir "$mnist" --out "$out/versus.json"
part experiments 50 python3 tests/benchmarks/gpu_experiments.py
data=digits
[ -e "$mnist/train-images-idx3-ubyte.gz" ] && data=mnist
part train 40 python3 -m minivae train --backend cupy --data $data --latent 20 --hidden 500 --batch-size 100 --epochs 2 --out "$work/run"
part evaluate 25 python3 -m minivae evaluate "$work/run" --backend cupy --samples 500 --images 1000
part infer 15 python3 -m minivae infer linear-regression --backend cupy --steps 200 --out "$work/infer.png"
part tests $((535 - SECONDS)) python3 -m pytest --backend cupy -q tests -p no:cacheprovider --ignore tests/test_device.py --ignore tests/test_tutorials.py $(python3 -c "import xdist" 2>/dev/null && echo "-n 8")
exit $wrong
