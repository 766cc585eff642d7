package import Objects
package import Primitives

/// Kinds and objects as people name them.
package enum KindNames {
    /// Of `vm`, `virtualmachine`, `virtualmachines`, `VirtualMachine` or `virtualmachines.infra.virtrigaud.io`.
    package static func kind(_ text: String) throws(Failure) -> ResourceKind {
        let word = text.lowercased()
        for kind in ResourceKind.all
        where [kind.plural, kind.singular, kind.qualifiedName].contains(word) || kind.shortNames.contains(word) {
            return kind
        }
        let known = ResourceKind.all.map { kind in kind.plural + (kind.shortNames.first.map { " (\($0))" } ?? "") }.joined(separator: ", ")
        throw Failure(.usage, "there is no kind \"\(text)\"; there are \(known)")
    }

    /// Reads `KIND`, `KIND,KIND`, `KIND NAME…` or `KIND/NAME…`: kinds, and the names of objects where any are meant.
    package static func chosen(_ words: [String]) throws(Failure) -> [(kind: ResourceKind, name: String?)] {
        guard let first = words.first else { throw Failure(.usage, "a kind is missing, such as vm") }
        guard !words.contains(where: { $0.contains("/") }) else {
            return try words.map { word throws(Failure) in
                let parts = word.split(separator: "/", omittingEmptySubsequences: false)
                guard parts.count != 2 || !parts[0].contains(",") else {
                    throw Failure(.usage, "\"\(word)\": lists of kinds take no names; name each object as KIND/NAME")
                }
                guard parts.count == 2, !parts[1].isEmpty else { throw Failure(.usage, "\"\(word)\" is not KIND/NAME, as the others are") }
                return (try kind(String(parts[0])), String(parts[1]))
            }
        }
        let kinds = try first.split(separator: ",").map { text throws(Failure) in try kind(String(text)) }
        guard words.count > 1 else { return kinds.map { ($0, nil) } }
        guard kinds.count == 1, let kind = kinds.first else { throw Failure(.usage, "names can follow one kind only") }
        return words.dropFirst().map { (kind, $0) }
    }
}
