import AwkwardMessages
import Protobuf
import Testing

@Suite struct CollectionTests {
    @Test(arguments: ["1a 04 01 96 01 02", "18 01 18 96 01 18 02", "1a 01 01 18 96 01 1a 01 02", "1a 00 1a 04 01 96 01 02 1a 00"])
    func `Numbers are read packed and one by one, and written packed`(_ given: String) throws {
        let message = try Lists(protobuf: bytes(given))
        #expect(message.int32Values == [1, 150, 2])
        #expect(hex(message.protobuf) == "1a 04 01 96 01 02")
    }

    @Test func `Each list has its form`() throws {
        var lists = Lists()
        lists.floatValues = [1, -0.0]
        lists.sint32Values = [-1, 0]
        lists.fixed64Values = [1]
        lists.boolValues = [true, false]
        lists.stringValues = ["", "a"]
        lists.bytesValues = [[]]
        lists.kindValues = [.negative, .unspecified]
        let written =
            "12 08 00 00 80 3f 00 00 00 80 3a 02 01 00 52 08 01 00 00 00 00 00 00 00 6a 02 01 00 72 00 72 01 61 7a 00 "
            + "82 01 0b ff ff ff ff ff ff ff ff ff 01 00"
        #expect(hex(lists.protobuf) == written)
        #expect(try Lists(protobuf: bytes(written)) == lists)
    }

    @Test func `Entries stand in the order in which Python writes them`() throws {
        var maps = Maps()
        maps.byString = ["": "", "a": "1", "aa": "2", "b": "3"]
        maps.byBool = [false: "", true: ""]
        maps.byInt32 = [0: [], 1: [], -1: []]
        maps.bySint64 = [0: 0, 1: 0, -1: 0]
        let strings = "0a 07 0a 02 61 61 12 01 32 0a 06 0a 01 61 12 01 31 0a 06 0a 01 62 12 01 33 0a 04 0a 00 12 00"
        let whole = "12 0d 08 ff ff ff ff ff ff ff ff ff 01 12 00 12 04 08 01 12 00 12 04 08 00 12 00"
        let zigzag = "3a 04 08 01 10 00 3a 04 08 02 10 00 3a 04 08 00 10 00"
        let written = "\(strings) \(whole) \(zigzag) 62 04 08 01 12 00 62 04 08 00 12 00"
        #expect(hex(maps.protobuf) == written)
        #expect(try Maps(protobuf: bytes(written)) == maps)
    }

    static let entries: [(String, [String: String])] = [
        ("0a 06 0a 01 61 12 01 31", ["a": "1"]),
        // Value before key; one of them or both left out; one twice; a key twice.
        ("0a 06 12 01 31 0a 01 61", ["a": "1"]),
        ("0a 03 0a 01 61", ["a": ""]),
        ("0a 03 12 01 31", ["": "1"]),
        ("0a 00", ["": ""]),
        ("0a 09 0a 01 61 12 01 31 12 01 32", ["a": "2"]),
        ("0a 06 0a 01 61 12 01 31 0a 06 0a 01 61 12 01 32", ["a": "2"]),
    ]

    @Test(arguments: entries) func `An entry is read in any form`(_ given: String, _ entries: [String: String]) throws {
        let maps = try Maps(protobuf: bytes(given))
        #expect(maps.byString == entries)
        #expect(maps.unknownFields.isEmpty)
    }

    @Test func `An entry with more in it than a key and a value stays unknown`() throws {
        let given = "0a 08 0a 01 61 12 01 31 18 01"
        let maps = try Maps(protobuf: bytes(given))
        #expect(maps.byString.isEmpty)
        #expect(hex(maps.protobuf) == given)
    }

    @Test func `Keys that look alike are both kept`() throws {
        let composed = "0a 07 0a 02 c3 a9 12 01 31"
        let decomposed = "0a 08 0a 03 65 cc 81 12 01 32"
        let maps = try Maps(protobuf: bytes("\(composed) \(decomposed)"))
        #expect(maps.byString == ["é": "1"])
        #expect(hex(maps.protobuf) == "\(composed) \(decomposed)")
        #expect(try Maps(protobuf: bytes("\(decomposed) \(composed)")).byString == ["é": "2"])
    }

    @Test func `Pieces of a message are merged`() throws {
        var parts = Parts()
        // Last number, both list elements, both entries, unknown fields of both.
        let first = "0a 06 18 01 72 02 61 62 12 03 1a 01 01 1a 08 0a 06 0a 01 61 12 01 31"
        let second = "0a 02 18 02 12 03 1a 01 02 1a 0d 0a 06 0a 01 62 12 01 32 a0 06 07 0a 00"
        parts = try Parts(protobuf: bytes("\(first) \(second)"))
        #expect(parts.scalars?.int32Value == 2)
        #expect(parts.scalars?.stringValue == "ab")
        #expect(parts.lists?.int32Values == [1, 2])
        #expect(parts.maps?.byString == ["a": "1", "b": "2", "": ""])
        #expect(parts.maps.map { hex($0.unknownFields) } == "a0 06 07")
    }

    @Test func `A message that is there and empty is other than none`() throws {
        #expect(try Parts(protobuf: bytes("0a 00")).scalars == Scalars())
        #expect(try Parts(protobuf: []).scalars == nil)
        #expect(hex(try Parts(protobuf: bytes("0a 00")).protobuf) == "0a 00")
        #expect(try Parts(protobuf: bytes("2a 00 2a 00")).many.count == 2)
    }

    static let unknown = [
        // Of each wire type, in forms that nobody would choose, and between known fields.
        "a0 06 01", "a1 06 01 02 03 04 05 06 07 08", "a2 06 03 01 02 03", "a5 06 01 02 03 04", "a3 06 a4 06",
        "a3 06 08 01 a3 06 a4 06 12 00 a4 06",
        "a0 86 80 00 81 80 00", "fa ff ff ff 0f 00", "a0 06 ff ff ff ff ff ff ff ff ff 7f",
        // Known fields of the wrong wire type.
        "1d 01 02 03 04", "70 01", "4a 00", "6d 00 00 00 00",
    ]

    @Test(arguments: unknown) func `What is unknown is kept to the byte, behind what is known`(_ field: String) throws {
        let message = try Scalars(protobuf: bytes("20 01 \(field) 18 01"))
        #expect(hex(message.unknownFields) == field)
        #expect(hex(message.protobuf) == "18 01 20 01 \(field)")
    }
}
