import Glibc
import Primitives
import Synchronization
import Testing
import Web

@testable import Simulation

/// A clock that a test sets.
final class TestClock: Sendable {
    private let seconds: Mutex<Double>

    init(_ unixSeconds: Double) { seconds = Mutex(unixSeconds) }

    var now: Double {
        get { seconds.withLock { $0 } }
        set { seconds.withLock { $0 = newValue } }
    }

    var wall: WallClock { WallClock { self.now } }
}

/// When the worlds of the tests begin, a multiple of 10.
let epoch = 1_790_000_000.0

/// A change of scenario, `after` seconds from the epoch.
struct Step: Sendable {
    let after: Double
    let scenario: Scenario
    var node: String?
}

func timeline(_ steps: [Step]) throws -> Timeline {
    var timeline = Timeline(epoch: epoch)
    for step in steps { try timeline.add(step.scenario, node: step.node, at: epoch + step.after) }
    return timeline
}

func world(_ steps: [Step] = [], nodes: Int = 4, guests: Int = 100, seed: UInt64 = 7) throws -> World {
    World(seed: seed, nodeCount: nodes, guestCount: guests, timeline: try timeline(steps))
}

func answers(_ world: World, after seconds: Double) -> ProxmoxAnswers { ProxmoxAnswers(world: world, unixSeconds: epoch + seconds) }

/// The elements of an answer's `data`.
func rows(_ bytes: [UInt8]) throws -> [Tree] { try #require(try Tree(bytes)["data"]).elements }

/// The guest that a row is about.
func guest(of row: Tree, in inventory: Inventory) throws -> Guest {
    let vmid = try #require(row["vmid"]?.integer)
    return try #require(inventory.guest(vmid: vmid))
}

func text(_ response: HTTPServerResponse) -> String { String(decoding: bytes(response), as: UTF8.self) }

func bytes(_ response: HTTPServerResponse) -> [UInt8] {
    switch response.body {
    case .bytes(let bytes): bytes
    case .heap, .pieces, .stream: []
    }
}

/// A folder that is gone after the test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/martlet-simulation-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(.environment, "no temporary folder") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        if let entries = opendir(path) {
            while let entry = readdir(entries) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink("\(path)/\(name)")
            }
            closedir(entries)
        }
        rmdir(path)
    }
}

/// What a logger was told.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }
    var logger: Logger { Logger(clock: .fixed(0)) { line in self.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } } }
}
