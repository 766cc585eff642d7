import AwkwardMessages
import Primitives
import Protobuf
import TestSupport
import Testing

@Suite struct RefusalTests {
    static let refusals: [(String, String)] = [
        ("18", "byte 1 field 3: a number is cut off"),
        ("98", "byte 0: a number is cut off"),
        ("18 80", "byte 1 field 3: a number is cut off"),
        ("18 80 80 80 80 80 80 80 80 80 80 00", "byte 1 field 3: a number has more than 10 bytes"),
        ("80 80 80 80 80 00", "byte 0: a number has more than 5 bytes"),
        ("fa ff ff ff 1f 00", "byte 0: the number of a field is too great"),
        ("00 00", "byte 0: a field has the number 0"),
        ("20 01 02 00", "byte 2: a field has the number 0"),
        ("1e", "byte 0 field 3: there is no wire type 6"),
        ("1f", "byte 0 field 3: there is no wire type 7"),
        ("09 00 00 00 00 00 00 00", "byte 1 field 1: a number of eight bytes is cut off"),
        ("15 00 00 00", "byte 1 field 2: a number of four bytes is cut off"),
        ("72 02 61", "byte 1 field 14: 2 bytes are announced and 1 are left"),
        ("72 ff ff ff ff 0f", "byte 1 field 14: 4294967295 bytes are announced and 0 are left"),
        ("72 ff ff ff ff ff ff ff ff ff 01 61", "byte 1 field 14: a number has more than 5 bytes"),
        ("a2 06 01", "byte 2 field 100: 1 bytes are announced and 0 are left"),
        ("a3 06", "byte 2 field 100: a group has no end"),
        ("a3 06 ac 06", "byte 4 field 101: a group ends as another one"),
        ("a4 06", "byte 2 field 100: a group ends that did not begin"),
        ("a3 06 00 00 a4 06", "byte 2: a field has the number 0"),
    ]

    @Test(arguments: refusals) func `What is no message is refused, with its place`(_ given: String, _ reason: String) {
        let error = #expect(throws: Failure.self) { try Scalars(protobuf: bytes(given)) }
        #expect(error?.code == .malformed)
        #expect(error?.message == "not a message awkward.Scalars: \(reason)")
    }

    static let inside: [(String, String)] = [
        ("0a 02 18 80", "not a message awkward.Scalars: byte 3 field 3: a number is cut off"),
        // A piece that ends within an element, and one that would go on behind the field.
        ("12 03 1a 01 80 00", "not a message awkward.Lists: byte 4 field 3: a number is cut off"),
        ("12 05 0a 03 00 00 00", "not a message awkward.Lists: byte 4 field 1: a number of eight bytes is cut off"),
        ("12 03 1a 02 01 01", "not a message awkward.Lists: byte 3 field 3: 2 bytes are announced and 1 are left"),
        ("1a 04 0a 02 0a 01 61", "not a message awkward.Maps: byte 5 field 1: 1 bytes are announced and 0 are left"),
    ]

    @Test(arguments: inside) func `What is wrong inside is told of the message that it is in`(_ given: String, _ reason: String) {
        let error = #expect(throws: Failure.self) { try Parts(protobuf: bytes(given)) }
        #expect(error?.message == reason)
    }

    @Test(arguments: [
        "ff", "c0 80", "c3", "e2 82", "ed a0 80", "ed bf bf", "f4 90 80 80", "f8 88 80 80 80", "61 80 62", "e0 80 80", "f0 80 80 80", "fe",
    ])
    func `A text that is not UTF-8 is refused`(_ text: String) {
        let content = bytes(text)
        let error = #expect(throws: Failure.self) { try Scalars(protobuf: [0x72, UInt8(content.count)] + content) }
        #expect(error?.message == "not a message awkward.Scalars: byte 1 field 14: a text is not UTF-8")
        // Where it is no text, they are bytes.
        #expect(throws: Never.self) { try Scalars(protobuf: [0x7A, UInt8(content.count)] + content) }
    }

    /// A message of so many levels below the first, as field 2 of each.
    private static func nested(_ levels: Int) -> [UInt8] {
        var content: [UInt8] = []
        for _ in 0..<levels {
            // The head of a field has no fixed length, and to write from the end is easier.
            var length = content.count
            var head: [UInt8] = [0x12]
            repeat {
                head.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
                length >>= 7
            } while length > 0
            content = head + content
        }
        return content
    }

    @Test(arguments: [(0, true), (1, true), (99, true), (100, true), (101, false), (150, false), (5000, false)])
    func `Messages stand in each other a hundred deep`(_ levels: Int, _ passes: Bool) async {
        let bytes = Self.nested(levels)
        // On a thread of ours, whose stack is small.
        let outcome = OneAnswer<Failure.Code?>()
        do {
            try Thread.start("depth") {
                do throws(Failure) {
                    let tree = try Tree(protobuf: bytes)
                    outcome.give(tree.protobuf == bytes ? nil : .usage)
                } catch {
                    outcome.give(error.code)
                }
            }
        } catch {
            Issue.record(error)
            return
        }
        #expect(await outcome.value == (passes ? nil : .limit))
    }

    @Test(arguments: [(100, true), (101, false), (100_000, false)])
    func `Groups that nobody knows stand in each other a hundred deep`(_ levels: Int, _ passes: Bool) {
        let groups = Array(repeatElement([UInt8](arrayLiteral: 0xA3, 0x06), count: levels).joined())
        let ends = Array(repeatElement([UInt8](arrayLiteral: 0xA4, 0x06), count: levels).joined())
        do throws(Failure) {
            let message = try Nothing(protobuf: groups + ends)
            #expect(passes)
            #expect(message.protobuf == groups + ends)
        } catch {
            #expect(!passes)
            #expect(error.code == .limit)
        }
    }

    /// Bytes in which every kind of field stands, so that a cut or a flipped bit meets every part of the reader.
    static let sample: [UInt8] = {
        var parts = Parts()
        var scalars = Scalars()
        scalars.doubleValue = 1.5
        scalars.floatValue = -2
        scalars.int32Value = -3
        scalars.fixed32Value = 4
        scalars.boolValue = true
        scalars.stringValue = "é"
        scalars.bytesValue = [0, 255]
        scalars.unknownFields = bytes("a3 06 08 01 a4 06")
        parts.scalars = scalars
        var lists = Lists()
        lists.sint64Values = [1, -1, .max]
        lists.floatValues = [1, 2]
        lists.stringValues = ["a", "ß"]
        parts.lists = lists
        var maps = Maps()
        maps.byString = ["a": "b", "c": "d"]
        maps.bySint32 = [-1: .negative]
        var tree = Tree()
        tree.name = "t"
        tree.children = [Tree(), Tree()]
        maps.trees = ["x": tree]
        parts.maps = maps
        parts.many = [scalars, Scalars()]
        return parts.protobuf
    }()

    /// What was read is written, and what was written reads the same.
    private static func judge(_ bytes: [UInt8], as type: any ProtobufMessage.Type) {
        guard let once = try? type.again(bytes) else { return }
        #expect((try? type.again(once)) == once)
    }

    @Test func `A message cut at any byte is read or refused`() throws {
        #expect(try Parts.again(Self.sample) == Self.sample)
        for size in 0..<Self.sample.count { Self.judge(Array(Self.sample.prefix(size)), as: Parts.self) }
    }

    @Test func `A message with any bit flipped is read or refused`() {
        for index in Self.sample.indices {
            for bit in 0..<8 {
                var bytes = Self.sample
                bytes[index] ^= 1 << bit
                Self.judge(bytes, as: Parts.self)
            }
        }
    }

    @Test func `Random bytes are read or refused, as any message`() {
        var generator = SeededGenerator(seed: 7)
        let alphabet: [UInt8] = [0, 1, 2, 3, 4, 8, 10, 11, 12, 13, 16, 18, 24, 26, 32, 34, 42, 0x61, 0x7F, 0x80, 0x82, 0xC3, 0xA9, 0xFF]
        for type in knownMessages {
            for _ in 0..<200 {
                let bytes = (0..<Int(generator.next() % 30)).map { _ in alphabet[Int(generator.next() % UInt64(alphabet.count))] }
                Self.judge(bytes, as: type)
            }
        }
    }
}
