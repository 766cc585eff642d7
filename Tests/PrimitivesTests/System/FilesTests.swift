import Glibc
import Primitives
import Testing

@Suite("Files")
struct FilesTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    @Test("What is written is read, whatever its size", arguments: [0, 1, 8191, 8192, 8193, 16_384, 100_000])
    func roundTrip(_ size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try Files.write(bytes, to: path("file"))
        #expect(try Files.read(path("file")) == bytes)
        #expect(folder.entries() == ["file"])
    }

    static let limits: [(size: Int, limit: Int, passes: Bool)] = [
        (0, 0, true), (1, 0, false), (99, 100, true), (100, 100, true), (101, 100, false), (8192, 8192, true), (8193, 8192, false),
        (100_000, 99_999, false), (100_000, 100_000, true),
    ]

    @Test("A file past the limit is refused by name, one at the limit is read", arguments: limits)
    func limit(_ row: (size: Int, limit: Int, passes: Bool)) throws {
        try Files.write([UInt8](repeating: 0x61, count: row.size), to: path("file"))
        if row.passes {
            #expect(try Files.read(path("file"), limitBytes: row.limit).count == row.size)
        } else {
            let error = #expect(throws: Failure.self) { try Files.read(path("file"), limitBytes: row.limit) }
            #expect(error?.code == .limit)
            #expect(error?.message == "\(path("file")) is larger than \(row.limit) bytes")
        }
    }

    @Test("An endless file ends at the limit")
    func endless() {
        let error = #expect(throws: Failure.self) { try Files.read("/dev/zero", limitBytes: 1 << 20) }
        #expect(error?.code == .limit)
    }

    @Test("Files of /proc, whose size is 0 beforehand, are read whole")
    func proc() throws {
        let status = String(decoding: try Files.read("/proc/self/status"), as: UTF8.self)
        #expect(status.hasPrefix("Name:"))
        #expect(status.hasSuffix("\n"))
        #expect(try Files.read("/proc/self/maps").count > 8192)
    }

    @Test("Errors name the path and the reason")
    func errors() throws {
        let missing = #expect(throws: Failure.self) { try Files.read(path("none")) }
        #expect(missing?.code == .environment)
        #expect(missing?.message == "cannot read \(path("none")): No such file or directory")
        #expect(#expect(throws: Failure.self) { try Files.read(folder.path) }?.message == "cannot read \(folder.path): Is a directory")
        let unwritable = #expect(throws: Failure.self) { try Files.write([1], to: path("none/file")) }
        #expect(unwritable?.message == "cannot write \(path("none/file")): No such file or directory")
    }

    static let lines: [(String, String)] = [
        ("token\n", "token"), ("token", "token"), ("  token \r\n\n", "  token"), ("", ""), ("\n", ""), ("a\nb\n", "a\nb"),
        ("é\u{0}", "é"),
    ]

    @Test("A line loses the white space at its end", arguments: lines)
    func line(_ content: String, _ expected: String) throws {
        try Files.write(Array(content.utf8), to: path("line"))
        #expect(try Files.readLine(path("line")) == expected)
    }

    @Test("A line that is not UTF-8 is refused, not mended")
    func invalidLine() throws {
        try Files.write([0x61, 0xFF], to: path("line"))
        #expect(#expect(throws: Failure.self) { try Files.readLine(path("line")) }?.code == .malformed)
    }

    @Test("A write that fails keeps what was there and leaves nothing behind")
    func atomicity() throws {
        try Files.makeDirectory(path("target"))
        try Files.write([1], to: path("target/inside"))
        defer { Files.remove(path("target/inside")) }
        let error = #expect(throws: Failure.self) { try Files.write([2], to: path("target")) }
        #expect(error?.message == "cannot write \(path("target")): Is a directory")
        #expect(folder.entries() == ["target"])
        #expect(try Files.read(path("target/inside")) == [1])
    }

    @Test("A write replaces the file rather than its bytes: who has the old one open reads the old bytes")
    func replacement() throws {
        try Files.write(Array("old".utf8), to: path("file"))
        let reader = open(path("file"), O_RDONLY)
        defer { close(reader) }
        try Files.write(Array("newer".utf8), to: path("file"))
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(read(reader, &buffer, 8) == 3)
        #expect(buffer.prefix(3) == Array("old".utf8)[...])
        #expect(try Files.readLine(path("file")) == "newer")
    }

    @Test("The mode is the one asked for, however the file stood before", arguments: [0o600, 0o640] as [UInt32])
    func mode(_ mode: UInt32) throws {
        try Files.write([1], to: path("file"), mode: 0o644)
        try Files.write([2], to: path("file"), mode: mode)
        #expect(folder.mode(of: "file") == mode)
    }

    @Test("A link planted beside the file is not followed, and a left-over does not lend its mode")
    func plantedLinks() throws {
        try Files.write(Array("precious".utf8), to: path("victim"))
        // Whatever the next temporary name is, it is one of these.
        for number in 0..<2_000 { symlink(path("victim"), path("file.\(getpid()).\(number).new")) }
        symlink(path("victim"), path("file.\(getpid()).new"))
        try Files.write(Array("secret".utf8), to: path("file"), mode: 0o600)
        #expect(try Files.readLine(path("victim")) == "precious")
        #expect(try Files.readLine(path("file")) == "secret")
        #expect(folder.mode(of: "file") == 0o600)
    }

    @Test("Writers of one path at the same time leave the bytes of one of them")
    func concurrentWriters() async throws {
        let target = path("file")
        try await withThrowingTaskGroup { group in
            for writer in 0..<4 {
                group.addTask {
                    for _ in 0..<20 { try Files.write([UInt8](repeating: UInt8(writer), count: 20_000), to: target) }
                }
            }
            for _ in 0..<50 {
                if let bytes = try? Files.read(target) {
                    #expect(bytes.count == 20_000)
                    #expect(bytes.first == bytes.last)
                }
                await Task.yield()
            }
            try await group.waitForAll()
        }
        #expect(folder.entries() == ["file"])
    }

    @Test("A full disk is an error")
    func fullDisk() {
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        #expect(!Files.writeAll([1, 2, 3], to: full))
        #expect(!Files.writeAll([1], to: -1))
        #expect(Files.writeAll([], to: -1))
    }

    @Test("Directories are made with those above them, and making them again is fine")
    func directories() throws {
        defer {
            rmdir(path("a/b/c"))
            rmdir(path("a/b"))
        }
        try Files.makeDirectory(path("a//b/c/"))
        try Files.makeDirectory(path("a/b/c"))
        #expect(Files.exists(path("a/b/c")))
    }

    @Test("A file in the way of a directory is an error", arguments: ["file", "file/below"])
    func fileInTheWay(_ name: String) throws {
        try Files.write([], to: path("file"))
        let error = #expect(throws: Failure.self) { try Files.makeDirectory(path(name)) }
        #expect(error?.message == "cannot make directory \(path(name)): Not a directory")
    }

    @Test("Programs are told from other files")
    func executables() throws {
        try Files.write([], to: path("program"), mode: 0o755)
        try Files.write([], to: path("text"), mode: 0o644)
        #expect(Files.isExecutable(path("program")))
        #expect(!Files.isExecutable(path("text")))
        #expect(!Files.isExecutable(folder.path))
        #expect(!Files.isExecutable(path("none")))
    }

    @Test("Absolute paths")
    func absolute() {
        #expect(Files.absolute("/a/b") == "/a/b")
        #expect(Files.absolute("a").hasSuffix("/a"))
        #expect(Files.absolute("a").hasPrefix("/"))
    }
}
