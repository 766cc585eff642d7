import Glibc
import Primitives
import TestSupport
import Testing

@testable import Database

/// A format with a table for what tests write.
let notes = DatabaseFormat(
    name: "the notes", applicationID: 0x6D6C_7401,
    steps: ["CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, extra ANY) STRICT;"])

@Suite struct DatabaseTests {
    let folder = ScratchFolder()
    var path: String { folder.path + "/state/notes.db" }

    private func texts(_ database: Database) async throws(Failure) -> [String] {
        try await database.read { (connection) throws(Failure) in
            try connection.rows("SELECT text FROM notes ORDER BY id") { $0.text(0) ?? "?" }
        }
    }

    @Test func `what was written is there after closing and opening`() async throws {
        let first = try await Database(path, format: notes)
        try await first.write { (connection) throws(Failure) in _ = try connection.run("INSERT INTO notes (text) VALUES (?)", "a") }
        await first.close()
        let second = try await Database(path, format: notes)
        #expect(try await texts(second) == ["a"])
    }

    private static let values: [DatabaseValue] = [
        .null, .integer(.min), .integer(.max), .real(-0.1), .real(.infinity), .text(""), .text("naïve 🦅\u{0} end"), .blob([]),
        .blob([0, 255, 1]),
    ]

    @Test(arguments: values)
    func `a value comes back as it was bound`(value: DatabaseValue) async throws {
        let database = try await Database(path, format: notes)
        let back = try await database.write { (connection) throws(Failure) in
            try connection.run("INSERT INTO notes (text, extra) VALUES ('v', ?)", value)
            return try connection.row("SELECT extra FROM notes") { $0.value(0) }
        }
        #expect(back == value)
    }

    @Test func `nothing of a transaction that throws is written`() async throws {
        let database = try await Database(path, format: notes)
        do throws(Failure) {
            try await database.write { (connection) throws(Failure) in
                try connection.run("INSERT INTO notes (text) VALUES ('half')")
                throw Failure(.limit, "enough")
            }
            Issue.record("it did not throw")
        } catch {
            #expect(error.message == "enough")
        }
        #expect(try await texts(database).isEmpty)
        // One that the library ends by itself, and a statement that is no SQL.
        for sql in ["INSERT INTO notes (text) VALUES ('a'), ('a')", "INSERT INTO nowhere VALUES (1)"] {
            do throws(Failure) {
                try await database.write { (connection) throws(Failure) in
                    try connection.run("INSERT INTO notes (text) VALUES ('half')")
                    try connection.run(sql)
                }
                Issue.record("\(sql) was taken")
            } catch {
                #expect(error.message.hasPrefix(path))
            }
        }
        #expect(try await texts(database).isEmpty)
        try await database.write { (connection) throws(Failure) in _ = try connection.run("INSERT INTO notes (text) VALUES ('whole')") }
        #expect(try await texts(database) == ["whole"])
    }

    @Test func `calls are done in their order, from any number of tasks`() async throws {
        let database = try await Database(path, format: notes)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                group.addTask {
                    _ = try? await database.write { (connection) throws(Failure) in
                        let count = try connection.number("SELECT count(*) FROM notes")
                        try connection.run("INSERT INTO notes (text, extra) VALUES (?, ?)", "\(number)", count)
                    }
                }
            }
        }
        let counts = try await database.read { (connection) throws(Failure) in
            try connection.rows("SELECT extra FROM notes ORDER BY id") { Int($0.integer(0) ?? -1) }
        }
        #expect(counts == Array(0..<50))
    }

    @Test func `a number of values that does not fit is refused`() async throws {
        let database = try await Database(path, format: notes)
        for values: [any DatabaseBindable] in [[], [1, 2]] {
            do throws(Failure) {
                _ = try await database.read { (connection) throws(Failure) in
                    let values = values.map(\.databaseValue)
                    return try connection.run("SELECT ?", values: values)
                }
                Issue.record("\(values.count) values were taken")
            } catch {
                #expect(error.code == .usage)
            }
        }
    }

    @Test func `a closed database fails, and keeps failing`() async throws {
        let database = try await Database(path, format: notes)
        await database.close()
        await database.close()
        for _ in 0..<2 {
            do throws(Failure) {
                _ = try await texts(database)
                Issue.record("it answered")
            } catch {
                #expect(error.code == .usage)
            }
        }
    }

    @Test func `what is committed is on the disk, and the file's own tables are closed`() async throws {
        let database = try await Database(path, format: notes)
        let settings = try await database.read { (connection) throws(Failure) in
            [
                try connection.row("PRAGMA journal_mode") { $0.text(0) ?? "" } ?? "", "\(try connection.number("PRAGMA synchronous"))",
                "\(try connection.number("PRAGMA foreign_keys"))", "\(try connection.number("PRAGMA trusted_schema"))",
            ]
        }
        #expect(settings == ["wal", "2", "1", "0"])
        do throws(Failure) {
            try await database.write { (connection) throws(Failure) in
                try connection.run("PRAGMA writable_schema = 1")
                try connection.run("DELETE FROM sqlite_schema")
            }
            Issue.record("the table of tables could be written")
        } catch {
            #expect(error.message.contains("sqlite_master"), "\(error.message)")
        }
    }

    @Test func `folder and files are this user's alone`() async throws {
        let database = try await Database(path, format: notes)
        try await database.write { (connection) throws(Failure) in _ = try connection.run("INSERT INTO notes (text) VALUES ('a')") }
        func mode(_ path: String) -> UInt32? {
            var status = stat()
            return stat(path, &status) == 0 ? status.st_mode & 0o777 : nil
        }
        #expect(mode(folder.path + "/state") == 0o700)
        for suffix in ["", "-wal", "-shm"] { #expect(mode(path + suffix) == 0o600, "\(suffix)") }
        await database.close()
        chmod(path, 0o644)
        _ = try await Database(path, format: notes)
        #expect(mode(path) == 0o600)
    }
}

@Suite struct AttemptTests {
    let folder = ScratchFolder()

    @Test func `what an attempt wrote that failed is taken back, and the transaction goes on`() async throws {
        let database = try await Database(folder.path + "/notes.db", format: notes)
        let messages = try await database.write { (connection) throws(Failure) in
            var messages: [String] = []
            for text in ["a", "bad", "c"] {
                do throws(Failure) {
                    try connection.attempt { () throws(Failure) in
                        try connection.run("INSERT INTO notes (text) VALUES (?)", text)
                        if text == "bad" { throw Failure(.limit, "no") }
                    }
                } catch {
                    messages.append(error.message)
                }
            }
            return messages
        }
        #expect(messages == ["no"])
        let texts = try await database.read { (connection) throws(Failure) in
            try connection.rows("SELECT text FROM notes ORDER BY id") { $0.text(0) ?? "" }
        }
        #expect(texts == ["a", "c"])
    }
}
