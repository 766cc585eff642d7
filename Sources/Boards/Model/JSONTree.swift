package import JSON
package import Primitives

/// A JSON value that lives on when its document is gone: what a board keeps of itself and what the page is told as it stood in the file.
package indirect enum JSONTree: Sendable, Equatable {
    case null
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([JSONTree])
    case object([Member])

    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: JSONTree

        package init(_ name: String, _ value: JSONTree) {
            self.name = name
            self.value = value
        }
    }

    /// As many values as a board may have; the largest boards that people share have some 20,000.
    package static let nodeLimit = 400_000
    private static let depthLimit = 64

    /// Errors: `limit` for a document with too many values or nested too deeply.
    package init(_ value: JSONValue) throws(Failure) {
        var left = Self.nodeLimit
        self = try Self.read(value, depth: 0, left: &left)
    }

    private static func read(_ value: JSONValue, depth: Int, left: inout Int) throws(Failure) -> JSONTree {
        left -= 1
        guard left >= 0 else { throw Failure(.limit, "the board has more than \(nodeLimit) values") }
        guard depth < depthLimit else { throw Failure(.limit, "the board is nested deeper than \(depthLimit)") }
        if value.isString { return .text(value.text ?? "") }
        if value.isBoolean { return .flag(value.flag ?? false) }
        // The walk has no typed throws, so an error is carried out of it by hand.
        var failure: Failure?
        if value.isObject {
            var members: [Member] = []
            // Readers do not agree on which of two members of a name counts, so there is one for all of them.
            var names: Set<String> = []
            value.forEachMember { key, value in
                guard failure == nil, names.insert(key.text).inserted else { return }
                do throws(Failure) { members.append(Member(key.text, try read(value, depth: depth + 1, left: &left))) } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            return .object(members)
        }
        if value.isArray {
            var elements: [JSONTree] = []
            value.forEachElement { value in
                guard failure == nil else { return }
                do throws(Failure) { elements.append(try read(value, depth: depth + 1, left: &left)) } catch { failure = error }
            }
            if let failure { throw failure }
            return .list(elements)
        }
        return value.number.map { .number($0) } ?? .null
    }

    /// The member of that name, the first of several; nil also when it is null or this is no object.
    package subscript(name: String) -> JSONTree? {
        guard case .object(let members) = self, let found = members.first(where: { $0.name == name }), found.value != .null else {
            return nil
        }
        return found.value
    }

    /// What stands at a path such as `reduceOptions.calcs`.
    package func at(_ path: String) -> JSONTree? {
        var here: JSONTree? = self
        for name in path.split(separator: ".") { here = here?[String(name)] }
        return here
    }

    /// Text, or a number as it would be written.
    package var text: String? {
        switch self {
        case .text(let text): text
        case .number(let number): plainNumber(number)
        case .flag(let flag): flag ? "true" : "false"
        default: nil
        }
    }

    package var number: Double? {
        switch self {
        case .number(let number): number
        case .text(let text): text.utf8.count <= 32 ? decimalNumber(text) : nil
        default: nil
        }
    }

    package var integer: Int? { number.flatMap { $0.magnitude <= 9_007_199_254_740_992 ? Int($0.rounded(.towardZero)) : nil } }

    package var flag: Bool? {
        switch self {
        case .flag(let flag): flag
        case .number(let number): number != 0
        case .text("true"): true
        case .text("false"): false
        default: nil
        }
    }

    /// The elements of a list, none of anything else.
    package var elements: [JSONTree] {
        guard case .list(let elements) = self else { return [] }
        return elements
    }

    package var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }

    /// One text, or the texts of a list.
    package var texts: [String] { if case .list(let elements) = self { elements.compactMap(\.text) } else { text.map { [$0] } ?? [] } }

    /// The object with a value at a path such as `custom.lineWidth`; objects on the way are made.
    package func setting(_ path: String, to value: JSONTree) -> JSONTree {
        setting(ArraySlice(path.split(separator: ".", maxSplits: 8).map(String.init)), to: value)
    }

    private func setting(_ path: ArraySlice<String>, to value: JSONTree) -> JSONTree {
        guard let name = path.first else { return value }
        var members = members
        if let index = members.firstIndex(where: { $0.name == name }) {
            members[index].value = members[index].value.setting(path.dropFirst(), to: value)
        } else {
            members.append(Member(name, JSONTree.object([]).setting(path.dropFirst(), to: value)))
        }
        return .object(members)
    }

    package func write(into json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .flag(let flag): json.bool(flag)
        case .number(let number): json.number(number)
        case .text(let text): json.string(text)
        case .list(let elements):
            json.array { for element in elements { element.write(into: &$0) } }
        case .object(let members):
            json.object {
                for member in members {
                    $0.key(text: member.name)
                    member.value.write(into: &$0)
                }
            }
        }
    }
}

/// A number in its shortest form, whole ones without a fraction; what is not finite as Prometheus writes it.
package func plainNumber(_ number: Double) -> String {
    guard number.isFinite else { return number.isNaN ? "NaN" : number > 0 ? "+Inf" : "-Inf" }
    var bytes: [UInt8] = []
    bytes.append(finite: number)
    return String(decoding: bytes, as: UTF8.self)
}

/// The finite number that a decimal text is; Swift's other spellings (`nan`, `0x10`) are none.
package func decimalNumber(_ text: some StringProtocol) -> Double? {
    let fits = text.utf8.allSatisfy { (0x30...0x39).contains($0) || [0x2E, 0x2D, 0x2B, 0x65, 0x45].contains($0) }
    guard fits, let number = Double(text), number.isFinite else { return nil }
    return number
}
