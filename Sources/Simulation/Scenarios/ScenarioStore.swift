import Glibc
package import Primitives
import Synchronization

/// Holds the timeline of a world: in `scenario.json` of a directory, so that several processes tell one story, or in memory.
package final class ScenarioStore: Sendable {
    private struct State {
        var timeline: Timeline
        /// Grows whenever the timeline becomes another.
        var generation = 0
        /// The file as it was when it was last read, well or not.
        var signature: FileStamp?
    }

    private let path: String?
    private let clock: WallClock
    private let logger: Logger
    private let state: Mutex<State>

    /// An epoch in the past that all worlds in memory share, so that two processes without a directory show the same numbers.
    private static let commonEpoch = 1_790_000_000.0

    /// Reads the directory's file, or makes both.
    ///
    /// Errors: a directory that cannot be made, a file that is broken or of a newer version.
    package init(directory: String?, clock: WallClock, logger: Logger) throws(Failure) {
        self.clock = clock
        self.logger = logger
        guard let directory else {
            path = nil
            state = Mutex(State(timeline: Timeline(epoch: min(Self.commonEpoch, max(0, clock.unixSeconds.rounded(.down))))))
            return
        }
        let path = Files.absolute(directory) + "/scenario.json"
        self.path = path
        if !Files.exists(path) {
            try Files.makeDirectory(Files.absolute(directory))
            try Self.create(Timeline(epoch: max(0, clock.unixSeconds.rounded(.down))), at: path)
        }
        let signature = FileStamp(path)
        state = Mutex(State(timeline: try Self.read(path), signature: signature))
    }

    /// The timeline in force. A file that has changed is read again; when that fails, the last good one stays.
    func current() -> (timeline: Timeline, generation: Int) {
        var complaint: Failure?
        let result = state.withLock { state in
            if let path {
                let signature = FileStamp(path)
                if signature != state.signature {
                    state.signature = signature
                    do throws(Failure) {
                        Self.replace(&state, by: try Self.read(path))
                    } catch {
                        complaint = error
                    }
                }
            }
            return (state.timeline, state.generation)
        }
        if let complaint { logger.warn("scenario file not read, going on with the last good one", ["error": complaint]) }
        return result
    }

    /// Lets a scenario begin now, and returns the new timeline.
    ///
    /// Errors: `limit` for a full history; a file that is broken or cannot be written.
    func begin(_ scenario: Scenario, node: String?, server: String? = nil) async throws(Failure) -> Timeline {
        try await change { timeline, now throws(Failure) in try timeline.add(scenario, node: node, server: server, at: now) }
    }

    /// Lets something happen now that depends on what has happened so far, and returns the new timeline. When `edit` fails, nothing has happened.
    ///
    /// - Parameter edit: gets the timeline as it is, of all processes, and the unix time.
    /// Errors: those of `edit`; a file that is broken or cannot be written.
    func change(_ edit: (inout Timeline, _ unixSeconds: Double) throws(Failure) -> Void) async throws(Failure) -> Timeline {
        guard let path else {
            let result: Result<Timeline, Failure> = state.withLock { state in
                var timeline = state.timeline
                do throws(Failure) {
                    try edit(&timeline, clock.unixSeconds)
                } catch {
                    return .failure(error)
                }
                Self.replace(&state, by: timeline)
                return .success(timeline)
            }
            return try result.get()
        }
        let lock = try await FileLock(path + ".lock")
        defer { lock.release() }
        // What another process has written meanwhile comes first.
        var timeline = try Self.read(path)
        try edit(&timeline, clock.unixSeconds)
        try Files.write(timeline.json(), to: path, mode: 0o600)
        let written = timeline
        state.withLock { state in
            state.signature = FileStamp(path)
            Self.replace(&state, by: written)
        }
        return written
    }

    private static func replace(_ state: inout State, by timeline: Timeline) {
        guard timeline != state.timeline else { return }
        state.timeline = timeline
        state.generation += 1
    }

    private static func read(_ path: String) throws(Failure) -> Timeline {
        try Timeline(parsing: Files.read(path, limitBytes: 16 << 20), path: path)
    }

    /// Makes the file unless another process has just made it.
    private static func create(_ timeline: Timeline, at path: String) throws(Failure) {
        let candidate = "\(path).\(getpid()).first"
        try Files.write(timeline.json(), to: candidate, mode: 0o600)
        defer { Files.remove(candidate) }
        guard link(candidate, path) == 0 || errno == EEXIST else {
            throw Failure(.environment, "cannot write \(path): \(systemMessage(errno))")
        }
    }
}

/// A lock between processes, held while a file is read, changed and written.
private struct FileLock: Sendable {
    private let descriptor: Int32

    init(_ path: String) async throws(Failure) {
        descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(.environment, "cannot lock \(path): \(systemMessage(errno))") }
        for _ in 0..<200 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
            try? await Task.sleep(for: .milliseconds(10))
        }
        close(descriptor)
        throw Failure(.timeout, "\(path) has been locked by another process for 2 seconds")
    }

    func release() { close(descriptor) }
}
