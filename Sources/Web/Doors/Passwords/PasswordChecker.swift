import CryptShim
import Primitives
import Synchronization

/// Runs bcrypt: on a thread of its own, one password at a time, and each no more often than it has to.
package final class PasswordChecker: Sendable {
    /// Compares a password with a hash. Blocks for as long as the hash's cost says.
    package typealias Comparison = @Sendable (_ password: [UInt8], _ hash: BcryptHash) -> Bool

    /// Passwords that wait for their turn; more are turned away.
    package static let waitingLimit = 16

    /// Who may wait for the same verdict; more are turned away. Each holds a connection that nobody can take from him meanwhile.
    package static let askersLimit = 16

    private struct Job {
        let key: PasswordVerdicts.Key
        let work: @Sendable () -> Bool
    }

    private struct State {
        var verdicts = PasswordVerdicts()
        var jobs = WaitingLine<Job>(limit: waitingLimit)
        /// Who wants to know, by what: those that wait and the one in work.
        var askers: [PasswordVerdicts.Key: [CheckedContinuation<Bool?, Never>]] = [:]
        var isWorking = false
    }

    private let compare: Comparison
    private let secret: [UInt8]
    private let state = Mutex(State())

    package init(compare: @escaping Comparison = PasswordChecker.bcrypt) {
        self.compare = compare
        secret = (0..<Int(MLT_DIGEST_SIZE)).map { _ in UInt8.random(in: 0...255) }
    }

    /// bcrypt as the C library has it. Like every bcrypt it reads the first 72 bytes.
    package static let bcrypt: Comparison = { password, hash in
        var phrase = password.prefix(72).map { CChar(bitPattern: $0) } + [0]
        defer { for index in phrase.indices { phrase[index] = 0 } }
        return mlt_bcrypt_matches(phrase, hash.setting, hash.digest) == 1
    }

    /// Passwords that wait for their turn now.
    var waitingCount: Int { state.withLock { $0.jobs.count } }

    /// Whether the password is the user's; nil when too many others wait.
    ///
    /// - Parameter hash: the user's, or nil when there is no such user: that takes just as long.
    /// - Parameter address: whoever sends many passwords gets in his own way, not in that of others.
    /// - Parameter cost: that of the dearest user. For a cheaper one the difference is worked off, so that time does not tell users apart
    ///   from names that nobody has.
    func isRight(_ password: [UInt8], of user: String, _ hash: BcryptHash?, from address: ClientAddress, cost: Int) async -> Bool? {
        guard let key = key(user, hash, password) else { return nil }
        let job = Job(key: key) { [compare] in
            let own = hash ?? .dummy(cost: cost)
            let matches = compare(password, own)
            // 2^c and then 2^c + 2^(c+1) + … make 2^cost.
            for step in own.cost..<max(own.cost, cost) { _ = compare(password, .dummy(cost: step)) }
            return matches && hash != nil
        }
        return await withCheckedContinuation { continuation in
            enum Step { case known(Bool?), wait, start }
            var displaced: [CheckedContinuation<Bool?, Never>] = []
            let step: Step = state.withLock { state in
                if let verdict = state.verdicts[key] { return .known(verdict) }
                let asking = state.askers[key]?.count
                guard asking ?? 0 < Self.askersLimit else { return .known(nil) }
                if asking == nil {
                    guard case .admitted(let other) = state.jobs.append(job, from: address) else { return .known(nil) }
                    if let other { displaced = state.askers.removeValue(forKey: other.key) ?? [] }
                }
                state.askers[key, default: []].append(continuation)
                defer { state.isWorking = true }
                return state.isWorking ? .wait : .start
            }
            for asker in displaced { asker.resume(returning: nil) }
            switch step {
            case .known(let verdict): continuation.resume(returning: verdict)
            case .wait: break
            case .start: startWorking()
            }
        }
    }

    private func startWorking() {
        do {
            try Thread.start("bcrypt") { [self] in work() }
        } catch {
            let askers = state.withLock { state in
                defer { (state.jobs, state.askers, state.isWorking) = (WaitingLine(limit: Self.waitingLimit), [:], false) }
                return state.askers.values.flatMap(\.self)
            }
            for asker in askers { asker.resume(returning: nil) }
        }
    }

    /// Until nobody waits; the thread ends then.
    private func work() {
        while true {
            let next: Job? = state.withLock { state in
                let next = state.jobs.removeFirst()
                if next == nil { state.isWorking = false }
                return next
            }
            guard let job = next else { return }
            let verdict = job.work()
            let askers = state.withLock { state in
                state.verdicts.remember(verdict, job.key)
                return state.askers.removeValue(forKey: job.key) ?? []
            }
            for asker in askers { asker.resume(returning: verdict) }
        }
    }

    private func key(_ user: String, _ hash: BcryptHash?, _ password: [UInt8]) -> PasswordVerdicts.Key? {
        var bytes: [UInt8] = []
        for part in [Array(user.utf8), Array((hash.map { $0.setting + $0.digest } ?? "").utf8), password] {
            // With its length in front, or `ab`, `c` would be `a`, `bc`.
            bytes.append(decimal: Int64(part.count))
            bytes.append(UInt8(ascii: ":"))
            bytes += part
        }
        var digest = [UInt8](repeating: 0, count: Int(MLT_DIGEST_SIZE))
        return mlt_keyed_digest(secret, secret.count, bytes, bytes.count, &digest) != 0 ? digest : nil
    }
}
