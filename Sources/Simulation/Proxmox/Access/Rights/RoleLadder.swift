/// The roles of one user or token, by path, as far as they bear on rights.
struct RoleLadder: Sendable {
    /// What several roles come to together.
    struct Sum: Sendable, Equatable {
        var held: Privileges = []
        /// Those of them that hold below too.
        var inherited: Privileges = []
        /// One of the roles is that which takes all rights away.
        var isBarred = false
        /// Whether there was a role at all.
        var isEmpty = true

        mutating func add(_ role: Privileges, isBar: Bool, isInherited: Bool) {
            isEmpty = false
            held.formUnion(role)
            if isInherited { inherited.formUnion(role) }
            if isBar { isBarred = true }
        }
    }

    /// What was said on one path.
    private struct Step: Sendable {
        /// Of all its roles.
        var here = Sum()
        /// Of those that count below it.
        var below = Sum()
    }

    private var steps: [String: Step] = [:]

    /// Whether nothing was said on any path but `/`.
    var isPlain: Bool { steps.isEmpty || steps.count == 1 && steps["/"] != nil }

    /// - Parameter isInherited: whether it counts on the paths below too.
    mutating func add(_ role: Privileges, isBar: Bool, at path: String, isInherited: Bool) {
        steps[path, default: Step()].here.add(role, isBar: isBar, isInherited: isInherited)
        if isInherited { steps[path]?.below.add(role, isBar: isBar, isInherited: true) }
    }

    /// What counts on a path: what the deepest path says that says something to it. What was said above that is as if it had not been.
    ///
    /// - Parameter path: in its normal form.
    func sum(at path: String) -> Sum {
        guard path != "/" else { return steps["/"]?.here ?? Sum() }
        var sum = steps["/"]?.below ?? Sum()
        guard !isPlain else { return sum }
        var end = path.utf8.index(after: path.startIndex)
        while let slash = path.utf8[end...].firstIndex(of: UInt8(ascii: "/")) {
            if let below = steps[String(path[..<slash])]?.below, !below.isEmpty { sum = below }
            end = path.utf8.index(after: slash)
        }
        return steps[path]?.here ?? sum
    }

    /// What is held on a path, with what the pool adds that the thing at the path is in. Rights that come from a pool end there.
    func grant(at path: String, pool: String?) -> Grant {
        let own = sum(at: path)
        guard !own.isBarred else { return Grant() }
        let pooled = pool.map { sum(at: "/pool/\($0)") } ?? Sum()
        guard !pooled.isBarred else { return Grant() }
        return Grant(held: own.held.union(pooled.held), inherited: own.inherited)
    }
}

/// What somebody may at one path.
struct Grant: Sendable, Equatable {
    var held: Privileges = []
    /// Those of them that hold below too.
    var inherited: Privileges = []
}
