/// Header fields in the order in which they came; names are compared without regard to case.
package struct HTTPHeaders: Sendable {
    package private(set) var fields: [(name: String, value: String)] = []

    package init(_ fields: [(name: String, value: String)] = []) { self.fields = fields }

    package mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }

    /// The first value of that name.
    package subscript(name: String) -> String? {
        let wanted = name.utf8
        return fields.first { field in
            field.name.utf8.count == wanted.count
                && zip(field.name.utf8, wanted).allSatisfy { Self.folded($0) == Self.folded($1) }
        }?.value
    }

    private static func folded(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte + 0x20 : byte }
}
