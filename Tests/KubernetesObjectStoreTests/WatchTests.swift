import KubernetesObjectStore
import ObjectStore
import Objects
import Primitives
import Testing

/// A line of a watch.
private func line(_ type: String, _ object: String) -> String { #"{"type":"\#(type)","object":\#(object)}"# + "\n" }

private let bookmark = line("BOOKMARK", #"{"kind":"VirtualMachine","metadata":{"resourceVersion":"40","creationTimestamp":null}}"#)
private let gone = line("ERROR", statusText(410, "Expired", "too old resource version: 1 (199)", details: "{}"))

extension WatchEvent {
    fileprivate var summary: String {
        switch self {
        case .added(let object): "added \(object.metadata.name) \(resourceVersion)"
        case .modified(let object): "modified \(object.metadata.name) \(resourceVersion)"
        case .deleted(let object): "deleted \(object.metadata.name) \(resourceVersion)"
        case .bookmark: "bookmark \(resourceVersion)"
        }
    }
}

/// All that a watch brings, and `end` or the reason of its error.
private func everything(_ watch: any ObjectWatch) async -> [String] {
    var events: [String] = []
    do throws(StoreError) {
        while let event = try await watch.next() { events.append(event.summary) }
        return events + ["end"]
    } catch {
        return events + [error.reason.rawValue]
    }
}

@Suite struct WatchTests {
    @Test func `changes come in their order, and a watch that the server ends ends`() async throws {
        let whole = line("ADDED", machineText("a", version: 10)) + line("MODIFIED", machineText("a", version: 11))
        // In pieces that have nothing to do with lines.
        let pieces = stride(from: 0, to: whole.count, by: 97).map { String(whole.dropFirst($0).prefix(97)) }
        let server = try ScriptedServer { _, _ in
            .stream(pieces + [bookmark, "\n", line("DELETED", machineText("a", version: 41))], .inOrder)
        }
        let watch = try await server.store().watch(.virtualMachine, in: "lab", from: "9")
        #expect(await everything(watch) == ["added a 10", "modified a 11", "bookmark 40", "deleted a 41", "end"])
        #expect(await everything(watch) == ["end"])
        let request = try #require(server.requests.first)
        #expect(request.path == "/apis/infra.virtrigaud.io/v1beta1/namespaces/lab/virtualmachines")
        #expect(request.query("watch") == "1" && request.query("resourceVersion") == "9" && request.query("allowWatchBookmarks") == "true")
        #expect((300...600).contains(request.query("timeoutSeconds").flatMap { Int($0) } ?? 0))
    }

    @Test func `a watch from no version asks for none`() async throws {
        let server = try ScriptedServer { _, _ in .stream([bookmark], .inOrder) }
        _ = try await server.store().watch(.virtualMachine, in: nil, from: "")
        #expect(server.requests.first?.query("resourceVersion") == nil)
    }

    @Test(
        arguments: [
            ([], ["ServiceUnavailable"]), ([line("ADDED", machineText("a", version: 10))], ["added a 10", "ServiceUnavailable"]),
            ([line("ADDED", machineText("a", version: 10)), #"{"type":"ADDED","obj"#], ["added a 10", "ServiceUnavailable"]),
        ] as [([String], [String])]) func `a watch that breaks off brings what is whole`(pieces: [String], expected: [String]) async throws
    {
        let server = try ScriptedServer { _, _ in .stream(pieces, .brokenOff) }
        #expect(await everything(try await server.store().watch(.virtualMachine, in: nil, from: "1")) == expected)
    }

    @Test func `changes that are forgotten are told of, by a status or by a line`() async throws {
        let server = try ScriptedServer { count, _ in
            count == 0 ? .json(410, statusText(410, "Gone", details: "{}")) : .stream([gone], .inOrder)
        }
        let store = try server.store()
        #expect(await storeError { _ = try await store.watch(.virtualMachine, in: nil, from: "1") }?.reason == .expired)
        #expect(await everything(try await store.watch(.virtualMachine, in: nil, from: "1")) == ["Expired"])
    }

    @Test(arguments: [
        "garbage\n", "{}\n", "[]\n", #"{"type":"ADDED"}"# + "\n", line("ADDED", "5"), line("ADDED", #"{"metadata":{}}"#),
        line("NEW", machineText("b")),
        line("ERROR", "{}"), line("BOOKMARK", "{}"), line("ADDED", #"{"metadata":{"name":"a"}}"#),
        String(repeating: "[", count: 400) + "\n",
    ]) func `what is no change ends the watch`(text: String) async throws {
        let server = try ScriptedServer { _, _ in .stream([line("ADDED", machineText("a")), text, line("ADDED", machineText("c"))], .open) }
        let watch = try await server.store().watch(.virtualMachine, in: nil, from: "1")
        #expect(await everything(watch) == ["added a 1", "ServiceUnavailable"])
        #expect(await server.isLeft.value)
    }

    @Test func `a line that is too long, and a caller who is too slow, are changes that are lost`() async throws {
        let long = line("ADDED", machineText("a", spec: #"{"a":"\#(String(repeating: "x", count: 5000))"}"#))
        let server = try ScriptedServer { count, _ in
            .stream(count == 0 ? [long] : [String](repeating: line("ADDED", machineText("a")), count: 100), .open)
        }
        let store = try server.store {
            $0.eventBytes = 4000
            $0.waitingBytes = 2000
        }
        #expect(await everything(try await store.watch(.virtualMachine, in: nil, from: "1")) == ["Expired"])
        let watch = try await store.watch(.virtualMachine, in: nil, from: "1")
        #expect(await server.isLeft.value)
        #expect(await everything(watch).last == "Expired")
    }

    @Test func `a watch that ends before it has begun is a failure`() async throws {
        let server = try ScriptedServer { _, _ in .stream([], .inOrder) }
        let store = try server.store { $0.shortestWatchSeconds = 3600 }
        #expect(await everything(try await store.watch(.virtualMachine, in: nil, from: "1")) == ["ServiceUnavailable"])
    }

    @Test func `who stops a watch, or lets go of it, or is cancelled, gets nothing more`() async throws {
        let server = try ScriptedServer { _, _ in .stream([line("ADDED", machineText("a"))], .open) }
        let store = try server.store()
        let stopped = try await store.watch(.virtualMachine, in: nil, from: "1")
        _ = try await stopped.next()
        let waiting = Task { await everything(stopped) }
        stopped.stop()
        #expect(await waiting.value == ["end"])
        let held = try await store.watch(.virtualMachine, in: nil, from: "1")
        let cancelled = Task { await everything(held) }
        cancelled.cancel()
        #expect(await cancelled.value.last == "end")
    }

    @Test func `a watch that nobody holds leaves the server`() async throws {
        let server = try ScriptedServer { _, _ in .stream([line("ADDED", machineText("a"))], .open) }
        let store = try server.store()
        do { _ = try await store.watch(.virtualMachine, in: nil, from: "1").next() }
        #expect(await server.isLeft.value)
    }
}
