import Primitives
import Testing

@testable import ZFSCollector

@Suite struct KstatFileTests {
    private static func numbers(_ text: String) throws -> [String: Double] {
        var found: [String: Double] = [:]
        try KstatFile(parsing: Array(text.utf8)).forEachNumber { found[$0] = $1 }
        return found
    }

    @Test func `rows of numbers with and without a sign`() throws {
        let text = Tree.named([
            ("hits", 4, "5512003"), ("memory_available_bytes", 3, "-17"), ("small", 1, "-1"), ("count", 2, "4294967295"),
        ])
        #expect(try Self.numbers(text) == ["hits": 5_512_003, "memory_available_bytes": -17, "small": -1, "count": 4_294_967_295])
    }

    @Test(arguments: ["18446744073709551616", "99999999999999999999999", "0x10", "1.5", "nan", "", "--1", "1e5", "4 5", "\u{0}"])
    func `what is no number of 64 bits is left out`(value: String) throws {
        #expect(try Self.numbers(Tree.named([("a", 4, value), ("b", 4, "18446744073709551615")])) == ["b": 18_446_744_073_709_551_616])
    }

    @Test func `text and unknown types are no numbers`() throws {
        #expect(try Self.numbers(Tree.named([("a", 7, "5"), ("b", 8, "5"), ("c", 0, "5"), ("d", 44, "5"), ("e", 6, "5")])) == ["e": 5])
    }

    @Test(arguments: [
        "tank/my data", "tank/größe ☃", "tank/a\"b\\c", "tank/with\ttab", "tank/trailing ", "tank/two  spaces",
    ])
    func `the name of a dataset is the rest of its line`(name: String) throws {
        #expect(try KstatFile(parsing: Array(Tree.objset(name).utf8)).text("dataset_name") == name)
    }

    @Test func `a line that was cut is left out`() throws {
        let text = Tree.named([("hits", 4, "5512003"), ("misses", 4, "412233")])
        #expect(try Self.numbers(String(text.dropLast(3))) == ["hits": 5_512_003])
    }

    @Test(arguments: [
        "", "\n", "\n\n", "hits 4 5\n", "13 1 0x01 1 2 3 4\nhits 4 5\n", "13 0 0x01 1 2 3 4\nname type data\nhits 4 5\n",
        "\u{0}\u{1}\u{2}\n\n",
        "13 1 0x01 1 2 3 4\nname type data", "<html>\n<body>\n",
    ])
    func `what is no file of named statistics is malformed`(text: String) {
        #expect { try KstatFile(parsing: Array(text.utf8)) } throws: { ($0 as? Failure)?.code == .malformed }
    }

    @Test func `every piece of a file and every broken byte is borne`() throws {
        let whole = try Files.read("\(Fixtures.folder)/zfs-2.3\(KstatFolder.place)/tank/objset-0x81")
        for length in 0...whole.count {
            guard let file = try? KstatFile(parsing: Array(whole.prefix(length))) else { continue }
            file.forEachNumber { _, value in #expect(value.isFinite) }
            _ = file.text("dataset_name")
        }
        for place in whole.indices {
            var bytes = whole
            bytes[place] = 0xFF
            guard let file = try? KstatFile(parsing: bytes) else { continue }
            file.forEachNumber { _, value in #expect(value.isFinite) }
            _ = file.text("dataset_name")
        }
    }

    @Test func `the old table of a pool`() throws {
        let columns = PoolInputOutput.columns(try Files.read("\(Fixtures.folder)/zfs-0.8\(KstatFolder.place)/rpool/io"))
        #expect(columns.count == 12)
        #expect(columns.first { $0.name == "wcnt" }?.value == 1)
        #expect(PoolInputOutput.columns(Array("1 3 0\nnread nwritten\n1\n".utf8)).isEmpty)
        #expect(PoolInputOutput.columns(Array("1 3 0\nnread nwritten\n1 2".utf8)).isEmpty)
        #expect(PoolInputOutput.columns([]).isEmpty)
    }
}
