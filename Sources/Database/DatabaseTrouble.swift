import Primitives
import SQLiteShim

/// A failure of SQLite as an error that a person reads.
struct DatabaseTrouble {
    let path: String
    let code: Int
    let message: String
    let systemError: Int32
    let busySeconds: Double

    init(path: String, code: Int, database: OpaquePointer?, busySeconds: Double) {
        self.path = path
        self.code = code
        self.busySeconds = busySeconds
        message = database.flatMap { mlt_sqlite_message($0) }.map { String(cString: $0) } ?? "no memory"
        systemError = mlt_sqlite_system_error(database)
    }

    init(path: String, damage: String) {
        self.path = path
        code = mlt_sqlite_corrupt
        message = damage
        systemError = 0
        busySeconds = 0
    }

    /// What the system said beside SQLite's own words, as those name no reason.
    private var reason: String { systemError == 0 ? message : "\(message): \(systemMessage(systemError))" }

    var failure: Failure {
        switch code {
        case mlt_sqlite_corrupt, mlt_sqlite_not_a_database:
            Failure(
                .malformed,
                "\(path) is damaged or no database (\(message)): put a copy of it back, or move it, \(path)-wal and \(path)-shm away to begin anew"
            )
        case mlt_sqlite_full:
            Failure(.environment, "cannot write \(path): the disk or a quota is full; make room there")
        case mlt_sqlite_read_only:
            Failure(
                .environment,
                "cannot write \(path): it, its folder or the file system is read-only for this user; give the user the right to write there"
            )
        case mlt_sqlite_busy, mlt_sqlite_locked:
            Failure(
                .unavailable,
                "\(path) was held by another process for longer than \(Int(busySeconds.rounded(.up))) s; end that process (fuser \(path) names it)"
            )
        case mlt_sqlite_cannot_open, mlt_sqlite_permission:
            Failure(.environment, "cannot open \(path): \(reason)")
        case mlt_sqlite_io:
            Failure(.environment, "cannot read or write \(path): \(reason); look at the disk (dmesg)")
        case mlt_sqlite_no_memory:
            Failure(.environment, "no memory to work with \(path)")
        case mlt_sqlite_too_big:
            Failure(.limit, "\(path): a value is larger than the database takes")
        case mlt_sqlite_constraint:
            Failure(.malformed, "\(path): what was to be written contradicts what is there (\(message))")
        default:
            Failure(.usage, "\(path): \(message) (code \(code))")
        }
    }
}
