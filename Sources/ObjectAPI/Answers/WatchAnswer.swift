import Objects
import ObjectStore
import Primitives
import Web

/// One watch: takes changes from the store, chooses those that are wanted and sends them.
struct WatchAnswer: Sendable {
    /// Where a watch begins: what is told first, and the changes after that.
    struct Beginning: Sendable {
        let kind: ResourceKind
        /// Objects that are told as added; nil when changes alone are wanted.
        var first: ObjectList?
        let changes: any ObjectWatch
        /// Of a watch that labels choose for: whose labels do not match, and have not since the version that it begins at.
        var strangers: Set<ObjectKey> = []
        /// And whose do.
        var known: Set<ObjectKey> = []
        let endsFirstWithBookmark: Bool

        init(_ store: any ObjectStore, _ place: ResourcePlace, _ options: RequestOptions) async throws(StoreError) {
            kind = place.kind
            let version = options.resourceVersion
            guard version.utf8.count <= 64 else { throw StoreError(.badRequest, "resourceVersion is none of ours") }
            endsFirstWithBookmark = options.sendsInitialEvents
            let choosesLabels = options.labels != .everything
            if options.sendsInitialEvents || version.isEmpty || version == "0" {
                let list = try await store.list(place.kind, in: place.namespace)
                var first = list
                first.items.removeAll { !options.labels.matches($0.metadata.labels) || !options.fields.matches($0.metadata) }
                if choosesLabels {
                    strangers = Set(list.items.lazy.filter { !options.labels.matches($0.metadata.labels) }.map(\.key))
                    known = Set(first.items.lazy.map(\.key))
                }
                self.first = first
                changes = try await store.watch(place.kind, in: place.namespace, from: list.resourceVersion)
            } else {
                changes = try await store.watch(place.kind, in: place.namespace, from: version)
                guard choosesLabels else { return }
                // Who did not match before and does not now is nobody's business; so much can be said of those that have not changed since.
                let list = try await store.list(place.kind, in: place.namespace)
                strangers = Set(
                    list.items.lazy.filter {
                        !options.labels.matches($0.metadata.labels) && !Self.isLater($0.metadata.resourceVersion, version)
                    }
                    .map(\.key))
            }
        }

        /// In doubt, yes.
        private static func isLater(_ version: String, _ other: String) -> Bool {
            guard let version = UInt64(version), let other = UInt64(other) else { return true }
            return version > other
        }
    }

    private let beginning: Beginning
    private let stream: BodyStream
    private let labels: LabelSelector
    private let fields: FieldSelector
    private let allowsBookmarks: Bool
    private let table: TableAnswer?
    private let clock: WallClock

    init(
        _ beginning: Beginning, stream: BodyStream, labels: LabelSelector, fields: FieldSelector, allowsBookmarks: Bool,
        table: TableAnswer?,
        clock: WallClock
    ) {
        self.beginning = beginning
        self.stream = stream
        self.labels = labels
        self.fields = fields
        self.allowsBookmarks = allowsBookmarks
        self.table = table
        self.clock = clock
    }

    /// How often it is looked whether the client has gone without a word.
    private static let lookSeconds = 5.0

    /// Sends until the deadline, or until either side has had enough.
    func run(until deadline: Deadline, isAbandoned: @escaping @Sendable () -> Bool) async {
        let (changes, stream) = (beginning.changes, stream)
        stream.whenOver { changes.stop() }
        let ender = Task.detached {
            while !Task.isCancelled, !deadline.hasPassed, !isAbandoned() {
                try? await Task.sleep(for: .seconds(min(Self.lookSeconds, max(deadline.remainingSeconds, 0.01))))
            }
            changes.stop()
        }
        await send()
        ender.cancel()
        changes.stop()
        stream.finish()
    }

    private func send() async {
        var (known, strangers) = (beginning.known, beginning.strangers)
        if let first = beginning.first {
            for object in first.items {
                guard await send("ADDED", object) else { return }
            }
            if beginning.endsFirstWithBookmark, allowsBookmarks {
                guard await sendBookmark(first.resourceVersion, isFirst: true) else { return }
            }
        }
        while true {
            let event: WatchEvent
            do {
                guard let next = try await beginning.changes.next() else { return }
                event = next
            } catch {
                _ = await stream.sendInTurn(Self.line("ERROR", StatusAnswer.failure(error)))
                return
            }
            let goesOn: Bool
            switch event {
            case .bookmark(let version): goesOn = allowsBookmarks ? await sendBookmark(version, isFirst: false) : true
            case .added(let object), .modified(let object), .deleted(let object):
                guard fields.matches(object.metadata) else { continue }
                guard let word = word(for: event, object, &known, &strangers) else { continue }
                goesOn = await send(word, object)
            }
            guard goesOn else { return }
        }
    }

    /// What a change is to one who sees some objects only: one that matches no more is gone for him. nil when it is nothing.
    private func word(
        for event: WatchEvent, _ object: APIObject, _ known: inout Set<ObjectKey>, _ strangers: inout Set<ObjectKey>
    ) -> String? {
        let plain: String
        switch event {
        case .added: plain = "ADDED"
        case .modified: plain = "MODIFIED"
        case .deleted: plain = "DELETED"
        case .bookmark: return nil
        }
        guard labels != .everything else { return plain }
        let key = object.key
        let matches = labels.matches(object.metadata.labels)
        let (wasKnown, wasStranger) = (known.contains(key), strangers.contains(key))
        if case .deleted = event {
            known.remove(key)
            strangers.remove(key)
            return wasStranger || !matches && !wasKnown ? nil : "DELETED"
        }
        if matches {
            known.insert(key)
            strangers.remove(key)
            return wasStranger ? "ADDED" : plain
        }
        known.remove(key)
        strangers.insert(key)
        if case .added = event { return nil }
        return wasStranger ? nil : "DELETED"
    }

    private func send(_ word: String, _ object: APIObject) async -> Bool {
        guard let table else { return await stream.sendInTurn(Self.line(word, object.value)) }
        let now = TableAnswer(columns: table.columns, includesObject: table.includesObject, now: clock.unixSeconds)
        return await stream.sendInTurn(Self.line(word, now.table([object], resourceVersion: object.metadata.resourceVersion)))
    }

    private func sendBookmark(_ version: String, isFirst: Bool) async -> Bool {
        var metadata = ObjectMembers([("resourceVersion", .text(version)), ("creationTimestamp", .null)])
        if isFirst { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        let object: ObjectValue =
            table == nil
            ? ["kind": .text(beginning.kind.kind), "apiVersion": .text(beginning.kind.apiVersion), "metadata": .members(metadata)]
            : ["kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": .members(metadata), "rows": [], "columnDefinitions": []]
        return await stream.sendInTurn(Self.line("BOOKMARK", object))
    }

    static func line(_ word: String, _ object: ObjectValue) -> [UInt8] {
        let event: ObjectValue = ["type": .text(word), "object": object]
        return event.json + [UInt8(ascii: "\n")]
    }
}
