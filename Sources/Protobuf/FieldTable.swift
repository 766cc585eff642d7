/// The fields of a message, by number.
package struct FieldTable<Message: ProtobufMessage>: Sendable {
    /// With its package: `provider.v1.CreateRequest`.
    package let name: String
    /// By ascending numbers, which is the order on the wire.
    package let inOrder: [Field<Message>]
    /// Where in `inOrder` a field stands, by its number; nearly all messages number their fields without gaps.
    private let places: [Int32: Int]
    private let isDense: Bool

    /// - Parameter fields: in any order; no number twice.
    package init(_ name: String, _ fields: [Field<Message>]) {
        self.name = name
        inOrder = fields.sorted { $0.number < $1.number }
        places = Dictionary(inOrder.enumerated().map { ($1.number, $0) }) { first, _ in first }
        isDense = inOrder.enumerated().allSatisfy { $1.number == Int32($0 + 1) }
    }

    package subscript(number: Int32) -> Field<Message>? {
        if isDense {
            guard number >= 1, number <= inOrder.count else { return nil }
            return inOrder[Int(number) - 1]
        }
        return places[number].map { inOrder[$0] }
    }
}
