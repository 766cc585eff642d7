package import Protobuf

/// A message in itself.
package struct Tree: ProtobufMessage {
    package var name = ""
    package var children: [Tree] = []
    package var named: [String: Tree] = [:]
    package var kind: Kind = .unspecified
    package var unknownFields: [UInt8] = []

    package init() {}

    package static let fields = FieldTable<Tree>(
        "awkward.Tree",
        [
            .field(1, "name", .string, \.name),
            .repeated(2, "children", .message, \.children),
            .map(3, "named", .string, .message, \.named),
            .field(4, "kind", .enumeration, \.kind),
        ])
}
