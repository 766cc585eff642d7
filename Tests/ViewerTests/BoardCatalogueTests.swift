import Boards
import Glibc
import Primitives
import Testing

@testable import Viewer

@Suite struct BoardCatalogueTests {
    private static func board(_ uid: String, _ title: String) -> [UInt8] {
        Array(#"{"uid":"\#(uid)","title":"\#(title)","schemaVersion":39,"panels":[]}"#.utf8)
    }

    /// A folder that is gone afterwards.
    private static func withFolder(_ body: (String) throws -> Void) throws {
        let folder = "/tmp/martlet-boards-test-\(UInt64.random(in: 0 ... .max))"
        try Files.makeDirectory(folder)
        defer {
            for name in Files.names(in: folder) ?? [] { Files.remove("\(folder)/\(name)") }
            rmdir(folder)
        }
        try body(folder)
    }

    @Test func `boards are in the order of their titles`() {
        let catalogue = BoardCatalogue(shipped: [("1.json", Self.board("b", "Zeta")), ("2.json", Self.board("a", "Alpha"))])
        #expect(catalogue.entries.map(\.title) == ["Alpha", "Zeta"])
        #expect(catalogue.entry("b")?.board?.title == "Zeta")
        #expect(catalogue.entry("c") == nil)
    }

    @Test func `a bad file is a problem of its own`() {
        let catalogue = BoardCatalogue(shipped: [
            ("good.json", Self.board("good", "Good")), ("../bad <name>.json", Array("{".utf8)), ("twin.json", Self.board("good", "Twin")),
        ])
        #expect(catalogue.entry("good")?.board?.title == "Good")
        #expect(catalogue.entry("---bad--name-")?.problem?.contains("JSON") == true)
        #expect(catalogue.entries.first { $0.title == "Twin" }?.problem == "its uid is that of Good too")
    }

    @Test func `a folder is read again where it has changed`() throws {
        try Self.withFolder { folder in
            try Files.write(Self.board("a", "First"), to: "\(folder)/a.json")
            try Files.write(Self.board("b", "Text"), to: "\(folder)/b.txt")
            let catalogue = BoardCatalogue(folder: folder)
            #expect(catalogue.entries.map(\.title) == ["First"])
            try Files.write(Self.board("a", "Second"), to: "\(folder)/a.json")
            try Files.write(Self.board("c", "Third"), to: "\(folder)/c.json")
            catalogue.look()
            #expect(catalogue.entries.map(\.title) == ["Second", "Third"])
            Files.remove("\(folder)/a.json")
            catalogue.look()
            #expect(catalogue.entries.map(\.title) == ["Third"])
            #expect(catalogue.problem == nil)
        }
    }

    @Test func `a folder that is not there is said`() {
        #expect(BoardCatalogue(folder: "/there/is/none").problem == "cannot read the folder /there/is/none")
    }

    @Test(arguments: [
        ("CPU - Host.csv", "CPU - Host.csv"), ("a\r\nX: y.csv", "a--X- y.csv"), (#"a"; filename="b"#, "a-- filename--b.csv"),
        ("../../x", "-..-x.csv"),
        ("", "panel.csv"), ("...", "panel.csv"), ("ü", "--.csv"),
        (String(repeating: "x", count: 500), String(repeating: "x", count: 120) + ".csv"),
    ])
    func `the name of a file is plain`(_ title: String, _ name: String) { #expect(BoardPages.fileName(title) == name) }
}
