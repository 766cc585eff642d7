package import Primitives
import SQLiteShim

/// SQLite's connection to the file, for closures that run on the database's thread. It must not leave them.
package final class DatabaseConnection {
    package let path: String
    private let database: OpaquePointer
    private let busySeconds: Double
    /// Compiled once, as the same few texts come again and again.
    private var statements: [String: OpaquePointer] = [:]
    private static let keptStatements = 128

    /// Opens a file that is there. Errors name it and say what to do.
    init(_ path: String, busySeconds: Double) throws(Failure) {
        var opened: OpaquePointer?
        let code = mlt_sqlite_open(path, &opened)
        guard Int(code) == mlt_sqlite_ok, let opened else {
            let trouble = DatabaseTrouble(path: path, code: Int(code), database: opened, busySeconds: busySeconds)
            mlt_sqlite_close(opened)
            throw trouble.failure
        }
        database = opened
        self.path = path
        self.busySeconds = busySeconds
        mlt_sqlite_busy_timeout(opened, Int32(clamping: Int((busySeconds * 1000).clamped(to: 0...3_600_000))))
    }

    deinit {
        for statement in statements.values { mlt_sqlite_finish(statement) }
        mlt_sqlite_close(database)
    }

    /// Does one statement, with a value for each of its question marks; the number of rows that it changed.
    @discardableResult
    package func run(_ sql: String, _ values: any DatabaseBindable...) throws(Failure) -> Int {
        try run(sql, values: values)
    }

    @discardableResult
    package func run(_ sql: String, values: [any DatabaseBindable]) throws(Failure) -> Int {
        try each(sql, values) { _ in }
        return Int(mlt_sqlite_changes(database))
    }

    /// What `body` makes of each row of the answer.
    package func rows<Value>(
        _ sql: String, _ values: any DatabaseBindable..., as body: (DatabaseRow) throws(Failure) -> Value
    ) throws(Failure) -> [Value] {
        var rows: [Value] = []
        try each(sql, values) { (row) throws(Failure) in rows.append(try body(row)) }
        return rows
    }

    /// What `body` makes of the first row; nil when there is none.
    package func row<Value>(
        _ sql: String, _ values: any DatabaseBindable..., as body: (DatabaseRow) throws(Failure) -> Value
    ) throws(Failure) -> Value? {
        var first: Value?
        try each(sql, values) { (row) throws(Failure) in if first == nil { first = try body(row) } }
        return first
    }

    /// The whole number that the statement answers with; 0 when there is none.
    package func number(_ sql: String, _ values: any DatabaseBindable...) throws(Failure) -> Int64 {
        var number: Int64?
        try each(sql, values) { row in if number == nil { number = row.integer(0) } }
        return number ?? 0
    }

    /// Does each statement of the text, which has no question marks: for steps of a format.
    package func script(_ sql: String) throws(Failure) {
        var rest = Substring(sql)
        while !rest.isEmpty {
            var used = 0
            let statement = try compile(String(rest), used: &used)
            rest = Substring(rest.utf8.dropFirst(max(1, used)))
            guard let statement else { continue }
            defer { mlt_sqlite_finish(statement) }
            try step(statement) { _ in }
        }
    }

    /// The number of the row that was inserted last.
    package var lastRow: Int64 { mlt_sqlite_last_row(database) }

    /// All of the body or nothing. One within another belongs to it.
    package func transaction<Value>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        guard mlt_sqlite_in_transaction(database) == 0 else { return try body() }
        try run("BEGIN IMMEDIATE")
        do {
            let value = try body()
            try run("COMMIT")
            return value
        } catch {
            // Some failures end it by themselves.
            if mlt_sqlite_in_transaction(database) != 0 { _ = try? run("ROLLBACK") }
            throw error
        }
    }

    /// All of the body or nothing, within a transaction that goes on when the body throws.
    package func attempt<Value>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        try run("SAVEPOINT attempt")
        do {
            let value = try body()
            try run("RELEASE attempt")
            return value
        } catch {
            if mlt_sqlite_in_transaction(database) != 0 {
                _ = try? run("ROLLBACK TO attempt")
                _ = try? run("RELEASE attempt")
            }
            throw error
        }
    }

    // MARK: statements

    private func each(_ sql: String, _ values: [any DatabaseBindable], _ body: (DatabaseRow) throws(Failure) -> Void) throws(Failure) {
        // Taken out while it runs, so that a closure may do the same statement.
        var statement = statements.removeValue(forKey: sql)
        if statement == nil {
            var used = 0
            statement = try compile(sql, used: &used)
        }
        guard let statement else { return }
        defer {
            mlt_sqlite_reset(statement)
            if statements.count < Self.keptStatements, statements[sql] == nil {
                statements[sql] = statement
            } else {
                mlt_sqlite_finish(statement)
            }
        }
        guard Int(mlt_sqlite_parameter_count(statement)) == values.count else {
            throw Failure(.usage, "\(path): \(values.count) values for \(mlt_sqlite_parameter_count(statement)) places in: \(sql)")
        }
        for (index, value) in values.enumerated() {
            let code = bind(statement, Int32(clamping: index + 1), value.databaseValue)
            guard Int(code) == mlt_sqlite_ok else { throw failure(Int(code)) }
        }
        try step(statement, body)
    }

    private func step(_ statement: OpaquePointer, _ body: (DatabaseRow) throws(Failure) -> Void) throws(Failure) {
        while true {
            let code = Int(mlt_sqlite_step(statement))
            if code == mlt_sqlite_done { return }
            guard code == mlt_sqlite_row else { throw failure(code) }
            try body(DatabaseRow(statement: statement))
        }
    }

    private func compile(_ sql: String, used: inout Int) throws(Failure) -> OpaquePointer? {
        var statement: OpaquePointer?
        let size = sql.utf8.count
        let code = sql.withCString { mlt_sqlite_prepare(database, $0, size, &statement, &used) }
        guard Int(code) == mlt_sqlite_ok else { throw failure(Int(code)) }
        return statement
    }

    private func bind(_ statement: OpaquePointer, _ place: Int32, _ value: DatabaseValue) -> Int32 {
        switch value {
        case .null: return mlt_sqlite_bind_null(statement, place)
        case .integer(let number): return mlt_sqlite_bind_integer(statement, place, number)
        case .real(let number): return mlt_sqlite_bind_double(statement, place, number)
        case .text(let text):
            var text = text
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { mlt_sqlite_bind_text(statement, place, $0.baseAddress, $0.count) }
            }
        case .blob(let bytes): return bytes.withUnsafeBytes { mlt_sqlite_bind_blob(statement, place, $0.baseAddress, $0.count) }
        }
    }

    private func failure(_ code: Int) -> Failure {
        DatabaseTrouble(path: path, code: code, database: database, busySeconds: busySeconds).failure
    }
}
