import Database
import ObjectStore
import Objects
import Primitives

/// Objects and the count of versions on disk.
final class ObjectFile: Sendable {
    static let format = DatabaseFormat(
        name: "the manager's objects", applicationID: 0x6D6C_744F,
        steps: [
            """
            CREATE TABLE objects (
                row INTEGER PRIMARY KEY,
                kind TEXT NOT NULL,
                namespace TEXT NOT NULL,
                name TEXT NOT NULL,
                uid TEXT NOT NULL,
                version INTEGER NOT NULL,
                json TEXT NOT NULL,
                UNIQUE (kind, namespace, name)
            ) STRICT;
            CREATE TABLE counter (
                one INTEGER PRIMARY KEY CHECK (one = 1),
                version INTEGER NOT NULL
            ) STRICT;
            INSERT INTO counter (one, version) VALUES (1, 1);
            """
        ])

    let database: Database
    private let kinds: [String: ResourceKind]

    /// Opens the file, which is this process's alone. Errors: those of `Database`.
    init(_ path: String, kinds: [ResourceKind]) async throws(Failure) {
        database = try await Database(path, format: Self.format, exclusive: true)
        self.kinds = Dictionary(kinds.map { ($0.qualifiedName, $0) }) { first, _ in first }
    }

    func close() async { await database.close() }

    func has(_ kind: ResourceKind) -> Bool { kinds[kind.qualifiedName] == kind }

    // MARK: reading

    /// All objects of the kinds that are known. Those of others stay where they are: a newer version of the program may have made them.
    ///
    /// Errors: `malformed` for what is no object of ours.
    func table() async throws(Failure) -> ObjectTable {
        let kinds = kinds
        return try await database.read { (connection) throws(Failure) in
            guard let version = try connection.row("SELECT version FROM counter", as: { $0.integer(0) ?? 0 }), version > 0 else {
                throw Self.damage(connection.path, "the count of versions is not there")
            }
            let objects = try connection.rows("SELECT kind, namespace, name, version, json FROM objects") {
                (row) throws(Failure) -> KeptObject? in
                guard let kind = kinds[row.text(0) ?? ""] else { return nil }
                let key = ObjectKey(kind, row.text(1) ?? "", row.text(2) ?? "")
                let kept = try Self.object(key, row, connection.path)
                guard kept.version <= version else { throw Self.damage(connection.path, "\(key) is newer than the count of versions says") }
                return kept
            }
            return ObjectTable(version: version, objects.compactMap { $0 })
        }
    }

    /// More than rules let in, so that a file stays readable when they become stricter.
    private static let limits = ObjectValue.Limits(bytes: 8 << 20, values: 1 << 20, depth: 64)

    private static func object(_ key: ObjectKey, _ row: DatabaseRow, _ path: String) throws(Failure) -> KeptObject {
        guard let version = row.integer(3), let text = row.text(4) else { throw damage(path, "\(key) is not whole") }
        let bytes = Array(text.utf8)
        var problems: [FieldProblem] = []
        let value: ObjectValue
        do {
            value = try ObjectValue(parsing: bytes, limits: limits)
        } catch {
            throw damage(path, "\(key) is \(error.message)")
        }
        let object = APIObject(key.kind, value, &problems)
        guard problems.isEmpty, object.key == key, object.metadata.resourceVersion == String(version) else {
            throw damage(path, "\(key) says that it is another object or state")
        }
        return KeptObject(object, version: version, bytes: bytes.count)
    }

    private static func damage(_ path: String, _ what: String) -> Failure {
        Failure(
            .malformed, "\(path) is damaged: \(what); put a copy of it back, or move it, \(path)-wal and \(path)-shm away to begin anew")
    }

    // MARK: writing

    /// Brings the changes to the disk, all or none. Errors: those of `Database`; what was not written may be written again.
    func write(_ draft: ObjectDraft) async throws(Failure) {
        // Of an object that changed several times the last state is written alone.
        var seen = Set<ObjectKey>()
        var last: [(change: ObjectChange, text: [UInt8])] = []
        for (change, text) in zip(draft.changes, draft.texts).reversed() where seen.insert(change.kept.object.key).inserted {
            last.append((change, text))
        }
        let (changes, version) = (last, draft.version)
        try await database.write { (connection) throws(Failure) in
            for (change, text) in changes { try Self.write(change, text, connection) }
            try connection.run("UPDATE counter SET version = ?", version)
        }
        // What was secret yesterday stands in the log until then.
        if changes.contains(where: { $0.change.kept.object.kind == .secret && $0.change.action != .added }) {
            try? await database.checkpoint()
        }
    }

    private static func write(_ change: ObjectChange, _ text: [UInt8], _ connection: DatabaseConnection) throws(Failure) {
        let (kind, metadata) = (change.kept.object.kind.qualifiedName, change.kept.object.metadata)
        switch change.action {
        case .deleted:
            try connection.run("DELETE FROM objects WHERE kind = ? AND namespace = ? AND name = ?", kind, metadata.namespace, metadata.name)
        case .added, .modified:
            try connection.run(
                """
                INSERT INTO objects (kind, namespace, name, uid, version, json) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (kind, namespace, name) DO UPDATE SET uid = excluded.uid, version = excluded.version, json = excluded.json
                """, kind, metadata.namespace, metadata.name, metadata.uid, change.kept.version, String(decoding: text, as: UTF8.self))
        }
    }
}
