# Becomes the server, and leaves a watchdog behind that ends the server when its parent is gone.
#
# Arguments: the signal that ends the server soon, the directory to remove after it, the server's
# command line. Standard input is a pipe whose only writing end is in the parent: a line on it means
# that the parent has ended the server itself, its end means that the parent is gone, killed perhaps.
#
# The server keeps the pid of this shell, so that the parent knows it. The watchdog is started from a
# subshell that ends at once, because a server is not to find a child that it did not make.
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
