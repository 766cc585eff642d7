import EmbeddedObjectStore
import Glibc
import ObjectStore
import Objects
import Primitives

/// How fast the store is, as a table.
struct Measure: Sendable {
    let folder: String

    func run() async throws {
        ObjectStoreKillBed.say("what                                     writes/s   p50 ms   p95 ms   max ms")
        try syncs()
        let store = try await EmbeddedObjectStore(folder + "/objects.db")
        for (writers, each) in [(1, 300), (8, 100), (64, 60), (256, 30)] { try await write(store, writers, each) }
        await store.close()
        try await start()
    }

    private func machine(_ name: String) -> APIObject {
        var object = APIObject(.virtualMachine, ObjectMetadata(name: name, namespace: "default"))
        object.metadata.labels = ["app": "web", "tier": "front"]
        object.metadata.finalizers = ["virtualmachine.infra.virtrigaud.io/finalizer"]
        object.spec = [
            "providerRef": ["name": "lab"], "classRef": ["name": "small"], "imageRef": ["name": "debian-12"], "powerState": "On",
            "disks": [["name": "data", "sizeGiB": 40, "type": "thin"], ["name": "log", "sizeGiB": 10, "type": "thin"]],
            "networks": [["name": "lan", "networkRef": ["name": "lan"]]],
            "userData": ["cloudInit": ["inline": .text("#cloud-config\nhostname: \(name)\npackages: [qemu-guest-agent, nginx]\n")]],
        ]
        return object
    }

    private func status(_ number: Int) -> ObjectValue {
        let condition: ObjectValue = [
            "type": "Ready", "status": "True", "reason": "Running", "message": "the machine is as it is wanted", "observedGeneration": 1,
            "lastTransitionTime": "2026-11-23T03:04:05Z",
        ]
        return [
            "id": .text("\(number)"), "powerState": "On", "ips": ["192.0.2.10", "2001:db8::10"], "conditions": [condition, condition],
            "observedGeneration": 1,
        ]
    }

    /// What the disk itself can do: so much is written and brought to it, one after the other.
    private func syncs() throws {
        let descriptor = open(folder + "/syncs", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        var seconds: [Double] = []
        for _ in 0..<200 {
            seconds.append(
                timed {
                    Files.writeAll(Array(repeating: 0x78, count: 8192), to: descriptor)
                    fdatasync(descriptor)
                })
        }
        report("8 KiB appended and fdatasync", seconds, total: seconds.reduce(0, +))
    }

    /// Updates of status, as controllers make most.
    private func write(_ store: EmbeddedObjectStore, _ writers: Int, _ each: Int) async throws {
        for number in 0..<writers { _ = try? await store.create(machine("w\(number)")) }
        let begin = ContinuousClock.now
        let seconds = try await withThrowingTaskGroup(of: [Double].self) { group in
            for writer in 0..<writers {
                group.addTask { [self] in
                    var seconds: [Double] = []
                    var object = try await store.get(machine("w\(writer)").key)
                    for number in 0..<each {
                        object.status = status(number)
                        let begin = ContinuousClock.now
                        object = try await store.update(object, .status)
                        seconds.append((ContinuousClock.now - begin).seconds)
                    }
                    return seconds
                }
            }
            var all: [Double] = []
            for try await some in group { all += some }
            return all
        }
        report("status updates, \(writers) writer\(writers == 1 ? "" : "s")", seconds, total: (ContinuousClock.now - begin).seconds)
    }

    /// How long a start takes, and what memory the objects do.
    private func start() async throws {
        for count in [1000, 10_000] {
            let path = "\(folder)/many-\(count).db"
            var store = try await EmbeddedObjectStore(path)
            let filling = store
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<256 {
                    group.addTask { [self] in
                        for number in stride(from: worker, to: count, by: 256) {
                            var object = try await filling.create(machine("m\(number)"))
                            object.status = status(number)
                            _ = try await filling.update(object, .status)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let bytes = try await store.get(machine("m0").key).json.count
            await store.close()
            store = filling
            // The one that filled it is still here; its memory is not what is asked for.
            let before = residentBytes()
            let begin = (ContinuousClock.now, clock())
            let again = try await EmbeddedObjectStore(path)
            let seconds = (ContinuousClock.now - begin.0).seconds
            let processorSeconds = Double(clock() - begin.1) / 1e6
            let memory = Double(residentBytes() - before) / Double(count)
            let list = ContinuousClock.now
            let items = try await again.list(.virtualMachine).items.count
            let listSeconds = (ContinuousClock.now - list).seconds
            ObjectStoreKillBed.say(
                "\(items) machines of \(bytes) bytes as JSON: start \(milliseconds(seconds)) ms (\(milliseconds(processorSeconds)) ms of a processor), list \(milliseconds(listSeconds)) ms, \(Int(memory)) bytes of memory each"
            )
            await again.close()
        }
    }

    private func residentBytes() -> Int {
        let fields = ((try? Files.read("/proc/self/statm")) ?? []).split(separator: 0x20)
        return (fields.count > 1 ? fields[1].decimalNumber ?? 0 : 0) * 4096
    }

    private func timed(_ body: () -> Void) -> Double {
        let begin = ContinuousClock.now
        body()
        return (ContinuousClock.now - begin).seconds
    }

    private func report(_ what: String, _ seconds: [Double], total: Double) {
        let sorted = seconds.sorted()
        func quantile(_ share: Double) -> String { milliseconds(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) }
        func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
        let columns = [quantile(0.5), quantile(0.95), quantile(1)].map { right($0, 9) }.joined()
        ObjectStoreKillBed.say(
            what + String(repeating: " ", count: max(1, 38 - what.count)) + right("\(Int(Double(seconds.count) / total))", 11) + columns)
    }

    private func milliseconds(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10_000).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
