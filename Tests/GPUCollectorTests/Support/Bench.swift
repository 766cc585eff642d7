import Primitives
import Synchronization

@testable import GPUCollector

/// A reader of a scripted card, with a clock that a test moves.
final class Bench {
    let nvml = ScriptedNVML()
    let ledger = CallLedger()
    let clock = TestClock()
    let wall: TestWall
    let reader: CardReader
    let caller: Caller

    init(_ prepare: (inout ScriptedNVML.State) -> Void = { _ in }) {
        nvml.set(prepare)
        let clock = clock
        caller = Caller(nvml, ledger: ledger, now: { clock.now })
        let wall = TestWall()
        self.wall = wall
        reader = CardReader(
            device: ScriptedNVML.card, identity: CardIdentity(uuid: "GPU-1", index: 0), caller: caller,
            wallClock: WallClock { wall.unixSeconds }, now: { clock.now })
    }

    /// A card with a MIG device, of which GPM has measured once.
    static func mig(_ prepare: (inout ScriptedNVML.State) -> Void = { _ in }) -> Bench {
        Bench { state in
            state.hasMIG = true
            prepare(&state)
        }
    }

    /// A card that has given a vGPU.
    static func vgpu(_ prepare: (inout ScriptedNVML.State) -> Void = { _ in }) -> Bench {
        Bench { state in
            state.numbers[.virtualizationMode] = [3, 0, 0, 0]
            state.vgpus = [3_251_635_106]
            state.vgpuUtilization = [
                .init(vgpu: 3_251_635_106, time: 5, sm: 40, memory: 20, encoder: 3, decoder: 2)
            ]
            prepare(&state)
        }
    }
}

/// The machine's clock, which somebody sets.
final class TestWall: Sendable {
    private let state = Mutex(1_800_000_000.0)

    var unixSeconds: Double { state.withLock { $0 } }

    func set(_ unixSeconds: Double) { state.withLock { $0 = unixSeconds } }
}

final class TestClock: Sendable {
    private let state = Mutex(ContinuousClock.now)

    var now: ContinuousClock.Instant { state.withLock { $0 } }

    func advance(seconds: Double) { state.withLock { $0 = $0.advanced(by: .seconds(seconds)) } }
}
