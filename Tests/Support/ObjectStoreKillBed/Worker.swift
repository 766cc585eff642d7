import ObjectStore
import Objects

/// Changes its own objects, and one that is everybody's, one thing after the other.
struct Worker: Sendable {
    let store: any ObjectStore
    let ledger: Ledger
    let number: Int
    var random: UInt64

    private mutating func next(_ below: Int) -> Int {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((random >> 33) % UInt64(below))
    }

    mutating func run() async throws(StoreError) {
        while !Task.isCancelled {
            if next(5) == 0 { try await count() } else { try await change("w\(number)-\(next(4))") }
        }
    }

    private mutating func change(_ name: String) async throws(StoreError) {
        let key = ObjectKey(.virtualMachine, "default", name)
        let text = "t\(next(1_000_000_000))"
        ledger.note("asked", name, text: text)
        var now: APIObject?
        do throws(StoreError) { now = try await store.get(key) } catch  where error.reason == .notFound {}
        guard var object = now else {
            var new = APIObject(.virtualMachine, ObjectMetadata(name: name, namespace: "default"))
            new.spec = ["tags": [.text(text)], "userData": ["cloudInit": ["inline": .text(String(repeating: "x", count: next(5000)))]]]
            if next(2) == 0 { new.metadata.finalizers = ["example.com/kept"] }
            return answered(try await store.create(new))
        }
        switch next(4) {
        case 0:
            guard let left = try await store.delete(key) else { return ledger.note("gone", name, uid: object.metadata.uid) }
            // One that was being deleted already, when an earlier process died, is answered as it is.
            if left.metadata.resourceVersion != object.metadata.resourceVersion { answered(left) }
            object = left
            object.metadata.finalizers = []
            ledger.note("asked", name, text: text)
            _ = try await store.update(object)
            ledger.note("gone", name, uid: object.metadata.uid)
        case 1:
            object.status = ["id": .text(text)]
            answered(try await store.update(object, .status))
        default:
            object.spec = ["tags": [.text(text)]]
            answered(try await store.update(object))
        }
    }

    private func answered(_ object: APIObject) {
        let text = String(decoding: object.value.json, as: UTF8.self)
        ledger.note("answered", object.metadata.name, version: object.metadata.resourceVersion, text: text, uid: object.metadata.uid)
    }

    private func count() async throws(StoreError) {
        let key = ObjectKey(.vmClass, "default", "counter")
        while true {
            do throws(StoreError) {
                var now = try await store.get(key)
                let count = (now.spec["cpu"]?.whole ?? 0) + 1
                now.spec = ["cpu": .whole(count), "memory": "1Gi"]
                let changed = try await store.update(now)
                return ledger.note("counted", "counter", version: changed.metadata.resourceVersion, text: "\(count)", uid: now.metadata.uid)
            } catch  where error.reason == .conflict {
                continue
            }
        }
    }
}
