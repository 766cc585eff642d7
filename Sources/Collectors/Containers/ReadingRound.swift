import Exporting
import Glibc
import Ownership
import Primitives

/// One look at all containers of the machine. Blocks.
struct ReadingRound {
    let settings: ContainerSettings
    let view: ContainerEngine.View
    let memory: ContainerMemory
    let cardUsers: CardUsers
    let fileSystemRoot: String
    /// Who is not read by then is left out, and that is said.
    let deadline: Deadline
    let wantsFine: Bool

    struct Result {
        var readings: [ContainerReading] = []
        var problem: PartProblem?
        /// Containers and groups that were left out of branches of the tree, at least.
        var dropped: [String: Int] = [:]
    }

    func run() -> Result {
        var result = Result()
        let tree = CgroupTree(fileSystemRoot: fileSystemRoot)
        let found = tree?.groups(settings.cgroups)
        if tree == nil {
            result.problem = problem(.unreachable, "no control groups are mounted at \(fileSystemRoot)\(CgroupTree.place)")
        } else if found?.isCut == true {
            result.problem = problem(.tooLarge, "more control groups than anybody has; containers among the rest are left out")
        }
        result.dropped = found?.dropped ?? [:]
        let isAnswering = view.state == .answering
        let census = Census(
            groups: found?.groups ?? [], engine: view.containers, product: view.product, user: view.user, isAnswering: isAnswering,
            machines: memory.machines(fileSystemRoot))
        let files = KernelFileReader()
        let reader = tree.map { CgroupReader(tree: $0, files: files) }
        var rest = Surroundings(fileSystemRoot: fileSystemRoot, tree: tree, files: files)
        for (index, container) in census.containers.enumerated() {
            if deadline.hasPassed {
                result.problem = problem(
                    .deadline, "\(census.containers.count - index) of \(census.containers.count) containers were not read in time")
                break
            }
            result.readings.append(read(container, reader, isAnswering, &rest))
        }
        return result
    }

    private func problem(_ reason: PartProblem.Reason, _ message: String) -> PartProblem {
        PartProblem(part: ContainerCollector.part, reason, message)
    }

    private func read(
        _ container: Census.Container, _ reader: CgroupReader?, _ isAnswering: Bool, _ rest: inout Surroundings
    ) -> ContainerReading {
        var reading = ContainerReading(container)
        reading.isAnswering = isAnswering
        if let group = container.group, let reader {
            let figures = reader.figures(group.path, wantsFine: wantsFine)
            reading.figures = figures
            reading.devices = figures.devices.map { rest.devices.addable($0) }
            // The engine's process is the first of all as long as the engine's word is of this run.
            if let pid = figures.firstProcess {
                let isOwn = container.engine.map { $0.networkMode != "host" && !$0.networkMode.hasPrefix("container:") }
                reading.network = rest.network(ofProcess: pid, isOwn: isOwn)
                reading.startTime = rest.startTime(ofProcess: pid)
            }
        }
        if let startedAt = container.engine?.startedAt, isAnswering || reading.startTime == nil { reading.startTime = startedAt }
        readCards(container, &reading, rest.cards)
        reading.oomKills = memory.oomKills(container, counted: reading.figures?.oomKills)
        return reading
    }

    /// Who gave the cards says which; where nobody does the kernel may. What was seen at work on a card has one, whoever knows which.
    private func readCards(_ container: Census.Container, _ reading: inout ContainerReading, _ cards: GivenCards) {
        let isSeen = container.group.map { cardUsers.contains($0.place) } ?? false
        var given = container.gpus
        if given == nil, let group = container.group { given = cards.cards(group.path, firstProcess: reading.figures?.firstProcess) }
        reading.gpus = given ?? []
        if isSeen || !reading.gpus.isEmpty {
            reading.hasGPU = true
        } else if given != nil || !cards.hasDriver && cardUsers.isEmpty {
            reading.hasGPU = false
        }
    }

    /// What is read once for all containers.
    private struct Surroundings {
        let root: String
        let files: KernelFileReader
        var devices: BlockDevices
        private let networks: NetworkReader
        /// Namespaces that are shown already: containers of one pod have one.
        private var seen: Set<String> = []
        private let bootTime: UInt64?
        let cards: GivenCards

        init(fileSystemRoot: String, tree: CgroupTree?, files: KernelFileReader) {
            cards = GivenCards(fileSystemRoot: fileSystemRoot, tree: tree, files: files)
            root = fileSystemRoot
            self.files = files
            devices = BlockDevices(fileSystemRoot: fileSystemRoot)
            networks = NetworkReader(fileSystemRoot: fileSystemRoot, files: files)
            bootTime = files.read("\(fileSystemRoot)/proc/stat") { text in
                var time: UInt64?
                text.forEachEntry { name, value in if name == "btime" { time = value } }
                return time
            }
        }

        mutating func network(ofProcess pid: Int, isOwn: Bool?) -> [NetworkReader.Interface]? {
            guard let reading = networks.read(ofProcess: pid, isOwn: isOwn) else { return nil }
            if let namespace = reading.namespace, !seen.insert(namespace).inserted { return nil }
            return reading.outward
        }

        /// Unix seconds.
        func startTime(ofProcess pid: Int) -> Double? {
            guard let bootTime, let bytes = try? Files.read("\(root)/proc/\(pid)/stat", limitBytes: 64 << 10, regularOnly: true),
                let status = ProcessStatus(parsing: bytes)
            else { return nil }
            return Double(bootTime) + Double(status.startTicks) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        }
    }
}
