/// The query of /nodes/N/tasks.
struct TaskFilter: Sendable {
    /// Finished tasks, running ones, or both.
    enum Source: String, Sendable, CaseIterable { case archive, active, all }

    var source = Source.archive
    var start = 0
    var limit = 50
    var onlyErrors = false
    var type: String?
    var user: String?
    var vmid: Int?
    var since: Int?
    var until: Int?
    /// `ok`, `error`, `warning`, `unknown`; empty for all.
    var statuses: Set<String> = []

    /// What is wrong in the query, by parameter.
    struct BadValue: Error {
        let name: String
        let text: String
    }

    /// All finished tasks.
    init() {}

    /// Reads the query's parameters; their names have been checked.
    init(_ query: [(name: String, value: String)]) throws(BadValue) {
        for (name, value) in query {
            switch name {
            case "source":
                guard let known = Source(rawValue: value) else {
                    throw BadValue(name: name, text: "value '\(value)' does not have a value in the enumeration 'archive, active, all'")
                }
                source = known
            case "start": start = try Self.integer(name, value)
            case "limit": limit = try Self.integer(name, value)
            case "since": since = try Self.integer(name, value)
            case "until": until = try Self.integer(name, value)
            case "vmid": vmid = try Self.integer(name, value)
            case "errors": onlyErrors = value == "1" || value == "true"
            case "typefilter": type = value
            case "userfilter": user = value
            case "statusfilter": statuses = Set(value.split(whereSeparator: { ",; ".contains($0) }).map(String.init))
            default: break
            }
        }
    }

    /// The tasks that the query asks for, and how many there were before `start` and `limit` cut them.
    func apply(_ tasks: [WorldTask]) -> (chosen: [WorldTask], total: Int) {
        let matching = tasks.filter(matches)
        return (Array(matching.dropFirst(start).prefix(limit)), matching.count)
    }

    private func matches(_ task: WorldTask) -> Bool {
        switch source {
        case .archive where task.isRunning: return false
        case .active where !task.isRunning: return false
        default: break
        }
        let status =
            task.isRunning ? "unknown" : task.outcome == "OK" ? "ok" : task.outcome.hasPrefix("WARNINGS") ? "warning" : "error"
        if onlyErrors, status == "ok" || task.isRunning { return false }
        if !statuses.isEmpty, !statuses.contains(status) { return false }
        if let type, task.type != type { return false }
        if let user, !WorldTask.user.utf8.elementsEqual(user.utf8), !WorldTask.user.hasPrefix(user) { return false }
        if let vmid, task.id != "\(vmid)" { return false }
        if let since, task.start < since { return false }
        if let until, task.start > until { return false }
        return true
    }

    private static func integer(_ name: String, _ value: String) throws(BadValue) -> Int {
        guard let number = Int(value) else { throw BadValue(name: name, text: "type check ('integer') failed - got '\(value)'") }
        guard number >= 0 else { throw BadValue(name: name, text: "value must have a minimum value of 0") }
        return number
    }
}
