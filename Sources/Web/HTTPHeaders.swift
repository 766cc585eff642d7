/// Header fields in the order in which they came; names are compared without regard to case.
package struct HTTPHeaders: Sendable {
    package private(set) var fields: [(name: String, value: String)] = []

    package init(_ fields: [(name: String, value: String)] = []) { self.fields = fields }

    package mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }

    /// The first value of that name.
    package subscript(name: String) -> String? { fields.first { Self.isSame($0.name, name) }?.value }

    /// All values of that name.
    package func values(of name: String) -> [String] { fields.filter { Self.isSame($0.name, name) }.map(\.value) }

    /// Whether two names or words are the same but for the case of ASCII letters.
    static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && zip(left.utf8, right.utf8).allSatisfy { folded($0) == folded($1) }
    }

    private static func folded(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte + 0x20 : byte }
}
