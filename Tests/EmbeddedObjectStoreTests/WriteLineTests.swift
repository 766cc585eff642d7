import Database
import ObjectStore
import Objects
import Primitives
import TestSupport
import Testing

@testable import EmbeddedObjectStore

/// Who is written together.
@Suite struct WriteLineTests {
    let folder = ScratchFolder()
    var path: String { folder.path + "/objects.db" }

    private func machine(_ name: String, _ text: String = "x") -> APIObject {
        APIObject(.virtualMachine, ObjectMetadata(name: name, namespace: "default"), ObjectMembers([("spec", ObjectValue.text(text))]))
    }

    /// A store whose disk is busy until the gate is opened, with `first` on its way there and nobody in line behind it.
    private func busy(_ store: EmbeddedObjectStore, _ gate: ThreadGate) async throws -> Task<APIObject, any Error> {
        // Whoever was answered last was so before his writer had ended.
        await wait(for: nil, store)
        let isHeld = OneAnswer<Void>()
        Task {
            try await store.file.database.read { _ in
                isHeld.give(())
                gate.wait()
            }
        }
        await isHeld.value
        let first = Task { try await store.create(machine("first")) }
        await wait(for: 0, store)
        return first
    }

    private func wait(for count: Int?, _ store: EmbeddedObjectStore) async {
        while store.line.counts.waiting != count { await Task.yield() }
    }

    @Test func `all who wait share one commit, and what is refused spoils nothing`() async throws {
        let store = try await EmbeddedObjectStore(path)
        let there = try await store.create(machine("there"))
        let watch = try await store.watch(.virtualMachine, in: nil, from: there.metadata.resourceVersion)
        let before = store.line.counts.transactions
        let gate = ThreadGate()
        let first = try await busy(store, gate)
        let made = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    // Every fourth is there already, or has no name that may be one.
                    let name = number % 4 == 0 ? (number % 8 == 0 ? "there" : "No Name") : "m\(number)"
                    return (try? await store.create(machine(name))) != nil
                }
            }
            await wait(for: 200, store)
            // Nobody was answered, and nothing is to be seen.
            #expect(store.count(of: .virtualMachine) == 1)
            gate.open(for: 1)
            var made = 0
            for await isMade in group where isMade { made += 1 }
            return made
        }
        _ = try await first.value
        #expect(made == 150 && store.count(of: .virtualMachine) == 152)
        #expect(store.line.counts.transactions - before == 2)
        var versions: [Int64] = []
        for _ in 0..<151 { versions.append(Int64(try await watch.next()?.resourceVersion ?? "") ?? 0) }
        #expect(versions == Array(3..<154))
        await store.close()
        let again = try await EmbeddedObjectStore(path)
        #expect(again.count(of: .virtualMachine) == 152)
        await again.close()
    }

    @Test func `one object may change many times in one commit`() async throws {
        let store = try await EmbeddedObjectStore(path)
        _ = try await store.create(machine("there"))
        let gate = ThreadGate()
        let first = try await busy(store, gate)
        // In line, a name comes, changes, goes and comes again.
        let requests: [@Sendable () async throws -> APIObject?] = [
            { try await store.create(machine("m", "a")) }, { try await store.update(machine("m", "b")) },
            { try await store.delete(machine("m").key) }, { try await store.create(machine("m", "c")) },
            { try await store.delete(machine("there").key) },
        ]
        var tasks: [Task<APIObject?, any Error>] = []
        for (index, request) in requests.enumerated() {
            tasks.append(Task { try await request() })
            await wait(for: index + 1, store)
        }
        gate.open(for: 1)
        _ = try await first.value
        var answers: [APIObject?] = []
        for task in tasks { answers.append(try await task.value) }
        #expect(answers.map { $0?.spec.text } == ["a", "b", nil, "c", nil])
        #expect(answers[0]?.metadata.uid == answers[1]?.metadata.uid && answers[0]?.metadata.uid != answers[3]?.metadata.uid)
        #expect(store.line.counts.transactions == 3)
        await store.close()
        let again = try await EmbeddedObjectStore(path)
        #expect(try await again.list(.virtualMachine).items.map(\.metadata.name) == ["first", "m"])
        #expect(try await again.get(machine("m").key) == answers[3])
        await again.close()
    }

    @Test func `who does not wait for his answer is written all the same`() async throws {
        let store = try await EmbeddedObjectStore(path)
        let gate = ThreadGate()
        let first = try await busy(store, gate)
        let impatient = Task { try await store.create(machine("impatient")) }
        await wait(for: 1, store)
        impatient.cancel()
        first.cancel()
        gate.open(for: 1)
        #expect(try await impatient.value == store.get(machine("impatient").key))
        await store.close()
    }

    @Test func `a store that is closed does first what was asked for before`() async throws {
        let store = try await EmbeddedObjectStore(path)
        let gate = ThreadGate()
        let first = try await busy(store, gate)
        let second = Task { try await store.create(machine("second")) }
        await wait(for: 1, store)
        let closing = Task { await store.close() }
        gate.open(for: 1)
        _ = try await (first.value, second.value)
        await closing.value
        let again = try await EmbeddedObjectStore(path)
        #expect(again.count(of: .virtualMachine) == 2)
        await again.close()
    }

    @Test func `versions of what did not come to the disk are not given again`() async throws {
        let store = try await EmbeddedObjectStore(path)
        let before = try await store.create(machine("before")).metadata.resourceVersion
        _ = try await store.file.database.write { (connection) throws(Failure) in try connection.run("PRAGMA max_page_count = 1") }
        for number in 0..<3 {
            do throws(StoreError) {
                _ = try await store.create(machine("m\(number)", String(repeating: "x", count: 50_000)))
                Issue.record("it had room")
            } catch {
                #expect(error.reason == .unavailable)
            }
        }
        #expect(try await store.list(.virtualMachine).resourceVersion == before)
        _ = try await store.file.database.write { (connection) throws(Failure) in try connection.run("PRAGMA max_page_count = 100000") }
        #expect(try await store.create(machine("after")).metadata.resourceVersion == String((Int64(before) ?? 0) + 4))
        await store.close()
    }
}
