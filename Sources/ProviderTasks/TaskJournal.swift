import Database
import JSON
package import Primitives
import RPC

/// Operations on disk. What a method has come back from survives the process.
package final class TaskJournal: Sendable {
    private static let format = DatabaseFormat(
        name: "the journal of operations", applicationID: 0x6D6C_744A,
        steps: [
            """
            CREATE TABLE operations (
                id TEXT NOT NULL UNIQUE,
                sequence INTEGER PRIMARY KEY,
                kind TEXT NOT NULL,
                variant TEXT NOT NULL,
                target TEXT NOT NULL,
                locks TEXT NOT NULL,
                claims TEXT NOT NULL,
                token TEXT UNIQUE,
                digest TEXT NOT NULL,
                request BLOB,
                result TEXT NOT NULL,
                created REAL NOT NULL,
                state INTEGER NOT NULL,
                step TEXT NOT NULL,
                progress REAL,
                code INTEGER NOT NULL,
                message TEXT NOT NULL,
                notes TEXT NOT NULL,
                cancel INTEGER NOT NULL,
                attempts INTEGER NOT NULL,
                started REAL,
                ended REAL
            ) STRICT;
            CREATE TABLE tallies (
                kind TEXT NOT NULL,
                variant TEXT NOT NULL,
                outcome TEXT NOT NULL,
                counts TEXT NOT NULL,
                seconds REAL NOT NULL,
                PRIMARY KEY (kind, variant, outcome)
            ) STRICT;
            """
        ])

    private let database: Database

    /// Opens the journal, which is this process's alone. Errors: those of `Database`.
    package init(_ path: String) async throws(Failure) { database = try await Database(path, format: Self.format, exclusive: true) }

    func close() async { await database.close() }

    // MARK: reading

    /// All operations that are kept, in the order of their sequence.
    func operations() async throws(Failure) -> [Operation] {
        try await database.read { (connection) throws(Failure) in
            try connection.rows(
                """
                SELECT id, sequence, kind, variant, target, locks, claims, token, digest, result, created, state, step, progress, code, message,
                    notes, cancel, attempts, started, ended FROM operations ORDER BY sequence
                """, as: Self.operation
            ).compactMap { $0 }
        }
    }

    func request(_ id: String) async throws(Failure) -> [UInt8] {
        try await database.read { (connection) throws(Failure) in
            try connection.row("SELECT request FROM operations WHERE id = ?", id) { $0.blob(0) ?? [] } ?? []
        }
    }

    func tallies() async throws(Failure) -> [OperationTally] {
        try await database.read { (connection) throws(Failure) in
            try connection.rows(
                "SELECT kind, variant, outcome, counts, seconds FROM tallies ORDER BY kind, variant, outcome", as: Self.tally
            )
            .compactMap { $0 }
        }
    }

    // MARK: writing

    /// - Parameter replaced: an operation that had the token before.
    func insert(_ operation: Operation, request: [UInt8], replacing replaced: String?) async throws(Failure) {
        let (locks, claims, notes) = (Self.json(operation.locks), Self.json(operation.claims), Self.json(operation.notes))
        try await database.write { (connection) throws(Failure) in
            if let replaced { try connection.run("UPDATE operations SET token = NULL WHERE id = ?", replaced) }
            try connection.run(
                """
                INSERT INTO operations (id, sequence, kind, variant, target, locks, claims, token, digest, request, result, created, state, step,
                    code, message, notes, cancel, attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, '', ?, 0, 0)
                """, operation.id, operation.sequence, operation.kind, operation.variant, operation.target, locks, claims,
                operation.token?.text, operation.digest, request, operation.resultID, operation.createdAt, operation.state.rawValue, notes)
        }
    }

    func begin(_ id: String, startedAt: Double, attempts: Int) async throws(Failure) {
        try await change(
            "UPDATE operations SET state = 2, started = ?, attempts = ? WHERE id = ? AND ended IS NULL", startedAt, attempts, id)
    }

    func note(_ id: String, _ notes: [String: String], step: String) async throws(Failure) {
        try await change(
            "UPDATE operations SET notes = ?, step = ?, attempts = 0 WHERE id = ? AND ended IS NULL", Self.json(notes), step, id)
    }

    func report(_ id: String, progress: Double, step: String) async throws(Failure) {
        try await change("UPDATE operations SET progress = ?, step = ? WHERE id = ? AND ended IS NULL", progress, step, id)
    }

    func requestCancel(_ id: String) async throws(Failure) {
        try await change("UPDATE operations SET cancel = 1 WHERE id = ? AND ended IS NULL", id)
    }

    /// Why it will be taken back.
    func fail(_ id: String, _ code: RPCCode, _ message: String) async throws(Failure) {
        try await change(
            "UPDATE operations SET code = ?, message = ?, attempts = 0 WHERE id = ? AND ended IS NULL", code.rawValue, message, id)
    }

    /// Records the end and counts it, or does nothing when there is one already. The request, which may hold a guest's secrets, goes.
    ///
    /// - Parameter forgotten: ended operations that need not be kept any longer.
    /// - Returns: whether the end is this one.
    func end(_ operation: Operation, forgetting forgotten: [String]) async throws(Failure) -> Bool {
        guard let outcome = operation.outcome, let endedAt = operation.endedAt else { return false }
        return try await database.write { (connection) throws(Failure) in
            let changed = try connection.run(
                """
                UPDATE operations SET state = ?, code = ?, message = ?, progress = ?, step = '', request = NULL, ended = ?
                WHERE id = ? AND ended IS NULL
                """, operation.state.rawValue, operation.code.rawValue, operation.message, operation.progress, endedAt, operation.id)
            guard changed == 1 else { return false }
            var tally =
                try connection.row(
                    "SELECT kind, variant, outcome, counts, seconds FROM tallies WHERE kind = ? AND variant = ? AND outcome = ?",
                    operation.kind, operation.variant, outcome.rawValue, as: Self.tally)?.flatMap { $0 }
                ?? OperationTally(kind: operation.kind, variant: operation.variant, outcome: outcome)
            tally.add(seconds: max(0, endedAt - operation.createdAt))
            try connection.run(
                "INSERT OR REPLACE INTO tallies (kind, variant, outcome, counts, seconds) VALUES (?, ?, ?, ?, ?)", tally.kind,
                tally.variant,
                outcome.rawValue, tally.counts.map(String.init).joined(separator: " "), tally.totalSeconds)
            for id in forgotten { try connection.run("DELETE FROM operations WHERE id = ? AND ended IS NOT NULL", id) }
            return true
        }
    }

    func forget(_ ids: [String]) async throws(Failure) {
        guard !ids.isEmpty else { return }
        try await database.write { (connection) throws(Failure) in
            for id in ids { try connection.run("DELETE FROM operations WHERE id = ? AND ended IS NOT NULL", id) }
        }
    }

    private func change(_ sql: String, _ values: any DatabaseBindable...) async throws(Failure) {
        _ = try await database.write { (connection) throws(Failure) in try connection.run(sql, values: values) }
    }

    // MARK: rows

    private static func operation(_ row: DatabaseRow) -> Operation? {
        guard let id = row.text(0), let sequence = row.integer(1), let kind = row.text(2), let variant = row.text(3),
            let target = row.text(4),
            let digest = row.text(8), let result = row.text(9), let created = row.real(10), let number = row.integer(11),
            let state = OperationState(rawValue: Int(truncatingIfNeeded: number))
        else { return nil }
        var operation = Operation(
            id: id, sequence: sequence, kind: kind, variant: variant, target: target, locks: texts(row.text(5)), claims: texts(row.text(6)),
            token: row.text(7).flatMap(OperationToken.init), digest: digest, resultID: result, createdAt: created,
            notes: members(row.text(16)))
        operation.state = state
        operation.step = row.text(12) ?? ""
        operation.progress = row.real(13)
        operation.code = RPCCode(rawValue: Int32(truncatingIfNeeded: row.integer(14) ?? 0)) ?? .unknown
        operation.message = row.text(15) ?? ""
        operation.isCancelRequested = row.flag(17)
        operation.attempts = Int(truncatingIfNeeded: row.integer(18) ?? 0)
        operation.startedAt = row.real(19)
        operation.endedAt = row.real(20)
        return operation
    }

    private static func tally(_ row: DatabaseRow) -> OperationTally? {
        guard let kind = row.text(0), let variant = row.text(1), let outcome = row.text(2).flatMap(OperationOutcome.init),
            let counts = row.text(3)?.split(separator: " ").compactMap({ Int($0) }), let seconds = row.real(4)
        else { return nil }
        var tally = OperationTally(kind: kind, variant: variant, outcome: outcome)
        guard counts.count == tally.counts.count else { return nil }
        tally.counts = counts
        tally.totalSeconds = seconds
        return tally
    }

    private static func json(_ texts: [String]) -> String {
        var writer = JSONWriter()
        writer.array { writer in
            for text in texts { writer.string(text) }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func json(_ members: [String: String]) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                writer.key(text: name)
                writer.string(value)
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func texts(_ json: String?) -> [String] {
        var texts: [String] = []
        guard let json, let document = try? JSONDocument(parsing: Array(json.utf8)) else { return [] }
        document.withRoot { $0.forEachElement { if let text = $0.text { texts.append(text) } } }
        return texts
    }

    private static func members(_ json: String?) -> [String: String] {
        var members: [String: String] = [:]
        guard let json, let document = try? JSONDocument(parsing: Array(json.utf8)) else { return [:] }
        document.withRoot { $0.forEachMember { key, value in members[key.text] = value.text } }
        return members
    }
}
