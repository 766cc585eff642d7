import ObjectStore
import Objects
import Synchronization

@testable import Controllers

/// Notes what becomes of machines: who came and went in which order, and how few of them were ready at a time.
final class MachineWatch: Sendable {
    struct State {
        var ready: [String: Bool] = [:]
        var fewest: Int?
        var isCounting = false
        /// `+web-0`, `-web-0`; `~web-0` for one that was changed and is the same.
        var story: [String] = []
    }

    private let state = Mutex(State())
    private let watch: any ObjectWatch
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ store: any ObjectStore) async throws {
        let list = try await store.list(.virtualMachine)
        watch = try await store.watch(.virtualMachine, in: nil, from: list.resourceVersion)
        state.withLock { state in
            for machine in list.items.map({ VirtualMachine($0) }) {
                state.ready[machine.metadata.name] = machine.status.conditions.isTrue("Ready")
            }
        }
        let task = Task { [weak self, watch] in
            while let event = try? await watch.next() {
                guard let self else { return }
                self.note(event)
            }
        }
        self.task.withLock { $0 = task }
    }

    deinit { watch.stop() }

    private func note(_ event: WatchEvent) {
        guard let object = event.object else { return }
        let machine = VirtualMachine(object)
        let name = machine.metadata.name
        state.withLock { state in
            switch event {
            case .added:
                state.story.append("+\(name)")
                state.ready[name] = false
            case .deleted:
                state.story.append("-\(name)")
                state.ready[name] = nil
            case .modified:
                if machine.metadata.generation > 1, !machine.metadata.isDeleting, !state.story.contains("~\(name)") {
                    state.story.append("~\(name)")
                }
                // One that is changed where it is counts as ready until its controller says otherwise.
                let condition = machine.status.conditions["Ready"]
                // A manager that has just begun has no way to its provider yet, and the machine is as it was.
                let isForgotten = condition?.reason == "WaitingForDependencies" && state.ready[name] == true
                state.ready[name] = !machine.metadata.isDeleting && (condition?.status == .isTrue || isForgotten)
            case .bookmark: break
            }
            if state.isCounting { state.fewest = min(state.fewest ?? .max, state.ready.values.count { $0 }) }
        }
    }

    /// From now on. What has been noted so far is forgotten.
    func count() {
        state.withLock { state in
            (state.isCounting, state.story) = (true, [])
            state.fewest = nil
        }
    }

    /// Since `count`; nil when nothing has happened.
    var fewestReady: Int? { state.withLock { $0.fewest } }
    var story: [String] { state.withLock { $0.story } }
}
