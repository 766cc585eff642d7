import Primitives
import Settings

/// What somebody asks of `/targets`: `?cluster=lab&tag=web&os=linux&port=9100`. A parameter may stand several times, of which one must
/// hold; different ones must hold together. `*` stands for any letters.
struct TargetQuery: Sendable, Hashable {
    private var wanted: [String: [String]] = [:]
    private var unwanted: [String: [String]] = [:]
    private(set) var port: Int?

    private static let keys = ["cluster", "node", "pool", "state", "tag", "type", "os"]
    private static let limit = 32
    private static let patternBytes = 256

    /// Whether clusters of other names are left out.
    var clusters: [String] { wanted["cluster"] ?? [] }

    /// Errors: `usage`, with what was expected.
    init(_ query: [(name: String, value: String)]) throws(Failure) {
        guard query.count <= Self.limit else { throw Failure(.usage, "more than \(Self.limit) parameters") }
        for (name, value) in query {
            guard value.utf8.count <= Self.patternBytes else {
                throw Failure(.usage, "\(quoted(name)) is longer than \(Self.patternBytes) bytes")
            }
            if name == "port" {
                guard port == nil, let number = value.utf8.decimalNumber, (1...65_535).contains(number) else {
                    throw Failure(.usage, "port: expected one number from 1 to 65535, not \(quoted(value))")
                }
                port = number
                continue
            }
            let isUnwanted = name.hasPrefix("exclude_")
            let key = isUnwanted ? String(name.dropFirst("exclude_".count)) : name
            guard Self.keys.contains(key) else {
                let known = (Self.keys + ["port"]).joined(separator: ", ")
                throw Failure(.usage, "there is no parameter \(quoted(name)); there are \(known), and exclude_ before all but the last")
            }
            guard !value.isEmpty else { throw Failure(.usage, "\(key) is empty") }
            try Self.check(key, value)
            if isUnwanted { unwanted[key, default: []].append(value) } else { wanted[key, default: []].append(value) }
        }
    }

    /// Values of short lists are held against them, so that a slip of the pen does not look like an empty estate.
    private static func check(_ key: String, _ value: String) throws(Failure) {
        let known: [String]
        switch key {
        case "type": known = TargetEntry.Kind.allCases.map(\.rawValue)
        case "os": known = SystemFamily.allCases.map(\.rawValue)
        default: return
        }
        guard known.contains(where: { Wildcard.matches($0[...], value) }) else {
            throw Failure(.usage, "\(key): expected one of \(known.joined(separator: ", ")), not \(quoted(value))")
        }
    }

    func takes(cluster: String) -> Bool { holds("cluster", [cluster[...]]) }

    func takes(_ entry: TargetEntry) -> Bool {
        // Nodes are asked for by name: whoever wants guests does not expect them.
        guard entry.kind != .node || wanted["type"]?.contains(where: { Wildcard.matches("node", $0) }) ?? false else { return false }
        guard entry.kind == .node || holds("os", [entry.system.rawValue[...]]) else { return false }
        let isInState = wanted["state"] == nil ? entry.isActive : true
        return isInState && holds("state", [entry.status[...]]) && holds("type", [entry.kind.rawValue[...]])
            && holds("node", [entry.node[...]])
            && holds("pool", entry.pool.isEmpty ? [] : [entry.pool[...]]) && holds("tag", entry.tags.map { $0[...] })
            && holds("cluster", [entry.cluster[...]])
    }

    private func holds(_ key: String, _ texts: [Substring]) -> Bool {
        func fits(_ patterns: [String]) -> Bool { patterns.contains { pattern in texts.contains { Wildcard.matches($0, pattern) } } }
        return wanted[key].map(fits) ?? true && !(unwanted[key].map(fits) ?? false)
    }
}
