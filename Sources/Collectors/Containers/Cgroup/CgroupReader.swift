import Primitives

/// Reads the files of groups. For one thread.
struct CgroupReader {
    let tree: CgroupTree
    let files: KernelFileReader

    /// More than any machine has memory: version 1 writes the largest multiple of a page for "no limit".
    private static let noLimit: UInt64 = 1 << 62
    private static let innerFolderLimit = 1_024

    /// - Parameter path: below the hierarchy.
    /// - Parameter wantsFine: also what only the finest families show.
    func figures(_ path: String, wantsFine: Bool) -> CgroupFigures {
        var figures = CgroupFigures()
        switch tree.version {
        case .two: readTwo("\(tree.top)/\(path)", wantsFine, &figures)
        case .one: readOne(path, wantsFine, &figures)
        }
        return figures
    }

    // MARK: version 2

    private func readTwo(_ folder: String, _ wantsFine: Bool, _ figures: inout CgroupFigures) {
        readCPUStatTwo(folder, &figures)
        _ = files.read("\(folder)/cpu.max") { text in
            var text = text
            let quota = text.nextWord()?.number
            guard let period = text.nextWord()?.number, period > 0 else { return }
            figures.cpuPeriod = Double(period) / 1e6
            figures.cpuLimit = quota.map { Double($0) / Double(period) }
        }
        figures.memoryUsage = files.number("\(folder)/memory.current").map { Double($0) }
        figures.memoryLimit = files.number("\(folder)/memory.max").map { Double($0) }
        figures.memorySwap = files.number("\(folder)/memory.swap.current").map { Double($0) }
        if wantsFine { figures.memoryPeak = files.number("\(folder)/memory.peak").map { Double($0) } }
        _ = files.read("\(folder)/memory.stat") { text in
            text.forEachEntry { name, value in
                switch name {
                case "anon": figures.memoryAnonymous = Double(value)
                case "file": figures.memoryFile = Double(value)
                case "inactive_file": figures.memoryInactiveFile = Double(value)
                case "pgfault": figures.pageFaults = Double(value)
                case "pgmajfault": figures.majorPageFaults = Double(value)
                default: break
                }
            }
        }
        _ = files.read("\(folder)/memory.events") { text in
            text.forEachEntry { name, value in if name == "oom_kill" { figures.oomKills = Double(value) } }
        }
        _ = files.read("\(folder)/io.stat") { readIOStat($0, &figures) }
        figures.threads = files.number("\(folder)/pids.current").map { Double($0) }
        figures.threadLimit = files.number("\(folder)/pids.max").map { Double($0) }
        _ = files.read("\(folder)/cgroup.events") { text in
            text.forEachEntry { name, value in if name == "frozen" { figures.isFrozen = value != 0 } }
        }
        readProcesses(folder, &figures)
        readPressure(folder, &figures)
    }

    private func readCPUStatTwo(_ folder: String, _ figures: inout CgroupFigures) {
        _ = files.read("\(folder)/cpu.stat") { text in
            text.forEachEntry { name, value in
                switch name {
                case "usage_usec": figures.cpuTotal = Double(value) / 1e6
                case "user_usec": figures.cpuUser = Double(value) / 1e6
                case "system_usec": figures.cpuSystem = Double(value) / 1e6
                case "nr_periods": figures.cpuPeriods = Double(value)
                case "nr_throttled": figures.cpuThrottledPeriods = Double(value)
                case "throttled_usec": figures.cpuThrottled = Double(value) / 1e6
                default: break
                }
            }
        }
    }

    /// `8:0 rbytes=90112 wbytes=0 rios=22 wios=0 dbytes=0 dios=0`
    private func readIOStat(_ text: KernelText, _ figures: inout CgroupFigures) {
        var text = text
        var devices: [CgroupFigures.Device] = []
        var seen: Set<String> = []
        while var line = text.nextLine() {
            guard let number = line.nextWord() else { continue }
            var device = CgroupFigures.Device(number: number.string)
            var hasFigures = false
            while var word = line.nextWord() {
                guard let key = word.next(before: UInt8(ascii: "=")), let value = word.number.map({ Double($0) }) else { continue }
                hasFigures = true
                switch key {
                case "rbytes": device.readBytes = value
                case "wbytes": device.writtenBytes = value
                case "rios": device.reads = value
                case "wios": device.writes = value
                default: break
                }
            }
            if hasFigures, seen.insert(device.number).inserted { devices.append(device) }
        }
        figures.devices = devices
    }

    // MARK: version 1

    private func readOne(_ path: String, _ wantsFine: Bool, _ figures: inout CgroupFigures) {
        let memory = "\(tree.top)/memory/\(path)"
        // The two are often mounted as one, with links or without.
        let cpu = controller("cpu", "cpu,cpuacct", path)
        let account = controller("cpuacct", "cpu,cpuacct", path)
        figures.cpuTotal = files.number("\(account)/cpuacct.usage").map { Double($0) / 1e9 }
        readTicks("\(account)/cpuacct.stat", &figures)
        _ = files.read("\(cpu)/cpu.stat") { text in
            text.forEachEntry { name, value in
                switch name {
                case "nr_periods": figures.cpuPeriods = Double(value)
                case "nr_throttled": figures.cpuThrottledPeriods = Double(value)
                case "throttled_time": figures.cpuThrottled = Double(value) / 1e9
                default: break
                }
            }
        }
        if let period = files.number("\(cpu)/cpu.cfs_period_us"), period > 0 {
            figures.cpuPeriod = Double(period) / 1e6
            // -1 is none.
            figures.cpuLimit = files.number("\(cpu)/cpu.cfs_quota_us").map { Double($0) / Double(period) }
        }
        figures.cpuShares = files.number("\(cpu)/cpu.shares").map { Double($0) }
        figures.memoryUsage = files.number("\(memory)/memory.usage_in_bytes").map { Double($0) }
        figures.memoryLimit = files.number("\(memory)/memory.limit_in_bytes").flatMap { $0 >= Self.noLimit ? nil : Double($0) }
        if wantsFine { figures.memoryPeak = files.number("\(memory)/memory.max_usage_in_bytes").map { Double($0) } }
        _ = files.read("\(memory)/memory.stat") { text in
            text.forEachEntry { name, value in
                switch name {
                case "total_rss": figures.memoryAnonymous = Double(value)
                case "total_cache": figures.memoryFile = Double(value)
                case "total_inactive_file": figures.memoryInactiveFile = Double(value)
                case "total_swap": figures.memorySwap = Double(value)
                case "total_pgfault": figures.pageFaults = Double(value)
                case "total_pgmajfault": figures.majorPageFaults = Double(value)
                default: break
                }
            }
        }
        _ = files.read("\(memory)/memory.oom_control") { text in
            text.forEachEntry { name, value in if name == "oom_kill" { figures.oomKills = Double(value) } }
        }
        readInputOutputOne("\(tree.top)/blkio/\(path)", &figures)
        figures.threads = files.number("\(tree.top)/pids/\(path)/pids.current").map { Double($0) }
        figures.threadLimit = files.number("\(tree.top)/pids/\(path)/pids.max").map { Double($0) }
        figures.isFrozen = files.read("\(tree.top)/freezer/\(path)/freezer.state") { text in
            var text = text
            return text.nextWord().map { !($0 == "THAWED") }
        }
        readProcesses(memory, &figures)
        if let unified = tree.unified { readPressure("\(unified)/\(path)", &figures) }
    }

    /// The two modes, in ticks of a hundredth of a second. There are finer files, but what these say does not add up to the group's usage.
    private func readTicks(_ path: String, _ figures: inout CgroupFigures) {
        _ = files.read(path) { text in
            text.forEachEntry { name, value in
                switch name {
                case "user": figures.cpuUser = Double(value) / 100
                case "system": figures.cpuSystem = Double(value) / 100
                default: break
                }
            }
        }
    }

    private func controller(_ name: String, _ joined: String, _ path: String) -> String {
        let own = "\(tree.top)/\(name)/\(path)"
        return Files.exists(own) ? own : "\(tree.top)/\(joined)/\(path)"
    }

    /// Lines such as `8:0 Read 4096`, and a `Total` of all.
    private func readInputOutputOne(_ folder: String, _ figures: inout CgroupFigures) {
        var devices: [String: CgroupFigures.Device] = [:]
        func read(_ file: String, _ keep: (inout CgroupFigures.Device, _ isRead: Bool, Double) -> Void) -> Bool {
            files.read("\(folder)/\(file)") { text in
                var text = text
                while var line = text.nextLine() {
                    guard let number = line.nextWord(), let kind = line.nextWord(), let value = line.nextWord()?.number else { continue }
                    let isRead = kind == "Read"
                    guard isRead || kind == "Write" else { continue }
                    let name = number.string
                    keep(&devices[name, default: CgroupFigures.Device(number: name)], isRead, Double(value))
                }
                return true
            } ?? false
        }
        func bytes(_ device: inout CgroupFigures.Device, _ isRead: Bool, _ value: Double) {
            if isRead { device.readBytes = value } else { device.writtenBytes = value }
        }
        func operations(_ device: inout CgroupFigures.Device, _ isRead: Bool, _ value: Double) {
            if isRead { device.reads = value } else { device.writes = value }
        }
        // Kernels before 4.17 have no recursive ones; a container's group has none in it as a rule.
        let isCounted = read("blkio.throttle.io_service_bytes_recursive", bytes) || read("blkio.throttle.io_service_bytes", bytes)
        if !read("blkio.throttle.io_serviced_recursive", operations) { _ = read("blkio.throttle.io_serviced", operations) }
        guard isCounted, !devices.isEmpty || countsInputOutputOne() else { return }
        figures.devices = devices.values.sorted { $0.number < $1.number }
    }

    /// Newer kernels count for version 1 only once somebody has limited a device. The group of all then shows one; until it does, nothing of a
    /// group is not 0 but unknown.
    private func countsInputOutputOne() -> Bool {
        ["blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes"].contains { file in
            files.read("\(tree.top)/blkio/\(file)") { text in
                var text = text
                while var line = text.nextLine() {
                    if line.nextWord() != nil, let kind = line.nextWord(), kind == "Read" { return true }
                }
                return false
            } ?? false
        }
    }

    // MARK: both

    private func readPressure(_ folder: String, _ figures: inout CgroupFigures) {
        for resource in ["cpu", "memory", "io"] {
            if let pressure = files.pressure("\(folder)/\(resource).pressure") {
                figures.pressure.append(.init(resource: resource, waiting: pressure.some, stalled: pressure.full))
            }
        }
    }

    /// Counts the processes of a group and of those in it, as a guest's own system makes them. Of more groups than can be looked at there is no
    /// number: part of one would be a wrong one.
    private func readProcesses(_ folder: String, _ figures: inout CgroupFigures) {
        var waiting = [folder]
        var (count, first, firstOfInit) = (0, Int?.none, Int?.none)
        var (folders, isKnown, isWhole) = (0, false, true)
        while let folder = waiting.popLast() {
            folders += 1
            let isInit = folder.hasSuffix("/init.scope")
            let read: Bool? = files.read("\(folder)/cgroup.procs") { text in
                var text = text
                while let line = text.nextLine() {
                    guard let number = line.number, number < 1 << 31 else { continue }
                    count += 1
                    // 0 stands for one that this namespace has no number for.
                    guard number > 0 else { continue }
                    let pid = Int(number)
                    first = min(first ?? pid, pid)
                    if isInit { firstOfInit = min(firstOfInit ?? pid, pid) }
                }
                return true
            }
            if read == true { isKnown = true }
            let room = max(0, Self.innerFolderLimit - folders - waiting.count)
            let names = Files.folders(in: folder, limit: room + 1)
            if names.count > room { isWhole = false }
            for name in names.prefix(room) { waiting.append("\(folder)/\(name)") }
        }
        figures.processes = isKnown && isWhole ? Double(count) : nil
        figures.firstProcess = firstOfInit ?? first
    }
}
