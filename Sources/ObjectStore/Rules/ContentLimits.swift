package import Objects

/// How large an object may be, so that whoever keeps it as JSON can read it again.
package enum ContentLimits {
    /// As JSON.
    package static let bytes = ObjectValue.Limits().bytes
    private static let limits = ObjectValue.Limits()
    private static let nameBytes = 512

    /// What of the members is too deep, too many or too long.
    static func problem(_ members: ObjectMembers) -> FieldProblem? {
        var left = limits.values
        return problem(.members(members), depth: 1, &left).map { FieldProblem("", .tooMany, $0) }
    }

    /// What of a whole object is too much, counted before it is written anywhere; nil when nothing is.
    package static func excess(_ object: ObjectValue) -> String? {
        var left = limits.values
        // What is too deep could not be written.
        if let problem = problem(object, depth: 1, &left) { return problem }
        let size = object.json.count
        return size > bytes ? "is \(size) bytes as JSON, and \(bytes) are taken at most" : nil
    }

    private static func problem(_ value: ObjectValue, depth: Int, _ left: inout Int) -> String? {
        left -= 1
        if left < 0 { return "has more than \(limits.values) values" }
        // Around it are the object's own members.
        if depth > limits.depth - 2 { return "is nested deeper than \(limits.depth - 2)" }
        switch value {
        case .list(let list):
            for element in list { if let problem = problem(element, depth: depth + 1, &left) { return problem } }
        case .members(let members):
            for member in members {
                if member.name.utf8.count > nameBytes { return "the name of a member is longer than \(nameBytes) bytes" }
                if let problem = problem(member.value, depth: depth + 1, &left) { return problem }
            }
        default: break
        }
        return nil
    }
}
