import Primitives
import RPC

/// An object of a specification, emptied member by member; what is left at the end was not understood.
///
/// Names are compared without regard to case, as Go's reader does: upstream's manager writes some of these texts with the names of its structures
/// (`MemoryMiB`) and some with those of its resources (`memoryMiB`).
struct SpecificationObject {
    let place: String
    private var rest: [String: SpecificationValue] = [:]
    private var known: [String] = []

    init(_ value: SpecificationValue) throws(RPCError) {
        guard case .members(let members) = value.kind else { throw value.refused("an object") }
        place = value.place
        for member in members where rest.updateValue(member.value, forKey: member.name.lowercased()) != nil {
            throw RPCError(.invalidArgument, "\(member.value.place): stands there twice; leave one")
        }
    }

    /// The member of that name; nil also for `null`.
    mutating func take(_ name: String) -> SpecificationValue? {
        known.append(name)
        guard let value = rest.removeValue(forKey: name.lowercased()) else { return nil }
        if case .null = value.kind { return nil }
        return value
    }

    mutating func text(_ name: String) throws(RPCError) -> String? { try take(name)?.text() }

    mutating func whole(_ name: String, upTo limit: Int = Int(Int32.max)) throws(RPCError) -> Int? { try take(name)?.whole(upTo: limit) }

    mutating func flag(_ name: String) throws(RPCError) -> Bool? { try take(name)?.flag() }

    mutating func object(_ name: String) throws(RPCError) -> SpecificationObject? {
        guard let value = take(name) else { return nil }
        return try SpecificationObject(value)
    }

    mutating func list(_ name: String, upTo limit: Int = 256) throws(RPCError) -> [SpecificationValue] {
        try take(name)?.list(upTo: limit) ?? []
    }

    mutating func texts(_ name: String) throws(RPCError) -> [String] {
        var texts: [String] = []
        for element in try list(name) {
            guard let text = try element.text() else { throw element.refused("a text that is not empty") }
            texts.append(text)
        }
        return texts
    }

    mutating func map(_ name: String) throws(RPCError) -> [String: String] {
        guard let value = take(name) else { return [:] }
        guard case .members(let members) = value.kind else { throw value.refused("an object") }
        var map: [String: String] = [:]
        for member in members { map[member.name] = try member.value.text() ?? "" }
        return map
    }

    /// One of the words, whatever its case; nil when none was said.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, _ type: Choice.Type) throws(RPCError) -> Choice?
    where Choice.RawValue == String {
        guard let value = take(name), let word = try value.text() else { return nil }
        guard let choice = Choice.allCases.first(where: { $0.rawValue.lowercased() == word.lowercased() }) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw RPCError(.invalidArgument, "\(value.place): \"\(word)\" is none of \(words)")
        }
        return choice
    }

    /// Whether the member says anything; whoever does not do what it asks for refuses it by that.
    mutating func isSaid(_ name: String) -> Bool { take(name)?.saysNothing == false }

    /// Refuses members that nobody took: what they ask for would not be done. Those that ask for nothing are let through, as a newer manager
    /// writes out fields that it has and nobody set.
    func end() throws(RPCError) {
        guard let (name, value) = rest.sorted(by: { $0.key < $1.key }).first(where: { !$0.value.saysNothing }) else { return }
        let hint = nearest(to: name, among: known.map { $0.lowercased() }).flatMap { near in known.first { $0.lowercased() == near } }
        throw RPCError(
            .invalidArgument,
            "\(value.place): is not known\(hint.map { "; is \($0) meant?" } ?? "; known are \(known.joined(separator: ", "))")")
    }
}
