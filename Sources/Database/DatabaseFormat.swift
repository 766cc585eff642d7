package import Primitives

/// Whose file it is, and how it came to be as it is now.
package struct DatabaseFormat: Sendable {
    /// What the file is called in messages: `the journal of operations`.
    package let name: String
    /// SQLite's `application_id`: a file that has another one is not ours. Never 0.
    package let applicationID: Int32
    /// Scripts of SQL, from an empty file to the newest format; as many were done as `user_version` says, and each finds what those before it left.
    /// One that was ever released never changes.
    package let steps: [String]

    package init(name: String, applicationID: Int32, steps: [String]) {
        self.name = name
        self.applicationID = applicationID
        self.steps = steps
    }

    /// Brings the file to the newest format, a transaction a step.
    ///
    /// Errors: `malformed` for a file that is somebody else's, `environment` for one of a newer format.
    package func apply(to connection: DatabaseConnection) throws(Failure) {
        // One process after the other, or two would both begin with an empty file.
        try connection.transaction { () throws(Failure) in
            let owner = try connection.number("PRAGMA application_id")
            let version = try connection.number("PRAGMA user_version")
            if owner == 0, version == 0, try connection.number("SELECT count(*) FROM sqlite_schema") == 0 {
                try connection.run("PRAGMA application_id = \(applicationID)")
            } else if owner != Int64(applicationID) {
                throw Failure(
                    .malformed,
                    "\(connection.path) is a database of another program, not \(name); give another path, or move that file away")
            }
            guard version >= 0, version <= steps.count else {
                throw Failure(
                    .environment,
                    "\(connection.path) has format \(version) of \(name), and this version knows those up to \(steps.count): run the newer version that wrote it"
                )
            }
        }
        while true {
            let isNewest = try connection.transaction { () throws(Failure) in
                let version = Int(try connection.number("PRAGMA user_version"))
                guard version < steps.count else { return true }
                try connection.script(steps[version])
                try connection.run("PRAGMA user_version = \(version + 1)")
                return false
            }
            if isNewest { return }
        }
    }
}
