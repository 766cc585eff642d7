import Primitives
import Synchronization

/// Runs the program `zpool`, one at a time, on a thread of its own.
///
/// On a pool that is suspended it may hang for ever, where no signal reaches it. Then it is given up, and as long as it is there no other is
/// started: one after the other would hang beside it.
final class ZpoolProgram: Sendable {
    enum Result: Sendable {
        case outcome(ChildProcess.Outcome)
        case failure(Failure)
        /// One that was given up is still there.
        case stuck
    }

    /// The most that is read: ten thousand devices have less.
    static let outputBytes = 8 << 20

    /// How a program is run, as `ChildProcess.run` does.
    typealias Runner =
        @Sendable (
            ChildProcess.Request, Deadline, _ isUnwanted: () -> Bool, _ onResult: (Swift.Result<ChildProcess.Outcome, Failure>) -> Void
        ) -> Void

    private let isThere = Mutex(false)
    private let runner: Runner

    init(
        runner: @escaping Runner = { ChildProcess.run($0, by: $1, outputBytes: ZpoolProgram.outputBytes, isUnwanted: $2, onResult: $3) }
    ) {
        self.runner = runner
    }

    /// - Parameter path: absolute; no shell and no search is in between.
    func run(_ path: String, _ arguments: [String], by deadline: Deadline) async -> Result {
        let isFree = isThere.withLock { isThere in
            defer { isThere = true }
            return !isThere
        }
        guard isFree else { return .stuck }
        let answer = OneAnswer<Result>()
        let isUnwanted = Flag()
        var environment = ["LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        // Its dates are of a time zone, and they are read in ours.
        environment["TZ"] = ProcessEnvironment.all["TZ"]
        let request = ChildProcess.Request(program: path, arguments: arguments, environment: environment, directory: "/")
        do {
            try Thread.start("zpool") { [self] in
                // The thread stays until the program is gone, as that is tied to it.
                var isGone = true
                runner(request, deadline, { isUnwanted.isRaised }) { result in
                    if case .success(let outcome) = result { isGone = outcome.isGone }
                    // Before the answer is given: whoever has it may want to start the next.
                    if isGone { isThere.withLock { $0 = false } }
                    switch result {
                    case .success(let outcome): answer.give(.outcome(outcome))
                    case .failure(let failure): answer.give(.failure(failure))
                    }
                }
                if !isGone { isThere.withLock { $0 = false } }
            }
        } catch {
            isThere.withLock { $0 = false }
            return .failure(error)
        }
        return await withTaskCancellationHandler {
            await answer.value
        } onCancel: {
            isUnwanted.raise()
        }
    }

    /// Where the program stands: the settings' word, else on PATH, else where systems have it.
    static func find(_ path: String?) -> String? {
        if let path { return path }
        let folders = [ProcessEnvironment.all["PATH"], "/usr/sbin:/sbin:/usr/local/sbin"].compactMap { $0 }.joined(separator: ":")
        let found = ProcessEnvironment.findProgram("zpool", path: folders)
        return found.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
}

/// A wish that one side has and the other sees.
private final class Flag: Sendable {
    private let state = Mutex(false)

    var isRaised: Bool { state.withLock { $0 } }

    func raise() { state.withLock { $0 = true } }
}
