# Execs the server, and leaves a watchdog behind that stops the server when its parent dies.
#
# Arguments: the signal for a fast stop, the directory to remove afterwards, the server's command
# line. Standard input is a pipe with its only write end in the parent. A line on it means that the
# parent has stopped the server itself; end of file means that the parent has died.
#
# The server keeps the pid of this shell, so that the parent knows it. The watchdog is started from a
# subshell that exits at once, so that the server has no child that it did not start.
signal=$1 directory=$2
shift 2
server=$$
alive() {
    stat=$(cat "/proc/$server/stat" 2>/dev/null) || return 1
    set -- ${stat##*) }
    [ "$1" != Z ] && [ "${20}" = "$started" ]
}
stat=$(cat "/proc/$server/stat")
started=$(set -- ${stat##*) }; echo "${20}")
exec 3<&0 </dev/null
(
    (
        read -r word <&3 && exit
        alive && kill -s "$signal" "$server"
        tries=0
        while alive; do
            tries=$((tries + 1))
            [ "$tries" -eq 50 ] && kill -s KILL "$server"
            sleep 0.1
        done
        rm -rf -- "$directory"
    ) >/dev/null 2>&1 &
)
exec "$@" 3<&-
