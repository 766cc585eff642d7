package import Protobuf

/// One of each type, there or absent.
package struct Optionals: ProtobufMessage {
    package var doubleValue: Double?
    package var floatValue: Float?
    package var int32Value: Int32?
    package var int64Value: Int64?
    package var uint32Value: UInt32?
    package var uint64Value: UInt64?
    package var sint32Value: Int32?
    package var sint64Value: Int64?
    package var fixed32Value: UInt32?
    package var fixed64Value: UInt64?
    package var sfixed32Value: Int32?
    package var sfixed64Value: Int64?
    package var boolValue: Bool?
    package var stringValue: String?
    package var bytesValue: [UInt8]?
    package var kindValue: Kind?
    package var unknownFields: [UInt8] = []

    package init() {}

    package static let fields = FieldTable<Optionals>(
        "awkward.Optionals",
        [
            .optional(1, "double_value", .double, \.doubleValue),
            .optional(2, "float_value", .float, \.floatValue),
            .optional(3, "int32_value", .int32, \.int32Value),
            .optional(4, "int64_value", .int64, \.int64Value),
            .optional(5, "uint32_value", .uint32, \.uint32Value),
            .optional(6, "uint64_value", .uint64, \.uint64Value),
            .optional(7, "sint32_value", .sint32, \.sint32Value),
            .optional(8, "sint64_value", .sint64, \.sint64Value),
            .optional(9, "fixed32_value", .fixed32, \.fixed32Value),
            .optional(10, "fixed64_value", .fixed64, \.fixed64Value),
            .optional(11, "sfixed32_value", .sfixed32, \.sfixed32Value),
            .optional(12, "sfixed64_value", .sfixed64, \.sfixed64Value),
            .optional(13, "bool_value", .bool, \.boolValue),
            .optional(14, "string_value", .string, \.stringValue),
            .optional(15, "bytes_value", .bytes, \.bytesValue),
            .optional(16, "kind_value", .enumeration, \.kindValue),
        ])
}
