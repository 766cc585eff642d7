/// The fields of a message, by number.
package struct FieldTable<Message: ProtobufMessage>: Sendable {
    /// With its package: `provider.v1.CreateRequest`.
    package let name: String
    /// By ascending numbers, which is the order on the wire.
    package let inOrder: [Field<Message>]
    let codecs: FieldCodecs

    /// - Parameter fields: in any order; no number twice.
    package init(_ name: String, _ fields: [Field<Message>]) {
        self.name = name
        inOrder = fields.sorted { $0.number < $1.number }
        codecs = FieldCodecs(message: name, inOrder: inOrder.map(\.codec))
    }
}
