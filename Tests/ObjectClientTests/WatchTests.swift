import ObjectAPI
import ObjectClient
import ObjectStore
import Objects
import Primitives
import Synchronization
import Testing
import Web

/// Watches over a network: what is told, and what is not.
@Suite struct WatchTests {
    private final class Heard: Sendable {
        private let words = Mutex<[String]>([])

        var all: [String] { words.withLock { $0 } }

        /// Returns whether more is wanted.
        func note(_ word: String, _ object: ObjectValue, upTo count: Int) -> Bool {
            words.withLock { words in
                words.append("\(word) \(object["metadata"]?["name"]?.text ?? object["reason"]?.text ?? "")")
                return words.count < count
            }
        }
    }

    private func make(_ bed: Bed, _ name: String, _ labels: [String: String] = [:]) async throws -> APIObject {
        var object = APIObject(
            .vmClass, ObjectMetadata(name: name, namespace: "default"),
            ObjectMembers([("spec", ["cpu": 1, "memory": "1Gi"] as ObjectValue)]))
        object.metadata.labels = labels
        return try await bed.store.create(object)
    }

    private func label(_ bed: Bed, _ name: String, _ labels: [String: String]) async throws {
        var object = try await bed.store.get(Bed.key(name))
        object.metadata.labels = labels
        _ = try await bed.store.update(object)
    }

    private func heard(
        _ client: ObjectClient, from version: String, labels: String = "", name: String? = nil, count: Int
    ) async throws -> [String] {
        let heard = Heard()
        try await client.watch(.vmClass, in: "default", name: name, labels: labels, from: version, asTable: false) { word, object in
            heard.note(word, object, upTo: count)
        }
        return heard.all
    }

    @Test func `without a version all that is there comes first`() async throws {
        let bed = Bed()
        _ = try await make(bed, "a")
        _ = try await make(bed, "b")
        #expect(try await bed.served { try await heard($0, from: "", count: 2) } == ["ADDED a", "ADDED b"])
        #expect(try await bed.served { try await heard($0, from: "0", name: "b", count: 1) } == ["ADDED b"])
    }

    @Test func `changes after a version come, and no others`() async throws {
        let bed = Bed()
        let first = try await make(bed, "a")
        _ = try await make(bed, "b")
        try await label(bed, "a", ["x": "1"])
        _ = try await bed.store.delete(Bed.key("b"))
        let words = try await bed.served { try await heard($0, from: first.metadata.resourceVersion, count: 3) }
        #expect(words == ["ADDED b", "MODIFIED a", "DELETED b"])
    }

    @Test func `who watches some labels sees objects come and go by them`() async throws {
        let bed = Bed()
        let matching = try await make(bed, "a", ["x": "1"])
        let stranger = try await make(bed, "b")
        _ = matching
        let from = stranger.metadata.resourceVersion
        let words = try await bed.served { client in
            async let words = heard(client, from: from, labels: "x=1", count: 4)
            while bed.api.openWatches == 0 { await Task.yield() }
            try await label(bed, "b", ["y": "2"])
            try await label(bed, "b", ["x": "1"])
            try await label(bed, "a", ["x": "2"])
            try await label(bed, "b", ["x": "1", "z": "1"])
            _ = try await bed.store.delete(Bed.key("a"))
            _ = try await bed.store.delete(Bed.key("b"))
            return try await words
        }
        #expect(words == ["ADDED b", "DELETED a", "MODIFIED b", "DELETED b"])
    }

    @Test func `a version that is not known any more is an error, not silence`() async throws {
        let bed = Bed()
        _ = try await make(bed, "a")
        let words = try await bed.served { try await heard($0, from: "999999", count: 1) }
        #expect(words == ["ERROR Expired"] || words == ["ERROR BadRequest"], "\(words)")
    }

    @Test func `watches have a limit, and give their places back`() async throws {
        let bed = Bed(watches: 1)
        let made = try await make(bed, "a")
        let version = made.metadata.resourceVersion
        try await bed.served { client in
            async let first = heard(client, from: version, count: 1)
            while bed.api.openWatches == 0 { await Task.yield() }
            do {
                _ = try await heard(client, from: version, count: 1)
                Issue.record("a second watch was let in")
            } catch {
                #expect((error as? StoreError)?.reason == .tooManyRequests)
            }
            try await label(bed, "a", ["x": "1"])
            #expect(try await first == ["MODIFIED a"])
        }
        while bed.api.openWatches > 0 { await Task.yield() }
    }

    @Test func `more than fits into a connection comes whole`() async throws {
        let bed = Bed()
        for index in 0..<300 {
            var object = APIObject(.secret, ObjectMetadata(name: "s\(index)", namespace: "default"))
            object.content["data"] = ["a": .text(String(repeating: "QUFB", count: 4000))]
            _ = try await bed.store.create(object)
        }
        let count = try await bed.served { client in
            let heard = Heard()
            try await client.watch(.secret, in: "default", name: nil, labels: "", from: "0", asTable: false) {
                heard.note($0, $1, upTo: 300)
            }
            return Set(heard.all).count
        }
        #expect(count == 300)
    }
}
