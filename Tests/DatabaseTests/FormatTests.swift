import Primitives
import TestSupport
import Testing

@testable import Database

@Suite struct FormatTests {
    let folder = ScratchFolder()
    var path: String { folder.path + "/notes.db" }

    /// So many steps of a format: each adds a row that tells which it was.
    private func format(_ count: Int, id: Int32 = 77, failing: Int? = nil) -> DatabaseFormat {
        let steps = (0..<count).map { number in
            (number == 0 ? "CREATE TABLE steps (number INTEGER); -- the first\n" : "") + "INSERT INTO steps VALUES (\(number));"
                + (number == failing ? "INSERT INTO nowhere VALUES (1)" : "")
        }
        return DatabaseFormat(name: "the notes", applicationID: id, steps: steps)
    }

    private func steps(_ database: Database) async throws(Failure) -> [Int64] {
        try await database.read { (connection) throws(Failure) in
            try connection.rows("SELECT number FROM steps ORDER BY rowid") { $0.integer(0) ?? -1 }
        }
    }

    private func refusal(_ format: DatabaseFormat) async -> Failure? {
        do throws(Failure) {
            _ = try await Database(path, format: format)
            return nil
        } catch {
            return error
        }
    }

    @Test func `an older file is made new, step by step, and keeps what is in it`() async throws {
        await (try Database(path, format: format(1))).close()
        await (try Database(path, format: format(1))).close()
        let newer = try await Database(path, format: format(3))
        #expect(try await steps(newer) == [0, 1, 2])
    }

    @Test func `a step that fails leaves the file at the step before`() async throws {
        await (try Database(path, format: format(1))).close()
        let failure = try #require(await refusal(format(4, failing: 2)))
        #expect(failure.message.contains("no such table: nowhere"))
        let again = try await Database(path, format: format(2))
        #expect(try await steps(again) == [0, 1])
    }

    @Test func `a newer file is refused with the way out`() async throws {
        await (try Database(path, format: format(3))).close()
        let failure = try #require(await refusal(format(2)))
        #expect(failure.code == .environment)
        #expect(
            failure.message
                == "\(path) has format 3 of the notes, and this version knows those up to 2: run the newer version that wrote it")
        #expect(await refusal(format(3)) == nil)
    }

    @Test(arguments: [0, 78] as [Int32])
    func `a file of another program is refused and left as it is`(id: Int32) async throws {
        let other = try DatabaseConnection(try created(), busySeconds: 1)
        try other.run("CREATE TABLE theirs (a)")
        try other.run("PRAGMA application_id = \(id)")
        let failure = try #require(await refusal(format(1)))
        #expect(failure.code == .malformed && failure.message.contains("of another program, not the notes"))
        #expect(try other.number("SELECT count(*) FROM sqlite_schema") == 1)
        #expect(try other.number("PRAGMA application_id") == Int64(id))
    }

    @Test func `two that begin with one empty file make it once`() async throws {
        for round in 0..<20 { try await begin("\(folder.path)/\(round)/notes.db", format(20)) }
    }

    private func begin(_ path: String, _ format: DatabaseFormat) async throws {
        let results = await withTaskGroup(of: Result<Database, Failure>.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    do throws(Failure) {
                        return .success(try await Database(path, format: format))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for result in results { #expect(try await steps(result.get()) == Array(0..<20)) }
    }

    private func created() throws(Failure) -> String {
        try Files.write([], to: path)
        return path
    }
}
