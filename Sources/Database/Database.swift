import Glibc
package import Primitives
import Synchronization

/// A SQLite file, and the thread on which all that is done with it is done, in the order in which it was asked for.
///
/// What `write` has come back from is on the disk. A process that dies leaves what was written before.
package final class Database: Sendable {
    /// Where the file is.
    package let path: String
    private let thread: DatabaseThread

    /// Opens the file, or makes it, in the newest format.
    ///
    /// Errors: `environment` for what the system refuses and a format that is newer; `malformed` for a damaged file or one of another program;
    /// `unavailable` for one that another process has, when it is to be this one's alone.
    ///
    /// - Parameter path: its folder is made, for this user alone, when it is missing. Beside the file there will be `path-wal` and `path-shm`.
    /// - Parameter exclusive: whether no other process may have it open that asks the same.
    /// - Parameter busySeconds: how long a call waits for another process that writes.
    package init(
        _ path: String, format: DatabaseFormat, exclusive: Bool = false, busySeconds: Double = 5
    ) async throws(Failure) {
        self.path = path
        let thread = DatabaseThread()
        self.thread = thread
        try Thread.start("database") { thread.run() }
        let opened: Result<Void, Failure> = await thread.value { () throws(Failure) in
            try Self.makeFile(path)
            let lock =
                exclusive
                ? try FileLock(path + ".lock") { holder in
                    Failure(.unavailable, "\(path) is in use by process \(holder): end it, or give this one another folder")
                } : nil
            let connection = try DatabaseConnection(path, busySeconds: busySeconds)
            try Self.beginLog(connection, busySeconds)
            try connection.run("PRAGMA synchronous = FULL")
            // What is taken out of the file is overwritten in it.
            try connection.run("PRAGMA secure_delete = ON")
            try Self.checkIntegrity(connection)
            try format.apply(to: connection)
            thread.connection = connection
            thread.lock = lock
        }
        do {
            try opened.get()
        } catch {
            thread.stop()
            throw error
        }
    }

    deinit { thread.stop() }

    /// Does the body as a transaction: all that it writes is on the disk when this comes back, or none of it when it throws.
    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (DatabaseConnection) throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await perform { (connection) throws(Failure) in
            try connection.transaction { () throws(Failure) in try body(connection) }
        }
    }

    /// Reads what is there at one moment.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (DatabaseConnection) throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await perform(body)
    }

    /// Brings what was written into the file itself and empties `path-wal`, so that what was taken out stands in neither. As far as others who read
    /// let it; the next does the rest.
    package func checkpoint() async throws(Failure) {
        _ = try await perform { (connection) throws(Failure) in try connection.run("PRAGMA wal_checkpoint(TRUNCATE)") }
    }

    /// Lets go of the file, once all is done that was asked for before. What is asked for later fails.
    package func close() async {
        let thread = thread
        _ = await thread.value { () throws(Failure) in
            thread.connection = nil
            thread.lock = nil
        }
        thread.stop()
    }

    private func perform<Value: Sendable>(
        _ body: @escaping @Sendable (DatabaseConnection) throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let (thread, path) = (thread, path)
        let result: Result<Value, Failure> = await thread.value { () throws(Failure) in
            guard let connection = thread.connection else { throw Failure(.usage, "\(path) was closed") }
            return try body(connection)
        }
        return try result.get()
    }

    /// Where two begin with one new file, each may hold what the other wants for the change: then SQLite refuses at once, and does not wait.
    private static func beginLog(_ connection: DatabaseConnection, _ busySeconds: Double) throws(Failure) {
        let deadline = Deadline.after(seconds: busySeconds)
        while true {
            do throws(Failure) {
                try connection.run("PRAGMA journal_mode = WAL")
                return
            } catch {
                guard error.code == .unavailable, !deadline.hasPassed else { throw error }
            }
            usleep(.random(in: 1000...10_000))
        }
    }

    /// SQLite would make the file with the rights that the process gives to any.
    private static func makeFile(_ path: String) throws(Failure) {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try Files.makeDirectory(String(path[..<slash]), mode: 0o700) }
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            let reason = systemMessage(errno)
            throw Failure(.environment, "cannot open \(path): \(reason); give this user a folder that it may write")
        }
        defer { Glibc.close(descriptor) }
        // A copy that somebody put back may be open to others.
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & 0o077 != 0 { fchmod(descriptor, 0o600) }
    }

    /// Errors: `malformed` for a damaged file.
    private static func checkIntegrity(_ connection: DatabaseConnection) throws(Failure) {
        let found = try connection.row("PRAGMA quick_check(1)") { $0.text(0) }
        guard let found, let text = found, text != "ok" else { return }
        throw DatabaseTrouble(path: connection.path, damage: text).failure
    }
}
