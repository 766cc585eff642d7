package import Protobuf

/// One of each type, which is left out while it has its default.
package struct Scalars: ProtobufMessage {
    package var doubleValue: Double = 0
    package var floatValue: Float = 0
    package var int32Value: Int32 = 0
    package var int64Value: Int64 = 0
    package var uint32Value: UInt32 = 0
    package var uint64Value: UInt64 = 0
    package var sint32Value: Int32 = 0
    package var sint64Value: Int64 = 0
    package var fixed32Value: UInt32 = 0
    package var fixed64Value: UInt64 = 0
    package var sfixed32Value: Int32 = 0
    package var sfixed64Value: Int64 = 0
    package var boolValue = false
    package var stringValue = ""
    package var bytesValue: [UInt8] = []
    package var kindValue: Kind = .unspecified
    package var unknownFields: [UInt8] = []

    package init() {}

    package static let fields = FieldTable<Scalars>(
        "awkward.Scalars",
        [
            .field(1, "double_value", .double, \.doubleValue),
            .field(2, "float_value", .float, \.floatValue),
            .field(3, "int32_value", .int32, \.int32Value),
            .field(4, "int64_value", .int64, \.int64Value),
            .field(5, "uint32_value", .uint32, \.uint32Value),
            .field(6, "uint64_value", .uint64, \.uint64Value),
            .field(7, "sint32_value", .sint32, \.sint32Value),
            .field(8, "sint64_value", .sint64, \.sint64Value),
            .field(9, "fixed32_value", .fixed32, \.fixed32Value),
            .field(10, "fixed64_value", .fixed64, \.fixed64Value),
            .field(11, "sfixed32_value", .sfixed32, \.sfixed32Value),
            .field(12, "sfixed64_value", .sfixed64, \.sfixed64Value),
            .field(13, "bool_value", .bool, \.boolValue),
            .field(14, "string_value", .string, \.stringValue),
            .field(15, "bytes_value", .bytes, \.bytesValue),
            .field(16, "kind_value", .enumeration, \.kindValue),
        ])
}
