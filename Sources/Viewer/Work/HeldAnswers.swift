import Synchronization

/// What all tables that are being made hold of Prometheus' answers: so many bytes, however many queries a panel has.
final class HeldAnswers: Sendable {
    private let limitBytes: Int
    private let limitOfOne: Int
    private let held = Mutex(0)

    /// - Parameter limitOfOne: of one table.
    init(limitBytes: Int, limitOfOne: Int) {
        self.limitBytes = limitBytes
        self.limitOfOne = limitOfOne
    }

    var bytes: Int { held.withLock { $0 } }

    /// One table's answers.
    final class Share: Sendable {
        private let all: HeldAnswers
        private let own = Mutex(0)

        init(_ all: HeldAnswers) { self.all = all }

        deinit {
            let bytes = own.withLock { $0 }
            all.held.withLock { $0 -= bytes }
        }

        /// Whether an answer of so many bytes may be kept; what a table alone holds always may up to its own limit.
        func take(_ bytes: Int) -> Bool {
            own.withLock { own in
                guard own + bytes <= all.limitOfOne else { return false }
                let isThere = all.held.withLock { held in
                    guard held + bytes <= all.limitBytes else { return false }
                    held += bytes
                    return true
                }
                if isThere { own += bytes }
                return isThere
            }
        }
    }
}
