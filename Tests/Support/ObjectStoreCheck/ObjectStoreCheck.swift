import Glibc
import KubernetesObjectStore
import ObjectStore
import ObjectStoreConformance
import Objects
import Primitives

/// What the tests do with a real kube-apiserver; README.md has the commands.
@main
struct ObjectStoreCheck {
    /// Signals are heard by a thread that must be there before any other.
    static func main() {
        let stop = OneAnswer<Bool>()
        do { try Signals.handle { _ in stop.give(true) } } catch {
            say("error: \(error)")
            exit(2)
        }
        Task.detached {
            await run(stop)
            exit(0)
        }
        while true { pause() }
    }

    private static func run(_ stop: OneAnswer<Bool>) async {
        do {
            var arguments = CommandLine.arguments.dropFirst()
            let command = arguments.popFirst() ?? ""
            var kubeconfig: String?
            if arguments.first == "--kubeconfig" {
                arguments.removeFirst()
                kubeconfig = arguments.popFirst()
            }
            let connection = try KubeConnection.find(kubeconfig: kubeconfig)
            switch command {
            case "suite": try await suite(connection, arguments)
            case "lead": try await lead(connection, arguments.first ?? "candidate", until: stop)
            case "unknown": try await unknown(connection)
            case "watch": try await watch(connection, from: arguments.first ?? "")
            case "load": try await load(connection, arguments.first.flatMap { Int($0) } ?? 100)
            default: throw Failure(.usage, "usage: object-store-check suite|lead|unknown|watch|load --kubeconfig FILE ...")
            }
        } catch {
            say("error: \(error)")
            exit(2)
        }
    }

    private static func say(_ line: String) { Files.writeAll(Array("\(line)\n".utf8), to: 1) }

    private static func suite(_ connection: KubeConnection, _ names: some Collection<String>) async throws {
        let checks = names.isEmpty ? Check.allCases : names.compactMap { Check(rawValue: $0) }
        let suite = ObjectStoreConformance { try KubeBed(connection) }
        var count = 0
        for check in checks {
            let start = ContinuousClock.now
            let violations = await suite.violations([check])
            for violation in violations { say("violation: \(violation)") }
            count += violations.count
            say("\(check.rawValue): \(violations.isEmpty ? "kept" : "broken"), \(Int((ContinuousClock.now - start).seconds * 1000)) ms")
        }
        exit(count == 0 ? 0 : 1)
    }

    private static func lead(_ connection: KubeConnection, _ name: String, until stop: OneAnswer<Bool>) async throws {
        let election = LeaderElection(
            try KubernetesObjectStore(connection), namespace: "default", name: "object-store-check", identity: name,
            report: { event in
                switch event {
                case .waiting(let holder): say("\(name) waits for \(holder)")
                case .leading: break
                case .failed(let error): say("\(name) fails: \(error)")
                case .lost(let why): say("\(name) lost: \(why)")
                case .released: say("\(name) released")
                }
            },
            onOverrun: {
                say("\(name) overrun")
                exit(3)
            })
        let turn = Task {
            while !Task.isCancelled {
                let end = await election.run { leadership in
                    say("\(name) begins")
                    while !Task.isCancelled, leadership.holds { try? await Task.sleep(for: .milliseconds(50)) }
                    say("\(name) ends")
                }
                if end == .finished { return }
            }
        }
        _ = await stop.value
        turn.cancel()
        await turn.value
    }

    private static func unknown(_ connection: KubeConnection) async throws {
        for kind in try await KubernetesObjectStore(connection).unknown(of: ResourceKind.all + [.lease]) { say(kind.qualifiedName) }
    }

    /// Ends with the watch.
    private static func watch(_ connection: KubeConnection, from version: String) async throws {
        do {
            let store = try KubernetesObjectStore(connection)
            let watch = try await store.watch(.virtualMachine, in: nil, from: version)
            say("watching")
            while let event = try await watch.next() {
                switch event {
                case .added(let object): say("added \(object.metadata.name)")
                case .modified(let object): say("modified \(object.metadata.name)")
                case .deleted(let object): say("deleted \(object.metadata.name)")
                case .bookmark(let version): say("bookmark \(version)")
                }
            }
            say("end")
        } catch let error as StoreError {
            say("\(error.reason.rawValue) \(error)")
        }
    }

    private static func load(_ connection: KubeConnection, _ count: Int) async throws {
        let bed = try KubeBed(connection)
        let namespace = try await bed.namespace()
        func timed(_ what: String, _ body: () async throws -> Void) async throws {
            let start = ContinuousClock.now
            try await body()
            say("\(what): \(Int((ContinuousClock.now - start).seconds * 1000)) ms")
        }
        let store = bed.store
        @Sendable func machine(_ number: Int) -> APIObject {
            var object = APIObject(.virtualMachine, ObjectMetadata(name: "vm-\(number)", namespace: namespace))
            object.spec = ["providerRef": ["name": "lab"], "classRef": ["name": "small"], "tags": ["tag"]]
            return object
        }
        try await timed("create \(count), one after the other") { for number in 0..<count { _ = try await store.create(machine(number)) } }
        try await timed("create \(count), all at once") {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<count { group.addTask { _ = try await store.create(machine(count + number)) } }
                try await group.waitForAll()
            }
        }
        try await timed("get \(count), one after the other") {
            for number in 0..<count { _ = try await store.get(ObjectKey(.virtualMachine, namespace, "vm-\(number)")) }
        }
        try await timed("list \(2 * count)") {
            let list = try await store.list(.virtualMachine, in: namespace)
            guard list.items.count == 2 * count else { throw Failure(.malformed, "listed \(list.items.count)") }
        }
        await bed.close()
    }
}
