/// Deals out the cards of a machine and who works on them; fixed by seed, profile and count.
struct GPUPlan: Sendable {
    let seed: UInt64
    let profile: GPUProfile
    let cards: [CardPlan]
    let tenants: [Tenant]

    /// A server of a model in a container.
    private struct Server {
        let name: String
        let model: String
        let image: String
        var arguments: [String] = []
        /// Of the memory of each card that it has.
        let memory: Double
        let work: Double
    }

    private static let vllm = "vllm/vllm-openai:v0.33.0"
    /// On cards in turn; two at a time for those that are split over two cards.
    private static let pairs: [Server] = [
        Server(name: "vllm-llama-70b", model: "meta-llama/Llama-3.3-70B-Instruct", image: vllm, memory: 0.9, work: 1),
        Server(name: "vllm-qwen-72b", model: "Qwen/Qwen2.5-72B-Instruct", image: vllm, memory: 0.9, work: 1),
    ]
    private static let groups: [[Server]] = [
        [
            Server(name: "vllm-mistral-24b", model: "mistralai/Mistral-Small-24B-Instruct-2501", image: vllm, memory: 0.55, work: 0.7),
            Server(name: "vllm-coder-14b", model: "Qwen/Qwen2.5-Coder-14B-Instruct", image: vllm, memory: 0.35, work: 0.3),
        ],
        [
            Server(name: "vllm-llama-8b", model: "meta-llama/Llama-3.1-8B-Instruct", image: vllm, memory: 0.45, work: 0.6),
            Server(name: "vllm-qwen-7b", model: "Qwen/Qwen2.5-7B-Instruct", image: vllm, memory: 0.45, work: 0.4),
        ],
        [
            Server(name: "vllm-bge-m3", model: "BAAI/bge-m3", image: vllm, memory: 0.1, work: 0.3),
            Server(name: "vllm-bge-reranker", model: "BAAI/bge-reranker-v2-m3", image: vllm, memory: 0.1, work: 0.2),
            Server(name: "vllm-gemma-27b", model: "google/gemma-3-27b-it", image: vllm, memory: 0.6, work: 0.5),
        ],
    ]

    /// Names numbers that are dealt in the order of cards.
    private struct Dealer {
        let seed: UInt64
        var tenants: [Tenant] = []
        var nextPID = 4_212

        mutating func tenant(_ kind: Tenant.Kind, id: String, name: String, image: String = "") -> Int {
            tenants.append(Tenant(kind: kind, id: id, name: name, image: image))
            return tenants.count - 1
        }

        mutating func container(_ name: String, image: String) -> Int {
            var generator = SeededGenerator(seed: seed, "container", tenants.count)
            return tenant(.container, id: generator.hexadecimal(digits: 64), name: name, image: image)
        }

        mutating func pid() -> Int {
            nextPID += 137
            return nextPID
        }
    }

    init(seed: UInt64, profile: GPUProfile, count: Int) {
        var dealer = Dealer(seed: seed)
        let roles = (0..<count).map { profile.role(of: $0, among: count) }
        let serving = roles.indices.filter { roles[$0] == .serving }
        var processes = [[CardProcess]](repeating: [], count: count)
        if profile == .notebooks {
            for card in serving { processes[card] = Self.share(card, &dealer) }
        } else {
            Self.serve(on: serving, &dealer, &processes)
        }
        var instances = [[CardPlan.Instance]](repeating: [], count: count)
        for card in roles.indices {
            switch roles[card] {
            case .instances: instances[card] = Self.instances(seed: seed, card: card, &dealer, &processes[card])
            case .desktop: Self.draw(on: card, &dealer, &processes[card])
            case .serving, .shared: break
            }
        }
        cards = roles.indices.map { card in
            Self.card(
                card, seed: seed, role: roles[card], processes: processes[card], instances: instances[card],
                isPaired: processes[card].contains { $0.arguments.contains("--tensor-parallel-size") },
                sharedBefore: roles[..<card].count { $0 == .shared })
        }
        tenants = dealer.tenants
        self.seed = seed
        self.profile = profile
    }

    /// Pairs of cards get the large models, single ones the small; the last of several is left to people.
    private static func serve(on cards: [Int], _ dealer: inout Dealer, _ processes: inout [[CardProcess]]) {
        let forServers = cards.count > 1 ? cards.dropLast() : cards[...]
        var free = forServers[...]
        var pairs = Self.pairs[...]
        var groups = Self.groups.makeIterator()
        // As many single cards as there are groups for, the rest in pairs.
        while free.count >= 5 || (free.count >= 2 && pairs.count == Self.pairs.count), let server = pairs.popFirst() {
            let tenant = dealer.container(server.name, image: server.image)
            for rank in 0..<2 {
                guard let card = free.popFirst() else { break }
                processes[card].append(
                    CardProcess(
                        tenant: tenant, pid: dealer.pid(), memoryShare: server.memory, workShare: server.work,
                        arguments: ["VLLM::Worker_TP\(rank)", "--model", server.model, "--tensor-parallel-size", "2"]))
            }
        }
        while let card = free.popFirst() {
            guard let group = groups.next() else { break }
            for server in group {
                let tenant = dealer.container(server.name, image: server.image)
                processes[card].append(
                    CardProcess(
                        tenant: tenant, pid: dealer.pid(), memoryShare: server.memory, workShare: server.work,
                        arguments: ["VLLM::EngineCore", "--model", server.model]))
            }
        }
        if cards.count > 1, let last = cards.last { processes[last] = people(&dealer) }
    }

    /// A card with five owners.
    private static func share(_ card: Int, _ dealer: inout Dealer) -> [CardProcess] {
        let model = dealer.container("vllm-smollm-\(card)", image: vllm)
        var processes = [
            CardProcess(
                tenant: model, pid: dealer.pid(), memoryShare: 0.3, workShare: 0.4,
                arguments: ["VLLM::EngineCore", "--model", "HuggingFaceTB/SmolLM3-3B"])
        ]
        for seat in 0..<3 {
            let notebook = dealer.container("notebook-\(card * 3 + seat)", image: "quay.io/jupyter/pytorch-notebook:cuda12-2026-10-05")
            processes.append(
                CardProcess(
                    tenant: notebook, pid: dealer.pid(), memoryShare: 0.08, workShare: 0.1,
                    arguments: ["/opt/conda/bin/python", "-m", "ipykernel_launcher"]))
        }
        let training = dealer.tenant(.unit, id: "train@\(card).service", name: "train@\(card).service")
        processes.append(
            CardProcess(
                tenant: training, pid: dealer.pid(), memoryShare: 0.25, workShare: 0.3, arguments: ["python3", "finetune.py", "--lora"]))
        return processes
    }

    private static func people(_ dealer: inout Dealer) -> [CardProcess] {
        let service = dealer.tenant(.unit, id: "ollama.service", name: "ollama.service")
        let guest = dealer.tenant(.lxc, id: "9001", name: "jupyter")
        let host = dealer.tenant(.host, id: "", name: "host")
        return [
            CardProcess(
                tenant: service, pid: dealer.pid(), memoryShare: 0.16, workShare: 0.5,
                arguments: ["/usr/local/bin/ollama", "runner", "--port", "41213"]),
            CardProcess(
                tenant: guest, pid: dealer.pid(), memoryShare: 0.05, workShare: 0.3,
                arguments: ["/opt/venv/bin/python", "-m", "ipykernel_launcher"]),
            CardProcess(
                tenant: host, pid: dealer.pid(), memoryShare: 0.02, workShare: 0.2, arguments: ["python3", "train.py", "--epochs", "3"]),
        ]
    }

    private static func draw(on card: Int, _ dealer: inout Dealer, _ processes: inout [CardProcess]) {
        // One screen server draws on all of them.
        let known = dealer.tenants.firstIndex { $0.name == "gdm.service" }
        let screen = known ?? dealer.tenant(.unit, id: "gdm.service", name: "gdm.service")
        let video = dealer.container(card == 0 ? "transcoder" : "transcoder-\(card)", image: "jellyfin/jellyfin:10.10.7")
        processes = [
            CardProcess(
                tenant: screen, pid: dealer.pid(), memoryShare: 0.01, workShare: 0.2, draws: true, arguments: ["/usr/lib/xorg/Xorg", "vt1"]),
            CardProcess(
                tenant: video, pid: dealer.pid(), memoryShare: 0.015, workShare: 0.5, encodes: true,
                arguments: ["/usr/lib/jellyfin-ffmpeg/ffmpeg", "-hwaccel", "cuda"]),
        ]
    }

    private static func instances(
        seed: UInt64, card: Int, _ dealer: inout Dealer, _ processes: inout [CardProcess]
    ) -> [CardPlan.Instance] {
        let layout: [(profile: String, gpuInstance: Int, slices: Int, memorySlices: Int, processors: Int, tenant: String)] = [
            ("3g.71gb", 2, 3, 4, 60, "vllm-phi-4"), ("2g.35gb", 3, 2, 2, 32, "triton-vision"), ("1g.18gb", 9, 1, 1, 16, "vllm-smollm"),
            ("1g.18gb", 10, 1, 1, 16, ""),
        ]
        return layout.enumerated().map { position, part in
            var generator = SeededGenerator(seed: seed, "instance", card * 16 + position)
            if !part.tenant.isEmpty {
                let isFirst = !dealer.tenants.contains { $0.name == part.tenant }
                let tenant = dealer.container(
                    isFirst ? part.tenant : "\(part.tenant)-\(card)",
                    image: part.tenant.hasPrefix("vllm") ? vllm : "nvcr.io/nvidia/tritonserver:25.06-py3")
                processes.append(
                    CardProcess(
                        tenant: tenant, pid: dealer.pid(), memoryShare: 0.85, workShare: 1, instance: position,
                        arguments: [part.tenant.hasPrefix("vllm") ? "VLLM::EngineCore" : "tritonserver"]))
            }
            return CardPlan.Instance(
                profile: part.profile, gpuInstance: part.gpuInstance, slices: part.slices, memorySlices: part.memorySlices,
                processors: part.processors, uuid: "MIG-" + generator.uuid(),
                load: Wave(base: part.tenant.isEmpty ? 0 : generator.uniform(0.3, 0.55), depth: 0.6, &generator), memoryShare: 0.85)
        }
    }

    private static func card(
        _ index: Int, seed: UInt64, role: GPUProfile.Role, processes: [CardProcess], instances: [CardPlan.Instance], isPaired: Bool,
        sharedBefore: Int
    ) -> CardPlan {
        var generator = SeededGenerator(seed: seed, "card", index)
        let uuid = "GPU-" + generator.uuid()
        let serial = "165" + (0..<10).map { _ in String(generator.below(10)) }.joined()
        let isShared = role == .shared
        // The first shared one is where the Proxmox simulator has the card of that name.
        let bus = isShared ? 0x41 + sharedBefore : [0x1B, 0x2F, 0x3D, 0x52, 0x9B, 0xAD, 0xBB, 0xDD][index % 8] + index / 8
        let base = isPaired ? generator.uniform(0.6, 0.7) : processes.isEmpty ? 0 : generator.uniform(0.25, 0.45)
        let wave = Wave(base: base, depth: isPaired ? 0.35 : 0.6, &generator)
        return CardPlan(
            index: index, make: isShared ? .l40s : role == .desktop ? .workstation : .h200, role: role, uuid: uuid, serial: serial,
            bus: bus, loadedAt: -86_400 * generator.uniform(2, 20),
            load: role == .serving || role == .desktop ? wave : nil,
            traffic: Wave(base: processes.isEmpty && !isShared ? 2e5 : generator.logUniform(2e8, 2e9), depth: 0.7, &generator),
            processes: processes, instances: instances, correctedErrors: generator.below(4), remappedRows: index == 3 ? 1 : 0,
            linkBytesPerSecond: isPaired ? 9e10 : 0)
    }
}
