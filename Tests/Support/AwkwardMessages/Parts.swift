package import Protobuf

/// Messages in a message, which come in pieces and are merged.
package struct Parts: ProtobufMessage {
    package var scalars: Scalars?
    package var lists: Lists?
    package var maps: Maps?
    package var optionals: Optionals?
    package var many: [Scalars] = []
    package var unknownFields: [UInt8] = []

    package init() {}

    package static let fields = FieldTable<Parts>(
        "awkward.Parts",
        [
            .optional(1, "scalars", .message, \.scalars),
            .optional(2, "lists", .message, \.lists),
            .optional(3, "maps", .message, \.maps),
            .optional(4, "optionals", .message, \.optionals),
            .repeated(5, "many", .message, \.many),
        ])
}
