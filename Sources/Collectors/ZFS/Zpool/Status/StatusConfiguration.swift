/// Reads the table of devices that stands below `config:`.
///
///     	NAME        STATE     READ WRITE CKSUM  SLOW
///     	tank        DEGRADED     0     0     0     -
///     	  mirror-0  DEGRADED     0     0     0     -
///     	    sda     ONLINE       0     0     0     0
///     	    sdb     FAULTED      3     0     5     2  too many errors
///     	logs
///     	  sdc       ONLINE       0     0     0     0
struct StatusConfiguration {
    private static let states: Set<Substring> = [
        "ONLINE", "DEGRADED", "FAULTED", "OFFLINE", "UNAVAIL", "REMOVED", "SUSPENDED", "AVAIL", "INUSE",
    ]
    private static let roles: [Substring: String] = [
        "logs": "log", "cache": "cache", "spares": "spare", "special": "special", "dedup": "dedup",
    ]
    private static let groups = ["mirror", "raidz", "draid", "spare", "replacing", "indirect"]

    private var role = "data"
    private var hasSlow = false
    /// The groups that the line is in, each with how far it is pushed to the right.
    private var parents: [(indent: Int, name: String)] = []

    /// The device of a line; nil for one that has none.
    mutating func device(_ line: Substring, pool: String) -> PoolDevice? {
        guard line.first == "\t" else { return nil }
        let text = line.dropFirst()
        let indent = text.prefix { $0 == " " }.count
        let words = text.split(separator: " ", omittingEmptySubsequences: true).map { $0.last == "\t" ? $0.dropLast() : $0 }
        guard let first = words.first, !first.isEmpty else { return nil }
        if words.count > 1, first == "NAME", words[1] == "STATE" {
            hasSlow = words.contains("SLOW")
            return nil
        }
        if indent == 0, words.count == 1 || words.count == 2 && words[1].isEmpty, let heading = Self.roles[first] {
            (role, parents) = (heading, [])
            return nil
        }
        // A name may hold spaces; what follows it is its state.
        guard let position = words.dropFirst().firstIndex(where: Self.states.contains) else { return nil }
        let name = words[..<position].joined(separator: " ")
        let counts = words[(position + 1)...].prefix(hasSlow ? 4 : 3).map { StatusNumber.value($0) }
        func count(_ index: Int) -> Double? { index < counts.count ? counts[index] : nil }
        let isRoot = indent == 0 && role == "data" && name == pool
        while let last = parents.last, last.indent >= indent { parents.removeLast() }
        let device = PoolDevice(
            name: name, parent: parents.last?.name ?? "", kind: isRoot ? "root" : Self.kind(name), role: role,
            state: PoolState(word: words[position]), readErrors: count(0), writeErrors: count(1), checksumErrors: count(2),
            slowOperations: hasSlow ? count(3) : nil)
        parents.append((indent, name))
        return device
    }

    /// `mirror` of `mirror-0`, `raidz` of `raidz2-0`; a device has its own name or its path.
    static func kind(_ name: String) -> String {
        if name.hasPrefix("/") { return name.hasPrefix("/dev/") ? "disk" : "file" }
        guard let group = groups.first(where: name.hasPrefix), let dash = name.lastIndex(of: "-") else { return "disk" }
        let number = name[name.index(after: dash)...]
        return !number.isEmpty && number.utf8.allSatisfy { (0x30...0x39).contains($0) } ? group : "disk"
    }
}
