import JSON
import Primitives

/// Everything that was ever asked of a world: which scenario began when, and what was done to which guest.
///
/// As JSON: `{"version":2,"epoch":1795226829,"changes":[{"at":1795226900.5,"scenario":"node-down","node":"pve2"}],
/// "guests":[{"at":1795226950.5,"vmid":101,"status":"stopped"}]}`. Version 1 had no guests, and is read as a world in which none changed.
struct Timeline: Sendable, Equatable {
    /// The beginning of a scenario, which ends the one before.
    struct Change: Sendable, Equatable {
        /// Unix time.
        let at: Double
        let scenario: Scenario
        /// The node it is about; without it the scenario chooses.
        let node: String?
        /// The server of models it is about, or a model of some; without it all are.
        var server: String?
    }

    /// The format that this program writes and reads.
    static let version = 2
    /// Neither history is allowed to grow past this.
    static let changeLimit = 10_000

    /// When the world was made, in unix time. Its inventory had been running for days by then.
    let epoch: Double
    /// In the order of time.
    private(set) var changes: [Change] = []
    /// In the order of time.
    private(set) var guestChanges: [GuestChange] = []

    /// A history in which nothing has happened yet.
    init(epoch: Double) { self.epoch = epoch }

    /// What was in force at a moment of unix time; nil before the first change.
    func change(at unixSeconds: Double) -> Change? { changes.last { $0.at <= unixSeconds } }

    /// Adds a change that begins now. Asking again for what is in force changes nothing.
    ///
    /// Errors: `limit` when the history is full.
    mutating func add(_ scenario: Scenario, node: String?, server: String? = nil, at unixSeconds: Double) throws(Failure) {
        if let last = changes.last {
            if last.scenario == scenario && last.node == node && last.server == server { return }
        } else if scenario == .normal {
            return
        }
        guard changes.count < Self.changeLimit else {
            throw Failure(.limit, "the scenario history is full (\(Self.changeLimit) changes); start a new world directory")
        }
        // Another process's clock may be ahead; the order of changes is worth more than the exact second.
        changes.append(Change(at: max(unixSeconds, changes.last?.at ?? epoch), scenario: scenario, node: node, server: server))
    }

    /// Adds a change of a guest that happens now.
    ///
    /// Errors: `limit` when the history is full.
    mutating func add(_ order: GuestOrder, of vmid: Int, at unixSeconds: Double) throws(Failure) {
        guard guestChanges.count < Self.changeLimit else {
            throw Failure(.limit, "the history of guests is full (\(Self.changeLimit) changes); start a new world directory")
        }
        guestChanges.append(GuestChange(at: max(unixSeconds, guestChanges.last?.at ?? epoch), vmid: vmid, order: order))
    }

    /// The file's content.
    func json() -> [UInt8] {
        var json = JSONWriter(reservingBytes: 128 + (changes.count + guestChanges.count) * 64)
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
                        if let server = change.server { json.member("server", server) }
                    }
                }
            }
            json.key("guests")
            json.array { json in
                for change in guestChanges { json.object { change.write(into: &$0) } }
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
            let guests = root["guests"]
            guard version == 1 || guests?.isArray == true else { return .failure(broken("has no list of guests")) }
            var timeline = Timeline(epoch: epoch)
            do throws(Failure) {
                timeline.changes = try Self.read(list, "change") { value throws(Failure) in try Change(value) }.sorted(by: \.at)
                if version > 1, let guests {
                    timeline.guestChanges = try Self.read(guests, "guest") { value throws(Failure) in try GuestChange(value) }.sorted(
                        by: \.at)
                }
            } catch {
                return .failure(broken(error.message))
            }
            return .success(timeline)
        }
        self = try result.get()
    }

    private static func read<Element>(
        _ list: JSONValue, _ word: String, _ element: (JSONValue) throws(Failure) -> Element
    ) throws(Failure) -> [Element] {
        var elements: [Element] = []
        var problem: Failure?
        list.forEachElement { value in
            guard problem == nil else { return }
            do throws(Failure) {
                elements.append(try element(value))
            } catch {
                problem = Failure(.malformed, "\(word) \(elements.count + 1): \(error)")
            }
        }
        if let problem { throw problem }
        guard elements.count <= changeLimit else { throw Failure(.limit, "has more than \(changeLimit) \(word)s") }
        return elements
    }
}

extension Timeline.Change {
    fileprivate init(_ value: JSONValue) throws(Failure) {
        guard let at = value["at"]?.number, (0...4.1e9).contains(at) else { throw Failure(.malformed, "\"at\" is no unix time") }
        guard let name = value["scenario"]?.text else { throw Failure(.malformed, "\"scenario\" is missing") }
        self.init(at: at, scenario: try Scenario(named: name), node: value["node"]?.text, server: value["server"]?.text)
    }
}

extension Array {
    /// Written by hand, a file may be out of order; equal moments keep the order of the file.
    fileprivate func sorted(by moment: KeyPath<Element, Double>) -> [Element] {
        enumerated().sorted { ($0.element[keyPath: moment], $0.offset) < ($1.element[keyPath: moment], $1.offset) }.map(\.element)
    }
}
