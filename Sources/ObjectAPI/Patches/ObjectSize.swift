import Objects

/// What a value takes, before anybody copies it.
struct ObjectSize: Sendable {
    /// Itself and all that is in it.
    var values = 0
    /// Of texts and names, without what JSON puts around them.
    var bytes = 0
    /// Containers in each other; 0 of a text.
    private(set) var depth = 0

    init(values: Int = 0, bytes: Int = 0) { (self.values, self.bytes) = (values, bytes) }

    /// - Parameter value: no deeper than the limit of bodies.
    init(_ value: ObjectValue) { visit(value, depth: 0) }

    mutating func add(_ other: ObjectSize) {
        values += other.values
        bytes += other.bytes
        depth = max(depth, other.depth)
    }

    private mutating func visit(_ value: ObjectValue, depth: Int) {
        values += 1
        self.depth = max(self.depth, depth)
        switch value {
        case .text(let text): bytes += text.utf8.count
        case .list(let list):
            self.depth = max(self.depth, depth + 1)
            for element in list { visit(element, depth: depth + 1) }
        case .members(let members):
            self.depth = max(self.depth, depth + 1)
            for member in members {
                bytes += member.name.utf8.count
                visit(member.value, depth: depth + 1)
            }
        default: break
        }
    }
}
