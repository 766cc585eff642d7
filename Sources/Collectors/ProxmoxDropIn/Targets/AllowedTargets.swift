package import Primitives
package import Settings
import Web

/// Where a module's credential may be sent, beside the configured clusters.
///
/// Names are compared as they stand in the request and addresses as addresses; nothing is looked up for it, so no answer of a name server
/// can make an address allowed. A `*` stands for letters within one label: `pve*` is not `pve.example.com`. An entry without a port
/// allows the module's port only.
package struct AllowedTargets: Sendable, Equatable {
    private enum Pattern: Sendable, Equatable {
        case name([Substring])
        case range(IPRange)
    }

    private enum Port: Sendable, Equatable {
        case ofModule, any, one(UInt16)
    }

    private struct Entry: Sendable, Equatable {
        let pattern: Pattern
        let port: Port
    }

    private var entries: [Entry] = []
    /// `*` was named.
    package private(set) var allowsAll = false

    package init() {}

    package var isEmpty: Bool { entries.isEmpty && !allowsAll }

    /// - Parameter setting: a list; an entry may be several with commas between them. Failures name the entry and its place.
    package init(_ setting: SettingsTree) throws(Failure) {
        for element in setting.elements {
            for text in (element.text ?? "").split(separator: ",") {
                let word = text.drop { $0 == " " }
                try add(word[..<(word.lastIndex { $0 != " " }.map { word.index(after: $0) } ?? word.startIndex)], element)
            }
        }
    }

    private mutating func add(_ text: Substring, _ place: SettingsTree) throws(Failure) {
        if text.isEmpty { return }
        if text == "*" {
            allowsAll = true
            return
        }
        guard let entry = Self.entry(text) else {
            var shown: [UInt8] = []
            shown.append(quoted: String(decoding: text.utf8.prefix(100), as: UTF8.self))
            throw place.failure(
                "\(text.contains("@") ? "this" : String(decoding: shown, as: UTF8.self)) is no target to allow; expected a name (pve1.example.org, pve*.example.org), an address, a CIDR without bits behind "
                    + "its length (192.0.2.0/24), each with :PORT or :* or without, or * for all")
        }
        entries.append(entry)
    }

    private static func entry(_ text: Substring) -> Entry? {
        if let range = IPRange(text) { return Entry(pattern: .range(range), port: .ofModule) }
        if text.first == "[", text.last == "]" {
            return IPRange(text.dropFirst().dropLast()).map { Entry(pattern: .range($0), port: .ofModule) }
        }
        guard let colon = text.lastIndex(of: ":") else {
            return name(text).map { Entry(pattern: $0, port: .ofModule) }
        }
        let tail = text[text.index(after: colon)...]
        let port: Port
        if tail == "*" {
            port = .any
        } else {
            guard let number = DropInTarget.port(tail) else { return nil }
            port = .one(number)
        }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
            guard let range = IPRange(host) else { return nil }
            return Entry(pattern: .range(range), port: port)
        }
        if let range = IPRange(host), !host.contains(":") { return Entry(pattern: .range(range), port: port) }
        return name(host).map { Entry(pattern: $0, port: port) }
    }

    private static func name(_ text: Substring) -> Pattern? {
        DropInTarget.name(text, mayHoldStars: true).map { .name($0.split(separator: ".", omittingEmptySubsequences: false)) }
    }

    /// - Parameter port: the module's, which holds for targets and entries that name none.
    func allows(_ target: DropInTarget, port: UInt16) -> Bool {
        if allowsAll { return true }
        return entries.contains { entry in
            switch entry.port {
            case .any: break
            case .ofModule: if (target.port ?? port) != port { return false }
            case .one(let number): if (target.port ?? port) != number { return false }
            }
            switch (entry.pattern, target.host) {
            case (.name(let labels), .name(let name)):
                let given = name.split(separator: ".", omittingEmptySubsequences: false)
                return labels.count == given.count && zip(labels, given).allSatisfy { Wildcard.matches($1, $0) }
            case (.range(let range), .address(let address)): return range.contains(address)
            default: return false
            }
        }
    }
}
