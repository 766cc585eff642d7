import Testing

@testable import Simulation

struct LLMPlanTests {
    private let cards = GPUPlan(seed: 1, profile: .mixed, count: 8)

    private func plan(_ wanted: [LLMKind], models: [String] = []) -> LLMPlan {
        LLMPlan(seed: 1, wanted: wanted, age: .new, models: models, cards: cards)
    }

    @Test func `Servers are those that work on the cards`() {
        let servers = plan([.vllm, .vllm, .ollama, .triton]).servers
        for server in servers {
            let tenant = cards.tenants.first { $0.name == server.name || $0.name == "\(server.name).service" }
            #expect(tenant != nil, "\(server.name)")
        }
        #expect(servers.map(\.name).first == "vllm-llama-70b")
        #expect(servers.first?.models.map(\.name) == ["meta-llama/Llama-3.3-70B-Instruct"])
        #expect(cards.cards.map(\.uuid).contains(servers[0].cardUUID))
        #expect(!servers.contains { $0.name.contains("bge") })
    }

    @Test func `Each has a name of its own`() {
        let servers = plan([LLMKind](repeating: .vllm, count: 12) + [.sglang, .sglang]).servers
        #expect(Set(servers.map(\.name)).count == servers.count)
    }

    @Test func `A name tells how large a model is`() {
        #expect(ServedModel("meta-llama/Llama-3.3-70B-Instruct").billions == 70)
        #expect(ServedModel("qwen2.5:0.5b").billions == 0.5)
        #expect(ServedModel("gpt").billions == 8)
        #expect(ServedModel("x-9999999999999999999999b").billions == 8)
    }

    @Test func `A scenario is about the server or the model that it names`() throws {
        var timeline = Timeline(epoch: epoch)
        try timeline.add(.stalled, node: nil, server: "vllm-llama-70b", at: epoch + 10)
        try timeline.add(.errors, node: nil, server: "Test-8B", at: epoch + 20)
        try timeline.add(.nodeDown, node: "pve2", at: epoch + 30)
        try timeline.add(.queueBacklog, node: nil, at: epoch + 40)
        #expect(LLMPlan.troubles(of: ["vllm-llama-70b", "x"], in: timeline).map(\.scenario) == [.stalled, .queueBacklog])
        let others = LLMPlan.troubles(of: ["b", "Test-8B"], in: timeline)
        #expect(others.map(\.scenario) == [.errors, .queueBacklog])
        #expect(others.map(\.span) == [Span(start: 20, end: 30), Span(start: 40, end: .infinity)])
        let again = try Timeline(parsing: timeline.json(), path: "x")
        #expect(again == timeline)
    }

    @Test func `A server has started last night, or half an hour before the world began`() {
        let server = plan([.vllm]).servers[0]
        let first = LLMPlan.start(of: server, at: 100, epoch: epoch)
        #expect(first >= -1_800 && first <= 100)
        for days in 1...3 {
            let moment = Double(days) * 86_400
            let start = LLMPlan.start(of: server, at: moment, epoch: epoch)
            #expect(start <= moment && moment - start <= 86_400)
            #expect(abs((epoch + start).truncatingRemainder(dividingBy: 86_400) - server.restartSecond) < 0.001)
        }
    }

    @Test func `A card feels what befalls its servers`() throws {
        func work(_ scenario: Scenario, server: String?) throws -> [Int] {
            var timeline = Timeline(epoch: epoch)
            try timeline.add(scenario, node: nil, server: server, at: epoch + 10)
            let world = GPUWorld(plan: cards, world: World(seed: 1, nodeCount: 4, guestCount: 10, timeline: timeline))
            return world.state(at: 100).cards.map(\.processorsPercent)
        }
        let usual = try work(.normal, server: nil)
        let stalled = try work(.stalled, server: "vllm-llama-70b")
        #expect(stalled[0] == 0 && stalled[1] == 0 && stalled[2] == usual[2])
        let crowded = try work(.queueBacklog, server: "meta-llama/Llama-3.3-70B-Instruct")
        #expect(crowded[0] >= 96 && crowded[2] == usual[2])
    }
}
