# Runs a PostgreSQL of its own in a temporary folder until its input ends, whatever becomes of who started it.
# Arguments: the folder with PostgreSQL's programs, the port. Answers `ready` on its output after each start.
# Commands, a line each: `restart` (orderly), `crash` (at once, with recovery at the next start).
set -eu
programs=$1 port=$2 server=
folder=$(mktemp -d "${TMPDIR:-/tmp}/hexmtp-postgres.XXXXXX")
log=$folder/log

stop() {
    [ -n "$server" ] || return 0
    kill -s "$1" "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
}

start() {
    "$programs/postgres" -D "$folder/data" -p "$port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c max_connections=200 </dev/null >>"$log" 2>&1 &
    server=$!
    until "$programs/pg_isready" -q -h 127.0.0.1 -p "$port" -U hexmtp -d postgres; do
        kill -0 "$server" 2>/dev/null || { server=; cat "$log" >&2; exit 1; }
        sleep 0.05
    done
    echo ready
}

trap 'stop INT; rm -rf "$folder"' EXIT
"$programs/initdb" -D "$folder/data" -U hexmtp -A trust -E UTF8 --locale=C --no-sync >>"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}
start
while read -r command; do
    case $command in
        restart) stop INT; start ;;
        crash) stop QUIT; start ;;
    esac
done
