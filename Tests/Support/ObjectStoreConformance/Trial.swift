import Objects
import ObjectStore
import Primitives
import Synchronization

/// One check on one store, and what was found.
final class Trial: Sendable {
    let store: any ObjectStore
    let namespace: String
    let other: String
    let limits: ObjectStoreConformance.Limits
    private let found = Mutex<[String]>([])

    init(_ store: any ObjectStore, _ namespace: String, other: String, _ limits: ObjectStoreConformance.Limits) {
        self.store = store
        self.namespace = namespace
        self.other = other
        self.limits = limits
    }

    var notes: [String] { found.withLock { $0 } }

    func note(_ text: String) { found.withLock { $0.append(text) } }

    func expect(_ isSo: Bool, _ text: @autoclosure () -> String) { if !isSo { note(text()) } }

    func run(_ check: Check) async throws {
        switch check {
        case .create: try await create()
        case .refusals: try await refusals()
        case .generatedNames: try await generatedNames()
        case .lists: try await lists()
        case .update: try await update()
        case .conflicts: try await conflicts()
        case .noChange: try await noChange()
        case .generation: try await generation()
        case .status: try await status()
        case .delete: try await delete()
        case .finalizers: try await finalizers()
        case .preconditions: try await preconditions()
        case .watch: try await watch()
        case .watchNamespaces: try await watchNamespaces()
        case .watchEnds: try await watchEnds()
        case .bookmarks: try await bookmarks()
        case .sizes: try await sizes()
        case .writers: try await writers()
        case .watchers: try await watchers()
        case .rivals: try await rivals()
        case .model: try await model()
        }
    }

    // MARK: objects

    /// A machine that any schema of machines takes.
    func machine(_ name: String, in namespace: String? = nil) -> APIObject {
        var object = APIObject(.virtualMachine, ObjectMetadata(name: name, namespace: namespace ?? self.namespace))
        object.spec = ["providerRef": ["name": "lab"], "classRef": ["name": "small"], "imageRef": ["name": "debian"], "tags": ["a"]]
        return object
    }

    func vmClass(_ name: String, in namespace: String? = nil) -> APIObject {
        var object = APIObject(.vmClass, ObjectMetadata(name: name, namespace: namespace ?? self.namespace))
        object.spec = ["cpu": 2, "memory": "4Gi"]
        return object
    }

    func setTag(_ tag: String, of object: APIObject) -> APIObject {
        var changed = object
        var spec = changed.spec.members ?? ObjectMembers()
        spec["tags"] = [.text(tag)]
        changed.spec = .members(spec)
        return changed
    }

    func tag(_ object: APIObject) -> String { object.spec["tags"]?[0]?.text ?? "" }

    /// - Parameter finalizers: whether it also goes when it has some.
    func sweep(_ key: ObjectKey) async throws(StoreError) {
        for _ in 0..<10 {
            do throws(StoreError) {
                guard var left = try await store.delete(key) else { return }
                left.metadata.finalizers = []
                _ = try await store.update(left)
                return
            } catch  where error.reason == .notFound {
                return
            } catch  where error.reason == .conflict {
                continue
            }
        }
    }

    // MARK: requests

    /// What a request is refused with; nil when it is not.
    func refusal(_ body: () async throws(StoreError) -> Void) async -> StoreError? {
        do throws(StoreError) {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    func expectRefusal(_ reasons: StoreError.Reason..., what: String, _ body: () async throws(StoreError) -> Void) async {
        guard let error = await refusal(body) else { return note("\(what) is done, must be refused with \(reasons[0].rawValue)") }
        expect(
            reasons.contains(error.reason),
            "\(what) is refused with \(error.reason.rawValue), must be with \(reasons[0].rawValue): \(error)")
        expect(!error.message.isEmpty && !error.message.contains("\n"), "\(what) is refused without a line that says why")
    }

    func expectAbsent(_ key: ObjectKey, _ when: String) async {
        await expectRefusal(.notFound, what: "reading \(key.name) \(when)") { () throws(StoreError) in _ = try await store.get(key) }
    }

    func expectSame(_ first: APIObject, _ second: APIObject, _ what: String) {
        expect(
            first == second, "\(what): \(String(decoding: first.json, as: UTF8.self)) and \(String(decoding: second.json, as: UTF8.self))")
    }

    // MARK: watches

    func watch(_ kind: ResourceKind, _ namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        try await store.watch(kind, in: namespace, from: version)
    }

    /// The next change, or nil when the watch ends or gives none in time.
    /// - Parameter bookmarks: whether these are given too.
    func next(_ watch: any ObjectWatch, seconds: Double? = nil, bookmarks: Bool = false) async throws -> WatchEvent? {
        let waiting = Task {
            while !Task.isCancelled, let event = try await watch.next() {
                if bookmarks || event.object != nil { return event as WatchEvent? }
            }
            return nil
        }
        let alarm = Alarm(at: .after(seconds: seconds ?? limits.watchSeconds)) { waiting.cancel() }
        defer { alarm.stop() }
        return try await waiting.value
    }

    /// `added web1 VERSION`, with `-` where nothing comes.
    func text(_ event: WatchEvent?) -> String {
        switch event {
        case .added(let object): "added \(object.metadata.name) \(object.metadata.resourceVersion)"
        case .modified(let object): "modified \(object.metadata.name) \(object.metadata.resourceVersion)"
        case .deleted(let object): "deleted \(object.metadata.name)"
        case .bookmark: "bookmark"
        case nil: "nothing"
        }
    }

    func expectNext(_ watch: any ObjectWatch, _ expected: String, _ what: String) async throws {
        let got = text(try await next(watch))
        expect(got == expected, "\(what): \(got) comes, must be \(expected)")
    }
}
