import Metrics
import Primitives
import ProxmoxAPI
import Web

/// Something too dear to be asked for at each scrape: it has a timer of its own, and its answers are kept until they are three periods old.
///
/// A source is a value that knows how to ask and how to write; what it was told is kept in a `SlowShelf`, and when it is asked is
/// `SlowSchedule`'s business.
protocol SlowSource: Sendable {
    /// What is made of one subject's answers.
    associatedtype Reading: Sendable

    var profile: SlowProfile { get set }

    /// Hands over what sources of one cluster know of each other.
    mutating func connect(_ switches: AgentSwitches?)

    /// Whom to ask about, as things are.
    func subjects(_ picture: ClusterPicture) -> [SlowSubject]

    /// Asks once.
    ///
    /// - Parameter last: what was read before, for sources that go on from there.
    func ask(_ subject: SlowSubject, _ call: SlowCall, last: Reading?) async throws(ProxmoxError) -> Reading

    /// Seconds until the next time, after a reading that asks for other than the period.
    func delaySeconds(after reading: Reading) -> Double?

    /// Whether an error only says that there is nothing to be had, now or ever: then it is no problem, and what was kept is gone.
    func isAbsence(_ error: ProxmoxError) -> Bool

    /// Writes what is kept of one subject, to whose node the page was turned.
    func write(_ subject: SlowSubject, _ reading: Reading, into page: inout SlowPage)

    /// Writes all that is kept, for sources whose subjects know of the same things.
    func write(_ readings: [(subject: SlowSubject, reading: Reading)], into page: inout SlowPage)
}

extension SlowSource {
    mutating func connect(_ switches: AgentSwitches?) {}

    func delaySeconds(after reading: Reading) -> Double? { nil }

    func isAbsence(_ error: ProxmoxError) -> Bool { false }

    func write(_ subject: SlowSubject, _ reading: Reading, into page: inout SlowPage) {}

    func write(_ readings: [(subject: SlowSubject, reading: Reading)], into page: inout SlowPage) {
        for (subject, reading) in readings {
            page.turn(to: subject.node)
            write(subject, reading, into: &page)
        }
        page.turn(to: "")
    }

    func subjects(_ picture: ClusterPicture) -> [SlowSubject] {
        switch profile.scope {
        case .cluster: [.cluster]
        case .node: picture.onlineNodes.map(SlowSubject.node)
        case .guest: picture.guestsInOrder.map(SlowSubject.guest)
        }
    }
}

/// How a slow source is asked.
struct SlowProfile: Sendable {
    enum Scope: Sendable { case cluster, node, guest }

    /// The value of the label `source`, and the word in the settings.
    let name: String
    let scope: Scope
    var periodSeconds: Double
    /// What it asks, as help texts name it.
    let endpoint: String
    /// Longest wait for one answer.
    var timeoutSeconds = 30.0
    /// It tells of what is past and stays true, also while its node is silent: it is kept as long as there is such a node.
    var isOfThePast = false
    /// The finest level that all of its families need: below that nothing is asked.
    var detail = Detail.guest
}

/// The way to the API for a slow source.
struct SlowCall: Sendable {
    let client: ProxmoxClient
    let http: HTTPClient
    let clock: WallClock
    let timer: SlowClock
    let timeoutSeconds: Double
    let picture: ClusterPicture

    /// Seconds since 1970.
    var now: Double { clock.unixSeconds }

    /// Of the call that is made now.
    var deadline: Deadline { .after(seconds: timeoutSeconds) }
}
