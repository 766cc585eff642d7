import Glibc
package import Metrics
import Primitives

/// `process_*`: what every Prometheus client tells of its own process, read from /proc/self.
package struct ProcessCollector: Collector {
    package let name = "process"
    package let catalogue: Catalogue
    private let cpu: Metric
    private let openFiles: Metric
    private let maximumFiles: Metric
    private let virtual: Metric
    private let resident: Metric
    private let start: Metric
    private let threads: Metric

    package init() {
        var catalogue = Catalogue()
        cpu = catalogue.counter(
            "process_cpu_seconds_total", "User and system CPU time of this process.", source: "/proc/self/stat utime + stime")
        openFiles = catalogue.gauge("process_open_fds", "Open file descriptors.", source: "/proc/self/fd")
        maximumFiles = catalogue.gauge("process_max_fds", "Limit of open file descriptors.", source: "/proc/self/limits Max open files")
        virtual = catalogue.gauge(
            "process_virtual_memory_bytes", "Virtual memory size.", source: "/proc/self/stat vsize")
        resident = catalogue.gauge(
            "process_resident_memory_bytes", "Resident memory size.", source: "/proc/self/stat rss")
        start = catalogue.gauge(
            "process_start_time_seconds", "When the process started, in seconds since 1970.",
            source: "/proc/self/stat starttime + /proc/stat btime")
        threads = catalogue.gauge("process_threads", "Threads of this process.", source: "/proc/self/stat num_threads")
        self.catalogue = catalogue
    }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        var buffer = sink.begin("self")
        let proc = context.fileSystemRoot + "/proc"
        do {
            let stat = try Files.read(proc + "/self/stat")
            // The command in parentheses may hold spaces; the fields count from behind the last one.
            let commandEnd = stat.lastIndex(of: UInt8(ascii: ")")) ?? -1
            let fields = stat[(commandEnd + 1)...].split(separator: 0x20)
            func number(_ position: Int) -> Double? {
                // The third field is the first behind the command.
                let index = position - 3
                return fields.indices.contains(index) ? Double(String(decoding: fields[index], as: UTF8.self)) : nil
            }
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            if let user = number(14), let system = number(15) { buffer.add(cpu, .empty, (user + system) / ticks) }
            buffer.add(threads, .empty, number(20))
            if let started = number(22), let boot = try bootTime(proc) { buffer.add(start, .empty, boot + started / ticks) }
            buffer.add(virtual, .empty, number(23))
            buffer.add(resident, .empty, number(24).map { $0 * Double(sysconf(Int32(_SC_PAGESIZE))) })
        } catch {
            sink.report(PartProblem(part: "self", .failed, "\(error)"))
        }
        // The descriptor of this very reading is there too, but for a folder of fixtures.
        let ours = context.fileSystemRoot.isEmpty ? 1 : 0
        buffer.add(openFiles, .empty, Self.entries(proc + "/self/fd").map { Double(max(0, $0 - ours)) })
        buffer.add(maximumFiles, .empty, Self.openFileLimit(proc))
        sink.commit(buffer)
    }

    /// `Max open files            1024                 524288               files`: the first number, or `unlimited`.
    private static func openFileLimit(_ proc: String) -> Double? {
        guard let limits = try? Files.read(proc + "/self/limits") else { return nil }
        let name = Array("Max open files ".utf8)
        for line in limits.split(separator: UInt8(ascii: "\n")) where line.starts(with: name) {
            let word = line.dropFirst(name.count).split(separator: 0x20).first.map { String(decoding: $0, as: UTF8.self) }
            return word.flatMap { $0 == "unlimited" ? Double(UInt64.max) : Double($0) }
        }
        return nil
    }

    private func bootTime(_ proc: String) throws(Failure) -> Double? {
        for line in try Files.read(proc + "/stat").split(separator: UInt8(ascii: "\n")) where line.starts(with: Array("btime ".utf8)) {
            return Double(String(decoding: line.dropFirst(6), as: UTF8.self))
        }
        return nil
    }

    private static func entries(_ path: String) -> Int? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Without `.` and `..`.
        return max(0, count - 2)
    }
}
