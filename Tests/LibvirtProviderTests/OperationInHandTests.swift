import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC
import Synchronization
import TestSupport
import Testing

@testable import LibvirtProvider

/// Calls of the hypervisor that come back late, or not at all: their operation waits for them.
@Suite(.enabled(if: (try? LibvirtLibrary.load()) != nil, "libvirt.so.0 is not installed"))
struct OperationInHandTests {
    private final class Story: Sendable {
        private let said = Mutex<[String]>([])
        var all: [String] { said.withLock { $0 } }
        func add(_ word: String) { said.withLock { $0.append(word) } }
    }

    /// Two changes, of which the first hangs.
    private struct HangingWork: OperationWork {
        let hypervisor: Hypervisor
        let story: Story
        let gate: ThreadGate
        let seconds: Double

        func run(_ operation: OperationContext) async throws(RPCError) {
            let (story, gate) = (story, gate)
            try await hypervisor.act("hang", seconds: seconds) { connection throws(LibvirtError) in
                story.add("begun")
                gate.wait()
                story.add("back")
                try connection.domain(named: "test").setMetadata("<x/>", prefix: "t", namespace: "urn:test:hang", .config)
                story.add("changed")
            }
        }

        func undo(_ operation: OperationContext) async throws(RPCError) {
            let story = story
            try await hypervisor.act("take it back") { _ throws(LibvirtError) in story.add("undone") }
        }
    }

    @Test(arguments: [true, false]) func `nothing is taken back while a call is out`(isCancelled: Bool) async throws {
        let node = #filePath.dropLast("OperationInHandTests.swift".count) + "Fixtures/node.xml"
        let (folder, story, gate) = (ScratchFolder(), Story(), ThreadGate())
        let hypervisor = try Hypervisor(LibvirtProviderSettings(uri: "test://\(node)"))
        let work = HangingWork(hypervisor: hypervisor, story: story, gate: gate, seconds: isCancelled ? 60 : 1)
        let engine = try await TaskEngine(
            TaskJournal(folder.path + "/tasks.db"), kinds: [OperationKind("Clone", work: work).accounted])
        let operation = try await engine.accept(.clone, request: [], from: LibvirtProvider.call, token: nil) { _ throws(RPCError) in
            OperationDraft(target: "web")
        }
        let deadline = Deadline.after(seconds: 20)
        while story.all.isEmpty, !deadline.hasPassed { await Task.yield() }
        if isCancelled { _ = try await engine.cancel(operation.id) }
        while engine.operation(operation.id)?.step.contains("waits for the end of what was begun: hang") != true, !deadline.hasPassed {
            await Task.yield()
        }
        #expect(story.all == ["begun"])
        gate.open(for: 1)
        let end = try #require(await engine.end(of: operation.id, by: .after(seconds: 20)))
        #expect(end.code == (isCancelled ? .cancelled : .deadlineExceeded))
        // What the body would have changed next it has not changed.
        #expect(story.all == ["begun", "back", "undone"])
        await engine.shutdown(by: .after(seconds: 5))
    }

    @Test func `a call that was not begun in time is not waited for`() async throws {
        let node = #filePath.dropLast("OperationInHandTests.swift".count) + "Fixtures/node.xml"
        let (folder, story, held, gate) = (ScratchFolder(), Story(), Story(), ThreadGate())
        let hypervisor = try Hypervisor(LibvirtProviderSettings(uri: "test://\(node)"))
        // All threads for changes are held.
        let holders = (0..<4).map { number in
            Task {
                try? await hypervisor.act("hold") { _ throws(LibvirtError) in
                    held.add("\(number)")
                    gate.wait()
                }
            }
        }
        let work = HangingWork(hypervisor: hypervisor, story: story, gate: gate, seconds: 0.1)
        let engine = try await TaskEngine(
            TaskJournal(folder.path + "/tasks.db"), kinds: [OperationKind("Clone", work: work).accounted])
        while held.all.count < 4 { await Task.yield() }
        let operation = try await engine.accept(.clone, request: [], from: LibvirtProvider.call, token: nil) { _ throws(RPCError) in
            OperationDraft(target: "web")
        }
        let deadline = Deadline.after(seconds: 20)
        while engine.operation(operation.id)?.code == .ok, !deadline.hasPassed { await Task.yield() }
        #expect(engine.operation(operation.id)?.code == .deadlineExceeded)
        #expect(story.all.isEmpty)
        gate.open(for: 4)
        for holder in holders { await holder.value }
        #expect(try #require(await engine.end(of: operation.id, by: .after(seconds: 20))).code == .deadlineExceeded)
        #expect(story.all == ["undone"])
        await engine.shutdown(by: .after(seconds: 5))
    }
}
