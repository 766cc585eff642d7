package import Protobuf

/// Nothing.
package struct Nothing: ProtobufMessage {
    package var unknownFields: [UInt8] = []

    package init() {}

    package static let fields = FieldTable<Nothing>("awkward.Nothing", [])
}
