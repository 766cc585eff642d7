import Primitives

/// One child of the stack: what is started, and how to tell that it works.
struct Service: Sendable {
    /// When it starts, lowest first; it stops in the opposite order.
    enum Stage: Int, Sendable, Comparable {
        case simulators, providers, exporters, alertmanager, prometheus

        static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
    }

    /// What people call it; also the name of its files.
    let name: String
    /// Its place in the order.
    let stage: Stage
    /// The program and its arguments.
    let request: ChildProcess.Request
    /// Where a person finds it.
    let url: String
    /// What it answers when it works.
    let probe: Probe
}

/// A question that a service answers when it works.
struct Probe: Sendable, Equatable {
    /// What counts as the answer.
    enum Wanted: Sendable {
        /// Status 200.
        case success
        /// Any answer, for services that refuse whoever has no credential.
        case anyAnswer
    }

    /// What is asked, by GET.
    let url: String
    /// What counts as the answer.
    var wanted = Wanted.success
}
