import CollectorConformance
import Primitives
import Synchronization

/// Two devices that tell a temperature and count their turns, in the state that a scene asks for.
final class ReferenceSource: Sendable {
    struct Reading: Sendable {
        let model: String
        /// nil for a device without a thermometer.
        let celsius: Double?
        let turns: Double
    }

    enum State: Sendable {
        case healthy, dead
        /// The device `fan2` never answers.
        case hanging
        /// No device has a thermometer.
        case lacking
    }

    static let devices = ["fan1", "fan2"]
    static let secret = "hunter2-hunter2"

    private let state = Mutex(State.healthy)
    private let gate = Mutex(Gate())

    func enter(_ new: State) {
        state.withLock { $0 = new }
        if new == .hanging { gate.withLock { $0 = Gate() } }
    }

    var current: State { state.withLock { $0 } }

    /// Lets go what hangs.
    func leave() { gate.withLock { $0 }.open() }

    /// Asks a device; may take for ever. Ends early when its task is cancelled.
    func read(_ device: String) async throws(Failure) -> Reading {
        switch state.withLock({ $0 }) {
        case .dead: throw Failure(.unavailable, "no bus")
        case .hanging where device == "fan2":
            await gate.withLock { $0 }.pass()
            throw Failure(.unavailable, "given up")
        case .lacking: return Reading(model: "F1", celsius: nil, turns: 7)
        case .healthy, .hanging: return Reading(model: "F1", celsius: 40.5, turns: 7)
        }
    }

    /// The same, and it cannot be stopped: as a C call that hangs.
    func readUnstoppably(_ device: String) async throws(Failure) -> Reading {
        let task = Task.detached { () async -> Result<Reading, Failure> in
            do throws(Failure) { return .success(try await self.read(device)) } catch { return .failure(error) }
        }
        return try await task.value.get()
    }
}
