import Glibc
import SystemShim

/// A program that we started, in a process group of its own.
///
/// The kernel ends it when the *thread* that started it ends, so start what is to last on a thread that lasts.
package final class ChildProcess {
    /// What to start.
    package struct Request: Sendable {
        /// The program's path.
        package var program: String
        /// The arguments, without the program's name.
        package var arguments: [String]
        /// All variables that the program sees.
        package var environment: [String: String]
        /// Its working directory; nil for ours.
        package var directory: String?
        /// Sent to it when the thread that started it ends; 0 for none.
        package var deathSignal = SIGKILL

        package init(program: String, arguments: [String], environment: [String: String] = [:], directory: String? = nil) {
            self.program = program
            self.arguments = arguments
            self.environment = environment
            self.directory = directory
        }
    }

    /// How a program ended.
    package enum End: Sendable, Equatable, CustomStringConvertible {
        case exited(status: Int32)
        case killed(signal: Int32)
        /// Somebody else collected the status.
        case unknown

        /// Reads a status of wait(2).
        init(waitStatus: Int32) {
            let signal = waitStatus & 0x7F
            self = signal == 0 ? .exited(status: waitStatus >> 8 & 0xFF) : .killed(signal: signal)
        }

        package var description: String {
            switch self {
            case .exited(let status): "exited with status \(status)"
            case .killed(let signal): "was ended by signal \(signal)" + (strsignal(signal).map { " (\(String(cString: $0)))" } ?? "")
            case .unknown: "ended"
            }
        }
    }

    /// Its process id, which is also its process group's.
    package let processID: Int32
    private let watch: ProcessWatch
    private var end: End?

    /// Starts the program; its output goes to the descriptor `output`, its errors to `errors` or there too. Both stay the caller's.
    ///
    /// Errors name the program and the system's reason, exec's too.
    package init(starting request: Request, output: Int32, errors: Int32? = nil) throws(Failure) {
        let processID = Self.spawn(request, output: output, errors: errors ?? output)
        guard processID > 0 else {
            throw Failure(.environment, "cannot start \(request.program): \(systemMessage(-processID))")
        }
        do {
            watch = try ProcessWatch(processID: processID)
        } catch {
            kill(-processID, SIGKILL)
            _ = Self.collect(processID)
            throw error
        }
        self.processID = processID
    }

    /// A descriptor to poll for reading; it becomes readable when the program ends.
    package var descriptor: Int32 { watch.descriptor }

    /// Sends a signal to the program and whatever it started itself; nothing once its end has been read.
    package func signalGroup(_ signal: Int32) {
        if end == nil { kill(-processID, signal) }
    }

    /// How it ended, or nil while it runs. What it leaves behind in its process group is killed.
    package func reap() -> End? {
        if let end { return end }
        guard watch.hasEnded else { return nil }
        // Until the status is collected the kernel gives the group's number to nobody else.
        kill(-processID, SIGKILL)
        end = Self.collect(processID)
        return end
    }

    /// Waits for the end; nil when the deadline comes first. Blocks its thread.
    package func waitForEnd(until deadline: Deadline) -> End? {
        watch.waitForEnd(until: deadline) ? reap() : nil
    }

    /// Opens a file for a program's output, made with mode 0600. The caller closes it.
    package static func openOutput(_ path: String, appending: Bool) throws(Failure) -> Int32 {
        let descriptor = mlt_open_write(path, 0o600, appending ? 1 : 0)
        guard descriptor >= 0 else { throw Failure(.environment, "cannot write \(path): \(systemMessage(-descriptor))") }
        return descriptor
    }

    private static func spawn(_ request: Request, output: Int32, errors: Int32) -> Int32 {
        let arguments = ([request.program] + request.arguments).map { strdup($0) } + [nil]
        let environment = request.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        let directory = request.directory.map { strdup($0) }
        defer { for text in arguments + environment + [directory ?? nil] { free(text) } }
        return arguments.withUnsafeBufferPointer { arguments in
            environment.withUnsafeBufferPointer { environment in
                var shim = mlt_spawn_request()
                shim.path = arguments.first.flatMap { UnsafePointer($0) }
                shim.arguments = arguments.baseAddress
                shim.environment = environment.baseAddress
                shim.directory = (directory ?? nil).map { UnsafePointer($0) }
                shim.output = output
                shim.errors = errors
                shim.death_signal = request.deathSignal
                return mlt_spawn(&shim)
            }
        }
    }

    private static func collect(_ processID: Int32) -> End {
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0 {
            if errno != EINTR { return .unknown }
        }
        return End(waitStatus: status)
    }
}

/// A process, ours or not, whose end can be waited for.
package struct ProcessWatch: ~Copyable {
    /// Becomes readable when the process ends.
    package let descriptor: Int32

    /// Errors: no such process, or a kernel before Linux 5.3.
    package init(processID: Int32) throws(Failure) {
        descriptor = mlt_pidfd_open(processID)
        guard descriptor >= 0 else {
            throw Failure(.environment, "cannot watch process \(processID) (pidfd_open): \(systemMessage(-descriptor))")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Whether it has ended by now.
    package var hasEnded: Bool { waitForEnd(until: .after(seconds: 0)) }

    /// Waits for its end; false when the deadline comes first. Blocks its thread.
    package func waitForEnd(until deadline: Deadline) -> Bool {
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let milliseconds = Int32((deadline.remainingSeconds * 1000).rounded(.up).clamped(to: 0...3_600_000))
            let count = poll(&entry, 1, milliseconds)
            if count > 0 { return true }
            if count == 0 && deadline.hasPassed { return false }
            if count < 0 && errno != EINTR { return false }
        }
    }
}
