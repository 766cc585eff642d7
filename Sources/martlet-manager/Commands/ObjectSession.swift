import Glibc
import ObjectClient
import ObjectStore
import ObjectText
import Objects
import Primitives
import Settings
import Synchronization

/// One run of a command about objects.
final class ObjectSession: Sendable {
    private let invocation: CommandLineParser.Invocation
    private let client: ObjectClient
    private let namespace: String
    private let failed = Mutex(false)

    init(_ invocation: CommandLineParser.Invocation, client: ObjectClient, namespace: String) {
        self.invocation = invocation
        self.client = client
        self.namespace = namespace
    }

    var hasFailed: Bool { failed.withLock { $0 } }

    private var labels: String { invocation.value("selector") ?? "" }

    // MARK: apply

    func apply() async throws(Failure) {
        let manifests = try manifests()
        guard !manifests.isEmpty else { throw Failure(.usage, "no object to apply; name files or folders with -f") }
        let prunes = invocation.isOn("prune")
        guard !prunes || !labels.isEmpty else { throw Failure(.usage, "--prune needs --selector: it says what may be deleted") }
        let selector = try selector()
        let (isDryRun, applier) = (invocation.isOn("dry-run"), Applier(client, isDryRun: invocation.isOn("dry-run")))
        let ending = isDryRun ? " (dry run)" : ""
        var keys: Set<ObjectKey> = []
        for manifest in manifests {
            guard selector.matches(Self.labels(of: manifest.value)) else { continue }
            keys.insert(manifest.key)
            do {
                let (outcome, _) = try await applier.apply(manifest)
                say("\(Self.name(manifest.key)) \(outcome.rawValue)\(ending)\n")
            } catch { complain("\(manifest.place): \(error.message)") }
        }
        guard prunes else { return }
        guard !hasFailed else { return complain("nothing is pruned, as not all could be applied") }
        do {
            let pruned = try await applier.prune(keeping: keys, labels: labels, namespaces: Set(keys.map(\.namespace)).union([namespace]))
            for key in pruned { say("\(Self.name(key)) pruned\(ending)\n") }
        } catch { complain(error.message) }
    }

    // MARK: get

    func get() async throws(Failure) {
        let form = invocation.value("output") ?? "table"
        guard ["table", "wide", "yaml", "json", "name"].contains(form) else {
            throw Failure(.usage, "--output: expected table, wide, yaml, json or name, not \"\(form)\"")
        }
        let chosen = try KindNames.chosen(invocation.arguments)
        let place: String? = invocation.isOn("all-namespaces") ? nil : namespace
        guard place != nil || chosen.allSatisfy({ $0.name == nil }) else {
            throw Failure(.usage, "an object is in one namespace; leave out -A")
        }
        guard !invocation.isOn("watch") || chosen.count == 1 else { throw Failure(.usage, "--watch is for one kind, or one object") }
        guard form == "table" || form == "wide" else { return try await values(chosen, place, form) }
        var isFirst = true
        for (kind, name) in chosen {
            let prefix = chosen.count > 1 ? "\(kind.singular)/" : ""
            var text = TableText(isWide: form == "wide", showsNamespace: place == nil, prefix: prefix)
            let table: ObjectValue
            do { table = try await client.table(kind, in: place, name: name, labels: labels) } catch {
                complain(error)
                continue
            }
            let isEmpty = table["rows"]?.list?.isEmpty ?? true
            if isEmpty, chosen.count == 1, !invocation.isOn("watch") {
                complain("no \(kind.plural) in \(place.map { "namespace \($0)" } ?? "any namespace")", isFailure: false)
            } else if !isEmpty {
                // Names of operations say nothing of their order.
                say((isFirst ? "" : "\n") + text.text(kind == .vmOperation ? TableText.byTime(table) : table))
                isFirst = false
            }
            guard invocation.isOn("watch") else { continue }
            try await watch(kind, place, name, from: table["metadata"]?["resourceVersion"]?.text ?? "", asTable: true) {
                [text = Mutex(text)] _, table in
                self.say(text.withLock { $0.text(table) })
            }
        }
    }

    private func values(_ chosen: [(kind: ResourceKind, name: String?)], _ place: String?, _ form: String) async throws(Failure) {
        var items: [ObjectValue] = []
        var version = ""
        for (kind, name) in chosen {
            do {
                if let name {
                    items.append(try await client.get(ObjectKey(kind, namespace, name)))
                    version = items.last?["metadata"]?["resourceVersion"]?.text ?? ""
                } else {
                    let list = try await client.list(kind, in: place, labels: labels)
                    items += list["items"]?.list ?? []
                    version = list["metadata"]?["resourceVersion"]?.text ?? ""
                }
            } catch { complain(error) }
        }
        if form == "name" {
            for item in items { say(Self.name(item) + "\n") }
        } else if chosen.count == 1, chosen[0].name != nil {
            if let item = items.first { say(Self.text(item, form)) }
        } else if !invocation.isOn("watch") {
            say(Self.text(["apiVersion": "v1", "kind": "List", "items": .list(items)], form))
        } else {
            for item in items { say((form == "yaml" ? "---\n" : "") + Self.text(item, form)) }
        }
        guard invocation.isOn("watch"), let (kind, name) = chosen.first else { return }
        try await watch(kind, place, name, from: version, asTable: false) { _, object in
            self.say(form == "name" ? Self.name(object) + "\n" : (form == "yaml" ? "---\n" : "") + Self.text(object, form))
        }
    }

    private func watch(
        _ kind: ResourceKind, _ place: String?, _ name: String?, from version: String, asTable: Bool,
        _ onChange: @escaping @Sendable (String, ObjectValue) -> Void
    ) async throws(Failure) {
        let last = LastVersion(version)
        while true {
            do {
                try await client.watch(kind, in: place, name: name, labels: labels, from: last.value, asTable: asTable) { word, object in
                    guard word != "ERROR" else {
                        last.fail(object["message"]?.text ?? "the watch has ended with an error")
                        return false
                    }
                    if let version = object["metadata"]?["resourceVersion"]?.text { last.value = version }
                    onChange(word, object)
                    return true
                }
            } catch {
                throw Failure(.unavailable, error.message)
            }
            if let failure = last.failure { throw Failure(.unavailable, failure) }
            // A server that ends watches at once is not to be kept busy with them.
            try? await Task.sleep(for: .seconds(1))
        }
    }

    // MARK: describe

    func describe() async throws(Failure) {
        var isFirst = true
        for (kind, name) in try KindNames.chosen(invocation.arguments) {
            guard let name else { throw Failure(.usage, "the name of a \(kind.singular) is missing") }
            do {
                let object = try await client.get(ObjectKey(kind, namespace, name))
                let operations = try await operations(of: object, kind)
                    .sorted { ($0["spec"]?["startedAt"]?.text ?? "") < ($1["spec"]?["startedAt"]?.text ?? "") }
                say((isFirst ? "" : "\n\n") + DescriptionText.text(object, operations: operations.suffix(20)))
                isFirst = false
            } catch { complain(error) }
        }
    }

    /// Of the journal, which may be long.
    private func operations(of object: ObjectValue, _ kind: ResourceKind) async throws(StoreError) -> [ObjectValue] {
        guard kind != .vmOperation, let uid = object["metadata"]?["uid"]?.text else { return [] }
        return try await client.list(.vmOperation, in: namespace, labels: "\(ResourceKind.operationTargetLabel)=\(uid)")["items"]?.list
            ?? []
    }

    // MARK: delete

    func delete() async throws(Failure) {
        guard let seconds = invocation.value("timeout").flatMap({ Double($0) }), seconds >= 0, seconds <= 86_400 else {
            throw Failure(.usage, "--timeout must be a number of seconds up to 86400")
        }
        var keys: [ObjectKey] = []
        if !invocation.values("filename").isEmpty {
            guard invocation.arguments.isEmpty else { throw Failure(.usage, "name files or objects, not both") }
            keys = try manifests().reversed().map(\.key)
        } else {
            for (kind, name) in try KindNames.chosen(invocation.arguments) {
                if let name {
                    keys.append(ObjectKey(kind, namespace, name))
                    continue
                }
                guard !labels.isEmpty else { throw Failure(.usage, "names are missing, or --selector") }
                do {
                    for item in try await client.list(kind, in: namespace, labels: labels)["items"]?.list ?? [] {
                        keys.append(ObjectKey(kind, namespace, item["metadata"]?["name"]?.text ?? ""))
                    }
                } catch { complain(error.message) }
            }
        }
        let deadline = Deadline.after(seconds: seconds)
        var leaving: [(key: ObjectKey, uid: ObjectValue?)] = []
        for key in keys {
            do {
                let answer = try await client.delete(key)
                say("\(Self.name(key)) deleted\n")
                if answer["kind"]?.text != "Status" { leaving.append((key, answer["metadata"]?["uid"])) }
            } catch { complain(error.message) }
        }
        guard invocation.isOn("wait") else { return }
        for (key, uid) in leaving { try await isGone(key, uid, by: deadline) }
    }

    private func isGone(_ key: ObjectKey, _ uid: ObjectValue?, by deadline: Deadline) async throws(Failure) {
        while true {
            do {
                guard let present = try await client.find(key), present["metadata"]?["uid"] == uid else { return }
                guard !deadline.hasPassed else {
                    let finalizers = (present["metadata"]?["finalizers"]?.list ?? []).compactMap(\.text).joined(separator: ", ")
                    throw Failure(.timeout, "\(Self.name(key)) is not gone yet: it waits for \(finalizers)")
                }
            } catch let error as StoreError {
                throw Failure(.unavailable, error.message)
            } catch let error as Failure {
                throw error
            } catch { return }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    // MARK: what all share

    private func manifests() throws(Failure) -> [Manifest] {
        var manifests: [Manifest] = []
        for path in invocation.values("filename") {
            for file in try ManifestFiles.files(path) {
                manifests += try Manifest.read(try ManifestFiles.read(file), path: file == "-" ? "stdin" : file, namespace: namespace)
            }
        }
        if let given = invocation.value("namespace"), let other = manifests.first(where: { $0.key.namespace != given }) {
            throw Failure(.usage, "\(other.place): the object is in namespace \(other.key.namespace), and --namespace is \(given)")
        }
        return manifests
    }

    private func selector() throws(Failure) -> LabelSelector {
        do { return try LabelSelector(parsing: labels) } catch { throw Failure(.usage, "--selector: \(error.message)") }
    }

    private static func labels(of value: ObjectValue) -> [String: String] {
        Dictionary(
            (value["metadata"]?["labels"]?.members ?? ObjectMembers()).map { ($0.name, $0.value.text ?? "") }, uniquingKeysWith: { $1 })
    }

    private static func text(_ value: ObjectValue, _ form: String) -> String {
        form == "yaml" ? YAMLText.text(of: value) : String(decoding: value.prettyJSON, as: UTF8.self)
    }

    private static func name(_ key: ObjectKey) -> String {
        TerminalText.line("\(key.kind.singular)\(key.kind.group.isEmpty ? "" : ".\(key.kind.group)")/\(key.name)")
    }

    private static func name(_ object: ObjectValue) -> String {
        let apiVersion = object["apiVersion"]?.text ?? ""
        let group = apiVersion.contains("/") ? ".\(apiVersion.prefix { $0 != "/" })" : ""
        return TerminalText.line("\((object["kind"]?.text ?? "").lowercased())\(group)/\(object["metadata"]?["name"]?.text ?? "")")
    }

    private func say(_ text: String) { Files.writeAll(Array(text.utf8), to: STDOUT_FILENO) }

    private func complain(_ error: StoreError) {
        let isUnreachable = error.reason == .unavailable
        complain(isUnreachable ? "\(error.message); is martlet-manager serve running there?" : error.message)
    }

    private func complain(_ text: String, isFailure: Bool = true) {
        if isFailure { failed.withLock { $0 = true } }
        Files.writeAll(Array("\(Program.name): \(TerminalText.line(text))\n".utf8), to: STDERR_FILENO)
    }
}

/// Where a watch has come to.
private final class LastVersion: Sendable {
    private let state: Mutex<(version: String, failure: String?)>

    init(_ version: String) { state = Mutex((version, nil)) }

    var value: String {
        get { state.withLock { $0.version } }
        set { state.withLock { $0.version = newValue } }
    }

    var failure: String? { state.withLock { $0.failure } }

    func fail(_ text: String) { state.withLock { $0.failure = text } }
}
