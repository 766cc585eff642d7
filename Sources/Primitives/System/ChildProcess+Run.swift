import Glibc
import SystemShim

extension ChildProcess {
    /// What came of a program that was run to its end.
    package struct Outcome: Sendable {
        package enum Conclusion: Sendable, Equatable {
            case ended(End)
            /// Killed, as it was still at work at the deadline.
            case late
            /// Killed, as it printed more than the limit.
            case verbose
            /// Killed, as its caller had no more use for it.
            case unwanted
        }

        package let conclusion: Conclusion
        /// What it printed, up to the limit.
        package let output: [UInt8]
        /// What it printed on stderr, the first kilobytes.
        package let errors: [UInt8]
        /// False of one that was killed and that the kernel does not let go.
        package let isGone: Bool

        package init(conclusion: Conclusion, output: [UInt8], errors: [UInt8], isGone: Bool) {
            self.conclusion = conclusion
            self.output = output
            self.errors = errors
            self.isGone = isGone
        }
    }

    /// How much of stderr is kept: some lines, for a person.
    private static let errorBytes = 4096
    /// How long a program that was killed may take to go.
    private static let goingSeconds = 2.0

    /// Runs a program to its end and reads what it prints. Blocks its thread until the program is gone, which is never for one that the
    /// kernel does not let go: `onResult` is called with what there is some seconds after it was killed, however that turns out.
    ///
    /// - Parameter isUnwanted: asked several times a second.
    /// - Parameter onResult: called once, before this returns.
    package static func run(
        _ request: Request, by deadline: Deadline, outputBytes limit: Int, isUnwanted: () -> Bool,
        onResult: (Result<Outcome, Failure>) -> Void
    ) {
        let output: ProgramPipe
        let errors: ProgramPipe
        let child: ChildProcess
        do throws(Failure) {
            output = try ProgramPipe(limit: limit)
            errors = try ProgramPipe(limit: errorBytes)
            child = try ChildProcess(starting: request, output: output.writing, errors: errors.writing)
        } catch {
            return onResult(.failure(error))
        }
        output.closeWriting()
        errors.closeWriting()
        var conclusion: Outcome.Conclusion?
        while conclusion == nil {
            ProgramPipe.wait([output.reading, errors.reading, child.descriptor])
            output.read()
            errors.read()
            if let end = child.reap() {
                conclusion = .ended(end)
            } else if output.isOverfull {
                conclusion = .verbose
            } else if isUnwanted() {
                conclusion = .unwanted
            } else if deadline.hasPassed {
                conclusion = .late
            }
        }
        child.signalGroup(SIGKILL)
        var isGone = child.waitForEnd(until: .after(seconds: goingSeconds)) != nil
        output.read()
        errors.read()
        // What it printed last may be more than it may print, too.
        if case .ended = conclusion, output.isOverfull { conclusion = .verbose }
        onResult(.success(Outcome(conclusion: conclusion ?? .late, output: output.bytes, errors: errors.bytes, isGone: isGone)))
        while !isGone { isGone = child.waitForEnd(until: .after(seconds: 3600)) != nil }
    }
}

/// A pipe that a program prints to, and what was read from it.
private final class ProgramPipe {
    private(set) var reading: Int32
    private(set) var writing: Int32
    private(set) var bytes: [UInt8] = []
    private(set) var isOverfull = false
    private let limit: Int

    init(limit: Int) throws(Failure) {
        var ends: [Int32] = [-1, -1]
        let code = mlt_pipe(&ends)
        guard code == 0 else { throw Failure(.environment, "cannot make a pipe: \(systemMessage(-code))") }
        (reading, writing) = (ends[0], ends[1])
        self.limit = limit
        // Reading stops where there is nothing yet.
        Files.adopt(reading)
    }

    deinit {
        closeWriting()
        closeReading()
    }

    func closeWriting() {
        if writing >= 0 { close(writing) }
        writing = -1
    }

    private func closeReading() {
        if reading >= 0 { close(reading) }
        reading = -1
    }

    /// Reads what is there, as far as the limit, and lets the rest go: no program shall wait for us.
    func read() {
        guard reading >= 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { room in
            for _ in 0..<256 {
                let count = Glibc.read(reading, room.baseAddress, room.count)
                if count < 0 && errno == EINTR { continue }
                if count < 0 && errno == EAGAIN { return }
                guard count > 0 else { return closeReading() }
                let free = limit - bytes.count
                if count > free { isOverfull = true }
                bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: room[..<min(count, free)]))
            }
        }
    }

    /// Until one of them has something, a quarter of a second at most. Those below 0 have nothing.
    static func wait(_ descriptors: [Int32]) {
        var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&entries, nfds_t(entries.count), 250)
    }
}
