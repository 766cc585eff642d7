import JSON
import Primitives

/// Everything that was ever asked of a world: which scenario began when.
///
/// As JSON: `{"version":1,"epoch":1795226829,"changes":[{"at":1795226900.5,"scenario":"node-down","node":"pve2"}]}`.
struct Timeline: Sendable, Equatable {
    /// The beginning of a scenario, which ends the one before.
    struct Change: Sendable, Equatable {
        /// Unix time.
        let at: Double
        let scenario: Scenario
        /// The node it is about; without it the scenario chooses.
        let node: String?
    }

    /// The format that this program writes and reads.
    static let version = 1
    /// A history is not allowed to grow past this.
    static let changeLimit = 10_000

    /// When the world was made, in unix time. Its inventory had been running for days by then.
    let epoch: Double
    /// In the order of time.
    private(set) var changes: [Change] = []

    /// A history in which nothing has happened yet.
    init(epoch: Double) { self.epoch = epoch }

    /// What was in force at a moment of unix time; nil before the first change.
    func change(at unixSeconds: Double) -> Change? { changes.last { $0.at <= unixSeconds } }

    /// Adds a change that begins now. Asking again for what is in force changes nothing.
    ///
    /// Errors: `limit` when the history is full.
    mutating func add(_ scenario: Scenario, node: String?, at unixSeconds: Double) throws(Failure) {
        if let last = changes.last {
            if last.scenario == scenario && last.node == node { return }
        } else if scenario == .normal {
            return
        }
        guard changes.count < Self.changeLimit else {
            throw Failure(.limit, "the scenario history is full (\(Self.changeLimit) changes); start a new world directory")
        }
        // Another process's clock may be ahead; the order of changes is worth more than the exact second.
        changes.append(Change(at: max(unixSeconds, changes.last?.at ?? epoch), scenario: scenario, node: node))
    }

    /// The file's content.
    func json() -> [UInt8] {
        var json = JSONWriter(reservingBytes: 128 + changes.count * 64)
        json.object { json in
            json.member("version", Self.version)
            json.member("epoch", epoch)
            json.key("changes")
            json.array { json in
                for change in changes {
                    json.object { json in
                        json.member("at", change.at)
                        json.member("scenario", change.scenario.rawValue)
                        if let node = change.node { json.member("node", node) }
                    }
                }
            }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}

extension Timeline {
    /// Reads a scenario file. Errors name the file and what is wrong in it.
    init(parsing bytes: [UInt8], path: String) throws(Failure) {
        func broken(_ reason: String) -> Failure {
            Failure(.malformed, "\(path): \(reason); repair the file, or remove it to begin a new world")
        }
        let document: JSONDocument
        do { document = try JSONDocument(parsing: bytes) } catch { throw broken(error.message) }
        let result: Result<Timeline, Failure> = document.withRoot { root in
            guard let version = root["version"]?.integer, version >= 1 else { return .failure(broken("has no version")) }
            guard version <= Self.version else {
                return .failure(
                    Failure(
                        .configuration,
                        "\(path) has version \(version) and this program knows \(Self.version): use a newer martlet or another directory"))
            }
            guard let epoch = root["epoch"]?.number, (0...4.1e9).contains(epoch) else { return .failure(broken("has no epoch")) }
            guard let list = root["changes"], list.isArray else { return .failure(broken("has no list of changes")) }
            var changes: [Change] = []
            var problem: String?
            list.forEachElement { element in
                guard problem == nil else { return }
                do { changes.append(try Change(element)) } catch { problem = "change \(changes.count + 1): \(error)" }
            }
            if let problem { return .failure(broken(problem)) }
            guard changes.count <= Self.changeLimit else { return .failure(broken("has more than \(Self.changeLimit) changes")) }
            // Written by hand, it may be out of order; equal moments keep the order of the file.
            let ordered = changes.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
            var timeline = Timeline(epoch: epoch)
            timeline.changes = ordered
            return .success(timeline)
        }
        self = try result.get()
    }
}

extension Timeline.Change {
    fileprivate init(_ value: JSONValue) throws(Failure) {
        guard let at = value["at"]?.number, (0...4.1e9).contains(at) else { throw Failure(.malformed, "\"at\" is no unix time") }
        guard let name = value["scenario"]?.text else { throw Failure(.malformed, "\"scenario\" is missing") }
        self.init(at: at, scenario: try Scenario(named: name), node: value["node"]?.text)
    }
}
