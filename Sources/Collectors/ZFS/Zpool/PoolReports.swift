import Primitives
import Synchronization

/// What `zpool` said last, and how it is to be asked. Outlives a reload of the settings.
package final class PoolReports: Sendable {
    /// An answer and its time.
    struct Answered: Sendable {
        let answer: ZpoolAnswer
        let instant: ContinuousClock.Instant

        var ageSeconds: Double { (ContinuousClock.now - instant).seconds }
    }

    /// How the last attempt at a command went.
    struct Attempt: Sendable {
        /// Why it failed; nil when it did not.
        let problem: Failure?
        let durationSeconds: Double
    }

    /// What holds now.
    struct View: Sendable {
        var list: [String: PoolCapacity] = [:]
        var status: [String: PoolStatus] = [:]
        /// The newest scrub of each pool that was seen to have finished; ZFS forgets it when another scan begins.
        var scrubs: [String: PoolScan] = [:]
        var ages: [ZpoolCommand: Double] = [:]
        var attempts: [ZpoolCommand: Attempt] = [:]
        /// Why answers are missing or old, in one line.
        var problem: Failure?
    }

    private struct State {
        var answers: [ZpoolCommand: Answered] = [:]
        var attempts: [ZpoolCommand: Attempt] = [:]
        var scrubs: [String: PoolScan] = [:]
        /// The program for which `form` holds: another may know more.
        var stamp: FileStamp?
        var form: [ZpoolCommand: Int] = [:]
    }

    /// How long one command may take.
    private let commandSeconds: Double
    private let program: ZpoolProgram
    private let state = Mutex(State())

    package init() {
        commandSeconds = 20
        program = ZpoolProgram()
    }

    init(commandSeconds: Double, program: ZpoolProgram) {
        self.commandSeconds = commandSeconds
        self.program = program
    }

    /// Asks everything once.
    ///
    /// - Parameter path: of the program.
    func refresh(_ path: String) async {
        let stamp = FileStamp(path)
        state.withLock { state in
            if state.stamp != stamp { (state.stamp, state.form) = (stamp, [:]) }
        }
        for command in ZpoolCommand.allCases {
            let begin = ContinuousClock.now
            let result = await ask(command, path)
            guard !Task.isCancelled else { return }
            let seconds = (ContinuousClock.now - begin).seconds
            switch result {
            case .success(let answer): note(command, answer, seconds)
            case .failure(let failure):
                state.withLock { $0.attempts[command] = Attempt(problem: failure, durationSeconds: seconds) }
            }
        }
    }

    private func ask(_ command: ZpoolCommand, _ path: String) async -> Result<ZpoolAnswer, Failure> {
        let forms = command.forms
        let first = state.withLock { $0.form[command] ?? 0 }
        for index in first..<forms.count {
            let form = forms[index]
            let words = "zpool \(command.rawValue)"
            let outcome: ChildProcess.Outcome
            switch await program.run(path, form.arguments, by: .after(seconds: commandSeconds)) {
            case .outcome(let given): outcome = given
            case .failure(let failure): return .failure(failure)
            case .stuck:
                return .failure(Failure(.timeout, "\(words): one that was killed hangs in the kernel still; look for a suspended pool"))
            }
            let errors = String(decoding: outcome.errors, as: UTF8.self)
            switch outcome.conclusion {
            case .ended(.exited(status: 0)): break
            case .ended where Self.isWithoutPools(outcome): break
            case .ended where index + 1 < forms.count && ZpoolCommand.refusesOption(errors): continue
            case .ended(let end): return .failure(Failure(.unavailable, "\(words) \(end)\(Self.firstLine(errors))"))
            case .late: return .failure(Failure(.timeout, "\(words) did not answer within \(commandSeconds) s; look for a suspended pool"))
            case .verbose: return .failure(Failure(.limit, "\(words) printed more than \(ZpoolProgram.outputBytes) bytes"))
            case .unwanted: return .failure(Failure(.timeout, "\(words) was ended"))
            }
            state.withLock { $0.form[command] = index }
            if Self.isWithoutPools(outcome) { return .success(command == .list ? .list([]) : .status([])) }
            do throws(Failure) {
                return .success(try form.read(outcome.output))
            } catch {
                return .failure(Failure(error.code, "\(words): \(error.message)"))
            }
        }
        return .failure(Failure(.unavailable, "zpool \(command.rawValue) knows none of our options"))
    }

    private static func isWithoutPools(_ outcome: ChildProcess.Outcome) -> Bool {
        let words = Array(PoolStatus.noPools.utf8)
        return outcome.output.starts(with: words) || outcome.errors.starts(with: words)
    }

    private static func firstLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).first.map { ": " + $0.prefix(300) } ?? ""
    }

    private func note(_ command: ZpoolCommand, _ answer: ZpoolAnswer, _ seconds: Double) {
        state.withLock { state in
            state.answers[command] = Answered(answer: answer, instant: .now)
            state.attempts[command] = Attempt(problem: nil, durationSeconds: seconds)
            guard case .status(let pools) = answer else { return }
            let names = Set(pools.map(\.name))
            state.scrubs = state.scrubs.filter { names.contains($0.key) }
            for pool in pools {
                for scan in pool.scans where scan.kind == .scrub && scan.state == .finished { state.scrubs[pool.name] = scan }
            }
        }
    }

    /// What is not older than that.
    func view(maximumAgeSeconds: Double) -> View {
        state.withLock { state in
            var view = View(attempts: state.attempts)
            for (command, answered) in state.answers where answered.ageSeconds <= maximumAgeSeconds {
                view.ages[command] = answered.ageSeconds
                switch answered.answer {
                case .list(let pools): view.list = Dictionary(pools.map { ($0.name, $0) }) { first, _ in first }
                case .status(let pools):
                    view.status = Dictionary(pools.map { ($0.name, $0) }) { first, _ in first }
                    view.scrubs = state.scrubs
                }
            }
            let problems = ZpoolCommand.allCases.compactMap { state.attempts[$0]?.problem }
            // What ails one command mostly ails the other.
            view.problem = problems.first
            return view
        }
    }
}
