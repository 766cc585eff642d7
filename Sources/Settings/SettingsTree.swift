package import Primitives

/// Checked settings. Reading a value cannot fail: what was written has the right shape, and what was not is nil.
package struct SettingsTree: Sendable {
    private var node: SettingsNode

    private init(_ node: SettingsNode) { self.node = node }

    /// Settings with nothing in them.
    package static let empty = SettingsTree(SettingsNode(.mapping([]), .implied))

    /// A YAML document (JSON is one too) that somebody else gives its shape, of 1 MiB at most. What it may hold is the caller's to check.
    ///
    /// - Parameter path: how errors name it.
    package init(yaml bytes: [UInt8], path: String) throws(Failure) { self.init(try YAMLReader.read(bytes, path: path)) }

    /// Reads the file, lays environment and flags over it, and checks the whole against the shape.
    ///
    /// - Parameter file: a YAML file, or nil for none.
    /// - Parameter environment: all variables; those that begin with `MARTLET_` are settings: `MARTLET_LOG__LEVEL` is `log.level`,
    ///   `MARTLET_PROXMOX__CLUSTERS__0__NAME` the first cluster's name.
    /// - Parameter flags: values of flags that stand for settings.
    package init(
        file: String?, environment: [String: String], flags: [SettingsFlagValue], shape: SettingsShape
    ) throws(Failure) {
        var node = SettingsNode(.mapping([]), .implied)
        if let file {
            let bytes = try Files.read(file, limitBytes: 1 << 20)
            let read = try YAMLReader.read(bytes, path: file)
            if case .empty = read.content {} else { node = read }
            try shape.check(node, at: "")
        }
        // No setting lies as deep as a longer name reaches, and each level is a call on the stack.
        if let long = environment.keys.filter({ $0.hasPrefix("MARTLET_") && $0.utf8.count > 256 }).min() {
            throw Failure(.configuration, "environment variable \(long.prefix(40))…: longer than the name of any setting")
        }
        for (name, path) in Self.paths(environment) {
            try node.set(path[...], SettingsNode(.scalar(environment[name] ?? ""), .environment(name)))
        }
        for flag in flags {
            let values = flag.values.map { SettingsNode(.scalar($0), .flag(flag.name)) }
            let value = flag.isList ? SettingsNode(.sequence(values), .flag(flag.name)) : values.last
            if let value { try node.set(flag.path[...], value) }
        }
        try shape.check(node, at: "")
        self.node = node
    }

    /// The variables that are settings and their paths, ordered by path; entries of a list by their number, as a list grows from its start.
    private static func paths(_ environment: [String: String]) -> [(name: String, path: [String])] {
        let found = environment.keys.filter { $0.hasPrefix("MARTLET_") }.sorted().map { name in
            (name, keys(name.dropFirst("MARTLET_".count).lowercased().split(separator: "_", omittingEmptySubsequences: false)))
        }
        return found.sorted { left, right in
            for (one, other) in zip(left.1, right.1) where one != other {
                switch (Int(one), Int(other)) {
                case (let one?, let other?) where one != other: return one < other
                case (_?, _?): continue
                case (_?, nil): return true
                case (nil, _?): return false
                case (nil, nil): return one < other
                }
            }
            return left.1.count < right.1.count
        }
    }

    /// `LOG__LEVEL` was split at every `_`; an empty piece is where two stood.
    private static func keys(_ pieces: [Substring]) -> [String] {
        var keys = [""]
        for piece in pieces {
            if piece.isEmpty {
                keys.append("")
            } else {
                keys[keys.count - 1] += (keys[keys.count - 1].isEmpty ? "" : "_") + piece
            }
        }
        return keys
    }

    // MARK: reading

    package subscript(key: String) -> SettingsTree {
        guard case .mapping(let members) = node.content, let member = members.first(where: { $0.key == key }) else {
            return SettingsTree(SettingsNode(.empty, node.origin))
        }
        return SettingsTree(member.node)
    }

    /// Where this was written.
    package var origin: SettingsNode.Origin { node.origin }

    package var isSet: Bool {
        if case .empty = node.content { return false }
        return true
    }

    package var text: String? {
        if case .scalar(let text) = node.content { return text }
        return nil
    }

    package var integer: Int? { text.flatMap { Int($0) } }
    package var seconds: Double? { text.flatMap(SettingsShape.seconds(of:)) }
    package var flag: Bool? { text.flatMap(SettingsShape.flag(of:)) }

    package var texts: [String]? {
        switch node.content {
        case .scalar(let text): [text]
        case .sequence(let elements): elements.compactMap { SettingsTree($0).text }
        default: nil
        }
    }

    package var sections: [SettingsTree] {
        if case .sequence(let elements) = node.content { return elements.map { SettingsTree($0) } }
        return []
    }

    /// The entries of a list, or the one value that stands in a list's place.
    package var elements: [SettingsTree] {
        switch node.content {
        case .empty: []
        case .sequence(let elements): elements.map { SettingsTree($0) }
        case .scalar, .mapping: [self]
        }
    }

    /// The named values of a section, in the order in which they were written.
    package var members: [(name: String, value: SettingsTree)] {
        if case .mapping(let members) = node.content { return members.map { ($0.key, SettingsTree($0.node)) } }
        return []
    }

    /// The first value that is not what it is in another tree: its path, and where it was written, there if it is not here any more.
    package func difference(from other: SettingsTree) -> (path: [String], place: SettingsTree)? {
        switch (node.content, other.node.content) {
        case (.mapping, _), (_, .mapping):
            let names = members.map(\.name)
            for name in names + other.members.map(\.name).filter({ !names.contains($0) }) {
                guard let (path, place) = self[name].difference(from: other[name]) else { continue }
                return ([name] + path, place)
            }
            return nil
        default:
            let isSame = elements.count == other.elements.count && zip(elements, other.elements).allSatisfy { $0.isSame(as: $1) }
            return isSame ? nil : ([], isSet ? self : other)
        }
    }

    private func isSame(as other: SettingsTree) -> Bool {
        if case .scalar(let text) = node.content, case .scalar(let otherText) = other.node.content { return text == otherText }
        return isSet == other.isSet && difference(from: other) == nil
    }

    /// The text behind a key; nil also when it is empty, as with variables.
    package func word(_ key: String) -> String? { self[key].text.flatMap { $0.isEmpty ? nil : $0 } }

    /// A failure that begins with where this was written.
    package func failure(_ message: String) -> Failure { node.origin.failure(message) }

    /// A failure of what this names, say a file that is not there. It begins with where this was written, and names the setting where that
    /// does not. The command line is not wrong then.
    ///
    /// - Parameter setting: `section.key`.
    package func failure(of setting: String, _ message: String) -> Failure {
        switch node.origin {
        case .file, .implied: Failure(.configuration, "\(node.origin): \(setting): \(message)")
        case .environment, .flag: Failure(.configuration, "\(node.origin): \(message)")
        }
    }

    /// The line in the file that a key of this section names, a `KEY_file`. By mistake that may be the secret itself, so only an absolute
    /// path, or that of a file which is there, is shown.
    package func secretLine(_ key: String) throws(Failure) -> String {
        let place = self[key]
        let path = place.text ?? ""
        guard path.hasPrefix("/") || Files.exists(path) else {
            throw place.failure(
                "\(key): no such file in the working directory; if the secret itself stands here, its key is \(key.dropLast(5))")
        }
        let line: String
        do { line = try Files.readLine(path) } catch { throw place.failure("\(key): \(error.message)") }
        guard !line.isEmpty else { throw place.failure("\(key): the file \(path) is empty") }
        guard !line.utf8.contains(0x0A) else {
            throw place.failure("\(key): the file \(path) has more than one line; only the secret should stand there")
        }
        return line
    }
}

/// What was given for a flag that stands for a setting.
package struct SettingsFlagValue: Sendable {
    package let name: String
    /// Where its value goes: `["log", "level"]`.
    package let path: [String]
    package let values: [String]
    package let isList: Bool
}
