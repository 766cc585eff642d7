package import Protobuf

/// Numbers at the ends of what they may be, out of order.
package struct Far: ProtobufMessage {
    package var last = ""
    package var behindReserved = ""
    package var threeBytes = ""
    package var twoBytesLast = ""
    package var twoBytes = ""
    package var oneByteLast: [Int32] = []
    package var first = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package static let fields = FieldTable<Far>(
        "awkward.Far",
        [
            .field(536870911, "last", .string, \.last),
            .field(20000, "behind_reserved", .string, \.behindReserved),
            .field(2048, "three_bytes", .string, \.threeBytes),
            .field(2047, "two_bytes_last", .string, \.twoBytesLast),
            .field(16, "two_bytes", .string, \.twoBytes),
            .repeated(15, "one_byte_last", .sint32, \.oneByteLast),
            .field(1, "first", .string, \.first),
        ])
}
