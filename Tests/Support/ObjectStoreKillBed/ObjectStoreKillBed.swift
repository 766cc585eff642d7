import EmbeddedObjectStore
import Glibc
import ObjectStore
import Objects
import Primitives

@main
struct ObjectStoreKillBed {
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count >= 2 else {
            Files.writeAll(Array("usage: object-store-kill-bed FOLDER run SEED|full|measure\n".utf8), to: STDERR_FILENO)
            exit(2)
        }
        do {
            switch words[1] {
            case "run": try await run(words[0], seed: UInt64(words.count > 2 ? words[2] : "") ?? 0)
            case "full": try await full(words[0])
            default: try await Measure(folder: words[0]).run()
            }
        } catch {
            Files.writeAll(Array("object-store-kill-bed: \(error)\n".utf8), to: STDERR_FILENO)
            exit(1)
        }
    }

    static func say(_ text: String) { Files.writeAll(Array("\(text)\n".utf8), to: STDOUT_FILENO) }

    /// Eight who write and one who watches, until the end of the process.
    private static func run(_ folder: String, seed: UInt64) async throws {
        let store = try await EmbeddedObjectStore(folder + "/objects.db")
        let ledger = try Ledger(folder + "/ledger")
        let spec: ObjectValue = ["cpu": 0, "memory": "1Gi"]
        let counter = APIObject(.vmClass, ObjectMetadata(name: "counter", namespace: "default"), ObjectMembers([("spec", spec)]))
        if (try? await store.get(counter.key)) == nil { _ = try await store.create(counter) }
        let watch = try await store.watch(.virtualMachine, in: nil, from: try await store.list(.virtualMachine).resourceVersion)
        say("ready")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while let event = try await watch.next() {
                    ledger.note("seen", event.object?.metadata.name ?? "", version: event.resourceVersion)
                }
            }
            for number in 0..<8 {
                group.addTask {
                    var worker = Worker(store: store, ledger: ledger, number: number, random: seed &* 8 &+ UInt64(number))
                    try await worker.run()
                }
            }
            try await group.waitForAll()
        }
    }

    /// Fills what room there is (`RLIMIT_FSIZE`, as a full disk and a quota do), and goes on when there is more.
    private static func full(_ folder: String) async throws {
        signal(SIGXFSZ, SIG_IGN)
        let store = try await EmbeddedObjectStore(folder + "/objects.db")
        setFileLimit(2 << 20)
        var (made, refused) = (0, 0)
        var message = ""
        for number in 0..<400 where refused < 3 {
            var object = APIObject(.virtualMachine, ObjectMetadata(name: "m\(number)", namespace: "default"))
            object.spec = ["userData": ["cloudInit": ["inline": .text(String(repeating: "x", count: 20_000))]]]
            do throws(StoreError) {
                _ = try await store.create(object)
                made += 1
            } catch {
                guard error.reason == .unavailable else { throw error }
                refused += 1
                message = error.message
            }
        }
        let there = store.count(of: .virtualMachine)
        setFileLimit(UInt.max)
        let last = try await store.create(APIObject(.virtualMachine, ObjectMetadata(name: "last", namespace: "default")))
        say("\(made) \(refused) \(there) \(last.metadata.resourceVersion)")
        say(message)
    }

    private static func setFileLimit(_ bytes: UInt) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        limit.rlim_cur = min(bytes, limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    }
}
