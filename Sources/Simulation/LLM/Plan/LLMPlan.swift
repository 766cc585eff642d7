import Primitives

/// Deals out servers of models: fixed by seed and by which kinds are wanted. Those that run on the simulated cards are the ones that the cards know.
struct LLMPlan: Sendable {
    /// One server.
    struct Server: Sendable {
        /// Of its container where it is on a card; no other has it.
        let name: String
        let kind: LLMKind
        let age: LLMVersion
        let models: [ServedModel]
        let shape: EngineShape
        /// How its load goes through the day: as its card's.
        let wave: Wave
        /// Separates its engines from those of others.
        let index: Int
        /// Of the card that it works on, or of one that nobody else knows.
        let cardUUID: String
        /// Whether the machine with the cards has a container of its name.
        let isInContainer: Bool
        /// Seconds after midnight at which it is started anew, each night.
        let restartSecond: Double

        var version: String { kind.version(age) }
    }

    let seed: UInt64
    let servers: [Server]

    /// Each night servers start anew, so that what is counted is of a day at most, and is soon counted by whoever begins later.
    static let daySeconds = 86_400.0
    /// Before the world began, if that is later.
    static let headStartSeconds = 1_800.0

    /// - Parameter wanted: kinds, in the order of ports.
    /// - Parameter model: of all servers, in place of their own.
    init(seed: UInt64, wanted: [LLMKind], age: LLMVersion, models: [String], cards: GPUPlan) {
        self.seed = seed
        var tenants = Self.tenants(of: cards)
        var servers: [Server] = []
        var names: [String: Int] = [:]
        for (index, kind) in wanted.enumerated() {
            var generator = SeededGenerator(seed: seed, "llm server", index)
            let place = tenants.firstIndex { $0.kind == kind }
            let tenant = place.map { tenants.remove(at: $0) }
            let own = models.isEmpty ? Self.models(kind, tenant?.model, isAlone: Set(wanted) == [.litellm]) : models
            let name = tenant?.name ?? kind.rawValue
            names[name, default: 0] += 1
            let count = names[name] ?? 1
            let served = own.map { ServedModel($0, isQuantized: kind == .llamacpp || kind == .ollama) }
            let wave = tenant?.wave ?? Wave(base: 0.4, depth: 0.5, &generator)
            servers.append(
                Server(
                    name: count > 1 ? "\(name)-\(count)" : name, kind: kind, age: age, models: served,
                    shape: Self.shape(kind, served.first ?? ServedModel("8b")),
                    wave: wave.base > 0 ? wave : Wave(base: 0.4, depth: 0.5, &generator),
                    index: index, cardUUID: tenant?.cardUUID ?? "GPU-" + generator.uuid(), isInContainer: tenant != nil && kind != .ollama,
                    restartSecond: generator.uniform(3_600, 14_400)))
        }
        self.servers = servers
    }

    private struct CardTenant {
        let kind: LLMKind
        let name: String
        let model: String
        let wave: Wave?
        let cardUUID: String
    }

    /// Servers that work on the simulated cards, by the order of cards.
    private static func tenants(of cards: GPUPlan) -> [CardTenant] {
        var found: [CardTenant] = []
        for card in cards.cards {
            for process in card.processes {
                let tenant = cards.tenants[process.tenant]
                guard !found.contains(where: { $0.name == tenant.name }) else { continue }
                let wave = process.instance.map { card.instances[$0].load } ?? card.load
                guard isServer(tenant), let model = model(of: process, tenant) else { continue }
                let kind: LLMKind = tenant.image.isEmpty ? .ollama : tenant.image.contains("tritonserver") ? .triton : .vllm
                found.append(
                    CardTenant(kind: kind, name: kind == .ollama ? "ollama" : tenant.name, model: model, wave: wave, cardUUID: card.uuid))
            }
        }
        return found
    }

    /// Whether a tenant of a card answers chats. Those that rank and embed do not.
    static func isServer(_ tenant: Tenant) -> Bool {
        (tenant.image.hasPrefix("vllm/") && !tenant.name.contains("bge")) || tenant.image.contains("tritonserver")
            || tenant.id == "ollama.service"
    }

    /// What a process on a card serves. Those on parts of a card do not say it.
    static func model(of process: CardProcess, _ tenant: Tenant) -> String? {
        if tenant.image.contains("tritonserver") { return "qwen2_vl_7b" }
        if tenant.id == "ollama.service" { return "llama3.2:3b" }
        let place = process.arguments.firstIndex(of: "--model").map { $0 + 1 }
        if let place, place < process.arguments.count { return process.arguments[place] }
        return tenant.name.contains("phi") ? "microsoft/phi-4-14B" : "HuggingFaceTB/SmolLM3-3B"
    }

    private static func models(_ kind: LLMKind, _ onCard: String?, isAlone: Bool) -> [String] {
        if let onCard { return kind == .ollama ? [onCard, "qwen2.5:7b"] : [onCard] }
        return switch kind {
        case .vllm: ["meta-llama/Llama-3.1-8B-Instruct"]
        case .sglang: ["Qwen/Qwen2.5-32B-Instruct"]
        case .tgi: ["mistralai/Mistral-7B-Instruct-v0.3"]
        case .llamacpp: ["qwen2.5-7b-instruct-q4_k_m"]
        case .ollama: ["llama3.2:3b", "qwen2.5:7b"]
        case .triton: ["llama_3_1_8b"]
        // What is behind it has them.
        case .litellm: isAlone ? ["gpt-oss-20b"] : []
        }
    }

    /// Larger models are slower, and servers for one person have few slots.
    private static func shape(_ kind: LLMKind, _ model: ServedModel) -> EngineShape {
        let size = max(0.5, model.billions)
        let isSmall = kind == .llamacpp || kind == .ollama
        let slots = kind == .ollama ? 2 : isSmall ? 4 : size > 40 ? 64 : 96
        let pace = isSmall ? 1.8e-3 : 0.22e-3
        return EngineShape(
            slots: slots, cacheTokens: isSmall ? slots * model.contextTokens : size > 40 ? 192_000 : 256_000,
            contextTokens: model.contextTokens,
            prefillRate: (isSmall ? 8_000 : 400_000) / size + 500, tokenSeconds: 0.004 + pace * size,
            tokenSecondsPerRequest: isSmall ? 0.004 : 0.00012 + 0.2e-5 * size, meanPrompt: isSmall ? 400 : 1_100,
            meanAnswer: isSmall ? 180 : 420,
            cachedPart: kind == .tgi || kind == .triton ? 0 : 0.35)
    }

    /// When a server has started last, as the world's moments go.
    static func start(of server: Server, at moment: Double, epoch: Double) -> Double {
        let now = epoch + moment
        let tonight = (now / daySeconds).rounded(.down) * daySeconds + server.restartSecond
        let last = tonight <= now ? tonight : tonight - daySeconds
        return max(last - epoch, min(-headStartSeconds, moment))
    }
}

extension LLMPlan {
    /// What befalls a server: the scenarios that name it or one of its models, or nobody.
    static func troubles(of names: [String], in timeline: Timeline) -> [EngineLoad.Trouble] {
        timeline.changes.enumerated().compactMap { index, change in
            guard change.scenario.isAboutServer else { return nil }
            if let server = change.server, !names.contains(server) { return nil }
            let next = index + 1 < timeline.changes.count ? timeline.changes[index + 1].at : .infinity
            return EngineLoad.Trouble(scenario: change.scenario, span: Span(start: change.at - timeline.epoch, end: next - timeline.epoch))
        }
    }
}
