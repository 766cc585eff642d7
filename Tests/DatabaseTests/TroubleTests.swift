import Glibc
import Primitives
import TestSupport
import Testing

@testable import Database

/// What a person is told when the file or the disk is not as it should be.
@Suite struct TroubleTests {
    let folder = ScratchFolder()
    var path: String { folder.path + "/notes.db" }

    private func refusal(_ path: String, exclusive: Bool = false) async -> Failure? {
        do throws(Failure) {
            _ = try await Database(path, format: notes, exclusive: exclusive, busySeconds: 0.05)
            return nil
        } catch {
            return error
        }
    }

    /// A database with some pages.
    private func filled() async throws(Failure) {
        let database = try await Database(path, format: notes)
        try await database.write { (connection) throws(Failure) in
            for number in 0..<500 {
                try connection.run("INSERT INTO notes (text) VALUES (?)", "\(number) " + String(repeating: "x", count: 100))
            }
        }
        await database.close()
    }

    @Test func `what is no database is said to be damaged, with what to do`() async throws {
        try Files.write(Array(repeating: 0x41, count: 4096), to: path)
        let failure = try #require(await refusal(path))
        #expect(failure.code == .malformed)
        #expect(failure.message.hasPrefix("\(path) is damaged or no database") && failure.message.contains("put a copy of it back"))
    }

    @Test(arguments: [1, 5, 9, 20])
    func `a page that was overwritten is noticed when the file is opened`(page: Int) async throws {
        try await filled()
        var bytes = try Files.read(path)
        let place = page * 4096
        try #require(bytes.count > place + 4096)
        for index in place..<(place + 512) { bytes[index] = 0xFF }
        try Files.write(bytes, to: path)
        let failure = try #require(await refusal(path))
        #expect(failure.code == .malformed, "\(failure)")
        #expect(failure.message.contains(path))
    }

    @Test func `a file that was cut off is noticed when it is opened`() async throws {
        try await filled()
        let bytes = try Files.read(path)
        try Files.write(Array(bytes.prefix(bytes.count / 2)), to: path)
        #expect(await refusal(path)?.code == .malformed)
    }

    @Test func `a full disk is named, and what was there stays`() async throws {
        try await filled()
        let database = try await Database(path, format: notes)
        do throws(Failure) {
            try await database.write { (connection) throws(Failure) in
                // What SQLite says then is what it says of a full disk.
                try connection.run("PRAGMA max_page_count = 1")
                for number in 0..<5000 {
                    try connection.run("INSERT INTO notes (text) VALUES (?)", "more \(number) " + String(repeating: "y", count: 500))
                }
            }
            Issue.record("it had room")
        } catch {
            #expect(error.code == .environment)
            #expect(error.message == "cannot write \(path): the disk or a quota is full; make room there")
        }
        #expect(try await database.read { (connection) throws(Failure) in try connection.number("SELECT count(*) FROM notes") } == 500)
    }

    @Test func `another process that holds the file is waited for, and then named`() async throws {
        try await filled()
        let other = try DatabaseConnection(path, busySeconds: 1)
        try other.run("BEGIN IMMEDIATE")
        let failure = try #require(await refusal(path))
        #expect(failure.code == .unavailable)
        #expect(failure.message.contains("held by another process") && failure.message.contains("fuser \(path)"))
        try other.run("ROLLBACK")
        #expect(await refusal(path) == nil)
    }

    @Test func `a file that is one process's alone is not given to a second`() async throws {
        let first = try await Database(path, format: notes, exclusive: true)
        let failure = try #require(await refusal(path, exclusive: true))
        #expect(failure.code == .unavailable)
        #expect(failure.message == "\(path) is in use by process \(getpid()): end it, or give this one another folder")
        await first.close()
    }

    @Test func `the right to a file ends with its owner`() async throws {
        var kept: [Database] = []
        for _ in 0..<3 {
            let database = try await Database(path, format: notes, exclusive: true)
            await database.close()
            kept.append(database)
        }
        #expect(kept.count == 3)
    }

    @Test func `places where nothing can be written are named`() async throws {
        let directory = try #require(await refusal(folder.path))
        #expect(directory.code == .environment && directory.message.contains("cannot open \(folder.path): "))
        let missing = try #require(await refusal("/proc/martlet/notes.db"))
        #expect(missing.code == .environment && missing.message.contains("/proc/martlet"))
        symlink("/etc/passwd", path)
        let link = try #require(await refusal(path))
        #expect(link.code == .environment)
    }
}
