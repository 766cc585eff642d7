import AwkwardMessages
import Protobuf
import Testing

/// Bytes worked out by hand from the description of the encoding.
@Suite struct ScalarTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let bytes: String
        let set: @Sendable (inout Scalars) -> Void

        init(_ bytes: String, _ set: @escaping @Sendable (inout Scalars) -> Void) {
            self.bytes = bytes
            self.set = set
        }

        var testDescription: String { bytes }
    }

    static let cases: [Case] = [
        Case("09 00 00 00 00 00 00 f0 3f") { $0.doubleValue = 1 },
        Case("09 00 00 00 00 00 00 00 80") { $0.doubleValue = -0.0 },
        Case("09 00 00 00 00 00 00 f0 7f") { $0.doubleValue = .infinity },
        Case("09 01 00 00 00 00 00 00 00") { $0.doubleValue = .leastNonzeroMagnitude },
        Case("15 00 00 80 bf") { $0.floatValue = -1 },
        Case("15 00 00 00 80") { $0.floatValue = -0.0 },
        Case("18 96 01") { $0.int32Value = 150 },
        Case("18 ff ff ff ff ff ff ff ff ff 01") { $0.int32Value = -1 },
        Case("18 ff ff ff ff 07") { $0.int32Value = .max },
        Case("18 80 80 80 80 f8 ff ff ff ff 01") { $0.int32Value = .min },
        Case("20 ff ff ff ff ff ff ff ff 7f") { $0.int64Value = .max },
        Case("20 80 80 80 80 80 80 80 80 80 01") { $0.int64Value = .min },
        Case("28 ff ff ff ff 0f") { $0.uint32Value = .max },
        Case("30 ff ff ff ff ff ff ff ff ff 01") { $0.uint64Value = .max },
        Case("38 01") { $0.sint32Value = -1 },
        Case("38 02") { $0.sint32Value = 1 },
        Case("38 fe ff ff ff 0f") { $0.sint32Value = .max },
        Case("38 ff ff ff ff 0f") { $0.sint32Value = .min },
        Case("40 fe ff ff ff ff ff ff ff ff 01") { $0.sint64Value = .max },
        Case("40 ff ff ff ff ff ff ff ff ff 01") { $0.sint64Value = .min },
        Case("4d 01 02 00 00") { $0.fixed32Value = 513 },
        Case("51 01 02 00 00 00 00 00 00") { $0.fixed64Value = 513 },
        Case("5d ff ff ff ff") { $0.sfixed32Value = -1 },
        Case("61 fe ff ff ff ff ff ff ff") { $0.sfixed64Value = -2 },
        Case("68 01") { $0.boolValue = true },
        Case("72 07 74 65 73 74 69 6e 67") { $0.stringValue = "testing" },
        Case("72 02 c3 a9") { $0.stringValue = "é" },
        Case("72 01 00") { $0.stringValue = "\0" },
        Case("7a 02 ff 00") { $0.bytesValue = [255, 0] },
        Case("80 01 01") { $0.kindValue = .one },
        Case("80 01 ff ff ff ff ff ff ff ff ff 01") { $0.kindValue = .negative },
        Case("80 01 ff ff ff ff 07") { $0.kindValue = .greatest },
        Case("80 01 2a") { $0.kindValue = .other(42) },
        Case("18 01 20 02 72 01 61 80 01 01") {
            $0.int32Value = 1
            $0.int64Value = 2
            $0.stringValue = "a"
            $0.kindValue = .one
        },
        Case("") { _ in },
    ]

    @Test(arguments: cases) func `A value is written as these bytes and read from them`(_ example: Case) throws {
        var message = Scalars()
        example.set(&message)
        #expect(hex(message.protobuf) == example.bytes)
        #expect(try Scalars(protobuf: bytes(example.bytes)) == message)
    }

    @Test func `A number that is none is kept to the bit`() throws {
        let signalling = "09 01 00 00 00 00 00 f4 7f 15 01 00 a0 7f"
        let message = try Scalars(protobuf: bytes(signalling))
        #expect(message.doubleValue.isNaN && message.floatValue.isNaN)
        #expect(hex(message.protobuf) == signalling)
    }

    @Test func `What is there with its default is other than absent`() throws {
        let there =
            "09 00 00 00 00 00 00 00 00 15 00 00 00 00 18 00 20 00 28 00 30 00 38 00 40 00 4d 00 00 00 00 51 00 00 00 00 00 00 00 00 "
            + "5d 00 00 00 00 61 00 00 00 00 00 00 00 00 68 00 72 00 7a 00 80 01 00"
        let message = try Optionals(protobuf: bytes(there))
        #expect(message.doubleValue == 0 && message.boolValue == false && message.stringValue?.isEmpty == true)
        #expect(hex(message.protobuf) == there)
        #expect(try Optionals(protobuf: []).protobuf.isEmpty)
        // Where nothing is told apart, the default is not written.
        #expect(try Scalars(protobuf: bytes(there)).protobuf.isEmpty)
    }

    static let loose: [(String, String)] = [
        // More bytes than are needed, in the field's head and in its value.
        ("98 80 80 80 00 96 81 80 00", "18 96 01"),
        // What does not fit is cut: 2³² + 1 as an int32, 2³² as an enum, bits past the sixty-fourth.
        ("18 81 80 80 80 10", "18 01"),
        ("80 01 80 80 80 80 10", ""),
        ("20 81 80 80 80 80 80 80 80 80 7e", "20 01"),
        ("68 80 80 80 80 80 80 80 80 80 01", "68 01"),
        // The last of several counts, also a default.
        ("18 01 18 02", "18 02"),
        ("18 01 18 00", ""),
        ("72 01 61 72 01 62 72 00", ""),
    ]

    @Test(arguments: loose) func `What others may write is read, and written as we do`(_ theirs: String, _ ours: String) throws {
        #expect(hex(try Scalars(protobuf: bytes(theirs)).protobuf) == ours)
    }

    @Test func `Far numbers stand in their order`() throws {
        var message = Far()
        message.last = "z"
        message.behindReserved = "r"
        message.threeBytes = "3"
        message.twoBytesLast = "y"
        message.twoBytes = "2"
        message.oneByteLast = [-1, 1]
        message.first = "a"
        let written = "0a 01 61 7a 02 01 02 82 01 01 32 fa 7f 01 79 82 80 01 01 33 82 e2 09 01 72 fa ff ff ff 0f 01 7a"
        #expect(hex(message.protobuf) == written)
        #expect(try Far(protobuf: bytes(written)) == message)
    }
}
