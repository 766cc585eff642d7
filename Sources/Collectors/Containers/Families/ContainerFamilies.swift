import Metrics
import Ownership

/// Our families of a container, in the order in which they matter: the last ones go first when there are too many series.
struct ContainerFamilies {
    static let labels = LabelSchema("container", "image", "gpu")
    private static let state = labels.adding("state")
    private static let mode = labels.adding("mode")
    private static let direction = labels.adding("direction")
    private static let resource = labels.adding("resource")
    private static let device = labels.adding("device")
    private static let kind = labels.adding("kind")
    private static let states = ["running", "paused", "restarting", "exited"]
    private static let healthStates = ["starting", "healthy", "unhealthy"]

    private let info, stateMetric, health, gpuAssigned: Metric
    private let cpu, throttled, periods, throttledPeriods, cpuLimit: Metric
    private let memoryUsage, memoryWorkingSet, memoryLimit, memoryAnonymous, memoryCache, memorySwap, oomKills: Metric
    private let network, inputOutput: Metric
    private let processes, threads, threadLimit: Metric
    private let restarts, startTime, exitCode: Metric
    private let waiting, stalled: Metric
    private let memoryPeak, pageFaults, operations, packets, networkErrors, networkDropped: Metric

    private let infoLabels: LabelSchema
    private let shownLabels: [String]

    init(_ catalogue: inout Catalogue, shownLabels: [String]) {
        self.shownLabels = shownLabels
        infoLabels = LabelSchema(
            names: Self.labels.names + ["container_id", "runtime", "image_id", "gpus"] + shownLabels.map(ContainerSettings.labelName))
        func name(_ name: String) -> String { "llm_monitor_container_\(name)" }
        let engine = "engine: /containers/ID/json"
        func gauge(
            _ short: String, _ help: String, labels: LabelSchema = Self.labels, detail: Detail = .guest, from source: String
        ) -> Metric { catalogue.gauge(name(short), help, labels: labels, detail: detail, source: source) }
        func counter(
            _ short: String, _ help: String, labels: LabelSchema = Self.labels, detail: Detail = .guest, from source: String
        ) -> Metric { catalogue.counter(name(short), help, labels: labels, detail: detail, source: source) }

        info = catalogue.info(
            name("info"), "What a container is; gpus are the cards that it was given.", labels: infoLabels,
            source: "cgroup path; \(engine); /etc/pve/lxc")
        stateMetric = gauge(
            "state", "State of the container, 1 for the present one.", labels: Self.state,
            from: "\(engine) State.Status; cgroup.events, freezer.state")
        health = gauge(
            "health_state", "Result of the container's own health check, 1 for the present one.", labels: Self.state,
            from: "\(engine) State.Health.Status")
        gpuAssigned = gauge(
            "gpu_assigned", "A card that the container was given, by number, UUID or all.", labels: Self.device,
            from: "\(engine) HostConfig.DeviceRequests, HostConfig.Devices, Config.Env NVIDIA_VISIBLE_DEVICES; /etc/pve/lxc")
        cpu = counter(
            "cpu_seconds_total", "CPU time in user and system mode.", labels: Self.mode,
            from: "cpu.stat; cpuacct.stat")
        throttled = counter(
            "cpu_throttled_seconds_total", "Time in which the container's tasks were held back by its CPU limit.", from: "cpu.stat")
        periods = counter(
            "cpu_periods_total", "Periods of the CPU limit in which the container wanted to run, absent without a limit.",
            from: "cpu.stat nr_periods")
        throttledPeriods = counter(
            "cpu_throttled_periods_total", "Periods of the CPU limit in which the container was held back, absent without a limit.",
            from: "cpu.stat nr_throttled")
        cpuLimit = gauge(
            "cpu_limit_cores", "CPUs that the container may use at a time, absent without a limit.", from: "cpu.max; cpu.cfs_quota_us")
        memoryUsage = gauge(
            "memory_usage_bytes", "Memory of the container with the file cache that is charged to it.",
            from: "memory.current; memory.usage_in_bytes")
        memoryWorkingSet = gauge(
            "memory_working_set_bytes", "Memory of the container without file cache that was not used lately.",
            from: "memory.current - memory.stat inactive_file; memory.usage_in_bytes - total_inactive_file")
        memoryLimit = gauge(
            "memory_limit_bytes", "Memory past which the kernel takes back or kills, absent without a limit.",
            from: "memory.max; memory.limit_in_bytes")
        memoryAnonymous = gauge(
            "memory_anonymous_bytes", "Memory that no file backs: heaps and stacks.", from: "memory.stat anon; total_rss")
        memoryCache = gauge("memory_cache_bytes", "File cache and shared memory.", from: "memory.stat file; total_cache")
        memorySwap = gauge("memory_swap_bytes", "Memory that was swapped out.", from: "memory.swap.current; memory.stat total_swap")
        oomKills = counter(
            "oom_kills_total", "Processes that the kernel killed for want of memory, in this container and those of its name before.",
            from: "memory.events oom_kill; memory.oom_control; engine: /events oom, State.OOMKilled")
        network = counter(
            "network_bytes_total", "Bytes in and out of the container's own network.", labels: Self.direction,
            from: "/proc/PID/net/dev of its first process")
        inputOutput = counter(
            "io_bytes_total", "Bytes read from and written to disks.", labels: Self.direction,
            from: "io.stat; blkio.throttle.io_service_bytes_recursive")
        processes = gauge("processes", "Processes in the container.", from: "cgroup.procs")
        threads = gauge("threads", "Threads of all processes in the container.", from: "pids.current")
        threadLimit = gauge("threads_limit", "Threads that the container may have, absent without a limit.", from: "pids.max")
        restarts = counter(
            "restarts_total",
            "Starts after the first of a container of that name, by hand, by policy or as a new container in place of one that was stopped.",
            from: "\(engine) RestartCount, State.StartedAt; /events start")
        startTime = gauge(
            "start_time_seconds", "When the container was started, in unix seconds.", from: "\(engine) State.StartedAt; /proc/PID/stat")
        exitCode = gauge("exit_code", "Exit code of a container that has ended, for ten minutes.", from: "\(engine) State.ExitCode")
        waiting = counter(
            "pressure_waiting_seconds_total", "Time in which some of the container's tasks waited for a resource.", labels: Self.resource,
            from: "cpu.pressure, memory.pressure, io.pressure: some")
        stalled = counter(
            "pressure_stalled_seconds_total", "Time in which all of the container's tasks waited for a resource.", labels: Self.resource,
            from: "memory.pressure, io.pressure: full")
        memoryPeak = gauge(
            "memory_peak_bytes", "Most memory that the container has had.", detail: .all, from: "memory.peak; memory.max_usage_in_bytes")
        pageFaults = counter(
            "memory_page_faults_total", "Page faults, major ones with a read from disk.", labels: Self.kind, detail: .all,
            from: "memory.stat pgfault, pgmajfault")
        operations = counter(
            "io_operations_total", "Reads from and writes to disks.", labels: Self.direction, detail: .all,
            from: "io.stat; blkio.throttle.io_serviced_recursive")
        packets = counter(
            "network_packets_total", "Packets in and out of the container's own network.", labels: Self.direction, detail: .all,
            from: "/proc/PID/net/dev")
        networkErrors = counter(
            "network_errors_total", "Packets that went wrong on the container's own network.", labels: Self.direction, detail: .all,
            from: "/proc/PID/net/dev")
        networkDropped = counter(
            "network_dropped_packets_total", "Packets that were dropped on the container's own network.", labels: Self.direction,
            detail: .all,
            from: "/proc/PID/net/dev")
    }

    func write(_ reading: ContainerReading, into samples: inout FamilySamples) {
        let container = reading.container
        let values = [container.name, container.image, reading.hasGPU.map { $0 ? "true" : "false" } ?? "unknown"]
        let labels = samples.buffer.labels(Self.labels, values)
        let more = [container.id, container.runtime, container.engine?.imageID ?? "", reading.gpus.joined(separator: ",")]
        let own = shownLabels.map { container.engine?.labels[$0] ?? "" }
        samples.add(info, samples.buffer.labels(infoLabels, values + more + own), 1)
        if let state = reading.state { samples.add(stateMetric, extending: labels, Self.state, Self.states, state) }
        if let health = reading.health { samples.add(self.health, extending: labels, Self.state, Self.healthStates, health) }
        for card in reading.gpus { samples.add(gpuAssigned, samples.buffer.labels(Self.device, extending: labels, card), 1) }
        samples.add(restarts, labels, reading.restarts)
        samples.add(oomKills, labels, reading.oomKills)
        samples.add(startTime, labels, reading.startTime)
        samples.add(exitCode, labels, reading.exitCode)
        if let figures = reading.figures { write(figures, reading, labels, &samples) }
        write(reading.network, labels, &samples)
    }

    private func write(_ figures: CgroupFigures, _ reading: ContainerReading, _ labels: LabelSet, _ samples: inout FamilySamples) {
        func add(_ metric: Metric, _ schema: LabelSchema, _ value: String, _ number: Double?) {
            guard let number else { return }
            samples.add(metric, samples.buffer.labels(schema, extending: labels, value), number)
        }
        add(cpu, Self.mode, "user", figures.cpuUser)
        add(cpu, Self.mode, "system", figures.cpuSystem)
        samples.add(throttled, labels, figures.cpuThrottled)
        samples.add(periods, labels, figures.cpuPeriods)
        samples.add(throttledPeriods, labels, figures.cpuThrottledPeriods)
        samples.add(cpuLimit, labels, figures.cpuLimit)
        samples.add(memoryUsage, labels, figures.memoryUsage)
        samples.add(memoryWorkingSet, labels, figures.memoryWorkingSet)
        samples.add(memoryLimit, labels, figures.memoryLimit)
        samples.add(memoryAnonymous, labels, figures.memoryAnonymous)
        samples.add(memoryCache, labels, figures.memoryFile)
        samples.add(memorySwap, labels, figures.memorySwap)
        samples.add(memoryPeak, labels, figures.memoryPeak)
        add(pageFaults, Self.kind, "minor", figures.pageFaults.map { max(0, $0 - (figures.majorPageFaults ?? 0)) })
        add(pageFaults, Self.kind, "major", figures.majorPageFaults)
        samples.add(processes, labels, figures.processes)
        samples.add(threads, labels, figures.threads)
        samples.add(threadLimit, labels, figures.threadLimit)
        for pressure in figures.pressure {
            add(waiting, Self.resource, pressure.resource, pressure.waiting)
            add(stalled, Self.resource, pressure.resource, pressure.stalled)
        }
        guard let devices = reading.devices else { return }
        add(inputOutput, Self.direction, "read", devices.reduce(0) { $0 + $1.readBytes })
        add(inputOutput, Self.direction, "write", devices.reduce(0) { $0 + $1.writtenBytes })
        add(operations, Self.direction, "read", devices.reduce(0) { $0 + $1.reads })
        add(operations, Self.direction, "write", devices.reduce(0) { $0 + $1.writes })
    }

    private func write(_ network: [NetworkReader.Interface]?, _ labels: LabelSet, _ samples: inout FamilySamples) {
        guard let network else { return }
        for (direction, path) in [("receive", \NetworkReader.Interface.received), ("transmit", \.transmitted)] {
            let sum = network.reduce(NetworkReader.Counts()) { $0 + $1[keyPath: path] }
            let labels = samples.buffer.labels(Self.direction, extending: labels, direction)
            samples.add(self.network, labels, sum.bytes)
            samples.add(packets, labels, sum.packets)
            samples.add(networkErrors, labels, sum.errors)
            samples.add(networkDropped, labels, sum.dropped)
        }
    }
}
