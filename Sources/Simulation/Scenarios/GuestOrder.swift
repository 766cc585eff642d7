import JSON
import Primitives

/// What shall be done to a guest; nil leaves a thing as it is.
struct GuestOrder: Sendable, Equatable {
    var isRunning: Bool?
    /// Where it shall be.
    var node: String?
    var name: String?
    /// As the API writes them, `prod;web`; empty for none.
    var tags: String?
    /// Whether the exporter inside answers.
    var hasExporter: Bool?
    /// Whether the agent inside a VM answers. One that never had any gets it.
    var hasAgent: Bool?
    /// It goes for good.
    var isDeletion = false

    /// Whether there is nothing to do.
    var isEmpty: Bool { self == GuestOrder() }

    init() {}

    /// Reads `{"status":"stopped","tags":"prod;web"}`: kinds are strict, and so are names.
    ///
    /// - Parameter others: further names that may stand there, of which `deleted` is read too.
    /// Errors: one line that names the key.
    init(_ value: JSONValue, besides others: Set<String> = []) throws(Failure) {
        guard value.isObject else { throw Failure(.malformed, "expected an object, as in {\"status\":\"stopped\"}") }
        var seen: Set<String> = []
        var order = GuestOrder()
        var problem: Failure?
        value.forEachMember { key, value in
            guard problem == nil else { return }
            let name = key.text
            do throws(Failure) {
                guard seen.insert(name).inserted else { throw Failure(.malformed, "\(Self.quoted(name)) stands there twice") }
                guard Self.keys.contains(name) || others.contains(name) else {
                    throw Failure(.malformed, "\(Self.quoted(name)) is unknown; known are \(Self.keys.joined(separator: ", "))")
                }
                try order.set(name, value)
            } catch {
                problem = error
            }
        }
        if let problem { throw problem }
        self = order
    }

    private static let keys = ["status", "node", "name", "tags", "exporter", "agent"]

    private mutating func set(_ key: String, _ value: JSONValue) throws(Failure) {
        switch key {
        case "status":
            guard let word = Self.text(value), word == "running" || word == "stopped" else {
                throw Failure(.malformed, "status: expected \"running\" or \"stopped\"")
            }
            isRunning = word == "running"
        case "node":
            guard let word = Self.text(value) else { throw Failure(.malformed, "node: expected the name of a node, as in \"pve2\"") }
            node = word
        case "name":
            guard let word = Self.text(value), Self.isName(word) else {
                throw Failure(
                    .malformed, "name: expected 1 to 63 letters, digits, hyphens and dots, with a letter or digit at either end")
            }
            name = word
        case "tags":
            guard let words = Self.text(value), Self.areTags(words) else {
                throw Failure(
                    .malformed,
                    "tags: expected words with semicolons between them, as in \"prod;web\", of letters, digits and _ - + . (512 bytes at most)"
                )
            }
            tags = words
        case "exporter": hasExporter = try Self.flag(key, value)
        case "agent": hasAgent = try Self.flag(key, value)
        case "deleted": isDeletion = try Self.flag(key, value)
        default: break
        }
    }

    private static func text(_ value: JSONValue) -> String? { value.isString ? value.text : nil }

    private static func flag(_ key: String, _ value: JSONValue) throws(Failure) -> Bool {
        guard value.isBoolean, let flag = value.flag else { throw Failure(.malformed, "\(key): expected true or false") }
        return flag
    }

    private static func quoted(_ text: String) -> String { "\"\(HostileText.oneLine(text, limit: 40))\"" }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    /// As Proxmox VE has the name of a machine and the host name of a container.
    private static func isName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    private static func areTags(_ text: String) -> Bool {
        guard text.utf8.count <= 512 else { return false }
        return text.isEmpty
            || text.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).allSatisfy { tag in
                guard let first = tag.first, isAlphanumeric(first) || first == UInt8(ascii: "_") else { return false }
                return tag.allSatisfy { isAlphanumeric($0) || "_-+.".utf8.contains($0) }
            }
    }
}
