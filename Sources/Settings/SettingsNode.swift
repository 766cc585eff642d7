import Primitives

/// A value of the settings, and where it was written.
package struct SettingsNode: Sendable {
    /// Where a value was written, as an error begins with it.
    package enum Origin: Sendable, Equatable, CustomStringConvertible {
        case file(String, line: Int, column: Int)
        case environment(String)
        case flag(String)
        /// Not written by anybody: the section came about because something inside it was set.
        case implied

        package var description: String {
            switch self {
            case .file(let path, let line, let column): "\(path):\(line):\(column)"
            case .environment(let name): "environment variable \(name)"
            case .flag(let name): "--\(name)"
            case .implied: "settings"
            }
        }

        /// A failure that begins with the place; a wrong flag is a wrong command line.
        func failure(_ message: String) -> Failure {
            let isFlag = if case .flag = self { true } else { false }
            return Failure(isFlag ? .usage : .configuration, "\(self): \(message)")
        }
    }

    package struct Member: Sendable {
        package let key: String
        package let keyOrigin: Origin
        package var node: SettingsNode
    }

    package indirect enum Content: Sendable {
        /// Nothing was written behind the key.
        case empty
        case scalar(String)
        case sequence([SettingsNode])
        case mapping([Member])
    }

    package var content: Content
    package var origin: Origin

    package init(_ content: Content, _ origin: Origin) {
        self.content = content
        self.origin = origin
    }

    /// Puts a value at a path, making sections and list entries as needed; a number in the path is a place in a list.
    ///
    /// What the value turns into a section or a list has the value's origin from then on: it is what an error must name. Errors: a place
    /// past the list's end, as a list grows by one entry at a time.
    mutating func set(_ path: ArraySlice<String>, _ value: SettingsNode) throws(Failure) {
        guard let first = path.first else {
            self = value
            return
        }
        if let position = Int(first), !isMapping {
            var elements: [SettingsNode] = []
            if case .sequence(let present) = content { elements = present } else { origin = value.origin }
            guard (0...elements.count).contains(position) else {
                throw value.origin.failure(
                    "there is no entry \(position), as the list has \(elements.isEmpty ? "none" : "\(elements.count)") so far; "
                        + "entries count from 0 without gaps")
            }
            if position == elements.count { elements.append(SettingsNode(.empty, value.origin)) }
            try elements[position].set(path.dropFirst(), value)
            content = .sequence(elements)
            return
        }
        var members: [Member] = []
        if case .mapping(let present) = content { members = present } else { origin = value.origin }
        if let index = members.firstIndex(where: { $0.key == first }) {
            try members[index].node.set(path.dropFirst(), value)
        } else {
            var node = SettingsNode(.empty, value.origin)
            try node.set(path.dropFirst(), value)
            members.append(Member(key: first, keyOrigin: value.origin, node: node))
        }
        content = .mapping(members)
    }

    private var isMapping: Bool {
        if case .mapping = content { return true }
        return false
    }
}
