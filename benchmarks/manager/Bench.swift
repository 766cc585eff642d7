import Controllers
import EmbeddedObjectStore
import Glibc
import JSON
import Objects
import Primitives
import Reconciling

/// One process of the manager's benchmark: `manager-benchmark FOLDER make COUNT` fills a folder, and dies as by `kill -9`;
/// `manager-benchmark FOLDER start REST` works with what it finds there. Prints a line of JSON for each thing that it has measured;
/// benchmarks/manager.py makes a table of them.
@main
struct Bench {
    /// `spec.rateLimit.qps`: the most that the schema allows.
    static let callsPerSecond = 1000

    private let folder: String
    private let hypervisor = Hypervisor()
    private let begin = ContinuousClock.now

    static func main() async {
        // As the program does.
        Heap.setUp()
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count >= 3, let number = Int(words[2]) else {
            Files.writeAll(Array("usage: manager-benchmark FOLDER make COUNT|start SECONDS-OF-REST|create COUNT\n".utf8), to: STDERR_FILENO)
            exit(2)
        }
        let bench = Bench(folder: words[0])
        do {
            switch words[1] {
            case "make": try await bench.make(number)
            case "create": try await bench.create(number)
            default: try await bench.start(restSeconds: Double(number))
            }
        } catch {
            Files.writeAll(Array("manager-benchmark: \(error)\n".utf8), to: STDERR_FILENO)
            exit(1)
        }
    }

    private init(folder: String) { self.folder = folder }

    private func say(_ what: String, _ numbers: KeyValuePairs<String, Double>) {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("what", what)
            for (name, number) in numbers {
                writer.key(text: name)
                writer.number(number)
            }
        }
        Files.writeAll(writer.bytes + [0x0A], to: STDOUT_FILENO)
    }

    // MARK: from nothing

    private func make(_ count: Int) async throws {
        let manager = try await Manager(folder, hypervisor)
        try await manager.wait { manager.isReady }
        try await manager.furnish()
        let names = (1..<count).map { "web-\($0)" }
        let stretch = Stretch()
        try await apply(names, manager)
        let applied = stretch.seconds
        try await manager.wait { manager.readyCount == count && manager.isAtRest }
        say(
            "made",
            [
                "count": Double(count), "seconds": stretch.seconds, "cpu": stretch.cpuSeconds, "applied": applied,
                "peak": residentBytes("VmHWM:"),
                "changes": Double(try await manager.changes()),
            ])
        let trim = Stretch()
        let operations = manager.store.count(of: .vmOperation)
        while try await manager.keeper.round() > 0 {}
        say("trimmed", ["operations": Double(operations), "seconds": trim.seconds, "cpu": trim.cpuSeconds])
        try hypervisor.write(to: "\(folder)/machines")
        kill(getpid(), SIGKILL)
    }

    /// By 64 who apply one after the other.
    private func apply(_ names: [String], _ manager: Manager) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<64 {
                group.addTask {
                    for place in stride(from: writer, to: names.count, by: 64) { try await manager.makeMachine(names[place]) }
                }
            }
            try await group.waitForAll()
        }
    }

    // MARK: a start

    private func start(restSeconds: Double) async throws {
        try hypervisor.read(from: "\(folder)/machines")
        let own = residentBytes("VmRSS:")
        let stretch = Stretch()
        let manager = try await Manager(folder, hypervisor)
        let opened = stretch.seconds
        let count = manager.store.count(of: .virtualMachine)
        let before = try await manager.changes()
        try await manager.wait { manager.isReady }
        say("ready", ["count": Double(count), "seconds": stretch.seconds, "opened": opened, "cpu": stretch.cpuSeconds])
        try await manager.wait {
            manager.looks >= count && manager.isAtRest && manager.context.links["default/lab"]?.machines.count(every: 15) == count
        }
        say(
            "settled",
            [
                "count": Double(count), "seconds": stretch.seconds, "cpu": stretch.cpuSeconds, "looks": Double(manager.looks),
                "changes": Double(try await manager.changes() - before), "describes": Double(hypervisor.calls["Describe"] ?? 0),
            ])
        try await Task.sleep(for: .seconds(2))
        say("memory", ["count": Double(count), "resident": residentBytes("VmRSS:") - own, "peak": residentBytes("VmHWM:") - own])
        guard restSeconds > 0 else { return }
        let names = manager.context.informers.machines.list().map(\.name)
        for _ in 0..<3 { try await steady(manager, names) }
        try await rest(manager, restSeconds, [])
        // The looks that fall into that time of those that each machine has every ten minutes.
        try await rest(manager, restSeconds, Array(names.prefix(Int(Double(names.count) * restSeconds / 600))))
    }

    private func steady(_ manager: Manager, _ names: [ObjectName]) async throws {
        let (changes, calls) = (try await manager.changes(), hypervisor.calls)
        let stretch = Stretch()
        // One that finds no worker is taken twice from the queue, and counts once.
        var rounds = 0
        repeat {
            rounds += 1
            let looks = manager.looks
            manager.look(at: names)
            try await manager.wait { manager.looks >= looks + names.count && manager.isAtRest }
        } while stretch.seconds < 4
        say(
            "steady",
            [
                "looks": Double(rounds * names.count), "seconds": stretch.seconds, "cpu": stretch.cpuSeconds,
                "changes": Double(try await manager.changes() - changes),
                "describes": Double((hypervisor.calls["Describe"] ?? 0) - (calls["Describe"] ?? 0)),
            ])
    }

    private func rest(_ manager: Manager, _ seconds: Double, _ names: [ObjectName]) async throws {
        let (before, changes, calls) = (manager.looks, try await manager.changes(), hypervisor.calls.values.reduce(0, +))
        let stretch = Stretch()
        if names.isEmpty {
            try await Task.sleep(for: .seconds(seconds))
        } else {
            for (place, name) in names.enumerated() {
                try await Task.sleep(
                    until: stretch.start.advanced(by: .seconds(seconds * Double(place) / Double(names.count))), clock: .continuous)
                manager.look(at: [name])
            }
        }
        say(
            "rest",
            [
                "looks": Double(manager.looks - before), "seconds": stretch.seconds, "cpu": stretch.cpuSeconds,
                "changes": Double(try await manager.changes() - changes),
                "calls": Double(hypervisor.calls.values.reduce(0, +) - calls),
            ])
    }

    // MARK: some more

    private func create(_ count: Int) async throws {
        try hypervisor.read(from: "\(folder)/machines")
        let manager = try await Manager(folder, hypervisor)
        try await manager.wait { manager.isReady }
        let there = manager.store.count(of: .virtualMachine)
        try await manager.wait { manager.looks >= there && manager.isAtRest }
        for (number, (title, pace, seconds)) in [
            ("task over 20 s", Hypervisor.Pace.task(seconds: 0.1), 20.0), ("task over 5 s", .task(seconds: 0.1), 5),
            ("answer over 20 s", .answer(seconds: 0.1), 20), ("task at once", .task(seconds: 0.1), 0),
            ("answer at once", .answer(seconds: 0.1), 0),
        ].enumerated() {
            hypervisor.pace = pace
            let (names, known) = ((0..<count).map { "new-\(number)-\($0)" }, manager.readyCount)
            let probe = try DiskProbe(folder)
            let stretch = Stretch()
            let begun = try await arrive(names, over: seconds, manager)
            let expected = known + names.count
            try await manager.wait { manager.readyCount == expected && manager.isAtRest }
            let (total, cpu, disk) = (stretch.seconds, stretch.cpuSeconds, probe.end())
            let waits = names.compactMap { name -> Double? in
                guard let begin = begun[name], let end = manager.readyAt(name),
                    let uid = manager.context.informers.machines.get("default", name)?.metadata.uid
                else { return nil }
                return (end - begin).seconds - hypervisor.busySeconds(uid)
            }.sorted()
            func quantile(_ share: Double) -> Double { waits[min(waits.count - 1, Int(Double(waits.count) * share))] }
            say(
                title,
                [
                    "count": Double(waits.count), "seconds": total, "cpu": cpu, "p50": quantile(0.5), "disk": disk, "p95": quantile(0.95),
                    "max": quantile(1),
                ])
            hypervisor.pace = .atOnce
            for name in names { try await manager.removeMachine(name) }
            try await manager.wait { manager.store.count(of: .virtualMachine) == there && manager.isAtRest }
        }
    }

    /// - Returns: when each was applied.
    private func arrive(_ names: [String], over seconds: Double, _ manager: Manager) async throws -> [String: ContinuousClock.Instant] {
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: (String, ContinuousClock.Instant).self) { group in
            for (place, name) in names.enumerated() {
                group.addTask {
                    try await Task.sleep(
                        until: start.advanced(by: .seconds(seconds * Double(place) / Double(names.count))), clock: .continuous)
                    let now = ContinuousClock.now
                    try await manager.makeMachine(name)
                    return (name, now)
                }
            }
            var begun: [String: ContinuousClock.Instant] = [:]
            for try await (name, instant) in group { begun[name] = instant }
            return begun
        }
    }

    /// Of this process, by the field's name in `/proc/self/status`.
    private func residentBytes(_ field: String) -> Double {
        for line in ((try? Files.read("/proc/self/status")) ?? []).split(separator: 0x0A) where line.starts(with: field.utf8) {
            let words = line.split { $0 == 0x20 || $0 == 0x09 }
            return Double(words.count > 1 ? words[1].decimalNumber ?? 0 : 0) * 1024
        }
        return 0
    }
}

/// A time that is measured, by the clock and by what this process has had of the processors.
struct Stretch {
    let start = ContinuousClock.now
    private let cpu = Stretch.processSeconds

    var seconds: Double { (ContinuousClock.now - start).seconds }
    var cpuSeconds: Double { Self.processSeconds - cpu }

    private static var processSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
