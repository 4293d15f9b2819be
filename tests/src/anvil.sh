# Runs an EVM chain of its own until its input ends, whatever becomes of who started it. Arguments: the program anvil,
# the chain's number. Answers on its output with the address that the chain listens on.
set -eu
program=$1 number=$2 chain=
folder=$(mktemp -d "${TMPDIR:-/tmp}/hexmtp-anvil.XXXXXX")

stop() {
    [ -z "$chain" ] || kill "$chain" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$folder"
}

trap stop EXIT
"$program" --host 127.0.0.1 --port 0 --chain-id "$number" </dev/null >"$folder/log" 2>&1 &
chain=$!
address=
while [ -z "$address" ]; do
    kill -0 "$chain" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.05
    address=$(sed -n 's/^Listening on //p' "$folder/log")
done
echo "$address"
while read -r _; do :; done
