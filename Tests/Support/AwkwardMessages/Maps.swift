package import Protobuf

/// Keys and values of each type that they may have.
package struct Maps: ProtobufMessage {
    package var byString: [String: String] = [:]
    package var byInt32: [Int32: [UInt8]] = [:]
    package var byInt64: [Int64: Double] = [:]
    package var byUint32: [UInt32: Float] = [:]
    package var byUint64: [UInt64: Bool] = [:]
    package var bySint32: [Int32: Kind] = [:]
    package var bySint64: [Int64: Int64] = [:]
    package var byFixed32: [UInt32: UInt64] = [:]
    package var byFixed64: [UInt64: Int32] = [:]
    package var bySfixed32: [Int32: UInt64] = [:]
    package var bySfixed64: [Int64: Int32] = [:]
    package var byBool: [Bool: String] = [:]
    package var trees: [String: Tree] = [:]
    package var unknownFields: [UInt8] = []

    package init() {}

    package static let fields = FieldTable<Maps>(
        "awkward.Maps",
        [
            .map(1, "by_string", .string, .string, \.byString),
            .map(2, "by_int32", .int32, .bytes, \.byInt32),
            .map(3, "by_int64", .int64, .double, \.byInt64),
            .map(4, "by_uint32", .uint32, .float, \.byUint32),
            .map(5, "by_uint64", .uint64, .bool, \.byUint64),
            .map(6, "by_sint32", .sint32, .enumeration, \.bySint32),
            .map(7, "by_sint64", .sint64, .sint64, \.bySint64),
            .map(8, "by_fixed32", .fixed32, .fixed64, \.byFixed32),
            .map(9, "by_fixed64", .fixed64, .int32, \.byFixed64),
            .map(10, "by_sfixed32", .sfixed32, .uint64, \.bySfixed32),
            .map(11, "by_sfixed64", .sfixed64, .sfixed32, \.bySfixed64),
            .map(12, "by_bool", .bool, .string, \.byBool),
            .map(13, "trees", .string, .message, \.trees),
        ])
}
