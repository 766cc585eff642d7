/// The path of a call with `*` for what names an object, so that there are as many patterns as there are kinds of calls.
enum EndpointPattern {
    /// What stands in front of a name.
    private static let collections: Set<Substring> = ["nodes", "qemu", "lxc", "replication", "zfs", "tasks"]

    static func of(_ path: String) -> String {
        var pattern = ""
        var isName = false
        for part in path.prefix(while: { $0 != "?" }).split(separator: "/") {
            pattern += isName ? "/*" : "/" + part
            // `/cluster/replication` and `/cluster/tasks` have nothing behind them.
            isName = !isName && collections.contains(part)
        }
        return pattern
    }
}
