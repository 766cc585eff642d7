package import Protobuf

/// Many of each type.
package struct Lists: ProtobufMessage {
    package var doubleValues: [Double] = []
    package var floatValues: [Float] = []
    package var int32Values: [Int32] = []
    package var int64Values: [Int64] = []
    package var uint32Values: [UInt32] = []
    package var uint64Values: [UInt64] = []
    package var sint32Values: [Int32] = []
    package var sint64Values: [Int64] = []
    package var fixed32Values: [UInt32] = []
    package var fixed64Values: [UInt64] = []
    package var sfixed32Values: [Int32] = []
    package var sfixed64Values: [Int64] = []
    package var boolValues: [Bool] = []
    package var stringValues: [String] = []
    package var bytesValues: [[UInt8]] = []
    package var kindValues: [Kind] = []
    package var unknownFields: [UInt8] = []

    package init() {}

    package static let fields = FieldTable<Lists>(
        "awkward.Lists",
        [
            .repeated(1, "double_values", .double, \.doubleValues),
            .repeated(2, "float_values", .float, \.floatValues),
            .repeated(3, "int32_values", .int32, \.int32Values),
            .repeated(4, "int64_values", .int64, \.int64Values),
            .repeated(5, "uint32_values", .uint32, \.uint32Values),
            .repeated(6, "uint64_values", .uint64, \.uint64Values),
            .repeated(7, "sint32_values", .sint32, \.sint32Values),
            .repeated(8, "sint64_values", .sint64, \.sint64Values),
            .repeated(9, "fixed32_values", .fixed32, \.fixed32Values),
            .repeated(10, "fixed64_values", .fixed64, \.fixed64Values),
            .repeated(11, "sfixed32_values", .sfixed32, \.sfixed32Values),
            .repeated(12, "sfixed64_values", .sfixed64, \.sfixed64Values),
            .repeated(13, "bool_values", .bool, \.boolValues),
            .repeated(14, "string_values", .string, \.stringValues),
            .repeated(15, "bytes_values", .bytes, \.bytesValues),
            .repeated(16, "kind_values", .enumeration, \.kindValues),
        ])
}
