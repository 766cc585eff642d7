import Glibc
import Primitives

/// Ends what an earlier run left behind, which only happens when the kernel could not do it.
struct StaleChildren {
    /// Where the process files are.
    let paths: StatePaths
    /// Hears of each process that is ended.
    let logger: Logger
    /// How long they may take after SIGTERM.
    var graceSeconds = 10.0

    /// Returns whether the earlier run ended without tidying up, so that its sockets may be open for a moment more.
    ///
    /// Errors: a process that cannot be ended. Blocks its thread.
    @discardableResult
    func end() throws(Failure) -> Bool {
        var foundAny = false
        for name in try Directory.names(paths.path("run")).sorted() where name.hasSuffix(".pid") {
            let file = paths.path("run/\(name)")
            if let text = try? Files.readLine(file), let identity = ProcessIdentity(parsing: text) { try end(identity, file) }
            Files.remove(file)
            foundAny = true
        }
        return foundAny
    }

    private func end(_ identity: ProcessIdentity, _ file: String) throws(Failure) {
        // The watch comes before the look, so that it holds the process that was looked at.
        guard let watch = try? ProcessWatch(processID: identity.processID), identity.isAlive() else { return }
        logger.warn("ending a process that an earlier run left behind", ["pid": identity.processID, "file": file])
        for (signal, seconds) in [(SIGTERM, graceSeconds), (SIGKILL, 5)] {
            guard kill(-identity.processID, signal) == 0 || errno == ESRCH else {
                throw Failure(
                    .environment,
                    "process \(identity.processID) of an earlier run (\(file)) cannot be ended: \(systemMessage(errno))")
            }
            if watch.waitForEnd(until: .after(seconds: seconds)) { return }
        }
        throw Failure(.environment, "process \(identity.processID) of an earlier run (\(file)) does not end, not even by SIGKILL")
    }
}
