package import RPC

/// Where an operation stands. The last three are ends: they are recorded once and never changed.
package enum OperationState: Int, Sendable, CaseIterable {
    case queued = 1
    case running = 2
    case succeeded = 3
    case failed = 4
    case cancelled = 5

    package var isEnd: Bool { rawValue >= OperationState.succeeded.rawValue }
}

/// How an operation ended, as metrics tell it.
package enum OperationOutcome: String, Sendable, CaseIterable {
    case success
    /// What was asked for cannot be had: a name is taken, a pool is full, a checksum differs.
    case failure
    /// Something broke: the hypervisor cannot be reached, time ran out, nobody knows why.
    case error
    /// Somebody did not want it any more.
    case cancelled

    init(_ state: OperationState, _ code: RPCCode) {
        switch (state, code) {
        case (.succeeded, _): self = .success
        case (.cancelled, _): self = .cancelled
        case (_, .unknown), (_, .deadlineExceeded), (_, .internal), (_, .unavailable), (_, .dataLoss), (_, .aborted), (_, .cancelled):
            self = .error
        default: self = .failure
        }
    }
}

/// What is written down of an operation, before it does anything and while it goes on.
package struct Operation: Sendable, Equatable {
    /// The task's id for clients, and the mark on what the operation makes.
    package let id: String
    /// In the order in which they were accepted.
    package let sequence: Int64
    /// The method that began it: `Create`.
    package let kind: String
    /// What metrics tell apart within a kind: `linked`; empty when there is nothing.
    package let variant: String
    /// What it is done to, for a person: a machine's identifier, or the name of one to be made.
    package let target: String
    /// What no other operation may work on meanwhile: `vm:…`.
    package let locks: [String]
    /// Names that the operation takes: no other that takes one is accepted until it is over.
    package let claims: [String]
    package let token: OperationToken?
    /// Of kind and request.
    package let digest: String
    /// Of what is made; empty when nothing is. It was given to the client before anything was done.
    package let resultID: String
    /// Unix seconds.
    package let createdAt: Double

    package internal(set) var state = OperationState.queued
    /// What is being done, for a person.
    package internal(set) var step = ""
    /// 0 to 1; nil while nobody knows.
    package internal(set) var progress: Double?
    /// `ok` while all is well. With a state that is no end: why what was made is being taken back.
    package internal(set) var code = RPCCode.ok
    package internal(set) var message = ""
    /// What the operation needs to know after a restart: what it chose, what the hypervisor calls its task.
    package internal(set) var notes: [String: String]
    package internal(set) var isCancelRequested = false
    /// How often it was begun since it last came further.
    package internal(set) var attempts = 0
    package internal(set) var startedAt: Double?
    package internal(set) var endedAt: Double?

    /// How it ended; nil while it goes on.
    package var outcome: OperationOutcome? { state.isEnd ? OperationOutcome(state, code) : nil }
}

/// By what a request that comes again is known.
package enum OperationToken: Sendable, Hashable {
    /// One that the client made for this request: it stands for the request, whatever came of it, for as long as the operation is kept.
    case key(String)
    /// Whose the machine to be made is, of a client that sends no key: it stands for the machine. The request may differ, and one that failed may be
    /// made again.
    case owner(String)

    var text: String {
        switch self {
        case .key(let text): "k:" + text
        case .owner(let text): "o:" + text
        }
    }

    init?(text: String) {
        if text.hasPrefix("k:") {
            self = .key(String(text.dropFirst(2)))
        } else if text.hasPrefix("o:") {
            self = .owner(String(text.dropFirst(2)))
        } else {
            return nil
        }
    }
}

/// What a provider says of an operation that is to be accepted.
package struct OperationDraft: Sendable {
    package var target: String
    package var variant: String
    package var locks: [String]
    package var claims: [String]
    package var resultID: String
    package var notes: [String: String]

    package init(
        target: String, variant: String = "", locks: [String] = [], claims: [String] = [], resultID: String = "",
        notes: [String: String] = [:]
    ) {
        self.target = target
        self.variant = variant
        self.locks = locks
        self.claims = claims
        self.resultID = resultID
        self.notes = notes
    }
}
